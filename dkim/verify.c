/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: the life of the signatures of one message (RFC 6376 section 6.1).
 *
 *  1. Each DKIM-Signature field, as it comes, is read and checked.  The
 *     first LIMIT_DKIM_CANDIDATES are; those behind them are not looked at
 *     and not reported, so that a flood of them costs nothing.  A field
 *     that cannot be used has its verdict now and no key is asked for
 *     (6.1.1); it does not count against max_signatures.
 *  2. The keys of the first max_signatures usable ones are asked for at
 *     once: the others of them may never be.
 *  3. At the end of the header the signatures to check are chosen: those
 *     closest to the From domain first, then in order of appearance.  This
 *     is an order and nothing else: what is aligned DMARC says.  The rest is
 *     past the limit (8.4).  Header hashes are made now, while DNS answers.
 *     A header that was not kept whole cannot be judged: permerror.
 *  4. The body goes through bodyhash.
 *  5. At the end, for each chosen signature:
 *     a. the key, from up to LIMIT_DKIM_KEY_RECORDS records (6.1.2);
 *     b. does it fit the signature (steps 6 to 8 of 6.1.2, RFC 8301);
 *     c. l= against the length of the body, bh= against its hash (6.1.3);
 *     d. the signature, which costs most, last;
 *     e. if it passes, does it cover what a reader is shown (8.2, 8.15).
 *     The first that fails is the verdict.
 *
 * Several TXT records at one name (3.6.2.2 leaves it open): those that are
 * no key records are passed over, the others tried until one verifies.  If
 * none does, the verdict is that of a key which fitted but did not verify,
 * else that of the first record.
 *
 * What dkim_verifier_ask() reads, and another thread may call, is written
 * before `early_count` or `chosen_ready` tells of it, and not changed then.
 */
#include "dkim/verify.h"

#include <assert.h>
#include <string.h>

#include "dkim/context_internal.h"
#include "dkim/coverage_internal.h"
#include "dkim/headerhash.h"
#include "dkim/verify_internal.h"

#define MINIMUM_RSA_BITS 1024	/* RFC 8301 section 3.2: never below */
#define FIRST_CANDIDATES 4

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
	cand->usable = dkim_signature_parse(field->value, v->options.now,
	    v->arena, sig, &cand->request);
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

void
dkim_verifier_body(struct dkim_verifier *v, struct slice chunk)
{
	bodyhash_add(&v->body, chunk);
}

/* ---- step 5: the verdicts ---- */

struct verdict {
	enum auth_result	 result;
	const char		*comment;
};

/* Step d. */
static struct verdict
check_signature(const struct dkim_candidate *cand, struct dkim_key *key)
{
	const struct dkim_request *r = &cand->request;
	enum crypto_status status;

	status = crypto_verify(&key->key, cand->header, r->b, r->b_len);
	if (status == CRYPTO_NO_MEMORY)
		return (struct verdict){ AUTH_TEMPERROR, "out of memory" };
	if (status == CRYPTO_BAD)
		return (struct verdict){ AUTH_FAIL,
		    "signature did not verify" };
	return (struct verdict){ AUTH_PASS, key->testing ? "test mode" :
	    NULL };
}

/* Steps b to d for one key. */
static struct verdict
check_key(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_candidate *cand, struct dkim_key *key)
{
	const struct dkim_key_need need = { .type = cand->request.key_type,
		.minimum_rsa_bits = v->options.minimum_rsa_bits,
		.subdomain = cand->request.i_below_d };
	const char *misfit = dkim_key_misfit(key, &need);

	sig->key_bits = key->bits;
	sig->key_testing = key->testing;
	if (misfit != NULL)
		return (struct verdict){ AUTH_PERMERROR, misfit };
	if (!cand->header_good || cand->body == NULL || !cand->body->good)
		return (struct verdict){ AUTH_TEMPERROR, "out of memory" };
	if (sig->has_length && cand->request.length >
	    bodyhash_total(&v->body, cand->request.body_canon))
		return (struct verdict){ AUTH_PERMERROR,
		    "l= is larger than the body" };
	if (sig->body_differs)
		return (struct verdict){ AUTH_FAIL,
		    "body hash did not verify" };
	return check_signature(cand, key);
}

