/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARC of a message: its chain is validated, RFC 8617.
 *
 * The validator is made when the header is complete, and only for a message
 * that has a field of ARC: most have none, and say nothing of it in their
 * header.  The body is hashed by DKIM's verifier.
 */
#include "message/arc.h"

#include <stdio.h>

#include "arc/aar.h"
#include "arc/trust.h"
#include "base/buf.h"
#include "message/dkim.h"
#include "message/message_internal.h"
#include "message/shown_internal.h"

#define RECORD_MAX 400		/* octets of what a set says */

struct state {
	struct arc_validator		*validator;	/* NULL: no chain */
	const struct arc_verdict	*verdict;
	struct slice			 trusted;	/* the sealer, or "" */
};

static const struct arc_verdict no_chain = { .oldest_pass = -1 };

static const struct arc_verdict *
verdict_of(const struct state *st)
{
	return st->verdict != NULL ? st->verdict : &no_chain;
}

static bool
has_chain(const struct message *m)
{
	unsigned int part;

	for (part = 0; part < ARC_PARTS; part++)
		if (mail_header_instances(&m->header,
		    arc_part_name((enum arc_part)part)) > 0)
			return true;
	return false;
}

static void
header_end(struct message *m, void *arg)
{
	const struct config *c = m->results.engine->config;
	const struct arc_options options = {
		.minimum_rsa_bits = c->dkim.minimum_rsa_bits,
		.now = m->now,
		.partial_refused = !c->dkim.partial_body,
		.doubles_refused = c->dkim.doubled,
		.test_keys = c->dkim.test_keys };
	struct bodyhash *body = message_dkim_hashes(m);
	struct state *st = arg;
	struct arc_validator *v;

	if (!has_chain(m) || body == NULL)
		return;
	v = arc_validator_new(m->results.engine->dkim, &options, m->arena);
	if (v == NULL)
		return;
	arc_validator_header(v, &m->header, body);
	message_lock(m);
	st->validator = v;
	message_unlock(m);
}

static bool
ask(struct message *m, void *arg, struct dns_ledger *ledger)
{
	const struct state *st = arg;

	(void)m;
	return st->validator == NULL ||
	    arc_validator_ask(st->validator, ledger) == CHECK_DONE;
}

/* An arc_listed_fn. */
static bool
is_listed(void *arg, struct slice sealer)
{
	const struct config *c = arg;

	return policy_pattern_find(c->trusted_sealers,
	    c->trusted_sealer_count, sealer) != NULL;
}

static void
find_trusted(struct message *m, struct state *st)
{
	const struct mail_from *from = &m->results.from;
	struct config *c = m->results.engine->config;
	unsigned int k;

	if (c->trusted_sealer_count == 0 || !mail_from_has_author(from))
		return;
	k = arc_trust_find(st->verdict, is_listed, c,
	    domain_slice(&from->domain), m->now - c->limits.seal_age,
	    m->arena);
	if (k > 0)
		st->trusted = st->verdict->sets[k - 1].seal.d;
}

static void
finish(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct state *st = arg;

	if (st->validator == NULL)
		return;
	arc_validator_finish(st->validator, ledger);
	st->verdict = arc_validator_verdict(st->validator);
	if (st->verdict->no_memory)
		m->failed = true;
	else
		find_trusted(m, st);
}

/* ---- what was found ---- */

/* RFC 8617 sections 6 and 10.  A message without a chain has no result, but
   where it gets one. */
static void
write_result(const struct message *m, const void *arg,
    struct authres_writer *w)
{
	const struct arc_verdict *v = verdict_of(arg);
	char why[ARC_WHY], text[IPADDR_TEXT];

