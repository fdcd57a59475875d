/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config: the keys of the configuration, their defaults and their ranges.
 *
 * 1. The file becomes a tree (config/yaml.h).
 * 2. One arena holds the configuration and all that it points to.  It gets
 *    the defaults.
 * 3. The tables below read the tree into it, and files that it includes
 *    (config/include.c).  A new key is a line here, a field in config.h, and
 *    a paragraph in assay.yaml(5).
 * 4. The zone is read last.
 */
#include "config/config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/config_internal.h"
#include "config/describe_internal.h"
#include "config/forwarders_internal.h"
#include "config/include_internal.h"
#include "config/origins_internal.h"
#include "config/reports_internal.h"
#include "config/rules_internal.h"
#include "config/seal_internal.h"
#include "config/sections.h"
#include "config/sign_internal.h"
#include "config/values.h"

/* ---- the tables ---- */

#define FIELD(member) .field = offsetof(struct config, member)
#define COUNT(member) .count = offsetof(struct config, member)

static const struct schema_word unsigned_mail[] = {
	{ "accept", CONFIG_UNSIGNED_ACCEPT },
	{ "tempfail", CONFIG_UNSIGNED_TEMPFAIL },
	{ NULL, 0 }
};

static const struct schema_word partial_body[] = {
	{ "policy", false },
	{ "pass", true },
	{ NULL, 0 }
};

/* In the order of enum dkim_double. */
static const struct schema_word doubled[] = {
	{ "From", 0 }, { "Subject", 1 }, { "To", 2 }, { "Cc", 3 },
	{ "Date", 4 }, { "Reply-To", 5 }, { "Sender", 6 },
	{ "Message-ID", 7 }, { "Content-Type", 8 },
	{ NULL, 0 }
};

/* bool: policy, pass */
static bool
read_partial_body(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct schema_key flat = *key;
	unsigned int pass;
	bool value;

	flat.field = 0;
	if (!schema_word(s, &flat, n, &pass))
		return false;
	value = pass != 0;
	schema_put(out, key->field, &value, sizeof(value));
	return true;
}

/* A set of words, which may be empty. */
static bool
read_doubled(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned int none = 0;

	if (n->kind != YAML_SEQUENCE || n->child != NULL)
		return schema_words(s, key, n, out);
	schema_put(out, key->field, &none, sizeof(none));
	return true;
}

static const struct schema_key limits_keys[] = {
	{ .name = "deadline", .read = schema_duration,
	  FIELD(limits.deadline_ms), .min = 1000, .max = 600000 },
	{ .name = "signatures", .read = schema_number,
	  FIELD(limits.signatures), .min = 1, .max = 100 },
	{ .name = "seal-age", .read = schema_seconds,
	  FIELD(limits.seal_age), .min = 3600, .max = 365 * 86400 },
	{ .name = NULL }
};

static const struct schema_key spf_keys[] = {
	{ .name = "helo", .read = schema_bool, FIELD(spf.helo) },
	/* As many as there can be terms: no limit. */
	{ .name = "void-limit", .read = schema_number,
	  FIELD(spf.void_limit), .min = 0, .max = LIMIT_SPF_TERMS },
	{ .name = NULL }
};

static const struct schema_key dkim_keys[] = {
	/* RFC 8301 3.2: shorter keys are never valid. */
	{ .name = "minimum-rsa-bits", .read = schema_number,
	  FIELD(dkim.minimum_rsa_bits),
	  .min = 1024, .max = LIMIT_DKIM_RSA_BITS },
	{ .name = "test-keys", .read = schema_bool, FIELD(dkim.test_keys) },
	{ .name = "partial-body", .read = read_partial_body,
	  .table = partial_body, .shape = SCHEMA_WORD,
	  FIELD(dkim.partial_body) },
	{ .name = "doubled", .read = read_doubled, .table = doubled,
	  .shape = SCHEMA_WORDS,
	  FIELD(dkim.doubled) },
	{ .name = NULL }
};

