/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes on SPF records: "E[part] " for an error, "W" and "H" likewise for
 * warning and hint, in the record of a.example or of what it leads to.
 */
#include "spf/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tests/spf/world.h"
#include "tests/tap.h"

#define HOST "h.example A 192.0.2.1\n"

static const struct {
	const char	*name;
	const char	*zone;
	const char	*want;
	unsigned int	 terms, voids;
} rows[] = {
	{ .name = "all is well", .zone = HOST "m.example MX 10 h.example\n"
	    "a.example TXT v=spf1 a:h.example mx:m.example ip4:192.0.2.0/24 "
	    "exists:%{i}.x.example -all", .want = "", .terms = 3 },
	{ .name = "no record", .zone = "a.example TXT something", .want =
	    "H[] " },
	{ .name = "two records", .zone = "a.example TXT v=spf1 -all\n"
	    "a.example TXT v=spf1 +all", .want = "E[] " },
	{ .name = "quotation marks", .zone = "a.example TXT \"v=spf1 -all\"",
	    .want = "E[\"v=spf1 -all\"] " },
	{ .name = "no version", .zone = "a.example TXT spf1 -all",
	    .want = "E[spf1 -all] " },
	{ .name = "a comma after the version", .zone =
	    "a.example TXT v=spf1,-all", .want = "E[v=spf1,-all] " },
	{ .name = "a syntax error at its place", .zone =
	    "a.example TXT v=spf1 mx ipv4:192.0.2.1 -all",
	    .want = "E[ipv4:192.0.2.1] " },
	{ .name = "+all", .zone = "a.example TXT v=spf1 all",
	    .want = "E[all] " },
	{ .name = "?all", .zone = "a.example TXT v=spf1 ?all",
	    .want = "W[?all] " },
	{ .name = "no all", .zone = "a.example TXT v=spf1 ip4:192.0.2.1",
	    .want = "W[] " },
	{ .name = "an include needs none", .zone =
	    "a.example TXT v=spf1 include:b.example -all\n"
	    "b.example TXT v=spf1 ip4:192.0.2.1", .want = "", .terms = 1 },
	{ .name = "terms after all", .zone =
	    "a.example TXT v=spf1 -all ip4:192.0.2.1",
	    .want = "W[ip4:192.0.2.1] " },
	{ .name = "redirect beside all", .zone =
	    "a.example TXT v=spf1 redirect=b.example -all",
	    .want = "W[redirect=b.example] " },
	{ .name = "redirect", .zone =
	    "a.example TXT v=spf1 redirect=b.example\n"
	    "b.example TXT v=spf1 +all", .want = "E[+all] ", .terms = 1 },
	{ .name = "ptr", .zone = "a.example TXT v=spf1 ptr -all",
	    .want = "W[ptr] ", .terms = 1 },
	{ .name = "a wide network", .zone =
	    "a.example TXT v=spf1 ip4:10.0.0.0/8 -ip4:0.0.0.0/0 ip6::/16 "
	    "-all", .want = "E[ip6::/16] " },
	{ .name = "wide networks", .zone =
	    "a.example TXT v=spf1 ip4:10.0.0.0/8 -ip4:0.0.0.0/0 ip6:::/16 "
	    "ip4:10.0.0.0/9 -all",
	    .want = "W[ip4:10.0.0.0/8] W[ip6:::/16] " },
	{ .name = "a mechanism with =", .zone =
	    "a.example TXT v=spf1 include=b.example x=y -all",
	    .want = "E[include=b.example] " },
	{ .name = "an include of nothing", .zone =
	    "a.example TXT v=spf1 include:b.example -all", .want = "E[] ",
	    .terms = 1 },
	{ .name = "DNS fails", .zone =
	    "a.example TXT v=spf1 include:b.example -all\n"
	    "b.example TIMEOUT", .want = "E[] ", .terms = 1 },
	{ .name = "names without an address", .zone =
	    "a.example TXT v=spf1 a:n1.example mx:n2.example -all",
	    .want = "W[a:n1.example] W[mx:n2.example] ", .terms = 2,
	    .voids = 2 },
	{ .name = "three of them", .zone =
	    "a.example TXT v=spf1 a:n1.example mx:n2.example a:n3.example "
	    "-all", .want = "W[a:n1.example] W[mx:n2.example] "
	    "W[a:n3.example] E[] ", .terms = 3, .voids = 3 },
	{ .name = "ten terms", .zone = HOST "a.example TXT v=spf1 "
	    "a:h.example a:h.example a:h.example a:h.example a:h.example "
	    "include:b.example -all\nb.example TXT v=spf1 a:h.example "
	    "a:h.example a:h.example a:h.example -all", .want = "",
	    .terms = 10 },
	{ .name = "eleven terms", .zone = HOST "a.example TXT v=spf1 "
	    "a:h.example a:h.example a:h.example a:h.example a:h.example "
	    "include:b.example -all\nb.example TXT v=spf1 a:h.example "
	    "a:h.example a:h.example a:h.example a:h.example -all",
	    .want = "E[] ", .terms = 11 },
};

