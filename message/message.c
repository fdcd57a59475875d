/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: the life of one message, without the mail server around it.
 *
 *  1. HELO and MAIL FROM start the SPF checks, each DKIM-Signature field
 *     the look-up of its key, From the walk of DMARC: step() runs all checks
 *     that are not done.  DMARC asks for every identifier, passed or not:
 *     signatures are verified when nothing can be asked any more.
 *  2. Fields are collected, the body is hashed as it comes.
 *  3. message_finish() waits for the inquiry, which is then closed: from
 *     there on this thread is alone with all of it.
 *  4. Signatures are verified, DMARC has its identifiers and its verdict,
 *     the policy decides, the field is written.
 *
 * Its origin says whether a message is checked (else it skips 1 to 3) and
 * whether it may be signed.  Mail of a relay starts SPF with the Received
 * field that the relay wrote.
 * Memory that runs out sets `failed`, which message_finish() reports.
 */
#include "message/message.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/authres.h"
#include "mail/forged.h"
#include "mail/header.h"
#include "mail/received.h"
#include "message/report.h"

#define LEFT_OUT_MAX	200	/* octets of the names in the log */

struct message {
	struct message_results	 results;
	struct arena		*arena;
	struct arena		*scratch;	/* of step(), under its lock */
	struct inquiry		*inquiry;	/* NULL: nothing to ask */
	bool			 failed;
	struct mail_header	 header;
	bool			 header_ended;
	struct forged_search	 forged;
	struct dkim_verifier	*verifier;
	struct dkim_signer	*signer;	/* mail of ours */
	struct slice		*signatures;
	struct buf		 left_out;	/* names, for the log */
	bool			 rewrites_addresses;
	bool			 eight_bit;
	struct authres_writer	 writer;
	bool			 writing;

	int64_t			 now, steady;	/* of the envelope */
	struct origin_facts	 facts;
	bool			 relay_open;	/* its Received is to come */
	struct slice		*recipients;
	size_t			 recipients_cap;

	struct spf_request	 helo_request;
	bool			 helo_done;
	struct spf_request	 mail_request;
	bool			 mail_wanted;
	bool			 mail_done;
	/* SPF's identifier first, then one for each signature. */
	struct dmarc_identifier	*identifiers;
	struct dmarc_request	 dmarc_request;
	bool			 dmarc_wanted;
	bool			 dmarc_done;
};

