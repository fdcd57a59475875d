/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * describe: the configuration as a JSON Schema (draft 2020-12).
 *
 * A YAML file has no types for what assay reads as text: 0660, 2026 and yes
 * become numbers and booleans in an editor, so these are allowed where text
 * is.
 */
#include "config/describe_internal.h"

#include "config/forwarders_internal.h"
#include "config/origins_internal.h"
#include "config/reports_internal.h"
#include "config/rules_internal.h"
#include "config/sign_internal.h"
#include "config/values.h"
#include "policy/condition.h"

struct describer {
	struct json	*json;
	const char	*unknown;	/* the first key without a form */
};

/* Readers that many keys have. */
static const struct {
	schema_read_fn		*read;
	enum schema_shape	 shape;
} shapes[] = {
	{ schema_bool, SCHEMA_BOOL },
	{ schema_word, SCHEMA_WORD },
	{ schema_words, SCHEMA_WORDS },
	{ schema_number, SCHEMA_NUMBER },
	{ schema_duration, SCHEMA_DURATION },
	{ schema_seconds, SCHEMA_SECONDS },
	{ schema_size, SCHEMA_SIZE },
	{ schema_mode, SCHEMA_OCTAL },
	{ schema_path, SCHEMA_TEXT },
	{ schema_text, SCHEMA_TEXT },
	{ schema_section, SCHEMA_SECTION },
	{ values_socket, SCHEMA_TEXT },
	{ values_store, SCHEMA_TEXT },
	{ values_user, SCHEMA_TEXT },
	{ values_domain, SCHEMA_TEXT },
	{ values_domains, SCHEMA_TEXTS },
	{ values_file, SCHEMA_TEXT },
	{ values_readable_file, SCHEMA_TEXT },
	{ values_networks, SCHEMA_TEXTS },
	{ values_nameservers, SCHEMA_TEXTS },
	{ values_patterns, SCHEMA_TEXTS },
	{ values_rule_patterns, SCHEMA_TEXTS },
	{ reports_mailbox, SCHEMA_TEXT },
	{ reports_bounce, SCHEMA_TEXT },
	{ reports_opt_out, SCHEMA_TEXTS },
	{ origins_list, SCHEMA_ENTRIES },
	{ forwarders_list, SCHEMA_ENTRIES },
	{ rules_policy, SCHEMA_ENTRIES },
	{ sign_rules, SCHEMA_ENTRIES }
};

static enum schema_shape
shape_of(const struct schema_key *k)
{
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]) &&
	    k->shape == SCHEMA_BY_READER; i++) {
		if (shapes[i].read == k->read)
			return shapes[i].shape;
	}
	return k->shape;
}

/* ---- scalars ---- */

static void
put_types(struct json *j, const char *first, const char *second)
{
	json_array(j, "type");
	json_string(j, NULL, first);
	json_string(j, NULL, second);
	json_array_end(j);
}

static void
put_text(struct json *j)
{
	json_array(j, "type");
	json_string(j, NULL, "string");
	json_string(j, NULL, "number");
	json_string(j, NULL, "boolean");
	json_array_end(j);
}

static void
put_bool(struct json *j)
{
	json_array(j, "enum");
	json_bool(j, NULL, true);
	json_bool(j, NULL, false);
	json_string(j, NULL, "yes");
	json_string(j, NULL, "no");
	json_string(j, NULL, "true");
	json_string(j, NULL, "false");
	json_array_end(j);
}

/* Without a unit it is an integer in an editor, and so is 0660. */
static void
put_units(struct json *j, enum schema_shape shape)
{
	if (shape == SCHEMA_DURATION || shape == SCHEMA_SECONDS)
		json_string(j, "type", "string");
	else
		put_types(j, "integer", "string");
	json_string(j, "pattern",
	    shape == SCHEMA_DURATION ? "^[0-9]+(ms|s|m|h|d)$" :
	    shape == SCHEMA_SECONDS ? "^[0-9]+(s|m|h|d)$" :
	    shape == SCHEMA_SIZE ? "^[0-9]+[KMG]?$" : "^[0-7]{1,4}$");
}

/* A pattern for text says nothing of an integer, and bounds not of text. */
static void
put_number(struct json *j, const struct schema_key *k)
{
	put_types(j, "integer", "string");
	json_number(j, "minimum", (long long)k->min);
	json_number(j, "maximum", (long long)k->max);
	json_string(j, "pattern", "^[0-9]+$");
}

static void
put_words(struct json *j, const struct schema_word *w)
{
	bool yes_no = false;

	json_array(j, "enum");
	for (; w->word != NULL; w++) {
		json_string(j, NULL, w->word);
		yes_no = yes_no || slice_eq(slice_str(w->word), SLICE("yes"));
	}
	if (yes_no) {
		json_bool(j, NULL, true);
		json_bool(j, NULL, false);
	}
	json_array_end(j);
}

/* ---- one key ---- */

static void	put_mapping(struct describer *d, const char *name,
		    const struct schema_key *keys);

/* A single value is a list of one: `item` for both. */
typedef void	item_fn(struct json *j, const void *table);

static void
put_list(struct json *j, item_fn *item, const void *table,
    const struct schema_key *k)
{
	json_array(j, "anyOf");
	json_object(j, NULL);
	item(j, table);
	json_object_end(j);
	json_object(j, NULL);
	json_string(j, "type", "array");
	json_object(j, "items");
	item(j, table);
	json_object_end(j);
	json_number(j, "minItems", (long long)k->min);
	if (k->max > 0)
		json_number(j, "maxItems", (long long)k->max);
	json_object_end(j);
	json_array_end(j);
}

