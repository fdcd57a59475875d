/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal: the last field of a new set.
 *
 *  1. The seal is written up to "b=", which is its last tag.  cv= is what was
 *     found when the message came.
 *  2. All sets before, then the new one, are hashed as a validator will
 *     (5.1.1): the new fields as they will be in the message, with CRLF.
 *  3. The hash is signed, and the signature added after "b=", folded.
 */
#include "arc/seal.h"

#include "arc/chain_internal.h"
#include "base/base64.h"
#include "base/buf.h"

#define SEAL_MAX	4096	/* octets: two names, and b= of 8192 bits */
#define B_LINE		72	/* octets of b= on a line */

unsigned int
arc_seal_instance(const struct arc_verdict *arrival)
{
	if (arrival->result == AUTH_NONE)
		return 1;
	if (arrival->result != AUTH_PASS || arrival->count == LIMIT_ARC_SETS)
		return 0;
	return (unsigned int)arrival->count + 1;
}

/* Step 1. */
static void
put_tags(struct buf *b, const struct arc_seal_order *o,
    const struct arc_verdict *arrival)
{
	buf_addf(b, " i=%u; a=rsa-sha256; t=%lld; cv=%s;\n\td=",
	    arc_seal_instance(arrival), (long long)o->now,
	    arrival->result == AUTH_NONE ? "none" : "pass");
	buf_add(b, o->domain);
	buf_adds(b, ";\n\ts=");
	buf_add(b, o->key->selector);
	buf_adds(b, ";\n\tb=");
}

static void
add_to_hash(void *arg, const char *ptr, size_t len)
{
	crypto_hash_add(arg, ptr, len);
}

/* Step 2.  `fresh` has the fields of the new set, with CRLF. */
static bool
hash(struct dkim_context *ctx, const struct arc_verdict *arrival,
    const struct mail_header *fresh, unsigned char out[DKIM_SHA256_LEN])
{
	const struct mail_field *fields[ARC_PARTS];
	struct crypto_hash h;
	struct dkim_sink sink;
	unsigned int part;
	size_t i;
	bool good;

	for (part = 0; part < ARC_PARTS; part++)
		fields[part] = &fresh->fields[part];
	crypto_hash_init(&h, dkim_context_sha256(ctx));
	dkim_sink_init(&sink, add_to_hash, &h);
	for (i = 0; i < arrival->count; i++)
		arc_hash_set(arrival->sets[i].fields, false,
		    (struct slice){ NULL, 0 }, &sink);
	arc_hash_set(fields, true, (struct slice){ NULL, 0 }, &sink);
	dkim_sink_flush(&sink);
	good = crypto_hash_end(&h, out);
	crypto_hash_fini(&h);
	return good;
}

/* Step 3. */
static void
put_b(struct buf *b, const unsigned char *sig, size_t len)
{
	char text[(LIMIT_DKIM_SIG_B + 2) / 3 * 4 + 1];
	struct slice rest = { text, base64_encoded_len(len) };

	base64_encode(sig, len, text);
	for (; rest.len > 0; rest = slice_from(rest, B_LINE)) {
		if (rest.ptr != text)
			buf_adds(b, "\n\t");
		buf_add(b, slice_head(rest, B_LINE));
	}
}

static bool
finish(struct dkim_context *ctx, const struct arc_seal_order *o,
    const struct arc_verdict *arrival, struct arena *arena, struct buf *b)
{
	unsigned char digest[DKIM_SHA256_LEN], sig[LIMIT_DKIM_SIG_B];
	struct mail_header fresh;
	size_t len;

	mail_header_init(&fresh, arena);
	if (buf_failed(b) ||
	    !mail_header_add(&fresh, arc_part_name(ARC_RESULTS),
	    o->results) ||
	    !mail_header_add(&fresh, arc_part_name(ARC_MESSAGE),
	    o->message) ||
	    !mail_header_add(&fresh, arc_part_name(ARC_SEAL), buf_slice(b)) ||
	    !hash(ctx, arrival, &fresh, digest) ||
	    !dkim_private_key_sign(o->key->key, digest, sig, &len))
		return false;
	put_b(b, sig, len);
	return !buf_failed(b);
}

bool
arc_seal_make(struct dkim_context *ctx, const struct arc_seal_order *order,
    const struct arc_verdict *arrival, struct arena *arena,
    struct slice *value)
{
	struct buf b;
	bool good;

	buf_init(&b, SEAL_MAX);
	put_tags(&b, order, arrival);
	good = finish(ctx, order, arrival, arena, &b);
	if (good)
		*value = arena_dup(arena, buf_slice(&b));
	buf_fini(&b);
	return good && value->ptr != NULL;
}
