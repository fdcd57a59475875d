/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: the life of the signatures of one message (RFC 6376 section 6.1).
 *
 *  1. Each DKIM-Signature field is read and checked as it arrives.  The
 *     first LIMIT_DKIM_CANDIDATES are; those after them are not looked at
 *     and not reported, so that a flood of them costs nothing.  A field
 *     that cannot be used has its verdict now and no key is asked for
 *     (6.1.1); it does not count against max_signatures.
 *  2. The keys of the first max_signatures usable ones are asked for at
 *     once; the others may never be.
 *  3. At the end of the header the signatures to check are chosen: those
 *     closest to the From domain first, then in order of appearance.  This
 *     is only an order: DMARC decides what is aligned.  The rest is
 *     past the limit (8.4).  Header hashes are made now, while DNS answers.
 *     A header that was not kept whole cannot be judged: permerror.
 *  4. The body goes through bodyhash.
 *  5. At the end, for each chosen signature:
 *     a. the key (dkim/prove.c, 6.1.2);
 *     b. does it fit the signature (steps 6 to 8 of 6.1.2, RFC 8301);
 *     c. l= against the length of the body, bh= against its hash (6.1.3);
 *     d. the signature, which costs most, last;
 *     e. if it passes, does it cover what a reader is shown (8.2, 8.15).
 *     The first that fails is the verdict.
 *
 * What dkim_verifier_ask() reads, and another thread may call, is written
 * before `early_count` or `chosen_ready` announces it, and not changed then.
 */
#include "dkim/verify.h"

#include <assert.h>
#include <string.h>

#include "dkim/context_internal.h"
#include "dkim/coverage.h"
#include "dkim/headerhash.h"
#include "dkim/prove.h"
#include "dkim/verify_internal.h"

#define MINIMUM_RSA_BITS 1024	/* RFC 8301 section 3.2: never below */
#define FIRST_CANDIDATES 2

struct dkim_verifier *
dkim_verifier_new(struct dkim_context *ctx,
    const struct dkim_options *options, struct arena *arena)
{
	struct dkim_verifier *v = arena_alloc(arena, sizeof(*v));
	size_t max = options->max_signatures;

	if (v == NULL)
		return NULL;
	v->ctx = ctx;
	v->arena = arena;
	v->options = *options;
	if (max > LIMIT_DKIM_CANDIDATES)
		v->options.max_signatures = LIMIT_DKIM_CANDIDATES;
	if (v->options.minimum_rsa_bits < MINIMUM_RSA_BITS)
		v->options.minimum_rsa_bits = MINIMUM_RSA_BITS;
	max = v->options.max_signatures;
	v->early = arena_array(arena, max, sizeof(*v->early));
	v->chosen_names = arena_array(arena, max, sizeof(*v->chosen_names));
	v->chosen = arena_array(arena, max, sizeof(*v->chosen));
	if (v->early == NULL || v->chosen_names == NULL || v->chosen == NULL)
		return NULL;
	atomic_init(&v->early_count, 0);
	atomic_init(&v->chosen_ready, false);
	bodyhash_init(&v->body, ctx->sha256, arena);
	return v;
}

void
dkim_verifier_fini(struct dkim_verifier *v)
{
	if (v != NULL)
		bodyhash_fini(&v->body);
}

/* ---- steps 1 and 2: fields ---- */

static bool
make_room(struct dkim_verifier *v)
{
	size_t cap = v->cap > 0 ? v->cap * 2 : FIRST_CANDIDATES;
	struct dkim_signature *signatures;
	struct dkim_candidate *candidates;

	if (v->count < v->cap)
		return true;
	signatures = arena_array(v->arena, cap, sizeof(*signatures));
	candidates = arena_array(v->arena, cap, sizeof(*candidates));
	if (signatures == NULL || candidates == NULL)
		return false;
	if (v->count > 0) {
		memcpy(signatures, v->signatures,
		    v->count * sizeof(*signatures));
		memcpy(candidates, v->candidates,
		    v->count * sizeof(*candidates));
	}
	v->signatures = signatures;
	v->candidates = candidates;
	v->cap = cap;
	return true;
}

static void
note_early(struct dkim_verifier *v, struct slice key_name)
{
	size_t n;

	n = atomic_load_explicit(&v->early_count, memory_order_relaxed);
	if (n == v->options.max_signatures)
		return;
	v->early[n] = key_name;
	atomic_store_explicit(&v->early_count, n + 1, memory_order_release);
}

