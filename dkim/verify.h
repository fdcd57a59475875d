/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: verification of DKIM signatures, RFC 6376, 8301, 8463, 8616.
 *
 * A verifier lives as long as one message and is fed in the order in which
 * a message arrives: every field, the end of the header, the body in
 * chunks, the end.  Questions about keys go to the ledger; hashing of the
 * body is done as it arrives, in constant memory, once for all signatures
 * that share canonicalization, algorithm and l=.
 *
 * No function reads a clock, waits, or takes a lock other than that of the
 * shared key cache.  Signature checks (the costly part) run in
 * dkim_verifier_finish() alone.
 *
 * One thread feeds a verifier.  Any other may call dkim_verifier_ask()
 * at the same time, from its first call to the last one before
 * dkim_verifier_finish(): names of keys are all that it reads, each is
 * written once, and a counter with release and acquire order says how many
 * there are.  So the up to 2 MiB of a header are hashed, ten times, without
 * the lock that guards the ledger.
 */
#ifndef DKIM_VERIFY_H
#define DKIM_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/limits.h"
#include "base/slice.h"
#include "dkim/context.h"
#include "mail/address.h"
#include "mail/header.h"
#include "mail/result.h"
#include "resolver/ledger.h"

/* Fields of which a reader may see another than the signed one. */
enum dkim_double {
	DKIM_DOUBLE_FROM, DKIM_DOUBLE_SUBJECT, DKIM_DOUBLE_TO,
	DKIM_DOUBLE_CC, DKIM_DOUBLE_DATE, DKIM_DOUBLE_REPLY_TO,
	DKIM_DOUBLE_SENDER, DKIM_DOUBLE_MESSAGE_ID, DKIM_DOUBLE_CONTENT_TYPE
};
#define DKIM_DOUBLES (DKIM_DOUBLE_CONTENT_TYPE + 1)

struct dkim_options {
	unsigned int	max_signatures;		/* LIMIT_DKIM_SIGNATURES; at
						   most ..._CANDIDATES count */
	unsigned int	minimum_rsa_bits;	/* 1024 or more */
	int64_t		now;			/* seconds since the Epoch */
	/* Signatures that would pass and are AUTH_POLICY instead: those that
	   are `partial`, and those that are `doubled` in a field of this set
	   (1u << enum dkim_double). */
	bool		partial_refused;
	unsigned int	doubles_refused;
};

/* RFC 6376 section 3.9. */
enum dkim_state {
	DKIM_SUCCESS,
	DKIM_PERMFAIL,
	DKIM_TEMPFAIL
};

struct dkim_signature {
	/* What the field says; empty where it could not be read.  Borrowed
	   from the arena, checked against their grammar. */
	struct slice		d;	/* canonical: lower case, A-labels */
	struct slice		d_text;	/* as written */
	struct slice		s;	/* canonical */
	struct slice		i;	/* decoded; "" when absent */
	struct slice		a;	/* as written when it is a token */
	struct slice		b;	/* base64 without white space */
	size_t			field;	/* index in the header */
	bool			has_length;	/* l= was there */
	bool			checked;	/* false: past the limit */

	/* The verdict, set by dkim_verifier_finish(); for a field that
	   cannot be used, and for one past the limit, before. */
	enum dkim_state		state;
	enum auth_result	result;
	const char		*comment;	/* static text, NULL when none:
						   "body hash did not verify";
						   "test mode" for a pass by a
						   key with t=y */
	unsigned int		key_bits;	/* 0: no key was read */
	bool			key_testing;	/* t=y */
	bool			authenticated;	/* key came with DNSSEC */
	bool			stale;		/* and had expired (dns.h) */
	bool			body_differs;	/* bh= does not match */
	uint64_t		unsigned_octets; /* of the body, after l= */
	/* It has l=, and does not sign all of the body, or Content-Type. */
	bool			partial;
	/* Set of enum dkim_double: the header has more fields of that name
	   than h= signs, which is at least one. */
	unsigned int		doubled;
};

struct bodyhash;
struct dkim_verifier;

/*
 * `ctx` is borrowed and outlives it; memory comes from `arena`.  NULL: no
 * memory.  dkim_verifier_fini() frees what OpenSSL holds and must be called
 * before the arena is freed.
 */
struct dkim_verifier	*dkim_verifier_new(struct dkim_context *ctx,
			    const struct dkim_options *options,
			    struct arena *arena);
void			 dkim_verifier_fini(struct dkim_verifier *v);

/*
 * The header has got this field.  A DKIM-Signature is read, its
 * syntax checked, and a usable one is remembered.  Call for each field that
 * mail_header_add() kept; its text is borrowed for the verifier's life.
 * Only the first LIMIT_DKIM_CANDIDATES fields of that name are looked at;
 * those after them are not reported either.  False: no memory to remember
 * it, so no result may be given of this message.
 */
bool	dkim_verifier_field(struct dkim_verifier *v,
	    const struct mail_field *field, size_t index);
/*
 * Notes in the ledger the key lookups that are certain or likely to be
 * needed.  May be called at any time, again and again; cheap.  The caller's
 * lock guards the ledger, and this function needs no other: see above.
 * CHECK_DONE: every key that is needed has its answer.
 */
enum check_state	dkim_verifier_ask(struct dkim_verifier *v,
			    struct dns_ledger *ledger);
/*
 * The header is complete.  Chooses the signatures to check, at most
 * max_signatures: d= that is the From domain first (NULL: no usable From),
 * then those that have the most labels at the end in common with it, as
 * these may be aligned, then in order of appearance; hashes the header.  The
 * others are neutral, "signature limit".  When `header` was not kept whole
 * (overflow), no signature over it can be judged: permerror.  Call once,
 * also for a message without a signature.
 */
void	dkim_verifier_header_end(struct dkim_verifier *v,
	    const struct mail_header *header, const struct domain *from);
/*
 * The hashes of the body, for who wants one more of it in the same pass:
 * bodyhash_want() before the body, and its digest after
 * dkim_verifier_finish().  Borrowed.
 */
struct bodyhash	*dkim_verifier_hashes(struct dkim_verifier *v);
/* The next octets of the body, CRLF line ends, cut anywhere. */
void	dkim_verifier_body(struct dkim_verifier *v, struct slice chunk);
/* No more of it: its hashes are made.  dkim_verifier_finish() does so, too. */
void	dkim_verifier_body_end(struct dkim_verifier *v);
/*
 * The body is complete and the ledger has the answers (a question without
 * one counts as a time-out).  Does the cryptography and sets the verdicts.
 * `header` is the one of dkim_verifier_header_end(), which must have been
 * called.  Call once.
 */
void	dkim_verifier_finish(struct dkim_verifier *v,
	    const struct mail_header *header,
	    const struct dns_ledger *ledger);

/* The signatures in order of the fields, from the top; borrowed. */
const struct dkim_signature	*dkim_verifier_signatures(
				    const struct dkim_verifier *v,
				    size_t *count);

#endif
