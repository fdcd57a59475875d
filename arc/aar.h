/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aar: ARC-Authentication-Results (RFC 8617 section 4.1.1): the results of
 * a host on the way, after the instance that they belong to.
 */
#ifndef ARC_AAR_H
#define ARC_AAR_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "mail/authres.h"

/*
 * "i" "=" 1*2DIGIT, comments and folds between them, and ";".  `payload` is
 * what is after it.  False: the field does not begin so, or the number
 * is not from 1 to LIMIT_ARC_SETS.  The payload is not looked at.
 */
bool	arc_aar_split(struct slice value, unsigned int *instance,
	    struct slice *payload);
/*
 * The results of a field, see authres_read().  False for one that cannot be
 * read: nothing is known of what it says.
 */
bool	arc_aar_read(struct slice value, struct arena *arena,
	    struct authres *out);
/*
 * Do the results say that the Author Domain `from` passed DMARC, and none of
 * them otherwise?  `from` is canonical.
 */
bool	arc_aar_passed_dmarc(const struct authres *results,
	    struct slice from);

/*
 * The value of a property of the first result of that method.  False: there
 * is none.
 */
bool	arc_aar_property(const struct authres *results, struct slice method,
	    struct slice ptype, struct slice property, struct slice *value);

/* "spf=pass dkim=pass(example.com) dmarc=fail(example.com)": what a field
   says, in few words, for a person.  Nothing foreign but names that are
   well-formed. */
void	arc_aar_sum_up(const struct authres *results, struct buf *out);

#endif
