/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: rules in order, the first that matches decides.
 *
 * A condition is a line in rule_matches() and one in policy_rule_covers().
 * Three kinds serve all of them: a set of results, networks, and patterns
 * for domains.
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

static bool
pattern_matches(const struct policy_pattern *p, struct slice name)
{
	struct slice domain = domain_slice(&p->domain);

	if (!p->below)
		return slice_eq(name, domain);
	return name.len > domain.len && domain_is_at_or_below(name, domain);
}

static bool
pattern_covers(const struct policy_pattern *a, const struct policy_pattern *b)
{
	if (b->below && a->below)
		return domain_is_at_or_below(domain_slice(&b->domain),
		    domain_slice(&a->domain));
	return !b->below && pattern_matches(a, domain_slice(&b->domain));
}

/* ---- does a rule match? ---- */

static bool
results_match(unsigned int asked, unsigned int found)
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
		if (pattern_matches(&p[i], name))
			return true;
	}
	return count == 0;
}

static unsigned int
set_of(enum auth_result r)
{
	return 1u << r;
}

static bool
rule_matches(const struct policy_rule *r, const struct policy_facts *f)
{
	unsigned int helo_result =
	    f->spf_helo_checked ? set_of(f->spf_helo) : 0;

	return results_match(r->spf, set_of(f->spf)) &&
	    results_match(r->spf_helo, helo_result) &&
	    results_match(r->dkim, f->dkim) &&
	    client_matches(r, &f->client) &&
	    name_matches(r->mailfrom_domain, r->mailfrom_domain_count,
		f->mailfrom_domain) &&
	    name_matches(r->helo, r->helo_count, f->helo);
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

/* ---- does one rule cover another? ---- */

static bool
results_cover(unsigned int a, unsigned int b)
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
		if (pattern_covers(&a[i], b))
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

bool
policy_rule_covers(const struct policy_rule *a, const struct policy_rule *b)
{
	return results_cover(a->spf, b->spf) &&
	    results_cover(a->spf_helo, b->spf_helo) &&
	    results_cover(a->dkim, b->dkim) &&
	    clients_cover(a, b) &&
	    names_cover(a->mailfrom_domain, a->mailfrom_domain_count,
		b->mailfrom_domain, b->mailfrom_domain_count) &&
	    names_cover(a->helo, a->helo_count, b->helo, b->helo_count);
}
