/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests/data/arc cannot say: limits, DNS that does not answer, options,
 * and memory that runs out.
 */
#include "arc/arc.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/arc/support.h"
#include "tests/dkim/sslfail.h"
#include "tests/tap.h"

static struct dkim_context	*ctx;
static struct dns_zone		*zone;

static void
is_why(const struct arc_verdict *v, const char *want, const char *name)
{
	char why[ARC_WHY];

	arc_verdict_why(v, why);
	is_str(why, want, name);
}

static void
run_text(struct arc_run *r, struct slice message)
{
	ok(arc_run_message(r, ctx, &arc_test_options, zone, message,
	    SIZE_MAX), "a run");
}

static void
run_file(struct arc_run *r, const char *file,
    const struct arc_options *options, const struct dns_zone *answers)
{
	struct text text = arc_read(file);

	ok(arc_run_message(r, ctx, options, answers, text_slice(&text),
	    SIZE_MAX), "a run of %s", file);
	text_free(&text);
}

/* ---- limits ---- */

/* All ARC fields together have exactly `bytes` octets. */
static void
test_bytes(size_t bytes, const char *want)
{
	static const char first[] = " i=1; a=b; z=";
	struct text text = { NULL, 0, 0 };
	size_t used = strlen("ARC-Seal") + sizeof(first) - 1;
	struct arc_run run;

	text_addf(&text, "ARC-Seal:%s", first);
	for (; used < bytes; used++)
		text_adds(&text, "z");
	text_adds(&text, "\r\nFrom: a@example.com\r\n\r\n");
	run_text(&run, text_slice(&text));
	is_why(run.verdict, want, "octets of ARC fields");
	arc_run_fini(&run);
	text_free(&text);
}

/* So many seals of which the last has another fault. */
static void
test_fields(size_t count, const char *want)
{
	struct text text = { NULL, 0, 0 };
	struct arc_run run;
	size_t i;

	for (i = 0; i < count; i++)
		text_adds(&text, "ARC-Seal: i=x\r\n");
	text_adds(&text, "From: a@example.com\r\n\r\n");
	run_text(&run, text_slice(&text));
	is_why(run.verdict, want, "number of fields");
	is_num((long long)dns_ledger_count(run.ledger), 0, "nothing asked");
	arc_run_fini(&run);
	text_free(&text);
}

/* So many instances, none of which has more than a seal. */
static void
test_instances(unsigned int highest, const char *want)
{
	struct text text = { NULL, 0, 0 };
	struct arc_run run;

	text_addf(&text, "ARC-Seal: i=%u; cv=pass\r\nFrom: a@example.com\r\n"
	    "\r\n", highest);
	run_text(&run, text_slice(&text));
	is_why(run.verdict, want, "the highest instance");
	arc_run_fini(&run);
	text_free(&text);
}

/* A header that was not kept whole. */
static void
test_overflow(void)
{
	struct text chain = arc_read("pass-1.eml"), big = { NULL, 0, 0 };
	const char *body = strstr(chain.ptr, "\r\n\r\n");
	struct arc_run run;
	size_t i;

	text_add(&big, chain.ptr, (size_t)(body + 2 - chain.ptr));
	for (i = 0; i < LIMIT_HEADER_FIELDS; i++)
		text_adds(&big, "X: y\r\n");
	text_adds(&big, body + 2);
	run_text(&run, text_slice(&big));
	is_why(run.verdict, "header is too large", "a header too large");
	arc_run_fini(&run);
	text_free(&big);
	text_free(&chain);
}

/*
 * The header has so many octets that 32 message signatures reach the bound
 * of what is hashed of it, exactly or with one octet more.
 */
static void
test_older(size_t bytes, int want)
{
	struct text chain = arc_read("pass-50.eml"), big = { NULL, 0, 0 };
	const char *body = strstr(chain.ptr, "\r\n\r\n");
	struct arc_run run;
	size_t has;

	run_text(&run, text_slice(&chain));
	has = run.header.bytes;
	arc_run_fini(&run);
	text_add(&big, chain.ptr, (size_t)(body + 2 - chain.ptr));
	text_adds(&big, "X:");
	for (has += 1; has < bytes; has++)
		text_adds(&big, "y");
	text_adds(&big, "\r\n");
	text_adds(&big, body + 2);
	run_text(&run, text_slice(&big));
	is_num((long long)run.header.bytes, (long long)bytes, "octets");
	is_num(run.verdict->oldest_pass, want, "the oldest that is checked");
	arc_run_fini(&run);
	text_free(&big);
	text_free(&chain);
}

