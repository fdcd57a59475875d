/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls: what the owner of the domain should fix.
 */
#include <stdio.h>

#include "base/date.h"
#include "base/limits.h"
#include "tools/tls.h"
#include "tools/tlsa.h"


struct lint {
	const struct tls_story	*story;
	lint_fn			*note;
	void			*arg;
};

/* `record` is what is wrong, `publish` what should be in its place. */
static void
tell(const struct lint *l, enum lint_weight weight, struct slice domain,
    const char *what, struct slice name)
{
	const struct lint_note note = { .weight = weight, .domain = domain,
		.what = what, .name = name };

	l->note(l->arg, &note);
}

static void
advise(const struct lint *l, struct slice domain, struct slice publish)
{
	const struct lint_note note = { .weight = LINT_HINT,
		.domain = domain, .publish = publish, .what = "" };

	l->note(l->arg, &note);
}

/* ---- MTA-STS ---- */

static void
lint_record(const struct lint *l)
{
	const struct tls_story *s = l->story;
	struct slice name = domain_slice(&s->record_name);

	if (s->record.found == STS_RECORD_UNKNOWN)
		tell(l, LINT_ERROR, name, "DNS did not answer for the record "
		    "of MTA-STS", SLICE(""));
	else if (s->record.problem != NULL) {
		tell(l, LINT_ERROR, name, s->record.problem, SLICE(""));
		advise(l, name, SLICE("v=STSv1; id=1"));
	}
	if (s->fetch_problem != NULL)
		tell(l, LINT_ERROR, domain_slice(&s->policy_host),
		    s->options->policy_file == NULL ? "the record announces a "
		    "policy that cannot be fetched or read" : "the policy "
		    "cannot be read", slice_str(s->fetch_problem));
}

/* Does a server have a name of that pattern? */
static bool
is_in_use(const struct tls_story *s, struct slice pattern)
{
	size_t i;

	for (i = 0; i < s->dane.count; i++) {
		if (sts_pattern_matches(pattern, s->dane.hosts[i].name))
			return true;
	}
	return false;
}

static void
lint_policy(const struct lint *l)
{
	const struct tls_story *s = l->story;
	struct slice host = domain_slice(&s->policy_host);
	const struct sts_policy *p = &s->policy;
	size_t i;

	if (!s->fetched)
		return;
	if (p->mode == STS_MODE_TESTING)
		tell(l, LINT_HINT, host, "mode: testing does not protect; when "
		    "the reports are good, mode: enforce does", SLICE(""));
	if (p->mode != STS_MODE_NONE && p->max_age < DATE_DAY)
		tell(l, LINT_WARNING, host, "max_age is less than a day: an "
		    "attacker can wait for its end (weeks are common)",
		    SLICE(""));
	for (i = 0; i < s->dane.count && p->mode != STS_MODE_NONE; i++) {
		if (s->hosts[i].pattern == NULL)
			tell(l, p->mode == STS_MODE_ENFORCE ? LINT_ERROR :
			    LINT_WARNING, host, "the policy has no mx: for "
			    "this server: no mail goes there once it is "
			    "enforced", s->dane.hosts[i].name);
	}
	for (i = 0; i < p->mx_count; i++) {
		if (!is_in_use(s, p->mx[i]))
			tell(l, LINT_HINT, host, "no MX record has the name "
			    "of this mx:", p->mx[i]);
	}
}

/* ---- TLSRPT ---- */

static bool
has_anything(const struct tls_story *s)
{
	return s->record.found == STS_RECORD_FOUND ||
	    dane_sum(&s->dane) == DANE_SOME || dane_sum(&s->dane) == DANE_ALL;
}

static void
lint_report(const struct lint *l)
{
	const struct tls_story *s = l->story;
	struct slice name = domain_slice(&s->report_name);
	char text[DOMAIN_MAX + 64];
	int len;

	if (s->report.found == TLSRPT_FOUND)
		return;
	if (s->report.found == TLSRPT_UNKNOWN) {
		tell(l, LINT_ERROR, name, "DNS did not answer for the TLSRPT "
		    "record", SLICE(""));
		return;
	}
	if (s->report.problem != NULL)
		tell(l, LINT_ERROR, name, s->report.problem, SLICE(""));
	else if (has_anything(s))
		tell(l, LINT_WARNING, name, "no TLSRPT record, so you get no "
		    "reports of failed deliveries", SLICE(""));
	else
		return;
	len = snprintf(text, sizeof(text), "v=TLSRPTv1; rua=mailto:"
	    "tls-reports@%.*s", (int)s->domain.len, s->domain.text);
	advise(l, name, (struct slice){ text, (size_t)len });
}

/* ---- servers ---- */

