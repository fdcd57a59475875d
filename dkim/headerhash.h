/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * headerhash: the hash over the fields that h= names (RFC 6376 sections 3.7
 * and 5.4.2), for verifying and for signing.
 */
#ifndef DKIM_HEADERHASH_H
#define DKIM_HEADERHASH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dkim/canon.h"
#include "dkim/crypto.h"
#include "mail/header.h"

/* What has been taken of each name; scratch for all hashes of a message. */
struct headerhash {
	const struct mail_header	*header;	/* borrowed */
	unsigned int			*taken;		/* the arena's */
};

/* False: no memory.  `header` must stay as it is. */
bool	headerhash_init(struct headerhash *h, struct arena *arena,
	    const struct mail_header *header);

struct headerhash_input {
	enum dkim_canon		 how;
	struct slice		 h;	/* the value of h=, checked */
	struct slice		 name;	/* of the signature's own field */
	struct slice		 value;	/* of it, after the colon */
	struct slice		 cut;	/* its b= value, a part of `value`; or
					   {NULL, 0} */
	const struct mail_field	*own;	/* it is never taken for a name in h=;
					   NULL: not in the header */
};

/*
 * Hashes with `hash`, which was initialised and is finished when this
 * returns.  False: no memory.
 */
bool	headerhash_compute(struct headerhash *h,
	    const struct headerhash_input *in, struct crypto_hash *hash,
	    unsigned char out[DKIM_SHA256_LEN]);

#endif
