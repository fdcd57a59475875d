/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verp: the name of a report of ours, and the envelope sender it is sent with.
 *
 *     LOCAL+<report_id>-<hash>@DOMAIN
 *
 * A bounce comes back to this address (a variable envelope return path), which
 * says about which report and which destination it is.  The hash is keyed with
 * a secret of the store and covers both, so that nobody makes up bounces
 * against the reports of someone else.  Any thread.
 */
#ifndef REPORT_VERP_H
#define REPORT_VERP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "mail/mailbox.h"

#define REPORT_ID 17		/* 16 hex digits and NUL */
#define VERP_HASH 16		/* hex digits */
/* Octets that the tag adds to LOCAL: "+", report_id, "-", hash; and those of
   the tag itself with a NUL. */
#define VERP_TAG (1 + (REPORT_ID - 1) + 1 + VERP_HASH)

/* What the key is for: store_key() of store/store.h. */
#define VERP_PURPOSE "bounces of reports"

/*
 * The report_id of a policy of the store (store_policy.id): letters and digits
 * alone, since the name of the file has it as well (RFC 9990 section 3.1.4),
 * and the same whenever the report is made.
 */
void	report_id_make(uint64_t policy, char out[REPORT_ID]);
/* The policy again.  False: it is no report_id of ours. */
bool	report_id_read(struct slice text, uint64_t *policy);

/*
 * "<report_id>-<hash>": names a report and one of its destinations, an address
 * as mail_mailbox_parse() makes it.  It is in the envelope sender and in front
 * of "@" in the Message-ID.
 */
void	verp_tag_make(const uint64_t key[2], uint64_t policy,
	    struct slice destination, char out[VERP_TAG]);
/*
 * The envelope sender of a report to `destination`.  False: the local part of
 * `bounce` has more than LIMIT_REPORT_BOUNCE octets.
 */
bool	verp_make(const struct mail_mailbox *bounce, const uint64_t key[2],
	    uint64_t policy, struct slice destination,
	    struct mail_mailbox *out);

/* What a tag says, without a proof. */
struct verp {
	uint64_t	policy;
	uint64_t	hash;
};

/* False: it is no tag.  Case does not matter. */
bool	verp_tag_read(struct slice text, struct verp *out);
/* Is the hash that of the report to this destination? */
bool	verp_is_to(const struct verp *v, const uint64_t key[2],
	    struct slice destination);

#endif
