/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: rules in order, the first that matches decides.
 *
 * A condition is a line in rule_matches() and one in policy_rule_covers(),
 * or in what these call.  Three kinds serve all of them: a set of values,
 * networks, and patterns for domains.
 */
#include "policy/policy.h"

static const char *const action_names[POLICY_ACTIONS] = {
	[POLICY_ACCEPT] = "accept",
	[POLICY_REJECT] = "reject",
	[POLICY_TEMPFAIL] = "tempfail",
	[POLICY_QUARANTINE] = "quarantine",
	[POLICY_DISCARD] = "discard"
};

const char *
policy_action_name(enum policy_action a)
{
	return action_names[a];
}

/* ---- patterns ---- */

bool
policy_pattern_parse(struct slice text, struct policy_pattern *out)
{
	struct slice star = SLICE("*.");

	out->below = slice_starts(text, star);
	return domain_parse(out->below ? slice_from(text, star.len) : text,
	    &out->domain);
}

bool
policy_pattern_matches(const struct policy_pattern *p, struct slice name)
{
	struct slice domain = domain_slice(&p->domain);

	if (!p->below)
		return slice_eq(name, domain);
	return name.len > domain.len && domain_is_at_or_below(name, domain);
}

bool
policy_pattern_covers(const struct policy_pattern *a,
    const struct policy_pattern *b)
{
	if (b->below && a->below)
		return domain_is_at_or_below(domain_slice(&b->domain),
		    domain_slice(&a->domain));
	return !b->below && policy_pattern_matches(a, domain_slice(&b->domain));
}

/* ---- does a rule match? ---- */

static bool
set_matches(unsigned int asked, unsigned int found)
{
	return asked == 0 || (asked & found) != 0;
}

static bool
client_matches(const struct policy_rule *r, const struct ipaddr *client)
{
	size_t i;

	for (i = 0; i < r->client_count; i++) {
		if (ipnet_contains(&r->client[i], client))
			return true;
	}
	return r->client_count == 0;
}

static bool
name_matches(const struct policy_pattern *p, size_t count, struct slice name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (policy_pattern_matches(&p[i], name))
			return true;
	}
	return count == 0;
}

static unsigned int
set_of(unsigned int value)
{
	return 1u << value;
}

static bool
sets_match(const struct policy_rule *r, const struct policy_facts *f)
{
	unsigned int helo_result =
	    f->spf_helo_checked ? set_of(f->spf_helo) : 0;
	bool record = f->dmarc_policy != POLICY_DMARC_NO_RECORD;

	return set_matches(r->spf, set_of(f->spf)) &&
	    set_matches(r->spf_helo, helo_result) &&
	    set_matches(r->dkim, f->dkim) &&
	    set_matches(r->dkim_aligned, f->dkim_aligned) &&
	    set_matches(r->dmarc, set_of(f->dmarc)) &&
	    set_matches(r->dmarc_policy, set_of(f->dmarc_policy)) &&
	    set_matches(r->dmarc_testing,
		record ? set_of(f->dmarc_testing) : 0) &&
	    set_matches(r->from, set_of(f->from)) &&
	    set_matches(r->dnssec, set_of(f->dnssec)) &&
	    set_matches(r->tls, set_of(f->tls)) &&
	    set_matches(r->dkim_partial, set_of(f->dkim_partial)) &&
	    set_matches(r->dkim_doubled, set_of(f->dkim_doubled));
}

static bool
recipient_matches(const struct policy_rule *r, const struct policy_facts *f)
{
	size_t i;

	for (i = 0; i < f->recipient_domain_count; i++) {
		if (name_matches(r->recipient_domain,
		    r->recipient_domain_count, f->recipient_domains[i]))
			return true;
	}
	return r->recipient_domain_count == 0;
}

/* Of several domains in From none is the one to go by. */
static bool
from_domain_matches(const struct policy_rule *r, const struct policy_facts *f)
{
	return name_matches(r->from_domain, r->from_domain_count,
	    f->from == MAIL_FROM_OK || f->from == MAIL_FROM_SLOPPY ?
	    f->from_domain : SLICE(""));
}

