/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: chained hashing over SipHash.
 *
 * The hash is SipHash-1-3 (Aumasson and Bernstein, 2012, with the reduced
 * rounds that are usual for hash tables): the name in words of eight octets,
 * its last word with the length on top, then one word for the type.
 */
#include "resolver/table.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
static uint64_t secret[2];

/* Without entropy the addresses of the process have to do: the table still
   works, it is only easier to aim at. */
static void
secret_make(void)
{
	if (getrandom(secret, sizeof(secret), 0) == sizeof(secret))
		return;
	secret[0] = (uint64_t)(uintptr_t)&secret_once;
	secret[1] = (uint64_t)(uintptr_t)secret;
}

static inline uint64_t
rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

static uint64_t
sip_hash(struct slice name, unsigned int type)
{
	uint64_t v[4] = {
		secret[0] ^ UINT64_C(0x736f6d6570736575),
		secret[1] ^ UINT64_C(0x646f72616e646f6d),
		secret[0] ^ UINT64_C(0x6c7967656e657261),
		secret[1] ^ UINT64_C(0x7465646279746573)
	};
	uint64_t word;
	size_t at;

	for (at = 0; name.len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, name.ptr + at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (at < name.len)
		memcpy(&word, name.ptr + at, name.len - at);
	sip_word(v, word ^ (uint64_t)name.len << 56);
	sip_word(v, type);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct table_key
table_key(struct slice name, unsigned int type)
{
	(void)pthread_once(&secret_once, secret_make);
	return (struct table_key){ name, type, sip_hash(name, type) };
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

void
table_insert(struct table *t, struct table_node *node)
{
	if (t->count >= t->size)
		table_grow(t);
	link_node(t, node);
}

size_t
table_bytes(const struct table *t)
{
	return t->size * sizeof(*t->slots);
}
