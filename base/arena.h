/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: memory that lives and dies together.
 *
 * A message (or one evaluation) takes all it needs from one arena, and
 * freeing the arena is the only free.  The arena has a cap, so that no
 * sender can make the process grow: past it, or when the heap is spent,
 * arena_alloc() returns NULL and the failure is sticky.  Not thread-safe:
 * one thread at a time, or a lock of the owner's.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct arena;

/* At most `max` octets for all allocations together.  NULL: no memory. */
struct arena	*arena_new(size_t max);
void		 arena_free(struct arena *a);
/*
 * Gives everything back but keeps the first block, and clears the failure:
 * for scratch memory that is used again and again.
 */
void		 arena_reset(struct arena *a);

/* Zeroed and aligned for any type, or NULL.  A size of 0 is one byte. */
void		*arena_alloc(struct arena *a, size_t size);
/* Zeroed count * size, checked for overflow. */
void		*arena_array(struct arena *a, size_t count, size_t size);
/* A copy, with a NUL after it that does not count; {NULL, 0} on failure. */
struct slice	 arena_dup(struct arena *a, struct slice s);

/* True once an allocation has failed since the start or the last reset. */
bool		 arena_failed(const struct arena *a);
/*
 * Octets handed out so far, with the padding between them; this is what the
 * cap bounds.
 */
size_t		 arena_used(const struct arena *a);

#endif
