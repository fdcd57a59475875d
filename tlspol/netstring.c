/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netstring: strictly, so that one text has one form.
 */
#include "tlspol/netstring.h"

#include "base/ascii.h"

enum netstring_state
netstring_take(struct slice *rest, size_t max, struct slice *out)
{
	struct slice s = *rest;
	size_t len = 0, i;

	for (i = 0; i < s.len && ascii_is_digit(s.ptr[i]); i++) {
		if (i > 0 && len == 0)
			return NETSTRING_BAD;
		len = len * 10 + (size_t)(s.ptr[i] - '0');
		if (len > max)
			return NETSTRING_BAD;
	}
	if (i == s.len)
		return NETSTRING_PART;
	if (i == 0 || s.ptr[i] != ':')
		return NETSTRING_BAD;
	s = slice_from(s, i + 1);
	if (s.len <= len)
		return NETSTRING_PART;
	if (s.ptr[len] != ',')
		return NETSTRING_BAD;
	*out = slice_head(s, len);
	*rest = slice_from(s, len + 1);
	return NETSTRING_WHOLE;
}

void
netstring_put(struct slice text, struct buf *out)
{
	buf_addf(out, "%zu:", text.len);
	buf_add(out, text);
	buf_addc(out, ',');
}
