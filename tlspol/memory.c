/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory: a hash table of entries, each in one of two lists by its last use.
 */
#include "tlspol/memory.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define SLOTS_MIN	1024

TAILQ_HEAD(entries, memory_entry);

struct memory {
	struct memory_entry	**slots;
	size_t		  slot_count;		/* a power of 2 */
	struct entries	  plain, with_policy;	/* the oldest first */
	struct entries	  rounds;
	size_t		  count, policies, octets;
	size_t		  max_count, max_octets;
};

struct memory *
memory_new(size_t max_domains, size_t max_octets)
{
	struct memory *m = mem_alloc(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->slots = mem_array(SLOTS_MIN, sizeof(struct memory_entry *));
	if (m->slots == NULL) {
		mem_free(m);
		return NULL;
	}
	m->slot_count = SLOTS_MIN;
	TAILQ_INIT(&m->plain);
	TAILQ_INIT(&m->with_policy);
	TAILQ_INIT(&m->rounds);
	memory_set_limits(m, max_domains, max_octets);
	return m;
}

void
memory_free(struct memory *m)
{
	struct memory_entry *e, *next;
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->slot_count; i++) {
		for (e = m->slots[i]; e != NULL; e = next) {
			next = e->next;
			mem_free(e->policy);
			mem_free(e);
		}
	}
	mem_free((void *)m->slots);
	mem_free(m);
}

static struct entries *
list_of(struct memory *m, const struct memory_entry *e)
{
	return e->policy != NULL ? &m->with_policy : &m->plain;
}

static struct memory_entry **
slot_of(const struct memory *m, uint64_t hash)
{
	return &m->slots[hash & (m->slot_count - 1)];
}

static void
entry_remove(struct memory *m, struct memory_entry *e)
{
	struct memory_entry **p = slot_of(m, e->hash);

	memory_set_policy(m, e, NULL, "", 0);
	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	TAILQ_REMOVE(&m->plain, e, used);
	m->count--;
	m->octets -= e->size;
	mem_free(e);
}

/* Makes room for one more of that size. */
static void
make_room(struct memory *m, size_t count, size_t octets)
{
	struct memory_entry *e;

	while (m->count + count > m->max_count ||
	    m->octets + octets > m->max_octets) {
		e = TAILQ_FIRST(&m->plain);
		if (e == NULL)
			e = TAILQ_FIRST(&m->with_policy);
		if (e == NULL)
			return;
		entry_remove(m, e);
	}
}

void
memory_set_limits(struct memory *m, size_t max_domains, size_t max_octets)
{
	m->max_count = max_domains;
	m->max_octets = max_octets;
	make_room(m, 0, 0);
}

struct memory_entry *
memory_find(const struct memory *m, struct slice key)
{
	uint64_t hash = hash_keyed(key, 0);
	struct memory_entry *e;

	for (e = *slot_of(m, hash); e != NULL; e = e->next) {
		if (e->hash == hash && slice_eq(e->key, key))
			return e;
	}
	return NULL;
}

/* A table that cannot grow is slower, and no failure. */
static void
grow(struct memory *m)
{
	size_t i, count = m->slot_count * 2;
	struct memory_entry **slots, **old = m->slots, *e, *next;

	if (m->count < m->slot_count)
		return;
	slots = mem_array(count, sizeof(struct memory_entry *));
	if (slots == NULL)
		return;
	m->slots = slots;
	m->slot_count = count;
	for (i = 0; i < count / 2; i++) {
		for (e = old[i]; e != NULL; e = next) {
			next = e->next;
			e->next = *slot_of(m, e->hash);
			*slot_of(m, e->hash) = e;
		}
	}
	mem_free((void *)old);
}

static struct memory_entry *
entry_new(const struct tlspolicy_hop *hop, struct slice key)
{
	size_t size = sizeof(struct memory_entry) + key.len;
	struct memory_entry *e = mem_alloc(size);

	if (e == NULL)
		return NULL;
	memcpy(e + 1, key.ptr, key.len);
	e->key = (struct slice){ (const char *)(e + 1), key.len };
	e->domain = slice_head(slice_from(e->key, hop->is_host ? 1 : 0),
	    hop->domain.len);
	e->is_host = hop->is_host;
	e->port = hop->port;
	e->hash = hash_keyed(key, 0);
	e->size = size;
	return e;
}

