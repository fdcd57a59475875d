/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk: RFC 9989 section 4.10.
 *
 * A walk (4.10):
 *
 * 1. Its names are the start and, longest first, those names above it that
 *    have at most seven labels.
 * 2. At each, what does not begin with a good v tag is dropped; if more than
 *    one record is left, all are.
 * 3. A record with psd=n or psd=y ends it.
 *
 * All names are asked at once, so answers from beyond the end come as well:
 * they do not count.
 *
 * The Organizational Domain (4.10.2): the walk ended at a psd=n: that name.
 * It ended at a psd=y that is not the start: the name below.  Otherwise the
 * highest name with a record, or the start when there is none.  The last
 * record up to the end decides which of these it is.
 *
 * Lookups may have failed.  A failed one may hide no record, or one with
 * any psd.  What is certain in spite of it:
 *
 * 4. The Organizational Domain is not above the one that comes out when each
 *    failed name is taken to have a record with psd=u.
 * 5. A name is never aligned with one that is not at or below its
 *    Organizational Domain.
 * 6. Two names are aligned when both walks come to names that they share,
 *    and a shared one has a record: it, a failed one, or one above is the
 *    Organizational Domain of both, or the name below it is.  Only a psd=y
 *    at the lowest shared name can part them, when they go down from there
 *    by different names.
 */
#include "dmarc/walk_internal.h"

#include <assert.h>
#include <string.h>

#define LABELS_ABOVE (LIMIT_DMARC_WALK - 1)	/* 4.10, steps 3 and 4 */

/* Step 1. */
size_t
dmarc_walk_names(struct slice start, struct slice names[LIMIT_DMARC_WALK])
{
	struct slice name = domain_parent(start);
	size_t n = 0;

	if (start.len == 0)
		return 0;
	names[n++] = start;
	while (domain_labels(name) > LABELS_ABOVE)
		name = domain_parent(name);
	for (; name.len > 0; name = domain_parent(name)) {
		assert(n < LIMIT_DMARC_WALK);
		names[n++] = name;
	}
	return n;
}

bool
dmarc_walk_query(struct slice name, struct domain *out)
{
	if (name.len == 0 || name.len > DOMAIN_MAX - DMARC_PREFIX_LEN)
		return false;
	memcpy(out->text, "_dmarc.", DMARC_PREFIX_LEN);
	memcpy(out->text + DMARC_PREFIX_LEN, name.ptr, name.len);
	out->len = DMARC_PREFIX_LEN + name.len;
	out->text[out->len] = '\0';
	return true;
}

/* Step 2. */
struct slice
dmarc_walk_record(const struct dns_answer *answer, size_t *count)
{
	struct slice text = { NULL, 0 };
	size_t i;

	*count = 0;
	for (i = 0; i < answer->count; i++) {
		if (dmarc_record_is(answer->records[i].text)) {
			text = answer->records[i].text;
			(*count)++;
		}
	}
	return text;
}

/* What was read from one answer; kept with it, so that it is read once. */
struct reading {
	enum dmarc_found	found;
	struct dmarc_record	record;
};

static struct reading
read_answer(const struct dns_answer *answer)
{
	struct reading r = { .found = DMARC_FOUND_NOTHING };
	struct slice text;
	size_t n;

	text = dmarc_walk_record(answer, &n);
	if (n > 1)
		r.found = DMARC_FOUND_SEVERAL;
	else if (n == 1)
		r.found = dmarc_record_parse(text, &r.record) ?
		    DMARC_FOUND_RECORD : DMARC_FOUND_OVERSIZE;
	return r;
}

/* When there is no room to keep it, it is read again each time. */
static struct reading
read_once(struct dns_ledger *l, struct slice query,
    const struct dns_answer *answer)
{
	void **kept = dns_ledger_kept(l, query, DNS_TYPE_TXT,
	    DNS_KEEPER_DMARC);
	struct reading r, *copy;
	struct arena *arena;

	if (kept != NULL && *kept != NULL)
		return *(struct reading *)*kept;
	r = read_answer(answer);
	arena = dns_ledger_arena(l);
	copy = kept == NULL || arena == NULL ? NULL :
	    arena_alloc(arena, sizeof(*copy));
	if (copy != NULL) {
		*copy = r;
		*kept = copy;
	}
	return r;
}

static void
ask(struct dmarc_place *p, struct dns_ledger *l)
{
	struct reading r;
	struct domain query;

	if (!dmarc_walk_query(p->name, &query)) {
		p->found = DMARC_FOUND_TOO_LONG;
		return;
	}
	p->answer = dns_ledger_ask(l, domain_slice(&query), DNS_TYPE_TXT);
	if (p->answer == NULL) {
		p->found = DMARC_FOUND_OPEN;
	} else if (!dns_outcome_is_known(p->answer->outcome)) {
		p->found = DMARC_FOUND_FAILED;
	} else {
		r = read_once(l, domain_slice(&query), p->answer);
		p->found = r.found;
		p->record = r.record;
	}
}

