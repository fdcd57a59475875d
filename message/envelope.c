/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope: what is known of a message before its first field: who has
 * connected, HELO, MAIL FROM, the recipients.
 *
 *  1. The client and its HELO start the checks that are about these, if its
 *     origin may be one whose mail is checked.
 *  2. With MAIL FROM the origin is known.  It says whether the message is
 *     checked (else what HELO began is dropped) and whether it may be signed.
 *  3. Mail of a relay: client and HELO are those of the Received field that
 *     the relay wrote, and the checks begin with it.
 */
#include <string.h>

#include "mail/received.h"
#include "message/message_internal.h"

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

void
message_connected(struct message *m)
{
	const struct config *c = m->results.engine->config;
	unsigned long before = message_guard();

	if (message_begins_at_connect(c) && (c->annotate_own ||
	    origin_checks_client(c, &m->facts)) && message_open_inquiry(m)) {
		begin_client(m);
		message_ask(m);
	}
	message_unguard(m, before);
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
	unsigned long before = message_guard();

	set_helo(m, arena_dup(m->arena, helo));
	if (origin_checks_client(r->engine->config, &m->facts) &&
	    message_open_inquiry(m)) {
		begin_helo(m);
		message_ask(m);
	}
	message_unguard(m, before);
}

/* What HELO began is not needed. */
static void
stop_checks(struct message *m)
{
	size_t i;

	inquiry_free(m->inquiry);
	m->inquiry = NULL;
	message_end_methods(m);
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
	    message_open_inquiry(m)) {
		begin_client(m);
		message_ask(m);
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
	unsigned long before = message_guard();

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
	if (r->checked && message_open_inquiry(m)) {
		begin_checks(m);
		if (!r->relayed)
			begin_mail(m);
		message_ask(m);
	}
	if (!r->checked && !r->relayed && r->engine->config->annotate_own)
		begin_annotation(m);
	message_unguard(m, before);
}

void
message_relay_received(struct message *m, const struct mail_field *field)
{
	struct message_results *r = &m->results;
	struct received from = { .helo = { NULL, 0 } };

	m->relay_open = false;
	if (field != NULL && received_read_exact(field->value, &from)) {
		r->client = from.client;
		set_helo(m, from.helo);
	}
	if (!m->checking || !message_open_inquiry(m))
		return;
	begin_client(m);
	if (r->helo.len > 0)
		begin_helo(m);
	begin_mail(m);
	message_ask(m);
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
	unsigned long before = message_guard();
	struct mail_path parsed;
	struct slice name;
	size_t i;

	take_recipient(m, path);
	message_unguard(m, before);
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