struct memory_entry *
memory_get(struct memory *m, const struct tlspolicy_hop *hop)
{
	char text[TLSPOLICY_HOP_MAX];
	struct slice key = tlspolicy_hop_text(hop, text);
	struct memory_entry *e = memory_find(m, key);
	size_t size = sizeof(*e) + key.len;

	if (e != NULL)
		return e;
	make_room(m, 1, size);
	if (m->count >= m->max_count || m->octets + size > m->max_octets)
		return NULL;
	e = entry_new(hop, key);
	if (e == NULL)
		return NULL;
	grow(m);
	e->next = *slot_of(m, e->hash);
	*slot_of(m, e->hash) = e;
	TAILQ_INSERT_TAIL(&m->plain, e, used);
	m->count++;
	m->octets += size;
	return e;
}

void
memory_touch(struct memory *m, struct memory_entry *e, int64_t wall)
{
	e->asked = wall;
	if (e->lookup != NULL)
		return;
	TAILQ_REMOVE(list_of(m, e), e, used);
	TAILQ_INSERT_TAIL(list_of(m, e), e, used);
}

void
memory_pin(struct memory *m, struct memory_entry *e, struct lookup *lookup)
{
	if (e->lookup == NULL && lookup != NULL)
		TAILQ_REMOVE(list_of(m, e), e, used);
	else if (e->lookup != NULL && lookup == NULL)
		TAILQ_INSERT_TAIL(list_of(m, e), e, used);
	e->lookup = lookup;
	if (lookup == NULL)
		make_room(m, 0, 0);
}

static void
drop_policy(struct memory *m, struct memory_entry *e)
{
	if (e->policy == NULL)
		return;
	TAILQ_REMOVE(&m->rounds, e, round);
	m->policies--;
	m->octets -= sts_policy_size(e->policy);
	e->size -= sts_policy_size(e->policy);
	mem_free(e->policy);
	e->policy = NULL;
}

void
memory_set_policy(struct memory *m, struct memory_entry *e,
    struct sts_policy *policy, const char *id, int64_t fetched)
{
	if (e->lookup == NULL)
		TAILQ_REMOVE(list_of(m, e), e, used);
	drop_policy(m, e);
	e->policy = policy;
	e->fetched = fetched;
	memset(e->id, 0, sizeof(e->id));
	memcpy(e->id, id, strnlen(id, STS_ID_MAX));
	if (policy != NULL) {
		TAILQ_INSERT_TAIL(&m->rounds, e, round);
		m->policies++;
		m->octets += sts_policy_size(policy);
		e->size += sts_policy_size(policy);
	}
	if (e->lookup == NULL)
		TAILQ_INSERT_TAIL(list_of(m, e), e, used);
}

const struct sts_policy *
memory_policy(const struct memory_entry *e, int64_t wall)
{
	return e->policy != NULL &&
	    wall <= e->fetched + (int64_t)e->policy->max_age ?
	    e->policy : NULL;
}

struct memory_entry *
memory_next(struct memory *m, int64_t wall)
{
	struct memory_entry *e;

	while ((e = TAILQ_FIRST(&m->rounds)) != NULL) {
		if (memory_policy(e, wall) == NULL) {
			memory_set_policy(m, e, NULL, "", 0);
			continue;
		}
		TAILQ_REMOVE(&m->rounds, e, round);
		TAILQ_INSERT_TAIL(&m->rounds, e, round);
		return e;
	}
	return NULL;
}

struct memory_entry *
memory_first_policy(const struct memory *m)
{
	return TAILQ_FIRST(&m->rounds);
}

size_t
memory_count(const struct memory *m)
{
	return m->count;
}

size_t
memory_policies(const struct memory *m)
{
	return m->policies;
}

size_t
memory_octets(const struct memory *m)
{
	return m->octets;
}
