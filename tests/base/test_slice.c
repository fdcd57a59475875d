/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/slice.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "tests/tap.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NONE { NULL, 0 }

static void
is_slice(struct slice got, struct slice want, const char *name)
{
	is_bytes(got.ptr, got.len, want.ptr, want.len, name);
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static const struct compare_row {
	const char	*name;
	struct slice	 a, b;
	bool		 eq, eq_nocase, starts, starts_nocase, ends_nocase;
	int		 cmp;
} compare_rows[] = {
	{ "both empty", NONE, NONE, true, true, true, true, true, 0 },
	{ "NULL and empty", NONE, SLICE_INIT(""),
	    true, true, true, true, true, 0 },
	{ "b empty", SLICE_INIT("a"), NONE,
	    false, false, true, true, true, 1 },
	{ "a empty", NONE, SLICE_INIT("a"),
	    false, false, false, false, false, -1 },
	{ "same", SLICE_INIT("abc"), SLICE_INIT("abc"),
	    true, true, true, true, true, 0 },
	{ "other case", SLICE_INIT("aBc"), SLICE_INIT("AbC"),
	    false, true, false, true, true, 1 },
	{ "prefix", SLICE_INIT("abc"), SLICE_INIT("ab"),
	    false, false, true, true, false, 1 },
	{ "prefix, other case", SLICE_INIT("ABc"), SLICE_INIT("ab"),
	    false, false, false, true, false, -1 },
	{ "suffix", SLICE_INIT("abc"), SLICE_INIT("bc"),
	    false, false, false, false, true, -1 },
	{ "suffix, other case", SLICE_INIT("abC"), SLICE_INIT("Bc"),
	    false, false, false, false, true, 1 },
	{ "longer than a", SLICE_INIT("ab"), SLICE_INIT("abc"),
	    false, false, false, false, false, -1 },
	{ "NUL counts", SLICE_INIT("a\0b"), SLICE_INIT("a\0c"),
	    false, false, false, false, false, -1 },
	{ "NUL is no end", SLICE_INIT("a\0b"), SLICE_INIT("a"),
	    false, false, true, true, false, 1 },
	{ "case of letters only", SLICE_INIT("@[`{"), SLICE_INIT("`{@["),
	    false, false, false, false, false, -1 },
	{ "8-bit has no case", SLICE_INIT("\xc4"), SLICE_INIT("\xe4"),
	    false, false, false, false, false, -1 },
	{ "octets are unsigned", SLICE_INIT("\xff"), SLICE_INIT("a"),
	    false, false, false, false, false, 1 },
};

static void
test_compare(void)
{
	const struct compare_row *r;
	size_t i;

	for (i = 0; i < COUNT(compare_rows); i++) {
		r = &compare_rows[i];
		ok(slice_eq(r->a, r->b) == r->eq, "eq: %s", r->name);
		ok(slice_eq_nocase(r->a, r->b) == r->eq_nocase,
		    "eq_nocase: %s", r->name);
		ok(slice_starts(r->a, r->b) == r->starts, "starts: %s",
		    r->name);
		ok(slice_starts_nocase(r->a, r->b) == r->starts_nocase,
		    "starts_nocase: %s", r->name);
		ok(slice_ends_nocase(r->a, r->b) == r->ends_nocase,
		    "ends_nocase: %s", r->name);
		is_num(sign(slice_cmp(r->a, r->b)), r->cmp, r->name);
		is_num(sign(slice_cmp(r->b, r->a)), -r->cmp, r->name);
	}
}

static const struct part_row {
	const char	*name;
	struct slice	 in;
	size_t		 at;
	struct slice	 from, head;
} part_rows[] = {
	{ "nothing at 0", NONE, 0, NONE, NONE },
	{ "nothing at 1", NONE, 1, NONE, NONE },
	{ "start", SLICE_INIT("abc"), 0, SLICE_INIT("abc"), NONE },
	{ "middle", SLICE_INIT("abc"), 1, SLICE_INIT("bc"), SLICE_INIT("a") },
	{ "end", SLICE_INIT("abc"), 3, NONE, SLICE_INIT("abc") },
	{ "past the end", SLICE_INIT("abc"), 4, NONE, SLICE_INIT("abc") },
	{ "far past", SLICE_INIT("abc"), SIZE_MAX, NONE, SLICE_INIT("abc") },
};

static void
test_parts(void)
{
	const struct part_row *r;
	size_t i;

	for (i = 0; i < COUNT(part_rows); i++) {
		r = &part_rows[i];
		is_slice(slice_from(r->in, r->at), r->from, r->name);
		is_slice(slice_head(r->in, r->at), r->head, r->name);
	}
}

static const struct trim_row {
	const char	*name;
	struct slice	 in, want;
} trim_rows[] = {
	{ "nothing", NONE, NONE },
	{ "only space", SLICE_INIT(" \t\r\n"), NONE },
	{ "no space", SLICE_INIT("a b"), SLICE_INIT("a b") },
	{ "both ends", SLICE_INIT("\r\n\t a b \t\r\n"), SLICE_INIT("a b") },
	{ "vertical tab stays", SLICE_INIT("\va\f"), SLICE_INIT("\va\f") },
	{ "NUL stays", SLICE_INIT(" \0 "), SLICE_INIT("\0") },
};

static void
test_trim(void)
{
	size_t i;

	for (i = 0; i < COUNT(trim_rows); i++)
		is_slice(slice_trim(trim_rows[i].in), trim_rows[i].want,
		    trim_rows[i].name);
}

static const struct find_row {
	const char	*name;
	struct slice	 in;
	char		 c;
	size_t		 first, last;
	bool		 cut;
	struct slice	 head, rest;
} find_rows[] = {
	{ "nothing", NONE, ',', 0, 0, false, NONE, NONE },
	{ "absent", SLICE_INIT("abc"), ',', 3, 3,
	    false, SLICE_INIT("abc"), NONE },
	{ "at the start", SLICE_INIT(",abc"), ',', 0, 0,
	    true, NONE, SLICE_INIT("abc") },
	{ "at the end", SLICE_INIT("abc,"), ',', 3, 3,
	    true, SLICE_INIT("abc"), NONE },
	{ "twice", SLICE_INIT("a,b,c"), ',', 1, 3,
	    true, SLICE_INIT("a"), SLICE_INIT("b,c") },
	{ "alone", SLICE_INIT(","), ',', 0, 0, true, NONE, NONE },
	{ "NUL", SLICE_INIT("a\0b"), '\0', 1, 1,
	    true, SLICE_INIT("a"), SLICE_INIT("b") },
	{ "no NUL", SLICE_INIT("ab"), '\0', 2, 2,
	    false, SLICE_INIT("ab"), NONE },
	{ "8-bit", SLICE_INIT("a\xff"), '\xff', 1, 1,
	    true, SLICE_INIT("a"), NONE },
};

static void
test_find(void)
{
	const struct find_row *r;
	struct slice rest, head;
	size_t i;

	for (i = 0; i < COUNT(find_rows); i++) {
		r = &find_rows[i];
		is_num((long long)slice_find(r->in, r->c),
		    (long long)r->first, r->name);
		is_num((long long)slice_find_last(r->in, r->c),
		    (long long)r->last, r->name);
		rest = r->in;
		ok(slice_cut(&rest, r->c, &head) == r->cut, "cut: %s",
		    r->name);
		is_slice(head, r->head, r->name);
		is_slice(rest, r->rest, r->name);
	}
}

/* The loop that every list is read with. */
static void
test_cut_loop(void)
{
	static const char *const want[] = { "a", "", "b", "" };
	struct slice rest = SLICE("a,,b,");
	struct slice head;
	size_t n = 0;
	bool more;

	do {
		more = slice_cut(&rest, ',', &head);
		is_slice(head, slice_str(want[n]), "cut: parts in order");
		n++;
	} while (more && n < 4);
	ok(!more && n == 4, "cut: four parts");
}

static const struct number_row {
	const char		*name;
	struct slice		 in;
	unsigned long long	 max;
	bool			 good;
	unsigned long long	 want;
} number_rows[] = {
	{ "nothing", NONE, 10, false, 0 },
	{ "zero", SLICE_INIT("0"), 0, true, 0 },
	{ "one past zero", SLICE_INIT("1"), 0, false, 0 },
	{ "at the limit", SLICE_INIT("255"), 255, true, 255 },
	{ "one past", SLICE_INIT("256"), 255, false, 0 },
	{ "a digit too many", SLICE_INIT("2550"), 255, false, 0 },
	{ "leading zeros", SLICE_INIT("000255"), 255, true, 255 },
	{ "sign", SLICE_INIT("+1"), 10, false, 0 },
	{ "minus", SLICE_INIT("-1"), 10, false, 0 },
	{ "space", SLICE_INIT(" 1"), 10, false, 0 },
	{ "NUL after", SLICE_INIT("1\0"), 10, false, 0 },
	{ "hexadecimal", SLICE_INIT("0x1"), 10, false, 0 },
	{ "slash", SLICE_INIT("/"), 10, false, 0 },
	{ "colon", SLICE_INIT(":"), 10, false, 0 },
	{ "largest", SLICE_INIT("18446744073709551615"), ULLONG_MAX,
	    true, ULLONG_MAX },
	{ "one past the largest", SLICE_INIT("18446744073709551616"),
	    ULLONG_MAX, false, 0 },
	{ "far past the largest", SLICE_INIT("184467440737095516150"),
	    ULLONG_MAX, false, 0 },
};

static void
test_number(void)
{
	const struct number_row *r;
	unsigned long long got;
	size_t i;

	for (i = 0; i < COUNT(number_rows); i++) {
		r = &number_rows[i];
		got = 77;
		ok(slice_number(r->in, r->max, &got) == r->good,
		    "number: %s", r->name);
		ok(got == (r->good ? r->want : 77), "number's value: %s",
		    r->name);
	}
}

static void
test_octal(void)
{
	static const struct number_row rows[] = {
		{ "octal", SLICE_INIT("0660"), 0777, true, 0660 },
		{ "at its limit", SLICE_INIT("777"), 0777, true, 0777 },
		{ "one more", SLICE_INIT("1000"), 0777, false, 0 },
		{ "a digit that is none", SLICE_INIT("8"), 0777, false, 0 },
		{ "below the digits", SLICE_INIT("/"), 0777, false, 0 },
		{ "nothing", SLICE_INIT(""), 0777, false, 0 }
	};
	unsigned long long got;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		got = 77;
		ok(slice_octal(rows[i].in, rows[i].max, &got) == rows[i].good
		    && got == (rows[i].good ? rows[i].want : 77), "octal: %s",
		    rows[i].name);
	}
}

