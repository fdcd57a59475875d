/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack: a thread goes deep, comes back and gives its pages back.
 */
#include "milter/stack.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/tap.h"

#define DEEP	(64u << 10)
#define FAR	(8u << 10)	/* octets of frames in use */

static size_t page;
static uintptr_t deepest;

/* Touches DEEP octets of stack. */
static __attribute__((noinline)) unsigned char
go_deep(void)
{
	volatile unsigned char room[DEEP];
	unsigned int i, sum = 0;

	for (i = 0; i < DEEP; i += 64)
		room[i] = (unsigned char)i;
	for (i = 0; i < DEEP; i += 64)
		sum += room[i];
	deepest = (uintptr_t)&room[0];
	return (unsigned char)sum;
}

/* Of the pages from the deepest to FAR above `here`. */
static size_t
count_resident(const char *here)
{
	unsigned char in[DEEP / 4096 + 4];
	uintptr_t from = deepest - (deepest & (page - 1));
	size_t i, n = ((uintptr_t)here - from) / page, count = 0;

	if (n > sizeof(in) || mincore((void *)from, n * page, in) != 0)
		return 0;
	for (i = 0; i < n; i++)
		count += in[i] & 1;
	return count;
}

static void *
run(void *unused)
{
	unsigned char mine[FAR], same[FAR];
	size_t before, after;

	(void)unused;
	memset(mine, 0x5a, sizeof(mine));
	memset(same, 0x5a, sizeof(same));
	(void)go_deep();
	before = count_resident((char *)__builtin_frame_address(0));
	stack_give_back();
	after = count_resident((char *)__builtin_frame_address(0));
	is_num((long long)(before - after), 2, "two pages");
	ok(memcmp(mine, same, sizeof(mine)) == 0, "none that is in use");
	(void)go_deep();
	stack_give_back();
	ok(memcmp(mine, same, sizeof(mine)) == 0, "nor later");
	return NULL;
}

int
main(void)
{
	pthread_t thread;

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	return tap_done();
}
