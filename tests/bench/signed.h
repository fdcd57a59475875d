/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signed: the message of the benchmark, made and signed here.
 *
 * 30 KB of text and some twenty header fields with one DKIM signature,
 * rsa-sha256 with an RSA key of 2048 bits, relaxed/relaxed.  It is made
 * without any code of assay, so that a fault there cannot hide itself.  Text
 * and fields are the same in every run; the key is new in each.
 */
#ifndef TESTS_BENCH_SIGNED_H
#define TESTS_BENCH_SIGNED_H

#include <stddef.h>

#include <openssl/evp.h>

#define SIGNED_RSA_BITS		2048
#define SIGNED_BODY_OCTETS	(30u * 1024)
#define SIGNED_SELECTOR		"s1"
#define SIGNED_BODY_HASH	45	/* SHA-256 in base64 and a NUL */

/* Text of bounded size; what does not fit ends the program. */
struct signed_text {
	size_t	len;
	char	ptr[40 * 1024];
};

struct signed_message {
	struct signed_text	text;	/* all of it, with CRLF */
	/* What RFC 6376 3.7 hashes: the canonical body; the canonical header
	   fields with the signature field, its b= empty. */
	struct signed_text	body;
	struct signed_text	head;
	unsigned char		sig[SIGNED_RSA_BITS / 8];
	size_t			sig_len;
};

/* A fresh key; the caller frees it.  Ends the program when that fails. */
EVP_PKEY	*signed_key_new(void);
/* The public key in base64, as p= of a key record has it; owned. */
char		*signed_key_base64(EVP_PKEY *key);

/* What bh= has for a canonical body. */
void	signed_body_hash(const char *body, size_t len,
	    char out[SIGNED_BODY_HASH]);

/* The message of sender@<domain>, signed for <domain>.  Owned. */
struct signed_message	*signed_message_new(EVP_PKEY *key, const char *domain);
void			 signed_message_free(struct signed_message *m);

#endif
