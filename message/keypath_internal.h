/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keypath: the paths of keys by a pattern, without looking at the files.
 *
 * A pattern has "%{domain}" and "%{selector}", each at most once.  Names count
 * in canonical form only: lower case, A-labels.  Where one name of a path has
 * both, a selector is a single label, so that "a.b.c.pem" is no key of two
 * domains.
 *
 * Pure functions.
 */
#ifndef MESSAGE_KEYPATH_INTERNAL_H
#define MESSAGE_KEYPATH_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/slice.h"

extern const struct slice keypath_domain;	/* "%{domain}" */
extern const struct slice keypath_selector;	/* "%{selector}" */

/* The index of `word` in `text`, or text.len. */
size_t	keypath_find(struct slice text, struct slice word);
bool	keypath_has(struct slice text, struct slice word);

/* ---- building; begins as { .whole = true } ---- */

struct keypath {
	char	text[PATH_MAX];		/* NUL-terminated */
	size_t	len;
	bool	whole;			/* false: it would be too long */
};

void		keypath_add(struct keypath *p, struct slice s);
/* Adds part of a pattern with the domain in its place. */
void		keypath_expand(struct keypath *p, struct slice part,
		    struct slice domain);
/* Borrowed from `p`. */
struct slice	keypath_slice(const struct keypath *p);

/* ---- reading names ---- */

/* What is between `prefix` and `suffix`.  False: not such a name, or there is
   nothing between. */
bool	keypath_cut_out(struct slice name, struct slice prefix,
	    struct slice suffix, struct slice *middle);
/* A domain name or selector in canonical form. */
bool	keypath_read_name(struct slice text, struct domain *out);
/*
 * Can this name come from `part`, a part of a pattern between two "/" that has
 * "%{domain}", "%{selector}" or both?
 */
bool	keypath_matches(struct slice part, struct slice name);

#endif
