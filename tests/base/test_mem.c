/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate to the heap: zeroed memory, overflow, injected failures (from
 * several threads at once, too) and the wiping of secrets.
 */
#include "base/mem.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "tests/tap.h"

#define THREADS		4
#define ROUNDS		1000

/*
 * These two take the place of the C library's, to see what is wiped; the
 * second is what _FORTIFY_SOURCE makes of the first.
 */
void	__explicit_bzero_chk(void *, size_t, size_t);

static size_t wiped_len;
static const void *wiped_ptr;

static void
note_wiped(void *ptr, size_t len)
{
	wiped_ptr = ptr;
	wiped_len = len;
	memset(ptr, 0, len);
}

void
explicit_bzero(void *ptr, size_t len)
{
	note_wiped(ptr, len);
}

void
__explicit_bzero_chk(void *ptr, size_t len, size_t room)
{
	note_wiped(ptr, len <= room ? len : room);
}

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

static void
test_alloc(void)
{
	unsigned char *p;
	size_t i;

	for (i = 0; i < 5; i++) {
		/* Dirty memory of the same size is likely to come back. */
		p = mem_alloc(100);
		if (p != NULL)
			memset(p, 0xaa, 100);
		mem_free(p);
		p = mem_alloc(100);
		ok(p != NULL && all_zero(p, 100), "alloc: zeroed");
		mem_free(p);
	}
	p = mem_alloc(0);
	ok(p != NULL && p[0] == 0, "alloc: 0 is one byte");
	mem_free(p);
	ok(mem_alloc(SIZE_MAX) == NULL, "alloc: SIZE_MAX is NULL");
	ok(mem_alloc((size_t)PTRDIFF_MAX + 1) == NULL,
	    "alloc: more than an object can have is NULL");
	mem_free(NULL);
}

static void
test_array(void)
{
	unsigned char *p = mem_array(7, 3);

	ok(p != NULL && all_zero(p, 21), "array: zeroed");
	mem_free(p);
	ok(mem_array(SIZE_MAX / 4 + 1, 4) == NULL, "array: product overflows");
	ok(mem_array(SIZE_MAX, SIZE_MAX) == NULL, "array: both SIZE_MAX");
	p = mem_array(0, 8);
	ok(p != NULL, "array: no elements");
	mem_free(p);
	p = mem_array(8, 0);
	ok(p != NULL, "array: elements of no size");
	mem_free(p);
}

static void
test_resize(void)
{
	char *p = mem_resize(NULL, 4);
	char *bigger;

	if (!ok(p != NULL, "resize: from nothing"))
		return;
	memcpy(p, "abc", 4);
	bigger = mem_resize(p, 100000);
	if (!ok(bigger != NULL && strcmp(bigger, "abc") == 0,
	    "resize: keeps the content"))
		return;
	mem_fail_after(0, 1);
	ok(mem_resize(bigger, 200000) == NULL, "resize: fails when told");
	mem_fail_after(0, 0);
	is_str(bigger, "abc", "resize: the old block is still there");
	ok(mem_resize(bigger, SIZE_MAX) == NULL, "resize: too much is NULL");
	is_str(bigger, "abc", "resize: and the old block is still there");
	p = mem_resize(bigger, 0);
	ok(p != NULL, "resize: 0 is one byte");
	mem_free(p);
}

static void
test_dup(void)
{
	char *p = mem_dup("a\0b", 3);

	ok(p != NULL && memcmp(p, "a\0b", 4) == 0, "dup: NULs and one after");
	mem_free(p);
	p = mem_dup(NULL, 0);
	ok(p != NULL && p[0] == '\0', "dup: nothing");
	mem_free(p);
	ok(mem_dup("", SIZE_MAX) == NULL, "dup: no room for the NUL");
}

static void
test_wipe(void)
{
	char *p = mem_dup("secret", 6);

	mem_wipe_free(NULL, 5);
	ok(wiped_ptr == NULL, "wipe: NULL is left alone");
	mem_wipe_free(p, 6);
	is_num((long long)wiped_len, 6, "wipe: all octets");
}