/* Every name of ours, the one that we write first. */
static void
look_for_forged(struct message *m)
{
	const struct config *c = m->results.engine->config;
	size_t more = c->authserv_id_to_remove_count;
	struct slice *ids = arena_array(m->arena, 1 + more, sizeof(*ids));

	if (ids == NULL) {
		m->failed = true;
		return;
	}
	ids[0] = m->results.receiver;
	if (more > 0)
		memcpy(ids + 1, c->authserv_ids_to_remove,
		    more * sizeof(*ids));
	m->forged = (struct forged_search){ .ids = ids, .id_count = 1 + more,
		.received_spf = c->remove_received_spf };
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
	if (m->arena == NULL) {
		message_free(m);
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
	return m;
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	inquiry_free(m->inquiry);	/* first: no step runs after this */
	if (m->verifier != NULL)
		dkim_verifier_fini(m->verifier);
	dkim_signer_fini(m->signer);
	buf_fini(&m->left_out);
	if (m->writing)
		authres_write_fini(&m->writer);
	arena_free(m->scratch);
	arena_free(m->arena);
	engine_unref(m->results.engine);
	mem_free(m);
}

/* True when the SPF check of this request has its verdict. */
static bool
spf_is_done(struct message *m, const struct spf_request *request,
    struct dns_ledger *ledger, struct spf_verdict *verdict)
{
	return spf_check(request, ledger, m->scratch, NULL, NULL, verdict) ==
	    CHECK_DONE;
}

static enum dmarc_certainty
certainty(enum auth_result result)
{
	if (result == AUTH_PASS)
		return DMARC_IS_PASS;
	return result == AUTH_TEMPERROR ? DMARC_IS_TEMPERROR :
	    DMARC_IS_NOT_PASS;
}

static bool
dmarc_is_done(struct message *m, struct dns_ledger *ledger)
{
	if (m->mail_done)
		m->identifiers[0].certainty =
		    certainty(m->results.spf.result);
	return dmarc_check(&m->dmarc_request, ledger, m->scratch, NULL, NULL,
	    &m->results.dmarc) == CHECK_DONE;
}

/* An inquiry_step_fn: in either thread, with the inquiry's lock held. */
static bool
step(void *arg, struct dns_ledger *ledger)
{
	struct message *m = arg;
	bool done = true;

	if (m->results.spf_helo_checked && !m->helo_done)
		m->helo_done = spf_is_done(m, &m->helo_request, ledger,
		    &m->results.spf_helo);
	if (m->mail_wanted && !m->mail_done)
		m->mail_done = spf_is_done(m, &m->mail_request, ledger,
		    &m->results.spf);
	if (m->verifier != NULL)
		done = dkim_verifier_ask(m->verifier, ledger) == CHECK_DONE;
	/* Again after SPF: its identifier may be open no more. */
	if (m->dmarc_wanted && !m->dmarc_done)
		m->dmarc_done = dmarc_is_done(m, ledger);
	return done && (m->helo_done || !m->results.spf_helo_checked) &&
	    (m->mail_done || !m->mail_wanted) &&
	    (m->dmarc_done || !m->dmarc_wanted);
}

/* The lock is held on return, unless memory is short. */
static bool
open_inquiry(struct message *m)
{
	if (m->failed)
		return false;
	if (m->scratch == NULL)
		m->scratch = arena_new(LIMIT_CHECK_MEMORY);
	if (m->scratch != NULL && m->inquiry == NULL)
		m->inquiry = inquiry_new(m->results.engine->resolver, step,
		    m);
	if (m->inquiry == NULL) {
		m->failed = true;
		return false;
	}
	inquiry_lock(m->inquiry);
	return true;
}

static void
run_and_unlock(struct message *m)
{
	inquiry_run(m->inquiry);
	inquiry_unlock(m->inquiry);
}

/* The lock is held. */
static void
want_helo(struct message *m)
{
	struct message_results *r = &m->results;

	if (!domain_parse(r->helo, &r->helo_domain))
		r->helo_domain.len = 0;
	m->helo_request = (struct spf_request){ .identity = SPF_HELO,
		.ip = r->client, .helo = r->helo, .receiver = r->receiver,
		.max_void = r->engine->config->spf.void_limit };
	m->helo_done = false;
	r->spf_helo_checked = true;
}

void
message_helo(struct message *m, struct slice helo)
{
	struct message_results *r = &m->results;
	const struct config *c = r->engine->config;
	struct slice copy = arena_dup(m->arena, helo);

	if (!c->spf.helo || !origin_checks_helo(c, &m->facts)) {
		r->helo = copy;
		return;
	}
	if (!open_inquiry(m))
		return;
	r->helo = copy;
	want_helo(m);
	run_and_unlock(m);
}

/* Ours: what HELO began is not needed. */
static void
stop_checks(struct message *m)
{
	inquiry_free(m->inquiry);
	m->inquiry = NULL;
	m->results.spf_helo_checked = false;
}

static void
start_dkim(struct message *m)
{
	const struct config *c = m->results.engine->config;
	struct dkim_options options = {
		.max_signatures = c->limits.signatures,
		.minimum_rsa_bits = c->dkim.minimum_rsa_bits,
		.now = m->now,
		.partial_refused = !c->dkim.partial_body,
		.doubles_refused = c->dkim.doubled
	};

	m->verifier = dkim_verifier_new(m->results.engine->dkim, &options,
	    m->arena);
	if (m->verifier == NULL)
		m->failed = true;
}

/* The lock is held. */
static void
want_mail(struct message *m)
{
	struct message_results *r = &m->results;

	if (r->helo_domain.len == 0 && !domain_parse(r->helo,
	    &r->helo_domain))
		r->helo_domain.len = 0;
	m->mail_request = (struct spf_request){ .identity = SPF_MAILFROM,
		.ip = r->client, .helo = r->helo, .local = r->path.local,
		.domain = r->path.domain_text, .receiver = r->receiver,
		.now = m->now,
		.max_void = r->engine->config->spf.void_limit };
	/* Both empty would mean "<>", which "<" and the like are not. */
	if (!r->path.null && r->path.local.len + r->path.domain_text.len == 0)
		m->mail_request.domain = r->mail;
	m->mail_wanted = true;
}

/* What follows from who hands the message in. */
static void
take_origin(struct message *m, const struct message_envelope *envelope)
{
	struct message_results *r = &m->results;

	m->facts.authenticated = envelope->authenticated;
	m->facts.certificate = envelope->certificate;
	r->origin = origin_choose(r->engine->config, &m->facts);
	m->facts.certificate = SLICE("");	/* borrowed for this call */
	r->checked = r->origin == NULL || r->origin->check;
	r->ours = r->origin != NULL && r->origin->sign;
	m->relay_open = r->relayed = r->origin != NULL && r->origin->relay;
	if (!r->relayed)
		return;
	r->relay = r->client;
	r->client = (struct ipaddr){ .family = IPADDR_NONE };
	r->helo = SLICE("");
}

void
message_mail(struct message *m, const struct message_envelope *envelope)
{
	struct message_results *r = &m->results;

	r->mail = arena_dup(m->arena, envelope->path);
	r->utf8 = envelope->utf8;
	r->tls = envelope->tls;
	m->eight_bit = envelope->eight_bit || envelope->utf8;
	m->now = envelope->now;
	m->steady = envelope->steady;
	mail_path_parse(r->mail, &r->path);
	take_origin(m, envelope);
	if (!r->checked || r->relayed)
		stop_checks(m);
	if (!r->checked || !open_inquiry(m))
		return;
	start_dkim(m);
	if (!r->relayed)
		want_mail(m);
	run_and_unlock(m);
}

/*
 * The topmost Received field, which the relay wrote, or NULL when there is
 * none: now SPF can begin.
 */
static void
relay_received(struct message *m, const struct mail_field *field)
{
	struct message_results *r = &m->results;
	struct received from = { .helo = { NULL, 0 } };

	m->relay_open = false;
	if (field != NULL && received_read_exact(field->value, &from)) {
		r->client = from.client;
		r->helo = from.helo;
	}
	if (!open_inquiry(m))
		return;
	if (r->engine->config->spf.helo && r->helo.len > 0)
		want_helo(m);
	want_mail(m);
	run_and_unlock(m);
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

void
message_recipient(struct message *m, struct slice path)
{
	struct message_results *r = &m->results;
	struct mail_path parsed;
	struct slice name;
	size_t i;

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

void
message_field(struct message *m, struct slice name, struct slice value)
{
	size_t index = m->header.count;

	if (m->failed || m->header_ended)
		return;
	if (!mail_header_add(&m->header, name, value)) {
		if (!m->header.overflow)
			m->failed = true;
		else
			forged_note_lost(&m->forged, name);
		return;
	}
	if (m->relay_open && slice_eq_nocase(name, SLICE("Received")))
		relay_received(m, &m->header.fields[index]);
	if (m->verifier == NULL || !slice_eq_nocase(name,
	    SLICE("DKIM-Signature")) || !open_inquiry(m))
		return;
	dkim_verifier_field(m->verifier, &m->header.fields[index], index);
	run_and_unlock(m);
}

/* RFC 9989 3.2.4: for "<>", HELO's name takes the place of MAIL FROM's. */
static struct slice
spf_identifier(const struct message *m)
{
	const struct message_results *r = &m->results;

	if (r->path.null)
		return domain_slice(&r->helo_domain);
	return r->path.has_domain ? domain_slice(&r->path.domain) :
	    SLICE("");
}

/* For the walks that must be asked before any signature is verified. */
static void
start_dmarc(struct message *m)
{
	const struct dkim_signature *sigs;
	size_t count, i;

	sigs = dkim_verifier_signatures(m->verifier, &count);
	m->identifiers = arena_array(m->arena, count + 1,
	    sizeof(*m->identifiers));
	if (m->identifiers == NULL) {
		m->failed = true;
		return;
	}
	m->identifiers[0] = (struct dmarc_identifier){ .method = DMARC_SPF,
		.certainty = DMARC_IS_OPEN,
		.domain = spf_identifier(m) };
	for (i = 0; i < count; i++)
		m->identifiers[i + 1] = (struct dmarc_identifier){
			.method = DMARC_DKIM,
			.certainty = sigs[i].checked ? DMARC_IS_OPEN :
			    DMARC_IS_NOT_PASS,
			.domain = sigs[i].d };
	m->dmarc_request = (struct dmarc_request){ .from = &m->results.from,
		.identifiers = m->identifiers, .count = count + 1 };
	m->dmarc_wanted = true;
}

static void
read_from(struct message *m)
{
	mail_from_read(&m->header, &m->results.from);
	/* A second From may stand in what was not kept. */
	if (m->header.overflow)
		m->results.from = (struct mail_from){
			.problem = "header too large",
			.state = MAIL_FROM_UNPARSABLE };
}

static void
start_signing(struct message *m)
{
	struct message_results *r = &m->results;
	struct signing_plan *plan = &r->signing;

	read_from(m);
	r->seen_before = !m->facts.authenticated &&
	    forged_is_ours(&m->forged, &m->header);
	if (r->seen_before) {
		plan->state = SIGNING_SEEN_BEFORE;
		return;
	}
	signing_choose(r->engine->signing, &m->header, &r->from, m->now,
	    m->arena, plan);
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
	struct message_results *r = &m->results;

	if (m->header_ended)
		return;
	m->header_ended = true;
	if (m->relay_open)
		relay_received(m, NULL);
	if (r->ours && r->engine->signing != NULL)
		start_signing(m);
	if (m->verifier == NULL || !open_inquiry(m))
		return;
	read_from(m);
	dkim_verifier_header_end(m->verifier, &m->header,
	    r->from.has_domain ? &r->from.domain : NULL);
	start_dmarc(m);
	run_and_unlock(m);
}

void
message_body(struct message *m, struct slice chunk)
{
	message_header_end(m);
	if (m->verifier != NULL && !m->failed)
		dkim_verifier_body(m->verifier, chunk);
	if (m->signer != NULL)
		dkim_signer_body(m->signer, chunk);
}

static void
finish_dmarc(struct message *m, struct dns_ledger *ledger)
{
	const struct message_results *r = &m->results;
	size_t i;

	for (i = 0; i < r->signature_count; i++)
		m->identifiers[i + 1].certainty =
		    report_signature_counts(r, i) ?
		    certainty(r->signatures[i].result) : DMARC_IS_NOT_PASS;
	/* The inquiry is closed: every question has an answer at once. */
	m->dmarc_done = dmarc_is_done(m, ledger);
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
		took = e->answered_us - e->asked_us;
		if (e->answered_us > 0 && took > r->dns_us)
			r->dns_us = took;
	}
}

static void
check(struct message *m, const struct inquiry_waiting *waiting)
{
	struct message_results *r = &m->results;

	r->waited_us = inquiry_wait(m->inquiry,
	    r->engine->config->limits.deadline_ms, waiting);
	dkim_verifier_finish(m->verifier, &m->header,
	    inquiry_ledger(m->inquiry));
	r->signatures = dkim_verifier_signatures(m->verifier,
	    &r->signature_count);
	r->header_overflow = m->header.overflow;
	finish_dmarc(m, inquiry_ledger(m->inquiry));
	sum_up_look_ups(r, inquiry_ledger(m->inquiry));
}

/*
 * A host of ours, known by its address, hands on what this host wrote before:
 * a content filter, a relay with the same authserv-id.  Whoever has only
 * authenticated does not.
 */
static bool
keeps_results(const struct message *m)
{
	const struct config_origin *o = m->results.origin;

	return o != NULL && (o->relay || (o->client_count > 0 && !o->check &&
	    !m->facts.authenticated));
}

/* RFC 8601 section 5. */
static bool
find_forged(struct message *m, struct message_orders *orders)
{
	if (keeps_results(m))
		return true;
	if (!forged_find(&m->forged, &m->header, m->arena,
	    &orders->removals, &orders->removal_count))
		return false;
	m->results.forged = (unsigned int)orders->removal_count;
	return true;
}

static void
decide(struct message *m, bool at_mail, struct message_orders *orders)
{
	struct message_results *r = &m->results;
	struct policy_facts facts;

	report_facts(r, &facts);
	facts.at_mail = r->at_mail = at_mail;
	policy_decide(&r->engine->config->policy, &facts, &r->decision);
	if (r->engine->deferrals != NULL)
		deferral_limit(r->engine->deferrals, &r->client, &r->path,
		    m->steady, &r->decision);
	orders->action = r->decision.action;
	if (orders->action == POLICY_REJECT ||
	    orders->action == POLICY_TEMPFAIL)
		policy_reply(&r->decision, &facts, &orders->reply);
}

bool
message_decide_at_mail(struct message *m,
    const struct inquiry_waiting *waiting, struct message_orders *orders)
{
	const struct config *c = m->results.engine->config;
	unsigned int deadline = c->limits.deadline_ms;
	bool needs_spf;

	*orders = (struct message_orders){ .action = POLICY_ACCEPT };
	if (m->failed || !m->mail_wanted ||
	    !policy_has_mail_stage(&c->policy, &needs_spf))
		return false;
	if (deadline > LIMIT_MAIL_STAGE_MS)
		deadline = LIMIT_MAIL_STAGE_MS;
	/* What is not known in time is decided at the end. */
	if (needs_spf && !inquiry_settle(m->inquiry, deadline, waiting))
		return false;
	inquiry_lock(m->inquiry);
	decide(m, true, orders);
	inquiry_unlock(m->inquiry);
	return orders->action == POLICY_REJECT ||
	    orders->action == POLICY_TEMPFAIL;
}

/*
 * Mail of ours goes out unsigned when it cannot be signed, or is deferred:
 * the configuration says which.
 */
static void
sign(struct message *m, struct message_orders *orders)
{
	struct message_results *r = &m->results;
	struct signing_plan *plan = &r->signing;

	if (plan->state == SIGNING_READY) {
		buf_reset(&m->left_out);
		r->hazards = dkim_signer_leave_out(m->signer, &m->header,
		    m->eight_bit, &m->left_out);
		r->left_out = buf_slice(&m->left_out);
		if (!dkim_signer_finish(m->signer, &m->header,
		    m->signatures))
			plan->state = SIGNING_FAILED;
	}
	if (plan->state == SIGNING_READY) {
		orders->signatures = m->signatures;
		orders->signature_count = plan->options.key_count;
		return;
	}
	if ((plan->state != SIGNING_NO_KEY && plan->state != SIGNING_FAILED)
	    || r->engine->config->unsigned_mail != CONFIG_UNSIGNED_TEMPFAIL)
		return;
	r->decision.action = orders->action = POLICY_TEMPFAIL;
	orders->reply = (struct policy_reply){ .code = "451",
		.enhanced = "4.7.0",
		.text = "the message cannot be signed at this time" };
}

bool
message_finish(struct message *m, const struct inquiry_waiting *waiting,
    struct message_orders *orders)
{
	*orders = (struct message_orders){ .action = POLICY_ACCEPT };
	message_header_end(m);
	if (m->failed)
		return false;
	if (m->verifier != NULL)
		check(m, waiting);
	if (!find_forged(m, orders))
		return false;
	if (m->verifier != NULL)
		decide(m, false, orders);
	if (m->results.ours && m->results.engine->signing != NULL &&
	    orders->action == POLICY_ACCEPT)
		sign(m, orders);
	if (m->verifier == NULL)
		return true;
	m->writing = true;
	return report_authres(&m->results, &m->writer, &orders->authres);
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

const struct spf_request *
message_spf_request(const struct message *m, enum spf_identity identity)
{
	if (identity == SPF_HELO)
		return m->results.spf_helo_checked ? &m->helo_request : NULL;
	return m->mail_wanted ? &m->mail_request : NULL;
}

const struct dmarc_request *
message_dmarc_request(const struct message *m)
{
	return m->dmarc_wanted ? &m->dmarc_request : NULL;
}

const struct mail_header *
message_header(const struct message *m)
{
	return &m->header;
}
