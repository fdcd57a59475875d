/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SPF of a message: HELO's check and that of MAIL FROM, RFC 7208.
 */
#include "message/spf.h"

#include <string.h>

#include "base/mem.h"
#include "message/message_internal.h"
#include "message/shown_internal.h"

struct state {
	struct message_spf	found;
	struct spf_request	helo;
	struct spf_request	mail;
	bool			asked;	/* both, when so many answers: */
	size_t			answers;
};

static void
begin_helo(struct message *m, void *arg)
{
	const struct message_results *r = &m->results;
	struct state *st = arg;

	if (!r->engine->config->spf.helo)
		return;
	message_lock(m);
	st->helo = (struct spf_request){ .identity = SPF_HELO,
		.ip = r->client, .helo = r->helo, .receiver = r->receiver,
		.max_void = r->engine->config->spf.void_limit };
	st->found.helo_done = false;
	st->found.helo_checked = true;
	st->asked = false;
	message_unlock(m);
}

static void
begin_mail(struct message *m, void *arg)
{
	const struct message_results *r = &m->results;
	struct state *st = arg;

	message_lock(m);
	st->mail = (struct spf_request){ .identity = SPF_MAILFROM,
		.ip = r->client, .helo = r->helo, .local = r->path.local,
		.domain = r->path.domain_text, .receiver = r->receiver,
		.now = m->now,
		.max_void = r->engine->config->spf.void_limit };
	/* Both empty would mean "<>", which "<" and the like are not. */
	if (!r->path.null && r->path.local.len + r->path.domain_text.len == 0)
		st->mail.domain = r->mail;
	st->found.mail_checked = true;
	st->asked = false;
	message_unlock(m);
}

