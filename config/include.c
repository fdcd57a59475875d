/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * include: a configuration in several files.
 *
 *  1. The keys of each file are noted: one that is not joined may be in one
 *     file only.
 *  2. A file that is included is read where it is named, into the same
 *     configuration.  A file of observe-policy has rules only.
 */
#include "config/include_internal.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "config/config_internal.h"
#include "config/describe_internal.h"
#include "config/forwarders_internal.h"
#include "config/origins_internal.h"
#include "config/rules_internal.h"
#include "config/sign_internal.h"
#include "config/values.h"

/* The configuration and what it includes or observes, which are limited
   together. */
#define YAML_FILES (1 + LIMIT_INCLUDES)

/* Of a file of observe-policy. */
static const struct schema_key observed_keys[] = {
	{ .name = "policy", .read = rules_policy, .table = rules_keys,
	  .field = offsetof(struct config, observed_policy.rules),
	  .count = offsetof(struct config, observed_policy.count),
	  .max = LIMIT_POLICY_RULES },
	{ .name = NULL }
};

/* A list is there; "policy:" with nothing after it is half written. */
static bool
is_list(const struct yaml_node *root, const char *key)
{
	const struct yaml_node *n = root != NULL && root->kind == YAML_MAPPING ?
	    schema_get(root, key) : NULL;

	return n != NULL && n->kind == YAML_SEQUENCE;
}

void
include_note_given(struct config *c, const struct yaml_node *root)
{
	c->given = c->given || root != NULL;
	c->policy_given = c->policy_given || is_list(root, "policy");
	c->sign_given = c->sign_given || is_list(root, "sign");
}

/* Lists of several files are joined; anything else is in one. */
static bool
is_joined(const struct schema_key *k)
{
	return k->read == rules_policy || k->read == sign_rules ||
	    k->read == origins_list || k->read == forwarders_list ||
	    k->read == include_files;
}

bool
include_take_keys(struct schema *s, const struct yaml_node *root,
    struct config_owned *o)
{
	const struct yaml_node *n;
	bool good = true;
	size_t i;

	n = root != NULL && root->kind == YAML_MAPPING ? root->child : NULL;
	for (; n != NULL; n = n->next) {
		for (i = 0; config_keys[i].name != NULL; i++) {
			if (!slice_eq(slice_str(config_keys[i].name),
			    n->key->text) || is_joined(&config_keys[i]))
				continue;
			if ((o->taken & UINT64_C(1) << i) != 0)
				good = schema_fail(s, n->key, "%s is set in "
				    "another file as well; allowed: in one",
				    config_keys[i].name);
			o->taken |= UINT64_C(1) << i;
		}
	}
	return good;
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Neither itself again, nor too deep, nor too many. */
static bool
may_include(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, const char *path, struct config_owned *o)
{
	const struct schema *p;
	unsigned int depth = 0;

	for (p = s; p != NULL; p = p->parent) {
		depth++;
		if (is_same_file(p->file, path))
			return schema_refuse(s, key, n,
			    "a file that does not include itself");
	}
	if (depth > LIMIT_INCLUDE_DEPTH)
		return schema_fail(s, n, "include goes too deep; allowed: "
		    "%d files that include each other", LIMIT_INCLUDE_DEPTH);
	if (o->included++ == LIMIT_INCLUDES)
		return schema_fail(s, n, "too many files are included; "
		    "allowed: %d in all", LIMIT_INCLUDES);
	return true;
}

static void
add_file(struct config *c, const char *path)
{
	c->files[c->file_count].path = path;
	file_look(path, &c->files[c->file_count++].seen);
}

bool
include_note_file(struct config *c, const char *path)
{
	if (c->files == NULL)
		c->files = arena_array(config_owned_of(c)->arena, YAML_FILES,
		    sizeof(*c->files));
	if (c->files == NULL)
		return false;
	if (c->file_count < YAML_FILES)
		add_file(c, path);
	return true;
}

/* Takes one that is named, if it is, and not the same as the one before. */
static void
take_named(const char **out, size_t *count, const char *path)
{
	if (path == NULL || (out != NULL && *count > 0 &&
	    strcmp(out[*count - 1], path) == 0))
		return;
	if (out != NULL)
		out[*count] = path;
	(*count)++;
}

/*
 * The files that a configuration names, and that a reload reads: not those
 * which are followed by themselves (for-user, folders of keys).  How many
 * there are, at most if `out` is NULL.
 */
static size_t
named_files(const struct config *c, const char **out)
{
	size_t i, k, count = 0;

	take_named(out, &count, c->resolver.zone_path);
	take_named(out, &count, c->seal.key.file);
	for (i = 0; i < c->forwarder_count; i++)
		take_named(out, &count, c->forwarders[i].file);
	for (i = 0; i < c->sign_count; i++) {
		for (k = 0; k < c->sign[i].key_count; k++)
			take_named(out, &count, c->sign[i].keys[k].file);
	}
	return count;
}

bool
include_note_named_files(struct schema *s, struct config *c)
{
	size_t i, count = named_files(c, NULL);
	struct config_file *files;
	const char **named;

	if (s->offline || !c->auto_reload || count == 0)
		return true;
	named = arena_array(s->arena, count, sizeof(*named));
	files = arena_array(s->arena, c->file_count + count, sizeof(*files));
	if (named == NULL || files == NULL)
		return schema_no_memory(s);
	memcpy(files, c->files, c->file_count * sizeof(*files));
	c->files = files;
	count = named_files(c, named);
	for (i = 0; i < count; i++)
		add_file(c, named[i]);
	return true;
}

/* What is done with the keys of another file; `s` has its name. */
typedef bool	keys_fn(struct schema *s, const struct yaml_node *root,
		    struct config *c);

static bool
read_other_file(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, const char *path, keys_fn *take,
    struct config *c)
{
	struct schema sub = { .file = path, .arena = s->arena, .why = s->why,
		.why_size = s->why_size, .mistakes = s->mistakes,
		.parent = s };
	char problem[LIMIT_CONFIG_WHY];
	struct yaml_tree *t;
	bool good;

