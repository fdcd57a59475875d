/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules: the section "policy", a list of mappings.
 *
 * A condition that this version lacks is known by name, so that a rule never
 * means less than it says.
 */
#include "config/rules_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "config/forwarders_internal.h"
#include "config/values.h"
#include "policy/condition.h"

#define RATE_SECONDS_MIN 60	/* a minute */

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
	schema_put(out, key->field, &set, sizeof(set));
	return true;
}

static void
say_words(struct schema *s, const struct policy_word *w, struct slice text)
{
	const char *comma = "", *guess = NULL;
	size_t least = SIZE_MAX;

	for (; w->word != NULL; w++) {
		schema_say(s, "%s%s", comma, w->word);
		schema_guess(w->word, text, &guess, &least);
		comma = ", ";
	}
	if (guess != NULL)
		schema_say(s, "; did you mean %s?", guess);
}

/* Where "yes" and "no" are words, other spellings of a boolean are, too. */
static const struct policy_word *
find_word(const struct policy_word *w, const struct yaml_node *n)
{
	struct slice text = n->text;

	if (!schema_has_text(n))
		return NULL;
	if (slice_eq_nocase(text, SLICE("true")))
		text = SLICE("yes");
	else if (slice_eq_nocase(text, SLICE("false")))
		text = SLICE("no");
	for (; w->word != NULL; w++) {
		if (slice_eq_nocase(text, slice_str(w->word)))
			return w;
	}
	return NULL;
}

/* A set of words out of those of the condition, which is the key's table. */
static bool
read_words(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct policy_condition *c = key->table;
	const struct yaml_node *i = schema_first(n);
	const struct policy_word *w;
	unsigned int set = 0;

	for (; i != NULL; i = schema_next(n, i)) {
		w = find_word(c->words, i);
		if (w == NULL)
			break;
		set |= 1u << w->value;
	}
	/* An empty list would never match. */
	if (i != NULL || set == 0) {
		i = i != NULL ? i : n;
		schema_refuse(s, key, i, "");
		say_words(s, c->words, i->text);
		return false;
	}
	schema_put(out, key->field, &set, sizeof(set));
	return true;
}

static bool
read_pattern(struct slice text, void *item)
{
	memcpy(item, &text, sizeof(text));
	return text.len > 0 && text.len <= LIMIT_USERS_WORD;
}

/* struct slice * and count: words of the condition, and names */
static bool
read_names(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	static const char allowed[] = "yes, no, unknown, and names of "
	    "forwarders";
	const struct policy_condition *c = key->table;
	const struct yaml_node *i = schema_first(n);
	const struct policy_word *w;
	struct slice *items;
	size_t count, at = 0;

	if (!schema_list(s, key, n, out, sizeof(struct slice), values_slice,
	    allowed))
		return false;
	memcpy(&items, (char *)out + key->field, sizeof(items));
	memcpy(&count, (char *)out + key->count, sizeof(count));
	for (; i != NULL; i = schema_next(n, i), at++) {
		w = find_word(c->words, i);
		if (w != NULL)
			items[at] = slice_str(w->word);
		else if (!forwarders_name_is_good(i->text))
			return schema_refuse(s, key, i, allowed);
	}
	return schema_keep(s, items, count);
}

/* struct slice * and count */
static bool
read_texts(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct policy_condition *c = key->table;
	struct schema_key few = *key;
	struct slice *items;
	size_t count;

	if (c->words != NULL)
		return read_names(s, key, n, out);
	few.max = LIMIT_USER_ITEMS;
	if (!schema_list(s, &few, n, out, sizeof(struct slice), read_pattern,
	    "names of users, in which * is any text"))
		return false;
	memcpy(&items, (char *)out + key->field, sizeof(items));
	memcpy(&count, (char *)out + key->count, sizeof(count));
	return schema_keep(s, items, count);
}

/* A schema_item_fn: "50/1h". */
static bool
read_rate(struct slice text, void *item)
{
	unsigned long long count, seconds;
	struct slice digits;

	slice_cut(&text, '/', &digits);
	if (!slice_number(digits, LIMIT_SIGHTINGS_COUNT, &count) ||
	    count == 0 ||
	    !schema_parse_seconds(text, LIMIT_SIGHTINGS_S, &seconds) ||
	    seconds < RATE_SECONDS_MIN)
		return false;
	memcpy(item, &(struct policy_rate){ .count = (unsigned int)count,
	    .seconds = (unsigned int)seconds }, sizeof(struct policy_rate));
	return true;
}

/* struct policy_rate * and count */
static bool
read_rates(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct schema_key few = *key;

	few.max = LIMIT_RATES;
	return schema_list(s, &few, n, out, sizeof(struct policy_rate),
	    read_rate, "COUNT/TIME like 50/1h, for 1 to 1000 in 1m to 7d");
}

