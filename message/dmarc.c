/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMARC of a message, RFC 9989: reads what SPF and DKIM found.
 *
 *  1. At the end of the header the walk begins, and those of all identifiers,
 *     passed or not: nothing can be asked any more when the signatures are
 *     verified.
 *  2. Once SPF has its verdict, that identifier is open no more.
 *  3. At the end each signature says whether its identifier passed.
 *  4. A fail is looked into: does someone whom the configuration trusts
 *     answer for the message?
 */
#include "message/dmarc.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "message/arc.h"
#include "message/forwarder.h"
#include "message/message_internal.h"
#include "message/shown_internal.h"

#define ALIGNED_MAX 200		/* octets of `aligned` */

struct state {
	/* SPF's identifier first, then one for each signature. */
	struct dmarc_identifier	*identifiers;
	struct dmarc_request	 request;
	bool			 wanted;
	bool			 done;
	struct dmarc_verdict	*verdict;	/* NULL: not yet */
};

static const struct dmarc_verdict no_verdict;

static const struct dmarc_verdict *
verdict_of(const struct state *st)
{
	return st->verdict != NULL ? st->verdict : &no_verdict;
}

/* It is large, and a message that waits has none.  False: no memory. */
static bool
keep_verdict(struct state *st, const struct dmarc_verdict *v)
{
	if (st->verdict == NULL)
		st->verdict = mem_alloc(sizeof(*v));
	if (st->verdict == NULL)
		return false;
	*st->verdict = *v;
	return true;
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
is_done(struct message *m, struct state *st, struct dns_ledger *ledger)
{
	const struct message_spf *spf = message_spf(m);
	struct dmarc_verdict v;

	if (spf->mail_done)
		st->identifiers[0].certainty = certainty(spf->mail.result);
	if (dmarc_check(&st->request, ledger, m->scratch, NULL, NULL,
	    &v) != CHECK_DONE)
		return false;
	if (!keep_verdict(st, &v) || v.no_memory)
		m->starved = true;
	return true;
}

static bool
ask(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct state *st = arg;

	if (st->done == st->wanted)
		return true;
	st->done = is_done(m, st, ledger);
	if (st->done)
		dns_ledger_forget(ledger);
	return st->done;
}

/* RFC 9989 3.2.4: for "<>", HELO's name takes the place of MAIL FROM's. */
static struct slice
spf_identifier(const struct message *m)
{
	const struct message_results *r = &m->results;

	if (r->path.null)
		return r->helo_domain;
	return r->path.has_domain ? domain_slice(&r->path.domain) :
	    SLICE("");
}

/* Step 1. */
static void
header_end(struct message *m, void *arg)
{
	const struct message_dkim *dkim = message_dkim(m);
	const struct dkim_signature *s;
	struct dmarc_identifier *list = arena_array(m->arena,
	    dkim->count + 1, sizeof(*list));
	struct state *st = arg;
	size_t i;

	if (list == NULL)
		return;
	list[0] = (struct dmarc_identifier){ .method = DMARC_SPF,
		.certainty = DMARC_IS_OPEN, .domain = spf_identifier(m) };
	for (i = 0; i < dkim->count; i++) {
		s = &dkim->signatures[i];
		list[i + 1] = (struct dmarc_identifier){
			.method = DMARC_DKIM, .domain = s->d,
			.certainty = s->checked ? DMARC_IS_OPEN :
			    DMARC_IS_NOT_PASS };
	}
	message_lock(m);
	st->identifiers = list;
	st->request = (struct dmarc_request){ .from = &m->results.from,
		.identifiers = list, .count = dkim->count + 1 };
	st->wanted = true;
	message_unlock(m);
}

/* Step 4. */
static void
find_override(struct message *m, const struct dmarc_verdict *v)
{
	struct message_override *o = &m->results.override;
	const struct config_forwarder *f = message_forwarder(m)->found;

	if (v->result != AUTH_FAIL)
		return;
	o->name = message_arc_trusted_sealer(m);
	if (o->name.len > 0) {
		o->kind = MESSAGE_TRUSTED_SEALER;
	} else if (f != NULL) {
		o->kind = MESSAGE_FORWARDER;
		o->name = f->name;
	}
}

/* Step 3. */
static void
finish(struct message *m, void *arg, struct dns_ledger *ledger)
{
	const struct message_dkim *dkim = message_dkim(m);
	struct state *st = arg;
	size_t i;

	if (!st->wanted)
		return;
	for (i = 0; i < dkim->count; i++)
		st->identifiers[i + 1].certainty =
		    message_dkim_counts(dkim, i) ?
		    certainty(dkim->signatures[i].result) :
		    DMARC_IS_NOT_PASS;
	st->done = is_done(m, st, ledger);
	find_override(m, verdict_of(st));
}

static void
fini(void *arg)
{
	mem_free(((struct state *)arg)->verdict);
}

/* ---- what was found ---- */

static const char *
override_name(enum message_override_kind kind)
{
	static const char *const names[] = {
		[MESSAGE_NO_OVERRIDE] = "",
		[MESSAGE_TRUSTED_SEALER] = "trusted-sealer",
		[MESSAGE_FORWARDER] = "trusted-forwarder"
	};

	return names[kind];
}

bool
message_is_overridden(const struct message *m)
{
	return m->results.override.kind != MESSAGE_NO_OVERRIDE &&
	    m->results.decision.action == POLICY_ACCEPT;
}

/* A domain, or a name of the configuration: both are tokens. */
static void
write_override_comment(const struct message_override *o,
    struct authres_writer *w)
{
	char text[DOMAIN_MAX + 64];

	snprintf(text, sizeof(text), "accepted by local policy: %s %.*s",
	    o->kind == MESSAGE_FORWARDER ? "known forwarder" :
	    "trusted sealer", SLICE_ARG(o->name));
	authres_write_comment(w, text);
}

/* RFC 8601 2.3: what local policy makes of it. */
static void
write_override(const struct message_override *o, struct authres_writer *w)
{
	authres_write_property(w, "policy", "override",
	    slice_str(override_name(o->kind)));
	authres_write_property(w, "policy", "override-by", o->name);
}

/*
 * RFC 9989 9.1 and 9.2: policy.dmarc is what applies to this message, after
 * sp, np and t.
 */
static void
write_result(const struct message *m, const void *arg,
    struct authres_writer *w)
{
	const struct dmarc_verdict *v = verdict_of(arg);

	authres_write_result(w, "dmarc", auth_result_name(v->result));
	if (m->results.from.state == MAIL_FROM_SLOPPY)
		authres_write_comment(w, "From is not well formed");
	if (message_is_overridden(m))
		write_override_comment(&m->results.override, w);
	shown_reason(w, v->stale, v->result != AUTH_PASS &&
	    v->result != AUTH_NONE ? v->problem : NULL);
	if (v->has_record) {
		authres_write_property(w, "policy",
		    "published-domain-policy",
		    slice_str(dmarc_policy_name(v->published)));
		if (v->result == AUTH_FAIL)
			authres_write_property(w, "policy", "dmarc",
			    slice_str(dmarc_policy_name(v->applied)));
	}
	if (message_is_overridden(m))
		write_override(&m->results.override, w);
	if (v->from_domain.len > 0)
		authres_write_property(w, "header", "from",
		    domain_slice(&v->from_domain));
	shown_dnssec(w, &m->results, v->authenticated);
}

static enum policy_dmarc
published_policy(const struct dmarc_verdict *v)
{
	if (!v->has_record)
		return POLICY_DMARC_NO_RECORD;
	switch (v->published) {
	case DMARC_POLICY_REJECT:
		return POLICY_DMARC_REJECT;
	case DMARC_POLICY_QUARANTINE:
		return POLICY_DMARC_QUARANTINE;
	case DMARC_POLICY_NONE:
		break;
	}
	return POLICY_DMARC_NONE;
}

/* One of which it is not known whether it is aligned is a temperror. */
static unsigned int
aligned_set(const struct dmarc_verdict *v, const struct message_dkim *dkim)
{
	unsigned int set = 0;
	size_t i;

	for (i = 0; i < dkim->count; i++) {
		if (!message_dkim_counts(dkim, i))
			continue;
		if (dmarc_is_aligned(v->alignments[i + 1]))
			set |= 1u << dkim->signatures[i].result;
		else if (v->alignments[i + 1] == DMARC_NOT_KNOWN)
			set |= 1u << AUTH_TEMPERROR;
	}
	return set != 0 ? set : 1u << AUTH_NONE;
}

/*
 * An identity that passed on DNS data which was authenticated belongs to
 * the Author Domain.  Anyone can sign a zone of their own, so it has to be
 * aligned; and what says so by a walk has to be authenticated as well.
 */
static bool
is_proven(const struct dmarc_verdict *v, enum dmarc_alignment aligned)
{
	return aligned == DMARC_ALIGNED_STRICT ||
	    (aligned == DMARC_ALIGNED_RELAXED && v->authenticated);
}

static bool
is_authenticated(const struct dmarc_verdict *v,
    const struct message_spf *spf, const struct message_dkim *dkim)
{
	const struct dkim_signature *s;
	size_t i;

	if (spf->mail.result == AUTH_PASS && spf->mail.authenticated &&
	    is_proven(v, v->alignments[0]))
		return true;
	for (i = 0; i < dkim->count; i++) {
		s = &dkim->signatures[i];
		if (s->result == AUTH_PASS && s->authenticated &&
		    message_dkim_counts(dkim, i) &&
		    is_proven(v, v->alignments[i + 1]))
			return true;
	}
	return false;
}

void
message_dmarc_facts(const struct dmarc_verdict *v,
    const struct message_spf *spf, const struct message_dkim *dkim,
    struct policy_facts *f)
{
	f->dmarc = v->result;
	f->dmarc_policy = published_policy(v);
	f->dmarc_testing = v->record.testing;
	f->dkim_aligned = aligned_set(v, dkim);
	f->dnssec = is_authenticated(v, spf, dkim);
}

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct state *st = arg;

	message_dmarc_facts(verdict_of(st), message_spf(m), message_dkim(m),
	    f);
}

