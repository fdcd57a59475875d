/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema: tables that say what a mapping may hold.
 *
 * Messages are written straight to the caller's buffer, piece by piece, so
 * that an error can always be reported, also when memory is short.  Readers
 * of single values are in config/scalars.c and config/values.c.
 */
#include "config/schema.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

#define SHOWN_TEXT	60	/* octets of a value that a message repeats */
#define GUESS_MAX	24	/* octets of a key that may be a slip */

/* ---- messages ---- */

__attribute__((format(printf, 2, 0))) static void
say_args(struct schema *s, const char *fmt, va_list ap)
{
	size_t len = strlen(s->why);

	if (!s->silent && s->mistakes <= LIMIT_CONFIG_MISTAKES &&
	    len + 1 < s->why_size)
		vsnprintf(s->why + len, s->why_size - len, fmt, ap);
}

void
schema_say(struct schema *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_args(s, fmt, ap);
	va_end(ap);
}

void
schema_say_text(struct schema *s, struct slice text)
{
	struct slice shown = slice_head(text, SHOWN_TEXT);
	char copy[SHOWN_TEXT + 1];
	size_t i;

	for (i = 0; i < shown.len; i++)
		copy[i] = ascii_is_printable(shown.ptr[i]) ? shown.ptr[i] : '?';
	copy[i] = '\0';
	schema_say(s, "'%s%s'", copy, shown.len < text.len ? "..." : "");
}

void
schema_take_mistakes(struct schema *s, const struct yaml_tree *t,
    const char *why)
{
	unsigned int count = yaml_tree_mistakes(t);

	if (count > 0 && why != s->why) {
		if (s->mistakes == 0)
			s->why[0] = '\0';
		else
			schema_say(s, "\n");
		schema_say(s, "%s", why);
	}
	s->mistakes += count;
}

/* One past the limit says that there are more, and the rest nothing. */
static void
begin_message(struct schema *s, const struct yaml_node *at)
{
	s->silent = at->faulty;
	if (s->silent)
		return;
	if (s->mistakes == 0)
		s->why[0] = '\0';
	else
		schema_say(s, "\n");
	if (s->mistakes == LIMIT_CONFIG_MISTAKES)
		schema_say(s, "%s: there are more mistakes", s->file);
	if (s->mistakes <= LIMIT_CONFIG_MISTAKES)
		s->mistakes++;
	schema_say(s, "%s:%u:%u: ", s->file, at->line, at->column);
}

bool
schema_fail(struct schema *s, const struct yaml_node *at, const char *fmt,
    ...)
{
	va_list ap;

	begin_message(s, at);
	va_start(ap, fmt);
	say_args(s, fmt, ap);
	va_end(ap);
	return false;
}

bool
schema_no_memory(struct schema *s)
{
	snprintf(s->why, s->why_size, "%s: out of memory", s->file);
	s->no_memory = true;
	return false;
}

bool
schema_refuse(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, const char *allowed)
{
	schema_fail(s, n, "%s%s ", s->where, key->name);
	if (n->kind == YAML_SEQUENCE)
		schema_say(s, n->child == NULL ? "is an empty list" :
		    "is a list");
	else if (n->kind == YAML_MAPPING)
		schema_say(s, "is a mapping");
	else if (schema_is_void(n))
		schema_say(s, "has no value");
	else {
		schema_say(s, "is ");
		schema_say_text(s, n->text);
	}
	schema_say(s, "; allowed: %s", allowed);
	return false;
}

/* ---- nodes ---- */

bool
schema_has_text(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->text.len > 0;
}

bool
schema_is_void(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && !n->quoted && n->text.len == 0;
}

const struct yaml_node *
schema_get(const struct yaml_node *mapping, const char *name)
{
	const struct yaml_node *n;

	for (n = mapping->child; n != NULL; n = n->next) {
		if (slice_eq(n->key->text, slice_str(name)))
			break;
	}
	return n;
}

bool
schema_must_have(struct schema *s, const struct yaml_node *n,
    const char *name)
{
	return schema_get(n, name) != NULL ||
	    schema_fail(s, n, "%s%s is missing", s->where, name);
}

const struct yaml_node *
schema_first(const struct yaml_node *n)
{
	return n->kind == YAML_SEQUENCE ? n->child : n;
}

const struct yaml_node *
schema_next(const struct yaml_node *n, const struct yaml_node *item)
{
	return n->kind == YAML_SEQUENCE ? item->next : NULL;
}

size_t
schema_count(const struct yaml_node *n)
{
	const struct yaml_node *i;
	size_t count = 0;

	for (i = schema_first(n); i != NULL; i = schema_next(n, i))
		count++;
	return count;
}

const char *
schema_copy(struct schema *s, struct slice text)
{
	return arena_dup(s->arena, text).ptr;
}

/* ---- keys ---- */

static size_t
min3(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/* Letters to add, drop or change to make `a` of `b` (Levenshtein). */
static size_t
edits(struct slice a, struct slice b)
{
	size_t row[GUESS_MAX + 1], i, j, diagonal, above;

	if (a.len > GUESS_MAX || b.len > GUESS_MAX)
		return SIZE_MAX;
	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1, diagonal +
			    (ascii_lower(a.ptr[i - 1]) != b.ptr[j - 1]));
			diagonal = above;
		}
	}
	return row[b.len];
}

void
schema_guess(const char *word, struct slice text, const char **best,
    size_t *least)
{
	size_t n = edits(text, slice_str(word));

	if (n < *least && n <= (strlen(word) + 2) / 3) {
		*least = n;
		*best = word;
	}
}

