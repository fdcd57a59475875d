/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * taglist: the tag=value lists of RFC 6376 section 3.2, strictly.
 */
#ifndef MAIL_TAGLIST_H
#define MAIL_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/slice.h"

struct tag {
	struct slice	name;
	struct slice	value;	/* without FWS at its ends; inner FWS kept */
	/* All between "=" and the next ";" or the end, white space too: what
	   is cut out of a DKIM-Signature for its own hash (3.7). */
	struct slice	raw_value;
};

struct taglist {
	struct tag	tags[LIMIT_TAGS];	/* borrow the parsed text */
	size_t		count;
	const char	*problem;	/* static; why parsing failed */
};

/*
 * False, with `problem` set, for anything that the grammar does not allow:
 * an empty tag-spec, a repeated name, an octet outside VALCHAR, LF without
 * a blank after it, more than LIMIT_TAGS tags.  One ";" at the end is
 * fine.  Line ends may be CRLF or LF.  `eight_bit` lets well-formed UTF-8
 * pass in values (RFC 8616 section 5).
 */
bool	taglist_parse(struct slice text, bool eight_bit,
	    struct taglist *out);
/* The tag of exactly that name (case counts), or NULL. */
const struct tag	*taglist_find(const struct taglist *l,
			    struct slice name);
/*
 * Takes the next element of a colon-separated value (h=, q=, s=, t=),
 * without FWS at its ends.  False when nothing is left.  "a::b" has an empty
 * element in the middle, "" has one empty element.  Begin with
 * `*more = true`.
 */
bool	taglist_next(struct slice *rest, bool *more, struct slice *out);

#endif