static schema_read_fn *const readers[] = {
	[POLICY_WORDS] = read_words,
	[POLICY_YES_NO] = read_yes_no,
	[POLICY_NETWORKS] = values_networks,
	[POLICY_DOMAINS] = values_rule_patterns,
	[POLICY_TEXTS] = read_texts,
	[POLICY_RATES] = read_rates
};

#define WHEN_KEYS (POLICY_CONDITIONS + 1)

static void
make_when_keys(struct schema_key keys[WHEN_KEYS])
{
	const struct policy_condition *c;

	for (c = policy_conditions; c->name != NULL; c++)
		*keys++ = (struct schema_key){ .name = c->name,
			.read = readers[c->kind], .field = c->member,
			.count = c->count, .min = 1,
			.max = LIMIT_POLICY_LIST, .table = c };
	*keys = (struct schema_key){ .name = NULL };
}

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
	struct schema_key keys[WHEN_KEYS], when = *key;

	if (schema_is_void(n) || (n->kind == YAML_MAPPING && n->child == NULL))
		return schema_fail(s, n, "%swhen has no conditions; leave it "
		    "out for a rule that matches everything", s->where);
	make_when_keys(keys);
	when.table = keys;
	return schema_section(s, &when, n, out);
}

const struct schema_key rules_keys[] = {
	{ .name = "name", .read = schema_text,
	  .field = offsetof(struct policy_rule, name),
	  .min = 1, .max = LIMIT_RULE_NAME },
	{ .name = "when", .read = read_when, .shape = SCHEMA_CONDITIONS },
	{ .name = "action", .read = schema_word, .table = actions,
	  .field = offsetof(struct policy_rule, action) },
	/* What else it must be depends on the action: check_reply(). */
	{ .name = "reply", .read = schema_text,
	  .field = offsetof(struct policy_rule, reply),
	  .min = 1, .max = 2 * LIMIT_REPLY_TEXT,
	  .table = "printable ASCII, at most 480 characters after the "
	  "codes" },
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

static void
say_variables(struct schema *s)
{
	const char *name;
	size_t i;

	for (i = 0; (name = policy_reply_variable(i)) != NULL; i++)
		schema_say(s, "%s%s", i == 0 ? "; known are " : ", ", name);
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
	if (slice_starts(slice_from(r->reply, at), SLICE("%{")))
		say_variables(s);
	return false;
}

static bool
check_at_most(struct schema *s, const struct yaml_node *n,
    const struct policy_rule *r)
{
	if (r->at_most == 0 || r->action == POLICY_TEMPFAIL)
		return true;
	return schema_fail(s, schema_get(n, "at-most"), "%sat-most is given "
	    "with action %s; allowed: with tempfail", s->where,
	    policy_action_name(r->action));
}

static bool
is_known_at_mail(struct slice name)
{
	const struct policy_condition *c = policy_condition_find(name);

	return c != NULL && c->known != POLICY_KNOWN_END;
}

static void
say_known_at_mail(struct schema *s)
{
	const struct policy_condition *c;
	const char *comma = "";

	for (c = policy_conditions; c->name != NULL; c++) {
		if (c->known == POLICY_KNOWN_END)
			continue;
		schema_say(s, "%s%s", comma, c->name);
		comma = ", ";
	}
}

/* Before DATA little is known, and there is no message to keep or to drop. */
static bool
check_stage(struct schema *s, const struct yaml_node *n,
    const struct policy_rule *r)
{
	const struct yaml_node *when = schema_get(n, "when"), *i;

	if (r->stage != POLICY_STAGE_MAIL)
		return true;
	if (r->action == POLICY_QUARANTINE || r->action == POLICY_DISCARD)
		return schema_fail(s, schema_get(n, "action"), "%saction is "
		    "'%s' with stage: mail, when there is no message yet; "
		    "allowed: accept, reject, tempfail", s->where,
		    policy_action_name(r->action));
	for (i = when != NULL ? when->child : NULL; i != NULL; i = i->next) {
		if (is_known_at_mail(i->key->text))
			continue;
		schema_fail(s, i->key, "%swhen.%s is not known yet with "
		    "stage: mail; allowed: ", s->where, i->key->text.ptr);
		say_known_at_mail(s);
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
		    "different name", i->line);
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
	r->file = s->file;
	r->line = n->line;
	if (!schema_mapping(s, rules_keys, "a policy rule", n, r) ||
	    !check_action(s, n) || !check_reply(s, n, r) ||
	    !check_at_most(s, n, r) || !check_stage(s, n, r) ||
	    !default_name(s, r, index + 1) || !check_name(s, n, rules, r))
		return false;
	return true;
}

bool
rules_policy(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_is_void(n) || schema_entries(s, key, n, out,
	    sizeof(struct policy_rule), read_rule, "a list of rules");
}
