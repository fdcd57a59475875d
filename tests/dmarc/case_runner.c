/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_runner: answers the questions of tests/dmarc/test_cases.py.
 *
 * Lines on stdin; what is after the first blank is an argument.
 *
 *	zone			an empty zone
 *	NAME TXT VALUE ...	a line of tests/dmarc/world.h, after "+"
 *	from TEXT		the From field; "none" alone: there is none
 *	identifiers WORDS	as in tests/dmarc/world.h
 *	check
 *
 * A check is answered by one line on stdout: result, Organizational Domain,
 * domain of the policy, policy applied, index of the aligned identifier of
 * SPF and of DKIM, "-" for what there is not, and the names that were asked.
 * It is run with all questions of a call answered at once, and one at a
 * time; a difference is answered by the word "unequal".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dmarc/world.h"

#define LINE_ROOM 65536
#define ZONE_ROOM (1u << 20)

struct scene {
	char	lines[ZONE_ROOM];
	size_t	len;
	char	from[LINE_ROOM];
	bool	has_from;
	char	identifiers[LINE_ROOM];
};

static void
copy(char *to, const char *from)
{
	size_t len = strlen(from);

	if (len >= LINE_ROOM)
		exit(EXIT_FAILURE);
	memcpy(to, from, len + 1);
}

static void
add_line(struct scene *s, const char *line)
{
	size_t len = strlen(line);

	if (len + 2 > sizeof(s->lines) - s->len)
		exit(EXIT_FAILURE);
	memcpy(s->lines + s->len, line, len);
	s->len += len;
	s->lines[s->len++] = '\n';
	s->lines[s->len] = '\0';
}

static const char *
or_dash(const struct domain *d)
{
	return d->len > 0 ? d->text : "-";
}

static void
check(const struct scene *s)
{
	static struct world_run run, again;
	struct dns_zone *z = world_zone(s->lines);
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct world_request r;
	char text[4096];

	if (l == NULL)
		exit(EXIT_FAILURE);
	world_request(s->has_from ? s->from : NULL, s->identifiers, &r);
	world_check(&r, z, WORLD_SINGLY, NULL, &again);
	copy(text, world_text(&again.verdict));
	world_go_on(&r, z, l, WORLD_TOGETHER, NULL, &run);
	if (strcmp(text, world_text(&run.verdict)) != 0 ||
	    strcmp(run.trace, again.trace) != 0)
		printf("unequal\n");
	else
		printf("%s %s %s %s %d %d %s\n",
		    auth_result_name(run.verdict.result),
		    or_dash(&run.verdict.organizational_domain),
		    or_dash(&run.verdict.policy_domain),
		    dmarc_policy_name(run.verdict.applied),
		    run.verdict.aligned_spf, run.verdict.aligned_dkim,
		    world_asked(l));
	fflush(stdout);
	dns_ledger_free(l);
	dns_zone_free(z);
}

static void
obey(struct scene *s, const char *line)
{
	if (strcmp(line, "zone") == 0)
		memset(s, 0, sizeof(*s));
	else if (line[0] == '+')
		add_line(s, line + 1);
	else if (strncmp(line, "from ", 5) == 0) {
		s->has_from = strcmp(line + 5, "none") != 0;
		copy(s->from, line + 5);
	} else if (strncmp(line, "identifiers ", 12) == 0)
		copy(s->identifiers, line + 12);
	else if (strcmp(line, "check") == 0)
		check(s);
	else
		exit(EXIT_FAILURE);
}

int
main(void)
{
	static struct scene scene;
	static char line[LINE_ROOM];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		obey(&scene, line);
	}
	return EXIT_SUCCESS;
}
