/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool: each thread has a list of free blocks for each size.  Sizes are those
 * of the C library's own blocks, so that nothing is lost to rounding.
 */
#include "base/pool.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* glibc's blocks: 24 octets, 40, 56 and so on. */
#define STEP		16u
#define FIRST		24u
#define CLASSES		((POOL_BLOCK_MAX - FIRST + STEP - 1) / STEP + 1)

struct block {
	struct block	*next;
};

static _Thread_local struct block *lists[CLASSES];
static _Thread_local size_t kept;

/* The least that holds so many. */
static size_t
class_for(size_t size)
{
	return size <= FIRST ? 0 : (size - FIRST + STEP - 1) / STEP;
}

static size_t
size_of(size_t class)
{
	return FIRST + class * STEP;
}

void *
pool_alloc(size_t size)
{
	size_t class = class_for(size);
	struct block *b;

	if (class >= CLASSES)
		return malloc(size);
	b = lists[class];
	if (b == NULL)
		return malloc(size_of(class));
	lists[class] = b->next;
	kept -= size_of(class);
	return b;
}

/* The block may be of no class, or hold more than its class. */
void
pool_free(void *ptr)
{
	size_t usable = malloc_usable_size(ptr);
	size_t class = usable < FIRST ? CLASSES : (usable - FIRST) / STEP;
	struct block *b = ptr;

	if (class >= CLASSES || size_of(class) > POOL_KEPT_MAX - kept) {
		free(ptr);
		return;
	}
	b->next = lists[class];
	lists[class] = b;
	kept += size_of(class);
}

void *
pool_resize(void *ptr, size_t size)
{
	size_t usable = malloc_usable_size(ptr);
	void *other;

	if (usable >= size_of(CLASSES))
		return realloc(ptr, size > 0 ? size : 1);
	if (ptr != NULL && size <= usable)
		return ptr;
	other = pool_alloc(size);
	if (other == NULL || ptr == NULL)
		return other;
	memcpy(other, ptr, usable);
	pool_free(ptr);
	return other;
}

size_t
pool_kept(void)
{
	return kept;
}

void
pool_leave(void)
{
	struct block *b;
	size_t class;

	for (class = 0; class < CLASSES; class++)
		while ((b = lists[class]) != NULL) {
			lists[class] = b->next;
			free(b);
		}
	kept = 0;
}
