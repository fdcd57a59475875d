/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: the header section of one message, in its order.
 *
 * A value is all that is after the colon, byte for byte, with folds as
 * CRLF and blank and without the last CRLF.  Text is copied to an arena.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/slice.h"

struct mail_field {
	struct slice	name;	/* as received, without blanks at its end */
	struct slice	value;	/* see above: with its leading blank */
	unsigned int	instance; /* 1, 2, ...: place among fields of this
				     name (any case), from the top */
	/* private */
	unsigned int	hash;	/* of the name */
	/* Of the same name, each as index + 1. */
	unsigned int	above;	/* the one before; 0: this is the first */
	unsigned int	jump;	/* one further up */
};

struct mail_header {
	struct mail_field	*fields;	/* borrowed from the arena */
	size_t			 count;
	size_t			 bytes;
	bool			 overflow;	/* a limit was passed: the
						   rest was not kept */
	/* private */
	size_t			 cap;
	struct arena		*arena;
	unsigned int		*names;		/* hash table: the last field of
						   each name, as index + 1 */
	size_t			 names_count;
	size_t			 names_cap;	/* a power of two */
	uint64_t		 seed;
};

/* The arena outlives the header and frees all of it. */
void	mail_header_init(struct mail_header *h, struct arena *arena);
/*
 * Adds one field at the end.  Line ends in `value` may be LF (as a milter
 * gets them) or CRLF; they are kept as CRLF.  A CR without LF stays as it
 * is.  Past LIMIT_HEADER_FIELDS or LIMIT_HEADER_BYTES the field is not kept,
 * `overflow` is set and false returned, for this field and all after it:
 * what is kept is the top of the header without a gap, so that `instance` is
 * right.  Without memory likewise, but `overflow` is not set: the header is
 * not too large, and arena_failed() says what it is.  Cost is constant for
 * each field, for all names that a sender may choose.
 */
bool	mail_header_add(struct mail_header *h, struct slice name,
	    struct slice value);
/*
 * The n-th (1...) field of that name from the top, or NULL.  The cost grows
 * with the logarithm of the number of fields of that name.
 */
const struct mail_field	*mail_header_find(const struct mail_header *h,
			    struct slice name, unsigned int instance);
unsigned int	mail_header_instances(const struct mail_header *h,
		    struct slice name);

/*
 * Splits a whole message (CRLF or LF line ends) into header and body, as a
 * mail server does: for files and tests.  A line that is no field ends the
 * header.  `*body` is what follows the empty line (or begins at that line).
 * Blanks may be before the colon.  False when `overflow` is set or there
 * was no memory; `*body` is valid in either case.
 */
bool	mail_header_parse(struct mail_header *h, struct slice message,
	    struct slice *body);

#endif
