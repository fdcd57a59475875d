/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: what is wrong with a record that a domain publishes, for those who
 * check their own.
 */
#ifndef BASE_LINT_H
#define BASE_LINT_H

#include <stddef.h>

#include "base/slice.h"

enum lint_weight {
	LINT_ERROR,	/* it does not do what it is there for */
	LINT_WARNING,	/* a part of it has no effect, or a risky one */
	LINT_HINT
};

/* Lives as long as the call that it is given to. */
struct lint_note {
	enum lint_weight	 weight;
	struct slice		 domain;	/* whose record */
	struct slice		 record;	/* "" when there is none */
	size_t			 at, len;	/* the part of it; len 0: all */
	const char		*what;		/* a static sentence */
	struct slice		 name;		/* that it is about, or "" */
	struct slice		 publish;	/* instead of the record, or ""
						   when there is no advice */
};
typedef void lint_fn(void *arg, const struct lint_note *note);

/* "error", "warning", "hint" */
const char	*lint_weight_name(enum lint_weight w);

/* The part of a note that `part` is of `record`. */
void		 lint_note_place(struct lint_note *note, struct slice record,
		    struct slice part);

/*
 * The one of `words`, which ends with NULL, that was meant by `word`: it
 * takes one edit to come to it, or two when it has five letters or more; two
 * neighbours that changed places are one.  Words above 20 letters are passed
 * over.  Case does not matter.  NULL: none.
 */
const char	*lint_nearest(struct slice word, const char *const *words);

#endif