static const struct {
	struct slice	text, line, rest;
	bool		cut;
} line_rows[] = {
	{ SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT(""), false },
	{ SLICE_INIT("a"), SLICE_INIT("a"), SLICE_INIT(""), false },
	{ SLICE_INIT("a\r"), SLICE_INIT("a\r"), SLICE_INIT(""), false },
	{ SLICE_INIT("a\n"), SLICE_INIT("a"), SLICE_INIT(""), true },
	{ SLICE_INIT("a\r\n"), SLICE_INIT("a"), SLICE_INIT(""), true },
	{ SLICE_INIT("a\r\r\nb"), SLICE_INIT("a\r"), SLICE_INIT("b"), true },
	{ SLICE_INIT("a\rb\nc\n"), SLICE_INIT("a\rb"), SLICE_INIT("c\n"),
	    true },
	{ SLICE_INIT("\n\n"), SLICE_INIT(""), SLICE_INIT("\n"), true },
	{ SLICE_INIT("\r\nb"), SLICE_INIT(""), SLICE_INIT("b"), true }
};

static void
test_lines(void)
{
	struct slice rest, line;
	size_t i;

	for (i = 0; i < COUNT(line_rows); i++) {
		rest = line_rows[i].text;
		ok(slice_cut_line(&rest, &line) == line_rows[i].cut,
		    "line %zu: is there an end", i);
		is_slice(line, line_rows[i].line, "without its end");
		is_slice(rest, line_rows[i].rest, "and what follows");
	}
}

int
main(void)
{
	test_lines();
	ok(slice_same_str(NULL, NULL) && slice_same_str("a", "a") &&
	    !slice_same_str("a", NULL) && !slice_same_str(NULL, "") &&
	    !slice_same_str("a", "b"), "the same C string");
	test_octal();
	is_slice(slice_str(NULL), (struct slice)NONE, "str: NULL");
	is_slice(slice_str("ab"), SLICE("ab"), "str: text");
	is_num((long long)SLICE("a\0b").len, 3, "SLICE: counts NUL");
	test_compare();
	test_parts();
	test_trim();
	test_find();
	test_cut_loop();
	test_number();
	return tap_done();
}
