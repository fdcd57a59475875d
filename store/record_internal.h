/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: what is kept of a message, as octets.
 *
 * A list of fields, each one octet of its number, one of its length, and its
 * text.  Fields of a list follow each other: a signature is its result, then
 * its domain ...  A reader passes over numbers that it does not know.  The
 * numbers are in databases: they never change.
 *
 * Texts are printable ASCII, all else is "?", at most RECORD_TEXT octets.
 */
#ifndef STORE_RECORD_INTERNAL_H
#define STORE_RECORD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "event/event.h"

#define RECORD_TEXT 255

enum record_field {
	RECORD_CLIENT = 1,		/* 4 or 16 octets; empty: unknown */
	RECORD_ORIGIN = 2,
	RECORD_OURS = 3,
	RECORD_HELO = 4,
	RECORD_MAIL_FROM_DOMAIN = 5,
	RECORD_FROM_DOMAIN = 6,
	RECORD_FROM = 7,		/* its state, when it is not ok */
	RECORD_AUTH_USER = 8,
	RECORD_TLS = 9,
	RECORD_IPREV = 10,
	RECORD_SPF = 11,
	RECORD_SPF_DOMAIN = 12,
	RECORD_SPF_HELO = 13,
	RECORD_SIGNATURE = 14,		/* its result; then of the same one: */
	RECORD_SIGNATURE_DOMAIN = 15,
	RECORD_SIGNATURE_SELECTOR = 16,
	RECORD_SIGNATURE_ALIGNED = 17,
	RECORD_ARC = 18,
	RECORD_ARC_SEALERS = 19,
	RECORD_ARC_TRUSTED = 20,
	RECORD_DMARC = 21,
	RECORD_DMARC_SPF = 22,
	RECORD_DMARC_DKIM = 23,
	RECORD_POLICY_DOMAIN = 24,
	RECORD_PUBLISHED = 25,
	RECORD_P = 26,
	RECORD_SP = 27,
	RECORD_NP = 28,
	RECORD_ADKIM = 29,
	RECORD_ASPF = 30,
	RECORD_TESTING = 31,
	RECORD_DISCOVERY = 32,
	RECORD_PSD = 33,
	RECORD_RUA = 34,
	RECORD_DISPOSITION = 35,
	RECORD_REASON = 36,		/* its type; then its comment: */
	RECORD_REASON_COMMENT = 37,
	RECORD_DNSSEC = 38,
	RECORD_STAGE = 39,
	RECORD_ACTION = 40,
	RECORD_RULE = 41,
	RECORD_WHY = 42,
	RECORD_TOLD = 43,
	RECORD_DECIDED = 44,
	RECORD_OBSERVED = 45,
	RECORD_OBSERVED_ACTION = 46,
	RECORD_RECIPIENT = 47,		/* a domain */
	RECORD_INCOMPLETE = 48,
	RECORD_TLS_VERIFIED = 49,
	RECORD_FORWARDER = 50,
	RECORD_AUTOMATIC = 51,		/* a program sent it by itself */
	RECORD_NULL_SENDER = 52,	/* empty */
	RECORD_PART = 53		/* empty; of a policy that was split */
};

/* A message of a run. */
struct store_record {
	uint64_t	run, seq;
	int64_t		time;
	struct slice	body;
};

/*
 * The body of a message's event: at most LIMIT_STORE_RECORD octets.  What
 * does not fit is left out, and said in it.
 */
void	record_make(const struct event *e, struct buf *b);

struct record_part {
	enum record_field	field;
	struct slice		text;
};

/* Takes the next field off; false at the end, or when the rest is damaged. */
bool	record_next(struct slice *rest, struct record_part *out);
/* The first field of that number; empty: not there, see `.ptr`. */
struct slice	record_find(struct slice body, enum record_field field);
bool	record_has(struct slice body, enum record_field field);
/* Is the whole body well formed? */
bool	record_is_sound(struct slice body);
/* A field at the end; buf_failed() when it does not fit. */
void	record_add(struct buf *b, enum record_field field, struct slice text);

#endif
