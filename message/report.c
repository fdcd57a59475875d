/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what was found of a message, for the policy, for the header and
 * for the log.
 */
#include "message/report.h"

#include "base/buf.h"
#include "event/log.h"

#define SIG_B_SHOWN 8		/* RFC 6008 section 4: at least */
#define RESULT_ROOM	8192	/* octets: one more signature, and DMARC */
#define LOG_DKIM_MAX 200	/* octets of the log line for all signatures */

static unsigned int
dkim_set(const struct message_results *r)
{
	unsigned int set = 0;
	size_t i;

	for (i = 0; i < r->signature_count; i++)
		set |= 1u << r->signatures[i].result;
	return set != 0 ? set : 1u << AUTH_NONE;
}

bool
report_signature_counts(const struct message_results *r, size_t i)
{
	return !r->signatures[i].key_testing ||
	    r->engine->config->dkim.test_keys;
}

/* What DMARC found; SPF's identifier stands before the signatures. */
static enum dmarc_alignment
signature_alignment(const struct message_results *r, size_t i)
{
	return r->dmarc.alignments[i + 1];
}

/* One of which it is not known whether it is aligned is a temperror. */
static unsigned int
aligned_set(const struct message_results *r)
{
	enum dmarc_alignment aligned;
	unsigned int set = 0;
	size_t i;

	for (i = 0; i < r->signature_count; i++) {
		aligned = signature_alignment(r, i);
		if (!report_signature_counts(r, i))
			continue;
		if (dmarc_is_aligned(aligned))
			set |= 1u << r->signatures[i].result;
		else if (aligned == DMARC_NOT_KNOWN)
			set |= 1u << AUTH_TEMPERROR;
	}
	return set != 0 ? set : 1u << AUTH_NONE;
}

static enum policy_dmarc
dmarc_policy(const struct dmarc_verdict *v)
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

/*
 * An identity that passed on DNS data which was authenticated belongs to
 * the Author Domain.  Anybody can sign a zone of their own, so it has to be
 * aligned; and what says so by a walk has to be authenticated as well.
 */
static bool
is_proven(const struct message_results *r, enum dmarc_alignment aligned)
{
	return aligned == DMARC_ALIGNED_STRICT ||
	    (aligned == DMARC_ALIGNED_RELAXED && r->dmarc.authenticated);
}

static bool
is_authenticated(const struct message_results *r)
{
	const struct dkim_signature *s;
	size_t i;

	if (r->spf.result == AUTH_PASS && r->spf.authenticated &&
	    is_proven(r, r->dmarc.alignments[0]))
		return true;
	for (i = 0; i < r->signature_count; i++) {
		s = &r->signatures[i];
		if (s->result == AUTH_PASS && s->authenticated &&
		    report_signature_counts(r, i) &&
		    is_proven(r, signature_alignment(r, i)))
			return true;
	}
	return false;
}

/* Would it pass, but for what it does not cover? */
static bool
verifies(const struct dkim_signature *s)
{
	return s->result == AUTH_PASS || s->result == AUTH_POLICY;
}

static bool
has_partial(const struct message_results *r)
{
	size_t i;

	for (i = 0; i < r->signature_count; i++) {
		if (r->signatures[i].partial && verifies(&r->signatures[i]))
			return true;
	}
	return false;
}

static bool
has_doubled(const struct message_results *r)
{
	size_t i;

	for (i = 0; i < r->signature_count; i++) {
		if (r->signatures[i].doubled != 0 &&
		    verifies(&r->signatures[i]))
			return true;
	}
	return false;
}

void
report_facts(const struct message_results *r, struct policy_facts *f)
{
	*f = (struct policy_facts){ .client = r->client,
		.helo = domain_slice(&r->helo_domain),
		.spf = r->spf.result,
		.spf_helo = r->spf_helo.result,
		.spf_helo_checked = r->spf_helo_checked,
		.dkim = dkim_set(r),
		.dkim_aligned = aligned_set(r),
		.dmarc = r->dmarc.result,
		.dmarc_policy = dmarc_policy(&r->dmarc),
		.dmarc_testing = r->dmarc.testing,
		.from = r->from.state,
		.recipient_domains = r->recipient_domains,
		.recipient_domain_count = r->recipient_domain_count,
		.dnssec = is_authenticated(r),
		.tls = r->tls,
		.dkim_partial = has_partial(r),
		.dkim_doubled = has_doubled(r),
		.spf_domain = domain_slice(&r->spf.domain),
		.spf_explanation = slice_str(r->spf.explanation) };
	if (r->path.has_domain)
		f->mailfrom_domain = domain_slice(&r->path.domain);
	if (mail_from_has_author(&r->from))
		f->from_domain = domain_slice(&r->from.domain);
}

