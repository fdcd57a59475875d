/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocations that fail, ours and OpenSSL's, one after the other, while a
 * message with good signatures is checked.  A signature may then be a
 * temperror, for want of memory, or pass; it never fails, since the message
 * is good.  What leaks is for the sanitizer to say.
 */
#include "dkim/dkim.h"

#include <limits.h>
#include <stdatomic.h>

#include <openssl/crypto.h>

#include "base/mem.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

/* ---- OpenSSL's allocations: the n-th from now on fails, or all do ---- */

static atomic_long	ssl_left = -1;	/* -1: none fails */
static atomic_bool	ssl_for_good;
static atomic_ulong	ssl_failures;

static bool
ssl_refused(void)
{
	long left = atomic_load(&ssl_left);

	if (left < 0)
		return false;
	if (left > 0) {
		atomic_store(&ssl_left, left - 1);
		return false;
	}
	if (!atomic_load(&ssl_for_good))
		atomic_store(&ssl_left, -1);
	atomic_fetch_add(&ssl_failures, 1);
	return true;
}

static void *
ssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return ssl_refused() ? NULL : malloc(n);
}

static void *
ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return ssl_refused() ? NULL : realloc(p, n);
}

static void
ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void
ssl_fail_after(long n, bool for_good)
{
	atomic_store(&ssl_failures, 0);
	atomic_store(&ssl_for_good, for_good);
	atomic_store(&ssl_left, n);
}

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
	return run->count == 2 || arena_failed(run->arena);
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
		ssl_fail_after(n, for_good);
		run_once(shared, &defined, &good);
		hits = atomic_load(&ssl_failures);
		ssl_fail_after(-1, false);
	}
	ok(defined, "%s: a defined result each time", name);
	ok(n > 3 && hits == 0 && good, "%s: good in the end (%ld)", name, n);
}

int
main(void)
{
	struct dkim_context *ctx;
	bool defined, good;

	if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
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
