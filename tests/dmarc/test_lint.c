/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes on DMARC records, and that what is to be published is right.
 *
 * Want is "E[part] " for an error, "W" and "H" likewise for warning and
 * hint; the record to publish is apart.
 */
#include "dmarc/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dmarc/dmarc.h"
#include "tests/dmarc/world.h"
#include "tests/tap.h"

#define RUA " rua=mailto:a@example.com"

static const struct {
	const char	*name;
	const char	*record;	/* several: with a line end between */
	const char	*want;
	const char	*publish;
} rows[] = {
	{ .name = "all is well", .record = "v=DMARC1; p=reject;" RUA,
	    .want = "", .publish = "" },
	{ .name = "a policy that is none", .record =
	    "v=DMARC1; p=quarentine;" RUA, .want = "E[quarentine] ",
	    .publish = "v=DMARC1; p=quarantine;" RUA },
	{ .name = "one that cannot be guessed", .record =
	    "v=DMARC1; p=monitor;" RUA, .want = "E[monitor] ",
	    .publish = "v=DMARC1; p=none;" RUA },
	{ .name = "an sp that is none", .record =
	    "v=DMARC1; p=reject; sp=rejct;" RUA, .want = "E[rejct] ",
	    .publish = "v=DMARC1; p=reject; sp=reject;" RUA },
	{ .name = "the version in small letters", .record =
	    "v=dmarc1; p=reject;" RUA, .want =
	    "E[v=dmarc1; p=reject;" RUA "] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "no semicolon after the version", .record =
	    "v=DMARC1 p=reject;" RUA, .want =
	    "E[v=DMARC1 p=reject;" RUA "] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "no semicolon after p", .record =
	    "v=DMARC1; p=reject" RUA, .want =
	    "E[rua=mailto:a@example.com] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "a comma in its place", .record =
	    "v=DMARC1; p=reject," RUA, .want =
	    "E[rua=mailto:a@example.com] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "none at all", .record =
	    "v=DMARC1; p=reject sp=none adkim=s" RUA, .want =
	    "E[sp=none adkim=s" RUA "] E[adkim=s" RUA "] "
	    "E[rua=mailto:a@example.com] ",
	    .publish = "v=DMARC1; p=reject; sp=none; adkim=s;" RUA },
	{ .name = "quotation marks", .record =
	    "\"v=DMARC1; p=reject;" RUA "\"", .want =
	    "E[\"v=DMARC1; p=reject;" RUA "\"] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "something before it", .record =
	    " v=DMARC1; p=reject;" RUA, .want =
	    "E[ v=DMARC1; p=reject;" RUA "] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "pct", .record = "v=DMARC1; p=reject; pct=20;" RUA,
	    .want = "W[pct=20] ", .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "rf and ri", .record =
	    "v=DMARC1; p=reject; rf=afrf; ri=86400;" RUA,
	    .want = "H[rf=afrf] H[ri=86400] ",
	    .publish = "v=DMARC1; p=reject;" RUA },
	{ .name = "test mode", .record = "v=DMARC1; p=reject; t=y;" RUA,
	    .want = "W[t=y] ", .publish = "" },
	{ .name = "no test mode", .record = "v=DMARC1; p=reject; t=n;" RUA,
	    .want = "", .publish = "" },
	{ .name = "no p", .record = "v=DMARC1;" RUA, .want = "E[] ",
	    .publish = "v=DMARC1; p=none;" RUA },
	{ .name = "no rua", .record = "v=DMARC1; p=reject",
	    .want = "H[] ", .publish = "" },
	{ .name = "an address without mailto:", .record =
	    "v=DMARC1; p=reject; rua=a@example.com, mailto:b@example.com",
	    .want = "E[a@example.com] ", .publish = "v=DMARC1; p=reject; "
	    "rua=mailto:a@example.com,mailto:b@example.com" },
	{ .name = "a wrong URI", .record =
	    "v=DMARC1; p=reject; rua=mailto:a b", .want = "E[mailto:a b] ",
	    .publish = "v=DMARC1; p=reject; rua=mailto:a b" },
	{ .name = "an unknown tag", .record = "v=DMARC1; p=none; x=y;" RUA,
	    .want = "W[x=y] ", .publish = "" },
	{ .name = "a tag that is nearly one", .record =
	    "v=DMARC1; p=none; adkm=s;" RUA, .want = "W[adkm=s] ",
	    .publish = "v=DMARC1; p=none; adkim=s;" RUA },
	{ .name = "a wrong value", .record =
	    "v=DMARC1; p=none; adkim=strict;" RUA, .want =
	    "W[adkim=strict] ", .publish = "v=DMARC1; p=none;" RUA },
	{ .name = "twice", .record = "v=DMARC1; p=none; p=reject;" RUA,
	    .want = "W[p=reject] ", .publish = "v=DMARC1; p=none;" RUA },
	{ .name = "no tag", .record = "v=DMARC1; p=none; reject;" RUA,
	    .want = "E[reject] ", .publish = "v=DMARC1; p=none;" RUA },
	{ .name = "two records", .record =
	    "v=DMARC1; p=none\nv=DMARC1; p=reject", .want = "E[] ",
	    .publish = "" },
	{ .name = "another record beside it", .record =
	    "v=DMARC1; p=reject;" RUA "\nv=spf1 -all", .want = "",
	    .publish = "" },
	{ .name = "none", .record = "v=spf1 -all", .want = "H[] ",
	    .publish = "" },
	{ .name = "only the version", .record = "v=DMARC1",
	    .want = "E[] H[] ", .publish = "v=DMARC1; p=none" },
};