static const char *
guess_key(const struct schema_key *keys, struct slice text)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (; keys->name != NULL; keys++)
		schema_guess(keys->name, text, &best, &least);
	return best;
}

static void
say_keys(struct schema *s, const struct schema_key *keys)
{
	const char *comma = "";

	for (; keys->name != NULL; keys++) {
		schema_say(s, "%s%s", comma, keys->name);
		comma = ", ";
	}
}

static bool
unknown_key(struct schema *s, const struct schema_key *keys,
    const char *what, const struct yaml_node *key)
{
	const char *guess = guess_key(keys, key->text);

	schema_fail(s, key, "unknown key ");
	schema_say_text(s, key->text);
	schema_say(s, " in %s", what);
	if (guess != NULL)
		schema_say(s, ", did you mean %s?", guess);
	schema_say(s, "; allowed: ");
	say_keys(s, keys);
	return false;
}

/* "log must be a mapping ...", and why this is none. */
static bool
refuse_mapping(struct schema *s, const struct schema_key *keys,
    const char *what, const struct yaml_node *n)
{
	size_t colon = slice_find(n->text, ':');
	size_t equals = slice_find(n->text, '=');

	schema_fail(s, n, "%s must be a mapping of \"key: value\"", what);
	if (n->kind == YAML_SEQUENCE)
		schema_say(s, ", and this is a list");
	else if (colon < equals)
		schema_say(s, ", with a space after \":\"");
	else if (equals < n->text.len)
		schema_say(s, ", with \":\" in place of \"=\"");
	schema_say(s, "; allowed: ");
	say_keys(s, keys);
	return false;
}

bool
schema_mapping(struct schema *s, const struct schema_key *keys,
    const char *what, const struct yaml_node *n, void *out)
{
	const struct schema_key *k;
	bool good = true;

	if (n == NULL || schema_is_void(n))
		return true;
	if (n->kind != YAML_MAPPING)
		return refuse_mapping(s, keys, what, n);
	for (n = n->child; n != NULL && !s->no_memory; n = n->next) {
		for (k = keys; k->name != NULL; k++) {
			if (slice_eq(slice_str(k->name), n->key->text))
				break;
		}
		if (k->name == NULL)
			good = unknown_key(s, keys, what, n->key);
		else if (!k->read(s, k, n, out))
			good = false;
	}
	return good;
}

/* ---- sections ---- */

bool
schema_section(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	size_t len = strlen(s->where);
	bool good;
	char what[sizeof(s->where)];

	snprintf(what, sizeof(what), "%s%s", s->where, key->name);
	snprintf(s->where + len, sizeof(s->where) - len, "%s.", key->name);
	good = schema_mapping(s, key->table, what, n,
	    (char *)out + key->field);
	s->where[len] = '\0';
	return good;
}

/* ---- lists ---- */

static bool
check_list(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, size_t count, const char *allowed)
{
	if (n->kind == YAML_MAPPING || count < key->min)
		return schema_refuse(s, key, n, allowed);
	if (count > key->max)
		return schema_fail(s, n, "%s%s has %zu items; allowed: up to "
		    "%llu", s->where, key->name, count, key->max);
	return true;
}

/* "a.example, b.example", as Postfix and others write a list. */
static void
guess_list(struct schema *s, const struct yaml_node *n)
{
	if (n->kind == YAML_SCALAR &&
	    (slice_find(n->text, ',') < n->text.len ||
	    slice_find(n->text, ' ') < n->text.len))
		schema_say(s, "; several are a list: [ONE, TWO]");
}

bool
schema_list(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out, size_t item_size,
    schema_item_fn *read_item, const char *allowed)
{
	size_t count = schema_count(n);
	const struct yaml_node *i;
	bool good = true;
	char *items, *at;

	if (!check_list(s, key, n, count, allowed))
		return false;
	items = arena_array(s->arena, count, item_size);
	if (items == NULL)
		return schema_no_memory(s);
	at = items;
	for (i = schema_first(n); i != NULL; i = schema_next(n, i)) {
		if (!schema_has_text(i) || !read_item(i->text, at)) {
			good = schema_refuse(s, key, i, allowed);
			guess_list(s, n);
		}
		at += item_size;
	}
	if (!good)
		return false;
	schema_put(out, key->field, &items, sizeof(items));
	schema_put(out, key->count, &count, sizeof(count));
	return true;
}

bool
schema_keep(struct schema *s, struct slice *items, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		items[i] = arena_dup(s->arena, items[i]);
		if (items[i].ptr == NULL)
			return schema_no_memory(s);
	}
	return true;
}

bool
schema_entries(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out, size_t item_size,
    schema_entry_fn *read_entry, const char *allowed)
{
	const struct yaml_node *i;
	size_t before, count, where = strlen(s->where);
	bool good = true;
	void *items, *old;

	if (n->kind != YAML_SEQUENCE) {
		schema_refuse(s, key, n, allowed);
		if (n->kind == YAML_MAPPING)
			schema_say(s, "; each begins with \"- \"");
		return false;
	}
	memcpy(&old, (char *)out + key->field, sizeof(old));
	memcpy(&before, (char *)out + key->count, sizeof(before));
	count = before + schema_count(n);
	if (!check_list(s, key, n, count, allowed))
		return false;
	items = arena_array(s->arena, count, item_size);
	if (items == NULL)
		return schema_no_memory(s);
	if (before > 0)
		memcpy(items, old, before * item_size);
	for (i = n->child; i != NULL && !s->no_memory; i = i->next) {
		if (!read_entry(s, i, items, before++))
			good = false;
		s->where[where] = '\0';
	}
	schema_put(out, key->field, &items, sizeof(items));
	schema_put(out, key->count, &count, sizeof(count));
	return good;
}
