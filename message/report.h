/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what was found of a message, for the policy, for the header and
 * for the log.
 */
#ifndef MESSAGE_REPORT_H
#define MESSAGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/authres.h"
#include "message/message.h"
#include "policy/policy.h"

/* Everything in `f` is borrowed from the results. */
void	report_facts(const struct message_results *r,
	    struct policy_facts *f);

/*
 * RFC 6376 3.6.1: a signature whose key is in test mode (t=y) is treated as
 * if it were not there, unless the configuration says otherwise (`dkim:
 * test-keys`).  `i` is a signature.
 */
bool	report_signature_counts(const struct message_results *r, size_t i);

/*
 * The value of the Authentication-Results field: spf for MAIL FROM and for
 * HELO, each with its own property (RFC 8601 section 2.7.2), then one result
 * for each signature.  `value` is borrowed from `w`, which the caller
 * finishes in any case.  False: no memory, or too long.
 */
bool	report_authres(const struct message_results *r,
	    struct authres_writer *w, struct slice *value);

/* One line: who, what was found, how long DNS took, what was decided. */
void	report_log(const struct message_results *r, struct slice queue_id);

#endif