/* A text at *at, which is moved behind it. */
static struct slice
put_text(char **at, struct slice text)
{
	struct slice kept = { *at, text.len };

	if (text.len > 0)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

/* Most of a verdict is room for texts, which few have.  False: no memory. */
static bool
keep_verdict(const struct spf_verdict *v, struct message_spf_verdict *out)
{
	struct slice domain = domain_slice(&v->domain);
	struct slice mechanism = slice_str(v->mechanism);
	struct slice explanation = slice_str(v->explanation);
	char *at;

	mem_free(out->texts);
	at = mem_alloc(domain.len + mechanism.len + explanation.len);
	*out = (struct message_spf_verdict){ .result = v->result,
		.helo_for_null = v->helo_for_null, .stale = v->stale,
		.authenticated = v->authenticated, .problem = v->problem,
		.texts = at };
	if (at == NULL)
		return false;
	out->domain = put_text(&at, domain);
	out->mechanism = put_text(&at, mechanism);
	out->explanation = put_text(&at, explanation);
	return true;
}

static bool
check(struct message *m, const struct spf_request *request,
    struct dns_ledger *ledger, struct message_spf_verdict *out)
{
	struct spf_verdict v;

	if (spf_check(request, ledger, m->scratch, NULL, NULL, &v) !=
	    CHECK_DONE)
		return false;
	if (!keep_verdict(&v, out) || v.no_memory)
		m->starved = true;
	return true;
}

static bool
has_all(const struct message_spf *f)
{
	return f->helo_done == f->helo_checked &&
	    f->mail_done == f->mail_checked;
}

/* A check says the same again as long as no answer has come. */
static bool
is_as_before(struct state *st, const struct dns_ledger *ledger)
{
	size_t answers = dns_ledger_count(ledger) - dns_ledger_open(ledger);
	bool same = st->asked && answers == st->answers;

	st->asked = true;
	st->answers = answers;
	return same;
}

static bool
ask(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct state *st = arg;
	struct message_spf *f = &st->found;

	if (has_all(f))
		return true;
	if (is_as_before(st, ledger))
		return false;
	if (f->helo_checked && !f->helo_done)
		f->helo_done = check(m, &st->helo, ledger, &f->helo);
	if (f->mail_checked && !f->mail_done)
		f->mail_done = check(m, &st->mail, ledger, &f->mail);
	if (!has_all(f))
		return false;
	dns_ledger_forget(ledger);
	return true;
}

/* "none" needs no reason in the header; the log has it. */
static void
write_result(struct authres_writer *w, const struct message_spf_verdict *v)
{
	authres_write_result(w, "spf", auth_result_name(v->result));
	shown_reason(w, v->stale, v->result != AUTH_NONE ? v->problem : NULL);
}

/*
 * MAIL FROM as an address without brackets and source route; a local part
 * that this message may not have is left out.
 */
static void
write_mailfrom(const struct message_results *r, struct authres_writer *w)
{
	const struct mail_path *p = &r->path;

	if (p->has_domain && p->local.len > 0 &&
	    (r->utf8 || slice_is_ascii(p->local)))
		shown_address(w, "smtp", "mailfrom", p->local,
		    p->domain_text);
	else
		shown_name(w, "smtp", "mailfrom", p->domain_text);
}

/*
 * MAIL FROM and HELO, each with its own property (RFC 8601 section 2.7.2).
 * For "<>" HELO takes the place of MAIL FROM (RFC 7208 section 2.4): one
 * result says both.
 */
static void
write_results(const struct message *m, const void *arg,
    struct authres_writer *w)
{
	const struct message_results *r = &m->results;
	const struct state *st = arg;

	write_result(w, &st->found.mail);
	if (r->path.null) {
		shown_name(w, "smtp", "helo", r->helo);
		shown_dnssec(w, r, st->found.mail.authenticated);
		return;
	}
	write_mailfrom(r, w);
	shown_dnssec(w, r, st->found.mail.authenticated);
	if (!st->found.helo_checked)
		return;
	write_result(w, &st->found.helo);
	shown_name(w, "smtp", "helo", r->helo);
	shown_dnssec(w, r, st->found.helo.authenticated);
}

/*
 * What a message asked is remembered for the next one from there.  Only one
 * that has passed: others may be anyone's.
 */
static void
finish(struct message *m, void *arg, struct dns_ledger *ledger)
{
	const struct message_spf *f = &((const struct state *)arg)->found;

	if (f->mail_done && f->mail.result == AUTH_PASS)
		resolver_note_path(m->results.engine->resolver,
		    f->mail.domain, dns_ledger_first(ledger));
}

static void
fini(void *arg)
{
	struct message_spf *f = &((struct state *)arg)->found;

	mem_free(f->helo.texts);
	mem_free(f->mail.texts);
}

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct message_spf *found = &((const struct state *)arg)->found;

	(void)m;
	f->spf = found->mail.result;
	f->spf_helo = found->helo.result;
	f->spf_helo_checked = found->helo_checked;
	f->spf_domain = found->mail.domain;
	f->spf_explanation = found->mail.explanation;
}

static void
record_verdict(struct event *e, const char *key, const char *why_key,
    const struct message_spf_verdict *v)
{
	event_text(e, key, slice_str(auth_result_name(v->result)));
	if (v->problem != NULL)
		event_text(e, why_key, slice_str(v->problem));
	else if (v->mechanism.len > 0)
		event_text(e, why_key, v->mechanism);
}

static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct message_spf *f = &((const struct state *)arg)->found;

	(void)m;
	if (f->mail_done) {
		record_verdict(e, "spf", "spf-why", &f->mail);
		event_detail_text(e, "spf-domain", f->mail.domain);
		event_detail_text(e, "spf-scope", f->mail.helo_for_null ?
		    SLICE("helo") : SLICE("mfrom"));
	}
	if (f->helo_done)
		record_verdict(e, "spf-helo", "spf-helo-why", &f->helo);
}

const struct message_method message_method_spf = {
	.name = "spf",
	.state_size = sizeof(struct state),
	.at_mail = true,
	.helo = begin_helo,
	.mail = begin_mail,
	.ask = ask,
	.finish = finish,
	.fini = fini,
	.write = write_results,
	.facts = facts,
	.record = record
};

const struct message_spf *
message_spf(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_spf);

	return &st->found;
}

const struct spf_request *
message_spf_request(const struct message *m, enum spf_identity identity)
{
	const struct state *st = message_state(m, &message_method_spf);

	if (identity == SPF_HELO)
		return st->found.helo_checked ? &st->helo : NULL;
	return st->found.mail_checked ? &st->mail : NULL;
}
