/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slice: comparing and cutting borrowed bytes.
 *
 * A slice of length 0 may have any pointer, NULL included, so no pointer is
 * used, not even with an offset of 0, before the length is known to be
 * positive.
 */
#include "base/slice.h"

#include <string.h>

#include "base/ascii.h"

struct slice
slice_str(const char *s)
{
	if (s == NULL)
		return (struct slice){ NULL, 0 };
	return (struct slice){ s, strlen(s) };
}

bool
slice_same_str(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && slice_starts_nocase(a, b);
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return slice_eq(slice_head(s, prefix.len), prefix);
}

bool
slice_starts_nocase(struct slice s, struct slice prefix)
{
	size_t i;

	if (s.len < prefix.len)
		return false;
	for (i = 0; i < prefix.len; i++) {
		if (s.ptr[i] != prefix.ptr[i] &&
		    ascii_lower(s.ptr[i]) != ascii_lower(prefix.ptr[i]))
			return false;
	}
	return true;
}

bool
slice_ends_nocase(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	    slice_eq_nocase(slice_from(s, s.len - suffix.len), suffix);
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order;

	order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

struct slice
slice_head(struct slice s, size_t len)
{
	if (len < s.len)
		s.len = len;
	return s;
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && ascii_is_space(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && ascii_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
slice_is_ascii(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (ascii_is_8bit(s.ptr[i]))
			return false;
	}
	return true;
}

size_t
slice_find(struct slice s, char c)
{
	const char *at;

	if (s.len == 0)
		return 0;
	at = memchr(s.ptr, c, s.len);
	return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

size_t
slice_find_last(struct slice s, char c)
{
	const char *at;

	if (s.len == 0)
		return 0;
	at = memrchr(s.ptr, c, s.len);
	return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

bool
slice_cut(struct slice *rest, char c, struct slice *head)
{
	struct slice all = *rest;
	size_t at = slice_find(all, c);

	*head = slice_head(all, at);
	*rest = slice_from(all, at < all.len ? at + 1 : at);
	return at < all.len;
}

bool
slice_cut_line(struct slice *rest, struct slice *line)
{
	if (!slice_cut(rest, '\n', line))
		return false;
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* Digits below `base`, which is 10 or less. */
static bool
read_digits(struct slice s, unsigned int base, unsigned long long max,
    unsigned long long *out)
{
	unsigned long long n = 0;
	unsigned int digit;
	size_t i;

	for (i = 0; i < s.len; i++) {
		digit = (unsigned int)(unsigned char)s.ptr[i] - '0';
		if (digit >= base || n > max / base ||
		    (n == max / base && digit > max % base))
			return false;
		n = n * base + digit;
	}
	if (s.len == 0)
		return false;
	*out = n;
	return true;
}

bool
slice_number(struct slice s, unsigned long long max, unsigned long long *out)
{
	return read_digits(s, 10, max, out);
}

bool
slice_octal(struct slice s, unsigned long long max, unsigned long long *out)
{
	return read_digits(s, 8, max, out);
}