static void
lint_records(const struct lint *l, const struct tls_host *h)
{
	const struct dns_answer *a = h->dane->tlsa;
	const char *problem;
	size_t i;

	for (i = 0; a != NULL && i < a->count; i++) {
		problem = dane_tlsa_problem(a->records[i].text);
		if (problem != NULL)
			tell(l, h->dane->usable > 0 ? LINT_WARNING :
			    LINT_ERROR, h->dane->tlsa_name, problem,
			    SLICE(""));
		else if (h->tlsa_why != NULL && h->tlsa_why[i] != NULL &&
		    h->tlsa_matches)
			tell(l, LINT_HINT, h->dane->tlsa_name, "a TLSA "
			    "record matches no certificate that is in use",
			    SLICE(""));
	}
}

/* "3 1 1" of the certificate that is in use. */
static void
advise_tlsa(const struct lint *l, const struct tls_host *h)
{
	static const struct certificate_record record = { 3, 1, 1 };
	struct buf data, text;

	buf_init(&data, LIMIT_TOOL_PEM);
	buf_init(&text, LIMIT_TOOL_PEM);
	if (h->chain != NULL &&
	    certificates_record(h->chain, 0, &record, &data)) {
		tlsa_text(buf_slice(&data), &text);
		advise(l, h->dane->tlsa_name, buf_slice(&text));
	}
	buf_fini(&data);
	buf_fini(&text);
}

static void
lint_dane(const struct lint *l, const struct tls_host *h)
{
	const struct dane_host *d = h->dane;

	if (d->status == DANE_HOST_FAILED) {
		tell(l, LINT_ERROR, d->tlsa_name, "DNS did not answer for "
		    "TLSA: senders with DANE do not use this server",
		    SLICE(""));
	} else if (d->status == DANE_HOST_DEAD) {
		tell(l, LINT_ERROR, d->name.len > 0 ? d->name :
		    domain_slice(&l->story->domain), d->name.len > 0 ?
		    d->why : "an MX record of no host, which has to be the "
		    "only one (RFC 7505)", SLICE(""));
	} else if (d->status == DANE_HOST_USABLE && h->tlsa_why != NULL &&
	    !h->tlsa_matches) {
		tell(l, LINT_ERROR, d->tlsa_name, "no TLSA record matches the "
		    "certificate: senders with DANE do not deliver",
		    SLICE(""));
		advise_tlsa(l, h);
	} else if (d->status == DANE_HOST_USABLE && !l->story->dane.secure) {
		tell(l, LINT_WARNING, d->tlsa_name, "TLSA is secure, but the "
		    "MX records of the domain are not", SLICE(""));
	} else if (d->status == DANE_HOST_NO_TLSA && l->story->dane.secure &&
	    d->tlsa_name.len > 0) {
		tell(l, LINT_HINT, d->tlsa_name, "signed with DNSSEC, but "
		    "without TLSA: assay tlsa makes the record", SLICE(""));
		advise_tlsa(l, h);
	}
}

static void
lint_certificate(const struct lint *l, const struct tls_host *h)
{
	const struct tls_story *s = l->story;
	const bool enforced = s->valid != NULL &&
	    s->valid->mode == STS_MODE_ENFORCE;

	if (h->tried && h->shown.status != STARTTLS_DONE) {
		tell(l, LINT_ERROR, h->dane->name,
		    starttls_status_name(h->shown.status),
		    slice_str(h->shown.problem));
		return;
	}
	if (h->chain == NULL)
		return;
	if (h->by_authority != CERTIFICATE_GOOD)
		tell(l, enforced ? LINT_ERROR : s->valid != NULL ?
		    LINT_WARNING : LINT_HINT, h->dane->name, "no authority "
		    "vouches for the certificate, as MTA-STS needs it",
		    slice_str(h->by_authority_why));
	if (h->facts.not_after > s->now &&
	    h->facts.not_after - s->now < 7 * DATE_DAY)
		tell(l, LINT_WARNING, h->dane->name, "the certificate expires "
		    "in less than a week", SLICE(""));
}

void
tls_story_lint(const struct tls_story *s, lint_fn *note, void *arg)
{
	const struct lint l = { .story = s, .note = note, .arg = arg };
	size_t i;

	if (s->dane.mx == DANE_MX_FAILED)
		tell(&l, LINT_ERROR, domain_slice(&s->domain), "DNS did not "
		    "answer for MX", SLICE(""));
	else if (s->dane.mx == DANE_MX_NO_DOMAIN)
		tell(&l, LINT_ERROR, domain_slice(&s->domain), "there is no "
		    "such domain", SLICE(""));
	lint_record(&l);
	lint_policy(&l);
	lint_report(&l);
	for (i = 0; i < s->dane.count; i++) {
		lint_dane(&l, &s->hosts[i]);
		lint_records(&l, &s->hosts[i]);
		lint_certificate(&l, &s->hosts[i]);
	}
}
