/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sightings: two hash tables, of signatures and of what was seen of them.
 *
 * 1. A sighting is one network, or one recipient, of one signature.  Networks
 *    and recipients of a signature are a group each.
 * 2. Noted again it moves to the end of its lists, with its new time.
 * 3. A new one makes room first: in a group that is full the oldest goes, in
 *    a table that is full the oldest of all.
 * 4. Lists are in the order of time, so that counting goes back from the
 *    latest to the first that is too old.
 */
#include "policy/sightings.h"

#include <pthread.h>
#include <string.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "base/mem.h"

#define BUCKETS 65536		/* a power of two */
#define GROUP_MAX (LIMIT_SIGHTINGS_COUNT + 1)

enum kind { OF_NETWORKS = 1, OF_RECIPIENTS };

TAILQ_HEAD(sighting_list, sighting);
LIST_HEAD(sighting_bucket, sighting);
LIST_HEAD(group_bucket, group);

struct group {
	LIST_ENTRY(group)	 chain;		/* in its bucket */
	uint64_t		 key;
	struct sighting_list	 list;
	unsigned int		 count;
};

struct sighting {
	LIST_ENTRY(sighting)	 chain;		/* in its bucket */
	TAILQ_ENTRY(sighting)	 near;		/* in its group */
	TAILQ_ENTRY(sighting)	 all;
	struct group		*group;
	uint64_t		 what;		/* with its group */
	int64_t			 time;
};

struct sightings {
	pthread_mutex_t		 lock;
	struct group_bucket	 groups[BUCKETS];
	struct sighting_bucket	 buckets[BUCKETS];
	struct sighting_list	 all;
	unsigned int		 count;
	unsigned long long	 forgotten;
};

struct sightings *
sightings_new(void)
{
	struct sightings *t = mem_alloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	TAILQ_INIT(&t->all);
	return t;
}

/* ---- hashes ---- */

static uint64_t
hash_number(uint64_t number, uint64_t salt)
{
	return hash_keyed((struct slice){ (const char *)&number,
	    sizeof(number) }, salt);
}

uint64_t
sightings_key(struct slice d, struct slice b)
{
	return hash_keyed(b, hash_keyed(d, 0));
}

uint64_t
sightings_recipient(struct slice path)
{
	return hash_nocase(path, 0);
}

static uint64_t
hash_network(const struct ipaddr *client)
{
	size_t kept = client->family == IPADDR_V4 ? 3 : 8;

	return hash_keyed((struct slice){ (const char *)client->bytes, kept },
	    (uint64_t)client->family);
}

/* ---- groups and sightings, under the lock ---- */

static struct group_bucket *
group_bucket(struct sightings *t, uint64_t key)
{
	return &t->groups[key & (BUCKETS - 1)];
}

static struct group *
find_group(struct sightings *t, uint64_t key)
{
	struct group *g;

	LIST_FOREACH(g, group_bucket(t, key), chain) {
		if (g->key == key)
			return g;
	}
	return NULL;
}

static struct group *
need_group(struct sightings *t, uint64_t key)
{
	struct group *g = find_group(t, key);

	if (g != NULL)
		return g;
	g = mem_alloc(sizeof(*g));
	if (g == NULL)
		return NULL;
	g->key = key;
	TAILQ_INIT(&g->list);
	LIST_INSERT_HEAD(group_bucket(t, key), g, chain);
	return g;
}

static struct sighting_bucket *
bucket_of(struct sightings *t, uint64_t what)
{
	return &t->buckets[what & (BUCKETS - 1)];
}

static struct sighting *
find(struct sightings *t, const struct group *g, uint64_t what)
{
	struct sighting *s;

	LIST_FOREACH(s, bucket_of(t, what), chain) {
		if (s->what == what && s->group == g)
			return s;
	}
	return NULL;
}

static void
drop_empty(struct group *g)
{
	if (g->count > 0)
		return;
	LIST_REMOVE(g, chain);
	mem_free(g);
}

/* Its group stays, even if it is empty. */
static void
forget(struct sightings *t, struct sighting *s)
{
	LIST_REMOVE(s, chain);
	TAILQ_REMOVE(&s->group->list, s, near);
	TAILQ_REMOVE(&t->all, s, all);
	s->group->count--;
	t->count--;
	mem_free(s);
}

