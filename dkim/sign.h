/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: DKIM signatures of our own, RFC 6376 section 5.
 *
 * A signer is fed like a verifier: the header is complete, then the body in
 * chunks, then the end.  Several keys sign in one pass over the body.  Whether
 * a message may be signed is not decided here.
 */
#ifndef DKIM_SIGN_H
#define DKIM_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "dkim/crypto.h"
#include "dkim/verify.h"
#include "mail/header.h"

/* ---- private keys ---- */

enum dkim_key_type { DKIM_KEY_RSA, DKIM_KEY_ED25519 };

/* Immutable, reference-counted; the last reference wipes and frees. */
struct dkim_private_key;

/*
 * Reads a PEM file with one private key: PKCS#1 or PKCS#8, not encrypted,
 * RSA of 1024 to LIMIT_DKIM_RSA_BITS bits or Ed25519, its parts in keeping
 * with each other.  Refused when others can read or write it, its group can
 * write it, or a group can read it to which the effective user does not
 * belong.
 * Never waits, for any kind of file.  On failure NULL, and `why` says what is
 * wrong and how to fix it, in one sentence that does not begin with the path
 * ("key file is readable by group or others: chmod 0600 FILE").
 */
struct dkim_private_key	*dkim_private_key_read(const char *path, char *why,
			    size_t why_size);
/* Makes a new key; `bits` for RSA only.  NULL on failure. */
struct dkim_private_key	*dkim_private_key_generate(enum dkim_key_type type,
			    unsigned int bits);
/* One more owner, for whom dkim_private_key_free() is due as well. */
struct dkim_private_key	*dkim_private_key_ref(struct dkim_private_key *k);
/* Wipes and frees when it is the last one.  NULL is harmless. */
void			 dkim_private_key_free(struct dkim_private_key *k);
enum dkim_key_type	 dkim_private_key_type(
			    const struct dkim_private_key *k);
unsigned int		 dkim_private_key_bits(
			    const struct dkim_private_key *k);
/* Writes PKCS#8 PEM to a new file of mode 0600; never over one there. */
bool	dkim_private_key_write(const struct dkim_private_key *k,
	    const char *path, char *why, size_t why_size);
/*
 * The key record to publish: "v=DKIM1; k=rsa; p=...".  `out` is
 * initialised by the caller.
 */
bool	dkim_private_key_record(const struct dkim_private_key *k,
	    struct buf *out);

enum dkim_key_match {
	DKIM_KEY_MATCHES,
	DKIM_KEY_DIFFERS,	/* another key, or the record is unusable */
	DKIM_KEY_ABSENT,	/* no key record at this name */
	DKIM_KEY_UNKNOWN	/* DNS did not answer */
};
/*
 * Compares with what DNS says of <selector>._domainkey.<domain>, read as the
 * verifier reads it.  NULL for an answer that never came.
 */
enum dkim_key_match	dkim_private_key_compare(
			    const struct dkim_private_key *k,
			    const struct dns_answer *answer);
/*
 * The same; `*problem` is static text that says more ("key revoked", "DNS
 * timeout"), or NULL when it matches.
 */
enum dkim_key_match	dkim_private_key_examine(
			    const struct dkim_private_key *k,
			    const struct dns_answer *answer,
			    const char **problem);

/*
 * Signs a SHA-256 value as crypto_verify() checks it.  Any number of threads
 * may use one key.  False: memory or OpenSSL failed.
 */
bool	dkim_private_key_sign(const struct dkim_private_key *k,
	    const unsigned char hash[DKIM_SHA256_LEN],
	    unsigned char sig[LIMIT_DKIM_SIG_B], size_t *len);

/* ---- signing ---- */

struct dkim_sign_key {
	struct slice			 selector;	/* checked */
	const struct dkim_private_key	*key;
};

