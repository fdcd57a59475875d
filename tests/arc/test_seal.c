/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seals of our own, on chains of tests/data/arc, judged by the validator.
 */
#include "arc/seal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/arc/support.h"
#include "tests/dkim/sslfail.h"
#include "tests/tap.h"

static struct dkim_context		*ctx;
static struct dns_zone			*zone;
static struct dkim_private_key		*own;

static void
test_instance(void)
{
	struct arc_verdict v = { .result = AUTH_NONE };

	is_num(arc_seal_instance(&v), 1, "no chain: the first");
	v.result = AUTH_PASS;
	v.count = 3;
	is_num(arc_seal_instance(&v), 4, "a chain of three: the fourth");
	v.count = LIMIT_ARC_SETS - 1;
	is_num(arc_seal_instance(&v), LIMIT_ARC_SETS, "the last one");
	v.count = LIMIT_ARC_SETS;
	is_num(arc_seal_instance(&v), 0, "none past it");
	v.count = 1;
	v.result = AUTH_FAIL;
	is_num(arc_seal_instance(&v), 0, "none on a broken chain");
}

/* The values of the new set, for a message that came as `run`.  The body is
   that after the first empty line. */
static bool
make_set(const struct arc_run *run, struct slice body,
    struct slice values[ARC_PARTS])
{
	const struct dkim_sign_key key = { .selector = SLICE("own"),
		.key = own };
	const struct dkim_sign_options options = { .arc = true,
		.instance = arc_seal_instance(run->verdict),
		.domain = SLICE("gate.example.org"), .keys = &key,
		.key_count = 1, .relaxed_header = true, .relaxed_body = true,
		.now = TEST_NOW };
	struct arc_seal_order order = { .domain = options.domain,
		.key = &key, .now = TEST_NOW };
	struct dkim_signer *s = dkim_signer_new(ctx, &options, run->arena);
	char results[100];
	bool good;

	(void)snprintf(results, sizeof(results), " i=%u; gate.example.org;\n"
	    "\tarc=%s", options.instance,
	    auth_result_name(run->verdict->result));
	values[ARC_RESULTS] = arena_dup(run->arena, slice_str(results));
	if (s != NULL)
		dkim_signer_body(s, body);
	good = s != NULL && values[ARC_RESULTS].ptr != NULL &&
	    dkim_signer_finish(s, &run->header, &values[ARC_MESSAGE]);
	dkim_signer_fini(s);
	order.results = values[ARC_RESULTS];
	order.message = values[ARC_MESSAGE];
	return good && arc_seal_make(ctx, &order, run->verdict, run->arena,
	    &values[ARC_SEAL]);
}

static struct slice
body_of(struct slice message)
{
	size_t i;

	for (i = 0; i + 4 <= message.len; i++)
		if (slice_starts(slice_from(message, i),
		    SLICE("\r\n\r\n")))
			return slice_from(message, i + 4);
	return SLICE("");
}

/* With CRLF for LF. */
static void
put_value(struct text *t, struct slice value)
{
	struct slice line;

	while (slice_cut(&value, '\n', &line)) {
		text_add(t, line.ptr, line.len);
		text_adds(t, "\r\n");
	}
	text_add(t, line.ptr, line.len);
	text_adds(t, "\r\n");
}

static struct text
with_set(const struct slice values[ARC_PARTS], struct slice message)
{
	struct text t = { NULL, 0, 0 };
	unsigned int part;

	for (part = ARC_PARTS; part > 0; part--) {
		text_adds(&t, arc_part_name((enum arc_part)(part - 1)).ptr);
		text_adds(&t, ":");
		put_value(&t, values[part - 1]);
	}
	text_add(&t, message.ptr, message.len);
	return t;
}

static void
test_file(const char *file, size_t count)
{
	struct text text = arc_read(file), sealed;
	struct slice values[ARC_PARTS], message = text_slice(&text);
	struct arc_run run, again;

	ok(arc_run_message(&run, ctx, &arc_test_options, zone, message,
	    SIZE_MAX) && make_set(&run, body_of(message), values),
	    "%s: sealed", file);
	sealed = with_set(values, message);
	ok(arc_run_message(&again, ctx, &arc_test_options, zone,
	    text_slice(&sealed), SIZE_MAX) &&
	    again.verdict->result == AUTH_PASS &&
	    again.verdict->count == count, "%s: %zu sets pass", file, count);
	arc_run_fini(&again);
	arc_run_fini(&run);
	text_free(&sealed);
	text_free(&text);
}

/* OpenSSL's memory fails at each place in turn: no seal, or a good one. */
static void
test_memory(void)
{
	struct text text = arc_read("pass-2.eml"), sealed;
	struct slice values[ARC_PARTS], message = text_slice(&text);
	unsigned long hits = 1, made = 0, wrong = 0;
	struct arc_run run, again;
	long n;

	for (n = 0; n < 20000 && hits > 0; n++) {
		(void)arc_run_message(&run, ctx, &arc_test_options, zone,
		    message, SIZE_MAX);
		sslfail_after(n, false);
		if (make_set(&run, body_of(message), values)) {
			hits = sslfail_hits();
			sslfail_after(-1, false);
			made++;
			sealed = with_set(values, message);
			(void)arc_run_message(&again, ctx, &arc_test_options,
			    zone, text_slice(&sealed), SIZE_MAX);
			wrong += again.verdict->result != AUTH_PASS;
			arc_run_fini(&again);
			text_free(&sealed);
		} else {
			hits = sslfail_hits();
			sslfail_after(-1, false);
		}
		arc_run_fini(&run);
	}
	ok(hits == 0 && made > 0 && wrong == 0,
	    "memory fails: no seal or a good one (%ld)", n);
	text_free(&text);
}

int
main(void)
{
	struct buf record;

	if (!sslfail_init())
		return EXIT_FAILURE;
	ctx = dkim_context_new();
	zone = arc_zone();
	own = dkim_private_key_generate(DKIM_KEY_RSA, 2048);
	buf_init(&record, 1000);
	ok(own != NULL && dkim_private_key_record(own, &record) &&
	    dns_zone_add(zone, SLICE("own._domainkey.gate.example.org"),
	    DNS_TYPE_TXT, 0, buf_slice(&record)), "a key of our own");
	buf_fini(&record);
	test_instance();
	test_file("none.eml", 1);
	test_file("pass-1.eml", 2);
	test_file("pass-5.eml", 6);
	test_file("pass-interleaved.eml", 4);
	test_file("pass-refolded.eml", 3);
	test_file("pass-aar-8bit.eml", 2);
	test_file("pass-aar-nul.eml", 2);
	test_memory();
	dkim_private_key_free(own);
	dns_zone_free(zone);
	dkim_context_free(ctx);
	return tap_done();
}
