/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/glob.h"

#include "tests/tap.h"

static const struct {
	const char	*pattern, *text;
	bool		 want;
} rows[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "", false },
	{ "*", "", true },
	{ "**", "", true },
	{ "*", "anything", true },
	{ "joe", "JOE", true },
	{ "joe", "joes", false },
	{ "joe*", "joe", true },
	{ "joe+*@a.example", "joe+list@a.example", true },
	{ "joe+*@a.example", "joe@a.example", false },
	{ "*@a.example", "x@a.example", true },
	{ "*@a.example", "x@b.example", false },
	{ "*@a.example", "x@a.example@b.example", false },
	{ "a*b*c", "aXbYbZc", true },
	{ "a*b*c", "aXbYbZ", false },
	{ "*a", "aaab", false },
	{ "*aab", "aaaab", true }
};

/* A pattern that would take forever if each "*" were tried anew. */
static void
test_cost(void)
{
	static char pattern[2001], text[20001];
	size_t i;

	for (i = 0; i + 2 < sizeof(pattern); i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[sizeof(pattern) - 2] = 'b';
	memset(text, 'a', sizeof(text) - 1);
	ok(!glob_matches(slice_str(pattern), slice_str(text)),
	    "1000 stars in bounded time");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(glob_matches(slice_str(rows[i].pattern),
		    slice_str(rows[i].text)) == rows[i].want,
		    "\"%s\" on \"%s\"", rows[i].pattern, rows[i].text);
	test_cost();
	return tap_done();
}
