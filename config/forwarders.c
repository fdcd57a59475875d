/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwarders: hosts that forward mail of our users, a list of mappings.
 */
#include "config/forwarders_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/trusted_internal.h"
#include "config/values.h"

#define FORWARDER_KEYS "name, client, iprev, file, for, from-domain"

/* Words of the condition `forwarder`, and other spellings of them. */
static const char *const reserved[] = { "yes", "no", "true", "false",
	"unknown" };

bool
forwarders_name_is_good(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (slice_eq_nocase(name, slice_str(reserved[i])))
			return false;
	}
	for (i = 0; i < name.len; i++) {
		if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '.' &&
		    name.ptr[i] != '-' && name.ptr[i] != '_')
			return false;
	}
	return name.len > 0 && name.len <= LIMIT_RULE_NAME;
}

static bool
read_name(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct slice copy;

	if (!schema_has_text(n) || !forwarders_name_is_good(n->text))
		return schema_refuse(s, key, n, "letters, digits, \".\", "
		    "\"-\" and \"_\", at most 64 of them, and none of yes, "
		    "no, true, false, unknown");
	copy = arena_dup(s->arena, n->text);
	if (copy.ptr == NULL)
		return schema_no_memory(s);
	schema_put(out, key->field, &copy, sizeof(copy));
	return true;
}

#define FORWARDER(member) .field = offsetof(struct config_forwarder, member)
#define FORWARDER_COUNT(member) \
	.count = offsetof(struct config_forwarder, member), .min = 1, \
	.max = LIMIT_POLICY_LIST

const struct schema_key forwarders_keys[] = {
	{ .name = "name", .read = read_name, .shape = SCHEMA_TEXT,
	  FORWARDER(name) },
	{ .name = "client", .read = values_networks, FORWARDER(clients),
	  FORWARDER_COUNT(client_count) },
	{ .name = "iprev", .read = values_patterns, FORWARDER(names),
	  FORWARDER_COUNT(name_count) },
	{ .name = "file", .read = values_file, FORWARDER(file),
	  .table = "the path of a file with a network or a name on each "
	  "line" },
	{ .name = "for", .read = values_patterns, FORWARDER(recipients),
	  FORWARDER_COUNT(recipient_count) },
	{ .name = "from-domain", .read = values_patterns,
	  FORWARDER(from_domains), FORWARDER_COUNT(from_domain_count) },
	{ .name = NULL }
};

static bool
check_forwarder(struct schema *s, const struct yaml_node *n,
    const struct config_forwarder *list, const struct config_forwarder *f)
{
	const struct config_forwarder *i;

	if (f->name.len == 0)
		return schema_fail(s, n, "%sname is missing; allowed: a name "
		    "for the log and for the condition forwarder", s->where);
	if (f->client_count == 0 && f->name_count == 0 && f->file == NULL)
		return schema_fail(s, n, "%sit has no host; allowed: at least "
		    "one of client, iprev, file", s->where);
	for (i = list; i < f; i++) {
		if (slice_eq_nocase(i->name, f->name))
			return schema_fail(s, schema_get(n, "name"),
			    "%sname is '%s', which is the forwarder in line "
			    "%u; allowed: a different name", s->where,
			    f->name.ptr, i->line);
	}
	return true;
}

/* A schema_entry_fn. */
static bool
read_forwarder(struct schema *s, const struct yaml_node *n, void *items,
    size_t index)
{
	struct config_forwarder *list = items, *f = &list[index];
	const struct yaml_node *file;

	snprintf(s->where, sizeof(s->where), "forwarder %zu: ", index + 1);
	if (n->kind != YAML_MAPPING)
		return schema_fail(s, n, "forwarder %zu must be a mapping of "
		    "\"key: value\"; allowed: " FORWARDER_KEYS, index + 1);
	f->path = s->file;
	f->line = n->line;
	if (!schema_mapping(s, forwarders_keys, "a forwarder", n, f) ||
	    !check_forwarder(s, n, list, f))
		return false;
	file = schema_get(n, "file");
	f->file_line = file != NULL ? file->line : 0;
	f->file_column = file != NULL ? file->column : 0;
	return true;
}

