/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: see lint.h.
 *
 * 1. The record of a domain: there must be one.  What has "spf1" near its
 *    beginning was meant to be it.
 * 2. Its syntax: the first term at fault, at its place.
 * 3. Its terms, in order, each for itself: who it lets send, and whether
 *    what it names is there.  After "all" nothing is evaluated.
 * 4. What it includes or redirects to, from 1 on.
 * 5. At the end the two counts of RFC 7208 4.6.4, as they are for a client
 *    that no term matches.
 *
 * The tree is walked once to ask, until all answers are there, and once
 * more to tell.
 */
#include "spf/lint.h"

#include <string.h>

#include "base/limits.h"
#include "spf/macro_internal.h"
#include "spf/record_internal.h"

#define HEAD		16	/* octets in which "spf1" is looked for */
#define WIDE_BITS4	8	/* a network that is no longer names too many */
#define WIDE_BITS6	16

struct lint {
	struct dns_ledger	*ledger;
	struct arena		*scratch;
	lint_fn			*note;		/* NULL: asks only */
	void			*arg;
	struct spf_lint_sum	*out;
	bool			 pending;
};

/* The current record. */
struct frame {
	const struct domain	*domain;
	struct slice		 record;
	unsigned int		 depth;
};

static void	look_at_domain(struct lint *l, const struct domain *domain,
		    unsigned int depth);

static void
tell(struct lint *l, const struct frame *f, enum lint_weight weight,
    struct slice part, const char *what)
{
	struct lint_note note = { .weight = weight,
		.domain = domain_slice(f->domain), .what = what };

	if (l->note == NULL)
		return;
	if (weight == LINT_ERROR)
		l->out->errors++;
	lint_note_place(&note, f->record, part);
	l->note(l->arg, &note);
}

/* NULL: not known yet. */
static const struct dns_answer *
ask(struct lint *l, struct slice name, enum dns_type type)
{
	const struct dns_answer *a = dns_ledger_ask(l->ledger, name, type);

	if (a == NULL)
		l->pending = true;
	return a;
}

static bool
is_void(const struct dns_answer *a)
{
	return a->outcome == DNS_NO_DATA || a->outcome == DNS_NO_NAME;
}

/* ---- terms ---- */

/* An address of either kind, which is a lookup for each client. */
static void
look_at_host(struct lint *l, const struct frame *f, struct slice name,
    struct slice part)
{
	const struct dns_answer *a = ask(l, name, DNS_TYPE_A);
	const struct dns_answer *aaaa = ask(l, name, DNS_TYPE_AAAA);

	if (a == NULL || aaaa == NULL || !is_void(a) || !is_void(aaaa))
		return;
	l->out->voids++;
	tell(l, f, LINT_WARNING, part, "finds no address");
}

static void
look_at_mx(struct lint *l, const struct frame *f, struct slice name,
    struct slice part)
{
	const struct dns_answer *mx = ask(l, name, DNS_TYPE_MX);

	if (mx == NULL)
		return;
	if (mx->count > LIMIT_SPF_MX)
		tell(l, f, LINT_ERROR, part, "has more than ten MX records, "
		    "so the result is permerror");
	if (!is_void(mx))
		return;
	l->out->voids++;
	tell(l, f, LINT_WARNING, part, "finds no MX record");
}

/* Step 4. */
static void
look_at_other(struct lint *l, const struct frame *f, struct slice name,
    struct slice part)
{
	struct domain other;

	if (f->depth > LIMIT_SPF_TERMS || !domain_parse(name, &other)) {
		tell(l, f, LINT_ERROR, part, "leads to no domain, so the "
		    "result is permerror");
		return;
	}
	look_at_domain(l, &other, f->depth + 1);
}

static void
look_up(struct lint *l, const struct frame *f, const struct spf_term *t)
{
	static const struct spf_macros none;
	struct domain name = *f->domain;

	if (l->out->terms++ >= SPF_LINT_TERMS || t->letters != 0)
		return;
	if (t->domain_spec.len > 0 &&
	    !spf_macro_domain(&none, t->domain_spec, &name)) {
		tell(l, f, LINT_WARNING, t->text, "names no domain");
		return;
	}
	if (t->kind == SPF_TERM_INCLUDE || t->kind == SPF_TERM_REDIRECT)
		look_at_other(l, f, domain_slice(&name), t->text);
	else if (t->kind == SPF_TERM_MX)
		look_at_mx(l, f, domain_slice(&name), t->text);
	else if (t->kind == SPF_TERM_A)
		look_at_host(l, f, domain_slice(&name), t->text);
}

