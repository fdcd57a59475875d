/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oldconf: see oldconf.h.
 */
#include "tools/oldconf.h"

#include <string.h>

#include "base/ascii.h"

/* ---- files ---- */

/* A file's text in the arena. */
static enum tool_exit
load(struct arena *arena, const char *path, struct slice *out)
{
	struct buf b;
	enum tool_exit status = tool_read_file(path, &b);

	if (status == TOOL_OK)
		*out = arena_dup(arena, buf_slice(&b));
	buf_fini(&b);
	return status == TOOL_OK && arena_failed(arena) ? tool_no_memory() :
	    status;
}

/* The next line less its comment and the space around it. */
static bool
next_line(struct slice *rest, struct slice *line)
{
	struct slice comment;

	if (rest->len == 0)
		return false;
	(void)slice_cut(rest, '\n', line);
	comment = *line;
	(void)slice_cut(&comment, '#', line);
	*line = slice_trim(*line);
	return true;
}

/* Cuts the first word off; what is left begins with no space. */
static struct slice
take_word(struct slice *rest)
{
	size_t n = 0;
	struct slice word;

	while (n < rest->len && !ascii_is_space(rest->ptr[n]))
		n++;
	word = slice_head(*rest, n);
	*rest = slice_trim(slice_from(*rest, n));
	return word;
}

/* ---- settings ---- */

static enum tool_exit	read_file(struct oldconf *c, const char *path,
			    unsigned int depth);

static enum tool_exit
include(struct oldconf *c, struct slice path, unsigned int depth)
{
	/* A slice of the arena ends with a NUL. */
	const char *name = arena_dup(c->arena, path).ptr;

	if (name == NULL)
		return tool_no_memory();
	if (depth == OLDCONF_DEPTH)
		return tool_fail(TOOL_CONFIG, "more than 5 files include one "
		    "another", name);
	return read_file(c, name, depth + 1);
}

static bool
add(struct oldconf *c, struct slice name, struct slice value,
    const char *path, unsigned int line)
{
	struct oldconf_setting *s = arena_alloc(c->arena, sizeof(*s));

	if (s == NULL)
		return false;
	*s = (struct oldconf_setting){ .name = name, .value = value,
	    .path = path, .line = line };
	*c->last = s;
	c->last = &s->next;
	return true;
}

static enum tool_exit
read_file(struct oldconf *c, const char *path, unsigned int depth)
{
	struct slice rest = { NULL, 0 }, line, name;
	enum tool_exit status = load(c->arena, path, &rest);
	unsigned int number = 0;

	while (status == TOOL_OK && next_line(&rest, &line)) {
		number++;
		name = take_word(&line);
		if (name.len == 0)
			continue;
		if (slice_eq_nocase(name, SLICE("Include")))
			status = include(c, line, depth);
		else if (!add(c, name, line, path, number))
			status = tool_no_memory();
	}
	return status;
}

enum tool_exit
oldconf_read(struct oldconf *c, struct arena *arena, const char *program,
    const char *path)
{
	*c = (struct oldconf){ .arena = arena, .program = program,
	    .last = &c->first };
	return read_file(c, path, 0);
}

struct oldconf_setting *
oldconf_find(struct oldconf *c, const char *name)
{
	struct oldconf_setting *s, *found = NULL;

	for (s = c->first; s != NULL; s = s->next)
		if (slice_eq_nocase(s->name, slice_str(name))) {
			s->used = true;
			found = s;
		}
	return found;
}

struct slice
oldconf_value(struct oldconf *c, const char *name)
{
	struct oldconf_setting *s = oldconf_find(c, name);

	return s == NULL ? (struct slice){ NULL, 0 } : s->value;
}

bool
oldconf_bool(struct oldconf *c, const char *name, bool fallback)
{
	struct slice v = oldconf_value(c, name);

	if (v.len == 0)
		return fallback;
	return memchr("TtYy1", v.ptr[0], 5) != NULL;
}

