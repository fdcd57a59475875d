/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users: which addresses are whose, from a file.
 *
 * Rows of user and address, sorted by user: those of one name are found by a
 * binary search, those whose name has a "*" are in a separate list.
 */
#include "config/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/domain.h"
#include "base/find.h"
#include "base/glob.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/trusted_internal.h"

#define FIRST_ROWS 64

struct row {
	struct slice	user;		/* lower case */
	struct slice	address;	/* lower case, domain canonical */
};

struct rows {
	struct row	*list;
	size_t		 count, cap;
};

struct users {
	struct arena	*arena;
	struct rows	 named, patterns;
};

/* The file that is read. */
struct reader {
	struct users	*users;
	const char	*name;
	unsigned int	 line;
	char		*why;
	size_t		 why_size;
};

static bool
fail(const struct reader *r, const char *what)
{
	snprintf(r->why, r->why_size, "%s:%u: %s", r->name, r->line, what);
	return false;
}

static bool
no_memory(const struct reader *r)
{
	snprintf(r->why, r->why_size, "%s: out of memory", r->name);
	return false;
}

/* A copy in lower case; {NULL, 0}: no memory. */
static struct slice
copy_lower(struct arena *arena, struct slice text)
{
	char *copy = arena_alloc(arena, text.len);
	size_t i;

	if (copy == NULL)
		return (struct slice){ NULL, 0 };
	for (i = 0; i < text.len; i++)
		copy[i] = ascii_lower(text.ptr[i]);
	return (struct slice){ copy, text.len };
}

static bool
has_star(struct slice s)
{
	return slice_find(s, '*') < s.len;
}

/* ---- rows ---- */

static bool
make_room(struct rows *rows)
{
	size_t cap = rows->cap > 0 ? 2 * rows->cap : FIRST_ROWS;
	struct row *list;

	if (rows->count < rows->cap)
		return true;
	list = mem_resize(rows->list, cap * sizeof(*list));
	if (list == NULL)
		return false;
	rows->list = list;
	rows->cap = cap;
	return true;
}

/* "joe+*@example.org": the domain in its canonical form if it is a name. */
static struct slice
canonical(struct arena *arena, struct slice word)
{
	struct slice local = slice_head(word, slice_find_last(word, '@') + 1);
	struct domain domain;
	struct buf b;
	struct slice out;

	if (!domain_parse(slice_from(word, local.len), &domain))
		return copy_lower(arena, word);
	buf_init(&b, LIMIT_USERS_WORD + DOMAIN_MAX);
	buf_add(&b, local);
	buf_add(&b, domain_slice(&domain));
	out = buf_failed(&b) ? (struct slice){ NULL, 0 } :
	    copy_lower(arena, buf_slice(&b));
	buf_fini(&b);
	return out;
}

static bool
add_row(struct reader *r, struct slice user, struct slice word)
{
	struct users *u = r->users;
	struct rows *rows = has_star(user) ? &u->patterns : &u->named;
	struct row *row;

	if (word.len > LIMIT_USERS_WORD)
		return fail(r, "an address is too long; allowed: up to 320 "
		    "octets");
	if (slice_find(word, '@') == word.len &&
	    !slice_eq(word, SLICE("*")))
		return fail(r, "what follows the user is not an address; "
		    "allowed: addresses like joe@example.org, "
		    "\"*@example.org\", and *");
	if (users_count(u) == LIMIT_USERS_ROWS)
		return fail(r, "too many addresses; allowed: 100000");
	if (rows == &u->patterns && rows->count == LIMIT_USERS_PATTERNS)
		return fail(r, "too many addresses of users with \"*\" in "
		    "their names; allowed: 1000");
	if (!make_room(rows))
		return no_memory(r);
	row = &rows->list[rows->count];
	row->user = user;
	row->address = canonical(u->arena, word);
	if (row->address.ptr == NULL)
		return no_memory(r);
	rows->count++;
	return true;
}

/* ---- lines ---- */