static void
record_tag(struct event *e, const char *key, bool there,
    enum dmarc_policy policy)
{
	if (there)
		event_detail_text(e, key,
		    slice_str(dmarc_policy_name(policy)));
}

/* What a report to the domain's owner says of its record (RFC 9990). */
static void
record_policy(struct event *e, const struct dmarc_verdict *v)
{
	const struct dmarc_record *r = &v->record;

	event_detail_text(e, "dmarc-rua", r->has_rua ? SLICE("yes") :
	    SLICE("no"));
	record_tag(e, "dmarc-p", r->has_p, r->p);
	record_tag(e, "dmarc-sp", r->has_sp, r->sp);
	record_tag(e, "dmarc-np", r->has_np, r->np);
	event_detail_text(e, "dmarc-domain", domain_slice(&v->policy_domain));
	event_detail_text(e, "dmarc-organizational-domain",
	    domain_slice(&v->organizational_domain));
	event_detail_text(e, "dmarc-published",
	    slice_str(dmarc_policy_name(v->published)));
	event_detail_text(e, "dmarc-tag", slice_str(v->tag));
	event_detail_text(e, "dmarc-adkim", r->strict_dkim ? SLICE("s") :
	    SLICE("r"));
	event_detail_text(e, "dmarc-aspf", r->strict_spf ? SLICE("s") :
	    SLICE("r"));
	event_detail_text(e, "dmarc-testing", r->testing ? SLICE("y") :
	    SLICE("n"));
	event_detail_text(e, "dmarc-psd", r->psd == DMARC_PSD_Y ? SLICE("y") :
	    r->psd == DMARC_PSD_N ? SLICE("n") : SLICE("u"));
	event_detail_text(e, "dmarc-discovery", SLICE("treewalk"));
}

