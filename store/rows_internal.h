/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows: from a message to its row of a DMARC aggregate report (RFC 9990).
 */
#ifndef STORE_ROWS_INTERNAL_H
#define STORE_ROWS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "store/store.h"

#define ROWS_KEY 16		/* octets of the key of a row */

/*
 * The name of a policy, of a hash of what it is and its day, or the name of
 * another policy of that day.  The day comes first: the rows of a day lie
 * together, apart from those of other days.  Never 0, which has a meaning.
 */
uint64_t	rows_day_id(int64_t day, uint64_t hash);
uint64_t	rows_policy_id(uint64_t other, uint64_t hash);

/* Does a message with this body belong into a report? */
bool	rows_counts(struct slice body);
/*
 * What all rows of its report share: the record of the policy domain; and
 * what messages of one row share, but for envelope_to.  Fields as those of
 * record_internal.h, in one order, so that equal ones are equal octets.
 */
void	rows_policy_body(struct slice body, struct buf *b);
void	rows_row_body(struct slice body, struct buf *b);
/* The one domain of all recipients, or empty. */
struct slice	rows_envelope_to(struct slice body);

/* And back, but for ids and counts.  `dkim` and `reasons` are the caller's
   room, LIMIT_STORE_RESULTS and LIMIT_STORE_REASONS of them. */
void	rows_read_policy(struct slice body, struct store_policy *out);
void	rows_read_row(struct slice body, struct store_auth *dkim,
	    struct store_reason *reasons, struct store_row *out);

#endif
