/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes of bodies: one for each pair of method and length, the known
 * values of RFC 6376 section 3.4, a large body in constant memory.
 */
#include "dkim/bodyhash.h"

#include "base/base64.h"
#include "base/mem.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

static struct evp_md_st	*md;

static void
is_hash(const struct bodyhash_digest *d, const char *want, const char *name)
{
	char got[64] = "no hash";

	if (d != NULL && d->good)
		base64_encode(d->value, sizeof(d->value), got);
	is_str(got, want, name);
}

#define EMPTY "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define CRLF "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="

static void
test_known(struct slice body, const char *simple, const char *relaxed,
    const char *name)
{
	const struct bodyhash_digest *s, *r;
	struct arena *arena = arena_new(1 << 20);
	struct bodyhash b;

	bodyhash_init(&b, md, arena);
	s = bodyhash_want(&b, DKIM_CANON_SIMPLE, BODYHASH_ALL);
	r = bodyhash_want(&b, DKIM_CANON_RELAXED, BODYHASH_ALL);
	bodyhash_add(&b, body);
	bodyhash_end(&b);
	is_hash(s, simple, name);
	is_hash(r, relaxed, name);
	bodyhash_fini(&b);
	bodyhash_fini(&b);
	arena_free(arena);
}

static void
test_sharing(void)
{
	const struct bodyhash_digest *all, *five, *zero, *more;
	struct arena *arena = arena_new(1 << 20);
	struct bodyhash b;
	unsigned char want[32];

	bodyhash_init(&b, md, arena);
	all = bodyhash_want(&b, DKIM_CANON_RELAXED, BODYHASH_ALL);
	five = bodyhash_want(&b, DKIM_CANON_RELAXED, 5);
	zero = bodyhash_want(&b, DKIM_CANON_RELAXED, 0);
	more = bodyhash_want(&b, DKIM_CANON_RELAXED, 1000);
	ok(bodyhash_want(&b, DKIM_CANON_RELAXED, 5) == five &&
	    bodyhash_want(&b, DKIM_CANON_RELAXED, BODYHASH_ALL) == all,
	    "the same wish, the same digest");
	ok(bodyhash_want(&b, DKIM_CANON_SIMPLE, 5) != five,
	    "another method, another digest");
	bodyhash_add(&b, SLICE("ab  c"));
	bodyhash_add(&b, SLICE("def \r"));
	bodyhash_add(&b, SLICE("\n\r\n\r\n"));
	bodyhash_end(&b);
	is_num((long long)bodyhash_total(&b, DKIM_CANON_RELAXED), 9,
	    "octets of the relaxed body");
	is_num((long long)bodyhash_total(&b, DKIM_CANON_SIMPLE), 11,
	    "octets of the simple body");
	plain_sha256(SLICE("ab cdef\r\n"), want);
	is_bytes(all->value, 32, want, 32, "all of it");
	is_bytes(more->value, 32, want, 32, "more than all of it");
	plain_sha256(SLICE("ab cd"), want);
	is_bytes(five->value, 32, want, 32, "five octets");
	is_hash(zero, EMPTY, "no octet");
	bodyhash_fini(&b);
	arena_free(arena);
}

/* A length that ends just before, at and after each place. */
static void
test_lengths(void)
{
	static const char body[] = "a  b\r\n\r\n c \r\nd\r\n";
	const struct bodyhash_digest *d[32];
	struct arena *arena = arena_new(1 << 20);
	struct bodyhash b;
	struct text canon;
	unsigned char want[32];
	size_t i, wrong = 0;

	canon = plain_body(slice_str(body), DKIM_CANON_RELAXED);
	bodyhash_init(&b, md, arena);
	for (i = 0; i <= canon.len; i++)
		d[i] = bodyhash_want(&b, DKIM_CANON_RELAXED, i);
	for (i = 0; i < sizeof(body) - 1; i++)
		bodyhash_add(&b, slice_head(slice_from(slice_str(body), i),
		    1));
	bodyhash_end(&b);
	for (i = 0; i <= canon.len; i++) {
		plain_sha256(slice_head(text_slice(&canon), i), want);
		wrong += !d[i]->good || memcmp(d[i]->value, want, 32) != 0;
	}
	is_num((long long)wrong, 0, "each length of a body");
	bodyhash_fini(&b);
	arena_free(arena);
	text_free(&canon);
}