static void
forget_oldest(struct sightings *t, const struct group *kept)
{
	struct sighting *s = TAILQ_FIRST(&t->all);
	struct group *g = s->group;

	forget(t, s);
	if (g != kept)
		drop_empty(g);
}

static void
expire(struct sightings *t, int64_t now)
{
	struct sighting *s;

	while ((s = TAILQ_FIRST(&t->all)) != NULL &&
	    s->time < now - LIMIT_SIGHTINGS_S)
		forget_oldest(t, NULL);
}

/* Step 3. */
static void
make_room(struct sightings *t, struct group *g)
{
	if (g->count == GROUP_MAX) {
		forget(t, TAILQ_FIRST(&g->list));
	} else if (t->count == LIMIT_SIGHTINGS) {
		forget_oldest(t, g);
		t->forgotten++;
	}
}

/* Steps 2 and 3. */
static bool
note(struct sightings *t, struct group *g, uint64_t what, int64_t now)
{
	struct sighting *s;

	what = hash_number(what, g->key);
	s = find(t, g, what);
	if (s != NULL) {
		TAILQ_REMOVE(&g->list, s, near);
		TAILQ_REMOVE(&t->all, s, all);
	} else {
		make_room(t, g);
		s = mem_alloc(sizeof(*s));
		if (s == NULL)
			return false;
		s->group = g;
		s->what = what;
		LIST_INSERT_HEAD(bucket_of(t, what), s, chain);
		g->count++;
		t->count++;
	}
	s->time = now;
	TAILQ_INSERT_TAIL(&g->list, s, near);
	TAILQ_INSERT_TAIL(&t->all, s, all);
	return true;
}

static bool
note_all(struct sightings *t, uint64_t key, const uint64_t *what,
    size_t count, int64_t now)
{
	struct group *g = need_group(t, key);
	bool good = g != NULL;
	size_t i;

	for (i = 0; i < count && good; i++)
		good = note(t, g, what[i], now);
	if (g != NULL)
		drop_empty(g);
	return good;
}

/* Step 4. */
static unsigned int
count_since(struct sightings *t, uint64_t key, int64_t since)
{
	const struct group *g = find_group(t, key);
	const struct sighting *s;
	unsigned int count = 0;

	if (g == NULL)
		return 0;
	TAILQ_FOREACH_REVERSE(s, &g->list, sighting_list, near) {
		if (s->time < since)
			break;
		count++;
	}
	return count;
}

/* ---- for others ---- */

void
sightings_free(struct sightings *t)
{
	if (t == NULL)
		return;
	while (!TAILQ_EMPTY(&t->all))
		forget_oldest(t, NULL);
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

bool
sightings_note(struct sightings *t, uint64_t key, const struct ipaddr *client,
    const uint64_t *recipients, size_t count, int64_t now)
{
	const struct sighting *last;
	uint64_t network;
	bool good;

	pthread_mutex_lock(&t->lock);
	/* A message that took longer is not older for it. */
	last = TAILQ_LAST(&t->all, sighting_list);
	if (last != NULL && last->time > now)
		now = last->time;
	expire(t, now);
	network = hash_network(client);
	good = note_all(t, hash_number(key, OF_NETWORKS), &network,
	    client->family != IPADDR_NONE, now) &&
	    note_all(t, hash_number(key, OF_RECIPIENTS), recipients, count,
	    now);
	pthread_mutex_unlock(&t->lock);
	return good;
}

void
sightings_count(struct sightings *t, uint64_t key, int64_t now,
    unsigned int seconds, struct sightings_count *out)
{
	int64_t since = now - (int64_t)seconds;

	pthread_mutex_lock(&t->lock);
	out->networks = count_since(t, hash_number(key, OF_NETWORKS), since);
	out->recipients = count_since(t, hash_number(key, OF_RECIPIENTS),
	    since);
	pthread_mutex_unlock(&t->lock);
}

void
sightings_stats(struct sightings *t, struct sightings_stats *out)
{
	pthread_mutex_lock(&t->lock);
	*out = (struct sightings_stats){ .remembered = t->count,
		.forgotten = t->forgotten };
	pthread_mutex_unlock(&t->lock);
}
