/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ascii: classes of octets by the RFCs' core rules (RFC 5234 B.1).
 *
 * Independent of the locale, and defined for every value of char: <ctype.h>
 * is neither.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

static inline bool
ascii_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
ascii_is_alpha(char c)
{
	return ascii_is_upper(c) || (c >= 'a' && c <= 'z');
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline bool
ascii_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* White space as it is in a folded field: WSP, CR or LF. */
static inline bool
ascii_is_space(char c)
{
	return ascii_is_wsp(c) || c == '\r' || c == '\n';
}

/* VCHAR: %x21-7E. */
static inline bool
ascii_is_vchar(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* VCHAR or a space. */
static inline bool
ascii_is_printable(char c)
{
	return c == ' ' || ascii_is_vchar(c);
}

static inline bool
ascii_is_8bit(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

static inline char
ascii_lower(char c)
{
	return ascii_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
