/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sslfail: see sslfail.h.
 */
#include "tests/dkim/sslfail.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/crypto.h>

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

bool
sslfail_init(void)
{
	return CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc,
	    ssl_free) == 1;
}

void
sslfail_after(long n, bool for_good)
{
	atomic_store(&ssl_failures, 0);
	atomic_store(&ssl_for_good, for_good);
	atomic_store(&ssl_left, n);
}

unsigned long
sslfail_hits(void)
{
	return atomic_load(&ssl_failures);
}
