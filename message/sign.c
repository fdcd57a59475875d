/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: our own signatures on mail of ours.
 *
 *  1. At the end of the header the keys are chosen (message/signing.h), and
 *     the body is hashed from there on.
 *  2. When the message is accepted, the header is signed.
 *  3. The signatures are inserted.
 *
 * Why a message has none: message/unsigned.c.
 */
#include "dkim/sign.h"
#include "message/message_internal.h"

static const struct slice signature_name = SLICE_INIT("DKIM-Signature");

static bool
is_wanted(const struct message *m)
{
	return m->results.ours &&
	    signing_has_rules(m->results.engine->signing);
}

/* ---- step 1 ---- */

/*
 * Has this host, or one of the same authserv-id, seen it come from outside?
 * What it wrote into mail of ours says the contrary.
 */
static bool
was_checked(struct message *m)
{
	const struct mail_field *f;
	unsigned int i = 0;

	while ((f = forged_next_ours(&m->forged, &m->header, &i)) != NULL)
		if (!message_is_annotation(f->value, m->arena))
			return true;
	return m->forged.lost[FORGED_AUTHRES] > 0;
}

void
message_sign_begin(struct message *m)
{
	struct message_results *r = &m->results;
	struct signing_plan *plan = &r->signing;

	if (!is_wanted(m))
		return;
	/* From any origin. */
	r->seen_before = !m->facts.authenticated && was_checked(m);
	if (r->seen_before) {
		plan->state = SIGNING_SEEN_BEFORE;
		return;
	}
	signing_choose(r->engine->signing, &(const struct signing_facts){
	    .header = &m->header, .from = &r->from,
	    .null_sender = r->path.null,
	    .envelope = r->path.has_domain ? domain_slice(&r->path.domain) :
	    SLICE(""), .host = r->receiver,
	    .authenticated = m->facts.authenticated, .user = r->user,
	    .now = m->now }, m->arena, plan);
	plan->options.rewrites_addresses = m->rewrites_addresses;
	if (plan->state != SIGNING_READY)
		return;
	m->signatures = arena_array(m->arena, plan->options.key_count,
	    sizeof(*m->signatures));
	m->signer = dkim_signer_new(r->engine->dkim, &plan->options,
	    m->arena);
	if (m->signer == NULL || m->signatures == NULL)
		plan->state = SIGNING_FAILED;
}

/* ---- step 2 ---- */

void
message_sign(struct message *m, struct message_orders *orders)
{
	struct message_results *r = &m->results;
	struct signing_plan *plan = &r->signing;

	if (!is_wanted(m))
		return;
	if (plan->state == SIGNING_READY) {
		buf_reset(&m->left_out);
		r->hazards = dkim_signer_leave_out(m->signer, &m->header,
		    m->eight_bit, &m->left_out);
		r->left_out = buf_slice(&m->left_out);
		if (!dkim_signer_finish(m->signer, &m->header,
		    m->signatures))
			plan->state = SIGNING_FAILED;
	}
	if (!signing_is_missed(plan->state) ||
	    r->engine->config->unsigned_mail != CONFIG_UNSIGNED_TEMPFAIL)
		return;
	r->decision.action = orders->action = POLICY_TEMPFAIL;
	orders->reply = (struct policy_reply){ .code = "451",
		.enhanced = "4.7.0",
		.text = "the message cannot be signed at this time" };
}

/* ---- step 3 ---- */

size_t
message_signatures(const struct message *m, struct message_edit *edits)
{
	const struct signing_plan *plan = &m->results.signing;
	size_t i, count = plan->state == SIGNING_READY ?
	    plan->options.key_count : 0;

	/* The first of them is inserted last, so that it is on top. */
	for (i = 0; i < count; i++)
		edits[i] = (struct message_edit){ .kind = MESSAGE_INSERT,
			.name = signature_name,
			.value = m->signatures[count - 1 - i] };
	return count;
}
