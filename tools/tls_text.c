/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls: the story, as text and as JSON.
 */
#include <stdio.h>

#include "base/limits.h"
#include "tools/answer.h"
#include "tools/tls.h"

/* ---- words for both ---- */

static const char *
mx_text(const struct tls_story *s)
{
	switch (s->dane.mx) {
	case DANE_MX_FOUND:
		return "found";
	case DANE_MX_IMPLICIT:
		return "none: the domain itself is the server";
	case DANE_MX_NULL:
		return "null: it takes no mail";
	case DANE_MX_NO_DOMAIN:
		return "no such domain";
	case DANE_MX_FAILED:
		break;
	}
	return "DNS did not answer";
}

static const char *
fate_name(enum tls_fate f)
{
	static const char *const names[] = {
		[TLS_AUTHENTICATED] = "authenticated",
		[TLS_ENCRYPTED] = "encrypted",
		[TLS_OPPORTUNISTIC] = "opportunistic",
		[TLS_IF_IT_FITS] = "authenticated if the certificate matches",
		[TLS_NOT_USED] = "not used"
	};

	return names[f];
}

static enum text_style
fate_style(enum tls_fate f)
{
	return f == TLS_AUTHENTICATED ? TEXT_GOOD : f == TLS_NOT_USED ?
	    TEXT_BAD : TEXT_PLAIN;
}

/* What assay-tlspol answers, "" when memory is short. */
static void
write_answer(const struct tls_story *s, enum tlspolicy_dialect dialect,
    struct buf *out)
{
	buf_init(out, LIMIT_TLSPOLICY_REPLY);
	tlspolicy_write(s->answers[dialect], dialect,
	    domain_slice(&s->domain), s->valid, out);
}

/* ---- servers, as text ---- */

static void
text_tlsa(struct text *t, const struct tls_host *h)
{
	const struct dns_answer *a = h->dane->tlsa;
	const char *problem;
	size_t i;

	if (a == NULL)
		return;
	text_indent(t, 2);
	answer_text_short(t, DNS_TYPE_TLSA, h->dane->tlsa_name, a);
	text_end(t);
	for (i = 0; i < a->count; i++) {
		text_indent(t, 3);
		answer_record_text(t, DNS_TYPE_TLSA, &a->records[i]);
		problem = dane_tlsa_problem(a->records[i].text);
		if (problem != NULL)
			text_style(t, TEXT_BAD, "   not usable: %s", problem);
		else if (h->chain == NULL || h->tlsa_why == NULL)
			text_style(t, TEXT_PLAIN, "   usable");
		else if (h->tlsa_why[i] == NULL)
			text_style(t, TEXT_GOOD, "   matches");
		else
			text_style(t, TEXT_BAD, "   does not match: %s",
			    h->tlsa_why[i]);
		text_end(t);
	}
}

static void
text_connection(struct text *t, const struct tls_host *h)
{
	char address[IPADDR_TEXT];

	if (!h->tried)
		return;
	ipaddr_format(&h->address, address);
	text_item(t, "connection");
	text_say(t, "%s: ", address);
	if (h->shown.status == STARTTLS_DONE) {
		text_say(t, "%s, ", h->shown.version);
		text_foreign(t, slice_str(h->shown.cipher));
	} else {
		text_style(t, TEXT_BAD, "%s: ",
		    starttls_status_name(h->shown.status));
		text_foreign(t, slice_str(h->shown.problem));
	}
	text_end(t);
}

static void
text_certificate(struct text *t, const struct tls_story *s,
    const struct tls_host *h)
{
	if (h->chain == NULL)
		return;
	certificate_facts_text(t, &h->facts, s->now);
	text_item(t, "authority");
	if (h->by_authority == CERTIFICATE_GOOD)
		text_style(t, TEXT_GOOD, "good for this name");
	else
		text_style(t, TEXT_DOUBT, "not good: %s",
		    h->by_authority_why);
	text_end(t);
}

static void
text_host(struct text *t, const struct tls_story *s,
    const struct tls_host *h)
{
	const struct dane_host *d = h->dane;

	text_title(t, "Server ");
	text_style(t, TEXT_BOLD, "%u ", d->preference);
	text_value(t, d->name);
	text_end(t);
	if (d->a != NULL) {
		text_indent(t, 1);
		answer_text(t, DNS_TYPE_A, d->name, d->a);
		text_end(t);
		text_indent(t, 1);
		answer_text(t, DNS_TYPE_AAAA, d->name, d->aaaa);
		text_end(t);
	}
	text_item(t, "DANE");
	text_say(t, "%s: %s\n", dane_status_name(d->status), d->why);
	text_tlsa(t, h);
	if (s->valid != NULL && s->valid->mode != STS_MODE_NONE) {
		text_item(t, "MTA-STS");
		if (h->pattern != NULL)
			text_foreign(t, *h->pattern);
		else
			text_style(t, TEXT_BAD, "not in the policy");
		text_end(t);
	}
	text_connection(t, h);
	text_certificate(t, s, h);
	text_item(t, "Postfix");
	text_style(t, fate_style(h->fate), "%s", fate_name(h->fate));
	text_say(t, ": %s\n", h->why);
}

