/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: the life of one message, without the mail server around it.
 *
 *  1. Connection, HELO and MAIL FROM (message/envelope.c) start checks, and
 *     so do fields: the hooks of all methods (message/method_internal.h) are
 *     called, and step() puts their questions.
 *  2. Fields are collected, the body goes to the methods and to the signer.
 *  3. message_finish() waits for the inquiry, which is then closed: from
 *     there on this thread is alone with all of it.
 *  4. Every method comes to its verdict, and the orders follow
 *     (message/orders.c).
 *  5. message_told() publishes the record (message/record.c).
 *
 * Memory.  An allocation that fails while a function of this file or a step
 * runs makes the message one that nothing is known of: `failed`, which
 * message_finish() reports.  So no result is made up from what is not there,
 * whatever the code below makes of it.
 */
#include "message/message.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "message/message_internal.h"

#define LEFT_OUT_MAX	200	/* octets of the names in the record */

unsigned long
message_guard(void)
{
	return mem_failures();
}

void
message_unguard(struct message *m, unsigned long before)
{
	if (mem_failures() != before || arena_failed(m->arena))
		m->failed = true;
}

void *
message_state(const struct message *m, const struct message_method *method)
{
	size_t i = 0;

	while (message_methods[i] != method)
		i++;
	return m->states[i];
}

bool
message_has_method(const struct message *m,
    const struct message_method *method)
{
	return m->checking || (m->annotating && method->ours);
}

static bool
make_states(struct message *m)
{
	size_t i;

	m->states = arena_array(m->arena, message_method_count,
	    sizeof(*m->states));
	for (i = 0; m->states != NULL && i < message_method_count; i++)
		m->states[i] = arena_alloc(m->arena,
		    message_methods[i]->state_size);
	return !arena_failed(m->arena);
}

/* Every name of ours, the one that we write first. */
static void
look_for_forged(struct message *m)
{
	const struct config *c = m->results.engine->config;
	size_t more = c->authserv_id_to_remove_count;
	struct slice *ids = arena_array(m->arena, 1 + more, sizeof(*ids));

	if (ids == NULL)
		return;
	ids[0] = m->results.receiver;
	if (more > 0)
		memcpy(ids + 1, c->authserv_ids_to_remove,
		    more * sizeof(*ids));
	m->forged = (struct forged_search){ .ids = ids, .id_count = 1 + more,
		.received_spf = c->remove_received_spf };
}

void
message_end_methods(struct message *m)
{
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->fini != NULL)
			message_methods[i]->fini(m->states[i]);
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	inquiry_free(m->inquiry);	/* first: no step runs after this */
	message_end_methods(m);
	dkim_signer_fini(m->signer);
	dkim_signer_fini(m->sealing.signer);
	signing_release(&m->results.signing);
	buf_fini(&m->left_out);
	if (m->writing)
		authres_write_fini(&m->writer);
	arena_free(m->arena);
	engine_unref(m->results.engine);
	mem_free(m);
}

/* It is not kept while a message waits: many wait at one time. */
static void
drop_scratch(struct message *m)
{
	arena_free(m->scratch);
	m->scratch = NULL;
}

/* An inquiry_step_fn: in either thread, with the inquiry's lock held. */
static bool
step(void *arg, struct dns_ledger *ledger)
{
	struct message *m = arg;
	unsigned long before = mem_failures();
	bool done = true;
	size_t i;

	m->scratch = arena_new(LIMIT_CHECK_MEMORY);
	if (m->scratch == NULL) {
		m->starved = true;
		return true;
	}
	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->ask != NULL &&
		    !message_methods[i]->ask(m, m->states[i], ledger))
			done = false;
	drop_scratch(m);
	if (mem_failures() != before || dns_ledger_failed(ledger))
		m->starved = true;
	return done;
}

void
message_lock(struct message *m)
{
	if (m->inquiry != NULL)
		inquiry_lock(m->inquiry);
}

void
message_unlock(struct message *m)
{
	if (m->inquiry != NULL)
		inquiry_unlock(m->inquiry);
}

