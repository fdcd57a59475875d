/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules: the section "policy", a list of mappings.
 *
 * A condition that this version lacks is known by name, so that a rule is
 * not taken for less than it says.
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

#define DMARC_RESULTS (1u << AUTH_NONE | 1u << AUTH_PASS | 1u << AUTH_FAIL | \
	1u << AUTH_TEMPERROR | 1u << AUTH_PERMERROR) /* RFC 9989 9.1 */

static const struct schema_word dmarc_policies[] = {
	{ "none", POLICY_DMARC_NONE },
	{ "quarantine", POLICY_DMARC_QUARANTINE },
	{ "reject", POLICY_DMARC_REJECT },
	{ NULL, 0 }
};
static const struct schema_word from_states[] = {
	{ "ok", MAIL_FROM_OK },
	{ "absent", MAIL_FROM_ABSENT },
	{ "multiple", MAIL_FROM_MULTIPLE },
	{ "unparsable", MAIL_FROM_UNPARSABLE },
	{ "sloppy", MAIL_FROM_SLOPPY },
	{ NULL, 0 }
};

/* A set of one bool. */
static bool
read_yes_no(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct schema_key alone = { .name = key->name };
	unsigned int set;
	bool yes;

	if (!schema_bool(s, &alone, n, &yes))
		return false;
	set = 1u << yes;
	memcpy((char *)out + key->field, &set, sizeof(set));
	return true;
}

#define RESULTS(key, member, set) \
	{ .name = (key), .read = values_results, \
	  .field = offsetof(struct policy_rule, member), .max = (set) }
#define WORDS(key, member, words) \
	{ .name = (key), .read = schema_words, .table = (words), \
	  .field = offsetof(struct policy_rule, member) }
#define YES_NO(key, member) \
	{ .name = (key), .read = read_yes_no, \
	  .field = offsetof(struct policy_rule, member) }
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
	RESULTS("dkim-aligned", dkim_aligned, DKIM_RESULTS),
	RESULTS("dmarc", dmarc, DMARC_RESULTS),
	WORDS("dmarc-policy", dmarc_policy, dmarc_policies),
	YES_NO("dmarc-testing", dmarc_testing),
	WORDS("from", from, from_states),
	LIST("from-domain", values_patterns, from_domain),
	LIST("mailfrom-domain", values_patterns, mailfrom_domain),
	LIST("helo", values_patterns, helo),
	LIST("client", values_networks, client),
	LIST("recipient-domain", values_patterns, recipient_domain),
	YES_NO("dnssec", dnssec),
	YES_NO("tls", tls),
	YES_NO("dkim-partial", dkim_partial),
	YES_NO("dkim-doubled", dkim_doubled),
	NOT_YET("arc"),
	{ .name = NULL }
};

/* What is known at MAIL. */
static const char *const mail_conditions[] = { "client", "helo", "spf",
	"spf-helo", "mailfrom-domain", "tls" };
#define MAIL_CONDITIONS (sizeof(mail_conditions) / sizeof(mail_conditions[0]))

static const struct schema_word actions[] = {
	{ "accept", POLICY_ACCEPT },
	{ "reject", POLICY_REJECT },
	{ "tempfail", POLICY_TEMPFAIL },
	{ "quarantine", POLICY_QUARANTINE },
	{ "discard", POLICY_DISCARD },
	{ NULL, 0 }
};

static const struct schema_word stages[] = {
	{ "mail", POLICY_STAGE_MAIL },
	{ "end", POLICY_STAGE_END },
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
	/* In seconds, a minute to 30 days. */
	{ .name = "at-most", .read = schema_seconds,
	  .field = offsetof(struct policy_rule, at_most),
	  .min = 60, .max = 30 * 86400 },
	{ .name = "stage", .read = schema_word, .table = stages,
	  .field = offsetof(struct policy_rule, stage) },
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

static bool
check_at_most(struct schema *s, const struct yaml_node *n,
    const struct policy_rule *r)
{
	if (r->at_most == 0 || r->action == POLICY_TEMPFAIL)
		return true;
	return schema_fail(s, schema_get(n, "at-most"), "%sat-most stands "
	    "with action %s; allowed: with tempfail", s->where,
	    policy_action_name(r->action));
}

static bool
is_mail_condition(struct slice name)
{
	size_t i;

	for (i = 0; i < MAIL_CONDITIONS; i++) {
		if (slice_eq(name, slice_str(mail_conditions[i])))
			return true;
	}
	return false;
}

/* Before DATA little is known, and there is no message to keep or to drop. */
static bool
check_stage(struct schema *s, const struct yaml_node *n,
    const struct policy_rule *r)
{
	const struct yaml_node *when = schema_get(n, "when"), *i;
	size_t c;

	if (r->stage != POLICY_STAGE_MAIL)
		return true;
	if (r->action == POLICY_QUARANTINE || r->action == POLICY_DISCARD)
		return schema_fail(s, schema_get(n, "action"), "%saction is "
		    "'%s' with stage: mail, when there is no message yet; "
		    "allowed: accept, reject, tempfail", s->where,
		    policy_action_name(r->action));
	for (i = when != NULL ? when->child : NULL; i != NULL; i = i->next) {
		if (is_mail_condition(i->key->text))
			continue;
		schema_fail(s, i->key, "%swhen.%s is not known yet with "
		    "stage: mail; allowed: ", s->where, i->key->text.ptr);
		for (c = 0; c < MAIL_CONDITIONS; c++)
			schema_say(s, "%s%s", c == 0 ? "" : ", ",
			    mail_conditions[c]);
		return false;
	}
	return true;
}

/* Names tell rules apart in the log. */
static bool
check_name(struct schema *s, const struct yaml_node *n,
    const struct policy_rule *rules, const struct policy_rule *r)
{
	const struct yaml_node *name = schema_get(n, "name");
	const struct policy_rule *i;

	for (i = rules; i < r; i++) {
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

/* A schema_entry_fn. */
static bool
read_rule(struct schema *s, const struct yaml_node *n, void *items,
    size_t index)
{
	struct policy_rule *rules = items, *r = &rules[index];

	snprintf(s->where, sizeof(s->where), "policy rule %zu: ", index + 1);
	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "policy rule %zu must be a mapping "
		    "of \"key: value\"; allowed: name, when, action, reply, "
		    "observe, at-most, stage", index + 1);
	r->line = n->line;
	if (!schema_mapping(s, rule_keys, "a policy rule", n, r) ||
	    !check_action(s, n) || !check_reply(s, n, r) ||
	    !check_at_most(s, n, r) || !check_stage(s, n, r) ||
	    !default_name(s, r, index + 1) || !check_name(s, n, rules, r))
		return false;
	s->where[0] = '\0';
	return true;
}

bool
rules_policy(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_is_void(n) || schema_entries(s, key, n, out,
	    sizeof(struct policy_rule), read_rule, "a list of rules");
}
