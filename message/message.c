/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: the life of one message, without the mail server around it.
 *
 *  1. Connection, HELO and MAIL FROM start checks, and so do fields: the
 *     hooks of all methods (message/method_internal.h) are called, and
 *     step() puts their questions.
 *  2. Fields are collected, the body goes to the methods and to the signer.
 *  3. message_finish() waits for the inquiry, which is then closed: from
 *     there on this thread is alone with all of it.
 *  4. Every method comes to its verdict, and the orders follow
 *     (message/orders.c).
 *  5. message_told() publishes the record (message/record.c).
 *
 * Its origin says whether a message is checked (else no hook is called) and
 * whether it may be signed.  Mail of a relay begins with the Received field
 * that the relay wrote.
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
#include "mail/received.h"
#include "message/message_internal.h"

#define LEFT_OUT_MAX	200	/* octets of the names in the record */

/*
 * What runs between these two lines of a function is guarded: see "Memory"
 * above.
 */
static unsigned long
guard(void)
{
	return mem_failures();
}

static void
unguard(struct message *m, unsigned long before)
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

static void
end_methods(struct message *m)
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
	end_methods(m);
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

/* Is there an inquiry, made now if need be?  False: memory is short. */
static bool
open_inquiry(struct message *m)
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

/* Puts the questions that hooks have made possible. */
static void
run(struct message *m)
{
	message_lock(m);
	inquiry_run(m->inquiry);
	message_unlock(m);
}

static void
set_helo(struct message *m, struct slice helo)
{
	struct message_results *r = &m->results;
	struct domain name;

	r->helo = helo;
	r->helo_domain = domain_parse(helo, &name) ?
	    arena_dup(m->arena, domain_slice(&name)) : SLICE("");
}

/* The client is known; what follows from who it is may not be. */
static void
begin_client(struct message *m)
{
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->connect != NULL)
			message_methods[i]->connect(m, m->states[i]);
}

bool
message_begins_at_connect(const struct config *c)
{
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->at_connect != NULL &&
		    message_methods[i]->at_connect(c))
			return true;
	return false;
}

/* What is asked about the client itself. */
static void
connected(struct message *m)
{
	const struct config *c = m->results.engine->config;
	unsigned long before = guard();

	if (message_begins_at_connect(c) && (c->annotate_own ||
	    origin_checks_client(c, &m->facts)) && open_inquiry(m)) {
		begin_client(m);
		run(m);
	}
	unguard(m, before);
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
	connected(m);
	return m;
}

static void
begin_helo(struct message *m)
{
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->helo != NULL)
			message_methods[i]->helo(m, m->states[i]);
}

void
message_helo(struct message *m, struct slice helo)
{
	struct message_results *r = &m->results;
	unsigned long before = guard();

	set_helo(m, arena_dup(m->arena, helo));
	if (origin_checks_client(r->engine->config, &m->facts) &&
	    open_inquiry(m)) {
		begin_helo(m);
		run(m);
	}
	unguard(m, before);
}

/* What HELO began is not needed. */
static void
stop_checks(struct message *m)
{
	size_t i;

	inquiry_free(m->inquiry);
	m->inquiry = NULL;
	end_methods(m);
	for (i = 0; i < message_method_count; i++)
		memset(m->states[i], 0, message_methods[i]->state_size);
}

static void
take_tls(struct message *m, const struct message_tls *tls)
{
	m->results.tls = (struct message_tls){
		.version = arena_dup(m->arena, tls->version),
		.cipher = arena_dup(m->arena, tls->cipher),
		.verified = tls->verified,
		.certificate = arena_dup(m->arena, tls->certificate) };
}

/* What follows from who hands the message in. */
static void
take_origin(struct message *m, const struct message_envelope *envelope)
{
	struct message_results *r = &m->results;

	m->facts.authenticated = envelope->authenticated;
	r->user = arena_dup(m->arena, envelope->user);
	r->mechanism = arena_dup(m->arena, envelope->mechanism);
	m->facts.certificate = r->tls.certificate;
	r->origin = origin_choose(r->engine->config, &m->facts);
	r->checked = r->origin == NULL || r->origin->check;
	r->ours = r->origin != NULL && r->origin->sign;
	m->relay_open = r->relayed = r->origin != NULL && r->origin->relay;
	if (!r->relayed)
		return;
	r->relay = r->client;
	r->client = (struct ipaddr){ .family = IPADDR_NONE };
	set_helo(m, SLICE(""));
}

/* It will not be checked, but still gets the field. */
static void
begin_annotation(struct message *m)
{
	m->annotating = true;
	if (message_begins_at_connect(m->results.engine->config) &&
	    open_inquiry(m)) {
		begin_client(m);
		run(m);
	}
}

/* The message will be checked. */
static void
begin_checks(struct message *m)
{
	size_t i;

	m->checking = true;
	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->begin != NULL)
			message_methods[i]->begin(m, m->states[i]);
}

/* Client and MAIL FROM are known. */
static void
begin_mail(struct message *m)
{
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->mail != NULL)
			message_methods[i]->mail(m, m->states[i]);
}

