/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: chained hashing over the keyed hash of base/.
 */
#include "resolver/table_internal.h"

#include <assert.h>

#include "base/hash.h"
#include "base/mem.h"

struct table_key
table_key(struct slice name, unsigned int type)
{
	return (struct table_key){ name, type, hash_keyed(name, type) };
}

bool
table_init(struct table *t, size_t size)
{
	assert(size > 0 && (size & (size - 1)) == 0);
	t->count = 0;
	t->size = 0;
	t->slots = mem_array(size, sizeof(*t->slots));
	if (t->slots == NULL)
		return false;
	t->size = size;
	return true;
}

void
table_fini(struct table *t)
{
	mem_free(t->slots);
	t->slots = NULL;
	t->size = t->count = 0;
}

static inline struct table_node **
slot_of(const struct table *t, uint64_t hash)
{
	return &t->slots[hash & (t->size - 1)];
}

struct table_node *
table_find(const struct table *t, const struct table_key *key)
{
	struct table_node *n;

	for (n = *slot_of(t, key->hash); n != NULL; n = n->next) {
		if (n->key.hash == key->hash && n->key.type == key->type &&
		    slice_eq(n->key.name, key->name))
			return n;
	}
	return NULL;
}

static void
link_node(struct table *t, struct table_node *node)
{
	struct table_node **slot = slot_of(t, node->key.hash);

	node->next = *slot;
	*slot = node;
	t->count++;
}

void
table_remove(struct table *t, struct table_node *node)
{
	struct table_node **at = slot_of(t, node->key.hash);

	while (*at != node) {
		assert(*at != NULL);
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	t->count--;
}

struct table_node *
table_pop(struct table *t, size_t *from)
{
	struct table_node *n;

	for (; *from < t->size; ++*from) {
		n = t->slots[*from];
		if (n != NULL) {
			table_remove(t, n);
			return n;
		}
	}
	return NULL;
}

static void
table_grow(struct table *t)
{
	struct table_node *n;
	struct table wide;
	size_t from = 0;

	if (!table_init(&wide, t->size * 2))
		return;
	while ((n = table_pop(t, &from)) != NULL)
		link_node(&wide, n);
	table_fini(t);
	*t = wide;
}

/* Most of what is looked for is not there, and each node is a cache miss. */
void
table_insert(struct table *t, struct table_node *node)
{
	if (t->count >= t->size / 2)
		table_grow(t);
	link_node(t, node);
}

size_t
table_bytes(const struct table *t)
{
	return t->size * sizeof(*t->slots);
}
