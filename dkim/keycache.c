/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache: a hash table and a list in order of use, under one mutex.
 *
 * Parsing is done outside of the mutex: two threads may parse the same
 * record at once, and the second one finds the key already there.  Only
 * usable keys are kept: a bad record is cheap to refuse again.
 */
#include "dkim/keycache_internal.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define BUCKETS 1024		/* a power of 2 */

struct entry {
	struct entry	*chain;		/* of the bucket */
	struct entry	*newer, *older;
	uint64_t	 hash;
	struct dkim_key	 key;
	size_t		 len;
	char		 record[];
};

struct dkim_keycache {
	pthread_mutex_t	 lock;
	size_t		 count;
	struct entry	*newest, *oldest;
	struct entry	*buckets[BUCKETS];
};

struct dkim_keycache *
dkim_keycache_new(void)
{
	struct dkim_keycache *c = mem_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	if (pthread_mutex_init(&c->lock, NULL) != 0) {
		mem_free(c);
		return NULL;
	}
	return c;
}

static void
entry_free(struct entry *e)
{
	dkim_key_fini(&e->key);
	mem_free(e);
}

void
dkim_keycache_free(struct dkim_keycache *c)
{
	struct entry *e, *older;

	if (c == NULL)
		return;
	for (e = c->newest; e != NULL; e = older) {
		older = e->older;
		entry_free(e);
	}
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

static struct entry **
bucket_of(struct dkim_keycache *c, uint64_t hash)
{
	return &c->buckets[hash & (BUCKETS - 1)];
}

static void
unlink_use(struct dkim_keycache *c, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
}

static void
link_newest(struct dkim_keycache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void
remove_entry(struct dkim_keycache *c, struct entry *e)
{
	struct entry **p = bucket_of(c, e->hash);

	while (*p != e)
		p = &(*p)->chain;
	*p = e->chain;
	unlink_use(c, e);
	c->count--;
	entry_free(e);
}

static struct entry *
find_entry(struct dkim_keycache *c, uint64_t hash, struct slice record)
{
	struct entry *e;

	for (e = *bucket_of(c, hash); e != NULL; e = e->chain) {
		if (e->hash == hash && slice_eq(record,
		    (struct slice){ e->record, e->len }))
			return e;
	}
	return NULL;
}

static bool
copy_key(const struct dkim_key *key, struct dkim_key *out)
{
	*out = *key;
	return crypto_key_copy(&key->key, &out->key);
}

static bool
look_up(struct dkim_keycache *c, uint64_t hash, struct slice record,
    struct dkim_key *out)
{
	struct entry *e;
	bool copied = false;

	pthread_mutex_lock(&c->lock);
	e = find_entry(c, hash, record);
	if (e != NULL) {
		unlink_use(c, e);
		link_newest(c, e);
		copied = copy_key(&e->key, out);
	}
	pthread_mutex_unlock(&c->lock);
	return copied;
}

/* Takes over `e`. */
static void
insert(struct dkim_keycache *c, struct entry *e)
{
	struct entry **bucket = bucket_of(c, e->hash);
	struct slice	  record = { e->record, e->len };

	pthread_mutex_lock(&c->lock);
	if (find_entry(c, e->hash, record) != NULL) {
		pthread_mutex_unlock(&c->lock);
		entry_free(e);
		return;
	}
	if (c->count == LIMIT_DKIM_KEY_CACHE)
		remove_entry(c, c->oldest);
	e->chain = *bucket;
	*bucket = e;
	link_newest(c, e);
	c->count++;
	pthread_mutex_unlock(&c->lock);
}

/* Without memory the key is just not kept. */
static void
keep(struct dkim_keycache *c, uint64_t hash, struct slice record,
    const struct dkim_key *key)
{
	struct entry *e = mem_alloc(sizeof(*e) + record.len);

	if (e == NULL)
		return;
	e->hash = hash;
	e->len = record.len;
	memcpy(e->record, record.ptr, record.len);
	if (copy_key(key, &e->key))
		insert(c, e);
	else
		entry_free(e);
}

enum dkim_key_status
dkim_keycache_get(struct dkim_keycache *c, struct slice record,
    struct dkim_key *out, const char **problem)
{
	enum dkim_key_status status;
	uint64_t hash;

	if (record.len == 0 || record.len > LIMIT_DKIM_KEY_CACHED)
		return dkim_key_parse(record, out, problem);
	hash = hash_keyed(record, 0);
	*problem = NULL;
	if (look_up(c, hash, record, out))
		return DKIM_KEY_OK;
	status = dkim_key_parse(record, out, problem);
	if (status == DKIM_KEY_OK)
		keep(c, hash, record, out);
	return status;
}

size_t
dkim_keycache_count(struct dkim_keycache *c)
{
	size_t count;

	pthread_mutex_lock(&c->lock);
	count = c->count;
	pthread_mutex_unlock(&c->lock);
	return count;
}

size_t
dkim_keycache_longest(struct dkim_keycache *c)
{
	const struct entry *e;
	size_t i, len, longest = 0;

	pthread_mutex_lock(&c->lock);
	for (i = 0; i < BUCKETS; i++) {
		for (len = 0, e = c->buckets[i]; e != NULL; e = e->chain)
			len++;
		longest = len > longest ? len : longest;
	}
	pthread_mutex_unlock(&c->lock);
	return longest;
}
