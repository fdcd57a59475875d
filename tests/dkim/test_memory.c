/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocations that fail, ours and OpenSSL's, one after the other, while a
 * message with good signatures is checked.  A signature may then be a
 * temperror, for lack of memory, or pass; it never fails, since the message
 * is good.  What leaks is for the sanitizer to say.
 */
#include "dkim/verify.h"

#include <limits.h>

#include "base/mem.h"
#include "tests/dkim/sslfail.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

/* ---- one message, over and over ---- */

static struct dns_zone	*zone;
static struct text	 message;

/* Two signatures, RSA and Ed25519 (RFC 8463 A.3), both good. */
static bool
is_defined(const struct run *run)
{
	const struct dkim_signature *s;
	size_t i;

	for (i = 0; i < run->count; i++) {
		s = &run->signatures[i];
		if (s->result == AUTH_PASS && s->state == DKIM_SUCCESS)
			continue;
		if (s->result == AUTH_TEMPERROR && s->state == DKIM_TEMPFAIL &&
		    s->comment != NULL)
			continue;
		/* A header that was not kept whole. */
		if (run->header.overflow && s->result == AUTH_PERMERROR)
			continue;
		printf("# %s (%s)\n", auth_result_name(s->result),
		    s->comment != NULL ? s->comment : "-");
		return false;
	}
	/* Each field has its signature, or it was said that one has not. */
	return run->count == mail_header_instances(&run->header,
	    SLICE("DKIM-Signature")) || run->starved;
}

static bool
passed(const struct run *run)
{
	return run->count == 2 && run->signatures[0].result == AUTH_PASS &&
	    run->signatures[1].result == AUTH_PASS;
}

/* With its own context, or with one whose keys are cached. */
static void
run_once(struct dkim_context *shared, bool *defined, bool *good)
{
	struct dkim_context *ctx = shared;
	struct run run = { .count = 0 };

	*defined = true;
	*good = false;
	if (ctx == NULL)
		ctx = dkim_context_new();
	if (ctx == NULL)
		return;
	if (run_message(&run, ctx, &test_options, zone,
	    text_slice(&message), 16)) {
		*defined = is_defined(&run);
		*good = passed(&run);
	}
	run_fini(&run);
	if (shared == NULL)
		dkim_context_free(ctx);
}

#define MANY 20000

static void
test_ours(struct dkim_context *shared, unsigned long failures,
    const char *name)
{
	bool defined = true, good = false;
	unsigned long n, hits = 1;

	for (n = 0; n < MANY && hits > 0 && defined; n++) {
		mem_fail_after(n, failures);
		run_once(shared, &defined, &good);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
	}
	ok(defined, "%s: a defined result each time", name);
	ok(n > 3 && hits == 0 && good, "%s: good in the end (%lu)", name, n);
}

static void
test_openssl(struct dkim_context *shared, bool for_good, const char *name)
{
	bool defined = true, good = false;
	unsigned long hits = 1;
	long n;

	for (n = 0; n < MANY && hits > 0 && defined; n++) {
		sslfail_after(n, for_good);
		run_once(shared, &defined, &good);
		hits = sslfail_hits();
		sslfail_after(-1, false);
	}
	ok(defined, "%s: a defined result each time", name);
	ok(n > 3 && hits == 0 && good, "%s: good in the end (%ld)", name, n);
}

int
main(void)
{
	struct dkim_context *ctx;
	bool defined, good;

	if (!sslfail_init())
		return EXIT_FAILURE;
	ctx = dkim_context_new();
	zone = support_zone();
	message = support_read("rfc8463-a3.eml");
	if (ctx == NULL)
		return EXIT_FAILURE;
	/* What OpenSSL and libc make once is made now. */
	run_once(NULL, &defined, &good);
	ok(defined && good, "good with memory");
	run_once(ctx, &defined, &good);
	ok(defined && good, "good with memory, keys are kept");
	test_ours(NULL, 1, "ours, one");
	test_ours(NULL, ULONG_MAX, "ours, all from one on");
	test_ours(ctx, 1, "ours, one, known keys");
	test_openssl(NULL, false, "OpenSSL's, one");
	test_openssl(NULL, true, "OpenSSL's, all from one on");
	test_openssl(ctx, false, "OpenSSL's, one, known keys");
	test_openssl(ctx, true, "OpenSSL's, all from one on, known keys");
	run_once(ctx, &defined, &good);
	ok(defined && good, "good again");
	dkim_context_free(ctx);
	dns_zone_free(zone);
	text_free(&message);
	return tap_done();
}