/* ---- MTA-STS and TLSRPT ---- */

static void
text_policy(struct text *t, const struct sts_policy *p)
{
	char span[TEXT_SPAN];
	size_t i;

	text_span((int64_t)p->max_age, span);
	text_item(t, "policy");
	text_style(t, TEXT_BOLD, "%s", sts_mode_name(p->mode));
	text_say(t, ", for %s", span);
	for (i = 0; i < p->mx_count; i++) {
		text_say(t, i == 0 ? ", servers " : ", ");
		text_foreign(t, p->mx[i]);
	}
	text_end(t);
}

static void
text_saved(struct text *t, const struct tls_story *s)
{
	char span[TEXT_SPAN];

	if (!s->has_saved)
		return;
	text_span(s->now - s->saved.fetched, span);
	text_item(t, "remembered");
	text_say(t, "%s, id %s, fetched %s ago%s\n",
	    sts_mode_name(s->saved.policy.mode), s->saved.id, span,
	    saved_policy_is_valid(&s->saved, s->now) ? "" : ", and no longer "
	    "valid");
	if (!s->fetched && s->valid != NULL)
		text_policy(t, s->valid);
}

static void
text_sts(struct text *t, const struct tls_story *s)
{
	text_title(t, "MTA-STS\n");
	text_indent(t, 1);
	answer_text(t, DNS_TYPE_TXT, domain_slice(&s->record_name),
	    s->record_answer);
	text_end(t);
	if (s->record.problem != NULL) {
		text_item(t, "record");
		text_style(t, TEXT_BAD, "no policy: %s\n", s->record.problem);
	}
	if (s->fetched) {
		text_policy(t, &s->policy);
	} else if (s->fetch_problem != NULL) {
		text_item(t, "policy");
		text_style(t, TEXT_BAD, "none: ");
		text_foreign(t, slice_str(s->fetch_problem));
		text_end(t);
	}
	text_saved(t, s);
	text_title(t, "TLSRPT\n");
	text_indent(t, 1);
	answer_text(t, DNS_TYPE_TXT, domain_slice(&s->report_name),
	    s->report_answer);
	text_end(t);
	if (s->report.problem != NULL) {
		text_item(t, "record");
		text_style(t, TEXT_BAD, "no reports: %s\n",
		    s->report.problem);
	}
}

static void
text_answer(struct text *t, const struct tls_story *s, const char *name,
    enum tlspolicy_dialect dialect)
{
	struct buf b;

	write_answer(s, dialect, &b);
	text_item(t, name);
	text_style(t, TEXT_BOLD, "%.*s", SLICE_ARG(slice_trim(
	    slice_head(buf_slice(&b), TEXT_VALUE_MAX))));
	text_say(t, ": %s\n", s->whys[dialect]);
	buf_fini(&b);
}

void
tls_story_text(struct text *t, const struct tls_story *s)
{
	size_t i;

	text_title(t, "TLS for mail to ");
	text_foreign(t, domain_slice(&s->domain));
	text_end(t);
	text_item(t, "MX");
	text_say(t, "%s%s\n", mx_text(s), s->dane.secure ? ", secured by "
	    "DNSSEC" : ", not secured by DNSSEC");
	text_sts(t, s);
	for (i = 0; s->hosts != NULL && i < s->dane.count; i++)
		text_host(t, s, &s->hosts[i]);
	if (s->dane.more)
		text_say(t, "  ... (more servers)\n");
	text_title(t, "What assay-tlspol answers\n");
	text_answer(t, s, "Postfix", TLSPOLICY_POSTFIX);
	text_answer(t, s, "Sendmail", TLSPOLICY_SENDMAIL);
}

/* ---- as JSON ---- */

