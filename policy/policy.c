/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: rules in order, the first that matches decides.
 */
#include "policy/policy.h"

#include "policy/condition.h"

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

const struct policy_pattern *
policy_pattern_find(const struct policy_pattern *list, size_t count,
    struct slice name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (policy_pattern_matches(&list[i], name))
			return &list[i];
	}
	return NULL;
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
rule_matches(const struct policy_rule *r, const struct policy_facts *f)
{
	const struct policy_condition *c;

	if (f->at_mail && r->stage != POLICY_STAGE_MAIL)
		return false;
	for (c = policy_conditions; c->name != NULL; c++) {
		if (!policy_condition_matches(c, r, f))
			return false;
	}
	return true;
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

void
policy_observe(const struct policy *p, const struct policy_facts *f,
    struct policy_decision *out)
{
	struct policy_facts early = *f;

	early.at_mail = true;
	policy_decide(p, &early, out);
	if (out->action == POLICY_REJECT || out->action == POLICY_TEMPFAIL)
		return;
	if (f->at_mail)
		*out = (struct policy_decision){ .action = POLICY_ACCEPT };
	else
		policy_decide(p, f, out);
}

bool
policy_asks(const struct policy *p, const char *condition)
{
	const struct policy_condition *c =
	    policy_condition_find(slice_str(condition));
	size_t i;

	for (i = 0; i < p->count; i++) {
		if (policy_condition_asked(c, &p->rules[i]))
			return true;
	}
	return false;
}

static bool
rule_needs_dns(const struct policy_rule *r)
{
	const struct policy_condition *c;

	for (c = policy_conditions; c->name != NULL; c++) {
		if (c->known == POLICY_KNOWN_DNS &&
		    policy_condition_asked(c, r))
			return true;
	}
	return policy_reply_needs_dns(r->reply);
}

bool
policy_has_mail_stage(const struct policy *p, bool *needs_dns)
{
	const struct policy_rule *r;
	bool found = false;
	size_t i;

	*needs_dns = false;
	for (i = 0; i < p->count; i++) {
		r = &p->rules[i];
		if (r->stage != POLICY_STAGE_MAIL)
			continue;
		found = true;
		if (rule_needs_dns(r))
			*needs_dns = true;
	}
	return found;
}

/* ---- does one rule cover another? ---- */

bool
policy_rule_covers(const struct policy_rule *a, const struct policy_rule *b)
{
	const struct policy_condition *c;

	/* At MAIL a rule for the end is not there to take anything away. */
	if (b->stage == POLICY_STAGE_MAIL && a->stage != POLICY_STAGE_MAIL)
		return false;
	for (c = policy_conditions; c->name != NULL; c++) {
		if (!policy_condition_covers(c, a, b))
			return false;
	}
	return true;
}
