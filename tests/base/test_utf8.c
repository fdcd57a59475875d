/* SPDX-License-Identifier: BSD-2-Clause */
/* Code points, and texts that are cut between characters. */
#include "base/utf8.h"
#include "tests/tap.h"

static const struct {
	const char	*name;
	struct slice	 text;
	size_t		 max;
	size_t		 want;
} cuts[] = {
	{ .name = "shorter", .text = SLICE_INIT("ab"), .max = 3, .want = 2 },
	{ .name = "as long", .text = SLICE_INIT("abc"), .max = 3, .want = 3 },
	{ .name = "ASCII", .text = SLICE_INIT("abcd"), .max = 3, .want = 3 },
	{ .name = "none at all", .text = SLICE_INIT("\xc3\xbc"), .want = 0 },
	{ .name = "two, cut", .text = SLICE_INIT("a\xc3\xbc"), .max = 2,
	    .want = 1 },
	{ .name = "two, whole", .text = SLICE_INIT("\xc3\xbcz"), .max = 2,
	    .want = 2 },
	{ .name = "three, after one", .text = SLICE_INIT("a\xe2\x82\xac"),
	    .max = 2, .want = 1 },
	{ .name = "three, after two", .text = SLICE_INIT("a\xe2\x82\xac"),
	    .max = 3, .want = 1 },
	{ .name = "four, after one", .text = SLICE_INIT("\xf0\x9f\x98\x80"),
	    .max = 1, .want = 0 },
	{ .name = "four, after three", .text = SLICE_INIT("\xf0\x9f\x98\x80"),
	    .max = 3, .want = 0 },
	{ .name = "no UTF-8", .text = SLICE_INIT("\xbc\xbc\xbc\xbc\xbc"),
	    .max = 3, .want = 3 },
	{ .name = "half a character, then ASCII",
	    .text = SLICE_INIT("a\xe2\x82zz"), .max = 3, .want = 3 },
};

static const struct {
	struct slice	 text;
	uint32_t	 code;
} codes[] = {
	{ .text = SLICE_INIT("\xc2\x80"), .code = 0x80 },
	{ .text = SLICE_INIT("\xdf\xbf"), .code = 0x7ff },
	{ .text = SLICE_INIT("\xe0\xa0\x80"), .code = 0x800 },
	{ .text = SLICE_INIT("\xef\xbf\xbf"), .code = 0xffff },
	{ .text = SLICE_INIT("\xf0\x90\x80\x80"), .code = 0x10000 },
	{ .text = SLICE_INIT("\xf4\x8f\xbf\xbf"), .code = 0x10ffff },
};

int
main(void)
{
	struct cursor c;
	size_t i;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		is_num((long long)utf8_head(cuts[i].text, cuts[i].max).len,
		    (long long)cuts[i].want, cuts[i].name);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		c = cursor_of(codes[i].text);
		ok(utf8_take(&c) && cursor_at_end(&c), "one character");
		is_num(utf8_code(codes[i].text), codes[i].code, "its code");
	}
	return tap_done();
}
