/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: the monotonic clock, for everything that measures or waits.
 */
#include "base/clock.h"

int64_t
clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct timespec
clock_timespec(int64_t us)
{
	return (struct timespec){ .tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000 };
}
