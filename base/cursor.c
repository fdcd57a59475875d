/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor: the steps that every parser is made of.
 */
#include "base/cursor.h"

bool
cursor_any(struct cursor *c, char *out)
{
	if (cursor_at_end(c))
		return false;
	*out = *c->p++;
	return true;
}

bool
cursor_word(struct cursor *c, struct slice word)
{
	if (word.len == 0)
		return true;
	if (!slice_starts_nocase(cursor_rest(c), word))
		return false;
	c->p += word.len;
	return true;
}
