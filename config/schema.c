/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema: tables that say what a mapping may hold.
 *
 * Messages are written straight to the caller's buffer, piece by piece, so
 * that an error can always be reported, also when memory is short.  Fields
 * are written with memcpy(): the table knows their offset and size, the
 * compiler need not know their type.
 */
#include "config/schema.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"

#define SHOWN_TEXT	60	/* octets of a value that a message repeats */
#define GUESS_MAX	24	/* octets of a key that may be a slip */

static bool
is_printable(char c)
{
	return ascii_is_vchar(c) || c == ' ';
}

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
		copy[i] = is_printable(shown.ptr[i]) ? shown.ptr[i] : '?';
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

/* "log.level is 'loud'; allowed: ", for the caller to go on. */
static void
begin_refusal(struct schema *s, const char *name, const struct yaml_node *n)
{
	schema_fail(s, n, "%s%s ", s->where, name);
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
	schema_say(s, "; allowed: ");
}

bool
schema_refuse(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, const char *allowed)
{
	begin_refusal(s, key->name, n);
	schema_say(s, "%s", allowed);
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

/* ---- readers ---- */

static void
put(void *out, size_t field, const void *value, size_t size)
{
	memcpy((char *)out + field, value, size);
}

static void
put_uint(void *out, size_t field, unsigned long long value)
{
	unsigned int n = (unsigned int)value;

	put(out, field, &n, sizeof(n));
}

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

bool
schema_bool(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct slice t = n->text;
	bool yes = slice_eq_nocase(t, SLICE("yes")) ||
	    slice_eq_nocase(t, SLICE("true"));

	if (!yes && !slice_eq_nocase(t, SLICE("no")) &&
	    !slice_eq_nocase(t, SLICE("false")))
		return schema_refuse(s, key, n, "yes, no");
	put(out, key->field, &yes, sizeof(yes));
	return true;
}

static const struct schema_word *
find_word(const struct schema_word *w, const struct yaml_node *n)
{
	for (; w->word != NULL; w++) {
		if (schema_has_text(n) &&
		    slice_eq(n->text, slice_str(w->word)))
			return w;
	}
	return NULL;
}

static bool
refuse_word(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n)
{
	const struct schema_word *table = key->table, *w;
	const char *guess = NULL;
	size_t least = SIZE_MAX;

	begin_refusal(s, key->name, n);
	for (w = table; w->word != NULL; w++) {
		schema_say(s, "%s%s", w == table ? "" : ", ", w->word);
		schema_guess(w->word, n->text, &guess, &least);
	}
	if (guess != NULL)
		schema_say(s, "; did you mean %s?", guess);
	return false;
}

bool
schema_word(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct schema_word *w = find_word(key->table, n);

	if (w == NULL)
		return refuse_word(s, key, n);
	put_uint(out, key->field, w->value);
	return true;
}

bool
schema_words(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const struct yaml_node *i = schema_first(n);
	const struct schema_word *w;
	unsigned int set = 0;

	for (; i != NULL; i = schema_next(n, i)) {
		w = find_word(key->table, i);
		if (w == NULL)
			return refuse_word(s, key, i);
		set |= 1u << w->value;
	}
	/* An empty list would never match. */
	if (set == 0)
		return refuse_word(s, key, n);
	put_uint(out, key->field, set);
	return true;
}

bool
schema_number(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned long long value;

	if (!schema_has_text(n) || !slice_number(n->text, key->max, &value) ||
	    value < key->min) {
		begin_refusal(s, key->name, n);
		schema_say(s, "a whole number, %llu to %llu", key->min,
		    key->max);
		return false;
	}
	put_uint(out, key->field, value);
	return true;
}

/* ---- numbers with a unit ---- */

struct unit {
	struct slice		name;
	unsigned long long	factor;
};

/* From the largest to the smallest. */
static const struct unit time_units[] = {
	{ SLICE_INIT("d"), 86400000 },
	{ SLICE_INIT("h"), 3600000 },
	{ SLICE_INIT("m"), 60000 },
	{ SLICE_INIT("s"), 1000 },
	{ SLICE_INIT("ms"), 1 },
	{ { NULL, 0 }, 0 }
};
static const struct unit second_units[] = {
	{ SLICE_INIT("d"), 86400 },
	{ SLICE_INIT("h"), 3600 },
	{ SLICE_INIT("m"), 60 },
	{ SLICE_INIT("s"), 1 },
	{ { NULL, 0 }, 0 }
};
static const struct unit size_units[] = {
	{ SLICE_INIT("G"), 1 << 30 },
	{ SLICE_INIT("M"), 1 << 20 },
	{ SLICE_INIT("K"), 1 << 10 },
	{ SLICE_INIT(""), 1 },
	{ { NULL, 0 }, 0 }
};

static bool
is_digit(char c)
{
	return ascii_is_digit(c);
}

static bool
is_space(char c)
{
	return c == ' ';
}

static bool
read_units(const struct unit *u, struct slice text, unsigned long long max,
    unsigned long long *out)
{
	struct cursor c = cursor_of(text);
	struct slice digits = cursor_span(&c, is_digit);
	unsigned long long number;

	for (; u->factor != 0; u++) {
		if (!slice_eq(cursor_rest(&c), u->name))
			continue;
		if (!slice_number(digits, max / u->factor, &number))
			return false;
		*out = number * u->factor;
		return true;
	}
	return false;
}

bool
schema_parse_seconds(struct slice text, unsigned long long max,
    unsigned long long *seconds)
{
	return read_units(second_units, text, max, seconds);
}

static void
say_units(struct schema *s, const struct unit *u, unsigned long long value)
{
	while (value % u->factor != 0)
		u++;
	schema_say(s, "%llu%.*s", value / u->factor, SLICE_ARG(u->name));
}

/* The longest name that the word begins with: of "msec" it is "ms". */
static struct slice
nearest_unit(const struct unit *u, struct slice word)
{
	struct slice best = { NULL, 0 };

	for (; u->factor != 0; u++) {
		if (u->name.len > best.len && u->name.len <= word.len &&
		    slice_eq_nocase(slice_head(word, u->name.len), u->name))
			best = u->name;
	}
	return best;
}

/* "20", "20 s", "20sec", "64MB" */
static void
guess_units(struct schema *s, const struct schema_key *key,
    struct slice text, const struct unit *u)
{
	struct cursor c = cursor_of(text);
	struct slice digits = cursor_span(&c, is_digit), name;
	unsigned long long value;
	char meant[32];

	(void)cursor_span(&c, is_space);
	name = cursor_rest(&c).len > 0 ? nearest_unit(u, cursor_rest(&c)) :
	    SLICE("s");
	if (name.len == 0 || digits.len > 20)
		return;
	snprintf(meant, sizeof(meant), "%.*s%.*s", SLICE_ARG(digits),
	    SLICE_ARG(name));
	if (read_units(u, slice_str(meant), key->max, &value) &&
	    value >= key->min)
		schema_say(s, "; did you mean %s?", meant);
}

static bool
with_units(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, const struct unit *u, const char *names,
    unsigned long long *out)
{
	if (schema_has_text(n) && read_units(u, n->text, key->max, out) &&
	    *out >= key->min)
		return true;
	begin_refusal(s, key->name, n);
	schema_say(s, "a number with %s, ", names);
	say_units(s, u, key->min);
	schema_say(s, " to ");
	say_units(s, u, key->max);
	guess_units(s, key, n->text, u);
	return false;
}

bool
schema_duration(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned long long ms;

	if (!with_units(s, key, n, time_units, "ms, s, m, h or d", &ms))
		return false;
	put_uint(out, key->field, ms);
	return true;
}

bool
schema_seconds(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned long long seconds;

	if (!with_units(s, key, n, second_units, "s, m, h or d", &seconds))
		return false;
	put_uint(out, key->field, seconds);
	return true;
}

bool
schema_size(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned long long octets;
	size_t size;

	if (!with_units(s, key, n, size_units, "K, M or G", &octets))
		return false;
	size = octets < SIZE_MAX ? (size_t)octets : SIZE_MAX;
	put(out, key->field, &size, sizeof(size));
	return true;
}

bool
schema_mode(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned long long mode;

	if (!schema_has_text(n) || n->text.len > 4 ||
	    !slice_octal(n->text, key->max, &mode)) {
		begin_refusal(s, key->name, n);
		schema_say(s, "an octal number, 0 to 0%llo", key->max);
		return false;
	}
	put_uint(out, key->field, mode);
	return true;
}

/* ---- text ---- */

bool
schema_has_control(struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	}
	return false;
}