static void
test_limits(void)
{
	struct arc_run run;

	test_bytes(LIMIT_ARC_BYTES,
	    "ARC-Authentication-Results i=1: is missing");
	test_bytes(LIMIT_ARC_BYTES + 1, "ARC fields are too large");
	test_fields(LIMIT_ARC_SETS,
	    "ARC-Seal: i= is no number from 1 to 50");
	test_fields(LIMIT_ARC_SETS + 1, "more than 50 sets");
	test_instances(LIMIT_ARC_SETS,
	    "ARC-Authentication-Results i=1: is missing");
	test_instances(LIMIT_ARC_SETS + 1,
	    "ARC-Seal: i= is no number from 1 to 50");
	test_older(LIMIT_ARC_OLDER_BYTES / 32, 18);
	test_older(LIMIT_ARC_OLDER_BYTES / 32 + 1, 19);
	run_file(&run, "pass-50-100-domains.eml", &arc_test_options, zone);
	is_num((long long)dns_ledger_count(run.ledger), LIMIT_ARC_QUESTIONS,
	    "questions of the longest chain");
	is_num(run.verdict->oldest_pass, 0, "and all of it passes");
	arc_run_fini(&run);
}

/* ---- DNS ---- */

static void
test_no_answer(void)
{
	struct arc_run run;

	run_file(&run, "pass-3.eml", &arc_test_options, NULL);
	is_str(auth_result_name(run.verdict->result), "fail",
	    "no answer is a fail (5.2.1)");
	ok(run.verdict->temporary, "which is said to be for want of a key");
	is_num((long long)dns_ledger_count(run.ledger), 3, "all at once");
	arc_run_fini(&run);
	run_file(&run, "body-changed.eml", &arc_test_options, zone);
	ok(!run.verdict->temporary, "one for good is not");
	arc_run_fini(&run);
}

/* ---- options ---- */

static void
test_options_of(struct arc_options options, const char *file,
    const char *want)
{
	struct arc_run run;

	run_file(&run, file, &options, zone);
	is_why(run.verdict, want, file);
	arc_run_fini(&run);
}

static void
test_choices(void)
{
	struct arc_options options = arc_test_options;

	options.partial_refused = true;
	test_options_of(options, "pass-ams-l.eml",
	    "ARC-Message-Signature i=1: part of the body is not signed");
	test_options_of(options, "pass-2.eml", "");
	options.test_keys = true;
	test_options_of(options, "key-testing.eml", "");
	options.minimum_rsa_bits = 2048;
	test_options_of(options, "pass-2.eml", "");
	options.minimum_rsa_bits = 2049;
	test_options_of(options, "pass-2.eml",
	    "ARC-Message-Signature i=2: RSA key is too short");
	options.minimum_rsa_bits = 0;
	test_options_of(options, "key-1023.eml",
	    "ARC-Message-Signature i=1: RSA key is too short");
}

/* Fields on top of a chain that passes, of names that its h= has once. */
static void
test_doubled(unsigned int refused, const char *field, const char *want)
{
	struct arc_options options = arc_test_options;
	struct text chain = arc_read("pass-2.eml"), m = { .ptr = NULL };
	struct arc_run run;

	options.doubles_refused = refused;
	text_adds(&m, field);
	text_add(&m, text_slice(&chain).ptr, text_slice(&chain).len);
	ok(arc_run_message(&run, ctx, &options, zone, text_slice(&m),
	    SIZE_MAX), "%s", field);
	is_why(run.verdict, want, field);
	arc_run_fini(&run);
	text_free(&m);
	text_free(&chain);
}