	if (v->result == AUTH_NONE && !w->sealed)
		return;
	authres_write_result(w, "arc", auth_result_name(v->result));
	arc_verdict_why(v, why);
	shown_reason(w, v->stale, why[0] != '\0' ? why : NULL);
	if (m->results.client.family != IPADDR_NONE) {
		ipaddr_format(&m->results.client, text);
		authres_write_property(w, "smtp", "remote-ip",
		    slice_str(text));
	}
	if (v->oldest_pass >= 0) {
		snprintf(text, sizeof(text), "%d", v->oldest_pass);
		authres_write_property(w, "header", "oldest-pass",
		    slice_str(text));
	}
}

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct state *st = arg;
	const struct arc_verdict *v = verdict_of(st);

	(void)m;
	f->arc = v->result;
	f->arc_trusted = st->trusted.len > 0;
	if (v->result == AUTH_PASS)
		f->arc_sealer = v->sets[v->count - 1].seal.d;
}

/* ---- the record ---- */

static void
record_said(struct event *e, struct event_object *o, const struct message *m,
    const struct arc_set *set)
{
	struct authres read;
	struct buf said;

	if (set->fields[ARC_RESULTS] == NULL || !arc_aar_read(
	    set->fields[ARC_RESULTS]->value, m->arena, &read))
		return;
	buf_init(&said, RECORD_MAX);
	arc_aar_sum_up(&read, &said);
	event_object_text(e, o, "authserv-id", slice_head(read.authserv_id,
	    DOMAIN_MAX));
	event_object_text(e, o, "said", buf_slice(&said));
	buf_fini(&said);
}

static void
record_signature(struct event *e, struct event_object *o,
    const struct dkim_signature *s, const char *key, const char *why)
{
	if (s->checked)
		event_object_text(e, o, key,
		    slice_str(auth_result_name(s->result)));
	if (s->comment != NULL)
		event_object_text(e, o, why, slice_str(s->comment));
}

static void
record_set(struct event *e, const struct message *m, const struct arc_set *set,
    size_t instance)
{
	struct event_object *o = event_object(e, "arc-sets");

	event_object_number(e, o, "instance", (long long)instance);
	event_object_text(e, o, "sealer", set->seal.d);
	event_object_text(e, o, "selector", set->seal.s);
	event_object_text(e, o, "cv", slice_str(arc_cv_name(set->cv)));
	record_signature(e, o, &set->seal, "seal", "seal-why");
	event_object_text(e, o, "signer", set->message.d);
	record_signature(e, o, &set->message, "message", "message-why");
	record_said(e, o, m, set);
}

/* "lists.example,fwd.example.net": who sealed, from the first on. */
static void
record_sealers(struct event *e, const struct arc_verdict *v)
{
	struct buf list;
	size_t i;

	buf_init(&list, RECORD_MAX);
	for (i = 0; i < v->count && !buf_failed(&list); i++) {
		buf_adds(&list, i > 0 ? "," : "");
		buf_add(&list, v->sets[i].seal.d);
	}
	if (list.len > 0)
		event_text(e, "arc-sealers", buf_slice(&list));
	buf_fini(&list);
}

static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct state *st = arg;
	const struct arc_verdict *v = verdict_of(st);
	char why[ARC_WHY];
	size_t i;

	if (v->result == AUTH_NONE)
		return;
	event_text(e, "arc", slice_str(auth_result_name(v->result)));
	record_sealers(e, v);
	arc_verdict_why(v, why);
	if (why[0] != '\0')
		event_text(e, "arc-why", slice_str(why));
	if (st->trusted.len > 0)
		event_text(e, "arc-trusted", st->trusted);
	if (v->oldest_pass >= 0)
		event_detail_number(e, "arc-oldest-pass", v->oldest_pass);
	for (i = 0; i < v->count; i++)
		record_set(e, m, &v->sets[i], i + 1);
}

const struct message_method message_method_arc = {
	.name = "arc",
	.state_size = sizeof(struct state),
	.header_end = header_end,
	.ask = ask,
	.finish = finish,
	.write = write_result,
	.facts = facts,
	.record = record
};

const struct arc_verdict *
message_arc(const struct message *m)
{
	return verdict_of(message_state(m, &message_method_arc));
}

struct slice
message_arc_trusted_sealer(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_arc);

	return st->trusted;
}

bool
message_arc_may_hold(const struct message *m)
{
	const struct arc_verdict *v = message_arc(m);

	return !m->checking || v->result == AUTH_PASS || v->temporary;
}