bool
dkim_verifier_field(struct dkim_verifier *v, const struct mail_field *field,
    size_t index)
{
	struct dkim_signature *sig;
	struct dkim_candidate *cand;

	if (!slice_eq_nocase(field->name, SLICE("DKIM-Signature")) ||
	    v->count == LIMIT_DKIM_CANDIDATES)
		return true;
	if (!make_room(v))
		return false;
	sig = &v->signatures[v->count];
	cand = &v->candidates[v->count];
	v->count++;
	sig->field = index;
	sig->checked = true;
	cand->usable = dkim_signature_parse(DKIM_FORM_DKIM, field->value,
	    v->options.now, v->arena, sig, &cand->request);
	if (cand->usable)
		note_early(v, cand->request.key_name);
	return true;
}

/* ---- questions ---- */

enum check_state
dkim_verifier_ask(struct dkim_verifier *v, struct dns_ledger *ledger)
{
	enum check_state state = CHECK_DONE;
	const struct slice *names = v->early;
	size_t count, i;

	count = atomic_load_explicit(&v->early_count, memory_order_acquire);
	if (atomic_load_explicit(&v->chosen_ready, memory_order_acquire)) {
		names = v->chosen_names;
		count = v->chosen_count;
	}
	for (i = 0; i < count; i++) {
		if (dns_ledger_ask(ledger, names[i], DNS_TYPE_TXT) == NULL)
			state = CHECK_PENDING;
	}
	return state;
}

/* ---- step 3: the header is complete ---- */

/*
 * How likely it is that d= is aligned with From, which DMARC finds out
 * later: the same name, else the labels that both end with.
 */
static size_t
closeness(struct slice d, const struct domain *from)
{
	struct slice zone;

	if (from == NULL || d.len == 0)
		return 0;
	zone = domain_slice(from);
	if (slice_eq(d, zone))
		return SIZE_MAX;
	while (zone.len > 0 && !domain_is_at_or_below(d, zone))
		zone = domain_parent(zone);
	return domain_labels(zone);
}

/* The usable candidate to take next: the closest, then the first. */
static struct dkim_candidate *
next_candidate(struct dkim_verifier *v)
{
	struct dkim_candidate *best = NULL, *c;
	size_t i;

	for (i = 0; i < v->count; i++) {
		c = &v->candidates[i];
		if (c->usable && !c->ranked &&
		    (best == NULL || c->closeness > best->closeness))
			best = c;
	}
	return best;
}

/* Takes usable signatures up to the limit. */
static void
choose(struct dkim_verifier *v)
{
	struct dkim_candidate *c;
	size_t i;

	while ((c = next_candidate(v)) != NULL) {
		c->ranked = true;
		i = (size_t)(c - v->candidates);
		if (v->chosen_count == v->options.max_signatures) {
			v->signatures[i].checked = false;
			dkim_signature_judge(&v->signatures[i], AUTH_NEUTRAL,
			    "signature limit");
			continue;
		}
		v->chosen_names[v->chosen_count] = c->request.key_name;
		v->chosen[v->chosen_count++] = i;
	}
}

static void
refuse_usable(struct dkim_verifier *v, enum auth_result result,
    const char *comment)
{
	size_t i;

	for (i = 0; i < v->count; i++) {
		if (!v->candidates[i].usable)
			continue;
		v->candidates[i].usable = false;
		dkim_signature_judge(&v->signatures[i], result, comment);
	}
}

static void
hash_header(struct dkim_verifier *v, struct headerhash *h,
    struct crypto_hash *hash, size_t i)
{
	struct dkim_candidate *cand = &v->candidates[i];
	const struct mail_field *own;
	struct headerhash_input in;

	assert(v->signatures[i].field < h->header->count);
	own = &h->header->fields[v->signatures[i].field];
	in = (struct headerhash_input){
		.how = cand->request.header_canon,
		.h = cand->request.h,
		.name = own->name,
		.value = cand->request.value,
		.cut = cand->request.b_cut,
		.own = own,
	};
	crypto_hash_restart(hash, v->ctx->sha256);
	cand->header_good = headerhash_compute(h, &in, hash, cand->header);
}

/* What is short of memory stays unset and becomes a temperror at the end. */
static void
prepare(struct dkim_verifier *v, const struct mail_header *header)
{
	const struct dkim_request *request;
	struct headerhash h;
	struct crypto_hash hash;
	bool ready;
	size_t i;

	if (v->chosen_count == 0)
		return;
	ready = headerhash_init(&h, v->arena, header);
	crypto_hash_init(&hash, v->ctx->sha256);
	for (i = 0; i < v->chosen_count; i++) {
		if (ready)
			hash_header(v, &h, &hash, v->chosen[i]);
		request = &v->candidates[v->chosen[i]].request;
		v->candidates[v->chosen[i]].body = bodyhash_want(&v->body,
		    request->body_canon, request->length);
	}
	crypto_hash_fini(&hash);
}

