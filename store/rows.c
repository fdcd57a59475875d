/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows: from a message to its row of a DMARC aggregate report (RFC 9990).
 *
 *  1. A message counts when what was done with it for DMARC is final, and
 *     its policy domain asks for reports.
 *  2. Of the signatures those are first that say most: pass and strictly
 *     aligned, pass and aligned, pass, the rest (3.1.3).  Equal ones keep
 *     their order.  One whose domain or selector is no name is left out:
 *     both are a sender's text, and a report has no place for others.
 */
#include "store/rows_internal.h"

#include <string.h>

#include "base/domain.h"
#include "base/limits.h"
#include "store/record_internal.h"

#define RANKS 4

static const enum record_field policy_fields[] = { RECORD_P, RECORD_SP,
	RECORD_NP, RECORD_ADKIM, RECORD_ASPF, RECORD_TESTING,
	RECORD_DISCOVERY, RECORD_PSD };
static const enum record_field row_fields[] = { RECORD_CLIENT,
	RECORD_DISPOSITION, RECORD_DMARC_DKIM, RECORD_DMARC_SPF,
	RECORD_FROM_DOMAIN, RECORD_MAIL_FROM_DOMAIN, RECORD_SPF,
	RECORD_SPF_DOMAIN };

/* A signature of a body. */
struct found {
	struct slice	result, domain, selector, aligned;
};

/* ---- names ---- */

#define HASH_BITS 51		/* the day has 13: 22 years until one returns */

uint64_t
rows_policy_id(uint64_t other, uint64_t hash)
{
	uint64_t id = other >> HASH_BITS << HASH_BITS |
	    hash >> (64 - HASH_BITS);

	return id != 0 ? id : 1;
}

uint64_t
rows_day_id(int64_t day, uint64_t hash)
{
	return rows_policy_id((uint64_t)day << HASH_BITS, hash);
}

/* ---- from a message ---- */

/* Step 1. */
bool
rows_counts(struct slice body)
{
	return slice_eq(record_find(body, RECORD_RUA), SLICE("yes")) &&
	    record_has(body, RECORD_DISPOSITION) &&
	    record_find(body, RECORD_POLICY_DOMAIN).len > 0 &&
	    record_find(body, RECORD_FROM_DOMAIN).len > 0 &&
	    record_find(body, RECORD_CLIENT).len > 0;
}

static void
copy_fields(struct slice body, const enum record_field *fields, size_t count,
    struct buf *b)
{
	struct slice text;
	size_t i;

	for (i = 0; i < count; i++) {
		text = record_find(body, fields[i]);
		if (text.ptr != NULL)
			record_add(b, fields[i], text);
	}
}

void
rows_policy_body(struct slice body, struct buf *b)
{
	copy_fields(body, policy_fields,
	    sizeof(policy_fields) / sizeof(policy_fields[0]), b);
}

/* Takes the rest of a signature, whose result has been taken. */
static void
take_signature(struct slice *rest, struct found *s)
{
	struct slice here = *rest;
	struct record_part part;

	while (record_next(&here, &part)) {
		if (part.field == RECORD_SIGNATURE_DOMAIN)
			s->domain = part.text;
		else if (part.field == RECORD_SIGNATURE_SELECTOR)
			s->selector = part.text;
		else if (part.field == RECORD_SIGNATURE_ALIGNED)
			s->aligned = part.text;
		else
			return;
		*rest = here;
	}
}

/* Step 2. */
static unsigned int
rank_of(const struct found *s)
{
	if (!slice_eq(s->result, SLICE("pass")))
		return 3;
	if (slice_eq(s->aligned, SLICE("strict")))
		return 0;
	return slice_eq(s->aligned, SLICE("relaxed")) ? 1 : 2;
}

static void
add_signature(const struct found *s, size_t *count, struct buf *b)
{
	struct domain domain, selector;

	if (*count == LIMIT_STORE_RESULTS ||
	    !domain_parse(s->domain, &domain) ||
	    !domain_parse(s->selector, &selector))
		return;
	(*count)++;
	record_add(b, RECORD_SIGNATURE, s->result);
	record_add(b, RECORD_SIGNATURE_DOMAIN, domain_slice(&domain));
	record_add(b, RECORD_SIGNATURE_SELECTOR, domain_slice(&selector));
}

