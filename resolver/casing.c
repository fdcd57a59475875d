/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * casing: see the steps in the header.
 */
#include "resolver/casing_internal.h"

#include <string.h>

#define HEADER_LEN	12
#define QUESTIONS	4	/* offset of their number in the header */

static bool
is_folding(const struct casing *c)
{
	return c->folded >= CASING_FOLDS;
}

enum casing_way
casing_choose(struct casing *c, int64_t now_us)
{
	if (!c->wanted)
		return CASING_PLAIN;
	if (!is_folding(c))
		return CASING_MIXED;
	/* Step 4. */
	if (now_us >= c->again_us) {
		c->again_us = now_us + CASING_AGAIN_US;
		c->tcp_failed = false;
		return CASING_MIXED;
	}
	/* Step 3. */
	return c->tcp_failed ? CASING_PLAIN : CASING_TCP;
}

bool
casing_mismatch(struct casing *c, int64_t now_us)
{
	(void)atomic_fetch_add(&c->mismatches, 1);
	if (!is_folding(c) && ++c->folded == CASING_FOLDS) {
		c->again_us = now_us + CASING_AGAIN_US;
		atomic_store(&c->folds, true);
	}
	return !c->tcp_failed;
}

/* All lower case proves nothing: that a server that folds repeats, too. */
static bool
has_upper(const struct packet_name *name)
{
	size_t i;

	for (i = 0; i < name->len; i++) {
		if (name->wire[i] >= 'A' && name->wire[i] <= 'Z')
			return true;
	}
	return false;
}

void
casing_match(struct casing *c, const struct packet_name *asked)
{
	if (c->folded == 0 || !has_upper(asked))
		return;
	c->folded = 0;
	c->tcp_failed = false;
	atomic_store(&c->folds, false);
}

void
casing_tcp_failed(struct casing *c)
{
	c->tcp_failed = true;
}

/* Octets of length are at most 63: below all letters. */
void
casing_mix(const struct packet_name *name,
    const unsigned char bits[CASING_BITS], struct packet_name *out)
{
	unsigned char c;
	size_t i;

	out->len = name->len;
	for (i = 0; i < name->len; i++) {
		c = name->wire[i];
		if (c >= 'a' && c <= 'z' && (bits[i / 8] >> i % 8 & 1) != 0)
			c = (unsigned char)(c - 'a' + 'A');
		out->wire[i] = c;
	}
}

bool
casing_repeats(struct slice packet, const struct packet_name *asked)
{
	if (packet.len < HEADER_LEN)
		return false;
	if (packet.ptr[QUESTIONS] == 0 && packet.ptr[QUESTIONS + 1] == 0)
		return true;
	return packet.len - HEADER_LEN >= asked->len &&
	    memcmp(packet.ptr + HEADER_LEN, asked->wire, asked->len) == 0;
}