const struct schema_key config_keys[] = {
	{ .name = "include", .read = include_files, .shape = SCHEMA_TEXTS,
	  .table = "the path of a configuration file", .min = 1,
	  .max = LIMIT_INCLUDES },
	{ .name = "auto-reload", .read = schema_bool, FIELD(auto_reload) },
	{ .name = "socket", .read = values_socket, FIELD(socket) },
	{ .name = "socket-mode", .read = schema_mode, FIELD(socket_mode),
	  .max = 0777 },
	{ .name = "metrics", .read = values_socket, FIELD(metrics) },
	{ .name = "user", .read = values_user, FIELD(user) },
	{ .name = "pid-file", .read = schema_path, FIELD(pid_file) },
	{ .name = "store", .read = values_store, FIELD(store) },
	{ .name = "store-spool", .read = schema_path, FIELD(store_spool) },
	{ .name = "keep", .read = schema_seconds, FIELD(keep),
	  .min = 86400, .max = 3650u * 86400 },
	{ .name = "confinement", .read = schema_bool, FIELD(confinement) },
	{ .name = "authserv-id", .read = values_domain,
	  FIELD(authserv_id), .table = "a name like mx.example.org" },
	{ .name = "authserv-ids-to-remove", .read = values_domains,
	  FIELD(authserv_ids_to_remove),
	  COUNT(authserv_id_to_remove_count), .max = LIMIT_AUTHSERV_IDS },
	{ .name = "remove-received-spf", .read = schema_bool,
	  FIELD(remove_received_spf) },
	{ .name = "trusted-networks", .read = values_networks,
	  FIELD(trusted_networks), COUNT(trusted_network_count),
	  .max = LIMIT_POLICY_LIST },
	{ .name = "origins", .read = origins_list, .table = origins_keys,
	  FIELD(origins), COUNT(origin_count), .max = LIMIT_ORIGINS },
	{ .name = "log", .read = schema_section,
	  .table = sections_log_keys, FIELD(log) },
	{ .name = "resolver", .read = schema_section,
	  .table = sections_resolver_keys, FIELD(resolver) },
	{ .name = "limits", .read = schema_section, .table = limits_keys },
	{ .name = "spf", .read = schema_section, .table = spf_keys },
	{ .name = "dkim", .read = schema_section, .table = dkim_keys },
	{ .name = "dns-sec", .read = schema_bool, FIELD(dns_sec) },
	{ .name = "iprev", .read = schema_bool, FIELD(iprev) },
	{ .name = "annotate-own", .read = schema_bool, FIELD(annotate_own) },
	{ .name = "show-auth-name", .read = schema_bool,
	  FIELD(show_auth_name) },
	{ .name = "own-domains", .read = values_patterns, FIELD(own_domains),
	  COUNT(own_domain_count), .min = 1, .max = LIMIT_POLICY_LIST },
	{ .name = "enforce-anyway", .read = values_patterns,
	  FIELD(enforce_anyway), COUNT(enforce_anyway_count), .min = 1,
	  .max = LIMIT_POLICY_LIST },
	{ .name = "trusted-sealers", .read = values_patterns,
	  FIELD(trusted_sealers), COUNT(trusted_sealer_count),
	  .max = LIMIT_POLICY_LIST },
	{ .name = "forwarders", .read = forwarders_list,
	  .table = forwarders_keys, FIELD(forwarders),
	  COUNT(forwarder_count), .max = LIMIT_FORWARDERS },
	{ .name = "policy", .read = rules_policy, .table = rules_keys,
	  FIELD(policy.rules),
	  COUNT(policy.count), .max = LIMIT_POLICY_RULES },
	{ .name = "observe-policy", .read = include_observed,
	  .shape = SCHEMA_TEXTS, .table = "the path of a file with a policy",
	  .min = 1, .max = LIMIT_INCLUDES },
	{ .name = "sign", .read = sign_rules, .table = sign_keys,
	  FIELD(sign), COUNT(sign_count), .max = LIMIT_SIGN_RULES },
	{ .name = "sign-defaults", .read = schema_section,
	  .table = sign_default_keys, FIELD(sign_defaults) },
	{ .name = "seal", .read = seal_section, .table = seal_keys,
	  .shape = SCHEMA_SECTION, FIELD(seal) },
	{ .name = "unsigned", .read = schema_word, .table = unsigned_mail,
	  FIELD(unsigned_mail) },
	{ .name = "report", .read = schema_section, .table = reports_keys,
	  FIELD(report) },
	{ .name = NULL }
};

