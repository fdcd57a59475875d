/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: tables for config/schema.h.  A new key is a line here, a field in
 * settings.h, and a paragraph in assay-tlspol.yaml(5).
 */
#include "tlspol/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "config/sections.h"
#include "config/values.h"

/* The settings come first. */
struct owned {
	struct settings	 settings;
	struct arena	*arena;		/* holds this struct as well */
	unsigned int	 references;
};

#define FIELD(member) .field = offsetof(struct settings, member)
#define COUNT(member) .count = offsetof(struct settings, member)

/* One, or a list of them. */
static bool
read_sockets(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct settings *set = out;
	const struct schema_key one = { .name = key->name };
	const struct yaml_node *i;
	size_t count = schema_count(n);

	if (n->kind == YAML_MAPPING || count < key->min || count > key->max)
		return schema_refuse(s, key, n,
		    "one socket, or a list of up to 8");
	set->sockets = arena_array(s->arena, count, sizeof(char *));
	if (set->sockets == NULL)
		return schema_no_memory(s);
	set->socket_count = 0;
	for (i = schema_first(n); i != NULL; i = schema_next(n, i)) {
		if (!values_socket(s, &one, i,
		    &set->sockets[set->socket_count]))
			return false;
		set->socket_count++;
	}
	return true;
}

static const struct schema_key https_keys[] = {
	{ .name = "ca-file", .read = values_readable_file,
	  .table = "the path of a file of certificates",
	  FIELD(https.ca_file) },
	/* RFC 8461 3.3: one minute is the most. */
	{ .name = "timeout", .read = schema_duration,
	  FIELD(https.timeout_ms), .min = 1000, .max = 60000 },
	{ .name = "port", .read = schema_number, FIELD(https.port),
	  .min = 1, .max = 65535 },
	{ .name = "allow-networks", .read = values_networks,
	  FIELD(https.allow), COUNT(https.allow_count),
	  .max = LIMIT_POLICY_LIST },
	{ .name = NULL }
};

static const struct schema_key cache_keys[] = {
	{ .name = "file", .read = schema_path, FIELD(cache.file) },
	{ .name = "domains", .read = schema_number, FIELD(cache.domains),
	  .min = 2 * LIMIT_TLSPOL_LOOKUPS, .max = 10000000 },
	{ .name = "memory", .read = schema_size, FIELD(cache.memory),
	  .min = 4u << 20, .max = 4ull << 30 },
	{ .name = NULL }
};

static const struct schema_key keys[] = {
	{ .name = "socket", .read = read_sockets, .min = 1,
	  .max = LIMIT_TLSPOL_SOCKETS },
	{ .name = "socket-mode", .read = schema_mode, FIELD(socket_mode),
	  .max = 0777 },
	{ .name = "remote-clients", .read = schema_bool,
	  FIELD(remote_clients) },
	{ .name = "metrics", .read = values_socket, FIELD(metrics) },
	{ .name = "user", .read = values_user, FIELD(user) },
	{ .name = "pid-file", .read = schema_path, FIELD(pid_file) },
	{ .name = "confinement", .read = schema_bool, FIELD(confinement) },
	{ .name = "log", .read = schema_section, .table = sections_log_keys,
	  FIELD(log) },
	{ .name = "resolver", .read = schema_section,
	  .table = sections_resolver_keys, FIELD(resolver) },
	/* Sendmail waits 5 s. */
	{ .name = "answer-within", .read = schema_duration,
	  FIELD(answer_ms), .min = 100, .max = 30000 },
	{ .name = "dane-only", .read = schema_bool, FIELD(dane_only) },
	{ .name = "smart-hosts", .read = schema_bool, FIELD(smart_hosts) },
	{ .name = "https", .read = schema_section, .table = https_keys },
	{ .name = "cache", .read = schema_section, .table = cache_keys },
	{ .name = NULL }
};

static void
set_defaults(struct settings *s)
{
	static const char *socket = SETTINGS_SOCKET;

	s->sockets = &socket;
	s->socket_count = 1;
	s->socket_mode = 0660;
	s->confinement = true;
	sections_set_defaults(&s->log, &s->resolver);
	s->answer_ms = 3000;
	s->https.timeout_ms = 60000;
	s->https.port = 443;
	s->cache.domains = 100000;
	s->cache.memory = 64u << 20;
}

static struct owned *
owned_new(const char *path)
{
	struct arena *arena = arena_new(LIMIT_CONFIG_MEMORY);
	struct owned *o = NULL;

	if (arena != NULL)
		o = arena_alloc(arena, sizeof(*o));
	if (o != NULL) {
		o->arena = arena;
		o->references = 1;
		set_defaults(&o->settings);
		o->settings.path = arena_dup(arena, slice_str(path)).ptr;
		if (o->settings.path != NULL)
			return o;
	}
	arena_free(arena);
	return NULL;
}

/* Takes the tree; NULL is none. */
static struct settings *
read_tree(struct yaml_tree *t, const char *path, bool offline, char *why,
    size_t why_size)
{
	struct schema s = { .file = path, .why = why, .why_size = why_size,
	    .offline = offline };
	struct owned *o;
	bool good;

	if (t == NULL)
		return NULL;
	o = owned_new(path);
	if (o == NULL) {
		good = schema_no_memory(&s);
	} else {
		s.arena = o->arena;
		s.file = o->settings.path;
		schema_take_mistakes(&s, t, why);
		good = schema_mapping(&s, keys, "the configuration",
		    yaml_tree_root(t), &o->settings) &&
		    yaml_tree_mistakes(t) == 0 && (offline ||
		    sections_read_zone(&o->settings.resolver, why, why_size));
	}
	yaml_tree_free(t);
	if (good)
		return &o->settings;
	if (o != NULL)
		settings_unref(&o->settings);
	return NULL;
}

struct settings *
settings_read(const char *path, char *why, size_t why_size)
{
	return read_tree(yaml_tree_read_file(path, why, why_size), path,
	    false, why, why_size);
}

struct settings *
settings_read_text(struct slice text, const char *name, char *why,
    size_t why_size)
{
	return read_tree(yaml_tree_read_text(text, name, why, why_size), name,
	    true, why, why_size);
}

struct settings *
settings_ref(struct settings *s)
{
	((struct owned *)s)->references++;
	return s;
}

void
settings_unref(struct settings *s)
{
	struct owned *o = (struct owned *)s;

	if (s == NULL || --o->references > 0)
		return;
	dns_zone_free(s->resolver.zone);
	arena_free(o->arena);
}