/* "none" needs no reason in the header; the log has it. */
static void
write_spf(struct authres_writer *w, const struct spf_verdict *v)
{
	authres_write_result(w, "spf", auth_result_name(v->result));
	if (v->problem != NULL && v->result != AUTH_NONE)
		authres_write_reason(w, slice_str(v->problem));
}

/*
 * RFC 8601 section 5: a name as it was checked, with A-labels, in lower case
 * and without a dot at its end; with U-labels as they were given where the
 * message may have them.  What is no name stays what it is.
 */
static struct slice
checked_name(const struct message_results *r, struct slice text,
    struct domain *room)
{
	if (!domain_parse(text, room))
		return text;
	if (!r->utf8 || slice_is_ascii(text))
		return domain_slice(room);
	return text.ptr[text.len - 1] == '.' ?
	    slice_head(text, text.len - 1) : text;
}

/* A property whose value is not there is left out. */
static void
write_property_if(struct authres_writer *w, const char *ptype,
    const char *property, struct slice value)
{
	if (value.len > 0)
		authres_write_property(w, ptype, property, value);
}

static void
write_name(const struct message_results *r, struct authres_writer *w,
    const char *ptype, const char *property, struct slice name)
{
	struct domain room;

	write_property_if(w, ptype, property, checked_name(r, name, &room));
}

static void
write_address(const struct message_results *r, struct authres_writer *w,
    const char *ptype, const char *property, struct slice local,
    struct slice domain)
{
	struct domain room;
	struct buf address;

	buf_init(&address, LIMIT_AUTHRES_WRITE);
	buf_add(&address, local);
	buf_addc(&address, '@');
	buf_add(&address, checked_name(r, domain, &room));
	authres_write_property(w, ptype, property, buf_slice(&address));
	buf_fini(&address);
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
		write_address(r, w, "smtp", "mailfrom", p->local,
		    p->domain_text);
	else
		write_name(r, w, "smtp", "mailfrom", p->domain_text);
}

/*
 * For "<>" HELO takes the place of MAIL FROM (RFC 7208 section 2.4): one
 * result says both.
 */
static void
write_spf_results(const struct message_results *r, struct authres_writer *w)
{
	write_spf(w, &r->spf);
	if (r->path.null) {
		write_name(r, w, "smtp", "helo", r->helo);
		return;
	}
	write_mailfrom(r, w);
	if (!r->spf_helo_checked)
		return;
	write_spf(w, &r->spf_helo);
	write_name(r, w, "smtp", "helo", r->helo);
}

/* Octets of b= that tell this signature from the others, RFC 6008 4. */
static size_t
sig_b_length(const struct message_results *r, const struct dkim_signature *s)
{
	size_t len = SIG_B_SHOWN, i;
	const struct dkim_signature *other;

	for (i = 0; i < r->signature_count; i++) {
		other = &r->signatures[i];
		while (other != s && len < s->b.len && other->b.len > 0 &&
		    slice_eq(slice_head(other->b, len),
		    slice_head(s->b, len)) && !slice_eq(other->b, s->b))
			len++;
	}
	return len;
}

/* header.i is what the signature proved, so only of one that passed. */
static void
write_identity(const struct message_results *r, struct authres_writer *w,
    const struct dkim_signature *s)
{
	size_t at = slice_find_last(s->i, '@');

	if (s->result != AUTH_PASS)
		return;
	if (at == s->i.len || (!r->utf8 && !slice_is_ascii(s->i)))
		write_address(r, w, "header", "i", (struct slice){ NULL, 0 },
		    s->d);
	else
		write_address(r, w, "header", "i", slice_head(s->i, at),
		    slice_from(s->i, at + 1));
}

static void
write_signature(const struct message_results *r, struct authres_writer *w,
    const struct dkim_signature *s)
{
	authres_write_result(w, "dkim", auth_result_name(s->result));
	if (s->key_testing)
		authres_write_comment(w, "test mode");
	if (s->comment != NULL && s->result != AUTH_PASS)
		authres_write_reason(w, slice_str(s->comment));
	write_name(r, w, "header", "d", s->d);
	write_identity(r, w, s);
	write_name(r, w, "header", "s", s->s);
	write_property_if(w, "header", "a", s->a);
	write_property_if(w, "header", "b",
	    slice_head(s->b, sig_b_length(r, s)));
}

/*
 * RFC 9989 9.1 and 9.2: policy.dmarc is what applies to this message, after
 * sp, np and t.
 */
