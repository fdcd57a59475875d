/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support: what the tests of dkim/ share.  A signer and a canonicalization
 * that are as plain as they can be and share no code with dkim/, and a
 * message's way through the verifier.  Memory that cannot be had ends the
 * test program.
 */
#ifndef TESTS_DKIM_SUPPORT_H
#define TESTS_DKIM_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dkim/canon.h"
#include "dkim/verify.h"
#include "mail/header.h"
#include "resolver/ledger.h"
#include "resolver/zone.h"

/* 2026-06-01 00:00:00 UTC: the clock of all tests. */
#define TEST_NOW INT64_C(1780272000)

/* Octets that grow. */
struct text {
	char	*ptr;
	size_t	 len, cap;
};
void		text_add(struct text *t, const char *ptr, size_t len);
void		text_adds(struct text *t, const char *s);
void		text_addf(struct text *t, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
void		text_free(struct text *t);
struct slice	text_slice(const struct text *t);

/* A file below $top_srcdir/tests/data/dkim; the program ends without it. */
struct text	support_read(const char *name);
/* A file by its own name. */
struct text	support_read_path(const char *path);
/* The private key keys/NAME.pem. */
EVP_PKEY	*support_pem(const char *name);
/* The Ed25519 key of RFC 8032 section 7.1, test 1. */
EVP_PKEY	*support_ed25519(void);
/* "v=DKIM1; k=...; p=..." for a key. */
struct text	support_record(EVP_PKEY *key);

/* ---- plain canonicalization, of the whole text at once ---- */

struct text	plain_body(struct slice body, enum dkim_canon how);
struct text	plain_field(struct slice field, enum dkim_canon how);
void		plain_sha256(struct slice s, unsigned char out[32]);

/*
 * Signs by RFC 6376 section 3.7: `tags` is the value of the field with
 * "{bh}" and "{b}" in it, `fields` the header (CRLF after each field).  The
 * answer is the DKIM-Signature field with a CRLF.  `h` is the value of h=.
 * `length` is that of l=, or UINT64_MAX.
 */
struct plain_request {
	const char	*tags, *h;
	enum dkim_canon	 header, body;
	uint64_t	 length;
	EVP_PKEY	*key;
};
struct text	plain_sign(const struct plain_request *r,
		    struct slice fields, struct slice body);

/* ---- the verifier ---- */

struct run {
	struct arena			*arena;
	struct mail_header		 header;
	struct dns_ledger		*ledger;
	struct dkim_verifier		*verifier;
	const struct dkim_signature	*signatures;
	size_t				 count;
	bool				 starved; /* no memory for a field */
};

extern const struct dkim_options	test_options;

/* Zone from keys.txt, or from another file: owner name, TAB, TXT. */
struct dns_zone	*support_zone(void);
struct dns_zone	*support_zone_path(const char *path);
/* Answers with one TXT record, unless there is no memory. */
void	answer_txt(struct dns_entry *e, struct slice record);
/* Answers all that was asked and not answered. */
void	run_answer(struct run *r, const struct dns_zone *zone);
/*
 * The whole life of a message, the body in pieces of `chunk` octets.  False
 * when there was no memory for the verifier.  run_fini() in any case.
 */
bool	run_message(struct run *r, struct dkim_context *ctx,
	    const struct dkim_options *options, const struct dns_zone *zone,
	    struct slice message, size_t chunk);
void	run_fini(struct run *r);

#endif
