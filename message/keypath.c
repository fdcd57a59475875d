/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keypath: the paths of keys by a pattern, without looking at the files.
 */
#include "message/keypath_internal.h"

#include <string.h>

const struct slice keypath_domain = SLICE_INIT("%{domain}");
const struct slice keypath_selector = SLICE_INIT("%{selector}");

size_t
keypath_find(struct slice text, struct slice word)
{
	const char *at = text.len == 0 ? NULL :
	    memmem(text.ptr, text.len, word.ptr, word.len);

	return at == NULL ? text.len : (size_t)(at - text.ptr);
}

bool
keypath_has(struct slice text, struct slice word)
{
	return keypath_find(text, word) < text.len;
}

/* ---- building ---- */

void
keypath_add(struct keypath *p, struct slice s)
{
	p->whole = p->whole && s.len < sizeof(p->text) - p->len;
	if (!p->whole)
		return;
	if (s.len > 0)
		memcpy(p->text + p->len, s.ptr, s.len);
	p->len += s.len;
	p->text[p->len] = '\0';
}

struct slice
keypath_slice(const struct keypath *p)
{
	return (struct slice){ p->text, p->len };
}

void
keypath_expand(struct keypath *p, struct slice part, struct slice domain)
{
	size_t at = keypath_find(part, keypath_domain);

	keypath_add(p, slice_head(part, at));
	if (at == part.len)
		return;
	keypath_add(p, domain);
	keypath_add(p, slice_from(part, at + keypath_domain.len));
}

/* ---- reading ---- */

bool
keypath_cut_out(struct slice name, struct slice prefix, struct slice suffix,
    struct slice *middle)
{
	if (name.len <= prefix.len + suffix.len ||
	    !slice_starts(name, prefix) ||
	    !slice_eq(slice_from(name, name.len - suffix.len), suffix))
		return false;
	*middle = slice_head(slice_from(name, prefix.len),
	    name.len - prefix.len - suffix.len);
	return true;
}

bool
keypath_read_name(struct slice text, struct domain *out)
{
	return domain_parse(text, out) && slice_eq(domain_slice(out), text);
}

static bool
is_a_name(struct slice text)
{
	struct domain d;

	return keypath_read_name(text, &d);
}

/* "example.org.s1" with a "." between: is there a way to read it as both? */
static bool
has_both(struct slice text, struct slice between, bool selector_first)
{
	struct slice front, back;
	size_t i;

	for (i = 1; i + between.len < text.len; i++) {
		front = slice_head(text, i);
		back = slice_from(text, i + between.len);
		if (slice_starts(slice_from(text, i), between) &&
		    is_a_name(front) && is_a_name(back) &&
		    domain_labels(selector_first ? front : back) == 1)
			return true;
	}
	return false;
}

bool
keypath_matches(struct slice part, struct slice name)
{
	size_t d = keypath_find(part, keypath_domain);
	size_t s = keypath_find(part, keypath_selector);
	size_t first = d < s ? d : s, last = d < s ? s : d;
	size_t first_len = d < s ? keypath_domain.len : keypath_selector.len;
	size_t last_len = d < s ? keypath_selector.len : keypath_domain.len;
	bool both = last < part.len;
	struct slice middle;

	if (!keypath_cut_out(name, slice_head(part, first), slice_from(part,
	    both ? last + last_len : first + first_len), &middle))
		return false;
	if (!both)
		return is_a_name(middle);
	return has_both(middle, slice_head(slice_from(part,
	    first + first_len), last - first - first_len), s < d);
}
