/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What DKIM found of a message: for DMARC, and for those who explain it.
 */
#ifndef MESSAGE_DKIM_H
#define MESSAGE_DKIM_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim/verify.h"

struct message;

/* From the end of the header on; the verdicts from message_finish() on. */
struct message_dkim {
	const struct dkim_signature	*signatures;
	size_t				 count;
	/* For its trace (dkim/trace.h), once there are verdicts. */
	const struct dkim_verifier	*verifier;
	/* `dkim: test-keys`: a key in test mode counts as any other. */
	bool				 test_keys;
};

/* Borrowed from the message. */
const struct message_dkim	*message_dkim(const struct message *m);

/*
 * For another method that hashes the body, at the end of the header, after
 * DKIM's own hook; see dkim_verifier_hashes().  NULL: no memory.
 */
struct bodyhash			*message_dkim_hashes(struct message *m);

/*
 * RFC 6376 3.6.1: a signature whose key is in test mode (t=y) is treated as
 * if it were not there, unless the configuration says otherwise.
 */
bool	message_dkim_counts(const struct message_dkim *d, size_t i);

#endif
