/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arc: the life of a chain (RFC 8617 section 5.2).
 *
 *  1. to 3.  Structure, see chain.c: none, or a fail for good.
 *  4. The header is hashed, while DNS answers: for AMS(N), for the seals,
 *     and for the older message signatures as far as their bound allows.
 *     AS(k) signs AAR(j), AMS(j), AS(j) for j = 1 to k, each relaxed, b= of
 *     AS(k) left out (5.1.1).
 *  5. At the end every signature gets a verdict of its own, for those who
 *     explain the chain.
 *  6. AMS(N) has to verify, then each AS from N to 1: the first that does
 *     not is the verdict.
 *  7. From N - 1 down, the first AMS that does not verify gives
 *     header.oldest-pass, which changes nothing else.
 *
 * A key that cannot be had is a fail as any other (5.2.1).
 */
#include "arc/arc.h"

#include <stdio.h>
#include <string.h>

#include "arc/chain_internal.h"
#include "dkim/coverage.h"
#include "dkim/headerhash.h"
#include "dkim/prove.h"

#define MINIMUM_RSA_BITS 1024	/* RFC 8301 section 3.2: never below */

void
arc_verdict_why(const struct arc_verdict *v, char out[ARC_WHY])
{
	out[0] = '\0';
	if (v->comment == NULL)
		return;
	if (v->field == NULL)
		snprintf(out, ARC_WHY, "%s", v->comment);
	else if (v->instance == 0)
		snprintf(out, ARC_WHY, "%s: %s", v->field, v->comment);
	else
		snprintf(out, ARC_WHY, "%s i=%u: %s", v->field, v->instance,
		    v->comment);
}

struct arc_validator *
arc_validator_new(struct dkim_context *ctx, const struct arc_options *options,
    struct arena *arena)
{
	struct arc_validator *v = arena_alloc(arena, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->ctx = ctx;
	v->arena = arena;
	v->options = *options;
	if (v->options.minimum_rsa_bits < MINIMUM_RSA_BITS)
		v->options.minimum_rsa_bits = MINIMUM_RSA_BITS;
	v->verdict.oldest_pass = -1;
	return v;
}

/* ---- step 4 ---- */

static void
add_to_hash(void *arg, const char *ptr, size_t len)
{
	crypto_hash_add(arg, ptr, len);
}

void
arc_hash_set(const struct mail_field *const fields[ARC_PARTS], bool last,
    struct slice cut, struct dkim_sink *sink)
{
	const struct mail_field *f;
	unsigned int part;

	for (part = 0; part < ARC_PARTS; part++) {
		f = fields[part];
		dkim_canon_field(DKIM_CANON_RELAXED, f->name, f->value,
		    part == ARC_SEAL ? cut : (struct slice){ NULL, 0 }, sink);
		if (part != ARC_SEAL || !last)
			dkim_sink_add(sink, "\r\n", 2);
	}
}

/* What AS(k) signs; k counts from 0 here and below. */
static void
hash_seal(struct arc_validator *v, size_t k, struct crypto_hash *hash)
{
	struct arc_work *work = &v->work[k];
	struct dkim_sink sink;
	size_t j;

	crypto_hash_restart(hash, dkim_context_sha256(v->ctx));
	dkim_sink_init(&sink, add_to_hash, hash);
	for (j = 0; j < k; j++)
		arc_hash_set(v->sets[j].fields, false,
		    (struct slice){ NULL, 0 }, &sink);
	arc_hash_set(v->sets[k].fields, true, work->seal_request.b_cut,
	    &sink);
	dkim_sink_flush(&sink);
	work->seal_hashed = crypto_hash_end(hash, work->seal_hash);
	v->verdict.no_memory |= !work->seal_hashed;
}

static void
hash_message(struct arc_validator *v, size_t k, struct headerhash *h,
    struct crypto_hash *hash)
{
	const struct mail_field *own = v->sets[k].fields[ARC_MESSAGE];
	struct arc_work *work = &v->work[k];
	const struct headerhash_input in = {
		.how = work->message_request.header_canon,
		.h = work->message_request.h,
		.name = own->name,
		.value = work->message_request.value,
		.cut = work->message_request.b_cut,
		.own = own };

