/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64: RFC 4648 section 4.
 *
 * The decoder looks each octet up in one table.  Four digits in a row, by
 * far the most frequent case, make three octets at once; anything else
 * (white space, padding, the end, a wrong octet) is taken one at a time.
 */
#include "base/base64.h"

#include <stdint.h>

#define DIGIT	0x40		/* with the value in the lower six bits */
#define SPACE	0x80
#define PAD	0x81
#define VALUE	0x3f
#define D(v)	(DIGIT | (v))

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0: an octet that must not be in base64. */
static const unsigned char kinds[256] = {
	['A'] = D(0), ['B'] = D(1), ['C'] = D(2), ['D'] = D(3),
	['E'] = D(4), ['F'] = D(5), ['G'] = D(6), ['H'] = D(7),
	['I'] = D(8), ['J'] = D(9), ['K'] = D(10), ['L'] = D(11),
	['M'] = D(12), ['N'] = D(13), ['O'] = D(14), ['P'] = D(15),
	['Q'] = D(16), ['R'] = D(17), ['S'] = D(18), ['T'] = D(19),
	['U'] = D(20), ['V'] = D(21), ['W'] = D(22), ['X'] = D(23),
	['Y'] = D(24), ['Z'] = D(25), ['a'] = D(26), ['b'] = D(27),
	['c'] = D(28), ['d'] = D(29), ['e'] = D(30), ['f'] = D(31),
	['g'] = D(32), ['h'] = D(33), ['i'] = D(34), ['j'] = D(35),
	['k'] = D(36), ['l'] = D(37), ['m'] = D(38), ['n'] = D(39),
	['o'] = D(40), ['p'] = D(41), ['q'] = D(42), ['r'] = D(43),
	['s'] = D(44), ['t'] = D(45), ['u'] = D(46), ['v'] = D(47),
	['w'] = D(48), ['x'] = D(49), ['y'] = D(50), ['z'] = D(51),
	['0'] = D(52), ['1'] = D(53), ['2'] = D(54), ['3'] = D(55),
	['4'] = D(56), ['5'] = D(57), ['6'] = D(58), ['7'] = D(59),
	['8'] = D(60), ['9'] = D(61), ['+'] = D(62), ['/'] = D(63),
	[' '] = SPACE, ['\t'] = SPACE, ['\r'] = SPACE, ['\n'] = SPACE,
	['='] = PAD,
};

struct decoder {
	unsigned char	*out;
	size_t		 size;
	size_t		 len;
	uint32_t	 bits;		/* of the current group */
	unsigned int	 digits;	/* of the current group, 0..3 */
	unsigned int	 pads;
};

static bool
put(struct decoder *d, uint32_t octet)
{
	if (d->len == d->size)
		return false;
	d->out[d->len++] = (unsigned char)(octet & 0xff);
	return true;
}

static bool
put_group(struct decoder *d, uint32_t bits)
{
	return put(d, bits >> 16) && put(d, bits >> 8) && put(d, bits);
}

/*
 * Groups of four digits that are together, as long as there is room for
 * their three octets; returns the octets read.
 */
static size_t
decode_runs(struct decoder *d, const unsigned char *p, size_t left)
{
	size_t groups = left / 4, room = (d->size - d->len) / 3, i;
	unsigned int a, b, c, e, bits;
	unsigned char *out;

	if (groups > room)
		groups = room;
	if (groups == 0)
		return 0;
	out = d->out + d->len;
	for (i = 0; i < groups; i++, p += 4, out += 3) {
		a = kinds[p[0]];
		b = kinds[p[1]];
		c = kinds[p[2]];
		e = kinds[p[3]];
		if ((a & b & c & e & DIGIT) == 0)
			break;
		bits = (a & VALUE) << 18 | (b & VALUE) << 12 |
		    (c & VALUE) << 6 | (e & VALUE);
		out[0] = (unsigned char)(bits >> 16);
		out[1] = (unsigned char)(bits >> 8 & 0xff);
		out[2] = (unsigned char)(bits & 0xff);
	}
	d->len += 3 * i;
	return 4 * i;
}

static bool
decode_octet(struct decoder *d, unsigned char octet)
{
	unsigned char kind = kinds[octet];

	if (kind == SPACE)
		return true;
	if (kind == PAD)
		return ++d->pads <= 2;
	if (kind == 0 || d->pads > 0)
		return false;
	d->bits = d->bits << 6 | (kind & VALUE);
	if (++d->digits < 4)
		return true;
	d->digits = 0;
	return put_group(d, d->bits);
}

/*
 * The last group: 2 digits and "==", 3 digits and "=", or nothing at all;
 * the bits that belong to no octet are zero (RFC 4648 section 3.5).
 */
static bool
decode_end(struct decoder *d)
{
	switch (d->digits) {
	case 0:
		return d->pads == 0;
	case 2:
		return d->pads == 2 && (d->bits & 0xf) == 0 &&
		    put(d, d->bits >> 4);
	case 3:
		return d->pads == 1 && (d->bits & 0x3) == 0 &&
		    put(d, d->bits >> 10) && put(d, d->bits >> 2);
	default:
		return false;
	}
}

bool
base64_decode(struct slice text, unsigned char *out, size_t size,
    size_t *len)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	struct decoder d = { .out = out, .size = size };
	size_t at = 0;

	while (at < text.len) {
		if (d.digits == 0)
			at += decode_runs(&d, p + at, text.len - at);
		if (at < text.len && !decode_octet(&d, p[at++]))
			return false;
	}
	if (!decode_end(&d))
		return false;
	*len = d.len;
	return true;
}

size_t
base64_decode_loose(struct slice text, unsigned char *out)
{
	unsigned int bits = 0, count = 0;
	size_t i, len = 0;

	for (i = 0; i < text.len; i++) {
		unsigned int kind = kinds[(unsigned char)text.ptr[i]];

		if (kind == PAD)
			break;
		if ((kind & DIGIT) == 0)
			continue;
		bits = (bits << 6 | (kind & VALUE)) & 0xfff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[len++] = (unsigned char)(bits >> count & 0xff);
		}
	}
	return len;
}

size_t
base64_encoded_len(size_t len)
{
	return (len / 3 + (len % 3 != 0)) * 4;
}

void
base64_encode(const unsigned char *ptr, size_t len, char *out)
{
	uint32_t bits;

	for (; len >= 3; ptr += 3, len -= 3) {
		bits = (uint32_t)ptr[0] << 16 | (uint32_t)ptr[1] << 8 | ptr[2];
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & VALUE];
		*out++ = alphabet[bits >> 6 & VALUE];
		*out++ = alphabet[bits & VALUE];
	}
	if (len > 0) {
		bits = (uint32_t)ptr[0] << 16;
		if (len == 2)
			bits |= (uint32_t)ptr[1] << 8;
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & VALUE];
		*out++ = len == 2 ? alphabet[bits >> 6 & VALUE] : '=';
		*out++ = '=';
	}
	*out = '\0';
}
