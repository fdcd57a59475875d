/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: the Test Anything Protocol for unit tests, in one header.
 *
 * A test program calls ok() and its relatives for each case and ends with
 * `return tap_done();`.  A failure prints what was got and what was wanted.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int tap_count;
static unsigned int tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool
ok(bool good, const char *fmt, ...)
{
	va_list ap;

	tap_count++;
	if (!good)
		tap_failed++;
	printf("%sok %u - ", good ? "" : "not ", tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	return good;
}

__attribute__((unused)) static bool
is_str(const char *got, const char *want, const char *name)
{
	bool good = got != NULL && strcmp(got, want) == 0;

	if (!ok(good, "%s", name))
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want);
	return good;
}

__attribute__((unused)) static bool
is_bytes(const void *got, size_t got_len, const void *want, size_t want_len,
    const char *name)
{
	bool good = got_len == want_len &&
	    (want_len == 0 || memcmp(got, want, want_len) == 0);

	if (!ok(good, "%s", name))
		printf("#  got (%zu): %.*s\n# want (%zu): %.*s\n", got_len,
		    (int)got_len, got_len ? (const char *)got : "", want_len,
		    (int)want_len, want_len ? (const char *)want : "");
	return good;
}

__attribute__((unused)) static bool
is_num(long long got, long long want, const char *name)
{
	if (!ok(got == want, "%s", name))
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return got == want;
}

__attribute__((unused)) static void
skip(const char *name, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++tap_count, name, why);
}

__attribute__((unused)) static int
tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
