/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arc: validation of an Authenticated Received Chain, RFC 8617 section 5.2.
 *
 * A validator lives as long as one message.  It gets the header when that is
 * complete, puts all its questions at once, wants hashes of the body in the
 * pass that DKIM makes, and has its verdict at the end.  Nothing is asked for
 * a chain whose form is wrong.
 *
 * No function reads a clock, waits, or takes a lock.  Once the header is
 * there, arc_validator_ask() only reads, so that any thread may call it until
 * arc_validator_finish().
 */
#ifndef ARC_ARC_H
#define ARC_ARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "dkim/bodyhash.h"
#include "dkim/context.h"
#include "dkim/verify.h"
#include "mail/header.h"
#include "mail/result.h"
#include "resolver/ledger.h"

struct arc_options {
	unsigned int	minimum_rsa_bits;	/* 1024 or more */
	int64_t		now;			/* seconds since the Epoch */
	/* A message signature that says nothing about some of what a reader
	   sees does not count: see struct dkim_options. */
	bool		partial_refused;
	unsigned int	doubles_refused;
	bool		test_keys;		/* a key with t=y counts */
};

/* The three fields of a set. */
enum arc_part {
	ARC_RESULTS,		/* ARC-Authentication-Results */
	ARC_MESSAGE,		/* ARC-Message-Signature */
	ARC_SEAL		/* ARC-Seal */
};
#define ARC_PARTS (ARC_SEAL + 1)
/* Static, with a NUL after it. */
struct slice	arc_part_name(enum arc_part part);

/* cv= of a seal. */
enum arc_cv {
	ARC_CV_UNKNOWN,		/* absent, or another word */
	ARC_CV_NONE,
	ARC_CV_PASS,
	ARC_CV_FAIL
};
/* "none", "pass", "fail"; "" when it is not known. */
const char	*arc_cv_name(enum arc_cv cv);

struct arc_set {
	/* Borrowed from the header; NULL: there is none.  Of several the
	   topmost. */
	const struct mail_field	*fields[ARC_PARTS];
	enum arc_cv		 cv;
	int64_t			 sealed_at;	/* t= of the seal; -1: absent */
	/* As far as they could be read; with a verdict when `checked`.  There
	   is none for a chain whose form is wrong. */
	struct dkim_signature	 message, seal;
};

struct arc_verdict {
	/* none: no ARC field; pass; fail (5.2.1: for good) */
	enum auth_result	 result;
	/* Of a fail: what is wrong, with what field (NULL: the chain), of
	   which instance (0: not known).  Static. */
	const char		*comment;
	const char		*field;
	unsigned int		 instance;
	/* It failed for a key that could not be had: the next host may see
	   it pass. */
	bool			 temporary;
	bool			 stale;		/* a key had expired (dns.h) */
	/* Memory ran out: `result` must not be used. */
	bool			 no_memory;
	/* Of a pass: the lowest instance down to which each message signature
	   verifies, 0 when all do (section 6); else -1. */
	int			 oldest_pass;
	/* sets[i] is instance i + 1. */
	const struct arc_set	*sets;
	size_t			 count;
};

/* Octets of `out` below, with its NUL. */
#define ARC_WHY 160
/* "ARC-Seal i=2: signature did not verify", for a fail. */
void	arc_verdict_why(const struct arc_verdict *v, char out[ARC_WHY]);

struct arc_validator;

/* `ctx` outlives it; memory is the arena's.  NULL: no memory. */
struct arc_validator	*arc_validator_new(struct dkim_context *ctx,
			    const struct arc_options *options,
			    struct arena *arena);
/*
 * The header is complete: steps 1 to 3 of section 5.2, and all hashes of the
 * header.  `body` is asked for the hashes of the body that it takes, before
 * the body comes; both are borrowed, and read in arc_validator_finish().
 */
void	arc_validator_header(struct arc_validator *v,
	    const struct mail_header *header, struct bodyhash *body);
/* Asks for all keys.  CHECK_DONE: every one has its answer. */
enum check_state	arc_validator_ask(const struct arc_validator *v,
			    struct dns_ledger *ledger);
/*
 * The body was hashed, and a question without an answer counts as a
 * time-out: steps 4 to 7.  Call once.
 */
void	arc_validator_finish(struct arc_validator *v,
	    const struct dns_ledger *ledger);
/* From arc_validator_header() on with its sets, at the end with its result;
   borrowed. */
const struct arc_verdict	*arc_validator_verdict(
				    const struct arc_validator *v);

#endif
