/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/base64.h"

#include <string.h>

#include "tests/tap.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct pair_row {
	struct slice	 plain;
	const char	*text;
} pair_rows[] = {
	/* RFC 4648 section 10 */
	{ SLICE_INIT(""), "" },
	{ SLICE_INIT("f"), "Zg==" },
	{ SLICE_INIT("fo"), "Zm8=" },
	{ SLICE_INIT("foo"), "Zm9v" },
	{ SLICE_INIT("foob"), "Zm9vYg==" },
	{ SLICE_INIT("fooba"), "Zm9vYmE=" },
	{ SLICE_INIT("foobar"), "Zm9vYmFy" },
	/* RFC 4648 section 9 */
	{ SLICE_INIT("\x14\xfb\x9c\x03\xd9\x7e"), "FPucA9l+" },
	{ SLICE_INIT("\x14\xfb\x9c\x03\xd9"), "FPucA9k=" },
	{ SLICE_INIT("\x14\xfb\x9c\x03"), "FPucAw==" },
	/* the ends of the alphabet */
	{ SLICE_INIT("\0\0\0"), "AAAA" },
	{ SLICE_INIT("\xff\xff\xff"), "////" },
	{ SLICE_INIT("\xfb\xef\xbe"), "++++" },
	{ SLICE_INIT("\0"), "AA==" },
	{ SLICE_INIT("\xff"), "/w==" },
	{ SLICE_INIT("\xff\xff"), "//8=" },
};

static const struct pair_row loose_rows[] = {
	{ SLICE_INIT("foobar"), "Zm9v!\r\nYm\x80" "Fy" },
	{ SLICE_INIT("foob"), "Zm9vYg" },
	{ SLICE_INIT("fooba"), "Zm9vYmE" },
	{ SLICE_INIT("foo"), "Zm9vY" },
	{ SLICE_INIT("f"), "Zg==Zm8=" },
	{ SLICE_INIT(""), "=Zg" },
};

static void
test_loose(void)
{
	unsigned char out[32];
	size_t i, len;

	for (i = 0; i < COUNT(pair_rows); i++) {
		len = base64_decode_loose(slice_str(pair_rows[i].text), out);
		is_bytes(out, len, pair_rows[i].plain.ptr,
		    pair_rows[i].plain.len, pair_rows[i].text);
	}
	for (i = 0; i < COUNT(loose_rows); i++) {
		len = base64_decode_loose(slice_str(loose_rows[i].text), out);
		is_bytes(out, len, loose_rows[i].plain.ptr,
		    loose_rows[i].plain.len, loose_rows[i].text);
	}
}

static void
test_pairs(void)
{
	const struct pair_row *r;
	unsigned char out[16];
	char text[32];
	size_t i, len;

	for (i = 0; i < COUNT(pair_rows); i++) {
		r = &pair_rows[i];
		base64_encode((const unsigned char *)r->plain.ptr,
		    r->plain.len, text);
		is_str(text, r->text, "encode");
		is_num((long long)base64_encoded_len(r->plain.len),
		    (long long)strlen(r->text), "encoded length");
		len = 99;
		ok(base64_decode(slice_str(r->text), out, r->plain.len,
		    &len), "decode %s", r->text);
		is_bytes(out, len, r->plain.ptr, r->plain.len, r->text);
		if (r->plain.len == 0)
			continue;
		len = 99;
		ok(!base64_decode(slice_str(r->text), out, r->plain.len - 1,
		    &len) && len == 99, "decode %s: no room", r->text);
	}
}

