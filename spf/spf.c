/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf: one check, from the request to the verdict.
 *
 * 1. The identity is settled: RFC 7208 2.3, 2.4, and step 1 of check_host()
 *    (4.3).  One that cannot be checked gives none.
 * 2. Its domain is evaluated (eval.c).
 * 3. The one result is put into the verdict, unless an answer was missing.
 * 4. For a trace the evaluation is repeated: only now is it known that it
 *    ends.
 */
#include "spf/spf.h"

#include <string.h>

#include "base/ascii.h"
#include "spf/eval_internal.h"

/* RFC 8616 4 treats a local-part that is not ASCII apart. */
static bool
has_8bit(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (ascii_is_8bit(s.ptr[i]))
			return true;
	}
	return false;
}

/* %{s}; false when there is no memory. */
static bool
set_sender(struct spf_eval *e, struct slice local, struct slice domain)
{
	size_t len = local.len + 1 + domain.len;
	char *text = arena_alloc(e->scratch, len);

	if (text == NULL)
		return false;
	memcpy(text, local.ptr, local.len);
	text[local.len] = '@';
	memcpy(text + local.len + 1, domain.ptr, domain.len);
	e->macros.sender = (struct slice){ text, len };
	e->macros.local = slice_head(e->macros.sender, local.len);
	e->macros.sender_domain = slice_from(e->macros.sender, local.len + 1);
	return true;
}

/* The text that should be a domain; 2.3, 2.4. */
static struct slice
identity_domain(const struct spf_request *r, struct spf_verdict *out)
{
	if (r->identity == SPF_HELO)
		return r->helo;
	out->helo_for_null = r->local.len == 0 && r->domain.len == 0;
	return out->helo_for_null ? r->helo : r->domain;
}

/* Step 1.  0, or the result. */
static unsigned int
identify(struct spf_eval *e)
{
	const struct spf_request *r = e->request;
	struct domain *domain = &e->out->domain;
	struct slice local = r->local;

	if (!domain_parse(identity_domain(r, e->out), domain) ||
	    domain_labels(domain_slice(domain)) < 2) {
		domain->len = 0;
		domain->text[0] = '\0';
		spf_problem(e, r->identity == SPF_HELO ||
		    e->out->helo_for_null ?
		    "the HELO name is not a domain name" :
		    "the sender has no domain name", SLICE(""));
		return SPF_SET(AUTH_NONE);
	}
	if (r->ip.family == IPADDR_NONE) {
		spf_problem(e, "the client has no address", SLICE(""));
		return SPF_SET(AUTH_NONE);
	}
	if (r->identity == SPF_HELO || local.len == 0)
		local = SLICE("postmaster");	/* 2.3, 4.3 */
	e->local_8bit = has_8bit(local);
	if (set_sender(e, local, domain_slice(domain)))
		return 0;
	return spf_no_memory(e);
}

/* Step 3. */
static void
conclude(struct spf_eval *e, unsigned int results)
{
	enum auth_result result = AUTH_NONE;

	while (result < AUTH_PERMERROR && SPF_SET(result) != results)
		result++;
	e->out->result = result;
	e->out->terms = e->tally.terms;
	e->out->voids = e->tally.voids;
	e->out->authenticated = e->tally.authenticated;
	e->out->stale = e->tally.stale;
}

/* Steps 1 to 3. */
static enum check_state
evaluate(struct spf_eval *e)
{
	unsigned int results;

	arena_reset(e->scratch);
	memset(e->out, 0, sizeof(*e->out));
	results = identify(e);
	if (results == 0) {
		e->tally.authenticated = true;
		results = spf_eval_domain(e, &e->out->domain);
	}
	if (e->pending)
		return CHECK_PENDING;
	conclude(e, results);
	return CHECK_DONE;
}

enum check_state
spf_check(const struct spf_request *request, struct dns_ledger *ledger,
    struct arena *scratch, spf_trace_fn *trace, void *trace_arg,
    struct spf_verdict *out)
{
	const struct spf_eval start = {
		.request = request,
		.ledger = ledger,
		.scratch = scratch,
		.out = out,
		.macros = {
			.ip = request->ip,
			.helo = request->helo,
			.receiver = request->receiver,
			.now = request->now,
		},
	};
	struct spf_eval e = start;

	if (evaluate(&e) == CHECK_PENDING)
		return CHECK_PENDING;
	if (trace == NULL)
		return CHECK_DONE;
	e = start;
	e.trace = trace;
	e.trace_arg = trace_arg;
	return evaluate(&e);
}