void
dkim_verifier_header_end(struct dkim_verifier *v,
    const struct mail_header *header, const struct domain *from)
{
	size_t i;

	for (i = 0; i < v->count; i++)
		v->candidates[i].closeness = closeness(v->signatures[i].d,
		    from);
	if (header->overflow)
		refuse_usable(v, AUTH_PERMERROR, "header is too large");
	choose(v);
	atomic_store_explicit(&v->chosen_ready, true, memory_order_release);
	prepare(v, header);
}

/* ---- step 4: the body ---- */

struct bodyhash *
dkim_verifier_hashes(struct dkim_verifier *v)
{
	return &v->body;
}

void
dkim_verifier_body(struct dkim_verifier *v, struct slice chunk)
{
	bodyhash_add(&v->body, chunk);
}

/* ---- step 5: the verdicts ---- */

/*
 * Step c, and what keeps it from step d.  Memory comes first: without
 * it nothing is known of the body.
 */
static void
compare(const struct dkim_verifier *v, const struct dkim_signature *sig,
    const struct dkim_candidate *cand, struct dkim_claim *claim)
{
	claim->fault = AUTH_TEMPERROR;
	claim->why = "out of memory";
	if (!cand->header_good || cand->body == NULL || !cand->body->good)
		return;
	if (sig->has_length && cand->request.length >
	    bodyhash_total(&v->body, cand->request.body_canon)) {
		claim->fault = AUTH_PERMERROR;
		claim->why = "l= is larger than the body";
	} else if (sig->body_differs) {
		claim->fault = AUTH_FAIL;
		claim->why = "body hash did not verify";
	} else {
		claim->why = NULL;
	}
}

/* Steps a to d. */
static void
check_answer(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_candidate *cand, const struct dns_answer *answer,
    struct dkim_proof *proof)
{
	struct dkim_claim claim = {
		.need = { .type = cand->request.key_type,
			.minimum_rsa_bits = v->options.minimum_rsa_bits,
			.subdomain = cand->request.i_below_d },
		.hash = cand->header,
		.b = cand->request.b, .b_len = cand->request.b_len };

	compare(v, sig, cand, &claim);
	dkim_prove(v->ctx, answer, &claim, proof);
	sig->key_bits = proof->key_bits;
	sig->key_testing = proof->key_testing;
	sig->authenticated = proof->authenticated;
	sig->stale = proof->stale;
}

/* The verdict of the body alone, without the key. */
static void
compare_body(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_candidate *cand)
{
	const struct dkim_request *r = &cand->request;
	uint64_t total;

	total = bodyhash_total(&v->body, r->body_canon);
	if (sig->has_length && r->length < total)
		sig->unsigned_octets = total - r->length;
	if (cand->body == NULL || !cand->body->good)
		return;
	sig->body_differs = r->bh_len != DKIM_SHA256_LEN ||
	    memcmp(r->bh, cand->body->value, DKIM_SHA256_LEN) != 0;
}

/* Step e. */
static void
judge(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_proof *proof)
{
	const char *problem = coverage_problem(sig,
	    v->options.partial_refused, v->options.doubles_refused);

	if (proof->result == AUTH_PASS && problem != NULL)
		dkim_signature_judge(sig, AUTH_POLICY, problem);
	else
		dkim_signature_judge(sig, proof->result, proof->comment);
}

void
dkim_verifier_body_end(struct dkim_verifier *v)
{
	bodyhash_end(&v->body);
}

void
dkim_verifier_finish(struct dkim_verifier *v,
    const struct mail_header *header, const struct dns_ledger *ledger)
{
	const struct dkim_candidate *cand;
	struct dkim_signature *sig;
	struct dkim_proof proof;
	size_t i;

	assert(atomic_load(&v->chosen_ready));
	bodyhash_end(&v->body);
	for (i = 0; i < v->chosen_count; i++) {
		cand = &v->candidates[v->chosen[i]];
		sig = &v->signatures[v->chosen[i]];
		compare_body(v, sig, cand);
		coverage_find(cand->request.h, header, sig);
		check_answer(v, sig, cand, dns_ledger_peek(ledger,
		    cand->request.key_name, DNS_TYPE_TXT), &proof);
		judge(v, sig, &proof);
	}
}

const struct dkim_signature *
dkim_verifier_signatures(const struct dkim_verifier *v, size_t *count)
{
	*count = v->count;
	return v->signatures;
}
