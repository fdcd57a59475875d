/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally: see tally.h.
 */
#include "report/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/hash.h"

/* ---- one table ---- */

static void
put_slot(struct tally_table *t, uint32_t index)
{
	size_t mask = t->slot_count - 1;
	size_t i = (size_t)hash_keyed(t->lines[index].key, 0) & mask;

	while (t->slots[i] != 0)
		i = (i + 1) & mask;
	t->slots[i] = index + 1;
}

/* Twice the room; the old arrays stay with the arena. */
static bool
grow(struct tally_table *t)
{
	size_t room = t->room == 0 ? 64 : 2 * t->room;
	struct tally_line *lines = arena_array(t->arena, room, sizeof(*lines));
	uint32_t *slots = arena_array(t->arena, 2 * room, sizeof(*slots));
	uint32_t i;

	if (lines == NULL || slots == NULL)
		return false;
	if (t->count > 0)
		memcpy(lines, t->lines, t->count * sizeof(*lines));
	t->lines = lines;
	t->slots = slots;
	t->room = room;
	t->slot_count = 2 * room;
	for (i = 0; i < t->count; i++)
		put_slot(t, i);
	return true;
}

static struct tally_line *
find(const struct tally_table *t, struct slice key)
{
	size_t mask = t->slot_count - 1, i;

	if (t->slot_count == 0)
		return NULL;
	for (i = (size_t)hash_keyed(key, 0) & mask; t->slots[i] != 0;
	    i = (i + 1) & mask)
		if (slice_eq(t->lines[t->slots[i] - 1].key, key))
			return &t->lines[t->slots[i] - 1];
	return NULL;
}

/* NULL: no memory. */
static struct tally_line *
line_of(struct tally_table *t, struct slice key)
{
	struct tally_line *l = find(t, key);

	if (l != NULL)
		return l;
	if (t->count == t->room && !grow(t))
		return NULL;
	l = &t->lines[t->count];
	*l = (struct tally_line){ .key = arena_dup(t->arena, key) };
	if (l->key.ptr == NULL)
		return NULL;
	put_slot(t, (uint32_t)t->count++);
	return l;
}

static void
add_row(struct tally_line *l, const struct report_row *row)
{
	if (l == NULL)
		return;
	l->messages += row->count;
	l->dispositions[row->disposition] += row->count;
	if (row->dkim || row->spf)
		l->passed += row->count;
	if (row->dkim)
		l->dkim += row->count;
	if (row->spf)
		l->spf += row->count;
}

void
tally_count(struct tally_table *t, struct slice key, size_t most)
{
	struct tally_line *l = find(t, key);

	if (l == NULL)
		l = line_of(t, t->count < most ? key : SLICE("(other)"));
	if (l != NULL)
		l->messages++;
}

/* ---- all of them ---- */

void
tallies_init(struct tallies *t, struct arena *arena)
{
	struct tally_table *each[] = { &t->sources, &t->days, &t->froms,
	    &t->reporters, &t->policies, &t->seen };
	size_t i;

	*t = (struct tallies){ .arena = arena };
	for (i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		each[i]->arena = arena;
}

void
report_day(int64_t when, char out[REPORT_DAY])
{
	time_t seconds = (time_t)when;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099 ||
	    tm.tm_year < -1900)
		snprintf(out, REPORT_DAY, "unknown");
	else
		snprintf(out, REPORT_DAY, "%04d-%02d-%02d", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday);
}

static bool
is_new(struct tallies *t, const struct report *r)
{
	struct buf key;
	bool fresh;

	buf_init(&key, 16384);
	buf_add(&key, r->org_name);
	buf_addc(&key, '\n');
	buf_add(&key, r->report_id);
	/* Some give the same id to each domain, or each day. */
	buf_addc(&key, '\n');
	buf_add(&key, r->domain);
	buf_addf(&key, "\n%" PRId64, r->begin);
	fresh = find(&t->seen, buf_slice(&key)) == NULL &&
	    line_of(&t->seen, buf_slice(&key)) != NULL;
	buf_fini(&key);
	return fresh;
}

static void
add_source(struct tallies *t, const struct report_row *row)
{
	char text[IPADDR_TEXT];
	struct tally_line *l;

	ipaddr_format(&row->source, text);
	l = line_of(&t->sources, slice_str(text));
	if (l != NULL)
		l->source = row->source;
	add_row(l, row);
}

void
tallies_add_row(struct tallies *t, int64_t time, const struct report_row *row,
    struct slice reporter, struct slice policy)
{
	char day[REPORT_DAY];

	report_day(time, day);
	add_row(&t->all, row);
	add_source(t, row);
	add_row(line_of(&t->days, slice_str(day)), row);
	add_row(line_of(&t->froms, row->header_from), row);
	add_row(line_of(&t->reporters, reporter), row);
	add_row(line_of(&t->policies, policy), row);
}

bool
tallies_add(struct tallies *t, const struct report *r)
{
	const struct report_row *row;

	if (!is_new(t, r))
		return false;
	for (row = r->rows; row != NULL; row = row->next)
		tallies_add_row(t, r->begin, row, r->org_name, r->domain);
	if (t->reports == 0 || r->begin < t->begin)
		t->begin = r->begin;
	if (r->end > t->end)
		t->end = r->end;
	t->reports++;
	return true;
}

static int
most_first(const void *a, const void *b)
{
	const struct tally_line *x = a, *y = b;

	if (x->messages != y->messages)
		return x->messages > y->messages ? -1 : 1;
	return slice_cmp(x->key, y->key);
}

static int
by_key(const void *a, const void *b)
{
	const struct tally_line *x = a, *y = b;

	return slice_cmp(x->key, y->key);
}

/* The slots are of no use afterwards: nothing is added any more. */
static void
sort(struct tally_table *t, int (*compare)(const void *, const void *))
{
	if (t->count > 0)
		qsort(t->lines, t->count, sizeof(*t->lines), compare);
}

void
tallies_sort(struct tallies *t)
{
	sort(&t->sources, most_first);
	sort(&t->days, by_key);
	sort(&t->froms, most_first);
	sort(&t->reporters, most_first);
	sort(&t->policies, most_first);
}

void
tally_sort(struct tally_table *t)
{
	sort(t, most_first);
}