	if (!include_note_file(c, path))
		return schema_no_memory(s);
	t = yaml_tree_read_file(path, problem, sizeof(problem));
	if (t == NULL)
		return schema_fail(s, n, "%s: %s", key->name, problem);
	schema_take_mistakes(&sub, t, problem);
	good = yaml_tree_mistakes(t) == 0;
	/* Nothing may be left but mistakes. */
	if (good || yaml_tree_root(t) != NULL)
		good = take(&sub, yaml_tree_root(t), c) && good;
	yaml_tree_free(t);
	s->mistakes = sub.mistakes;
	s->no_memory = sub.no_memory;
	return good;
}

/* A keys_fn: as if they were in the file that includes them. */
static bool
take_included(struct schema *s, const struct yaml_node *root,
    struct config *c)
{
	bool good;

	include_note_given(c, root);
	good = include_take_keys(s, root, config_owned_of(c));
	return schema_mapping(s, config_keys, "the configuration", root, c) &&
	    good;
}

/* A keys_fn. */
static bool
take_observed(struct schema *s, const struct yaml_node *root,
    struct config *c)
{
	static const struct yaml_node nothing = { .line = 1, .column = 1 };

	/* Such a file may be half written. */
	if (root == NULL ||
	    (root->kind == YAML_MAPPING && !is_list(root, "policy")))
		return schema_fail(s, root != NULL ? root : &nothing,
		    "the policy to observe is missing; allowed: policy, a "
		    "list of rules");
	return schema_mapping(s, observed_keys, "the policy to observe", root,
	    c);
}

/* A path or a list of them. */
static bool
read_files(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, bool included, struct config *c)
{
	const struct schema_key one = { .name = key->name,
		.table = key->table };
	const struct yaml_node *i;
	bool good = true;
	const char *path;

	if (n->kind == YAML_MAPPING || (!included && schema_count(n) == 0))
		return schema_refuse(s, key, n, key->table);
	for (i = schema_first(n); i != NULL && !s->no_memory;
	    i = schema_next(n, i)) {
		if (!values_file(s, &one, i, &path) || (!s->offline &&
		    (!may_include(s, key, i, path, config_owned_of(c)) ||
		    !read_other_file(s, key, i, path, included ?
		    take_included : take_observed, c))))
			good = false;
	}
	return good;
}

bool
include_files(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return read_files(s, key, n, true, out);
}

bool
include_observed(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct config *c = out;

	c->observes = true;
	return read_files(s, key, n, false, c);
}