static bool
rule_matches(const struct policy_rule *r, const struct policy_facts *f)
{
	if (f->at_mail && r->stage != POLICY_STAGE_MAIL)
		return false;
	return sets_match(r, f) && client_matches(r, &f->client) &&
	    name_matches(r->mailfrom_domain, r->mailfrom_domain_count,
		f->mailfrom_domain) &&
	    name_matches(r->helo, r->helo_count, f->helo) &&
	    from_domain_matches(r, f) && recipient_matches(r, f);
}

void
policy_decide(const struct policy *p, const struct policy_facts *f,
    struct policy_decision *out)
{
	const struct policy_rule *r;
	size_t i;

	*out = (struct policy_decision){ .action = POLICY_ACCEPT };
	for (i = 0; i < p->count; i++) {
		r = &p->rules[i];
		if (!rule_matches(r, f))
			continue;
		if (!r->observe) {
			out->action = r->action;
			out->rule = r;
			return;
		}
		if (out->observed == NULL)
			out->observed = r;
	}
}

bool
policy_has_mail_stage(const struct policy *p, bool *needs_spf)
{
	const struct policy_rule *r;
	bool found = false;
	size_t i;

	*needs_spf = false;
	for (i = 0; i < p->count; i++) {
		r = &p->rules[i];
		if (r->stage != POLICY_STAGE_MAIL)
			continue;
		found = true;
		if (r->spf != 0 || r->spf_helo != 0)
			*needs_spf = true;
	}
	return found;
}

/* ---- does one rule cover another? ---- */

static bool
set_covers(unsigned int a, unsigned int b)
{
	return a == 0 || (b != 0 && (b & ~a) == 0);
}

static bool
client_covers(const struct policy_rule *a, const struct ipnet *b)
{
	size_t i;

	for (i = 0; i < a->client_count; i++) {
		if (a->client[i].bits <= b->bits &&
		    ipnet_contains(&a->client[i], &b->addr))
			return true;
	}
	return false;
}

static bool
clients_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	size_t i;

	if (a->client_count == 0)
		return true;
	for (i = 0; i < b->client_count; i++) {
		if (!client_covers(a, &b->client[i]))
			return false;
	}
	return b->client_count > 0;
}

static bool
any_covers(const struct policy_pattern *a, size_t count,
    const struct policy_pattern *b)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (policy_pattern_covers(&a[i], b))
			return true;
	}
	return false;
}

static bool
names_cover(const struct policy_pattern *a, size_t a_count,
    const struct policy_pattern *b, size_t b_count)
{
	size_t i;

	if (a_count == 0)
		return true;
	for (i = 0; i < b_count; i++) {
		if (!any_covers(a, a_count, &b[i]))
			return false;
	}
	return b_count > 0;
}

static bool
sets_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	return set_covers(a->spf, b->spf) &&
	    set_covers(a->spf_helo, b->spf_helo) &&
	    set_covers(a->dkim, b->dkim) &&
	    set_covers(a->dkim_aligned, b->dkim_aligned) &&
	    set_covers(a->dmarc, b->dmarc) &&
	    set_covers(a->dmarc_policy, b->dmarc_policy) &&
	    set_covers(a->dmarc_testing, b->dmarc_testing) &&
	    set_covers(a->from, b->from) &&
	    set_covers(a->dnssec, b->dnssec) &&
	    set_covers(a->tls, b->tls) &&
	    set_covers(a->dkim_partial, b->dkim_partial) &&
	    set_covers(a->dkim_doubled, b->dkim_doubled);
}

bool
policy_rule_covers(const struct policy_rule *a, const struct policy_rule *b)
{
	/* At MAIL a rule for the end is not there to take anything away. */
	if (b->stage == POLICY_STAGE_MAIL && a->stage != POLICY_STAGE_MAIL)
		return false;
	return sets_cover(a, b) && clients_cover(a, b) &&
	    names_cover(a->mailfrom_domain, a->mailfrom_domain_count,
		b->mailfrom_domain, b->mailfrom_domain_count) &&
	    names_cover(a->helo, a->helo_count, b->helo, b->helo_count) &&
	    names_cover(a->from_domain, a->from_domain_count,
		b->from_domain, b->from_domain_count) &&
	    names_cover(a->recipient_domain, a->recipient_domain_count,
		b->recipient_domain, b->recipient_domain_count);
}
