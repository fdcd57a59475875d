/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signature that does not verify is bad, whatever OpenSSL says about it.
 */
#include "dkim/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/tap.h"

static const unsigned char hash[DKIM_SHA256_LEN] = { 1, 2, 3 };

static size_t
sign(EVP_PKEY *key, unsigned char *sig, size_t size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (EVP_PKEY_sign_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) != 1 ||
	    EVP_PKEY_sign(ctx, sig, &size, hash, sizeof(hash)) != 1)
		size = 0;
	EVP_PKEY_CTX_free(ctx);
	return size;
}

/* What an earlier user of the thread left on the queue counts for nothing. */
static enum crypto_status
verify(struct crypto_key *key, const unsigned char *sig, size_t len)
{
	enum crypto_status status;

	ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
	status = crypto_verify(key, hash, sig, len);
	ok(ERR_peek_error() == 0, "the queue is empty afterwards");
	return status;
}

static void
test_rsa(void)
{
	EVP_PKEY *pkey = EVP_RSA_gen(1024);
	unsigned char sig[512], *der = NULL;
	struct crypto_key key;
	size_t len = sign(pkey, sig, sizeof(sig)), i;
	int der_len = i2d_PublicKey(pkey, &der);

	if (!ok(len > 0 && der_len > 0 &&
	    crypto_key_rsa(der, (size_t)der_len, &key), "an RSA key"))
		return;
	is_num(verify(&key, sig, len), CRYPTO_GOOD, "RSA, good");
	/* Another padding, another number, larger than the modulus ... */
	for (i = 0; i < len; i += 9) {
		sig[i] ^= 0x41;
		is_num(verify(&key, sig, len), CRYPTO_BAD, "RSA, changed");
		sig[i] ^= 0x41;
	}
	memset(sig, 0xff, len);
	is_num(verify(&key, sig, len), CRYPTO_BAD, "RSA, above the modulus");
	memset(sig, 0, len);
	is_num(verify(&key, sig, len), CRYPTO_BAD, "RSA, zero");
	is_num(verify(&key, sig, len - 1), CRYPTO_BAD, "RSA, too short");
	is_num(verify(&key, sig, len + 1), CRYPTO_BAD, "RSA, too long");
	is_num(verify(&key, sig, 0), CRYPTO_BAD, "RSA, empty");
	crypto_key_fini(&key);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void
test_ed25519(void)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[64], raw[DKIM_ED25519_KEY_LEN];
	size_t len = sizeof(sig), raw_len = sizeof(raw), i;
	struct crypto_key key;

	if (!ok(EVP_PKEY_get_raw_public_key(pkey, raw, &raw_len) == 1 &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, hash, sizeof(hash)) == 1 &&
	    crypto_key_ed25519(raw, &key), "an Ed25519 key"))
		return;
	is_num(verify(&key, sig, len), CRYPTO_GOOD, "Ed25519, good");
	for (i = 0; i < len; i += 9) {
		sig[i] ^= 0x41;
		is_num(verify(&key, sig, len), CRYPTO_BAD,
		    "Ed25519, changed");
		sig[i] ^= 0x41;
	}
	is_num(verify(&key, sig, len - 1), CRYPTO_BAD, "Ed25519, short");
	is_num(verify(&key, sig, 0), CRYPTO_BAD, "Ed25519, empty");
	/* A key that is no point of the curve. */
	crypto_key_fini(&key);
	memset(raw, 0xff, sizeof(raw));
	if (ok(crypto_key_ed25519(raw, &key), "a key that is no point"))
		is_num(verify(&key, sig, len), CRYPTO_BAD, "it is bad");
	crypto_key_fini(&key);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

int
main(void)
{
	test_rsa();
	test_ed25519();
	return tap_done();
}
