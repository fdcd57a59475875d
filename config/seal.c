/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal: which mail is sealed (ARC), and by which key.
 *
 * The key is read and looked up like those that sign.
 */
#include "config/seal_internal.h"

#include <stdint.h>

#include "base/limits.h"
#include "config/config.h"
#include "config/sign_internal.h"
#include "config/values.h"

#define WHEN(member) .field = offsetof(struct config_seal_when, member)
#define SEAL(member) .field = offsetof(struct config_seal, member)

static const struct schema_key when_keys[] = {
	{ .name = "relayed-to", .read = values_patterns, WHEN(relayed_to),
	  .count = offsetof(struct config_seal_when, relayed_to_count),
	  .min = 1, .max = LIMIT_POLICY_LIST },
	{ .name = NULL }
};

/* A schema_entry_fn. */
static bool
read_reason(struct schema *s, const struct yaml_node *n, void *items,
    size_t index)
{
	struct config_seal_when *when = items;

	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "%sitem %zu of when must be a "
		    "mapping of \"key: value\"; allowed: relayed-to",
		    s->where, index + 1);
	return schema_mapping(s, when_keys, "a reason to seal", n,
	    &when[index]) && schema_must_have(s, n, "relayed-to");
}

static bool
read_when(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_entries(s, key, n, out,
	    sizeof(struct config_seal_when), read_reason,
	    "a list of {relayed-to: DOMAINS}");
}

const struct schema_key seal_keys[] = {
	{ .name = "domain", .read = values_domain, SEAL(rule.identity),
	  .table = "a domain like example.org" },
	{ .name = "selector", .read = values_domain, SEAL(key.selector),
	  .table = "a name like s2026" },
	{ .name = "file", .read = values_file, SEAL(key.file),
	  .table = "the path of a key file" },
	{ .name = "when", .read = read_when, .table = when_keys,
	  .shape = SCHEMA_ENTRIES, SEAL(when),
	  .count = offsetof(struct config_seal, when_count),
	  .min = 1, .max = LIMIT_SEAL_REASONS },
	{ .name = NULL }
};

/* The key as a signing rule of its own, for a look at its record. */
static bool
make_rule(struct schema *s, const struct yaml_node *n, struct config_seal *c)
{
	const struct yaml_node *file = schema_get(n, "file");
	struct policy_pattern *own = arena_alloc(s->arena, sizeof(*own));

	if (own == NULL)
		return schema_no_memory(s);
	c->given = true;
	c->key.from = INT64_MIN;
	c->key.until = INT64_MAX;
	c->key.line = file->line;
	c->key.column = file->column;
	(void)policy_pattern_parse(c->rule.identity, own);
	c->rule.domains = own;
	c->rule.domain_count = 1;
	c->rule.keys = &c->key;
	c->rule.key_count = 1;
	c->rule.relaxed_header = c->rule.relaxed_body = true;
	c->rule.path = s->file;
	c->rule.line = n->line;
	return sign_check_key_name(s, schema_get(n, "domain"), &c->rule,
	    c->rule.identity);
}

static bool
has_all(struct schema *s, const struct yaml_node *n)
{
	const struct schema_key *k = seal_keys;

	while (k->name != NULL && schema_get(n, k->name) != NULL)
		k++;
	return k->name == NULL || schema_fail(s, n, "seal.%s is missing",
	    k->name);
}

/* Nothing after the key is nothing to seal. */
bool
seal_section(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct config_seal *c;
	char *base = out;

	if (schema_is_void(n))
		return true;
	c = (struct config_seal *)(void *)(base + key->field);
	if (n->kind != YAML_MAPPING)
		return schema_refuse(s, key, n, "a mapping with domain, "
		    "selector, file and when");
	return schema_section(s, key, n, out) && has_all(s, n) &&
	    make_rule(s, n, c);
}
