/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto: the one door to OpenSSL.
 *
 * SHA-256 as a stream, public keys, and the check of a signature over a
 * ready hash.  A failure for want of memory is told apart from a signature
 * that is wrong: only the latter says anything about the message.
 */
#ifndef DKIM_CRYPTO_H
#define DKIM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct evp_md_st;
struct evp_md_ctx_st;
struct evp_pkey_st;

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

/* Octets that nobody can foretell, for hash tables. */
bool	crypto_random(void *out, size_t len);

/* One hash under way.  A failure is sticky and shows in crypto_hash_end(). */
struct crypto_hash {
	struct evp_md_ctx_st	*ctx;
	bool			 failed;
};

void	crypto_hash_init(struct crypto_hash *h, struct evp_md_st *md);
void	crypto_hash_add(struct crypto_hash *h, const char *ptr, size_t len);
/* False: no memory at some point; `out` is then not set.  Ready for
   crypto_hash_restart() or crypto_hash_fini(). */
bool	crypto_hash_end(struct crypto_hash *h,
	    unsigned char out[DKIM_SHA256_LEN]);
void	crypto_hash_restart(struct crypto_hash *h, struct evp_md_st *md);
/* Harmless when repeated, and on zeroed memory. */
void	crypto_hash_fini(struct crypto_hash *h);

/*
 * A public key: RSA from the DER of an RSAPublicKey (RFC 8017 A.1.1), whose
 * form and sizes the caller has checked, Ed25519 from its 32 octets.
 * `*out` is one reference.  False, and NULL: no memory.
 */
bool	crypto_key_rsa(const unsigned char *der, size_t len,
	    struct evp_pkey_st **out);
bool	crypto_key_ed25519(const unsigned char *raw,
	    struct evp_pkey_st **out);
struct evp_pkey_st	*crypto_key_ref(struct evp_pkey_st *key);
void			 crypto_key_unref(struct evp_pkey_st *key);

/*
 * RSASSA-PKCS1-v1_5 over a SHA-256 value (RFC 8017 section 8.2.2), or
 * PureEdDSA over its 32 octets (RFC 8463 section 3).  `key` is of that
 * type, `md` the digest of crypto_sha256_new().  Any thread; a key may be in
 * use by several.
 */
enum crypto_status	crypto_verify(enum crypto_type type,
			    struct evp_pkey_st *key, struct evp_md_st *md,
			    const unsigned char hash[DKIM_SHA256_LEN],
			    const unsigned char *sig, size_t sig_len);

#endif
