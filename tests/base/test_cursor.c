/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cursor.h"

#include "base/ascii.h"
#include "tests/tap.h"

static void
rest_is(const struct cursor *c, const char *want, const char *name)
{
	struct slice rest = cursor_rest(c);

	is_bytes(rest.ptr, rest.len, want, strlen(want), name);
	is_num((long long)cursor_left(c), (long long)strlen(want), name);
	ok(cursor_at_end(c) == (want[0] == '\0'), "%s: at the end", name);
}

static void
test_empty(void)
{
	struct cursor c = cursor_of((struct slice){ NULL, 0 });
	struct cursor start = c;
	char got = 'x';

	rest_is(&c, "", "empty");
	ok(!cursor_is(&c, '\0'), "empty: NUL is not next");
	ok(!cursor_take(&c, '\0'), "empty: take");
	ok(!cursor_any(&c, &got) && got == 'x', "empty: any");
	ok(!cursor_word(&c, SLICE("a")), "empty: word");
	ok(cursor_word(&c, SLICE("")), "empty: the empty word");
	is_num((long long)cursor_span(&c, ascii_is_alpha).len, 0,
	    "empty: span");
	is_num((long long)cursor_since(&c, &start).len, 0, "empty: since");
}

static void
test_steps(void)
{
	struct cursor c = cursor_of(SLICE("ab1 \0z"));
	struct cursor start = c;
	struct slice s;
	char got = 'x';

	ok(cursor_is(&c, 'a') && !cursor_is(&c, 'b'), "is: the next octet");
	ok(!cursor_take(&c, 'A'), "take: case counts");
	ok(cursor_take(&c, 'a'), "take: the next octet");
	s = cursor_span(&c, ascii_is_alnum);
	is_bytes(s.ptr, s.len, "b1", 2, "span: the longest run");
	is_num((long long)cursor_span(&c, ascii_is_alnum).len, 0,
	    "span: an empty run");
	ok(cursor_take(&c, ' ') && cursor_is(&c, '\0'), "is: NUL");
	ok(cursor_any(&c, &got) && got == '\0', "any: NUL");
	rest_is(&c, "z", "steps");
	s = cursor_since(&c, &start);
	is_bytes(s.ptr, s.len, "ab1 \0", 5, "since: all that was passed");
	s = cursor_span(&c, ascii_is_vchar);
	is_bytes(s.ptr, s.len, "z", 1, "span: up to the end");
	rest_is(&c, "", "steps: done");
}

static const struct word_row {
	const char	*name;
	struct slice	 in, word;
	bool		 want;
	const char	*rest;
} word_rows[] = {
	{ "same", SLICE_INIT("abc"), SLICE_INIT("abc"), true, "" },
	{ "case", SLICE_INIT("aBcd"), SLICE_INIT("AbC"), true, "d" },
	{ "other", SLICE_INIT("abd"), SLICE_INIT("abc"), false, "abd" },
	{ "cut off", SLICE_INIT("ab"), SLICE_INIT("abc"), false, "ab" },
	{ "empty word", SLICE_INIT("ab"), SLICE_INIT(""), true, "ab" },
	{ "no letters", SLICE_INIT("[x"), SLICE_INIT("{"), false, "[x" },
};

static void
test_word(void)
{
	const struct word_row *r;
	struct cursor c;
	size_t i;

	for (i = 0; i < sizeof(word_rows) / sizeof(word_rows[0]); i++) {
		r = &word_rows[i];
		c = cursor_of(r->in);
		ok(cursor_word(&c, r->word) == r->want, "word: %s", r->name);
		rest_is(&c, r->rest, r->name);
	}
}

int
main(void)
{
	test_empty();
	test_steps();
	test_word();
	return tap_done();
}