/* Step 3. */
static size_t
find_end(const struct dmarc_walk *w)
{
	const struct dmarc_place *p;
	size_t i;

	for (i = 0; i < w->count; i++) {
		p = &w->places[i];
		if (p->found == DMARC_FOUND_RECORD &&
		    p->record.psd != DMARC_PSD_U)
			return i + 1;
	}
	return w->count;
}

/* Names are shared from the last one down: both end at the same label. */
static size_t
count_shared(const struct slice *names, size_t count,
    const struct dmarc_walk *other)
{
	size_t n = 0;

	if (other == NULL)
		return 0;
	while (n < count && n < other->count && slice_eq(names[count - 1 - n],
	    other->places[other->count - 1 - n].name))
		n++;
	return n;
}

size_t
dmarc_walk_own(struct slice start, const struct dmarc_walk *other)
{
	struct slice names[LIMIT_DMARC_WALK];
	size_t count = dmarc_walk_names(start, names);

	return count - count_shared(names, count, other);
}

void
dmarc_walk_read(struct dmarc_walk *w, struct slice start,
    const struct dmarc_walk *other, struct dns_ledger *l)
{
	struct slice names[LIMIT_DMARC_WALK];
	size_t i, shared;

	memset(w, 0, sizeof(*w));
	w->count = dmarc_walk_names(start, names);
	shared = count_shared(names, w->count, other);
	w->shared = w->count - shared;
	for (i = 0; i < w->shared; i++) {
		w->places[i].name = names[i];
		ask(&w->places[i], l);
	}
	for (; i < w->count; i++)
		w->places[i] = other->places[other->count - w->count + i];
	w->end = find_end(w);
}

static bool
has(const struct dmarc_walk *w, size_t from, size_t to, enum dmarc_found found)
{
	size_t i;

	for (i = from; i < to; i++) {
		if (w->places[i].found == found)
			return true;
	}
	return false;
}

bool
dmarc_walk_is_open(const struct dmarc_walk *w)
{
	return has(w, 0, w->end, DMARC_FOUND_OPEN);
}

bool
dmarc_walk_has_failed(const struct dmarc_walk *w)
{
	return has(w, 0, w->end, DMARC_FOUND_FAILED);
}

bool
dmarc_walk_has_record(const struct dmarc_walk *w)
{
	return has(w, 0, w->end, DMARC_FOUND_RECORD);
}

/* The name one label longer than place `i`, towards the start. */
static struct slice
below(const struct dmarc_walk *w, size_t i)
{
	struct slice name = w->places[0].name;

	while (domain_parent(name).len > w->places[i].name.len)
		name = domain_parent(name);
	return name;
}

struct slice
dmarc_walk_organization(const struct dmarc_walk *w)
{
	size_t i = w->end;

	while (i > 0 && w->places[i - 1].found != DMARC_FOUND_RECORD &&
	    w->places[i - 1].found != DMARC_FOUND_FAILED)
		i--;
	if (i <= 1)
		return w->places[0].name;
	if (w->places[i - 1].record.psd == DMARC_PSD_Y)
		return below(w, i - 1);
	return w->places[i - 1].name;
}

/*
 * Step 6, after step 5, which has dealt with a psd=y that is known.  `i` and
 * `j` are the places of the lowest shared name.
 */
static bool
meet(const struct dmarc_walk *a, size_t i, const struct dmarc_walk *b,
    size_t j)
{
	bool together;
	size_t k;

	if (a->end <= i || has(a, 0, i, DMARC_FOUND_FAILED) ||
	    b->end <= j || has(b, 0, j, DMARC_FOUND_FAILED))
		return false;
	together = i > 0 && j > 0 && slice_eq(below(a, i), below(b, j));
	for (k = j; k < b->end; k++) {
		if (b->places[k].found == DMARC_FOUND_RECORD)
			return true;
		if (b->places[k].found == DMARC_FOUND_FAILED && k == j &&
		    !together)
			return false;
	}
	return false;
}

enum dmarc_alignment
dmarc_walk_align(const struct dmarc_walk *a, const struct dmarc_walk *b)
{
	struct slice org_a = dmarc_walk_organization(a);
	struct slice org_b = dmarc_walk_organization(b);
	size_t shared = b->count - b->shared;

	if (!dmarc_walk_has_failed(a) && !dmarc_walk_has_failed(b))
		return slice_eq(org_a, org_b) ? DMARC_ALIGNED_RELAXED :
		    DMARC_NOT_ALIGNED;
	if (!domain_is_at_or_below(a->places[0].name, org_b) ||
	    !domain_is_at_or_below(b->places[0].name, org_a))
		return DMARC_NOT_ALIGNED;
	return meet(a, a->count - shared, b, b->shared) ?
	    DMARC_ALIGNED_RELAXED : DMARC_NOT_KNOWN;
}
