/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspolicy/sts.h"

#include "base/limits.h"
#include "base/mem.h"
#include "resolver/zone.h"
#include "tests/tap.h"
#include "tests/tlspolicy/ststext.h"

/* ---- records ---- */

#define ID32 "abcdefghijklmnopqrstuvwxyz012345"
#define NO_FIELD "not a field of a name, = and a value"
#define BAD_ID "the id is not 1 to 32 letters and digits"

/* `problem` NULL: it is good and has this id; "": it does not count. */
static const struct {
	const char	*name;
	struct slice	 text;
	const char	*id;
	const char	*problem;
} records[] = {
	{ "plain", SLICE_INIT("v=STSv1; id=20160831085700Z;"),
	  "20160831085700Z", NULL },
	{ "no semicolon at the end", SLICE_INIT("v=STSv1;id=1"), "1", NULL },
	{ "blanks around semicolons", SLICE_INIT("v=STSv1 \t; id=1 ; "), "1",
	  NULL },
	{ "another field first", SLICE_INIT("v=STSv1; a.b-c_d=x<>y; id=1"),
	  "1", NULL },
	{ "the first id counts", SLICE_INIT("v=STSv1; id=1; id=2; id=--"),
	  "1", NULL },
	{ "id of 32", SLICE_INIT("v=STSv1; id=" ID32), ID32, NULL },
	{ "id of 33", SLICE_INIT("v=STSv1; id=" ID32 "x"), "", BAD_ID },
	{ "id is not alphanumeric", SLICE_INIT("v=STSv1; id=a-b"), "",
	  BAD_ID },
	{ "id in upper case is another name", SLICE_INIT("v=STSv1; ID=1"),
	  "", "no id" },
	{ "no id", SLICE_INIT("v=STSv1; x=y"), "", "no id" },
	{ "nothing after the version", SLICE_INIT("v=STSv1;"), "",
	  "no id" },
	{ "empty id", SLICE_INIT("v=STSv1; id=;"), "",
	  "a field without a value" },
	{ "two semicolons", SLICE_INIT("v=STSv1;; id=1"), "", NO_FIELD },
	{ "not a field", SLICE_INIT("v=STSv1; id=1; junk"), "", NO_FIELD },
	{ "blank before =", SLICE_INIT("v=STSv1; id =1"), "", NO_FIELD },
	{ "= in a value", SLICE_INIT("v=STSv1; id=1=2"), "",
	  "no semicolon after a field" },
	{ "blank in a value", SLICE_INIT("v=STSv1; id=1 2"), "",
	  "no semicolon after a field" },
	{ "NUL in a value", SLICE_INIT("v=STSv1; id=1\0; a=b"), "",
	  "no semicolon after a field" },
	{ "8 bit", SLICE_INIT("v=STSv1; id=1; a=\xc3\xa4"), "",
	  "a field without a value" },
	{ "name of 32", SLICE_INIT("v=STSv1; " ID32 "=x; id=1"), "1", NULL },
	{ "name of 33", SLICE_INIT("v=STSv1; " ID32 "x=x; id=1"), "",
	  NO_FIELD },
	{ "name that begins with _", SLICE_INIT("v=STSv1; _a=x; id=1"), "",
	  NO_FIELD },
	{ "version alone", SLICE_INIT("v=STSv1"), "", "" },
	{ "a later version", SLICE_INIT("v=STSv10; id=1"), "", "" },
	{ "version in lower case", SLICE_INIT("v=stsv1; id=1"), "", "" },
	{ "blank before the version", SLICE_INIT(" v=STSv1; id=1"), "", "" },
	{ "empty", SLICE_INIT(""), "", "" },
	{ "something else", SLICE_INIT("hello"), "", "" }
};

static void
test_records(void)
{
	struct sts_record r;
	size_t i;
	bool counts;

	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		counts = sts_record_parse(records[i].text, &r);
		is_str(r.id, records[i].id, records[i].name);
		is_str(!counts ? "" : r.problem == NULL ? "good" : r.problem,
		    records[i].problem == NULL ? "good" : records[i].problem,
		    "problem");
		is_num(r.found, counts && r.problem == NULL ?
		    STS_RECORD_FOUND : STS_RECORD_NONE, "found");
	}
}

/* Texts of one answer, ended by NULL. */
static const struct {
	const char	*name;
	const char	*texts[4];
	enum sts_found	 found;
	const char	*id;
} sets[] = {
	{ "one", { "v=STSv1; id=1" }, STS_RECORD_FOUND, "1" },
	{ "one beside others", { "junk", "v=STSv1; id=1", "v=spf1 -all" },
	  STS_RECORD_FOUND, "1" },
	{ "two", { "v=STSv1; id=1", "v=STSv1; id=1" }, STS_RECORD_NONE, "" },
	{ "a good and a bad one", { "v=STSv1; id=1", "v=STSv1; x" },
	  STS_RECORD_NONE, "" },
	{ "a bad one", { "v=STSv1; x" }, STS_RECORD_NONE, "" },
	{ "others only", { "junk" }, STS_RECORD_NONE, "" },
	{ "none", { NULL }, STS_RECORD_NONE, "" }
};

