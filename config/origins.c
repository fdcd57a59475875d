/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * origins: a list of mappings, each with conditions on where a message comes
 * from, and what follows from that.
 */
#include "config/origins_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "config/values.h"

#define ORIGIN_KEYS "name, client, authenticated, certificate, daemon-name, " \
	"relay, check, sign"

static bool
read_client(struct slice text, void *item)
{
	struct config_client *c = item;

	c->is_name = !ipnet_parse(text, &c->net);
	return !c->is_name || policy_pattern_parse(text, &c->name);
}

/* struct config_client * and count */
static bool
read_clients(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_list(s, key, n, out, sizeof(struct config_client),
	    read_client, "IP addresses, networks like 192.0.2.0/24, and names "
	    "like mx.example.org, \"*.example.org\"");
}

/* "CN=mail.partner.example": what is after the first "=". */
static bool
read_certificate(struct slice text, void *item)
{
	struct slice name = slice_from(text, 3), *out = item;

	if (!slice_starts_nocase(text, SLICE("CN=")) || name.len == 0 ||
	    name.len > LIMIT_ORIGIN_WORD)
		return false;
	*out = name;
	return true;
}

static bool
read_word(struct slice text, void *item)
{
	memcpy(item, &text, sizeof(text));
	return text.len <= LIMIT_ORIGIN_WORD;
}

static bool
read_slices(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out, schema_item_fn *read_item)
{
	struct slice *items;
	size_t count;

	if (!schema_list(s, key, n, out, sizeof(struct slice), read_item,
	    key->table))
		return false;
	memcpy(&items, (char *)out + key->field, sizeof(items));
	memcpy(&count, (char *)out + key->count, sizeof(count));
	return schema_keep(s, items, count);
}

static bool
read_certificates(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return read_slices(s, key, n, out, read_certificate);
}

static bool
read_words(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return read_slices(s, key, n, out, read_word);
}

/* enum config_choice: yes or no; absent is any */
static bool
read_choice(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct schema_key flat = { .name = key->name };
	enum config_choice choice;
	bool yes;

	if (!schema_bool(s, &flat, n, &yes))
		return false;
	choice = yes ? CONFIG_YES : CONFIG_NO;
	schema_put(out, key->field, &choice, sizeof(choice));
	return true;
}

#define ORIGIN(member) .field = offsetof(struct config_origin, member)
#define ORIGIN_COUNT(member) .count = offsetof(struct config_origin, member)

const struct schema_key origins_keys[] = {
	{ .name = "name", .read = schema_text, ORIGIN(name),
	  .min = 1, .max = LIMIT_RULE_NAME },
	{ .name = "client", .read = read_clients, .shape = SCHEMA_TEXTS,
	  ORIGIN(clients),
	  ORIGIN_COUNT(client_count), .min = 1, .max = LIMIT_POLICY_LIST },
	{ .name = "authenticated", .read = read_choice, .shape = SCHEMA_BOOL,
	  ORIGIN(authenticated) },
	{ .name = "certificate", .read = read_certificates,
	  .shape = SCHEMA_TEXTS,
	  ORIGIN(certificates), ORIGIN_COUNT(certificate_count), .min = 1,
	  .max = LIMIT_POLICY_LIST, .table = "\"CN=NAME\", the common name "
	  "of a client's certificate" },
	{ .name = "daemon-name", .read = read_words, .shape = SCHEMA_TEXTS,
	  ORIGIN(daemon_names),
	  ORIGIN_COUNT(daemon_name_count), .min = 1, .max = LIMIT_POLICY_LIST,
	  .table = "names as {daemon_name} has them, like ORIGINATING" },
	{ .name = "relay", .read = schema_bool, ORIGIN(relay) },
	{ .name = "check", .read = schema_bool, ORIGIN(check) },
	{ .name = "sign", .read = schema_bool, ORIGIN(sign) },
	{ .name = NULL }
};

/* What makes no sense together, or matches more than is meant. */
static bool
check_origin(struct schema *s, const struct yaml_node *n,
    const struct config_origin *o)
{
	if (o->name.len == 0)
		return schema_fail(s, n, "%sname is missing; allowed: a name "
		    "for the log", s->where);
	if (o->client_count == 0 && o->authenticated == CONFIG_ANY &&
	    o->certificate_count == 0 && o->daemon_name_count == 0)
		return schema_fail(s, n, "%sit has no condition, so it would "
		    "match all mail; allowed: at least one of "
		    "client, authenticated, certificate, daemon-name",
		    s->where);
	if (o->relay && o->sign)
		return schema_fail(s, schema_get(n, "sign"), "%ssign is yes "
		    "with relay, but a relay sends mail from strangers; "
		    "allowed: one of the two", s->where);
	if (o->relay && !o->check)
		return schema_fail(s, schema_get(n, "check"), "%scheck is no "
		    "with relay, which is only used for checks; allowed: "
		    "one of the two", s->where);
	return true;
}

/* A schema_entry_fn. */
static bool
read_origin(struct schema *s, const struct yaml_node *n, void *items,
    size_t index)
{
	struct config_origin *o = (struct config_origin *)items + index;

	snprintf(s->where, sizeof(s->where), "origin %zu: ", index + 1);
	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "origin %zu must be a mapping of "
		    "\"key: value\"; allowed: " ORIGIN_KEYS, index + 1);
	o->line = n->line;
	o->check = true;
	if (!schema_mapping(s, origins_keys, "an origin", n, o) ||
	    !check_origin(s, n, o))
		return false;
	return true;
}

bool
origins_list(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	bool given = true;

	memcpy((char *)out + offsetof(struct config, origins_given), &given,
	    sizeof(given));
	return schema_entries(s, key, n, out, sizeof(struct config_origin),
	    read_origin, "a list of origins");
}

/* ---- the short form ---- */

static const struct slice originating = SLICE_INIT("ORIGINATING");

/* In the order in which they are asked. */
static const struct config_origin short_form[] = {
	{ .name = SLICE_INIT("authenticated"), .authenticated = CONFIG_YES,
	  .sign = true },
	{ .name = SLICE_INIT("originating"), .daemon_names = &originating,
	  .daemon_name_count = 1, .sign = true },
	{ .name = SLICE_INIT("trusted-networks"), .sign = true }
};
#define SHORT_FORM (sizeof(short_form) / sizeof(short_form[0]))

bool
origins_complete(struct schema *s, const struct yaml_node *root,
    struct config *c)
{
	const struct yaml_node *networks = root != NULL ?
	    schema_get(root, "trusted-networks") : NULL;
	struct config_client *clients;
	struct config_origin *list;
	size_t i;

	if (c->origins_given)
		return networks == NULL || schema_fail(s, networks,
		    "trusted-networks is the short form of origins, which "
		    "are given as well; allowed: an origin with client: in "
		    "its place");
	list = arena_array(s->arena, SHORT_FORM, sizeof(*list));
	clients = arena_array(s->arena, c->trusted_network_count,
	    sizeof(*clients));
	if (list == NULL || clients == NULL)
		return schema_no_memory(s);
	memcpy(list, short_form, sizeof(short_form));
	for (i = 0; i < c->trusted_network_count; i++)
		clients[i].net = c->trusted_networks[i];
	list[SHORT_FORM - 1].clients = clients;
	list[SHORT_FORM - 1].client_count = c->trusted_network_count;
	c->origins = list;
	/* Without networks the last one would have no condition. */
	c->origin_count = SHORT_FORM - (c->trusted_network_count == 0);
	return true;
}
