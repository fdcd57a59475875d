/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalars: values that are one word, number, path or text.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "config/schema.h"

static void
put_uint(void *out, size_t field, unsigned long long value)
{
	unsigned int n = (unsigned int)value;

	schema_put(out, field, &n, sizeof(n));
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
	schema_put(out, key->field, &yes, sizeof(yes));
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

	schema_refuse(s, key, n, "");
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
		schema_refuse(s, key, n, "");
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
	schema_refuse(s, key, n, "");
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
	schema_put(out, key->field, &size, sizeof(size));
	return true;
}

/* ---- modes, paths and text ---- */

bool
schema_mode(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	unsigned long long mode;

	if (!schema_has_text(n) || n->text.len > 4 ||
	    !slice_octal(n->text, key->max, &mode)) {
		schema_refuse(s, key, n, "");
		schema_say(s, "an octal number, 0 to 0%llo", key->max);
		return false;
	}
	put_uint(out, key->field, mode);
	return true;
}

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
	schema_put(out, key->field, &copy, sizeof(copy));
	return true;
}

bool
schema_text(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct cursor c = cursor_of(n->text);
	struct slice copy;

	cursor_span(&c, ascii_is_printable);
	if (!schema_has_text(n) || n->text.len < key->min ||
	    n->text.len > key->max || !cursor_at_end(&c)) {
		if (key->table != NULL)
			return schema_refuse(s, key, n, key->table);
		schema_refuse(s, key, n, "");
		schema_say(s, "printable ASCII text of %llu to %llu "
		    "characters", key->min, key->max);
		return false;
	}
	copy = arena_dup(s->arena, n->text);
	if (copy.ptr == NULL)
		return schema_no_memory(s);
	schema_put(out, key->field, &copy, sizeof(copy));
	return true;
}