static void
test_answers(void)
{
	const struct slice name = SLICE("_mta-sts.example.com");
	static const enum dns_outcome failures[] = { DNS_SERVER_FAILURE,
	    DNS_TIMEOUT, DNS_MALFORMED, DNS_NOT_ASKED };
	const struct dns_answer *a;
	struct sts_record r;
	struct dns_zone *z;
	size_t i, n;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		z = dns_zone_new();
		for (n = 0; n < 4 && sets[i].texts[n] != NULL; n++)
			(void)dns_zone_add(z, name, DNS_TYPE_TXT, 0,
			    slice_str(sets[i].texts[n]));
		a = dns_zone_answer(z, name, DNS_TYPE_TXT);
		sts_record_read(a, &r);
		is_num(r.found, sets[i].found, sets[i].name);
		is_str(r.id, sets[i].id, "id");
		dns_answer_unref(a);
		dns_zone_free(z);
	}
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		sts_record_read(dns_answer_of(failures[i]), &r);
		is_num(r.found, STS_RECORD_UNKNOWN,
		    dns_outcome_name(failures[i]));
	}
	sts_record_read(dns_answer_no_memory(), &r);
	is_num(r.found, STS_RECORD_UNKNOWN, "no memory");
}

static void
test_names(void)
{
	char text[DOMAIN_MAX + 1];
	struct domain d;

	ok(sts_record_name(SLICE("example.com"), &d), "a name");
	is_str(d.text, "_mta-sts.example.com", "of the record");
	ok(sts_policy_host(SLICE("example.com"), &d), "a name");
	is_str(d.text, "mta-sts.example.com", "of the policy host");
	memset(text, 'a', sizeof(text));
	text[60] = text[120] = text[180] = text[240] = '.';
	ok(sts_record_name((struct slice){ text, DOMAIN_MAX - 9 }, &d),
	    "the longest");
	ok(!sts_record_name((struct slice){ text, DOMAIN_MAX - 8 }, &d),
	    "one octet more");
	ok(sts_policy_host((struct slice){ text, DOMAIN_MAX - 8 }, &d),
	    "the longest");
	ok(!sts_policy_host((struct slice){ text, DOMAIN_MAX - 7 }, &d),
	    "one octet more");
}

/* ---- policies ---- */

#define HEAD "version: STSv1\nmode: enforce\n"
#define TAIL "max_age: 604800\n"
#define GOOD HEAD "mx: a.example\n" TAIL
#define NO_LINE "a line that is not a name, a colon and a value"
#define BAD_MX "an mx that is not a name, or *. and a name"
#define BAD_AGE "max_age is not a number of up to ten digits"