struct dkim_sign_options {
	struct slice			 domain;	/* d=, canonical */
	/* It makes ARC-Message-Signature (RFC 8617 4.1.2), and of which
	   instance; that may be set as late as dkim_signer_finish(). */
	bool				 arc;
	unsigned int			 instance;
	const struct dkim_sign_key	*keys;
	size_t				 key_count;
	bool				 relaxed_header, relaxed_body;
	/* Names to sign if there (all instances), and names to sign once
	   more than they occur (8.15); NULL: our default.  From is signed in
	   any case; names that dkim_sign_name_allowed() refuses never
	   are. */
	const struct slice		*headers;
	size_t				 header_count;
	const struct slice		*oversign;
	size_t				 oversign_count;
	/* The mail server rewrites address lists after us, and breaks lines
	   over 990 octets, as Sendmail does and Postfix does not. */
	bool				 rewrites_addresses;
	int64_t				 now;		/* t= */
	int64_t				 expire;	/* seconds; 0: no x= */
};

/*
 * False for what cannot be a name in h= (2.10: empty, blanks, 8-bit, ":" or
 * ";") and for fields that are taken away, added or changed on the way, or
 * that RFC 6376 5.4 warns of: Return-Path, Received, Comments, Keywords,
 * Bcc, Resent-Bcc, Authentication-Results, DKIM-Signature.
 */
bool	dkim_sign_name_allowed(struct slice name);

struct dkim_signer;

/*
 * Has the header a DKIM-Signature field of this domain and selector?  Both
 * are canonical.  Whether it verifies is not looked at.
 */
bool	dkim_sign_is_signed(const struct mail_header *header,
	    struct slice domain, struct slice selector);

/*
 * `options` and all it points to, and `ctx`, outlive the signer.  NULL: no
 * memory.
 */
struct dkim_signer	*dkim_signer_new(struct dkim_context *ctx,
			    const struct dkim_sign_options *options,
			    struct arena *arena);
/* Must be called before the arena is freed; NULL is harmless. */
void			 dkim_signer_fini(struct dkim_signer *s);
/* The next octets of the body, CRLF line ends, cut anywhere. */
void			 dkim_signer_body(struct dkim_signer *s,
			    struct slice chunk);
/*
 * The body is complete: makes the signatures.  `values[i]` is the value of
 * the field for keys[i], with its leading blank and folds as
 * LF TAB, from the arena: what is hashed is this text, with CRLF for LF.
 * False, and no value is to be used: memory or OpenSSL failed, or `header`
 * was not kept whole.  Call once.
 *
 * Of a field that occurs very often only the lowest instances are signed:
 * h= holds at most LIMIT_DKIM_H_NAMES names and about LIMIT_DKIM_SIGN_H
 * octets, shared out evenly among the names.
 */
bool	dkim_signer_finish(struct dkim_signer *s,
	    const struct mail_header *header, struct slice *values);

/*
 * What a mail server may still change after signing (RFC 6376 5.3), seen in
 * the body and in those fields that are signed: bits, each with a name for
 * the log.
 */
enum dkim_hazard {
	DKIM_HAZARD_LONG_LINE = 1 << 0,	/* over 998 octets, RFC 5322 2.1.1 */
	DKIM_HAZARD_8BIT = 1 << 1,	/* 8-bit without 8BITMIME */
	DKIM_HAZARD_BARE_LF = 1 << 2,	/* bare LF or CR */
	DKIM_HAZARD_ADDRESS = 1 << 3,	/* an address list that Sendmail
					   rewrites ("a@x,b@y", "a , b",
					   "J. Doe <j@x>") */
	DKIM_HAZARD_SENDMAIL_LINE = 1 << 4	/* over 990 and not 998, with
						   Sendmail */
};
#define DKIM_HAZARDS 5
/* Call at the end of the body.  `eight_bit_mime`: the sender announced
   BODY=8BITMIME or SMTPUTF8. */
unsigned int	 dkim_signer_hazards(const struct dkim_signer *s,
		    const struct mail_header *header, bool eight_bit_mime);
/*
 * Leaves out of h= every name that has a field with a hazard, since its
 * signature would not survive; not From, which must be signed.  Adds the
 * names to `names`, with ", " between them.  Returns the hazards that remain:
 * those of the body and of From.  At the end of the body, before
 * dkim_signer_finish().
 */
unsigned int	 dkim_signer_leave_out(struct dkim_signer *s,
		    const struct mail_header *header, bool eight_bit_mime,
		    struct buf *names);
/* "line over 998 octets" ... for one bit. */
const char	*dkim_hazard_name(enum dkim_hazard h);

#endif