bool
message_open_inquiry(struct message *m)
{
	if (m->failed)
		return false;
	if (m->inquiry != NULL)
		return true;
	m->inquiry = inquiry_new(m->results.engine->resolver, step, m);
	if (m->inquiry == NULL)
		m->failed = true;
	else
		inquiry_set_network(m->inquiry, &m->results.client);
	return m->inquiry != NULL;
}

void
message_ask(struct message *m)
{
	message_lock(m);
	inquiry_run(m->inquiry);
	message_unlock(m);
}

struct message *
message_new(struct engine *engine, const struct message_client *client,
    struct slice receiver)
{
	struct message *m = mem_alloc(sizeof(*m));

	if (m == NULL) {
		engine_unref(engine);
		return NULL;
	}
	m->results.engine = engine;
	m->arena = arena_new(LIMIT_MESSAGE_MEMORY);
	if (m->arena == NULL || !make_states(m)) {
		arena_free(m->arena);
		engine_unref(engine);
		mem_free(m);
		return NULL;
	}
	mail_header_init(&m->header, m->arena);
	buf_init(&m->left_out, LEFT_OUT_MAX);
	m->rewrites_addresses = !slice_starts(client->mta, SLICE("Postfix"));
	m->results.client = client->address;
	m->results.receiver = arena_dup(m->arena, receiver);
	look_for_forged(m);
	m->facts = (struct origin_facts){ .client = client->address,
		.client_name = arena_dup(m->arena, client->name),
		.daemon_name = arena_dup(m->arena, client->daemon_name) };
	message_connected(m);
	return m;
}

static bool
wants_field(const struct message_method *method, struct slice name)
{
	const char *const *f;

	for (f = method->fields; f != NULL && *f != NULL; f++)
		if (slice_eq_nocase(name, slice_str(*f)))
			return true;
	return false;
}

/* A field that was kept. */
static void
take_field(struct message *m, const struct mail_field *field, size_t index)
{
	bool taken = false;
	size_t i;

	if (m->relay_open && slice_eq_nocase(field->name, SLICE("Received")))
		message_relay_received(m, field);
	for (i = 0; m->checking && i < message_method_count; i++) {
		if (!wants_field(message_methods[i], field->name))
			continue;
		message_methods[i]->field(m, m->states[i], field, index);
		taken = true;
	}
	if (taken)
		message_ask(m);
}

void
message_field(struct message *m, struct slice name, struct slice value)
{
	size_t index = m->header.count;
	unsigned long before = message_guard();

	if (m->failed || m->header_ended)
		return;
	if (mail_header_add(&m->header, name, value))
		take_field(m, &m->header.fields[index], index);
	else
		forged_note_lost(&m->forged, name);
	message_unguard(m, before);
}

static void
read_from(struct message *m)
{
	mail_from_read(&m->header, &m->results.from);
	/* A second From may be in what was not kept. */
	if (m->header.overflow)
		m->results.from = (struct mail_from){
			.problem = "header too large",
			.state = MAIL_FROM_UNPARSABLE };
}

void
message_header_end(struct message *m)
{
	const struct message_results *r = &m->results;
	unsigned long before = message_guard();
	size_t i;

	if (m->header_ended)
		return;
	m->header_ended = true;
	if (m->relay_open)
		message_relay_received(m, NULL);
	if (!m->failed)
		read_from(m);
	if (m->inquiry != NULL && r->from.has_domain)
		inquiry_set_author(m->inquiry,
		    domain_slice(&r->from.domain));
	if (!m->failed)
		message_sign_begin(m);
	for (i = 0; m->checking && !m->failed && i < message_method_count;
	    i++)
		if (message_methods[i]->header_end != NULL)
			message_methods[i]->header_end(m, m->states[i]);
	if (m->checking && !m->failed) {
		message_seal_begin(m);
		message_ask(m);
	}
	message_unguard(m, before);
}

void
message_body(struct message *m, struct slice chunk)
{
	unsigned long before = message_guard();
	size_t i;

	message_header_end(m);
	if (m->failed)
		return;
	for (i = 0; m->checking && i < message_method_count; i++)
		if (message_methods[i]->body != NULL)
			message_methods[i]->body(m, m->states[i], chunk);
	if (m->signer != NULL)
		dkim_signer_body(m->signer, chunk);
	if (m->sealing.signer != NULL)
		dkim_signer_body(m->sealing.signer, chunk);
	message_unguard(m, before);
}