	crypto_hash_restart(hash, dkim_context_sha256(v->ctx));
	work->message_hashed = headerhash_compute(h, &in, hash,
	    work->message_hash);
	v->verdict.no_memory |= !work->message_hashed;
}

/* A hash of the body that another message signature wants as well. */
static const struct bodyhash_digest *
known_body(const struct arc_validator *v, const struct dkim_request *r)
{
	const struct dkim_request *other;
	size_t i;

	for (i = 0; i < v->count; i++) {
		other = &v->work[i].message_request;
		if (v->work[i].body != NULL &&
		    other->body_canon == r->body_canon &&
		    other->length == r->length)
			return v->work[i].body;
	}
	return NULL;
}

/* False: no more hashes of the body than the limit. */
static bool
want_body(struct arc_validator *v, size_t k, struct bodyhash *body,
    size_t *wanted)
{
	const struct dkim_request *r = &v->work[k].message_request;

	v->work[k].body = known_body(v, r);
	if (v->work[k].body != NULL)
		return true;
	if (*wanted == LIMIT_ARC_BODIES)
		return false;
	*wanted += 1;
	v->work[k].body = bodyhash_want(body, r->body_canon, r->length);
	v->verdict.no_memory |= v->work[k].body == NULL;
	return true;
}

/*
 * AMS(N), and those before it in falling order while there is room for them:
 * one that is passed over ends the search for the oldest that passes.
 */
static void
hash_messages(struct arc_validator *v, const struct mail_header *header,
    struct bodyhash *body, struct crypto_hash *hash)
{
	struct headerhash h;
	size_t k, bytes = 0, wanted = 0;

	if (!headerhash_init(&h, v->arena, header)) {
		v->verdict.no_memory = true;
		return;
	}
	for (k = v->count; k > 0 && v->work[k - 1].message_usable; k--) {
		if (k < v->count && bytes > LIMIT_ARC_OLDER_BYTES)
			break;
		if (!want_body(v, k - 1, body, &wanted))
			break;
		hash_message(v, k - 1, &h, hash);
		bytes += header->bytes;
	}
	for (; k > 0; k--)
		v->work[k - 1].message_usable = false;
}

static void
hash_all(struct arc_validator *v, const struct mail_header *header,
    struct bodyhash *body)
{
	struct crypto_hash hash;
	size_t k;

	crypto_hash_init(&hash, dkim_context_sha256(v->ctx));
	hash_messages(v, header, body, &hash);
	for (k = 0; k < v->count; k++)
		hash_seal(v, k, &hash);
	crypto_hash_fini(&hash);
}

/* The keys that decide come first. */
static void
note_names(struct arc_validator *v)
{
	size_t k;

	v->names = arena_array(v->arena, 2 * v->count, sizeof(*v->names));
	if (v->names == NULL)
		return;
	for (k = v->count; k > 0; k--)
		v->names[v->name_count++] =
		    v->work[k - 1].seal_request.key_name;
	for (k = v->count; k > 0 && v->work[k - 1].message_usable; k--)
		v->names[v->name_count++] =
		    v->work[k - 1].message_request.key_name;
}

void
arc_validator_header(struct arc_validator *v,
    const struct mail_header *header, struct bodyhash *body)
{
	v->header = header;
	v->body = body;
	arc_chain_read(v, header);
	if (!v->judged && v->count > 0 && !arena_failed(v->arena)) {
		hash_all(v, header, body);
		note_names(v);
	}
	v->verdict.no_memory |= arena_failed(v->arena);
}

enum check_state
arc_validator_ask(const struct arc_validator *v, struct dns_ledger *ledger)
{
	enum check_state state = CHECK_DONE;
	size_t i;

	for (i = 0; i < v->name_count; i++)
		if (dns_ledger_ask(ledger, v->names[i], DNS_TYPE_TXT) == NULL)
			state = CHECK_PENDING;
	return state;
}

/* ---- steps 5 to 7 ---- */

static void
prove(struct arc_validator *v, const struct dns_ledger *ledger,
    const struct dkim_request *request, struct dkim_claim *claim,
    struct dkim_signature *sig)
{
	struct dkim_proof proof;

