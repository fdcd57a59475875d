/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key: the key record in the DNS, read and checked (RFC 6376 section 3.6.1,
 * RFC 8301, RFC 8463 section 4).
 */
#ifndef DKIM_KEY_H
#define DKIM_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/slice.h"
#include "dkim/crypto.h"

enum dkim_key_status {
	DKIM_KEY_OK,
	DKIM_KEY_FOREIGN,	/* no key record: not a tag list, another
				   v=, no p= */
	DKIM_KEY_UNUSABLE,	/* a key record, but no key for us: revoked,
				   of an unknown type, broken, too large */
	DKIM_KEY_NO_MEMORY
};

struct dkim_key {
	enum crypto_type	 type;
	unsigned int		 bits;		/* of the modulus; 256 for
						   Ed25519 */
	bool			 testing;	/* t=y */
	bool			 strict;	/* t=s */
	bool			 sha256;	/* h= allows it */
	bool			 email;		/* s= allows it */
	struct crypto_key	 key;		/* the caller's own; none
						   unless DKIM_KEY_OK */
};

/*
 * Reads one record.  Unless it is DKIM_KEY_OK, `*problem` is static text
 * that says why not.  The flags and `bits` are set as far as they could be
 * read.  Whether the key fits a signature is for the caller to ask.
 */
enum dkim_key_status	dkim_key_parse(struct slice record,
			    struct dkim_key *out, const char **problem);
void			dkim_key_fini(struct dkim_key *key);

/*
 * Finds the RSAPublicKey in `der`, which is one itself (RFC 8017 A.1.1) or
 * a SubjectPublicKeyInfo around one (RFC 5280 section 4.1, RFC 3279 section
 * 2.3.1).  NULL when it is good, else what is wrong: not DER, octets behind
 * it, a modulus that is even or above LIMIT_DKIM_RSA_BITS, an exponent that
 * is even, 1, or above LIMIT_DKIM_RSA_EXPONENT_BITS.  `*bits` is that of the
 * modulus, or 0.
 */
const char		*dkim_key_unwrap_rsa(struct slice der,
			    struct slice *rsa_public_key, unsigned int *bits);

#endif
