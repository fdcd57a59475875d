/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prove: a signature against the key records in the DNS.
 *
 *  1. No answer, or one that says nothing: temperror (RFC 6376 section 6.1.2
 *     step 2).  No record: permerror (step 3).
 *  2. Of each record: is it a key (steps 4 and 5), does it fit the signature
 *     (steps 6 to 8, RFC 8301)?
 *  3. What the claim says is wrong with it in any case.
 *  4. The signature, which costs most, last.
 *
 * Several TXT records at one name (3.6.2.2 leaves it open): those that are
 * no key records are passed over, the others tried until one verifies.  If
 * none does, the verdict is that of a key which fitted but did not verify,
 * else that of the first record.
 */
#include "dkim/prove.h"

#include "dkim/context_internal.h"

static void
judge(struct dkim_proof *p, enum auth_result result, const char *comment)
{
	p->result = result;
	p->comment = comment;
}

/* Step 4. */
static void
check_signature(const struct dkim_claim *claim, struct dkim_key *key,
    struct dkim_proof *p)
{
	switch (crypto_verify(&key->key, claim->hash, claim->b,
	    claim->b_len)) {
	case CRYPTO_GOOD:
		judge(p, AUTH_PASS, key->testing ? "test mode" : NULL);
		break;
	case CRYPTO_BAD:
		judge(p, AUTH_FAIL, "signature did not verify");
		break;
	case CRYPTO_NO_MEMORY:
		judge(p, AUTH_TEMPERROR, "out of memory");
		break;
	}
}

/* Steps 2 to 4 of a record that is a key. */
static void
check_key(const struct dkim_claim *claim, struct dkim_key *key,
    struct dkim_proof *p)
{
	const char *misfit = dkim_key_misfit(key, &claim->need);

	p->key_bits = key->bits;
	p->key_testing = key->testing;
	if (misfit != NULL)
		judge(p, AUTH_PERMERROR, misfit);
	else if (claim->why == NULL)
		check_signature(claim, key, p);
	else
		judge(p, claim->fault, claim->why);
	p->no_memory |= p->result == AUTH_TEMPERROR;
}

/* One record; false when it is no key record. */
static bool
try_record(struct dkim_context *ctx, const struct dkim_claim *claim,
    struct slice record, struct dkim_proof *p)
{
	enum dkim_key_status status;
	struct dkim_key key;
	const char *problem;

	status = dkim_keycache_get(ctx->keys, record, &key, &problem);
	if (status == DKIM_KEY_OK) {
		check_key(claim, &key, p);
	} else {
		p->no_memory = status == DKIM_KEY_NO_MEMORY;
		judge(p, p->no_memory ? AUTH_TEMPERROR : AUTH_PERMERROR,
		    problem);
		if (status == DKIM_KEY_UNUSABLE) {
			p->key_bits = key.bits;
			p->key_testing = key.testing;
		}
	}
	dkim_key_fini(&key);
	return status != DKIM_KEY_FOREIGN;
}

/* True when `a` says more than `b`, the verdict so far. */
static bool
says_more(enum auth_result a, enum auth_result b)
{
	return a == AUTH_PASS || a == AUTH_TEMPERROR ||
	    (a == AUTH_FAIL && b == AUTH_PERMERROR);
}

static void
try_records(struct dkim_context *ctx, const struct dns_answer *answer,
    const struct dkim_claim *claim, struct dkim_proof *best)
{
	const struct dkim_proof none = *best;
	struct dkim_proof one;
	size_t tried = 0, i;
	bool is_key, first = true;

	for (i = 0; i < answer->count && tried < LIMIT_DKIM_KEY_RECORDS;
	    i++) {
		one = none;
		is_key = try_record(ctx, claim, answer->records[i].text,
		    &one);
		/* A key record says more than one that is none. */
		if (first || (is_key && tried == 0) ||
		    says_more(one.result, best->result))
			*best = one;
		first = false;
		tried += is_key;
		if (best->result == AUTH_PASS)
			break;
	}
}

void
dkim_prove(struct dkim_context *ctx, const struct dns_answer *answer,
    const struct dkim_claim *claim, struct dkim_proof *proof)
{
	const char *unknown = dkim_key_unknown(answer);

	*proof = (struct dkim_proof){ .result = AUTH_PERMERROR,
		.comment = "no key for signature" };
	if (unknown != NULL) {
		judge(proof, AUTH_TEMPERROR, unknown);
		return;
	}
	proof->authenticated = answer->authenticated;
	proof->stale = answer->stale;
	if (answer->outcome == DNS_FOUND)
		try_records(ctx, answer, claim, proof);
}
