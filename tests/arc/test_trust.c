/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is trusted, on chains of three sealers: lists.example, fwd.example.net
 * and gate.example.org.  The verdict is made up where its signatures do not
 * matter.
 */
#include "arc/trust.h"

#include "policy/policy.h"
#include "tests/arc/support.h"
#include "tests/tap.h"

#define SETS 3
#define SAYS(i, what) " i=" #i "; mx.example; " what " header.from=example.com"
#define PASS(i) SAYS(i, "dmarc=pass")
#define FAIL(i) SAYS(i, "dmarc=fail")

static const struct slice sealers[SETS] = {
	SLICE_INIT("lists.example"), SLICE_INIT("fwd.example.net"),
	SLICE_INIT("gate.example.org")
};

static const struct {
	const char	*name;
	const char	*listed;	/* patterns, with blanks between them */
	const char	*said[SETS];	/* NULL: the chain ends */
	unsigned int	 want;
} rows[] = {
	{ "nobody is listed", "", { PASS(1) }, 0 },
	{ "one set, listed", "lists.example", { PASS(1) }, 1 },
	{ "one set, another is listed", "fwd.example.net", { PASS(1) }, 0 },
	{ "by a pattern", "*.example.net", { FAIL(1), PASS(2) }, 2 },
	{ "a pattern does not match the name itself", "*.lists.example",
	  { PASS(1) }, 0 },
	{ "a subdomain is another name", "example", { PASS(1) }, 0 },
	{ "it failed there", "lists.example", { FAIL(1) }, 0 },
	{ "both listed: the first one", "lists.example fwd.example.net",
	  { PASS(1), FAIL(2) }, 1 },
	{ "the last one alone", "fwd.example.net", { PASS(1), FAIL(2) }, 0 },
	{ "an untrusted one on top", "lists.example",
	  { PASS(1), PASS(2) }, 0 },
	{ "an untrusted one in the middle", "lists.example gate.example.org",
	  { PASS(1), PASS(2), FAIL(3) }, 0 },
	{ "it counts from the top to the gap",
	  "lists.example gate.example.org", { PASS(1), PASS(2), PASS(3) },
	  3 },
	{ "all three", "lists.example *.example.net gate.example.org",
	  { PASS(1), PASS(2), PASS(3) }, 1 },
	{ "the lowest that says so", "lists.example *.example.net",
	  { FAIL(1), PASS(2) }, 2 },
	{ "results that cannot be read", "lists.example",
	  { " i=1; mx.example; dmarc=pass header.from=\"example.com" }, 0 }
};

static bool
is_listed(void *arg, struct slice sealer)
{
	struct slice rest = slice_str(arg), word;
	struct policy_pattern p;

	while (rest.len > 0) {
		(void)slice_cut(&rest, ' ', &word);
		if (policy_pattern_parse(word, &p) &&
		    policy_pattern_matches(&p, sealer))
			return true;
	}
	return false;
}

static void
make(const char *const said[SETS], struct mail_field fields[SETS],
    struct arc_set sets[SETS], struct arc_verdict *v)
{
	size_t i;

	*v = (struct arc_verdict){ .result = AUTH_PASS, .sets = sets };
	for (i = 0; i < SETS && said[i] != NULL; i++) {
		fields[i] = (struct mail_field){
			.value = slice_str(said[i]) };
		sets[i] = (struct arc_set){ .sealed_at = TEST_NOW,
			.fields = { [ARC_RESULTS] = &fields[i] } };
		sets[i].seal.d = sealers[i];
		sets[i].seal.s = SLICE("s1");
		v->count++;
	}
}

static unsigned int
find(const struct arc_verdict *v, const char *listed, const char *from,
    int64_t not_before)
{
	struct arena *arena = arena_new(1 << 20);
	char *list = strdup(listed);
	unsigned int got;

	got = arc_trust_find(v, is_listed, list, slice_str(from), not_before,
	    arena);
	free(list);
	arena_free(arena);
	return got;
}

static void
test_rows(void)
{
	struct mail_field fields[SETS];
	struct arc_set sets[SETS];
	struct arc_verdict v;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(rows[i].said, fields, sets, &v);
		is_num(find(&v, rows[i].listed, "example.com", TEST_NOW),
		    rows[i].want, rows[i].name);
	}
}

static void
test_chain(void)
{
	static const char *const said[SETS] = { PASS(1), PASS(2) };
	static const char all[] = "lists.example fwd.example.net";
	struct mail_field fields[SETS];
	struct arc_set sets[SETS];
	struct arc_verdict v;

	make(said, fields, sets, &v);
	is_num(find(&v, all, "example.com", TEST_NOW), 1, "trusted");
	is_num(find(&v, all, "other.example", TEST_NOW), 0, "another From");
	is_num(find(&v, all, "", TEST_NOW), 0, "no From");
	is_num(find(&v, all, "example.com", TEST_NOW + 1), 0, "too old");
	sets[1].sealed_at = -1;
	is_num(find(&v, all, "example.com", TEST_NOW + 1), 1,
	    "of no known age");
	sets[0].message.has_length = true;
	is_num(find(&v, all, "example.com", 0), 1, "l= of an older set");
	sets[1].message.has_length = true;
	is_num(find(&v, all, "example.com", 0), 0, "l= of the last set");
	sets[1].message.has_length = false;
	v.result = AUTH_FAIL;
	is_num(find(&v, all, "example.com", 0), 0, "a chain that fails");
}

static void
test_comment(void)
{
	static const char *const said[SETS] = { " i=1; mx.example; arc=none "
	    "smtp.remote-ip=\"2001:db8::1a\"; dmarc=pass "
	    "header.from=example.com", PASS(2) };
	struct arena *arena = arena_new(1 << 20);
	struct mail_field fields[SETS];
	struct arc_set sets[SETS];
	struct arc_verdict v;
	struct buf out;

	make(said, fields, sets, &v);
	buf_init(&out, 250);
	arc_trust_comment(&v, arena, &out);
	is_str(buf_cstr(&out), "arc=pass as[2].d=fwd.example.net as[2].s=s1 "
	    "as[1].d=lists.example as[1].s=s1 remote-ip[1]=2001:db8::1a",
	    "for a report (RFC 8617 7.2.2)");
	buf_fini(&out);
	buf_init(&out, 60);
	arc_trust_comment(&v, arena, &out);
	is_str(buf_cstr(&out), "arc=pass as[2].d=fwd.example.net as[2].s=s1",
	    "cut between two parts");
	buf_fini(&out);
	arena_free(arena);
}

/* The real thing: results in our name count for as much as their seal. */
static void
test_ours(void)
{
	struct dkim_context *ctx = dkim_context_new();
	struct text text = arc_read("pass-aar-of-ours.eml");
	struct dns_zone *zone = arc_zone();
	struct arc_run run;

	ok(arc_run_message(&run, ctx, &arc_test_options, zone,
	    text_slice(&text), SIZE_MAX), "a run");
	is_num(find(run.verdict, "lists.example mx.example.org example.org",
	    "example.com", 0), 0, "a stranger's seal");
	is_num(find(run.verdict, "evil.example", "example.com", 0), 1,
	    "a trusted one");
	arc_run_fini(&run);
	dns_zone_free(zone);
	dkim_context_free(ctx);
	text_free(&text);
}

int
main(void)
{
	test_rows();
	test_chain();
	test_comment();
	test_ours();
	return tap_done();
}
