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
#include "resolver/dns.h"

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
 * read.  Whether the key fits a signature says dkim_key_misfit().
 */
enum dkim_key_status	dkim_key_parse(struct slice record,
			    struct dkim_key *out, const char **problem);
void			dkim_key_fini(struct dkim_key *key);

/* What a signature asks of the key that it is checked with. */
struct dkim_key_need {
	enum crypto_type	 type;		/* of a=; SHA-256 always */
	unsigned int		 minimum_rsa_bits;
	bool			 subdomain;	/* i= is below d= */
};

/*
 * RFC 6376 section 6.1.2, steps 6 to 8, and RFC 8301 section 3.2: NULL when
 * the key may be used for such a signature, else static text that says why
 * not.  The one place for it: verification, key-check, rotation and ARC ask
 * here.
 */
const char		*dkim_key_misfit(const struct dkim_key *key,
			    const struct dkim_key_need *need);

/*
 * Why an answer says nothing about the key, steps 2 and 3: static text.  NULL:
 * it has records, or there is no record.
 */
const char		*dkim_key_unknown(const struct dns_answer *answer);

/*
 * Finds the RSAPublicKey in `der`, which is one itself (RFC 8017 A.1.1) or
 * a SubjectPublicKeyInfo around one (RFC 5280 section 4.1, RFC 3279 section
 * 2.3.1).  NULL when it is good, else what is wrong: not DER, octets after
 * it, a modulus that is even or above LIMIT_DKIM_RSA_BITS, an exponent that
 * is even, 1, or above LIMIT_DKIM_RSA_EXPONENT_BITS.  `*bits` is that of the
 * modulus, or 0.
 */
const char		*dkim_key_unwrap_rsa(struct slice der,
			    struct slice *rsa_public_key, unsigned int *bits);

#endif
