/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem: all use of the C library's heap, so that tests can make allocations
 * fail.
 *
 * The gate, when the injection is on: each allocation takes a number from
 * one counter; the numbers from fail_from to fail_from + fail_count - 1
 * fail.  When it is off, an allocation costs one relaxed load.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#define HEAPS_LEAST	2
#define HEAPS_MOST	1000
#endif

static atomic_ulong fail_from;
static atomic_ulong fail_count;		/* 0: the injection is off */
static atomic_ulong fail_taken;
static atomic_ulong fail_hits;
static _Thread_local unsigned long failures;

static bool
injected_failure(void)
{
	unsigned long from, n;

	n = atomic_fetch_add(&fail_taken, 1);
	from = atomic_load(&fail_from);
	if (n < from || n - from >= atomic_load(&fail_count))
		return false;
	atomic_fetch_add(&fail_hits, 1);
	return true;
}

/* No object can be larger than PTRDIFF_MAX. */
static inline bool
refused(size_t size)
{
	if (size > PTRDIFF_MAX)
		return true;
	if (atomic_load_explicit(&fail_count, memory_order_relaxed) == 0)
		return false;
	return injected_failure();
}

/* The result of an allocation. */
static void *
counted(void *ptr)
{
	if (ptr == NULL)
		failures++;
	return ptr;
}

unsigned long
mem_failures(void)
{
	return failures;
}

void *
mem_alloc(size_t size)
{
	return counted(refused(size) ? NULL : calloc(1, size > 0 ? size : 1));
}

void *
mem_array(size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		return counted(NULL);
	return mem_alloc(count * size);
}

void *
mem_resize(void *ptr, size_t size)
{
	return counted(refused(size) ? NULL :
	    realloc(ptr, size > 0 ? size : 1));
}

char *
mem_dup(const char *ptr, size_t len)
{
	char *copy;

	copy = counted(len == SIZE_MAX || refused(len + 1) ? NULL :
	    malloc(len + 1));
	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}

void
mem_free(void *ptr)
{
	free(ptr);
}

void
mem_wipe_free(void *ptr, size_t len)
{
	if (ptr == NULL)
		return;
	explicit_bzero(ptr, len);
	free(ptr);
}

void
mem_share_heaps(void)
{
#ifdef __GLIBC__
	long heaps = sysconf(_SC_NPROCESSORS_ONLN);

	if (heaps < HEAPS_LEAST || heaps > HEAPS_MOST)
		heaps = HEAPS_LEAST;
	(void)mallopt(M_ARENA_MAX, (int)heaps);
#endif
}

void
mem_fail_after(unsigned long after, unsigned long count)
{
	atomic_store(&fail_count, 0);
	atomic_store(&fail_taken, 0);
	atomic_store(&fail_hits, 0);
	atomic_store(&fail_from, after);
	atomic_store(&fail_count, count);
}

unsigned long
mem_fail_hits(void)
{
	return atomic_load(&fail_hits);
}
