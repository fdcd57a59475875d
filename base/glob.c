/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glob: patterns in which "*" is any text.
 *
 * The last "*" that was met takes one octet more whenever what is after it
 * does not fit: those before it never have to be looked at again.
 */
#include "base/glob.h"

#include <stddef.h>

#include "base/ascii.h"

bool
glob_matches(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = 0, mark = 0;
	bool has_star = false;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			has_star = true;
			star = ++p;
			mark = t;
		} else if (p < pattern.len && ascii_lower(pattern.ptr[p]) ==
		    ascii_lower(text.ptr[t])) {
			p++;
			t++;
		} else if (has_star) {
			p = star;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}
