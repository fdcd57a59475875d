/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: fields in an array, and a hash table from name to last field.
 *
 * 1. A place of the table has the index + 1 of the last field of a name, and
 *    is 0 while it is free.  Fields of one name are
 *    chained from the last to the first, and each has a second link that
 *    goes further up, so that any of them is reached in few steps: from
 *    field n the links go to n - 1 and to n - 1 - 2k, k being the length of
 *    the last two jumps from n - 1 if these are equal (skew-binary
 *    numbers).
 * 2. The hash begins with a random number, so that a sender cannot choose
 *    names that all collide.  Nothing that is seen outside depends
 *    on it.
 * 3. Array and table grow by doubling; what they leave in the arena is at
 *    most as much again.
 */
#include "mail/header.h"

#include <stdatomic.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/hash.h"

#define FIRST_FIELDS	32u	/* most messages have 20 to 40 */
#define FIRST_NAMES	64u	/* a power of two */

static atomic_ulong headers;	/* so far: each has a seed of its own */

/* ---- the table ---- */

/* In lower case; each octet goes through a multiplication and a fold. */
static unsigned int
hash_name(const struct mail_header *h, struct slice name)
{
	uint64_t hash = h->seed ^ name.len;
	size_t i;

	for (i = 0; i < name.len; i++) {
		hash ^= (unsigned char)ascii_lower(name.ptr[i]);
		hash *= 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return (unsigned int)hash;
}

static struct mail_field *
field_at(const struct mail_header *h, unsigned int link)
{
	return &h->fields[link - 1];
}

/* The place of a name, or the free one where it belongs. */
static unsigned int *
name_place(const struct mail_header *h, struct slice name, unsigned int hash)
{
	size_t i = hash & (h->names_cap - 1);
	const struct mail_field *f;

	for (;; i = (i + 1) & (h->names_cap - 1)) {
		if (h->names[i] == 0)
			return &h->names[i];
		f = field_at(h, h->names[i]);
		if (f->hash == hash && slice_eq_nocase(f->name, name))
			return &h->names[i];
	}
}

/* The last field of that name, or NULL. */
static const struct mail_field *
last_field(const struct mail_header *h, struct slice name)
{
	unsigned int last;

	if (h->names_cap == 0)
		return NULL;
	last = *name_place(h, name, hash_name(h, name));
	return last > 0 ? field_at(h, last) : NULL;
}

/* Keeps half of the table free. */
static bool
names_reserve(struct mail_header *h)
{
	size_t i, old_cap = h->names_cap;
	size_t cap = old_cap > 0 ? old_cap * 2 : FIRST_NAMES;
	unsigned int *old = h->names, *fresh;
	const struct mail_field *f;

	if (h->names_count < old_cap / 2)
		return true;
	fresh = arena_array(h->arena, cap, sizeof(*fresh));
	if (fresh == NULL)
		return false;
	h->names = fresh;
	h->names_cap = cap;
	for (i = 0; i < old_cap; i++) {
		if (old[i] == 0)
			continue;
		f = field_at(h, old[i]);
		*name_place(h, f->name, f->hash) = old[i];
	}
	return true;
}

/* ---- fields ---- */

void
mail_header_init(struct mail_header *h, struct arena *arena)
{
	*h = (struct mail_header){ .arena = arena };
	h->seed = hash_keyed(SLICE(""), atomic_fetch_add(&headers, 1));
}

static bool
fields_reserve(struct mail_header *h)
{
	size_t cap = h->cap > 0 ? h->cap * 2 : FIRST_FIELDS;
	struct mail_field *fields;

	if (h->count < h->cap)
		return true;
	fields = arena_array(h->arena, cap, sizeof(*fields));
	if (fields == NULL)
		return false;
	if (h->count > 0)
		memcpy(fields, h->fields, h->count * sizeof(*fields));
	h->fields = fields;
	h->cap = cap;
	return true;
}

/* Takes the octets before the next LF that has no CR; false at the end. */
static bool
cut_at_bare_lf(struct slice *rest, struct slice *head)
{
	const char *p = rest->ptr, *end;

	*head = *rest;
	if (rest->len == 0)
		return false;
	end = rest->ptr + rest->len;
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (p == rest->ptr || p[-1] != '\r') {
			head->len = (size_t)(p - rest->ptr);
			*rest = slice_from(*rest, head->len);
			return true;
		}
		p++;
	}
	return false;
}

static size_t
count_bare_lf(struct slice s)
{
	struct slice head;
	size_t n = 0;

	while (cut_at_bare_lf(&s, &head)) {
		n++;
		s = slice_from(s, 1);
	}
	return n;
}

/* A copy with a CR before each of its `bare` LFs that has none. */
static bool
dup_with_crlf(struct arena *arena, struct slice s, size_t bare,
    struct slice *out)
{
	struct slice head;
	char *p;

	if (bare == 0) {
		*out = arena_dup(arena, s);
		return out->ptr != NULL;
	}
	p = arena_alloc(arena, s.len + bare + 1);
	if (p == NULL)
		return false;
	*out = (struct slice){ p, s.len + bare };
	while (cut_at_bare_lf(&s, &head)) {
		memcpy(p, head.ptr, head.len);
		p += head.len;
		memcpy(p, "\r\n", 2);
		p += 2;
		s = slice_from(s, 1);
	}
	if (head.len > 0)
		memcpy(p, head.ptr, head.len);
	return true;
}