/* What is aligned with From, passed or not: "spf:relaxed,dkim:D:strict". */
static void
record_aligned(struct event *e, const struct dmarc_verdict *v,
    const struct message_dkim *dkim)
{
	enum dmarc_alignment aligned = v->alignments[0];
	struct buf list;
	size_t i;

	buf_init(&list, ALIGNED_MAX);
	if (dmarc_is_aligned(aligned))
		buf_addf(&list, "spf:%s", dmarc_alignment_name(aligned));
	for (i = 0; i < dkim->count; i++) {
		aligned = v->alignments[i + 1];
		if (!dmarc_is_aligned(aligned))
			continue;
		buf_adds(&list, list.len > 0 ? ",dkim:" : "dkim:");
		buf_add(&list, dkim->signatures[i].d);
		buf_addf(&list, ":%s", dmarc_alignment_name(aligned));
	}
	if (list.len > 0)
		event_text(e, "aligned", buf_slice(&list));
	buf_fini(&list);
}

/* The objects are those of message/dkim.c, in the same order. */
static void
record_alignments(struct event *e, const struct dmarc_verdict *v,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		event_object_text(e, event_object_at(e, "signatures", i),
		    "aligned", slice_str(dmarc_alignment_name(
		    v->alignments[i + 1])));
}

static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct state *st = arg;
	const struct dmarc_verdict *v = verdict_of(st);

	if (!st->done)
		return;
	event_text(e, "dmarc", slice_str(auth_result_name(v->result)));
	record_aligned(e, v, message_dkim(m));
	if (message_is_overridden(m)) {
		event_text(e, "override", slice_str(override_name(
		    m->results.override.kind)));
		event_text(e, "override-by", m->results.override.name);
	}
	record_alignments(e, v, message_dkim(m)->count);
	if (v->has_record)
		event_text(e, "dmarc-policy",
		    slice_str(dmarc_policy_name(v->applied)));
	if (v->problem != NULL)
		event_text(e, "dmarc-why", slice_str(v->problem));
	if (v->has_record)
		record_policy(e, v);
	if (v->result != AUTH_NONE) {
		event_detail_text(e, "dmarc-spf", v->aligned_spf >= 0 ?
		    SLICE("pass") : SLICE("fail"));
		event_detail_text(e, "dmarc-dkim", v->aligned_dkim >= 0 ?
		    SLICE("pass") : SLICE("fail"));
	}
	if (is_authenticated(v, message_spf(m), message_dkim(m)))
		event_text(e, "dnssec", SLICE("yes"));
}

const struct message_method message_method_dmarc = {
	.name = "dmarc",
	.state_size = sizeof(struct state),
	.header_end = header_end,
	.ask = ask,
	.finish = finish,
	.fini = fini,
	.write = write_result,
	.facts = facts,
	.record = record
};

const struct dmarc_verdict *
message_dmarc(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_dmarc);

	return verdict_of(st);
}

const struct dmarc_request *
message_dmarc_request(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_dmarc);

	return st->wanted ? &st->request : NULL;
}