static void
write_dmarc(const struct message_results *r, struct authres_writer *w)
{
	const struct dmarc_verdict *v = &r->dmarc;

	authres_write_result(w, "dmarc", auth_result_name(v->result));
	if (r->from.state == MAIL_FROM_SLOPPY)
		authres_write_comment(w, "From is not well formed");
	if (v->problem != NULL && v->result != AUTH_PASS &&
	    v->result != AUTH_NONE)
		authres_write_reason(w, slice_str(v->problem));
	if (v->has_record) {
		authres_write_property(w, "policy",
		    "published-domain-policy",
		    slice_str(dmarc_policy_name(v->published)));
		if (v->result == AUTH_FAIL)
			authres_write_property(w, "policy", "dmarc",
			    slice_str(dmarc_policy_name(v->applied)));
	}
	if (v->from_domain.len > 0)
		authres_write_property(w, "header", "from",
		    domain_slice(&v->from_domain));
}

bool
report_authres(const struct message_results *r, struct authres_writer *w,
    struct slice *value)
{
	size_t i;

	authres_write_begin(w, r->receiver, r->utf8);
	write_spf_results(r, w);
	/* What has no room is left out: the message goes its way. */
	for (i = 0; i < r->signature_count &&
	    w->out.len < LIMIT_AUTHRES_WRITE - RESULT_ROOM; i++)
		write_signature(r, w, &r->signatures[i]);
	if (r->signature_count == 0)
		authres_write_result(w, "dkim", "none");
	write_dmarc(r, w);
	return authres_write_end(w, value);
}

static void
log_spf(struct log_record *rec, const char *key, const char *why_key,
    const struct spf_verdict *v)
{
	log_record_text(rec, key, slice_str(auth_result_name(v->result)));
	if (v->problem != NULL)
		log_record_text(rec, why_key, slice_str(v->problem));
	else if (v->mechanism[0] != '\0')
		log_record_text(rec, why_key, slice_str(v->mechanism));
}

/* "pass:example.com:s1,fail:example.net:s2" */
static void
log_dkim(struct log_record *rec, const struct message_results *r)
{
	const struct dkim_signature *s;
	const char *why = NULL;
	struct buf list;
	size_t i;

	buf_init(&list, LOG_DKIM_MAX);
	for (i = 0; i < r->signature_count; i++) {
		s = &r->signatures[i];
		if (i > 0)
			buf_addc(&list, ',');
		buf_adds(&list, auth_result_name(s->result));
		buf_addc(&list, ':');
		buf_add(&list, s->d);
		buf_addc(&list, ':');
		buf_add(&list, s->s);
		if (s->result != AUTH_PASS && why == NULL)
			why = s->comment;
	}
	if (r->signature_count == 0)
		buf_adds(&list, "none");
	log_record_text(rec, "dkim", buf_slice(&list));
	buf_fini(&list);
	if (why != NULL)
		log_record_text(rec, "dkim-why", slice_str(why));
}

/* What is aligned with From, passed or not: "spf:relaxed,dkim:D:strict". */
static void
log_aligned(struct log_record *rec, const struct message_results *r)
{
	enum dmarc_alignment aligned = r->dmarc.alignments[0];
	struct buf list;
	size_t i;

	buf_init(&list, LOG_DKIM_MAX);
	if (dmarc_is_aligned(aligned))
		buf_addf(&list, "spf:%s", dmarc_alignment_name(aligned));
	for (i = 0; i < r->signature_count; i++) {
		aligned = signature_alignment(r, i);
		if (!dmarc_is_aligned(aligned))
			continue;
		buf_adds(&list, list.len > 0 ? ",dkim:" : "dkim:");
		buf_add(&list, r->signatures[i].d);
		buf_addf(&list, ":%s", dmarc_alignment_name(aligned));
	}
	if (list.len > 0)
		log_record_text(rec, "aligned", buf_slice(&list));
	buf_fini(&list);
}

static void
log_dmarc(struct log_record *rec, const struct message_results *r)
{
	const struct dmarc_verdict *v = &r->dmarc;

	log_record_text(rec, "dmarc", slice_str(auth_result_name(v->result)));
	log_aligned(rec, r);
	if (v->has_record)
		log_record_text(rec, "dmarc-policy",
		    slice_str(dmarc_policy_name(v->applied)));
	if (v->problem != NULL)
		log_record_text(rec, "dmarc-why", slice_str(v->problem));
}