static void
item_text(struct json *j, const void *table)
{
	(void)table;
	put_text(j);
}

static void
item_word(struct json *j, const void *table)
{
	put_words(j, table);
}

/* An editor takes 1.2 for a number, and yes for a boolean. */
static void
put_condition_word(struct json *j, const char *word)
{
	struct slice s = slice_str(word);

	json_string(j, NULL, word);
	if (s.len == 3 && s.ptr[1] == '.')
		json_tenths(j, NULL, 10 * (s.ptr[0] - '0') + s.ptr[2] - '0');
	if (!slice_eq(s, SLICE("yes")) && !slice_eq(s, SLICE("no")))
		return;
	json_bool(j, NULL, slice_eq(s, SLICE("yes")));
	json_string(j, NULL, slice_eq(s, SLICE("yes")) ? "true" : "false");
}

static void
item_condition(struct json *j, const void *table)
{
	const struct policy_word *w;

	json_array(j, "enum");
	for (w = table; w->word != NULL; w++)
		put_condition_word(j, w->word);
	json_array_end(j);
}

static void
item_rate(struct json *j, const void *table)
{
	(void)table;
	json_string(j, "type", "string");
	json_string(j, "pattern", "^[0-9]+/[0-9]+(s|m|h|d)$");
}

static void
put_condition(struct json *j, const struct policy_condition *c,
    const struct schema_key *bounds)
{
	json_object(j, c->name);
	json_string(j, "description", c->text);
	switch (c->kind) {
	case POLICY_WORDS:
		put_list(j, item_condition, c->words, bounds);
		break;
	case POLICY_YES_NO:
		put_bool(j);
		break;
	case POLICY_NETWORKS:
	case POLICY_DOMAINS:
	case POLICY_TEXTS:
		put_list(j, item_text, NULL, bounds);
		break;
	case POLICY_RATES:
		put_list(j, item_rate, NULL,
		    &(const struct schema_key){ .min = 1,
		    .max = LIMIT_RATES });
		break;
	}
	json_object_end(j);
}

/* The keys of "when". */
static void
put_conditions(struct json *j)
{
	static const struct schema_key words = { .min = 1 };
	static const struct schema_key items = { .min = 1,
		.max = LIMIT_POLICY_LIST };
	const struct policy_condition *c;

	json_string(j, "type", "object");
	json_number(j, "minProperties", 1);
	json_bool(j, "additionalProperties", false);
	json_object(j, "properties");
	for (c = policy_conditions; c->name != NULL; c++)
		put_condition(j, c, c->kind == POLICY_WORDS ? &words : &items);
	json_object_end(j);
}

static void
put_entries(struct describer *d, const struct schema_key *k)
{
	struct json *j = d->json;

	put_types(j, "array", "null");
	json_number(j, "minItems", (long long)k->min);
	json_number(j, "maxItems", (long long)k->max);
	put_mapping(d, "items", k->table);
}

/* A list of them, or where they are. */
static void
put_keys(struct describer *d, const struct schema_key *k)
{
	struct json *j = d->json;

	json_array(j, "anyOf");
	json_object(j, NULL);
	put_entries(d, k);
	json_object_end(j);
	put_mapping(d, NULL, sign_directory_keys);
	json_array_end(j);
}

static void
put_value(struct describer *d, const struct schema_key *k)
{
	static const struct schema_key any_number = { .min = 0 };
	struct json *j = d->json;

	switch (shape_of(k)) {
	case SCHEMA_BOOL:
		put_bool(j);
		break;
	case SCHEMA_WORD:
		put_words(j, k->table);
		break;
	case SCHEMA_WORDS:
		put_list(j, item_word, k->table, &any_number);
		break;
	case SCHEMA_NUMBER:
		put_number(j, k);
		break;
	case SCHEMA_DURATION:
	case SCHEMA_SECONDS:
	case SCHEMA_SIZE:
	case SCHEMA_OCTAL:
		put_units(j, shape_of(k));
		break;
	case SCHEMA_TEXT:
		put_text(j);
		break;
	case SCHEMA_TEXTS:
		put_list(j, item_text, NULL, k);
		break;
	case SCHEMA_ENTRIES:
		put_entries(d, k);
		break;
	case SCHEMA_KEYS:
		put_keys(d, k);
		break;
	case SCHEMA_CONDITIONS:
		put_conditions(j);
		break;
	case SCHEMA_BY_READER:
		d->unknown = d->unknown != NULL ? d->unknown : k->name;
		break;
	case SCHEMA_SECTION:
		break;
	}
}

static void
put_mapping(struct describer *d, const char *name,
    const struct schema_key *keys)
{
	struct json *j = d->json;
	const struct schema_key *k;

	json_object(j, name);
	put_types(j, "object", "null");
	json_bool(j, "additionalProperties", false);
	json_object(j, "properties");
	for (k = keys; k->name != NULL; k++) {
		if (shape_of(k) == SCHEMA_SECTION) {
			put_mapping(d, k->name, k->table);
			continue;
		}
		json_object(j, k->name);
		put_value(d, k);
		json_object_end(j);
	}
	json_object_end(j);
	json_object_end(j);
}

const char *
config_describe(struct json *j)
{
	struct describer d = { .json = j };

	json_object(j, NULL);
	json_string(j, "$schema",
	    "https://json-schema.org/draft/2020-12/schema");
	json_string(j, "title", "assay.yaml, the configuration of "
	    "assay-milter");
	json_string(j, "$ref", "#/$defs/configuration");
	json_object(j, "$defs");
	put_mapping(&d, "configuration", config_keys);
	json_object_end(j);
	json_object_end(j);
	return d.unknown;
}