struct got {
	char	notes[2048], publish[2048];
	bool	places;		/* each part is where the note says */
};

static void
collect(void *arg, const struct lint_note *n)
{
	struct got *g = arg;
	size_t len = strlen(g->notes);
	struct slice part = slice_head(slice_from(n->record, n->at), n->len);

	if (n->publish.len > 0) {
		(void)snprintf(g->publish, sizeof(g->publish), "%.*s",
		    SLICE_ARG(n->publish));
		return;
	}
	if (n->len == 0)
		part.len = 0;
	g->places &= n->at + n->len <= n->record.len && n->what != NULL;
	(void)snprintf(g->notes + len, sizeof(g->notes) - len, "%c[%.*s] ",
	    "EWH"[n->weight], SLICE_ARG(part));
}

static struct dns_zone *
make_zone(const char *records)
{
	struct slice rest = slice_str(records), one;
	struct dns_zone *z = dns_zone_new();
	bool more = true;

	while (z != NULL && more) {
		more = slice_cut(&rest, '\n', &one);
		if (!dns_zone_add(z, SLICE("_dmarc.example.com"),
		    DNS_TYPE_TXT, 0, one))
			abort();
	}
	return z;
}

static void
lint(const char *records, struct got *g)
{
	struct dns_zone *z = make_zone(records);
	const struct dns_answer *a = dns_zone_answer(z,
	    SLICE("_dmarc.example.com"), DNS_TYPE_TXT);

	*g = (struct got){ .places = true };
	dmarc_lint(SLICE("example.com"), a, collect, g);
	dns_answer_unref(a);
	dns_zone_free(z);
}

static void
test_rows(void)
{
	static struct got g, again;
	struct dmarc_record r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lint(rows[i].record, &g);
		is_str(g.notes, rows[i].want, rows[i].name);
		is_str(g.publish, rows[i].publish, "what to publish");
		ok(g.places, "places and words");
		if (g.publish[0] == '\0')
			continue;
		ok(dmarc_record_parse(slice_str(g.publish), &r) &&
		    !r.bad_policy, "it is a record with a policy");
		lint(g.publish, &again);
		is_str(again.publish, strstr(g.publish, "a b") != NULL ?
		    g.publish : "", "and there is nothing to mend in it");
	}
}

static void
test_limit(void)
{
	static char text[LIMIT_DMARC_RECORD + 2];
	static struct got g;
	size_t more;

	for (more = 0; more <= 1; more++) {
		memset(text, ' ', sizeof(text) - 1);
		memcpy(text, "v=DMARC1; p=none; rua=mailto:a@b;", 33);
		text[LIMIT_DMARC_RECORD + more] = '\0';
		lint(text, &g);
		is_str(g.notes, more ? "E[] " : "", more ?
		    "a record past the limit" : "a record at the limit");
	}
}

int
main(void)
{
	test_rows();
	test_limit();
	return tap_done();
}