static void
look_at_network(struct lint *l, const struct frame *f,
    const struct spf_term *t)
{
	unsigned int wide = t->kind == SPF_TERM_IP4 ? WIDE_BITS4 : WIDE_BITS6;

	if (t->net.bits <= wide && t->result == AUTH_PASS)
		tell(l, f, LINT_WARNING, t->text, "lets a very large network "
		    "send in the name of the domain");
}

/* Of an included record "all" decides nothing unless it passes. */
static void
look_at_all(struct lint *l, const struct frame *f, const struct spf_term *t)
{
	if (t->result == AUTH_PASS)
		tell(l, f, LINT_ERROR, t->text, "lets anyone send in the name "
		    "of the domain; publish -all");
	else if (t->result == AUTH_NEUTRAL && f->depth == 0)
		tell(l, f, LINT_WARNING, t->text, "says nothing about other "
		    "clients; publish -all or ~all");
	if (t->next != NULL)
		tell(l, f, LINT_WARNING, t->next->text,
		    "is never looked at: it is after \"all\"");
}

static void
look_at_term(struct lint *l, const struct frame *f, const struct spf_term *t)
{
	switch (t->kind) {
	case SPF_TERM_ALL:
		look_at_all(l, f, t);
		return;
	case SPF_TERM_IP4:
	case SPF_TERM_IP6:
		look_at_network(l, f, t);
		return;
	case SPF_TERM_PTR:
		tell(l, f, LINT_WARNING, t->text, "should not be used (RFC "
		    "7208 5.5): it is slow, and the owner of the client's "
		    "address decides what it finds");
		break;
	case SPF_TERM_INCLUDE:
	case SPF_TERM_A:
	case SPF_TERM_MX:
	case SPF_TERM_EXISTS:
	case SPF_TERM_REDIRECT:
	case SPF_TERM_EXP:
	case SPF_TERM_UNKNOWN:
		break;
	}
	look_up(l, f, t);
}

/* "include=x": an unknown modifier, which is ignored. */
static void
look_at_modifiers(struct lint *l, const struct frame *f)
{
	static const char *const mechanisms[] = { "all", "include", "a", "mx",
		"ptr", "ip4", "ip6", "exists" };
	struct slice rest = f->record, one, name;
	bool more = true;
	size_t i;

	while (more) {
		more = slice_cut(&rest, ' ', &one);
		name = slice_head(one, slice_find(one, '='));
		for (i = 0; name.len < one.len &&
		    i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
			if (slice_eq_nocase(name, slice_str(mechanisms[i])))
				tell(l, f, LINT_ERROR, one, "has no effect: "
				    "a mechanism has \":\" after its name");
		}
	}
}

/* Step 3. */
static void
look_at_terms(struct lint *l, const struct frame *f,
    const struct spf_record *r)
{
	const struct spf_term *t = r->first;

	look_at_modifiers(l, f);
	for (; t != NULL && t->kind != SPF_TERM_ALL; t = t->next)
		look_at_term(l, f, t);
	if (t != NULL)
		look_at_term(l, f, t);
	if (t != NULL && r->redirect != NULL)
		tell(l, f, LINT_WARNING, r->redirect->text,
		    "has no effect together with \"all\"");
	else if (r->redirect != NULL)
		look_at_term(l, f, r->redirect);
	else if (t == NULL && f->depth == 0)
		tell(l, f, LINT_WARNING, (struct slice){ NULL, 0 },
		    "the record ends without \"all\", so it says nothing about "
		    "other clients; publish -all or ~all at its end");
}

/* ---- a domain ---- */

/* What is no record but was meant to be one (step 1); or "". */
static struct slice
meant(const struct dns_answer *txt)
{
	struct slice text;
	size_t i, at;

	for (i = 0; i < txt->count; i++) {
		text = txt->records[i].text;
		for (at = 0; at < HEAD && at < text.len; at++) {
			if (slice_starts_nocase(slice_from(text, at),
			    SLICE("spf1")))
				return text;
		}
	}
	return (struct slice){ NULL, 0 };
}