bool
forwarders_list(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_entries(s, key, n, out,
	    sizeof(struct config_forwarder), read_forwarder,
	    "a list of forwarders");
}

/* ---- all hosts in one table ---- */

/* What becomes of a host that cannot be added; `place` is "FILE:LINE". */
static bool
refuse_host(struct schema *s, enum hosts_status status, const char *place)
{
	switch (status) {
	case HOSTS_OK:
		return true;
	case HOSTS_LIMIT:
		snprintf(s->why, s->why_size, "%s: too many hosts of "
		    "forwarders; allowed: %d in all", place, LIMIT_HOSTS);
		return false;
	case HOSTS_MALFORMED:
		snprintf(s->why, s->why_size, "%s: this is not a host; "
		    "allowed: an address, a network like 192.0.2.0/24, a name "
		    "like mx.example.org, *.example.org", place);
		return false;
	case HOSTS_NO_MEMORY:
		break;
	}
	return schema_no_memory(s);
}

static bool
add_lists(struct schema *s, struct config_hosts *h,
    const struct config_forwarder *f, unsigned int owner)
{
	enum hosts_status status = HOSTS_OK;
	char place[300];
	size_t i;

	for (i = 0; i < f->client_count && status == HOSTS_OK; i++)
		status = hosts_add_net(h, &f->clients[i], owner);
	for (i = 0; i < f->name_count && status == HOSTS_OK; i++)
		status = hosts_add_name(h, &f->names[i], owner);
	snprintf(place, sizeof(place), "%s:%u", f->path, f->line);
	return refuse_host(s, status, place);
}

static bool
add_file(struct schema *s, struct config_hosts *h,
    const struct config_forwarder *f, unsigned int owner, char *text)
{
	char problem[512], place[600];
	enum hosts_status status;
	unsigned int line;
	size_t len;

	if (!trusted_read(f->file, text, LIMIT_HOSTS_BYTES, &len, problem,
	    sizeof(problem))) {
		snprintf(s->why, s->why_size, "%s:%u:%u: forwarder '%s': %s",
		    f->path, f->file_line, f->file_column, f->name.ptr,
		    problem);
		return false;
	}
	status = hosts_add_text(h, (struct slice){ text, len }, owner, &line);
	snprintf(place, sizeof(place), "%s:%u", f->file, line);
	return refuse_host(s, status, place);
}

/* One after the other, as a mistake ends it. */
static bool
add_files(struct schema *s, struct config_hosts *h,
    const struct config *c)
{
	char *text = mem_alloc(LIMIT_HOSTS_BYTES);
	bool good = text != NULL || schema_no_memory(s);
	size_t i;

	for (i = 0; i < c->forwarder_count && good; i++)
		good = c->forwarders[i].file == NULL || add_file(s, h,
		    &c->forwarders[i], (unsigned int)i, text);
	mem_free(text);
	return good;
}

static bool
has_file(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->forwarder_count; i++) {
		if (c->forwarders[i].file != NULL)
			return true;
	}
	return false;
}

bool
forwarders_complete(struct schema *s, struct config *c)
{
	struct config_hosts *h;
	size_t i;

	if (c->forwarder_count == 0)
		return true;
	h = hosts_new(s->arena);
	if (h == NULL)
		return schema_no_memory(s);
	for (i = 0; i < c->forwarder_count; i++) {
		if (!add_lists(s, h, &c->forwarders[i], (unsigned int)i))
			return false;
	}
	if (!s->offline && has_file(c) && !add_files(s, h, c))
		return false;
	hosts_sort(h);
	c->forwarder_hosts = h;
	c->iprev = c->iprev || hosts_has_names(h);
	return true;
}
