/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leap: a clock that is ahead of the real one by as much as a test wants, so
 * that answers run out without waiting, and none does on a slow machine
 * before the test has come so far.
 *
 * The program is linked with leap_flags of resolver/local.mk: clock_us() is
 * then this clock, and the timer that a resolver sets goes by it.  One
 * resolver at a time.
 */
#ifndef TESTS_RESOLVER_LEAP_H
#define TESTS_RESOLVER_LEAP_H

#include <stdint.h>

#define LEAP_SECOND	INT64_C(1000000)	/* us */

/* From now on it is so many seconds later: what is due by then comes now. */
void	leap(int64_t seconds);

#endif
