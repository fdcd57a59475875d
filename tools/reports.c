/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports: RFC 9990 section 4.
 *
 * 1. rua of the record that holds, one URI or several with "," between them; a
 *    "!" and a size may follow an address.
 * 2. A domain outside of the organization agrees by a record v=DMARC1 at
 *    POLICYDOMAIN._report._dmarc.ITSDOMAIN.
 */
#include "tools/reports.h"

#include <stdio.h>

#include "mail/address.h"
#include "mail/taglist.h"

/* The text of the policy record. */
static struct slice
find_record(const struct dmarc_verdict *v, struct dns_ledger *ledger,
    struct reports *out)
{
	const struct dns_answer *a = NULL;
	struct domain name;
	size_t i;

	if (v->has_record && domain_below(SLICE("_dmarc"),
	    domain_slice(&v->policy_domain), &name))
		a = dns_ledger_peek(ledger, domain_slice(&name),
		    DNS_TYPE_TXT);
	for (i = 0; a != NULL && i < a->count; i++) {
		if (!dmarc_record_is(a->records[i].text))
			continue;
		out->record_name = a->name;
		return a->records[i].text;
	}
	return SLICE("");
}

/* Step 1, of one. */
static void
read_target(const struct dmarc_verdict *v, struct slice uri,
    struct report_target *out)
{
	struct slice labels = domain_slice(&v->policy_domain), address;
	char text[DOMAIN_MAX + sizeof("._report._dmarc")];
	struct mail_path path;
	int len;

	*out = (struct report_target){ .uri = uri };
	if (!slice_starts_nocase(uri, SLICE("mailto:")))
		return;
	address = slice_from(uri, sizeof("mailto:") - 1);
	address = slice_head(address, slice_find(address, '!'));
	mail_path_parse(address, &path);
	if (path.null || !path.has_domain)
		return;
	out->domain = path.domain;
	out->foreign = !domain_is_at_or_below(domain_slice(&path.domain),
	    domain_slice(&v->organizational_domain));
	len = snprintf(text, sizeof(text), "%.*s._report._dmarc",
	    SLICE_ARG(labels));
	if (len > 0 && (size_t)len < sizeof(text))
		(void)domain_below((struct slice){ text, (size_t)len },
		    domain_slice(&path.domain), &out->name);
}

/* Step 2.  False: not known yet. */
static bool
ask(struct report_target *t, struct dns_ledger *ledger)
{
	size_t i;

	t->agrees = t->domain.len > 0 && !t->foreign;
	if (!t->foreign || t->name.len == 0)
		return true;
	t->answer = dns_ledger_ask(ledger, domain_slice(&t->name),
	    DNS_TYPE_TXT);
	for (i = 0; t->answer != NULL && i < t->answer->count; i++)
		t->agrees |= dmarc_record_is(t->answer->records[i].text);
	return t->answer != NULL;
}

bool
reports_ask(const struct dmarc_verdict *v, struct dns_ledger *ledger,
    struct reports *out)
{
	struct slice record, rest, uri;
	const struct tag *rua;
	struct taglist tags;
	bool known = true;

	*out = (struct reports){ .count = 0 };
	record = find_record(v, ledger, out);
	if (!taglist_parse(record, true, &tags))
		return true;
	rua = taglist_find(&tags, SLICE("rua"));
	rest = rua != NULL ? rua->value : SLICE("");
	while (rest.len > 0) {
		(void)slice_cut(&rest, ',', &uri);
		if (out->count == REPORTS_MAX) {
			out->more = true;
			break;
		}
		read_target(v, slice_trim(uri), &out->targets[out->count]);
		known = ask(&out->targets[out->count], ledger) && known;
		out->count++;
	}
	return known;
}

static const char *
state_of(const struct report_target *t)
{
	if (t->domain.len == 0)
		return "not an address";
	if (!t->foreign)
		return "own";
	if (t->agrees)
		return "authorised";
	return t->answer != NULL &&
	    !dns_outcome_is_known(t->answer->outcome) ?
	    "DNS did not answer" : "not authorised";
}

void
reports_text(struct text *t, const struct reports *r)
{
	const struct report_target *one;
	size_t i;

	for (i = 0; i < r->count; i++) {
		one = &r->targets[i];
		text_item(t, "reports");
		text_value(t, one->uri);
		text_style(t, one->agrees ? TEXT_GOOD : TEXT_BAD, "  %s",
		    state_of(one));
		text_end(t);
	}
}

void
reports_json(struct json *j, const char *key, const struct reports *r)
{
	const struct report_target *one;
	size_t i;

	json_array(j, key);
	for (i = 0; i < r->count; i++) {
		one = &r->targets[i];
		json_object(j, NULL);
		json_slice(j, "uri", one->uri);
		json_slice_or_null(j, "domain", domain_slice(&one->domain));
		json_string(j, "state", state_of(one));
		json_slice_or_null(j, "name", one->foreign ?
		    domain_slice(&one->name) : SLICE(""));
		json_object_end(j);
	}
	json_array_end(j);
}

void
reports_lint(const struct reports *r, lint_fn *note, void *arg)
{
	const struct report_target *one;
	struct lint_note n, advice;
	size_t i;

	for (i = 0; i < r->count; i++) {
		one = &r->targets[i];
		if (one->agrees || one->domain.len == 0)
			continue;	/* a bad URI: dmarc_lint() */
		n = (struct lint_note){ .weight = LINT_WARNING,
			.domain = r->record_name, .name = one->uri,
			.what = "no reports go there: the domain of the "
			    "address has to agree" };
		note(arg, &n);
		advice = (struct lint_note){ .weight = LINT_HINT, .what = "",
			.domain = domain_slice(&one->name),
			.publish = SLICE("v=DMARC1") };
		note(arg, &advice);
	}
}
