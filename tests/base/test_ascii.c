/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each class of base/ascii.h against a list of its members, for all 256
 * values of an octet.
 */
#include "base/ascii.h"

#include <string.h>

#include "tests/tap.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool
is_hex(char c)
{
	return ascii_hex(c) >= 0;
}

static const struct class_row {
	const char	*name;
	bool		(*in_class)(char c);
	const char	*members;
} class_rows[] = {
	{ "upper", ascii_is_upper, UPPER },
	{ "alpha", ascii_is_alpha, UPPER LOWER },
	{ "digit", ascii_is_digit, DIGITS },
	{ "alnum", ascii_is_alnum, UPPER LOWER DIGITS },
	{ "wsp", ascii_is_wsp, " \t" },
	{ "space", ascii_is_space, " \t\r\n" },
	{ "vchar", ascii_is_vchar, UPPER LOWER DIGITS
	    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" },
	{ "hex", is_hex, DIGITS "ABCDEFabcdef" },
};

/* The first octet that is judged wrongly, or -1. */
static int
first_wrong(const struct class_row *row)
{
	size_t len = strlen(row->members);
	int i;

	for (i = 0; i < 256; i++) {
		if (row->in_class((char)i) !=
		    (memchr(row->members, i, len) != NULL))
			return i;
	}
	return -1;
}

static void
test_lower(void)
{
	int i, wrong = -1;
	char want;
	const char *at;

	for (i = 0; i < 256 && wrong < 0; i++) {
		at = i != 0 ? strchr(UPPER, i) : NULL;
		want = at != NULL ? LOWER[at - UPPER] : (char)i;
		if (ascii_lower((char)i) != want)
			wrong = i;
	}
	is_num(wrong, -1, "lower: A to Z only");
}

static void
test_8bit(void)
{
	int i, wrong = -1;

	for (i = 0; i < 256 && wrong < 0; i++) {
		if (ascii_is_8bit((char)i) != (i > 127))
			wrong = i;
	}
	is_num(wrong, -1, "8bit: above 127");
}

static void
test_hex_values(void)
{
	static const char digits[] = "0123456789abcdef";
	static const char upper[] = "0123456789ABCDEF";
	int i;

	for (i = 0; i < 16; i++) {
		is_num(ascii_hex(digits[i]), i, "hex value");
		is_num(ascii_hex(upper[i]), i, "hex value, upper case");
	}
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(class_rows) / sizeof(class_rows[0]); i++)
		is_num(first_wrong(&class_rows[i]), -1, class_rows[i].name);
	test_lower();
	test_8bit();
	test_hex_values();
	return tap_done();
}
