/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks that a thread gives back and takes again: whole, of the right size,
 * bounded, and from one thread to another.
 */
#include "base/pool.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "tests/tap.h"

#define MOST	1100u		/* beyond the largest that is kept */
#define BLOCK	1000u

/* Fills it, and says whether it is aligned for all types. */
static bool
fill(unsigned char *p, size_t size, unsigned char octet)
{
	if (p == NULL || (uintptr_t)p % _Alignof(max_align_t) != 0)
		return false;
	memset(p, octet, size);
	return true;
}

static bool
is_full_of(const unsigned char *p, size_t size, unsigned char octet)
{
	size_t i = 0;

	while (i < size && p[i] == octet)
		i++;
	return i == size;
}

/* All sizes at one time, so that blocks that overlap are seen. */
static void
test_sizes(void)
{
	static unsigned char *blocks[MOST];
	size_t size, wrong = 0;
	unsigned int round;

	for (round = 0; round < 2; round++) {
		for (size = 0; size < MOST; size++) {
			blocks[size] = pool_alloc(size);
			wrong += !fill(blocks[size], size,
			    (unsigned char)size);
		}
		for (size = 0; size < MOST; size++) {
			wrong += !is_full_of(blocks[size], size,
			    (unsigned char)size);
			pool_free(blocks[size]);
		}
	}
	is_num((long long)wrong, 0, "each size is whole, twice");
	pool_free(NULL);
	pool_leave();
}

static bool
survives(size_t from, size_t to)
{
	unsigned char *p = pool_alloc(from), *q;
	size_t least = from < to ? from : to;
	bool whole;

	(void)fill(p, from, 'x');
	q = pool_resize(p, to);
	whole = is_full_of(q, least, 'x') && fill(q, to, 'y');
	pool_free(q);
	return whole;
}

static void
test_resize(void)
{
	static const size_t sizes[] = { 0, 1, 24, 25, 40, 41, 500,
		POOL_BLOCK_MAX - 1, POOL_BLOCK_MAX, POOL_BLOCK_MAX + 1, 1064,
		5000, 200000 };
	const size_t count = sizeof(sizes) / sizeof(sizes[0]);
	size_t i, wrong = 0;
	void *p;

	for (i = 0; i < count * count; i++)
		wrong += !survives(sizes[i / count], sizes[i % count]);
	is_num((long long)wrong, 0, "what was there stays, by all steps");
	p = pool_resize(NULL, 100);
	ok(fill(p, 100, 'x'), "nothing becomes a block");
	pool_free(p);
	pool_leave();
}

static void
test_again(void)
{
	size_t before = pool_kept();
	void *p = pool_alloc(100), *q;

	pool_free(p);
	ok(POOL_KEPT_MAX == 0 || pool_kept() > before + 100, "kept");
	q = pool_alloc(101);
	ok(POOL_KEPT_MAX == 0 || q == p, "and taken again");
	is_num((long long)pool_kept(), (long long)before, "by its size");
	pool_free(q);
	pool_leave();
	is_num((long long)pool_kept(), 0, "given to the heap");
}

static void
test_large(void)
{
	void *at = pool_alloc(POOL_BLOCK_MAX);
	void *past = pool_alloc(POOL_BLOCK_MAX + 100);

	pool_free(past);
	is_num((long long)pool_kept(), 0, "a large block is not kept");
	pool_free(at);
	ok(POOL_KEPT_MAX == 0 || pool_kept() >= POOL_BLOCK_MAX,
	    "the largest is");
	pool_leave();
}

static void
test_bound(void)
{
	static void *blocks[2 * (4 << 20) / BLOCK];
	const size_t count = sizeof(blocks) / sizeof(blocks[0]);
	size_t i, most;

	for (i = 0; i < count; i++)
		blocks[i] = pool_alloc(BLOCK);
	for (i = 0; i < count; i++)
		pool_free(blocks[i]);
	most = pool_kept();
	ok(most <= POOL_KEPT_MAX, "no more than the limit is kept");
	ok(most + BLOCK + 16 > POOL_KEPT_MAX || POOL_KEPT_MAX == 0,
	    "but as much as that");
	pool_leave();
}

static void *
take(void *arg)
{
	void **p = arg;

	*p = pool_alloc(64);
	return NULL;
}

static void *
give(void *arg)
{
	pool_free(arg);
	pool_leave();
	return NULL;
}

static void
test_threads(void)
{
	pthread_t thread;
	void *p = NULL;

	(void)pthread_create(&thread, NULL, take, &p);
	(void)pthread_join(thread, NULL);
	ok(fill(p, 64, 'x'), "taken by a thread that has ended");
	(void)pthread_create(&thread, NULL, give, p);
	(void)pthread_join(thread, NULL);
	is_num((long long)pool_kept(), 0, "given back by another");
}

int
main(void)
{
	test_sizes();
	test_resize();
	test_again();
	test_large();
	test_bound();
	test_threads();
	return tap_done();
}