/* `want`: as written again, without the version; or the problem. */
static const struct {
	const char	*name;
	struct slice	 body;
	bool		 good;
	const char	*want;
} policies[] = {
	{ "of the RFC", SLICE_INIT("version: STSv1\nmode: enforce\n"
	  "mx: mail.example.com\nmx: *.example.net\n"
	  "mx: backupmx.example.com\nmax_age: 604800\n"), true,
	  "mode: enforce\nmx: mail.example.com\nmx: *.example.net\n"
	  "mx: backupmx.example.com\nmax_age: 604800\n" },
	{ "CRLF, no end of the last line", SLICE_INIT("version:STSv1\r\n"
	  "mode:testing\r\nmx:\tA.Example\r\nmax_age:   0"), true,
	  "mode: testing\nmx: a.example\nmax_age: 0\n" },
	{ "any order, blanks at the ends", SLICE_INIT("mx: a.example \t\n"
	  "max_age: 1 \nmode: enforce\r\nversion: STSv1\n"), true,
	  "mode: enforce\nmx: a.example\nmax_age: 1\n" },
	{ "none needs no mx", SLICE_INIT("version: STSv1\nmode: none\n"
	  "max_age: 86400\n"), true, "mode: none\nmax_age: 86400\n" },
	{ "none may have mx", SLICE_INIT("version: STSv1\nmode: none\n"
	  "mx: a.example\nmax_age: 86400\n"), true,
	  "mode: none\nmx: a.example\nmax_age: 86400\n" },
	{ "the first of doubled fields counts", SLICE_INIT(GOOD
	  "version: x\nmode: none\nmax_age: x\n"), true,
	  "mode: enforce\nmx: a.example\nmax_age: 604800\n" },
	{ "unknown fields", SLICE_INIT(GOOD "a_b-c.9: { x } \xc3\xa4\n"),
	  true, "mode: enforce\nmx: a.example\nmax_age: 604800\n" },
	{ "empty lines", SLICE_INIT("\n\r\n" GOOD " \n\n"), true,
	  "mode: enforce\nmx: a.example\nmax_age: 604800\n" },
	{ "max_age is cut", SLICE_INIT(HEAD "mx: a.example\n"
	  "max_age: 9999999999\n"), true,
	  "mode: enforce\nmx: a.example\nmax_age: 31557600\n" },
	{ "max_age at the limit", SLICE_INIT(HEAD "mx: a.example\n"
	  "max_age: 31557600\n"), true,
	  "mode: enforce\nmx: a.example\nmax_age: 31557600\n" },
	{ "a dot at the end of a name", SLICE_INIT(HEAD "mx: a.example.\n"
	  TAIL), true,
	  "mode: enforce\nmx: a.example\nmax_age: 604800\n" },
	{ "eleven digits", SLICE_INIT(HEAD "mx: a.example\n"
	  "max_age: 00000000001\n"), false, BAD_AGE },
	{ "negative", SLICE_INIT(HEAD "mx: a.example\nmax_age: -1\n"), false,
	  BAD_AGE },
	{ "empty max_age", SLICE_INIT(HEAD "mx: a.example\nmax_age: \n"),
	  false, "a field without a value" },
	{ "no version", SLICE_INIT("mode: enforce\nmx: a.example\n" TAIL),
	  false, "no version" },
	{ "no mode", SLICE_INIT("version: STSv1\nmx: a.example\n" TAIL),
	  false, "no mode" },
	{ "no max_age", SLICE_INIT(HEAD "mx: a.example\n"), false,
	  "no max_age" },
	{ "no mx", SLICE_INIT(HEAD TAIL), false, "no mx" },
	{ "testing without mx", SLICE_INIT("version: STSv1\nmode: testing\n"
	  TAIL), false, "no mx" },
	{ "empty", SLICE_INIT(""), false, "no version" },
	{ "another version", SLICE_INIT("version: STSv2\n"), false,
	  "the version is not STSv1" },
	{ "another mode", SLICE_INIT("version: STSv1\nmode: Enforce\n"),
	  false, "the mode is not enforce, testing or none" },
	{ "names of fields have a case", SLICE_INIT("Version: STSv1\n"
	  "mode: enforce\nmx: a.example\n" TAIL), false, "no version" },
	{ "mx: a star alone", SLICE_INIT(HEAD "mx: *\n"), false, BAD_MX },
	{ "mx: a star inside", SLICE_INIT(HEAD "mx: a.*.example\n"), false,
	  BAD_MX },
	{ "mx: two stars", SLICE_INIT(HEAD "mx: *.*.example\n"), false,
	  BAD_MX },
	{ "mx: part of a label", SLICE_INIT(HEAD "mx: a*.example\n"), false,
	  BAD_MX },
	{ "mx: star and dot", SLICE_INIT(HEAD "mx: *.\n"), false, BAD_MX },
	{ "mx: a leading dot", SLICE_INIT(HEAD "mx: .a.example\n"), false,
	  BAD_MX },
	{ "mx: two names", SLICE_INIT(HEAD "mx: a.example, b.example\n"),
	  false, BAD_MX },
	{ "mx: a colon", SLICE_INIT(HEAD "mx: a.example:b.example\n"), false,
	  BAD_MX },
	{ "mx: braces", SLICE_INIT(HEAD "mx: a} {.example\n"), false,
	  BAD_MX },
	{ "no colon", SLICE_INIT(GOOD "junk\n"), false, NO_LINE },
	{ "blank before the colon", SLICE_INIT("version : STSv1\n"), false,
	  NO_LINE },
	{ "blank before the name", SLICE_INIT(" version: STSv1\n"), false,
	  NO_LINE },
	{ "HTML", SLICE_INIT("<!doctype html>\n" GOOD), false, NO_LINE },
	{ "NUL", SLICE_INIT(GOOD "x: a\0b\n"), false,
	  "a value that is not printable text" },
	{ "CR within a line", SLICE_INIT(GOOD "x: a\rb\n"), false,
	  "a value that is not printable text" },
	{ "CR alone", SLICE_INIT("version: STSv1\rmode: enforce\r"), false,
	  "a value that is not printable text" },
	{ "not UTF-8", SLICE_INIT(GOOD "x: \xff\n"), false,
	  "a value that is not printable text" },
	{ "byte order mark", SLICE_INIT("\xef\xbb\xbf" GOOD), false,
	  NO_LINE }
};