/* How long DNS took, for the log. */
static void
sum_up_look_ups(struct message_results *r, const struct dns_ledger *ledger)
{
	const struct dns_entry *e;
	int64_t took;

	r->questions = dns_ledger_count(ledger);
	for (e = dns_ledger_first(ledger); e != NULL; e = e->next) {
		if (e->answer != NULL &&
		    !dns_outcome_is_known(e->answer->outcome))
			r->unanswered++;
		r->stale += e->answer != NULL && e->answer->stale;
		took = e->answered_us - e->asked_us;
		if (e->answered_us > 0 && took > r->dns_us)
			r->dns_us = took;
	}
}

static void
check(struct message *m, const struct inquiry_waiting *waiting)
{
	struct message_results *r = &m->results;
	struct dns_ledger *ledger;
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->body_end != NULL)
			message_methods[i]->body_end(m->states[i]);
	r->waited_us = inquiry_wait(m->inquiry,
	    r->engine->config->limits.deadline_ms, waiting);
	ledger = inquiry_ledger(m->inquiry);
	m->scratch = arena_new(LIMIT_CHECK_MEMORY);
	if (m->scratch == NULL) {
		m->failed = true;
		return;
	}
	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->finish != NULL &&
		    message_has_method(m, message_methods[i]))
			message_methods[i]->finish(m, m->states[i], ledger);
	drop_scratch(m);
	sum_up_look_ups(r, ledger);
}

bool
message_decide_at_mail(struct message *m,
    const struct inquiry_waiting *waiting, struct message_orders *orders)
{
	const struct config *c = m->results.engine->config;
	unsigned int deadline = c->limits.deadline_ms;
	unsigned long before = message_guard();
	bool needs_dns;

	*orders = (struct message_orders){ .action = POLICY_ACCEPT };
	if (m->failed || !m->checking || m->relay_open ||
	    !policy_has_mail_stage(&c->policy, &needs_dns))
		return false;
	if (deadline > LIMIT_MAIL_STAGE_MS)
		deadline = LIMIT_MAIL_STAGE_MS;
	/* What is not known in time is decided at the end. */
	if (needs_dns && !inquiry_settle(m->inquiry, deadline, waiting))
		return false;
	message_lock(m);
	if (!m->starved)
		message_decide(m, true, orders);
	message_unlock(m);
	message_unguard(m, before);
	if (!m->failed && (orders->action == POLICY_REJECT ||
	    orders->action == POLICY_TEMPFAIL))
		return true;
	m->results.at_mail = false;
	return false;
}

/* The lock keeps the thread of the steps away, as long as it is open. */
static bool
ran_out_of_memory(struct message *m)
{
	message_lock(m);
	m->failed |= m->starved;
	message_unlock(m);
	return m->failed;
}

bool
message_finish(struct message *m, const struct inquiry_waiting *waiting,
    struct message_orders *orders)
{
	unsigned long before = message_guard();
	bool good;

	*orders = (struct message_orders){ .action = POLICY_ACCEPT };
	message_header_end(m);
	if (m->failed)
		return false;
	if (m->inquiry != NULL)
		check(m, waiting);
	good = message_give_orders(m, orders);
	message_unguard(m, before);
	if (!good || ran_out_of_memory(m)) {
		m->failed = true;
		return false;
	}
	m->results.finished = true;
	return true;
}

void
message_set_queue_id(struct message *m, struct slice id)
{
	if (id.len > 0)
		snprintf(m->queue_id, sizeof(m->queue_id), "%.*s",
		    SLICE_ARG(id));
}

const char *
message_queue_id(const struct message *m)
{
	return m->queue_id[0] != '\0' ? m->queue_id : "-";
}

void
message_told(struct message *m, const struct message_answer *answer)
{
	if (m->told || !m->began)
		return;
	m->told = true;
	message_record(m, answer);
}

const struct message_results *
message_results(const struct message *m)
{
	return &m->results;
}

struct dns_ledger *
message_ledger(const struct message *m)
{
	return m->inquiry != NULL ? inquiry_ledger(m->inquiry) : NULL;
}

const struct mail_header *
message_header(const struct message *m)
{
	return &m->header;
}
