/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suite_runner: answers the questions of tests/spf/suite.py.
 *
 * Lines of words with a blank between them on stdin.  Foreign text is a
 * word that begins with "=" and has octets as %XX where it needs to.
 *
 *	zone				an empty zone
 *	record TYPE =NAME PREF =VALUE	A, AAAA, MX, PTR, TXT, CNAME
 *	outcome timeout|CODE =NAME	unanswered questions of NAME
 *	test =HELO =ADDRESS =LOCAL =DOMAIN
 *
 * A test is answered by one line on stdout: result, terms, voids, and the
 * explanation in the same spelling.  Each is run in two ways, all questions
 * of a round answered at once and one at a time, and a difference is
 * answered by the word "unequal".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "resolver/ledger.h"
#include "resolver/zone.h"
#include "spf/spf.h"

#define LINE_MAX_LEN 200000
#define WORDS 6

static void
die(const char *why, const char *line)
{
	fprintf(stderr, "suite_runner: %s: %s\n", why, line);
	exit(EXIT_FAILURE);
}

/* Takes "=" and the escapes off, in place. */
static struct slice
unescape(char *word)
{
	struct slice out = { word, 0 };
	char *to = word, *from = word + 1;

	if (word[0] != '=')
		die("not a text", word);
	while (*from != '\0') {
		if (from[0] == '%' && ascii_hex(from[1]) >= 0 &&
		    ascii_hex(from[2]) >= 0) {
			*to++ = (char)(ascii_hex(from[1]) * 16 +
			    ascii_hex(from[2]));
			from += 3;
		} else {
			*to++ = *from++;
		}
	}
	out.len = (size_t)(to - word);
	return out;
}

static void
print_escaped(const char *s)
{
	putchar('=');
	for (; *s != '\0'; s++) {
		if (ascii_is_alnum(*s))
			putchar(*s);
		else
			printf("%%%02X", (unsigned char)*s);
	}
}

static enum dns_type
type_of(const char *word)
{
	static const enum dns_type all[] = { DNS_TYPE_A, DNS_TYPE_AAAA,
		DNS_TYPE_MX, DNS_TYPE_PTR, DNS_TYPE_TXT };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(word, dns_type_name(all[i])) == 0)
			return all[i];
	}
	die("unknown type", word);
	return DNS_TYPE_A;
}

static void
add_record(struct dns_zone *z, char **word)
{
	struct slice name = unescape(word[2]), value = unescape(word[4]);
	bool good;

	if (strcmp(word[1], "CNAME") == 0)
		good = dns_zone_add_cname(z, name, value);
	else
		good = dns_zone_add(z, name, type_of(word[1]),
		    (uint16_t)atoi(word[3]), value);
	if (!good)
		die("record refused", word[1]);
}

static void
add_outcome(struct dns_zone *z, char **word)
{
	bool timeout = strcmp(word[1], "timeout") == 0;

	if (!dns_zone_add_outcome(z, unescape(word[2]),
	    timeout ? DNS_TIMEOUT : DNS_SERVER_FAILURE,
	    timeout ? 0 : (unsigned int)atoi(word[1])))
		die("outcome refused", word[1]);
}

static void
check(const struct spf_request *request, const struct dns_zone *z,
    bool one_at_a_time, struct spf_verdict *out)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct arena *scratch = arena_new(LIMIT_MESSAGE_MEMORY);
	struct dns_entry *entry;

	if (l == NULL || scratch == NULL)
		die("no memory", "");
	while (spf_check(request, l, scratch, NULL, NULL, out) ==
	    CHECK_PENDING) {
		entry = dns_ledger_take_new(l);
		if (entry == NULL)
			die("pending without a question", "");
		do
			dns_ledger_answer(entry, dns_zone_answer(z,
			    entry->name, entry->type));
		while (!one_at_a_time &&
		    (entry = dns_ledger_take_new(l)) != NULL);
	}
	arena_free(scratch);
	dns_ledger_free(l);
}

static void
run_test(const struct dns_zone *z, char **word)
{
	struct spf_request request = {
		.identity = SPF_MAILFROM,
		.receiver = SLICE("receiver.example"),
		.now = 1416614400,
		.max_void = LIMIT_SPF_VOID,
	};
	struct spf_verdict together, singly;

	request.helo = unescape(word[1]);
	if (!ipaddr_parse(unescape(word[2]), &request.ip))
		die("bad address", word[2]);
	request.local = unescape(word[3]);
	request.domain = unescape(word[4]);
	check(&request, z, false, &together);
	check(&request, z, true, &singly);
	if (memcmp(&together, &singly, sizeof(together)) != 0)
		printf("unequal ");
	printf("%s %u %u ", auth_result_name(together.result),
	    together.terms, together.voids);
	print_escaped(together.explanation);
	putchar('\n');
	fflush(stdout);
}

static void
run_line(struct dns_zone **z, char *line)
{
	char *word[WORDS] = { NULL }, *rest = line;
	size_t n = 0;

	while (n < WORDS && (word[n] = strsep(&rest, " \n")) != NULL &&
	    word[n][0] != '\0')
		n++;
	if (n == 1 && strcmp(word[0], "zone") == 0) {
		dns_zone_free(*z);
		*z = dns_zone_new();
	} else if (n == 5 && strcmp(word[0], "record") == 0) {
		add_record(*z, word);
	} else if (n == 3 && strcmp(word[0], "outcome") == 0) {
		add_outcome(*z, word);
	} else if (n == 5 && strcmp(word[0], "test") == 0) {
		run_test(*z, word);
	} else {
		die("bad line", line);
	}
}

int
main(void)
{
	struct dns_zone *z = dns_zone_new();
	char *line = malloc(LINE_MAX_LEN);

	if (z == NULL || line == NULL)
		die("no memory", "");
	while (fgets(line, LINE_MAX_LEN, stdin) != NULL)
		run_line(&z, line);
	dns_zone_free(z);
	free(line);
	return EXIT_SUCCESS;
}