static void
json_tlsa(struct json *j, const struct tls_host *h)
{
	const struct dns_answer *a = h->dane->tlsa;
	const char *problem;
	size_t i;

	if (a != NULL)
		answer_json(j, "tlsa", DNS_TYPE_TLSA, h->dane->tlsa_name, a);
	else
		json_null(j, "tlsa");
	json_array(j, "tlsa_records");
	for (i = 0; a != NULL && i < a->count; i++) {
		problem = dane_tlsa_problem(a->records[i].text);
		json_object(j, NULL);
		json_bool(j, "usable", problem == NULL);
		if (h->chain != NULL && h->tlsa_why != NULL) {
			json_bool(j, "matches", h->tlsa_why[i] == NULL);
			problem = h->tlsa_why[i];
		} else {
			json_null(j, "matches");
		}
		json_string(j, "problem", problem);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_shown(struct json *j, const struct tls_host *h)
{
	char address[IPADDR_TEXT];

	if (h->tried) {
		ipaddr_format(&h->address, address);
		json_object(j, "connection");
		json_string(j, "address", address);
		json_string(j, "status",
		    starttls_status_name(h->shown.status));
		json_slice_or_null(j, "problem",
		    slice_str(h->shown.problem));
		json_slice_or_null(j, "version", slice_str(h->shown.version));
		json_slice_or_null(j, "cipher", slice_str(h->shown.cipher));
		json_object_end(j);
	} else {
		json_null(j, "connection");
	}
	if (h->chain == NULL) {
		json_null(j, "certificate");
		return;
	}
	certificate_facts_json(j, "certificate", &h->facts);
	json_bool(j, "authority", h->by_authority == CERTIFICATE_GOOD);
	json_string(j, "authority_problem", h->by_authority_why);
}

static void
json_host(struct json *j, const struct tls_host *h)
{
	const struct dane_host *d = h->dane;

	json_object(j, NULL);
	json_slice(j, "name", d->name);
	json_number(j, "preference", d->preference);
	json_string(j, "dane", dane_status_name(d->status));
	json_string(j, "dane_why", d->why);
	if (d->a != NULL) {
		answer_json(j, "a", DNS_TYPE_A, d->name, d->a);
		answer_json(j, "aaaa", DNS_TYPE_AAAA, d->name, d->aaaa);
	}
	json_tlsa(j, h);
	json_slice_or_null(j, "sts_pattern", h->pattern != NULL ?
	    *h->pattern : SLICE(""));
	json_shown(j, h);
	json_string(j, "postfix", fate_name(h->fate));
	json_string(j, "postfix_why", h->why);
	json_object_end(j);
}

static void
json_policy(struct json *j, const char *key, const struct sts_policy *p,
    const struct saved_policy *saved, int64_t now)
{
	size_t i;

	if (p == NULL) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_string(j, "mode", sts_mode_name(p->mode));
	json_number(j, "max_age", p->max_age);
	json_array(j, "mx");
	for (i = 0; i < p->mx_count; i++)
		json_slice(j, NULL, p->mx[i]);
	json_array_end(j);
	if (saved != NULL) {
		json_string(j, "id", saved->id);
		json_number(j, "age", now - saved->fetched);
		json_bool(j, "valid", saved_policy_is_valid(saved, now));
	}
	json_object_end(j);
}

static void
json_answer(struct json *j, const struct tls_story *s, const char *key,
    enum tlspolicy_dialect dialect)
{
	struct buf b;

	write_answer(s, dialect, &b);
	json_object(j, key);
	json_slice(j, "answer", slice_trim(buf_slice(&b)));
	json_string(j, "why", s->whys[dialect]);
	json_object_end(j);
	buf_fini(&b);
}

static void
json_records(struct json *j, const struct tls_story *s)
{
	json_object(j, "sts");
	answer_json(j, "lookup", DNS_TYPE_TXT, domain_slice(&s->record_name),
	    s->record_answer);
	json_slice_or_null(j, "id", slice_str(s->record.id));
	json_string(j, "problem", s->record.problem);
	json_policy(j, "policy", s->fetched ? &s->policy : NULL, NULL, 0);
	json_string(j, "fetch_problem", s->fetch_problem);
	json_policy(j, "remembered", s->has_saved ? &s->saved.policy : NULL,
	    &s->saved, s->now);
	json_object_end(j);
	json_object(j, "tlsrpt");
	answer_json(j, "lookup", DNS_TYPE_TXT, domain_slice(&s->report_name),
	    s->report_answer);
	json_slice_or_null(j, "rua", s->report.rua);
	json_string(j, "problem", s->report.problem);
	json_object_end(j);
}

void
tls_story_json(struct json *j, const char *key, const struct tls_story *s)
{
	size_t i;

	json_object(j, key);
	json_slice(j, "domain", domain_slice(&s->domain));
	json_string(j, "mx", mx_text(s));
	json_bool(j, "mx_secure", s->dane.secure);
	json_string(j, "dane", dane_summary_name(dane_sum(&s->dane)));
	json_records(j, s);
	json_array(j, "hosts");
	for (i = 0; s->hosts != NULL && i < s->dane.count; i++)
		json_host(j, &s->hosts[i]);
	json_array_end(j);
	json_bool(j, "hosts_cut", s->dane.more);
	json_answer(j, s, "postfix", TLSPOLICY_POSTFIX);
	json_answer(j, s, "postfix_tlsrpt", TLSPOLICY_POSTFIX_TLSRPT);
	json_answer(j, s, "sendmail", TLSPOLICY_SENDMAIL);
	json_object_end(j);
}