/* 50 MB in the pieces of a milter; nothing is allocated on the way. */
#define LARGE_CHUNKS 800
#define LARGE_CHUNK 65535

static void
test_large(void)
{
	static char chunk[LARGE_CHUNK];
	const struct bodyhash_digest *d[3];
	struct arena *arena = arena_new(1 << 20);
	struct bodyhash b;
	size_t i, used;

	for (i = 0; i < sizeof(chunk); i++)
		chunk[i] = i % 61 == 59 ? '\r' : i % 61 == 60 ? '\n' :
		    i % 7 == 0 || i % 53 == 0 ? ' ' : 'x';
	bodyhash_init(&b, md, arena);
	d[0] = bodyhash_want(&b, DKIM_CANON_SIMPLE, BODYHASH_ALL);
	d[1] = bodyhash_want(&b, DKIM_CANON_RELAXED, BODYHASH_ALL);
	d[2] = bodyhash_want(&b, DKIM_CANON_RELAXED, 1000);
	used = arena_used(arena);
	mem_fail_after(0, 1);
	for (i = 0; i < LARGE_CHUNKS; i++)
		bodyhash_add(&b, (struct slice){ chunk, sizeof(chunk) });
	bodyhash_end(&b);
	ok(d[0]->good && d[1]->good && d[2]->good, "a body of 50 MB");
	is_num((long long)mem_fail_hits(), 0, "no memory was asked for");
	mem_fail_after(0, 0);
	is_num((long long)arena_used(arena), (long long)used,
	    "nor taken from the arena");
	ok(bodyhash_total(&b, DKIM_CANON_SIMPLE) >= 52000000 &&
	    bodyhash_total(&b, DKIM_CANON_SIMPLE) <=
	    (uint64_t)LARGE_CHUNKS * LARGE_CHUNK + 2, "all of it came in");
	bodyhash_fini(&b);
	arena_free(arena);
}

/* Empty lines without end, which may be at the end or not. */
static void
test_blank_lines(void)
{
	static char lines[65536];
	const struct bodyhash_digest *d;
	struct arena *arena = arena_new(1 << 20);
	struct bodyhash b;
	size_t i;

	for (i = 0; i < sizeof(lines); i++)
		lines[i] = i % 2 == 0 ? '\r' : '\n';
	bodyhash_init(&b, md, arena);
	d = bodyhash_want(&b, DKIM_CANON_RELAXED, BODYHASH_ALL);
	for (i = 0; i < 16; i++)
		bodyhash_add(&b, (struct slice){ lines, sizeof(lines) });
	bodyhash_add(&b, SLICE("x"));
	for (i = 0; i < 16; i++)
		bodyhash_add(&b, (struct slice){ lines, sizeof(lines) });
	bodyhash_end(&b);
	ok(d->good && bodyhash_total(&b, DKIM_CANON_RELAXED) ==
	    16 * sizeof(lines) + 3, "half a million empty lines, then text");
	bodyhash_fini(&b);
	arena_free(arena);
}

static void
test_memory(void)
{
	struct arena *arena = arena_new(64);
	struct bodyhash b;

	bodyhash_init(&b, md, arena);
	ok(bodyhash_want(&b, DKIM_CANON_SIMPLE, BODYHASH_ALL) == NULL,
	    "no memory for a stream");
	bodyhash_add(&b, SLICE("x"));
	bodyhash_end(&b);
	bodyhash_fini(&b);
	arena_free(arena);
	arena = arena_new(sizeof(struct bodyhash_stream) + 32);
	bodyhash_init(&b, md, arena);
	ok(bodyhash_want(&b, DKIM_CANON_SIMPLE, BODYHASH_ALL) == NULL,
	    "no memory for a digest");
	bodyhash_add(&b, SLICE("x"));
	bodyhash_end(&b);
	is_num((long long)bodyhash_total(&b, DKIM_CANON_SIMPLE), 3,
	    "the rest goes on");
	bodyhash_fini(&b);
	arena_free(arena);
}

int
main(void)
{
	md = crypto_sha256_new();
	if (md == NULL)
		return EXIT_FAILURE;
	test_known(SLICE(""), CRLF, EMPTY, "an empty body");
	test_known(SLICE("\r\n\r\n"), CRLF, EMPTY, "a body of CRLFs");
	test_sharing();
	test_lengths();
	test_large();
	test_blank_lines();
	test_memory();
	crypto_sha256_free(md);
	return tap_done();
}
