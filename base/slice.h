/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slice: borrowed bytes with a length.
 *
 * All input (mail, DNS, configuration) travels as a slice.  The bytes may
 * hold anything, NUL included, and are not terminated.  A slice owns
 * nothing: its maker says how long the bytes live.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
	const char	*ptr;
	size_t		 len;
};

/* A slice of a string literal. */
#define SLICE(literal) \
	((struct slice){ (literal), sizeof("" literal) - 1 })
/* The same, for static initialisers. */
#define SLICE_INIT(literal) { (literal), sizeof("" literal) - 1 }
/* For printf's "%.*s": only for text that is known to be printable. */
#define SLICE_ARG(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""

/* Of a C string of ours; NULL gives the empty slice. */
struct slice	slice_str(const char *s);
/* Two C strings; NULL is the same as NULL alone. */
bool	slice_same_str(const char *a, const char *b);

bool	slice_eq(struct slice a, struct slice b);
/* Without regard to the case of ASCII letters. */
bool	slice_eq_nocase(struct slice a, struct slice b);
bool	slice_starts(struct slice s, struct slice prefix);
bool	slice_starts_nocase(struct slice s, struct slice prefix);
bool	slice_ends_nocase(struct slice s, struct slice suffix);
/* memcmp order, the shorter first. */
int	slice_cmp(struct slice a, struct slice b);

/* From `from` to the end; empty when `from` is past the end. */
static inline struct slice
slice_from(struct slice s, size_t from)
{
	if (from == 0 || s.len == 0)
		return s;
	if (from > s.len)
		from = s.len;
	return (struct slice){ s.ptr + from, s.len - from };
}
/* The first `len` bytes, or all of them when there are fewer. */
struct slice	slice_head(struct slice s, size_t len);
/* Without SP, HTAB, CR and LF at both ends. */
struct slice	slice_trim(struct slice s);
/* True when no octet is above 0x7F. */
bool	slice_is_ascii(struct slice s);

/* Index of the first / last `c`; s.len when there is none. */
size_t	slice_find(struct slice s, char c);
size_t	slice_find_last(struct slice s, char c);
/*
 * Cuts `rest` at the first `c`: `head` is what is before it and `rest`
 * what is after.  False, with head = all and rest = empty, when there
 * is no `c`.
 */
bool	slice_cut(struct slice *rest, char c, struct slice *head);
/* The same for a line and its end, CRLF or LF; a CR alone ends no line. */
bool	slice_cut_line(struct slice *rest, struct slice *line);

/*
 * 1*DIGIT as a number.  False when empty, when another octet is in it,
 * or when the number is above `max`.
 */
bool	slice_number(struct slice s, unsigned long long max,
	    unsigned long long *out);
/* The same of octal digits. */
bool	slice_octal(struct slice s, unsigned long long max,
	    unsigned long long *out);

#endif
