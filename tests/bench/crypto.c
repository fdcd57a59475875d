/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto: the bare cryptography of the benchmark's message.
 *
 * SHA-256 of its canonical body, SHA-256 of its canonical signed header, one
 * RSA-2048 verification of that hash on a ready key, contexts kept: what any
 * verifier has to compute, and nothing else.  Prints CPU microseconds per
 * message.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "signed.h"

#define SHA256_OCTETS	32
#define ROUNDS		2000

struct verifier {
	EVP_MD		*md;
	EVP_MD_CTX	*hash;
	EVP_PKEY_CTX	*verify;
};

static void
verifier_init(struct verifier *v, EVP_PKEY *key)
{
	v->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	v->hash = EVP_MD_CTX_new();
	v->verify = EVP_PKEY_CTX_new(key, NULL);
	if (v->md == NULL || v->hash == NULL || v->verify == NULL ||
	    EVP_PKEY_verify_init(v->verify) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(v->verify, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(v->verify, v->md) != 1)
		errx(1, "OpenSSL: no SHA-256 or no RSA");
}

static void
hash_text(struct verifier *v, const struct signed_text *t,
    unsigned char out[SHA256_OCTETS])
{
	if (EVP_DigestInit_ex2(v->hash, v->md, NULL) != 1 ||
	    EVP_DigestUpdate(v->hash, t->ptr, t->len) != 1 ||
	    EVP_DigestFinal_ex(v->hash, out, NULL) != 1)
		errx(1, "SHA-256 failed");
}

static void
verify_message(struct verifier *v, const struct signed_message *m)
{
	unsigned char hash[SHA256_OCTETS];

	hash_text(v, &m->body, hash);
	hash_text(v, &m->head, hash);
	if (EVP_PKEY_verify(v->verify, m->sig, m->sig_len, hash, sizeof(hash))
	    != 1)
		errx(1, "the signature does not verify");
}

static double
cpu_microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int
main(void)
{
	EVP_PKEY *key = signed_key_new();
	struct signed_message *m = signed_message_new(key, "d0.bench.example");
	struct verifier v;
	double start;

	verifier_init(&v, key);
	for (int i = 0; i < ROUNDS / 10; i++)
		verify_message(&v, m);
	start = cpu_microseconds();
	for (int i = 0; i < ROUNDS; i++)
		verify_message(&v, m);
	printf("cpu=%.2f\n", (cpu_microseconds() - start) / ROUNDS);
	EVP_MD_CTX_free(v.hash);
	EVP_PKEY_CTX_free(v.verify);
	EVP_MD_free(v.md);
	signed_message_free(m);
	EVP_PKEY_free(key);
	return 0;
}
