/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "tests/tap.h"

static void
test_empty(void)
{
	struct buf b;

	buf_init(&b, 10);
	is_str(buf_cstr(&b), "", "empty: text");
	is_num((long long)buf_slice(&b).len, 0, "empty: length");
	ok(!buf_failed(&b), "empty: no failure");
	buf_cut(&b, 0);
	buf_cut(&b, 5);
	buf_reset(&b);
	buf_add(&b, (struct slice){ NULL, 0 });
	buf_adds(&b, NULL);
	is_str(buf_cstr(&b), "", "empty: after nothing was added");
	buf_fini(&b);
	buf_fini(&b);
	is_str(buf_cstr(&b), "", "empty: after fini");
}

static void
test_add(void)
{
	struct buf b;

	buf_init(&b, 1000);
	buf_adds(&b, "ab");
	buf_addc(&b, '\0');
	buf_add(&b, SLICE("\xff\n"));
	buf_addf(&b, "%d-%s", 42, "x");
	buf_addf(&b, "%s", "");
	is_bytes(b.ptr, b.len, "ab\0\xff\n42-x", 9, "add: all kinds");
	is_num(b.ptr[b.len], 0, "add: NUL after");
	buf_cut(&b, 10);
	is_num((long long)b.len, 9, "cut: more than there is");
	buf_cut(&b, 2);
	is_str(buf_cstr(&b), "ab", "cut: back to two");
	buf_addc(&b, 'c');
	is_str(buf_cstr(&b), "abc", "cut: and on");
	buf_fini(&b);
	buf_init(&b, 5);
	buf_adds(&b, "again");
	is_str(buf_cstr(&b), "again", "fini: used again");
	buf_fini(&b);
}

/* Past the maximum nothing changes any more, until the reset. */
static void
test_limit(void)
{
	struct buf b;

	buf_init(&b, 5);
	buf_adds(&b, "abcde");
	ok(!buf_failed(&b), "limit: at the limit");
	buf_add(&b, SLICE(""));
	ok(!buf_failed(&b), "limit: nothing more fits");
	buf_addc(&b, 'f');
	ok(buf_failed(&b), "limit: one past");
	is_str(buf_cstr(&b), "abcde", "limit: keeps what it has");
	buf_cut(&b, 1);
	buf_addc(&b, 'g');
	buf_addf(&b, "%d", 1);
	ok(buf_failed(&b), "limit: the failure is sticky");
	is_str(buf_cstr(&b), "a", "limit: nothing is taken after it");
	buf_reset(&b);
	ok(!buf_failed(&b), "limit: the reset clears it");
	buf_addf(&b, "%s", "12345");
	ok(!buf_failed(&b), "limit: format at the limit");
	is_str(buf_cstr(&b), "12345", "limit: format at the limit, text");
	buf_reset(&b);
	buf_addf(&b, "%s", "123456");
	ok(buf_failed(&b), "limit: format one past");
	is_str(buf_cstr(&b), "", "limit: format one past, text");
	buf_fini(&b);
	buf_init(&b, 0);
	buf_addc(&b, 'a');
	ok(buf_failed(&b), "limit: maximum 0");
	buf_fini(&b);
	buf_init(&b, SIZE_MAX);
	buf_addc(&b, 'a');
	ok(!buf_failed(&b), "limit: no maximum");
	buf_add(&b, (struct slice){ "", SIZE_MAX - 1 });
	ok(buf_failed(&b), "limit: sum would overflow");
	buf_fini(&b);
}

/* Growth at every length around the powers of two. */
static void
test_growth(void)
{
	static const size_t maxima[] = { 1, 255, 256, 257, 511, 512, 4095,
	    4096, 4097, 5000 };
	struct buf b;
	size_t i, n, wrong;

	for (i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		wrong = 0;
		buf_init(&b, maxima[i]);
		for (n = 0; n < maxima[i]; n++) {
			buf_addc(&b, (char)('a' + n % 26));
			if (buf_failed(&b) || b.len != n + 1 ||
			    b.ptr[n + 1] != '\0' || b.cap > b.max + 1)
				wrong++;
		}
		for (n = 0; n < b.len; n++)
			wrong += b.ptr[n] != (char)('a' + n % 26);
		buf_addc(&b, 'z');
		ok(wrong == 0 && buf_failed(&b) && b.len == maxima[i],
		    "growth: to %zu, then full", maxima[i]);
		buf_fini(&b);
	}
}

static void
test_no_memory(void)
{
	struct buf b;
	unsigned long n, hits;
	int i;

	for (n = 0, hits = 1; hits > 0; n++) {
		buf_init(&b, 100000);
		mem_fail_after(n, 1);
		for (i = 0; i < 1000; i++)
			buf_adds(&b, "0123456789");
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		ok(buf_failed(&b) == (hits > 0), "no memory at %lu", n);
		ok(b.len == strlen(buf_cstr(&b)) &&
		    (b.len == 10000) == (hits == 0),
		    "no memory at %lu: %zu octets kept", n, b.len);
		buf_fini(&b);
	}
	ok(n > 3, "no memory: the buffer grew several times");
}

int
main(void)
{
	test_empty();
	test_add();
	test_limit();
	test_growth();
	test_no_memory();
	return tap_done();
}