/* Takes five blocks by five doors; a bit for each that was refused. */
static unsigned int
five(void)
{
	void *p[5] = { mem_alloc(1), mem_array(1, 1), mem_resize(NULL, 1),
	    mem_dup("x", 1), mem_alloc(0) };
	unsigned int refused = 0;
	size_t i;

	for (i = 0; i < 5; i++) {
		refused |= (p[i] == NULL ? 1u : 0u) << i;
		mem_free(p[i]);
	}
	return refused;
}

static const struct fail_row {
	const char	*name;
	unsigned long	 after, count;
	unsigned int	 want;		/* bits of five() */
	unsigned long	 hits;
} fail_rows[] = {
	{ "off", 0, 0, 0x00, 0 },
	{ "off, after is ignored", 2, 0, 0x00, 0 },
	{ "the first", 0, 1, 0x01, 1 },
	{ "the second", 1, 1, 0x02, 1 },
	{ "the third", 2, 1, 0x04, 1 },
	{ "the fourth", 3, 1, 0x08, 1 },
	{ "the last", 4, 1, 0x10, 1 },
	{ "past the last", 5, 1, 0x00, 0 },
	{ "two in the middle", 1, 2, 0x06, 2 },
	{ "all", 0, 5, 0x1f, 5 },
	{ "all and for ever", 0, ~0ul, 0x1f, 5 },
	{ "from the third for ever", 2, ~0ul, 0x1c, 3 },
};

static void
test_fail(void)
{
	const struct fail_row *row;
	unsigned int got;
	size_t i;

	for (i = 0; i < sizeof(fail_rows) / sizeof(fail_rows[0]); i++) {
		row = &fail_rows[i];
		mem_fail_after(row->after, row->count);
		got = five();
		is_num(got, row->want, row->name);
		is_num((long long)mem_fail_hits(), (long long)row->hits,
		    row->name);
	}
	mem_fail_after(0, 0);
	is_num(five(), 0, "off again");
}

static void *
many(void *arg)
{
	unsigned long *failed = arg;
	void *p;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		p = mem_alloc(8);
		if (p == NULL)
			(*failed)++;
		mem_free(p);
	}
	return NULL;
}

/* Each thread counts its own, whatever made an allocation fail. */
static void
test_failures(void)
{
	unsigned long before = mem_failures();

	mem_free(mem_alloc(8));
	is_num((long long)(mem_failures() - before), 0, "failures: none");
	(void)mem_array(SIZE_MAX, 2);
	is_num((long long)(mem_failures() - before), 1, "failures: too much");
	mem_fail_after(0, 3);
	(void)mem_alloc(8);
	(void)mem_resize(NULL, 8);
	(void)mem_dup("a", 1);
	mem_fail_after(0, 0);
	is_num((long long)(mem_failures() - before), 4, "failures: each");
}

/* However the threads run, exactly the given number fails. */
static void
test_threads(void)
{
	pthread_t thread[THREADS];
	unsigned long failed[THREADS] = { 0 };
	unsigned long sum = 0;
	int i, started = 0;

	mem_fail_after(500, 700);
	for (i = 0; i < THREADS; i++)
		started += pthread_create(&thread[i], NULL, many,
		    &failed[i]) == 0;
	if (!ok(started == THREADS, "threads: started"))
		exit(tap_done());
	for (i = 0; i < THREADS; i++) {
		(void)pthread_join(thread[i], NULL);
		sum += failed[i];
	}
	is_num((long long)sum, 700, "threads: failures seen");
	is_num((long long)mem_fail_hits(), 700, "threads: failures counted");
	mem_fail_after(0, 0);
}

int
main(void)
{
	test_alloc();
	test_array();
	test_resize();
	test_dup();
	test_wipe();
	test_fail();
	test_failures();
	test_threads();
	return tap_done();
}