/* One record; false when it is no key record. */
static bool
try_record(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_candidate *cand, struct slice record,
    struct verdict *out)
{
	enum dkim_key_status status;
	struct dkim_key key;
	const char *problem;

	status = dkim_keycache_get(v->ctx->keys, record, &key, &problem);
	if (status == DKIM_KEY_OK) {
		*out = check_key(v, sig, cand, &key);
	} else {
		*out = (struct verdict){ status == DKIM_KEY_NO_MEMORY ?
		    AUTH_TEMPERROR : AUTH_PERMERROR, problem };
		if (status == DKIM_KEY_UNUSABLE) {
			sig->key_bits = key.bits;
			sig->key_testing = key.testing;
		}
	}
	dkim_key_fini(&key);
	return status != DKIM_KEY_FOREIGN;
}

/* True when `a` says more than `b`, the verdict so far. */
static bool
says_more(struct verdict a, struct verdict b)
{
	return a.result == AUTH_PASS || a.result == AUTH_TEMPERROR ||
	    (a.result == AUTH_FAIL && b.result == AUTH_PERMERROR);
}

/* Step a, with the records that were found. */
static struct verdict
try_records(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_candidate *cand, const struct dns_answer *answer)
{
	struct dkim_signature copy = *sig;
	struct verdict best, one;
	size_t tried = 0, i;
	bool is_key, first = true;

	best = (struct verdict){ AUTH_PERMERROR, "no key for signature" };
	for (i = 0; i < answer->count && tried < LIMIT_DKIM_KEY_RECORDS;
	    i++) {
		copy.key_bits = 0;
		copy.key_testing = false;
		is_key = try_record(v, &copy, cand, answer->records[i].text,
		    &one);
		/* A key record says more than one that is none. */
		if (first || (is_key && tried == 0) || says_more(one, best)) {
			best = one;
			*sig = copy;
		}
		first = false;
		tried += is_key;
		if (best.result == AUTH_PASS)
			break;
	}
	return best;
}

/* Step a: RFC 6376 section 6.1.2 steps 2 and 3. */
static struct verdict
check_answer(const struct dkim_verifier *v, struct dkim_signature *sig,
    const struct dkim_candidate *cand, const struct dns_answer *answer)
{
	const char *unknown = dkim_key_unknown(answer);

	sig->authenticated = answer != NULL && answer->authenticated;
	if (unknown != NULL)
		return (struct verdict){ AUTH_TEMPERROR, unknown };
	if (answer->outcome != DNS_FOUND)
		return (struct verdict){ AUTH_PERMERROR,
		    "no key for signature" };
	return try_records(v, sig, cand, answer);
}

/* What the body says by itself, whatever becomes of the key. */
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
    struct verdict verdict)
{
	const char *problem = coverage_problem(sig, &v->options);

	if (verdict.result == AUTH_PASS && problem != NULL)
		verdict = (struct verdict){ AUTH_POLICY, problem };
	dkim_signature_judge(sig, verdict.result, verdict.comment);
}

void
dkim_verifier_finish(struct dkim_verifier *v,
    const struct mail_header *header, const struct dns_ledger *ledger)
{
	const struct dkim_candidate *cand;
	struct dkim_signature *sig;
	struct verdict verdict;
	size_t i;

	assert(atomic_load(&v->chosen_ready));
	bodyhash_end(&v->body);
	for (i = 0; i < v->chosen_count; i++) {
		cand = &v->candidates[v->chosen[i]];
		sig = &v->signatures[v->chosen[i]];
		compare_body(v, sig, cand);
		coverage_find(&cand->request, header, sig);
		verdict = check_answer(v, sig, cand, dns_ledger_peek(ledger,
		    cand->request.key_name, DNS_TYPE_TXT));
		judge(v, sig, verdict);
	}
}

const struct dkim_signature *
dkim_verifier_signatures(const struct dkim_verifier *v, size_t *count)
{
	*count = v->count;
	return v->signatures;
}
