/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: the monotonic clock, for everything that measures or waits.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds since some moment before the process began; never back. */
int64_t		clock_us(void);
/* That moment for pthread_cond_timedwait() on CLOCK_MONOTONIC. */
struct timespec	clock_timespec(int64_t us);

#endif