bool
schema_path(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const char *copy;

	if (!schema_has_text(n) || n->text.ptr[0] != '/' ||
	    n->text.len >= PATH_MAX || schema_has_control(n->text))
		return schema_refuse(s, key, n,
		    "a path that begins with \"/\"");
	copy = schema_copy(s, n->text);
	if (copy == NULL)
		return schema_no_memory(s);
	put(out, key->field, &copy, sizeof(copy));
	return true;
}

bool
schema_text(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct cursor c = cursor_of(n->text);
	struct slice copy;

	cursor_span(&c, is_printable);
	if (!schema_has_text(n) || n->text.len < key->min ||
	    n->text.len > key->max || !cursor_at_end(&c)) {
		if (key->table != NULL)
			return schema_refuse(s, key, n, key->table);
		begin_refusal(s, key->name, n);
		schema_say(s, "printable ASCII text of %llu to %llu "
		    "characters", key->min, key->max);
		return false;
	}
	copy = arena_dup(s->arena, n->text);
	if (copy.ptr == NULL)
		return schema_no_memory(s);
	put(out, key->field, &copy, sizeof(copy));
	return true;
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
		if (!schema_has_text(i) || !read_item(i->text, at))
			good = schema_refuse(s, key, i, allowed);
		at += item_size;
	}
	if (!good)
		return false;
	put(out, key->field, &items, sizeof(items));
	put(out, key->count, &count, sizeof(count));
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
	put(out, key->field, &items, sizeof(items));
	put(out, key->count, &count, sizeof(count));
	return good;
}