	claim->need = (struct dkim_key_need){ .type = request->key_type,
		.minimum_rsa_bits = v->options.minimum_rsa_bits };
	claim->b = request->b;
	claim->b_len = request->b_len;
	dkim_prove(v->ctx, dns_ledger_peek(ledger, request->key_name,
	    DNS_TYPE_TXT), claim, &proof);
	sig->checked = true;
	sig->key_bits = proof.key_bits;
	sig->key_testing = proof.key_testing;
	sig->authenticated = proof.authenticated;
	sig->stale = proof.stale;
	v->verdict.stale |= proof.stale;
	v->verdict.no_memory |= proof.no_memory;
	/* RFC 6376 3.6.1: a key in test mode proves nothing. */
	if (proof.result == AUTH_PASS && proof.key_testing &&
	    !v->options.test_keys)
		dkim_signature_judge(sig, AUTH_POLICY,
		    "the key is in test mode (t=y)");
	else
		dkim_signature_judge(sig, proof.result, proof.comment);
}

/* What is wrong with AMS for any key; NULL: nothing. */
static const char *
body_problem(const struct arc_validator *v, const struct arc_work *work,
    struct dkim_signature *sig)
{
	const struct dkim_request *r = &work->message_request;
	uint64_t total = bodyhash_total(v->body, r->body_canon);

	if (sig->has_length && r->length > total)
		return "l= is larger than the body";
	sig->body_differs = r->bh_len != DKIM_SHA256_LEN ||
	    memcmp(r->bh, work->body->value, DKIM_SHA256_LEN) != 0;
	if (sig->body_differs)
		return "body hash did not verify";
	if (!sig->has_length || r->length == total)
		return NULL;
	sig->unsigned_octets = total - r->length;
	return NULL;
}

/* A field or a body that was added to a sealed message is not the sealer's. */
static void
look_at_coverage(const struct arc_validator *v, size_t k,
    struct dkim_signature *sig)
{
	const char *problem;

	if (sig->result != AUTH_PASS)
		return;
	coverage_find(v->work[k].message_request.h, v->header, sig);
	problem = coverage_problem(sig, v->options.partial_refused,
	    v->options.doubles_refused);
	if (problem != NULL)
		dkim_signature_judge(sig, AUTH_POLICY, problem);
}

static void
prove_message(struct arc_validator *v, const struct dns_ledger *ledger,
    size_t k)
{
	const struct arc_work *work = &v->work[k];
	struct dkim_signature *sig = &v->sets[k].message;
	struct dkim_claim claim = { .hash = work->message_hash,
		.fault = AUTH_FAIL };

	if (!work->message_usable)
		return;
	if (!work->message_hashed || work->body == NULL ||
	    !work->body->good) {
		v->verdict.no_memory = true;
		return;
	}
	claim.why = body_problem(v, work, sig);
	prove(v, ledger, &work->message_request, &claim, sig);
	look_at_coverage(v, k, sig);
}

static void
prove_seal(struct arc_validator *v, const struct dns_ledger *ledger, size_t k)
{
	const struct arc_work *work = &v->work[k];
	struct dkim_claim claim = { .hash = work->seal_hash };

	prove(v, ledger, &work->seal_request, &claim, &v->sets[k].seal);
}

static void
require(struct arc_validator *v, size_t k, enum arc_part part,
    const struct dkim_signature *sig)
{
	if (v->judged || sig->result == AUTH_PASS)
		return;
	v->verdict.temporary = sig->result == AUTH_TEMPERROR;
	arc_fault(v, arc_part_name(part).ptr, (unsigned int)k + 1,
	    sig->comment);
}

/* Step 6. */
static void
judge(struct arc_validator *v)
{
	size_t k = v->count;

	require(v, k - 1, ARC_MESSAGE, &v->sets[k - 1].message);
	for (; k > 0; k--)
		require(v, k - 1, ARC_SEAL, &v->sets[k - 1].seal);
	if (!v->judged)
		v->verdict.result = AUTH_PASS;
	v->judged = true;
}

/* Step 7. */
static int
oldest_pass(const struct arc_validator *v)
{
	size_t k = v->count;

	while (k > 0 && v->sets[k - 1].message.checked &&
	    v->sets[k - 1].message.result == AUTH_PASS)
		k--;
	return k > 0 ? (int)k + 1 : 0;
}

void
arc_validator_finish(struct arc_validator *v, const struct dns_ledger *ledger)
{
	size_t k;

	if (v->judged || v->count == 0 || v->verdict.no_memory)
		return;
	for (k = 0; k < v->count; k++) {
		prove_message(v, ledger, k);
		prove_seal(v, ledger, k);
	}
	if (v->verdict.no_memory)
		return;
	judge(v);
	if (v->verdict.result == AUTH_PASS)
		v->verdict.oldest_pass = oldest_pass(v);
}

const struct arc_verdict *
arc_validator_verdict(const struct arc_validator *v)
{
	return &v->verdict;
}
