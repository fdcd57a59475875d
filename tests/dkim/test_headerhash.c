/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which fields h= takes, and in which order: the hash is compared with that
 * of the text that should have been hashed.
 */
#include "dkim/headerhash.h"

#include "tests/dkim/support.h"
#include "tests/tap.h"

static struct evp_md_st	*md;

/* A header of one-letter values: "From:1 To:2" and so on. */
static void
make_header(struct mail_header *header, struct arena *arena,
    const char *fields)
{
	struct slice rest = slice_str(fields), one, name;

	mail_header_init(header, arena);
	while (rest.len > 0) {
		(void)slice_cut(&rest, ' ', &one);
		(void)slice_cut(&one, ':', &name);
		(void)mail_header_add(header, name, one);
	}
}

static bool
compute(struct headerhash *h, const struct headerhash_input *in,
    unsigned char out[32])
{
	struct crypto_hash hash;
	bool good;

	crypto_hash_init(&hash, md);
	good = headerhash_compute(h, in, &hash, out);
	crypto_hash_fini(&hash);
	return good;
}

static const struct {
	const char	*name, *fields, *h;
	size_t		 own;	/* number of the own field, from 0 */
	const char	*want;	/* hashed before the own field */
} cases[] = {
	{ "in the order of h=", "D:x From:1 To:2 Date:3", "date:from", 0,
	    "date:3\r\nfrom:1\r\n" },
	{ "without regard to case", "D:x FROM:1", "fRoM", 0,
	    "from:1\r\n" },
	{ "from the bottom up", "D:x R:1 R:2 R:3", "r:r", 0,
	    "r:3\r\nr:2\r\n" },
	{ "all of them", "D:x R:1 A:0 R:2 R:3", "r:a:r:r", 0,
	    "r:3\r\na:0\r\nr:2\r\nr:1\r\n" },
	{ "no more than there are", "D:x R:1", "r:r:r", 0, "r:1\r\n" },
	{ "absent names add nothing", "D:x R:1", "q:r:z", 0, "r:1\r\n" },
	{ "blanks round names", "D:x R:1 S:2", " r\r\n : \ts ", 0,
	    "r:1\r\ns:2\r\n" },
	{ "never its own field", "D:1 D:2 D:3", "d:d:d", 1,
	    "d:3\r\nd:1\r\n" },
	{ "its own field is the lowest", "D:1 D:2 D:3", "d", 2,
	    "d:2\r\n" },
	{ "its own field is the only one", "A:0 D:1", "d:a:d", 1,
	    "a:0\r\n" },
	{ "no prefix of a name", "D:x From:1 Fro:2 FromX:3", "fro:from", 0,
	    "fro:2\r\nfrom:1\r\n" },
};

static void
test_cases(void)
{
	struct arena *arena = arena_new(1 << 20);
	struct mail_header header;
	struct headerhash h;
	struct text want = { NULL, 0, 0 };
	unsigned char got[32], hash[32];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		arena_reset(arena);
		make_header(&header, arena, cases[i].fields);
		(void)headerhash_init(&h, arena, &header);
		struct headerhash_input in = {
			.how = DKIM_CANON_RELAXED,
			.h = slice_str(cases[i].h),
			.name = SLICE("Own"),
			.value = SLICE(" b=1"),
			.cut = { NULL, 0 },
			.own = &header.fields[cases[i].own],
		};
		want.len = 0;
		text_addf(&want, "%sown:b=1", cases[i].want);
		plain_sha256(text_slice(&want), hash);
		ok(compute(&h, &in, got) && memcmp(got, hash, 32) == 0,
		    "%s", cases[i].name);
		/* Nothing is left over from the first time. */
		ok(compute(&h, &in, got) && memcmp(got, hash, 32) == 0,
		    "%s, again", cases[i].name);
	}
	text_free(&want);
	arena_free(arena);
}

/* The fields that a limit allows, and names that a signature may hold. */
static void
test_many(bool one_name)
{
	struct arena *arena = arena_new(LIMIT_MESSAGE_MEMORY);
	struct mail_header header;
	struct headerhash h;
	struct text names = { NULL, 0, 0 }, t = { NULL, 0, 0 };
	struct text want = { NULL, 0, 0 };
	unsigned char got[32], hash[32];
	unsigned int i, n = LIMIT_HEADER_FIELDS;

	mail_header_init(&header, arena);
	for (i = 0; i < n; i++) {
		t.len = 0;
		text_addf(&t, "x%u", one_name ? 0 : i);
		(void)mail_header_add(&header, text_slice(&t), SLICE(" v"));
	}
	for (i = 0; i < LIMIT_DKIM_H_NAMES; i++) {
		text_addf(&names, "%sx%u", i > 0 ? ":" : "",
		    one_name ? 0 : n - 1 - i);
		text_addf(&want, "x%u:v\r\n", one_name ? 0 : n - 1 - i);
	}
	text_adds(&want, "own:");
	plain_sha256(text_slice(&want), hash);
	is_num((long long)header.count, n, "fields are kept");
	(void)headerhash_init(&h, arena, &header);
	struct headerhash_input in = {
		.how = DKIM_CANON_RELAXED,
		.h = text_slice(&names),
		.name = SLICE("Own"),
		.value = SLICE(""),
		.own = NULL,
	};
	ok(compute(&h, &in, got) && memcmp(got, hash, 32) == 0,
	    "%u names of %u fields, %s", LIMIT_DKIM_H_NAMES, n,
	    one_name ? "one name" : "all different");
	text_free(&names);
	text_free(&want);
	text_free(&t);
	arena_free(arena);
}

int
main(void)
{
	md = crypto_sha256_new();
	if (md == NULL)
		return EXIT_FAILURE;
	test_cases();
	test_many(false);
	test_many(true);
	crypto_sha256_free(md);
	return tap_done();
}