static void
test_all_doubled(void)
{
	const unsigned int subject = 1u << DKIM_DOUBLE_SUBJECT,
	    from = 1u << DKIM_DOUBLE_FROM;
	static const char second[] = "Subject: Pay at once\r\n";
	static const char why[] = "ARC-Message-Signature i=2: a second "
	    "Subject is not signed";

	test_doubled(subject | from, second, why);
	test_doubled(subject, "SUBJECT : x\r\n", why);
	test_doubled(subject | from, "", "");
	test_doubled(from, second, "");
	test_doubled(0, second, "");
	test_doubled(subject | from, "Comments: x\r\nX-Subject: x\r\n", "");
	test_doubled(from, "From: eve@example.net\r\n",
	    "ARC-Message-Signature i=2: a second From is not signed");
}

/* ---- what is reported ---- */

static void
test_sets(void)
{
	struct arc_run run;
	const struct arc_set *set;

	run_file(&run, "pass-2.eml", &arc_test_options, zone);
	is_num((long long)run.verdict->count, 2, "sets");
	set = &run.verdict->sets[1];
	ok(slice_eq(set->seal.d, SLICE("fwd.example.net")), "who sealed");
	ok(slice_eq(set->message.s, SLICE("s1")), "with what key");
	is_num(set->seal.key_bits, 2048, "of how many bits");
	is_num(set->sealed_at, 1780000002, "when");
	is_str(arc_cv_name(set->cv), "pass", "cv");
	arc_run_fini(&run);
	run_file(&run, "gap.eml", &arc_test_options, zone);
	is_num((long long)run.verdict->count, 3, "of a chain with a gap");
	set = &run.verdict->sets[2];
	ok(slice_eq(set->seal.d, SLICE("gate.example.org")),
	    "who sealed last");
	ok(run.verdict->sets[1].fields[ARC_SEAL] == NULL, "the gap");
	arc_run_fini(&run);
}

/* ---- memory ---- */

static bool
is_defined(const struct arc_run *run)
{
	return run->verdict == NULL || run->verdict->no_memory ||
	    run->header.overflow || arena_failed(run->arena) ||
	    dns_ledger_failed(run->ledger) ||
	    run->verdict->result == AUTH_PASS;
}

static void
run_once(struct slice message, bool *defined, bool *good)
{
	struct dkim_context *own = dkim_context_new();
	struct arc_run run = { .verdict = NULL };

	*defined = true;
	*good = false;
	if (own == NULL)
		return;
	(void)arc_run_message(&run, own, &arc_test_options, zone, message,
	    16);
	*defined = is_defined(&run);
	*good = run.verdict != NULL && !run.verdict->no_memory &&
	    run.verdict->result == AUTH_PASS;
	arc_run_fini(&run);
	dkim_context_free(own);
}

#define MANY 20000

static void
test_memory(struct slice message, bool openssl, bool for_good,
    const char *name)
{
	bool defined = true, good = false;
	unsigned long hits = 1;
	long n;

	for (n = 0; n < MANY && hits > 0 && defined; n++) {
		if (openssl)
			sslfail_after(n, for_good);
		else
			mem_fail_after((unsigned long)n,
			    for_good ? ULONG_MAX : 1);
		run_once(message, &defined, &good);
		hits = openssl ? sslfail_hits() : mem_fail_hits();
		sslfail_after(-1, false);
		mem_fail_after(0, 0);
	}
	ok(defined, "%s: a defined result each time", name);
	ok(n > 3 && hits == 0 && good, "%s: good in the end (%ld)", name, n);
}

static void
test_all_memory(void)
{
	struct text text = arc_read("pass-2.eml");
	bool defined, good;

	run_once(text_slice(&text), &defined, &good);
	ok(defined && good, "good with memory");
	test_memory(text_slice(&text), false, false, "ours, one");
	test_memory(text_slice(&text), false, true, "ours, all from one on");
	test_memory(text_slice(&text), true, false, "OpenSSL's, one");
	test_memory(text_slice(&text), true, true,
	    "OpenSSL's, all from one on");
	text_free(&text);
}

int
main(void)
{
	if (!sslfail_init())
		return EXIT_FAILURE;
	ctx = dkim_context_new();
	zone = arc_zone();
	test_limits();
	test_overflow();
	test_no_answer();
	test_choices();
	test_all_doubled();
	test_sets();
	test_all_memory();
	dns_zone_free(zone);
	dkim_context_free(ctx);
	return tap_done();
}
