/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prove: is this signature that of the owner of the key?  RFC 6376 section
 * 6.1.2, for DKIM and ARC.
 */
#ifndef DKIM_PROVE_H
#define DKIM_PROVE_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim/context.h"
#include "dkim/crypto.h"
#include "dkim/key.h"
#include "mail/result.h"
#include "resolver/dns.h"

/* A signature, and what it signs.  Borrowed. */
struct dkim_claim {
	struct dkim_key_need	 need;
	const unsigned char	*hash;		/* DKIM_SHA256_LEN octets */
	const unsigned char	*b;
	size_t			 b_len;
	/* What is wrong with it for any key: the verdict as soon as a key
	   fits.  `why` is static text; NULL: nothing is.  A temperror is
	   lack of memory. */
	enum auth_result	 fault;
	const char		*why;
};

struct dkim_proof {
	enum auth_result	 result;
	const char		*comment;	/* static; NULL: none.  "test
						   mode" of a pass */
	/* Of the key that gave the result. */
	unsigned int		 key_bits;	/* 0: no key was read */
	bool			 key_testing;	/* t=y */
	bool			 authenticated;	/* it came with DNSSEC */
	bool			 stale;		/* and had expired (dns.h) */
	bool			 no_memory;	/* a temperror for that */
};

/*
 * `answer` is that to the TXT question for the key; NULL: there is none, as
 * after a time-out.  Up to LIMIT_DKIM_KEY_RECORDS keys are tried.
 */
void	dkim_prove(struct dkim_context *ctx, const struct dns_answer *answer,
	    const struct dkim_claim *claim, struct dkim_proof *proof);

#endif
