/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor: a place in hostile text, from which a parser reads.
 *
 * A cursor never reads past its end and never moves back by itself: a
 * parser that fails puts back the copy it took at its start.  One function
 * for each rule of a grammar, built on these.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct cursor {
	const char	*p;
	const char	*end;
};

typedef bool cursor_class_fn(char c);

static inline struct cursor
cursor_of(struct slice s)
{
	return (struct cursor){ s.ptr, s.len > 0 ? s.ptr + s.len : s.ptr };
}

static inline bool
cursor_at_end(const struct cursor *c)
{
	return c->p == c->end;
}

static inline size_t
cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static inline struct slice
cursor_rest(const struct cursor *c)
{
	return (struct slice){ c->p, cursor_left(c) };
}

/* True when the next octet is `want`; never true at the end. */
static inline bool
cursor_is(const struct cursor *c, char want)
{
	return c->p < c->end && *c->p == want;
}

/* Takes `want` if it is next. */
static inline bool
cursor_take(struct cursor *c, char want)
{
	if (!cursor_is(c, want))
		return false;
	c->p++;
	return true;
}

/* Takes any octet; false at the end. */
bool	cursor_any(struct cursor *c, char *out);
/* Takes `word` without regard to ASCII case, or nothing. */
bool	cursor_word(struct cursor *c, struct slice word);

/* All that was passed since `start`, a copy of the same cursor. */
static inline struct slice
cursor_since(const struct cursor *c, const struct cursor *start)
{
	return (struct slice){ start->p, (size_t)(c->p - start->p) };
}

/*
 * The longest run of octets of the class, which may be empty.  Inline, so
 * that the class is no call for each octet.
 */
static inline struct slice
cursor_span(struct cursor *c, cursor_class_fn *in_class)
{
	const char *p = c->p;

	while (c->p < c->end && in_class(*c->p))
		c->p++;
	return (struct slice){ p, (size_t)(c->p - p) };
}

#endif
