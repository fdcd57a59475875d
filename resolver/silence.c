/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * silence: a table of eight ways, keyed by the hash of a name.
 */
#include "resolver/silence_internal.h"

#include <stdio.h>

#include "base/domain.h"
#include "base/hash.h"

#define SETS		(LIMIT_DNS_SILENT_DOMAINS / SILENCE_WAYS)
#define SILENT_US	(LIMIT_DNS_SILENT_S * INT64_C(1000000))
/* "co", "com", "gouv" below a country's name: no domain of anyone's. */
#define SHORT_LABEL	4
/* Labels of the network that is a domain of someone's: a /24, a /48. */
#define REVERSE_V4	(3 + 2)
#define REVERSE_V6	(48 / 4 + 2)
#define STARTS_MAX	(REVERSE_V6 + SILENCE_LEVELS)
#define KEYS_BIT	(UINT64_C(1) << 63)

/* The names above a question, the highest first. */
struct suffixes {
	size_t		count;
	struct slice	name[SILENCE_LEVELS];
	struct slice	child[SILENCE_LEVELS];	/* the label before it */
};

/* Begin of each label from the right, at most `max`. */
static size_t
label_starts(struct slice name, size_t *starts, size_t max)
{
	size_t at = name.len, count = 0;

	while (at > 0 && count < max) {
		at--;
		if (at == 0 || name.ptr[at - 1] == '.')
			starts[count++] = at;
	}
	return count;
}

/* How many labels the registrable-like name has. */
static size_t
apex_labels(struct slice name, const size_t *starts, size_t count)
{
	if (slice_ends_nocase(name, SLICE(".in-addr.arpa")))
		return REVERSE_V4;
	if (slice_ends_nocase(name, SLICE(".ip6.arpa")))
		return REVERSE_V6;
	if (count < 2)
		return 2;
	return name.len - starts[0] == 2 &&
	    starts[0] - 1 - starts[1] <= SHORT_LABEL ? 3 : 2;
}

static void
find_suffixes(struct slice name, struct suffixes *out)
{
	size_t starts[STARTS_MAX], count, i;

	count = label_starts(name, starts, STARTS_MAX);
	out->count = 0;
	for (i = apex_labels(name, starts, count);
	    i <= count && out->count < SILENCE_LEVELS; i++) {
		out->name[out->count] = slice_from(name, starts[i - 1]);
		out->child[out->count++] = i == count ?
		    SLICE("") : (struct slice){ name.ptr + starts[i],
		    starts[i - 1] - 1 - starts[i] };
	}
}

struct slice
silence_apex(struct slice name)
{
	struct suffixes s;

	find_suffixes(name, &s);
	return s.count > 0 ? s.name[0] : SLICE("");
}

/* Where keys are has a bit of its own, others share theirs. */
static uint64_t
child_bit(struct slice label)
{
	return slice_eq(label, SLICE("_domainkey")) ? KEYS_BIT :
	    UINT64_C(1) << hash_keyed(label, 1) % 63;
}

static void
unmark(struct silence *s, struct silent_domain *d)
{
	s->marked -= d->marked;
	d->marked = false;
}

/* Silent so long ago that it counts no more. */
static bool
is_past(const struct silent_domain *d, int64_t now_us)
{
	return now_us - d->silent_us >= SILENT_US;
}

static void
forget(struct silence *s, struct silent_domain *d)
{
	unmark(s, d);
	d->children = 0;
	d->level = 0;
}

/* NULL: not there. */
static struct silent_domain *
lookup(struct silence *s, struct slice name, uint64_t *hash)
{
	struct silent_domain *d;
	size_t i;

	*hash = hash_keyed(name, 0) | 1;
	d = &s->domains[(*hash >> 8) % SETS * SILENCE_WAYS];
	for (i = 0; i < SILENCE_WAYS; i++)
		if (d[i].hash == *hash)
			return &d[i];
	return NULL;
}