static void
tell_none(struct lint *l, struct frame *f, const struct dns_answer *txt)
{
	const struct slice nothing = { NULL, 0 };

	f->record = meant(txt);
	if (f->record.len == 0)
		tell(l, f, f->depth > 0 ? LINT_ERROR : LINT_HINT, nothing,
		    f->depth > 0 ? "there is no SPF record, so the result is "
		    "permerror" : "there is no SPF record; a domain that "
		    "sends no mail publishes v=spf1 -all");
	else if (slice_find(slice_head(f->record, HEAD), '"') <
	    slice_head(f->record, HEAD).len)
		tell(l, f, LINT_ERROR, f->record, "is ignored: it has "
		    "quotation marks in it");
	else
		tell(l, f, LINT_ERROR, f->record, "is ignored: a record "
		    "begins with v=spf1 and a space");
}

/* Step 2. */
static void
look_at_record(struct lint *l, struct frame *f)
{
	struct spf_record r;

	switch (spf_record_parse(f->record, NULL, l->scratch, &r)) {
	case SPF_RECORD_OK:
		look_at_terms(l, f, &r);
		return;
	case SPF_RECORD_SYNTAX:
		tell(l, f, LINT_ERROR, r.fault, r.why);
		return;
	case SPF_RECORD_TOO_LONG:
		tell(l, f, LINT_ERROR, (struct slice){ NULL, 0 },
		    "the record is too long");
		return;
	case SPF_RECORD_NO_MEMORY:
		break;
	}
	tell(l, f, LINT_ERROR, (struct slice){ NULL, 0 }, "out of memory");
}

/* Step 1. */
static void
look_at_domain(struct lint *l, const struct domain *domain,
    unsigned int depth)
{
	const struct dns_answer *txt = ask(l, domain_slice(domain),
	    DNS_TYPE_TXT);
	struct frame f = { .domain = domain, .depth = depth };
	size_t i, count = 0;

	if (txt == NULL)
		return;
	for (i = 0; i < txt->count; i++) {
		if (spf_record_is(txt->records[i].text)) {
			f.record = txt->records[i].text;
			count++;
		}
	}
	if (!dns_outcome_is_known(txt->outcome))
		tell(l, &f, LINT_ERROR, f.record, "DNS failed");
	else if (count == 0)
		tell_none(l, &f, txt);
	else if (count > 1)
		tell(l, &f, LINT_ERROR, (struct slice){ NULL, 0 },
		    "there are several SPF records, so the result is "
		    "permerror: publish one");
	if (count != 1)
		return;
	if (depth > l->out->depth)
		l->out->depth = depth;
	if (depth == 0)
		l->out->record = f.record;
	look_at_record(l, &f);
}

/* Step 5. */
static void
look_at_counts(struct lint *l, const struct domain *domain)
{
	struct frame f = { .domain = domain, .record = l->out->record };
	const struct slice all = { NULL, 0 };

	if (l->out->terms > LIMIT_SPF_TERMS)
		tell(l, &f, LINT_ERROR, all, "more than ten terms look "
		    "something up, so the result is permerror");
	if (l->out->voids > LIMIT_SPF_VOID)
		tell(l, &f, LINT_ERROR, all, "more than two terms find "
		    "nothing, so the result is permerror");
}

static bool
walk(struct lint *l, const struct domain *domain)
{
	arena_reset(l->scratch);
	*l->out = (struct spf_lint_sum){ .terms = 0 };
	look_at_domain(l, domain, 0);
	return !l->pending;
}

enum check_state
spf_lint(const struct domain *domain, struct dns_ledger *ledger,
    struct arena *scratch, lint_fn *note, void *arg,
    struct spf_lint_sum *out)
{
	struct lint l = { .ledger = ledger, .scratch = scratch, .arg = arg,
		.out = out };

	if (!walk(&l, domain))
		return CHECK_PENDING;
	l.note = note;
	(void)walk(&l, domain);
	look_at_counts(&l, domain);
	return CHECK_DONE;
}
