/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto: all use of OpenSSL but for private keys.
 *
 * SHA-256 as a stream, public keys, and the check of a signature over a
 * ready hash.  A failure for lack of memory is reported as such, not as a
 * wrong signature: only the latter says anything about the message.
 */
#ifndef DKIM_CRYPTO_H
#define DKIM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct evp_md_st;
struct evp_md_ctx_st;
struct evp_pkey_st;
struct evp_pkey_ctx_st;

#define DKIM_SHA256_LEN 32
#define DKIM_ED25519_KEY_LEN 32		/* RFC 8032 section 5.1.5 */

enum crypto_type {
	CRYPTO_RSA,
	CRYPTO_ED25519
};

enum crypto_status {
	CRYPTO_GOOD,
	CRYPTO_BAD,		/* does not verify */
	CRYPTO_NO_MEMORY
};

/* SHA-256, to be fetched once; NULL on failure.  Any thread may use it. */
struct evp_md_st	*crypto_sha256_new(void);
void			 crypto_sha256_free(struct evp_md_st *md);

/* A running hash.  A failure is sticky and shows in crypto_hash_end(). */
struct crypto_hash {
	struct evp_md_ctx_st	*ctx;
	bool			 failed;
};

void	crypto_hash_init(struct crypto_hash *h, struct evp_md_st *md);
void	crypto_hash_add(struct crypto_hash *h, const char *ptr, size_t len);
/* Makes `to`, which was initialised, what `from` is now. */
void	crypto_hash_copy(struct crypto_hash *to,
	    const struct crypto_hash *from);
/* False: no memory at some point; `out` is then not set.  Ready for
   crypto_hash_restart() or crypto_hash_fini(). */
bool	crypto_hash_end(struct crypto_hash *h,
	    unsigned char out[DKIM_SHA256_LEN]);
void	crypto_hash_restart(struct crypto_hash *h, struct evp_md_st *md);
/* Harmless when repeated, and on zeroed memory. */
void	crypto_hash_fini(struct crypto_hash *h);

/*
 * A public key, of one owner.  For RSA all that a check needs but the hash and
 * the signature is set up once and then copied, which costs a tenth.
 */
struct crypto_key {
	struct evp_pkey_st	*pkey;	/* NULL: no key */
	struct evp_pkey_ctx_st	*rsa;	/* NULL for Ed25519 */
};

/*
 * RSA from the DER of an RSAPublicKey (RFC 8017 A.1.1), whose form and sizes
 * the caller has checked, Ed25519 from its 32 octets.  False, and no key: no
 * memory.
 */
bool	crypto_key_rsa(const unsigned char *der, size_t len,
	    struct crypto_key *out);
bool	crypto_key_ed25519(const unsigned char *raw, struct crypto_key *out);
/* Several threads may copy the same key.  False, and no key: no memory. */
bool	crypto_key_copy(const struct crypto_key *key, struct crypto_key *out);
/* Harmless when repeated, and without a key. */
void	crypto_key_fini(struct crypto_key *key);

/*
 * RSASSA-PKCS1-v1_5 over a SHA-256 value (RFC 8017 section 8.2.2), or
 * PureEdDSA over its 32 octets (RFC 8463 section 3).  One thread at a time
 * for one copy of a key.
 */
enum crypto_status	crypto_verify(struct crypto_key *key,
			    const unsigned char hash[DKIM_SHA256_LEN],
			    const unsigned char *sig, size_t sig_len);

#endif