void
message_mail(struct message *m, const struct message_envelope *envelope)
{
	struct message_results *r = &m->results;
	unsigned long before = guard();

	m->began = true;
	r->mail = arena_dup(m->arena, envelope->path);
	r->utf8 = envelope->utf8;
	take_tls(m, &envelope->tls);
	m->eight_bit = envelope->eight_bit || envelope->utf8;
	m->now = envelope->now;
	m->steady = envelope->steady;
	mail_path_parse(r->mail, &r->path);
	take_origin(m, envelope);
	if (!r->checked || r->relayed)
		stop_checks(m);
	if (r->checked && open_inquiry(m)) {
		begin_checks(m);
		if (!r->relayed)
			begin_mail(m);
		run(m);
	}
	if (!r->checked && !r->relayed && r->engine->config->annotate_own)
		begin_annotation(m);
	unguard(m, before);
}

/*
 * The topmost Received field, which the relay wrote, or NULL when there is
 * none: now the checks of the envelope can begin.
 */
static void
relay_received(struct message *m, const struct mail_field *field)
{
	struct message_results *r = &m->results;
	struct received from = { .helo = { NULL, 0 } };

	m->relay_open = false;
	if (field != NULL && received_read_exact(field->value, &from)) {
		r->client = from.client;
		set_helo(m, from.helo);
	}
	if (!m->checking || !open_inquiry(m))
		return;
	begin_client(m);
	if (r->helo.len > 0)
		begin_helo(m);
	begin_mail(m);
	run(m);
}

/* Room for one more recipient domain. */
static bool
recipients_reserve(struct message *m)
{
	size_t cap = m->recipients_cap > 0 ? 2 * m->recipients_cap : 8;
	struct slice *list;

	if (m->results.recipient_domain_count < m->recipients_cap)
		return true;
	list = arena_array(m->arena, cap, sizeof(*list));
	if (list == NULL)
		return false;
	if (m->recipients_cap > 0)
		memcpy(list, m->recipients,
		    m->recipients_cap * sizeof(*list));
	m->recipients = list;
	m->recipients_cap = cap;
	m->results.recipient_domains = list;
	return true;
}

static void
take_recipient(struct message *m, struct slice path)
{
	size_t i;

	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->recipient != NULL &&
		    message_has_method(m, message_methods[i]))
			message_methods[i]->recipient(m, m->states[i], path);
}

void
message_recipient(struct message *m, struct slice path)
{
	struct message_results *r = &m->results;
	unsigned long before = guard();
	struct mail_path parsed;
	struct slice name;
	size_t i;

	take_recipient(m, path);
	unguard(m, before);
	mail_path_parse(path, &parsed);
	if (!parsed.has_domain)
		return;
	name = domain_slice(&parsed.domain);
	for (i = 0; i < r->recipient_domain_count; i++)
		if (slice_eq(m->recipients[i], name))
			return;
	if (r->recipient_domain_count == LIMIT_RECIPIENT_DOMAINS)
		return;
	if (!recipients_reserve(m)) {
		m->failed = true;
		return;
	}
	m->recipients[r->recipient_domain_count++] = arena_dup(m->arena,
	    name);
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
		relay_received(m, field);
	for (i = 0; m->checking && i < message_method_count; i++) {
		if (!wants_field(message_methods[i], field->name))
			continue;
		message_methods[i]->field(m, m->states[i], field, index);
		taken = true;
	}
	if (taken)
		run(m);
}

void
message_field(struct message *m, struct slice name, struct slice value)
{
	size_t index = m->header.count;
	unsigned long before = guard();

	if (m->failed || m->header_ended)
		return;
	if (mail_header_add(&m->header, name, value))
		take_field(m, &m->header.fields[index], index);
	else
		forged_note_lost(&m->forged, name);
	unguard(m, before);
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

static void
start_signing(struct message *m)
{
	struct message_results *r = &m->results;
	struct signing_plan *plan = &r->signing;

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

void
message_header_end(struct message *m)
{
	const struct message_results *r = &m->results;
	unsigned long before = guard();
	size_t i;

	if (m->header_ended)
		return;
	m->header_ended = true;
	if (m->relay_open)
		relay_received(m, NULL);
	if (!m->failed)
		read_from(m);
	if (m->inquiry != NULL && r->from.has_domain)
		inquiry_set_author(m->inquiry,
		    domain_slice(&r->from.domain));
	if (!m->failed && r->ours && signing_has_rules(r->engine->signing))
		start_signing(m);
	for (i = 0; m->checking && !m->failed && i < message_method_count;
	    i++)
		if (message_methods[i]->header_end != NULL)
			message_methods[i]->header_end(m, m->states[i]);
	if (m->checking && !m->failed) {
		message_seal_begin(m);
		run(m);
	}
	unguard(m, before);
}

void
message_body(struct message *m, struct slice chunk)
{
	unsigned long before = guard();
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
	unguard(m, before);
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
	unsigned long before = guard();
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
	unguard(m, before);
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
	unsigned long before = guard();
	bool good;

	*orders = (struct message_orders){ .action = POLICY_ACCEPT };
	message_header_end(m);
	if (m->failed)
		return false;
	if (m->inquiry != NULL)
		check(m, waiting);
	good = message_give_orders(m, orders);
	unguard(m, before);
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
