/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal: ARC-Seal of our own, RFC 8617 section 5.1.  Whether a message is to
 * be sealed is not decided here.
 */
#ifndef ARC_SEAL_H
#define ARC_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "arc/arc.h"
#include "dkim/sign.h"

/*
 * The instance of the next set; 0: none may be added, since the chain is
 * broken (5.1.2 lets that be said with a seal, or not) or full.
 */
unsigned int	arc_seal_instance(const struct arc_verdict *arrival);

/* The new set less its seal.  Values begin with the blank after the colon,
   their folds are LF and a blank. */
struct arc_seal_order {
	struct slice			 domain;	/* canonical */
	const struct dkim_sign_key	*key;
	int64_t				 now;		/* t= */
	struct slice			 results, message;
};

/*
 * The value of ARC-Seal for a message that came with `arrival`, which has an
 * instance left; the arena's, folds as above.  False: memory or OpenSSL
 * failed.
 */
bool	arc_seal_make(struct dkim_context *ctx,
	    const struct arc_seal_order *order,
	    const struct arc_verdict *arrival, struct arena *arena,
	    struct slice *value);

#endif