struct got {
	char	notes[8192];
	bool	places;
};

static void
collect(void *arg, const struct lint_note *n)
{
	struct got *g = arg;
	size_t len = strlen(g->notes);
	struct slice part = slice_head(slice_from(n->record, n->at), n->len);

	if (n->len == 0)
		part.len = 0;
	g->places &= n->at + n->len <= n->record.len && n->what != NULL &&
	    n->domain.len > 0;
	(void)snprintf(g->notes + len, sizeof(g->notes) - len, "%c[%.*s] ",
	    "EWH"[n->weight], SLICE_ARG(part));
}

static void
lint(const char *lines, struct got *g, struct spf_lint_sum *sum)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct arena *scratch = arena_new(LIMIT_CHECK_MEMORY);
	struct dns_zone *z = world_zone(lines);
	struct domain domain;
	struct dns_entry *e;

	*g = (struct got){ .places = true };
	(void)domain_parse(SLICE("a.example"), &domain);
	while (spf_lint(&domain, l, scratch, collect, g, sum) ==
	    CHECK_PENDING) {
		if (g->notes[0] != '\0')
			abort();
		while ((e = dns_ledger_take_new(l)) != NULL)
			dns_ledger_answer(e, dns_zone_answer(z, e->name,
			    e->type));
	}
	sum->record.len = 0;	/* of the ledger */
	dns_zone_free(z);
	arena_free(scratch);
	dns_ledger_free(l);
}

static void
test_rows(void)
{
	static struct got g;
	struct spf_lint_sum sum;
	unsigned int errors;
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lint(rows[i].zone, &g, &sum);
		is_str(g.notes, rows[i].want, rows[i].name);
		is_num(sum.terms, rows[i].terms, "terms");
		is_num(sum.voids, rows[i].voids, "voids");
		for (errors = 0, p = g.notes; (p = strstr(p, "E[")) != NULL;
		    p++)
			errors++;
		is_num(sum.errors, errors, "errors");
		ok(g.places, "places and words");
	}
}

/* Records that lead to each other end. */
static void
test_bounds(void)
{
	static struct got g;
	struct spf_lint_sum sum;

	lint("a.example TXT v=spf1 include:a.example -all", &g, &sum);
	ok(sum.terms <= SPF_LINT_TERMS + 1 && sum.errors > 0,
	    "one that includes itself: %u terms", sum.terms);
	lint("a.example TXT v=spf1 include:a.example include:a.example "
	    "include:b.example -all\nb.example TXT v=spf1 "
	    "include:a.example redirect=a.example", &g, &sum);
	ok(sum.terms < 3 * SPF_LINT_TERMS && sum.errors > 0,
	    "a knot of them: %u terms", sum.terms);
}

int
main(void)
{
	test_rows();
	test_bounds();
	return tap_done();
}