#define KEYS (sizeof(config_keys) / sizeof(config_keys[0]) - 1)
_Static_assert(KEYS <= 64, "config_owned.taken has a bit for each");

/* ---- defaults ---- */

static void
set_defaults(struct config *c)
{
	static const struct ipnet loopback[] = {
		{ { IPADDR_V4, { 127 } }, 8 },
		{ { IPADDR_V6, { [15] = 1 } }, 128 }
	};

	c->socket = CONFIG_SOCKET;
	c->socket_mode = 0660;
	c->confinement = true;
	c->trusted_networks = loopback;
	c->trusted_network_count = sizeof(loopback) / sizeof(loopback[0]);
	sections_set_defaults(&c->log, &c->resolver);
	reports_set_defaults(&c->report);
	c->limits.deadline_ms = 20000;
	c->limits.signatures = LIMIT_DKIM_SIGNATURES;
	c->limits.seal_age = 7 * 86400;
	c->keep = 30 * 86400;
	c->spf.helo = true;
	c->spf.void_limit = LIMIT_SPF_VOID;
	c->dkim.minimum_rsa_bits = 1024;
	c->dkim.doubled = 1u << 0 | 1u << 1;
}

/* ---- the whole ---- */

static struct config *
config_new(const char *path)
{
	struct arena *arena = arena_new(LIMIT_CONFIG_MEMORY);
	struct config_owned *o;

	if (arena == NULL)
		return NULL;
	o = arena_alloc(arena, sizeof(*o));
	if (o == NULL) {
		arena_free(arena);
		return NULL;
	}
	o->arena = arena;
	atomic_init(&o->references, 1);
	set_defaults(&o->config);
	o->config.path = arena_dup(arena, slice_str(path)).ptr;
	if (o->config.path != NULL)
		return &o->config;
	arena_free(arena);
	return NULL;
}

static bool
is_signed(const struct config *c, struct slice name)
{
	size_t i;

	for (i = 0; i < c->sign_count; i++) {
		if (policy_pattern_find(c->sign[i].domains,
		    c->sign[i].domain_count, name) != NULL)
			return true;
	}
	return false;
}

bool
config_is_own_domain(const struct config *c, struct slice name)
{
	if (c->own_domain_count > 0)
		return policy_pattern_find(c->own_domains,
		    c->own_domain_count, name) != NULL;
	return is_signed(c, name);
}

bool
config_is_at_home(const struct config *c, struct slice name)
{
	return policy_pattern_find(c->own_domains, c->own_domain_count,
	    name) != NULL || is_signed(c, name);
}

bool
config_report_is_signed(const struct config *c)
{
	struct slice from = c->report.from;
	size_t i;

	for (i = 0; i < c->sign_count; i++)
		if (c->sign[i].domain_count == 0)
			return true;
	return is_signed(c, slice_from(from, slice_find(from, '@') + 1));
}

bool
config_has_keys(const struct config *c)
{
	return c->sign_count > 0 || c->seal.given;
}

bool
config_is_enforced(const struct config *c, struct slice name)
{
	return policy_pattern_find(c->enforce_anyway, c->enforce_anyway_count,
	    name) != NULL;
}

