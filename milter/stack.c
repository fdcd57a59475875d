/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack: pages below all that is in use are given back to the system, and
 * come back as zeros when they are touched again.
 */
#include "milter/stack.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAME	1024u	/* octets, more than ours and that of madvise() */
#define PAGES	2u	/* given back */
#define PAGES_LEAST 16u	/* of a stack from which they are */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static size_t page;		/* 0: stacks are too small */

static void
find_page(void)
{
	long size = sysconf(_SC_PAGESIZE);
	pthread_attr_t attr;
	size_t stack = 0;

	if (size <= 0 || pthread_getattr_default_np(&attr) != 0)
		return;
	if (pthread_attr_getstacksize(&attr, &stack) == 0 &&
	    stack / PAGES_LEAST >= (size_t)size)
		page = (size_t)size;
	pthread_attr_destroy(&attr);
}

void
stack_give_back(void)
{
	char *here = __builtin_frame_address(0);

	pthread_once(&once, find_page);
	if (page == 0)
		return;
	here -= FRAME;
	here -= (uintptr_t)here & (page - 1);
	(void)madvise(here - PAGES * page, PAGES * page, MADV_DONTNEED);
}