static void
log_checks(struct log_record *rec, const struct message_results *r)
{
	log_spf(rec, "spf", "spf-why", &r->spf);
	if (r->spf_helo_checked)
		log_spf(rec, "spf-helo", "spf-helo-why", &r->spf_helo);
	if (r->at_mail) {
		log_record_text(rec, "stage", SLICE("mail"));
		return;
	}
	log_dkim(rec, r);
	log_dmarc(rec, r);
	if (is_authenticated(r))
		log_record_text(rec, "dnssec", SLICE("yes"));
	log_record_number(rec, "lookups", (long long)r->questions);
	if (r->unanswered > 0)
		log_record_number(rec, "unanswered",
		    (long long)r->unanswered);
	log_record_ms(rec, "dns-ms", r->dns_us);
	log_record_ms(rec, "waited-ms", r->waited_us);
}

/* Who signed, and what may still break the signature (RFC 6376 5.3). */
static void
log_signing(struct log_record *rec, const struct message_results *r)
{
	const struct signing_plan *plan = &r->signing;
	struct buf list;
	size_t i;

	buf_init(&list, LOG_DKIM_MAX);
	for (i = 0; plan->state == SIGNING_READY &&
	    i < plan->options.key_count; i++) {
		buf_adds(&list, i > 0 ? "," : "");
		buf_add(&list, plan->options.domain);
		buf_addc(&list, ':');
		buf_add(&list, plan->keys[i].selector);
	}
	log_record_text(rec, "signed", list.len > 0 ? buf_slice(&list) :
	    SLICE("no"));
	if (signing_problem(plan->state) != NULL)
		log_record_text(rec, "unsigned-why",
		    slice_str(signing_problem(plan->state)));
	buf_reset(&list);
	for (i = 0; i < DKIM_HAZARDS; i++) {
		if ((r->hazards & (1u << i)) == 0)
			continue;
		buf_adds(&list, list.len > 0 ? ", " : "");
		buf_adds(&list, dkim_hazard_name((enum dkim_hazard)(1u << i)));
	}
	if (list.len > 0)
		log_record_text(rec, "hazards", buf_slice(&list));
	if (r->left_out.len > 0)
		log_record_text(rec, "left-out", r->left_out);
	buf_fini(&list);
}

static void
log_decision(struct log_record *rec, const struct message_results *r)
{
	const struct policy_decision *d = &r->decision;

	if (r->forged > 0)
		log_record_number(rec, "forged-removed", r->forged);
	if (d->observed != NULL) {
		log_record_text(rec, "observed", d->observed->name);
		log_record_text(rec, "observed-action",
		    slice_str(policy_action_name(d->observed->action)));
	}
	log_record_text(rec, "action",
	    slice_str(policy_action_name(d->action)));
	if (d->rule != NULL)
		log_record_text(rec, "rule", d->rule->name);
	if (d->deferral_over)
		log_record_text(rec, "why", SLICE("deferred long enough"));
	else if (d->rule == NULL)
		log_record_text(rec, "why", r->checked ?
		    SLICE("no rule matched") : SLICE("not checked"));
}

static void
log_origin(struct log_record *rec, const struct message_results *r)
{
	char relay[IPADDR_TEXT];

	if (r->origin == NULL)
		return;
	log_record_text(rec, "origin", r->origin->name);
	if (!r->relayed)
		return;
	ipaddr_format(&r->relay, relay);
	log_record_text(rec, "relay", slice_str(relay));
	if (r->client.family == IPADDR_NONE)
		log_record_text(rec, "relay-client", SLICE("unknown"));
}

void
report_log(const struct message_results *r, struct slice queue_id)
{
	char client[IPADDR_TEXT];
	struct log_record rec;

	if (!log_wants(CONFIG_LOG_WARNING))
		return;
	ipaddr_format(&r->client, client);
	/* Mail that is not signed as it should be, or may break, is for the
	   postmaster to see. */
	log_record_begin(&rec, r->hazards != 0 ||
	    signing_problem(r->signing.state) != NULL ? CONFIG_LOG_WARNING :
	    CONFIG_LOG_INFO, "message");
	log_record_text(&rec, "id", queue_id);
	log_record_text(&rec, "client", slice_str(client));
	log_origin(&rec, r);
	log_record_text(&rec, "helo", r->helo);
	log_record_text(&rec, "mail-from", r->mail);
	if (r->from.has_domain)
		log_record_text(&rec, "from-domain",
		    domain_slice(&r->from.domain));
	if (r->checked && !r->at_mail && r->from.problem != NULL) {
		log_record_text(&rec, "from",
		    slice_str(mail_from_state_name(r->from.state)));
		log_record_text(&rec, "from-why",
		    slice_str(r->from.problem));
	}
	if (r->checked)
		log_checks(&rec, r);
	if (r->ours && r->engine->signing != NULL)
		log_signing(&rec, r);
	log_decision(&rec, r);
	log_record_end(&rec);
}
