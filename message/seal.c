/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal: a set of ours on mail that leaves again (RFC 8617 section 5.1).
 *
 *  1. At the end of the header it is known whether a recipient is somewhere
 *     that mail is relayed to: then the body is hashed for a signature.
 *  2. When the message is accepted, and the chain with which it came allows
 *     it, the set is made: what all methods found, a signature over the
 *     message as it leaves, and the seal, with cv= of the arrival.
 *  3. It is inserted so that the seal is on top and the results below: some
 *     receivers take no other order.
 *
 * Only mail that was checked is sealed: of our own there is nothing to say.
 * A message that cannot be sealed goes without; the record says why.
 */
#include "arc/seal.h"
#include "base/buf.h"
#include "message/arc.h"
#include "message/message_internal.h"

/* ---- step 1 ---- */

static bool
goes_to(const struct message_results *r, const struct config_seal_when *when)
{
	size_t i;

	for (i = 0; i < r->recipient_domain_count; i++)
		if (policy_pattern_find(when->relayed_to,
		    when->relayed_to_count, r->recipient_domains[i]) != NULL)
			return true;
	return false;
}

static bool
is_wanted(const struct message *m)
{
	const struct config_seal *c = &m->results.engine->config->seal;
	size_t i;

	for (i = 0; m->checking && c->given && i < c->when_count; i++)
		if (goes_to(&m->results, &c->when[i]))
			return true;
	return false;
}

void
message_seal_begin(struct message *m)
{
	const struct config_seal *c = &m->results.engine->config->seal;
	struct message_sealing *s = &m->sealing;

	if (!is_wanted(m) ||
	    !signing_sealer(m->results.engine->signing, &s->key))
		return;
	s->options = (struct dkim_sign_options){ .arc = true,
		.domain = c->rule.identity, .keys = &s->key, .key_count = 1,
		.relaxed_header = true, .relaxed_body = true,
		.rewrites_addresses = m->rewrites_addresses, .now = m->now };
	s->signer = dkim_signer_new(m->results.engine->dkim, &s->options,
	    m->arena);
}

/* ---- step 2 ---- */

/* " i=2; mx.example.org; ...", from the arena. */
static bool
make_results(struct message *m, unsigned int instance, struct slice *value)
{
	struct authres_writer w;
	struct slice text;
	struct buf b;
	bool good;

	good = message_write_results(m, true, &w, &text);
	buf_init(&b, LIMIT_AUTHRES_WRITE + sizeof(" i=50;"));
	if (good) {
		buf_addf(&b, " i=%u;", instance);
		buf_add(&b, text);
		*value = arena_dup(m->arena, buf_slice(&b));
	}
	good = good && !buf_failed(&b) && value->ptr != NULL;
	buf_fini(&b);
	authres_write_fini(&w);
	return good;
}

static bool
make_set(struct message *m, unsigned int instance,
    struct slice values[ARC_PARTS])
{
	struct message_sealing *s = &m->sealing;
	struct arc_seal_order order = { .domain = s->options.domain,
		.key = &s->key, .now = m->now };
	struct buf names;

	s->options.instance = instance;
	buf_init(&names, LIMIT_LOG_VALUE);
	(void)dkim_signer_leave_out(s->signer, &m->header, m->eight_bit,
	    &names);
	buf_fini(&names);
	if (!make_results(m, instance, &values[ARC_RESULTS]) ||
	    !dkim_signer_finish(s->signer, &m->header,
	    &values[ARC_MESSAGE]))
		return false;
	order.results = values[ARC_RESULTS];
	order.message = values[ARC_MESSAGE];
	return arc_seal_make(m->results.engine->dkim, &order, message_arc(m),
	    m->arena, &values[ARC_SEAL]);
}

/* ---- step 3 ---- */

size_t
message_seal(struct message *m, struct message_edit *edits)
{
	const struct arc_verdict *arrival = message_arc(m);
	unsigned int instance = arc_seal_instance(arrival), part;
	struct slice values[ARC_PARTS];

	if (m->sealing.signer == NULL)
		return 0;
	if (instance == 0)
		m->sealing.problem = arrival->result == AUTH_PASS ?
		    "the chain is full" : "the chain is broken";
	else if (!make_set(m, instance, values))
		m->sealing.problem = "memory or OpenSSL failed";
	if (m->sealing.problem != NULL)
		return 0;
	for (part = 0; part < ARC_PARTS; part++)
		edits[part] = (struct message_edit){ .kind = MESSAGE_INSERT,
			.name = arc_part_name((enum arc_part)part),
			.value = values[part] };
	m->sealing.instance = instance;
	return ARC_PARTS;
}

/* "example.org:s1:2" */
void
message_record_seal(const struct message *m, struct event *e)
{
	const struct message_sealing *s = &m->sealing;
	struct buf b;

	if (s->problem != NULL)
		event_text(e, "unsealed-why", slice_str(s->problem));
	if (s->instance == 0)
		return;
	buf_init(&b, 2 * DOMAIN_MAX + sizeof("::50"));
	buf_add(&b, s->options.domain);
	buf_addc(&b, ':');
	buf_add(&b, s->key.selector);
	buf_addf(&b, ":%u", s->instance);
	event_text(e, "sealed", buf_slice(&b));
	buf_fini(&b);
}
