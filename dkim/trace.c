/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace: what a verifier found of each signature.
 *
 * The hashes are those that the verifier made.  With the first fault it
 * stops; b= is checked here with the keys in the DNS in any case.
 */
#include "dkim/trace.h"

#include <string.h>

#include "base/limits.h"
#include "dkim/context_internal.h"
#include "dkim/verify_internal.h"
#include "mail/taglist.h"

/* How often `name` is in h= before `end`. */
static size_t
times_named(struct slice h, const char *end, struct slice name)
{
	bool more = true;
	struct slice other;
	size_t n = 0;

	while (taglist_next(&h, &more, &other) && other.ptr < end)
		n += slice_eq_nocase(other, name);
	return n;
}

static void
count_names(struct dkim_trace *t, const struct mail_header *header)
{
	struct slice h = t->request->h, rest = h, name;
	bool more = true;

	while (taglist_next(&rest, &more, &name)) {
		t->names++;
		t->absent += times_named(h, name.ptr + name.len, name) >
		    mail_header_instances(header, name);
	}
}

/* True when the record holds a key of the signature's type. */
static bool
try_key(const struct dkim_verifier *v, const struct dkim_candidate *cand,
    struct slice record, struct dkim_trace *t)
{
	const struct dkim_request *r = &cand->request;
	enum crypto_status status;
	struct dkim_key key;
	const char *problem;
	bool fits;

	fits = dkim_keycache_get(v->ctx->keys, record, &key, &problem) ==
	    DKIM_KEY_OK && key.type == r->key_type;
	if (fits) {
		status = crypto_verify(&key.key, cand->header, r->b,
		    r->b_len);
		if (status == CRYPTO_GOOD)
			t->header = DKIM_TRACE_GOOD;
		else if (status == CRYPTO_BAD)
			t->header = DKIM_TRACE_DIFFERS;
	}
	dkim_key_fini(&key);
	return fits;
}

static void
check_header(const struct dkim_verifier *v, const struct dkim_candidate *cand,
    const struct dns_answer *answer, struct dkim_trace *t)
{
	size_t i, tried = 0;

	if (answer == NULL || !cand->header_good)
		return;
	for (i = 0; i < answer->count && tried < LIMIT_DKIM_KEY_RECORDS &&
	    t->header != DKIM_TRACE_GOOD; i++)
		tried += try_key(v, cand, answer->records[i].text, t);
}

void
dkim_verifier_trace(const struct dkim_verifier *v, size_t i,
    const struct mail_header *header, const struct dns_ledger *ledger,
    struct dkim_trace *out)
{
	const struct dkim_candidate *cand = &v->candidates[i];

	*out = (struct dkim_trace){ .request = &cand->request,
		.checked = cand->usable && v->signatures[i].checked };
	if (!out->checked)
		return;
	count_names(out, header);
	check_header(v, cand, dns_ledger_peek(ledger,
	    cand->request.key_name, DNS_TYPE_TXT), out);
	out->body_known = cand->body != NULL && cand->body->good;
	if (out->body_known)
		memcpy(out->body_hash, cand->body->value,
		    sizeof(out->body_hash));
}