/* What may make way for another: the oldest of those that are not marked,
   else the oldest; nothing with a place. */
static bool
makes_way(const struct silent_domain *a, const struct silent_domain *b)
{
	if (b == NULL || a->marked != b->marked)
		return b == NULL || !a->marked;
	return a->silent_us < b->silent_us;
}

static struct silent_domain *
make(struct silence *s, uint64_t hash)
{
	struct silent_domain *d, *best = NULL;
	size_t i;

	d = &s->domains[(hash >> 8) % SETS * SILENCE_WAYS];
	for (i = 0; i < SILENCE_WAYS; i++)
		if (d[i].held == 0 && makes_way(&d[i], best))
			best = &d[i];
	if (best == NULL)
		return NULL;
	s->count += best->hash == 0;
	forget(s, best);
	best->hash = hash;
	return best;
}

static void
mark(struct silence *s, struct silent_domain *d, struct slice name)
{
	if (d->marked || d->level < SILENCE_MARK ||
	    __builtin_popcountll(d->children) < SILENCE_CHILDREN)
		return;
	d->marked = true;
	s->marked++;
	s->marks++;
	(void)snprintf(s->last, sizeof(s->last), "%.*s", SLICE_ARG(name));
}

void
silence_note(struct silence *s, struct slice name, int64_t now_us)
{
	struct silent_domain *d;
	struct suffixes above;
	uint64_t hash;
	size_t i;

	find_suffixes(name, &above);
	for (i = 0; i < above.count; i++) {
		d = lookup(s, above.name[i], &hash);
		if (d == NULL)
			d = make(s, hash);
		if (d == NULL)
			continue;
		if (is_past(d, now_us))
			forget(s, d);
		d->silent_us = now_us;
		d->children |= child_bit(above.child[i]);
		if (d->level < SILENCE_WORST)
			d->level++;
		mark(s, d, above.name[i]);
	}
}

/* A question that no label can multiply: see silence_internal.h. */
static bool
is_exempt(const struct silent_domain *d, struct slice name,
    struct slice above)
{
	static const struct slice dmarc = SLICE_INIT("_dmarc."),
	    key = SLICE_INIT("._domainkey.");
	struct slice front = slice_head(name, name.len - above.len);

	if (front.len == 0 || slice_eq(front, dmarc))
		return true;
	return front.len >= key.len && slice_eq(slice_from(front,
	    front.len - key.len), key) &&
	    (d->children & KEYS_BIT) == 0;
}

void
silence_note_answer(struct silence *s, struct slice name)
{
	struct silent_domain *d;
	struct suffixes above;
	uint64_t hash;
	size_t i;

	if (s->count == 0)
		return;
	find_suffixes(name, &above);
	for (i = 0; i < above.count; i++) {
		d = lookup(s, above.name[i], &hash);
		if (d == NULL || d->level == 0 ||
		    (d->marked && is_exempt(d, name, above.name[i])))
			continue;
		if (--d->level == 0)
			forget(s, d);
	}
}

struct silent_domain *
silence_find(struct silence *s, struct slice name, int64_t now_us)
{
	struct silent_domain *d;
	struct suffixes above;
	uint64_t hash;
	size_t i;

	if (s->marked == 0)
		return NULL;
	find_suffixes(name, &above);
	for (i = 0; i < above.count; i++) {
		d = lookup(s, above.name[i], &hash);
		if (d == NULL || !d->marked)
			continue;
		if (is_past(d, now_us))
			forget(s, d);
		else if (!is_exempt(d, name, above.name[i]))
			return d;
	}
	return NULL;
}

bool
silence_take(struct silence *s, struct silent_domain *d)
{
	if (d->held < LIMIT_DNS_SILENT_PLACES) {
		d->held++;
		return true;
	}
	s->refused++;
	return false;
}

void
silence_give_back(struct silent_domain *d)
{
	d->held--;
}