bool
config_may_replace(const struct config *old, const struct config *new,
    char *why, size_t why_size)
{
	const char *key;

	if (!new->given) {
		snprintf(why, why_size, "%s: nothing is set in it; allowed: "
		    "at least one key", new->path);
		return false;
	}
	if (old->policy.count > 0 && !new->policy_given)
		key = "policy";
	else if (old->sign_count > 0 && !new->sign_given)
		key = "sign";
	else
		return true;
	snprintf(why, why_size, "%s: %s is missing, but it has rules so far; "
	    "allowed: rules, or \"%s: []\" to remove them", new->path,
	    key, key);
	return false;
}

/* Steps 2 and 3. */
static struct config *
read_tree(const struct yaml_tree *t, const char *path, bool offline,
    char *why, size_t why_size)
{
	struct config *c = config_new(path);
	struct schema s = { .file = path, .why = why, .why_size = why_size,
	    .offline = offline };

	if (c == NULL) {
		schema_no_memory(&s);
		return NULL;
	}
	s.arena = config_owned_of(c)->arena;
	s.file = c->path;
	if (!offline && !include_note_file(c, c->path)) {
		schema_no_memory(&s);
		config_unref(c);
		return NULL;
	}
	schema_take_mistakes(&s, t, why);
	include_note_given(c, yaml_tree_root(t));
	include_take_keys(&s, yaml_tree_root(t), config_owned_of(c));
	if (schema_mapping(&s, config_keys, "the configuration",
	    yaml_tree_root(t), c) && yaml_tree_mistakes(t) == 0 &&
	    origins_complete(&s,
	    yaml_tree_root(t), c) && sign_complete(&s, c) &&
	    include_note_named_files(&s, c) &&
	    forwarders_complete(&s, c) && (offline ||
	    sections_read_zone(&c->resolver, why, why_size)))
		return c;
	config_unref(c);
	return NULL;
}

/* As a file that has only this key would read it. */
struct config *
config_read_policy(const char *path, char *why, size_t why_size)
{
	struct yaml_tree *t;
	struct config *c = NULL;
	struct buf b;

	buf_init(&b, 2 * PATH_MAX + 64);
	buf_adds(&b, "observe-policy: '");
	for (; *path != '\0'; path++)
		buf_adds(&b, *path == '\'' ? "''" : (char[]){ *path, '\0' });
	buf_adds(&b, "'");
	t = yaml_tree_read_text(buf_slice(&b), "policy", why, why_size);
	if (t != NULL)
		c = read_tree(t, "policy", false, why, why_size);
	yaml_tree_free(t);
	buf_fini(&b);
	return c;
}

struct config *
config_read(const char *path, char *why, size_t why_size)
{
	struct yaml_tree *t;
	struct config *c;
	struct stat seen;

	file_look(path, &seen);
	t = yaml_tree_read_file(path, why, why_size);
	if (t == NULL)
		return NULL;
	c = read_tree(t, path, false, why, why_size);
	if (c != NULL)
		c->files[0].seen = seen;
	yaml_tree_free(t);
	return c;
}

struct config *
config_read_text(struct slice text, const char *name, char *why,
    size_t why_size)
{
	struct yaml_tree *t = yaml_tree_read_text(text, name, why, why_size);
	struct config *c;

	if (t == NULL)
		return NULL;
	c = read_tree(t, name, true, why, why_size);
	yaml_tree_free(t);
	return c;
}

struct config *
config_ref(struct config *c)
{
	atomic_fetch_add_explicit(&config_owned_of(c)->references, 1,
	    memory_order_relaxed);
	return c;
}

void
config_unref(struct config *c)
{
	if (c == NULL || atomic_fetch_sub_explicit(
	    &config_owned_of(c)->references, 1, memory_order_acq_rel) != 1)
		return;
	dns_zone_free(c->resolver.zone);
	arena_free(config_owned_of(c)->arena);
}
