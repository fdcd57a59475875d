/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "tests/tap.h"

#define UNIT (alignof(max_align_t))

static bool
all_zero(const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

static bool
is_aligned(const void *p)
{
	return (uintptr_t)p % alignof(max_align_t) == 0;
}

/* Sizes that use the shared block, a new one and blocks of their own. */
static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 100, 1000, 2047, 2048,
    2049, 4095, 4096, 4097, 8192, 16384, 16385, 65536, 100000, 1, 300, 7 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/*
 * Fills each allocation with its own octet, so that two that overlap are
 * seen at the end.
 */
static void
test_alloc(struct arena *a, const char *name)
{
	unsigned char *p[SIZES * 3];
	size_t i, n, wrong = 0;

	for (i = 0; i < SIZES * 3; i++) {
		n = sizes[i % SIZES];
		p[i] = arena_alloc(a, n);
		if (p[i] == NULL || !is_aligned(p[i]) ||
		    !all_zero(p[i], n > 0 ? n : 1)) {
			ok(false, "%s: %zu octets, zeroed and aligned", name,
			    n);
			return;
		}
		memset(p[i], (int)i + 1, n > 0 ? n : 1);
	}
	for (i = 0; i < SIZES * 3; i++) {
		n = sizes[i % SIZES];
		wrong += p[i][0] != i + 1 || (n > 0 && p[i][n - 1] != i + 1);
	}
	ok(wrong == 0 && !arena_failed(a), "%s: nothing overlaps", name);
}

static void
test_reset(void)
{
	struct arena *a = arena_new(1u << 20);
	unsigned char *first, *again;

	if (!ok(a != NULL, "new"))
		return;
	first = arena_alloc(a, 64);
	test_alloc(a, "alloc");
	(void)arena_alloc(a, 2u << 20);
	ok(arena_failed(a), "reset: failed before");
	arena_reset(a);
	ok(!arena_failed(a), "reset: no failure after");
	is_num((long long)arena_used(a), 0, "reset: nothing used");
	again = arena_alloc(a, 64);
	ok(again == first && all_zero(again, 64),
	    "reset: the first block is kept, and zeroed when handed out");
	test_alloc(a, "alloc after reset");
	arena_free(a);
	arena_free(NULL);
}

static void
test_cap(void)
{
	struct arena *a = arena_new(4 * UNIT);

	ok(arena_alloc(a, 3 * UNIT) != NULL, "cap: below");
	ok(arena_alloc(a, UNIT) != NULL, "cap: at the limit");
	is_num((long long)arena_used(a), (long long)(4 * UNIT), "cap: used");
	ok(!arena_failed(a), "cap: at the limit is no failure");
	ok(arena_alloc(a, 1) == NULL && arena_failed(a), "cap: one past");
	arena_reset(a);
	ok(arena_alloc(a, 4 * UNIT + 1) == NULL, "cap: one past, at once");
	ok(arena_alloc(a, 1) == NULL, "cap: the failure is sticky");
	is_num((long long)arena_used(a), 0, "cap: a failure uses nothing");
	arena_reset(a);
	ok(arena_alloc(a, 4 * UNIT) != NULL, "cap: all at once");
	arena_free(a);

	a = arena_new(200000);
	ok(arena_alloc(a, 200000) != NULL, "cap: a large block at the limit");
	arena_reset(a);
	ok(arena_alloc(a, 200001) == NULL, "cap: a large block one past");
	arena_free(a);

	a = arena_new(0);
	ok(arena_alloc(a, 0) == NULL, "cap: nothing at all");
	arena_free(a);
}

/* Small allocations without end stop at the cap. */
static void
test_cap_many(void)
{
	struct arena *a = arena_new(100000);
	size_t n = 0;

	while (n < 1000000 && arena_alloc(a, 1) != NULL)
		n++;
	ok(arena_failed(a) && n <= 100000 && arena_used(a) <= 100000,
	    "cap: %zu single octets", n);
	ok(n >= 100000 / UNIT / 2, "cap: not before it is used");
	arena_free(a);
}

static void
test_overflow(void)
{
	struct arena *a = arena_new(SIZE_MAX);
	uint32_t *p;

	ok(arena_array(a, SIZE_MAX / 2, 3) == NULL && arena_failed(a),
	    "array: product overflows");
	arena_reset(a);
	ok(arena_alloc(a, SIZE_MAX) == NULL && arena_failed(a),
	    "alloc: SIZE_MAX");
	arena_reset(a);
	ok(arena_alloc(a, SIZE_MAX - 8) == NULL && arena_failed(a),
	    "alloc: no room for the block's head");
	arena_reset(a);
	ok(arena_dup(a, (struct slice){ "", SIZE_MAX }).ptr == NULL &&
	    arena_failed(a), "dup: no room for the NUL");
	arena_reset(a);
	p = arena_array(a, 10, sizeof(*p));
	ok(p != NULL && all_zero((unsigned char *)p, 10 * sizeof(*p)),
	    "array: zeroed");
	ok(arena_array(a, 0, 8) != NULL && arena_array(a, 8, 0) != NULL,
	    "array: nothing");
	arena_free(a);
}

static void
test_dup(void)
{
	struct arena *a = arena_new(1000);
	struct slice s;

	s = arena_dup(a, SLICE("A\0\xc4z"));
	is_bytes(s.ptr, s.len, "A\0\xc4z", 4, "dup: any octets");
	is_num(s.ptr[s.len], 0, "dup: NUL after");
	is_num((long long)arena_used(a), 5, "dup: counts the NUL");
	ok(is_aligned(arena_alloc(a, UNIT)), "dup: alignment after it");
	is_num((long long)arena_used(a), (long long)(2 * UNIT),
	    "dup: the padding after it counts");
	s = arena_dup(a, (struct slice){ NULL, 0 });
	ok(s.ptr != NULL && s.len == 0 && s.ptr[0] == '\0', "dup: nothing");
	arena_free(a);

	a = arena_new(4);
	ok(arena_dup(a, SLICE("abc")).len == 3, "dup: at the limit");
	arena_reset(a);
	s = arena_dup(a, SLICE("abcd"));
	ok(s.ptr == NULL && s.len == 0 && arena_failed(a), "dup: one past");
	s = arena_dup(a, SLICE("a"));
	ok(s.ptr == NULL && s.len == 0, "dup: after a failure");
	arena_free(a);
}

/* Every block in turn is refused by the heap. */
static void
test_no_memory(void)
{
	struct arena *a;
	unsigned long n, hits;
	size_t i, got;

	for (n = 0, hits = 1; hits > 0; n++) {
		mem_fail_after(n, 1);
		a = arena_new(1u << 20);
		got = 0;
		for (i = 0; a != NULL && i < 2 * SIZES; i++)
			got += arena_alloc(a, sizes[i % SIZES]) != NULL;
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		if (a == NULL)
			ok(n == 0, "no memory: no arena");
		else
			ok(arena_failed(a) == (hits > 0) &&
			    (got == 2 * SIZES) == (hits == 0),
			    "no memory at %lu: %zu handed out", n, got);
		arena_free(a);
	}
	ok(n > 5, "no memory: several blocks were taken");
}

int
main(void)
{
	test_reset();
	test_cap();
	test_cap_many();
	test_overflow();
	test_dup();
	test_no_memory();
	return tap_done();
}