static const char *
parse(struct slice body, struct arena *arena, bool *good)
{
	static char text[LIMIT_STS_POLICY];
	const char *problem;
	struct sts_policy p;
	struct buf b;

	arena_reset(arena);
	*good = sts_policy_parse(body, arena, &p, &problem) == STS_PARSED;
	if (!*good)
		return problem != NULL ? problem : "(no memory)";
	buf_init(&b, sizeof(text) - 1);
	ststext_write(&p, &b);
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&b) +
	    strlen("version: STSv1\n"));
	buf_fini(&b);
	return text;
}

static void
test_policies(void)
{
	struct arena *arena = arena_new(LIMIT_STS_POLICY);
	const char *got;
	size_t i;
	bool good;

	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		got = parse(policies[i].body, arena, &good);
		is_str(got, policies[i].want, policies[i].name);
		is_num(good, policies[i].good, "good");
	}
	arena_free(arena);
}

/* A policy with `mx` names. */
static void
fill(struct buf *b, unsigned int mx)
{
	unsigned int i;

	buf_reset(b);
	buf_adds(b, HEAD TAIL);
	for (i = 0; i < mx; i++)
		buf_addf(b, "mx: mx%u.example\n", i);
}

static void
test_limits(void)
{
	struct arena *arena = arena_new(1u << 20);
	struct buf b;
	bool good;

	buf_init(&b, 2 * LIMIT_STS_POLICY);
	fill(&b, LIMIT_STS_MX);
	(void)parse(buf_slice(&b), arena, &good);
	ok(good, "%d names", LIMIT_STS_MX);
	fill(&b, LIMIT_STS_MX + 1);
	is_str(parse(buf_slice(&b), arena, &good), "too many mx",
	    "one name more");
	fill(&b, 1);
	buf_adds(&b, "x: ");
	while (b.len < LIMIT_STS_POLICY)
		buf_addc(&b, 'x');
	(void)parse(buf_slice(&b), arena, &good);
	ok(good, "%u octets", LIMIT_STS_POLICY);
	buf_addc(&b, 'x');
	is_str(parse(buf_slice(&b), arena, &good), "too large",
	    "one octet more");
	buf_fini(&b);
	arena_free(arena);
}

static void
test_no_memory(void)
{
	struct arena *tiny = arena_new(64), *arena = arena_new(4096);
	const char *problem = "x";
	struct sts_policy p, *copy;
	bool good;

	is_num(sts_policy_parse(SLICE(GOOD), tiny, &p, &problem),
	    STS_NO_MEMORY, "no memory for the list");
	ok(problem == NULL, "and nothing is said of the policy");
	arena_free(tiny);
	tiny = arena_new(LIMIT_STS_MX * sizeof(struct slice) + 8);
	is_num(sts_policy_parse(SLICE(GOOD), tiny, &p, &problem),
	    STS_NO_MEMORY, "no memory for a name");
	arena_free(tiny);
	(void)sts_policy_parse(SLICE(GOOD), arena, &p, &problem);
	mem_fail_after(0, 1);
	ok(sts_policy_copy(&p) == NULL, "no memory for a copy");
	mem_fail_after(0, 0);
	copy = sts_policy_copy(&p);
	(void)parse(SLICE(HEAD "mx: other.example\n" TAIL), arena, &good);
	(void)sts_policy_parse(SLICE(GOOD), arena, &p, &problem);
	ok(copy != NULL && ststext_eq(copy, &p), "a copy stands alone");
	mem_free(copy);
	arena_free(arena);
}

/* ---- matching ---- */

static const struct {
	const char *pattern, *host;
	bool match;
} matches[] = {
	{ "mx.example.com", "mx.example.com", true },
	{ "mx.example.com", "mx2.example.com", false },
	{ "mx.example.com", "a.mx.example.com", false },
	{ "*.example.com", "mx.example.com", true },
	{ "*.example.com", "a.mx.example.com", false },
	{ "*.example.com", "example.com", false },
	{ "*.example.com", "mxexample.com", false },
	{ "*.com", "com", false },
	{ "*.com", "example.com", true }
};

static void
test_matches(void)
{
	struct slice names[] = { SLICE("a.example"), SLICE("*.b.example") };
	struct sts_policy p = { .mx = names, .mx_count = 2 };
	size_t i;

	for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++)
		ok(sts_pattern_matches(slice_str(matches[i].pattern),
		    slice_str(matches[i].host)) == matches[i].match,
		    "%s and %s", matches[i].pattern, matches[i].host);
	ok(sts_policy_match(&p, SLICE("x.b.example")) == &names[1],
	    "the second one does");
	ok(sts_policy_match(&p, SLICE("c.example")) == NULL, "none does");
}

int
main(void)
{
	test_records();
	test_answers();
	test_names();
	test_policies();
	test_limits();
	test_no_memory();
	test_matches();
	return tap_done();
}