static void
add_signatures(struct slice body, struct buf *b)
{
	struct record_part part;
	struct slice rest;
	unsigned int rank;
	size_t count = 0;

	for (rank = 0; rank < RANKS; rank++) {
		rest = body;
		while (record_next(&rest, &part)) {
			struct found s = { .result = part.text };

			if (part.field != RECORD_SIGNATURE)
				continue;
			take_signature(&rest, &s);
			if (rank_of(&s) == rank)
				add_signature(&s, &count, b);
		}
	}
}

void
rows_row_body(struct slice body, struct buf *b)
{
	struct record_part part;
	struct slice rest = body;

	copy_fields(body, row_fields,
	    sizeof(row_fields) / sizeof(row_fields[0]), b);
	while (record_next(&rest, &part))
		if (part.field == RECORD_REASON ||
		    part.field == RECORD_REASON_COMMENT)
			record_add(b, part.field, part.text);
	add_signatures(body, b);
}

struct slice
rows_envelope_to(struct slice body)
{
	struct slice first = { NULL, 0 };
	struct record_part part;

	while (record_next(&body, &part)) {
		if (part.field == RECORD_INCOMPLETE)
			return SLICE("");
		if (part.field != RECORD_RECIPIENT)
			continue;
		if (first.ptr != NULL && !slice_eq(first, part.text))
			return SLICE("");
		first = part.text;
	}
	return first.ptr != NULL ? first : SLICE("");
}

/* ---- and back ---- */

void
rows_read_policy(struct slice body, struct store_policy *out)
{
	out->p = record_find(body, RECORD_P);
	out->sp = record_find(body, RECORD_SP);
	out->np = record_find(body, RECORD_NP);
	out->adkim = record_find(body, RECORD_ADKIM);
	out->aspf = record_find(body, RECORD_ASPF);
	out->testing = record_find(body, RECORD_TESTING);
	out->discovery = record_find(body, RECORD_DISCOVERY);
	out->psd = record_find(body, RECORD_PSD);
	out->part = record_has(body, RECORD_PART);
}

static struct ipaddr
address_of(struct slice octets)
{
	struct ipaddr a = { .family = IPADDR_NONE };

	if (octets.len != 4 && octets.len != 16)
		return a;
	a.family = octets.len == 4 ? IPADDR_V4 : IPADDR_V6;
	memcpy(a.bytes, octets.ptr, octets.len);
	return a;
}

static void
read_lists(struct slice rest, struct store_auth *dkim,
    struct store_reason *reasons, struct store_row *out)
{
	struct record_part part;

	while (record_next(&rest, &part)) {
		struct found s = { .result = part.text };

		if (part.field == RECORD_REASON &&
		    out->reason_count < LIMIT_STORE_REASONS)
			reasons[out->reason_count++] = (struct store_reason){
			    .type = part.text };
		else if (part.field == RECORD_REASON_COMMENT &&
		    out->reason_count > 0)
			reasons[out->reason_count - 1].comment = part.text;
		if (part.field != RECORD_SIGNATURE ||
		    out->dkim_count == LIMIT_STORE_RESULTS)
			continue;
		take_signature(&rest, &s);
		dkim[out->dkim_count++] = (struct store_auth){
		    .domain = s.domain, .selector = s.selector,
		    .result = s.result };
	}
}

void
rows_read_row(struct slice body, struct store_auth *dkim,
    struct store_reason *reasons, struct store_row *out)
{
	out->source = address_of(record_find(body, RECORD_CLIENT));
	out->disposition = record_find(body, RECORD_DISPOSITION);
	out->dkim = slice_eq(record_find(body, RECORD_DMARC_DKIM),
	    SLICE("pass"));
	out->spf = slice_eq(record_find(body, RECORD_DMARC_SPF),
	    SLICE("pass"));
	out->header_from = record_find(body, RECORD_FROM_DOMAIN);
	out->envelope_from = record_find(body, RECORD_MAIL_FROM_DOMAIN);
	out->spf_result = record_find(body, RECORD_SPF);
	out->spf_domain = record_find(body, RECORD_SPF_DOMAIN);
	out->dkim_results = dkim;
	out->reasons = reasons;
	out->dkim_count = out->reason_count = 0;
	read_lists(body, dkim, reasons, out);
}
