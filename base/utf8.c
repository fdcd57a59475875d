/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: UTF-8 as RFC 3629 section 4 has it.
 */
#include "base/utf8.h"

#include "base/ascii.h"

/*
 * What the second octet may be depends on the first: that keeps out long
 * forms, surrogates and what is above U+10FFFF.
 */
static bool
second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

bool
utf8_take(struct cursor *c)
{
	const unsigned char *p = (const unsigned char *)c->p;
	size_t len, i;

	if (cursor_at_end(c) || p[0] < 0xc2 || p[0] > 0xf4)
		return false;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (cursor_left(c) < len || !second_ok(p[0], p[1]))
		return false;
	for (i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
	}
	c->p += len;
	return true;
}

uint32_t
utf8_code(struct slice taken)
{
	uint32_t code = (unsigned char)taken.ptr[0];
	size_t i;

	code &= taken.len == 2 ? 0x1f : taken.len == 3 ? 0x0f : 0x07;
	for (i = 1; i < taken.len; i++)
		code = code << 6 | ((unsigned char)taken.ptr[i] & 0x3f);
	return code;
}

bool
utf8_is_valid(struct slice s)
{
	struct cursor c = cursor_of(s);

	while (!cursor_at_end(&c)) {
		if (!ascii_is_8bit(*c.p))
			c.p++;
		else if (!utf8_take(&c))
			return false;
	}
	return true;
}

struct slice
utf8_head(struct slice s, size_t max)
{
	struct cursor c;
	size_t back;

	if (s.len <= max)
		return s;
	/* A character that begins in the last three octets may be cut. */
	for (back = 1; back <= 3 && back <= max; back++) {
		c = cursor_of(slice_from(s, max - back));
		if (utf8_take(&c))
			return slice_head(s, c.p > s.ptr + max ? max - back :
			    max);
	}
	return slice_head(s, max);
}
