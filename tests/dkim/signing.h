/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: a whole message through the signer, for tests.
 */
#ifndef TESTS_DKIM_SIGNING_H
#define TESTS_DKIM_SIGNING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "dkim/sign.h"
#include "resolver/zone.h"
#include "tests/dkim/support.h"

#define SIGNING_KEYS 4	/* at most, in one set of options */

struct signing_result {
	struct text	fields;		/* DKIM-Signature, CRLF ends */
	struct text	message;	/* those and the message */
	size_t		count;
	unsigned int	hazards;	/* without 8BITMIME */
};

/*
 * Signs a message, the body in pieces of `chunk` octets.  False when the
 * signer failed; signing_fini() in any case.
 */
bool	signing_run(struct signing_result *r, struct dkim_context *ctx,
	    const struct dkim_sign_options *options, struct slice message,
	    size_t chunk);
void	signing_fini(struct signing_result *r);

/* Puts a key's record into a zone; false for lack of memory. */
bool	signing_publish(struct dns_zone *zone,
	    const struct dkim_private_key *k, struct slice selector,
	    struct slice domain);

#endif
