/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto: what we use of OpenSSL 3.0, in a few functions.
 *
 * OpenSSL says "0" both for "does not verify" and for "could not try", which
 * is lack of memory in all cases that are known.  What it meant is in
 * its error queue, and even there a failed allocation often has another name
 * ("unsupported", "key setup failed").  A signature therefore counts as bad
 * only when that is certain: for RSA, errors of the RSA code and no others;
 * for Ed25519, which has no error for it, no error at all, twice.
 *
 * What a key is made of was checked before: when OpenSSL does not take it,
 * it had no memory.
 */
#include "dkim/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/*
 * OpenSSL does not clean up at the end of the process: other threads may
 * still use it then.
 */
struct evp_md_st *
crypto_sha256_new(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return NULL;
	return EVP_MD_fetch(NULL, "SHA256", NULL);
}

void
crypto_sha256_free(struct evp_md_st *md)
{
	EVP_MD_free(md);
}

/* ---- hashes ---- */

void
crypto_hash_init(struct crypto_hash *h, struct evp_md_st *md)
{
	h->ctx = EVP_MD_CTX_new();
	crypto_hash_restart(h, md);
}

void
crypto_hash_restart(struct crypto_hash *h, struct evp_md_st *md)
{
	h->failed = h->ctx == NULL ||
	    EVP_DigestInit_ex2(h->ctx, md, NULL) != 1;
}

void
crypto_hash_add(struct crypto_hash *h, const char *ptr, size_t len)
{
	if (!h->failed && EVP_DigestUpdate(h->ctx, ptr, len) != 1)
		h->failed = true;
}

bool
crypto_hash_end(struct crypto_hash *h, unsigned char out[DKIM_SHA256_LEN])
{
	if (!h->failed && EVP_DigestFinal_ex(h->ctx, out, NULL) != 1)
		h->failed = true;
	if (h->failed)
		ERR_clear_error();
	return !h->failed;
}

void
crypto_hash_copy(struct crypto_hash *to, const struct crypto_hash *from)
{
	to->failed = from->failed || to->ctx == NULL ||
	    EVP_MD_CTX_copy_ex(to->ctx, from->ctx) != 1;
}

void
crypto_hash_fini(struct crypto_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
	h->failed = true;
}

/* ---- keys ---- */

/* What is there of a key is a key, or is given back. */
static bool
made(struct crypto_key *key, bool whole)
{
	if (!whole) {
		crypto_key_fini(key);
		ERR_clear_error();
	}
	return whole;
}

bool
crypto_key_rsa(const unsigned char *der, size_t len, struct crypto_key *out)
{
	const unsigned char *p = der;

	out->rsa = NULL;
	out->pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)len);
	if (out->pkey != NULL)
		out->rsa = EVP_PKEY_CTX_new(out->pkey, NULL);
	return made(out, out->rsa != NULL &&
	    EVP_PKEY_verify_init(out->rsa) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(out->rsa, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(out->rsa, EVP_sha256()) == 1);
}

bool
crypto_key_ed25519(const unsigned char *raw, struct crypto_key *out)
{
	out->rsa = NULL;
	out->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw,
	    DKIM_ED25519_KEY_LEN);
	return made(out, out->pkey != NULL);
}

bool
crypto_key_copy(const struct crypto_key *key, struct crypto_key *out)
{
	*out = (struct crypto_key){ NULL, NULL };
	if (EVP_PKEY_up_ref(key->pkey) == 1)
		out->pkey = key->pkey;
	if (key->rsa != NULL)
		out->rsa = EVP_PKEY_CTX_dup(key->rsa);
	return made(out, out->pkey != NULL &&
	    (key->rsa == NULL || out->rsa != NULL));
}

void
crypto_key_fini(struct crypto_key *key)
{
	EVP_PKEY_CTX_free(key->rsa);
	EVP_PKEY_free(key->pkey);
	*key = (struct crypto_key){ NULL, NULL };
}

/* ---- signatures ---- */

/*
 * Did an operation fail for lack of memory?  Only what says so counts: which
 * errors OpenSSL queues for a bad signature differs between its versions.
 * Empties the queue.
 */
static bool
is_memory_failure(void)
{
	bool memory = false;
	unsigned long e;

	while ((e = ERR_get_error()) != 0)
		memory |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return memory;
}

/* False also when OpenSSL could not do its work. */
static bool
verify_rsa(struct crypto_key *key, const unsigned char hash[DKIM_SHA256_LEN],
    const unsigned char *sig, size_t sig_len)
{
	/* RFC 8017 section 8.2.2 step 1. */
	return sig_len == (size_t)EVP_PKEY_get_size(key->pkey) &&
	    EVP_PKEY_verify(key->rsa, sig, sig_len, hash,
	    DKIM_SHA256_LEN) == 1;
}

static bool
verify_ed25519(struct evp_pkey_st *key,
    const unsigned char hash[DKIM_SHA256_LEN], const unsigned char *sig,
    size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	if (ctx == NULL) {
		ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
		return false;
	}
	good = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, sig, sig_len, hash, DKIM_SHA256_LEN) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

static enum crypto_status
verify_once(struct crypto_key *key, const unsigned char hash[DKIM_SHA256_LEN],
    const unsigned char *sig, size_t sig_len)
{
	bool good;

	ERR_clear_error();
	good = key->rsa != NULL ? verify_rsa(key, hash, sig, sig_len) :
	    verify_ed25519(key->pkey, hash, sig, sig_len);
	if (is_memory_failure() && !good)
		return CRYPTO_NO_MEMORY;
	return good ? CRYPTO_GOOD : CRYPTO_BAD;
}

/*
 * OpenSSL does not queue an error for every allocation that fails: a bad
 * signature counts when it is bad again.
 */
enum crypto_status
crypto_verify(struct crypto_key *key,
    const unsigned char hash[DKIM_SHA256_LEN], const unsigned char *sig,
    size_t sig_len)
{
	enum crypto_status status;

	status = verify_once(key, hash, sig, sig_len);
	if (status == CRYPTO_BAD)
		status = verify_once(key, hash, sig, sig_len);
	return status;
}