static const struct text_row {
	const char	*name;
	struct slice	 text;
	const char	*want;		/* NULL: refused */
} text_rows[] = {
	{ "NULL", { NULL, 0 }, "" },
	{ "only space", SLICE_INIT(" \t\r\n"), "" },
	{ "space at the start", SLICE_INIT(" Zm9v"), "foo" },
	{ "space at the end", SLICE_INIT("Zm9v\r\n"), "foo" },
	{ "space in a group", SLICE_INIT("Z m\t9\r\nv"), "foo" },
	{ "space in the second group", SLICE_INIT("Zm9vY mFy"), "foobar" },
	{ "folded", SLICE_INIT("Zm9v\r\n\tYmFy"), "foobar" },
	{ "folded, then a group", SLICE_INIT("Zm9\r\n\tvYmFyZm9v"),
	    "foobarfoo" },
	{ "space before the padding", SLICE_INIT("Zg =="), "f" },
	{ "space in the padding", SLICE_INIT("Zg= ="), "f" },
	{ "space after the padding", SLICE_INIT("Zg== "), "f" },
	{ "space around one pad", SLICE_INIT("Zm8\r\n = "), "fo" },
	{ "vertical tab", SLICE_INIT("Zm9v\v"), NULL },
	{ "NUL after", SLICE_INIT("Zm9v\0"), NULL },
	{ "NUL in front", SLICE_INIT("\0Zm9v"), NULL },
	{ "8-bit", SLICE_INIT("Zm9\xf6"), NULL },
	{ "8-bit in the second group", SLICE_INIT("Zm9vYm\xc3\xb6"), NULL },
	{ "url alphabet -", SLICE_INIT("--8="), NULL },
	{ "url alphabet _", SLICE_INIT("__8="), NULL },
	{ "comma", SLICE_INIT("Zm9v,"), NULL },
	{ "colon", SLICE_INIT("Zm9v:"), NULL },
	{ "at sign", SLICE_INIT("@m9v"), NULL },
	{ "bracket", SLICE_INIT("[m9v"), NULL },
	{ "one digit", SLICE_INIT("Z"), NULL },
	{ "two digits", SLICE_INIT("Zg"), NULL },
	{ "three digits", SLICE_INIT("Zm8"), NULL },
	{ "five digits", SLICE_INIT("Zm9vY"), NULL },
	{ "two digits, one pad", SLICE_INIT("Zg="), NULL },
	{ "two digits, three pads", SLICE_INIT("Zg==="), NULL },
	{ "three digits, two pads", SLICE_INIT("Zm8=="), NULL },
	{ "one digit, three pads", SLICE_INIT("Z==="), NULL },
	{ "one digit, two pads", SLICE_INIT("Z=="), NULL },
	{ "only a pad", SLICE_INIT("="), NULL },
	{ "only pads", SLICE_INIT("===="), NULL },
	{ "pads after a full group", SLICE_INIT("Zm9v="), NULL },
	{ "two pads after a full group", SLICE_INIT("Zm9v=="), NULL },
	{ "digits after the padding", SLICE_INIT("Zg==Zg=="), NULL },
	{ "a digit between the pads", SLICE_INIT("Zg=g="), NULL },
	{ "four digits after a pad", SLICE_INIT("Zm8=Zm9v"), NULL },
	{ "rest bits, two digits", SLICE_INIT("Zh=="), NULL },
	{ "rest bits, the highest", SLICE_INIT("Zo=="), NULL },
	{ "rest bits, three digits", SLICE_INIT("Zm9="), NULL },
	{ "rest bits, three, highest", SLICE_INIT("Zm+="), NULL },
};

static void
test_texts(void)
{
	const struct text_row *r;
	unsigned char out[16];
	size_t i, len;
	bool good;

	for (i = 0; i < COUNT(text_rows); i++) {
		r = &text_rows[i];
		len = 99;
		good = base64_decode(r->text, out, sizeof(out), &len);
		ok(good == (r->want != NULL), "%s", r->name);
		if (good && r->want != NULL)
			is_bytes(out, len, r->want, strlen(r->want), r->name);
		else
			is_num((long long)len, 99, r->name);
	}
}

/* Each octet at the start of a group: only the alphabet is taken. */
static void
test_alphabet(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char out[3];
	char group[4] = "AAAA";
	size_t len;
	const char *at;
	int c, wrong = -1;

	for (c = 0; c < 256 && wrong < 0; c++) {
		group[0] = (char)c;
		at = memchr(alphabet, c, 64);
		if (base64_decode((struct slice){ group, 4 }, out, 3, &len) !=
		    (at != NULL))
			wrong = c;
		if (at != NULL && (len != 3 || out[0] >> 2 != at - alphabet))
			wrong = c;
	}
	is_num(wrong, -1, "alphabet: every octet");
}

/* Every length, with a line break after every 1 to 7 digits. */
static void
test_round_trip(void)
{
	unsigned char plain[200], back[200];
	char text[300], folded[600];
	size_t i, n, step, used, len, wrong = 0;

	for (i = 0; i < sizeof(plain); i++)
		plain[i] = (unsigned char)(i * 167 + 13);
	for (n = 0; n <= sizeof(plain); n++) {
		base64_encode(plain, n, text);
		wrong += strlen(text) != base64_encoded_len(n);
		for (step = 1; step < 8; step++) {
			for (i = used = 0; text[i] != '\0'; i++) {
				folded[used++] = text[i];
				if (i % step == 0)
					folded[used++] = '\n';
			}
			wrong += !base64_decode((struct slice){ folded, used },
			    back, n, &len) || len != n ||
			    memcmp(plain, back, n) != 0;
		}
	}
	is_num((long long)wrong, 0, "round trip: every length, folded");
}

int
main(void)
{
	test_pairs();
	test_loose();
	test_texts();
	test_alphabet();
	test_round_trip();
	return tap_done();
}
