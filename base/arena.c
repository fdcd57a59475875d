/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: a chain of blocks from which memory is cut.
 *
 * 1. The head of the arena and its first block are one allocation.
 * 2. A request is cut from the newest shared block.  When it does not fit,
 *    a new block is taken, a quarter as large as all shared ones so far,
 *    from BLOCK_FIRST to BLOCK_LARGEST: a thousand messages that wait hold
 *    little that they do not use.
 * 3. A request above a quarter of the next block gets a block of its own,
 *    and the shared block stays in use.  So at most a quarter of a block is
 *    lost at its end.
 * 4. Only what is handed out is set to zero.
 *
 * The cap counts what was handed out with the padding for alignment in
 * front of it, not the blocks.
 *
 * Under the address sanitizer the room that is not handed out is poisoned,
 * with a red zone after each allocation, so that it sees an overrun inside
 * a block as well.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/sanitizer.h"

#if SANITIZER_ADDRESS
#include <sanitizer/asan_interface.h>
#define RED_ZONE	16u	/* a multiple of ALIGNMENT */
#define POISON(p, size)	ASAN_POISON_MEMORY_REGION(p, size)
#define UNPOISON(p, size) ASAN_UNPOISON_MEMORY_REGION(p, size)
#else
#define RED_ZONE	0u
#define POISON(p, size)	((void)(p), (void)(size))
#define UNPOISON(p, size) ((void)(p), (void)(size))
#endif

/*
 * With the head of the arena.  Above what malloc keeps for each thread
 * (1032): a thread that waits would hold blocks that it has freed.
 */
#define BLOCK_FIRST	1088u
#define BLOCK_LARGEST	65536u
#define ALIGNMENT	alignof(max_align_t)

struct block {
	struct block	*next;
	alignas(max_align_t) char	room[];
};

struct arena {
	char		*p;		/* free room of the shared block */
	char		*end;
	struct block	*blocks;	/* all but the first block */
	size_t		 shared;	/* octets of all shared blocks */
	size_t		 max;
	size_t		 used;
	bool		 failed;
	alignas(max_align_t) char	room[];
};

/* Makes the octets from p to end the shared block's free room. */
static void
use_room(struct arena *a, char *p, char *end)
{
	a->p = p;
	a->end = end;
	POISON(p, (size_t)(end - p));
}

static void
start(struct arena *a)
{
	use_room(a, a->room, (char *)a + BLOCK_FIRST);
	a->blocks = NULL;
	a->shared = BLOCK_FIRST;
	a->used = 0;
	a->failed = false;
}

static void
free_blocks(struct arena *a)
{
	struct block *b, *next;

	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		mem_free(b);
	}
}

struct arena *
arena_new(size_t max)
{
	struct arena *a = mem_resize(NULL, BLOCK_FIRST);

	if (a == NULL)
		return NULL;
	a->max = max;
	start(a);
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	free_blocks(a);
	mem_free(a);
}

void
arena_reset(struct arena *a)
{
	free_blocks(a);
	start(a);
}

/* A block with room for `size` octets, owned by the arena. */
static struct block *
add_block(struct arena *a, size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	b = mem_resize(NULL, sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

/* Octets from the free room to the next address of that alignment. */
static size_t
padding(const struct arena *a, size_t align)
{
	return (size_t)(-(uintptr_t)a->p & (align - 1));
}

/* `size` octets after `pad` ones of the shared block, which has them. */
static char *
cut(struct arena *a, size_t pad, size_t size)
{
	char *at = a->p + pad;
	size_t left = (size_t)(a->end - at) - size;

	a->p = at + size + (left > RED_ZONE ? RED_ZONE : left);
	UNPOISON(at, size);
	return at;
}

/* Of the next shared block. */
static size_t
next_size(const struct arena *a)
{
	size_t size = a->shared / 4 & ~(size_t)(ALIGNMENT - 1);

	return size < BLOCK_FIRST ? BLOCK_FIRST :
	    size > BLOCK_LARGEST ? BLOCK_LARGEST : size;
}

/* `size` octets that the shared block has no room for. */
static char *
cut_from_new_block(struct arena *a, size_t size)
{
	size_t next = next_size(a);
	struct block *b;

	b = add_block(a, size > next / 4 ? size : next - sizeof(*b));
	if (b == NULL)
		return NULL;
	if (size > next / 4)
		return b->room;
	a->shared += next;
	use_room(a, b->room, (char *)b + next);
	return cut(a, 0, size);
}

/* `size` octets, not zeroed; a failure is sticky. */
static char *
take(struct arena *a, size_t size, size_t align)
{
	size_t left = (size_t)(a->end - a->p);
	size_t pad = padding(a, align);
	bool fits = pad <= left && size <= left - pad;
	char *at = NULL;

	if (!fits)
		pad = 0;
	if (!a->failed && pad <= a->max - a->used &&
	    size <= a->max - a->used - pad)
		at = fits ? cut(a, pad, size) : cut_from_new_block(a, size);
	if (at == NULL) {
		a->failed = true;
		return NULL;
	}
	a->used += pad + size;
	return at;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	char *at;

	if (size == 0)
		size = 1;
	at = take(a, size, ALIGNMENT);
	if (at != NULL)
		memset(at, 0, size);
	return at;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size) {
		a->failed = true;
		return NULL;
	}
	return arena_alloc(a, count * size);
}

/* Room for a text of `len` octets and its NUL, which is set. */
static char *
take_text(struct arena *a, size_t len)
{
	char *at;

	if (len == SIZE_MAX) {
		a->failed = true;
		return NULL;
	}
	at = take(a, len + 1, 1);
	if (at != NULL)
		at[len] = '\0';
	return at;
}

struct slice
arena_dup(struct arena *a, struct slice s)
{
	char *at = take_text(a, s.len);

	if (at == NULL)
		return (struct slice){ NULL, 0 };
	if (s.len > 0)
		memcpy(at, s.ptr, s.len);
	return (struct slice){ at, s.len };
}

bool
arena_failed(const struct arena *a)
{
	return a->failed;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
