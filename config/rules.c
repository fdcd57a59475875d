/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules: the section "policy", a list of mappings.
 *
 * What assay's rules will have and this version lacks is known by name, so
 * that a rule is not taken for less than it says.
 */
#include "config/rules.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "config/values.h"
#include "policy/policy.h"

/* Results that SPF (RFC 8601 2.7.2) and DKIM (2.7.1) can have here. */
#define SPF_RESULTS (1u << AUTH_NONE | 1u << AUTH_PASS | 1u << AUTH_FAIL | \
	1u << AUTH_SOFTFAIL | 1u << AUTH_NEUTRAL | 1u << AUTH_TEMPERROR | \
	1u << AUTH_PERMERROR)
#define DKIM_RESULTS (1u << AUTH_NONE | 1u << AUTH_PASS | 1u << AUTH_FAIL | \
	1u << AUTH_NEUTRAL | 1u << AUTH_POLICY | 1u << AUTH_TEMPERROR | \
	1u << AUTH_PERMERROR)

#define RESULTS(key, member, set) \
	{ .name = (key), .read = values_results, \
	  .field = offsetof(struct policy_rule, member), .max = (set) }
#define LIST(key, reader, member) \
	{ .name = (key), .read = (reader), \
	  .field = offsetof(struct policy_rule, member), \
	  .count = offsetof(struct policy_rule, member##_count), \
	  .min = 1, .max = LIMIT_POLICY_LIST }
#define NOT_YET(key) { .name = (key), .read = schema_not_yet }

static const struct schema_key condition_keys[] = {
	RESULTS("spf", spf, SPF_RESULTS),
	RESULTS("spf-helo", spf_helo, SPF_RESULTS),
	RESULTS("dkim", dkim, DKIM_RESULTS),
	LIST("client", values_networks, client),
	LIST("mailfrom-domain", values_patterns, mailfrom_domain),
	LIST("helo", values_patterns, helo),
	NOT_YET("dkim-aligned"),
	NOT_YET("dmarc"),
	NOT_YET("dmarc-policy"),
	NOT_YET("arc"),
	NOT_YET("from"),
	NOT_YET("from-domain"),
	NOT_YET("recipient-domain"),
	NOT_YET("dnssec"),
	NOT_YET("tls"),
	{ .name = NULL }
};

static const struct schema_word actions[] = {
	{ "accept", POLICY_ACCEPT },
	{ "reject", POLICY_REJECT },
	{ "tempfail", POLICY_TEMPFAIL },
	{ "quarantine", POLICY_QUARANTINE },
	{ "discard", POLICY_DISCARD },
	{ NULL, 0 }
};

/* Without any condition it would match everything: hardly meant. */
static bool
read_when(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	if (schema_is_void(n) || (n->kind == YAML_MAPPING && n->child == NULL))
		return schema_fail(s, n, "%swhen has no conditions; leave it "
		    "out for a rule that matches everything", s->where);
	return schema_section(s, key, n, out);
}

static const struct schema_key rule_keys[] = {
	{ .name = "name", .read = schema_text,
	  .field = offsetof(struct policy_rule, name),
	  .min = 1, .max = LIMIT_RULE_NAME },
	{ .name = "when", .read = read_when, .table = condition_keys },
	{ .name = "action", .read = schema_word, .table = actions,
	  .field = offsetof(struct policy_rule, action) },
	/* What else it must be depends on the action: check_reply(). */
	{ .name = "reply", .read = schema_text,
	  .field = offsetof(struct policy_rule, reply),
	  .min = 1, .max = 2 * LIMIT_REPLY_TEXT },
	{ .name = "observe", .read = schema_bool,
	  .field = offsetof(struct policy_rule, observe) },
	NOT_YET("at-most"),
	NOT_YET("stage"),
	{ .name = NULL }
};

static bool
check_action(struct schema *s, const struct yaml_node *n)
{
	const struct schema_word *w;

	if (schema_get(n, "action") != NULL)
		return true;
	schema_fail(s, n, "%saction is missing; allowed: ", s->where);
	for (w = actions; w->word != NULL; w++)
		schema_say(s, "%s%s", w == actions ? "" : ", ", w->word);
	return false;
}

static bool
check_reply(struct schema *s, const struct yaml_node *n,
    const struct policy_rule *r)
{
	const char *problem;
	size_t at;

	if (r->reply.len == 0 ||
	    policy_reply_check(r->reply, r->action, &problem, &at))
		return true;
	schema_fail(s, schema_get(n, "reply"), "%sreply, at ", s->where);
	schema_say_text(s, slice_from(r->reply, at));
	schema_say(s, ": %s", problem);
	return false;
}

/* Names tell rules apart in the log. */
static bool
check_name(struct schema *s, const struct yaml_node *n,
    const struct policy *p, const struct policy_rule *r)
{
	const struct yaml_node *name = schema_get(n, "name");
	const struct policy_rule *i;

	for (i = p->rules; i < r; i++) {
		if (!slice_eq(i->name, r->name))
			continue;
		schema_fail(s, name != NULL ? name : n, "%sname is ",
		    s->where);
		schema_say_text(s, r->name);
		schema_say(s, ", which is the rule in line %u; allowed: a "
		    "name of its own", i->line);
		return false;
	}
	return true;
}

static bool
default_name(struct schema *s, struct policy_rule *r, size_t number)
{
	char name[32];

	if (r->name.len > 0)
		return true;
	snprintf(name, sizeof(name), "rule %zu", number);
	r->name = arena_dup(s->arena, slice_str(name));
	return r->name.ptr != NULL || schema_no_memory(s);
}

static bool
read_rule(struct schema *s, const struct yaml_node *n, struct policy *p)
{
	struct policy_rule *r = &p->rules[p->count];

	p->count++;
	snprintf(s->where, sizeof(s->where), "policy rule %zu: ", p->count);
	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "policy rule %zu must be a mapping "
		    "of \"key: value\"; allowed: name, when, action, reply, "
		    "observe", p->count);
	r->line = n->line;
	return schema_mapping(s, rule_keys, "a policy rule", n, r) &&
	    check_action(s, n) && check_reply(s, n, r) &&
	    default_name(s, r, p->count) && check_name(s, n, p, r);
}

bool
rules_policy(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct policy p = { .count = 0 };
	const struct yaml_node *i;
	size_t count;

	if (schema_is_void(n))
		return true;
	if (n->kind != YAML_SEQUENCE)
		return schema_refuse(s, key, n, "a list of rules");
	count = schema_count(n);
	if (count > LIMIT_POLICY_RULES)
		return schema_fail(s, n, "policy has %zu rules; allowed: up "
		    "to %d", count, LIMIT_POLICY_RULES);
	p.rules = arena_array(s->arena, count, sizeof(*p.rules));
	if (p.rules == NULL)
		return schema_no_memory(s);
	for (i = n->child; i != NULL; i = i->next) {
		if (!read_rule(s, i, &p))
			return false;
	}
	s->where[0] = '\0';
	memcpy((char *)out + key->field, &p, sizeof(p));
	return true;
}