static bool
fits(const struct mail_header *h, struct slice name, struct slice value,
    size_t bare)
{
	size_t left = LIMIT_HEADER_BYTES - h->bytes;

	if (h->count == LIMIT_HEADER_FIELDS || name.len > left)
		return false;
	left -= name.len;
	return value.len <= left && bare <= left - value.len;
}

/* Where the second link of the field after `above` goes to, step 1. */
static unsigned int
jump_from(const struct mail_header *h, unsigned int above)
{
	const struct mail_field *p = field_at(h, above);
	const struct mail_field *j = field_at(h, p->jump);
	const struct mail_field *jj = field_at(h, j->jump);

	if (p->instance - j->instance == j->instance - jj->instance)
		return j->jump;
	return above;
}

/* Enters the new last field into the table. */
static void
count_field(struct mail_header *h, struct mail_field *f)
{
	unsigned int *place;

	f->hash = hash_name(h, f->name);
	place = name_place(h, f->name, f->hash);
	f->above = *place;
	*place = (unsigned int)h->count;
	if (f->above == 0) {
		h->names_count++;
		f->instance = 1;
		f->jump = *place;
	} else {
		f->instance = field_at(h, f->above)->instance + 1;
		f->jump = jump_from(h, f->above);
	}
}

static bool
keep_field(struct mail_header *h, struct slice name, struct slice value)
{
	size_t bare = count_bare_lf(value);
	struct mail_field *f;

	if (h->overflow || !fits(h, name, value, bare) ||
	    !fields_reserve(h) || !names_reserve(h))
		return false;
	f = &h->fields[h->count];
	f->name = arena_dup(h->arena, name);
	if (f->name.ptr == NULL ||
	    !dup_with_crlf(h->arena, value, bare, &f->value))
		return false;
	h->count++;
	h->bytes += f->name.len + f->value.len;
	count_field(h, f);
	return true;
}

bool
mail_header_add(struct mail_header *h, struct slice name, struct slice value)
{
	while (name.len > 0 && ascii_is_wsp(name.ptr[name.len - 1]))
		name.len--;
	if (keep_field(h, name, value))
		return true;
	/* The failure of the arena is sticky: nothing more is kept. */
	if (!arena_failed(h->arena))
		h->overflow = true;
	return false;
}

const struct mail_field *
mail_header_find(const struct mail_header *h, struct slice name,
    unsigned int instance)
{
	const struct mail_field *f = last_field(h, name);

	if (f == NULL || instance == 0 || instance > f->instance)
		return NULL;
	while (f->instance > instance) {
		if (field_at(h, f->jump)->instance >= instance)
			f = field_at(h, f->jump);
		else
			f = field_at(h, f->above);
	}
	return f;
}

unsigned int
mail_header_instances(const struct mail_header *h, struct slice name)
{
	const struct mail_field *f = last_field(h, name);

	return f != NULL ? f->instance : 0;
}

/* ---- a whole message ---- */

/* Takes a line, without its end; false when nothing is left. */
static bool
take_line(struct cursor *c, struct slice *line)
{
	struct slice rest = cursor_rest(c);

	if (cursor_at_end(c))
		return false;
	(void)slice_cut(&rest, '\n', line);
	c->p = rest.len > 0 ? rest.ptr : c->end;
	if (line->len > 0 && line->ptr[line->len - 1] == '\r' &&
	    c->p[-1] == '\n')
		line->len--;
	return true;
}

/* ftext of RFC 5322 section 3.6.8 */
static bool
is_ftext(char c)
{
	return ascii_is_vchar(c) && c != ':';
}

/*
 * Takes a field with its continuation lines and their end.  The name may
 * have blanks after it (obs-fields, section 4.5).
 */
static bool
take_field(struct cursor *c, struct slice *name, struct slice *value)
{
	struct cursor at = *c;
	struct slice line;

	*name = cursor_span(&at, is_ftext);
	(void)cursor_span(&at, ascii_is_wsp);
	if (name->len == 0 || !cursor_take(&at, ':'))
		return false;
	*value = (struct slice){ at.p, 0 };
	*c = at;
	if (!take_line(c, value))
		return true;
	while (cursor_is(c, ' ') || cursor_is(c, '\t')) {
		(void)take_line(c, &line);
		value->len = (size_t)(line.ptr + line.len - value->ptr);
	}
	return true;
}

bool
mail_header_parse(struct mail_header *h, struct slice message,
    struct slice *body)
{
	struct cursor c = cursor_of(message);
	struct slice name, value;

	while (take_field(&c, &name, &value))
		(void)mail_header_add(h, name, value);
	if (!(cursor_is(&c, '\r') && cursor_left(&c) > 1 && c.p[1] == '\n'))
		(void)cursor_take(&c, '\n');
	else
		c.p += 2;
	*body = cursor_rest(&c);
	return !h->overflow && !arena_failed(h->arena);
}