/* The next word, with blanks or commas around it. */
static bool
next_word(struct slice *rest, struct slice *word)
{
	size_t from = 0, to;

	while (from < rest->len && (ascii_is_space(rest->ptr[from]) ||
	    rest->ptr[from] == ','))
		from++;
	to = from;
	while (to < rest->len && !ascii_is_space(rest->ptr[to]) &&
	    rest->ptr[to] != ',')
		to++;
	*word = slice_head(slice_from(*rest, from), to - from);
	*rest = slice_from(*rest, to);
	return to > from;
}

static bool
read_line(struct reader *r, struct slice line)
{
	struct slice user, word;
	bool any = false;

	line = slice_head(line, slice_find(line, '#'));
	if (!next_word(&line, &user))
		return true;
	if (user.len > LIMIT_USERS_WORD)
		return fail(r, "a user's name is too long; allowed: up to "
		    "320 octets");
	user = copy_lower(r->users->arena, user);
	if (user.ptr == NULL)
		return no_memory(r);
	while (next_word(&line, &word)) {
		if (!add_row(r, user, word))
			return false;
		any = true;
	}
	return any || fail(r, "a user without addresses; allowed: USER "
	    "ADDRESS ...");
}

static int
compare(const void *a, const void *b)
{
	return slice_cmp(((const struct row *)a)->user,
	    ((const struct row *)b)->user);
}

struct users *
users_parse(struct slice text, const char *name, char *why, size_t why_size)
{
	struct users *u = mem_alloc(sizeof(*u));
	struct reader r = { .users = u, .name = name, .why = why,
		.why_size = why_size };
	struct slice line;
	bool good = true, more = true;

	if (u != NULL)
		u->arena = arena_new(LIMIT_USERS_MEMORY);
	if (u == NULL || u->arena == NULL)
		good = no_memory(&r);
	while (good && more) {
		r.line++;
		more = slice_cut(&text, '\n', &line);
		good = read_line(&r, line);
	}
	if (!good) {
		users_free(u);
		return NULL;
	}
	if (u->named.count > 0)
		qsort(u->named.list, u->named.count, sizeof(struct row),
		    compare);
	return u;
}

struct users *
users_read(const char *path, char *why, size_t why_size)
{
	char *text = mem_alloc(LIMIT_USERS_BYTES);
	struct users *u = NULL;
	size_t len;

	if (text == NULL)
		snprintf(why, why_size, "%s: out of memory", path);
	else if (trusted_read(path, text, LIMIT_USERS_BYTES, &len, why,
	    why_size))
		u = users_parse((struct slice){ text, len }, path, why,
		    why_size);
	mem_free(text);
	return u;
}

void
users_free(struct users *u)
{
	if (u == NULL)
		return;
	mem_free(u->named.list);
	mem_free(u->patterns.list);
	arena_free(u->arena);
	mem_free(u);
}

size_t
users_count(const struct users *u)
{
	return u->named.count + u->patterns.count;
}

/* ---- who may what ---- */


bool
users_may(const struct users *u, struct slice user, struct slice local,
    struct slice domain)
{
	char lower[LIMIT_USERS_WORD], text[LIMIT_USERS_WORD];
	const struct rows *rows = &u->named;
	struct slice address = { text, local.len + 1 + domain.len };
	struct row key;
	size_t i;

	if (user.len == 0 || user.len > sizeof(lower) || local.len == 0 ||
	    local.len >= sizeof(text) || address.len > sizeof(text))
		return false;
	for (i = 0; i < user.len; i++)
		lower[i] = ascii_lower(user.ptr[i]);
	user.ptr = lower;
	memcpy(text, local.ptr, local.len);
	text[local.len] = '@';
	memcpy(text + local.len + 1, domain.ptr, domain.len);
	key = (struct row){ .user = user };
	for (i = find_first(&key, rows->list, rows->count, sizeof(key),
	    compare); i < rows->count && slice_eq(rows->list[i].user, user);
	    i++)
		if (glob_matches(rows->list[i].address, address))
			return true;
	for (rows = &u->patterns, i = 0; i < rows->count; i++)
		if (glob_matches(rows->list[i].user, user) &&
		    glob_matches(rows->list[i].address, address))
			return true;
	return false;
}