bool
oldconf_number(struct oldconf *c, const char *name, unsigned long long max,
    unsigned long long *out)
{
	return slice_number(oldconf_value(c, name), max, out);
}

/* ---- data sets ---- */

static bool
add_item(struct oldconf *c, struct oldset_item ***last, struct slice key,
    struct slice value)
{
	struct oldset_item *item = arena_alloc(c->arena, sizeof(*item));

	if (item == NULL)
		return false;
	*item = (struct oldset_item){ .key = key, .value = value };
	**last = item;
	*last = &item->next;
	return true;
}

enum tool_exit
oldset_list(struct oldconf *c, struct slice rest, struct oldset *out)
{
	struct oldset_item **last = &out->first;
	struct slice item, key;

	*out = (struct oldset){ .kind = OLDSET_LIST };
	while (rest.len > 0) {
		(void)slice_cut(&rest, ',', &item);
		(void)slice_cut(&item, '=', &key);
		if (slice_trim(key).len > 0 && !add_item(c, &last,
		    slice_trim(key), slice_trim(item)))
			return tool_no_memory();
	}
	return TOOL_OK;
}

static enum tool_exit
read_table(struct oldconf *c, struct slice path, struct oldset *out)
{
	const char *name = arena_dup(c->arena, path).ptr;
	struct oldset_item **last = &out->first;
	struct slice rest = { NULL, 0 }, line, key;
	enum tool_exit status;

	if (name == NULL)
		return tool_no_memory();
	status = load(c->arena, name, &rest);
	while (status == TOOL_OK && next_line(&rest, &line)) {
		key = take_word(&line);
		if (key.len > 0 && !add_item(c, &last, key, line))
			status = tool_no_memory();
	}
	return status;
}

/* What a value may begin with; a NULL `why` is a kind that is read. */
static const struct set_kind {
	struct slice		 prefix;
	enum oldset_kind	 kind;
	const char		*why;
} kinds[] = {
	{ SLICE_INIT("file:"), OLDSET_FILE, NULL },
	{ SLICE_INIT("refile:"), OLDSET_PATTERNS, NULL },
	{ SLICE_INIT("csl:"), OLDSET_LIST, NULL },
	{ SLICE_INIT("db:"), OLDSET_FILE, "a Berkeley database" },
	{ SLICE_INIT("dsn:"), OLDSET_FILE, "an SQL database" },
	{ SLICE_INIT("ldap:"), OLDSET_FILE, "an LDAP directory" },
	{ SLICE_INIT("ldaps:"), OLDSET_FILE, "an LDAP directory" },
	{ SLICE_INIT("ldapi:"), OLDSET_FILE, "an LDAP directory" },
	{ SLICE_INIT("lua:"), OLDSET_FILE, "a Lua script" },
	{ SLICE_INIT("memcache:"), OLDSET_FILE, "a memcached server" },
	{ SLICE_INIT("erlang:"), OLDSET_FILE, "an Erlang function" },
	{ SLICE_INIT("mdb:"), OLDSET_FILE, "an LMDB database" }
};

enum tool_exit
oldset_read(struct oldconf *c, const char *name, struct oldset *out,
    const char **why)
{
	struct slice value = oldconf_value(c, name);
	size_t i;

	*out = (struct oldset){ .kind = OLDSET_LIST };
	*why = NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!slice_starts(value, kinds[i].prefix))
			continue;
		out->kind = kinds[i].kind;
		*why = kinds[i].why;
		value = slice_from(value, kinds[i].prefix.len);
		if (*why != NULL)
			return TOOL_OK;
		return out->kind == OLDSET_LIST ? oldset_list(c, value, out) :
		    read_table(c, value, out);
	}
	if (slice_ends_nocase(value, SLICE(".db"))) {
		*why = "a Berkeley database";
		return TOOL_OK;
	}
	if (slice_starts(value, SLICE("/"))) {
		out->kind = OLDSET_FILE;
		return read_table(c, value, out);
	}
	return oldset_list(c, value, out);
}
