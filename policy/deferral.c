/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deferral: a hash table of fixed size, and a list of its entries from the
 * latest used to the one that goes next.
 *
 * 1. Look for the sender.  An entry past its `until` is as good as none.
 * 2. Without one, take a free entry, or the one used longest ago.
 * 3. Compare the time since the first deferral with what is allowed, and say
 *    until when the entry is of use.
 *
 * Entries are named by their index + 1; 0 is none.
 */
#include "policy/deferral.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/ascii.h"
#include "base/mem.h"

#define BUCKETS 32768		/* a power of two, above LIMIT_DEFERRALS */

struct key {
	struct ipaddr	network;
	unsigned int	at_most;
	uint64_t	sender;		/* hash of the address */
};

struct entry {
	struct key	key;
	int64_t		first;		/* deferred the first time */
	int64_t		until;		/* of no use any more */
	uint32_t	newer, older;	/* in the order of use */
	uint32_t	chain;		/* next in the same bucket */
};

struct deferral_table {
	pthread_mutex_t	 lock;
	uint64_t	 seed;
	uint32_t	 count;
	uint32_t	 newest, oldest;
	uint32_t	 buckets[BUCKETS];
	struct entry	 entries[LIMIT_DEFERRALS];
};

_Static_assert(BUCKETS > LIMIT_DEFERRALS, "chains stay short");

/* ---- keys ---- */

static uint64_t
hash_octet(uint64_t hash, unsigned char octet)
{
	return (hash ^ octet) * UINT64_C(0x100000001b3);	/* FNV-1a */
}

static uint64_t
hash_text(uint64_t hash, struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		hash = hash_octet(hash,
		    (unsigned char)ascii_lower(text.ptr[i]));
	return hash_octet(hash, '@');
}

static struct key
key_of(const struct deferral_table *t, const struct ipaddr *client,
    const struct mail_path *sender, unsigned int at_most)
{
	size_t kept = client->family == IPADDR_V4 ? 3 : 8;
	struct key k = { .network = { .family = client->family },
	    .at_most = at_most };

	if (client->family != IPADDR_NONE)
		memcpy(k.network.bytes, client->bytes, kept);
	k.sender = hash_text(t->seed, sender->local);
	k.sender = hash_text(k.sender, sender->has_domain ?
	    domain_slice(&sender->domain) : sender->domain_text);
	return k;
}

static bool
key_eq(const struct key *a, const struct key *b)
{
	return a->sender == b->sender && a->at_most == b->at_most &&
	    a->network.family == b->network.family &&
	    memcmp(a->network.bytes, b->network.bytes,
		sizeof(a->network.bytes)) == 0;
}

static uint32_t *
bucket_of(struct deferral_table *t, const struct key *k)
{
	uint64_t hash = k->sender;
	size_t i;

	for (i = 0; i < sizeof(k->network.bytes); i++)
		hash = hash_octet(hash, k->network.bytes[i]);
	return &t->buckets[(hash ^ hash >> 32) & (BUCKETS - 1)];
}

static struct entry *
entry_at(struct deferral_table *t, uint32_t name)
{
	return &t->entries[name - 1];
}

/* ---- the order of use ---- */

static void
unlink_entry(struct deferral_table *t, struct entry *e)
{
	if (e->newer != 0)
		entry_at(t, e->newer)->older = e->older;
	else
		t->newest = e->older;
	if (e->older != 0)
		entry_at(t, e->older)->newer = e->newer;
	else
		t->oldest = e->newer;
}

static void
link_newest(struct deferral_table *t, uint32_t name)
{
	struct entry *e = entry_at(t, name);

	e->newer = 0;
	e->older = t->newest;
	if (t->newest != 0)
		entry_at(t, t->newest)->newer = name;
	else
		t->oldest = name;
	t->newest = name;
}

/* ---- the table ---- */

static uint32_t
find(struct deferral_table *t, const struct key *k)
{
	uint32_t name = *bucket_of(t, k);

	while (name != 0 && !key_eq(&entry_at(t, name)->key, k))
		name = entry_at(t, name)->chain;
	return name;
}

static void
remove_from_bucket(struct deferral_table *t, uint32_t name)
{
	uint32_t *at = bucket_of(t, &entry_at(t, name)->key);

	while (*at != name)
		at = &entry_at(t, *at)->chain;
	*at = entry_at(t, name)->chain;
}

/* Step 2. */
static uint32_t
take(struct deferral_table *t, const struct key *k)
{
	uint32_t *bucket = bucket_of(t, k), name;

	if (t->count < LIMIT_DEFERRALS)
		name = ++t->count;
	else {
		name = t->oldest;
		unlink_entry(t, entry_at(t, name));
		remove_from_bucket(t, name);
	}
	*entry_at(t, name) = (struct entry){ .key = *k, .chain = *bucket };
	*bucket = name;
	link_newest(t, name);
	return name;
}

/* Steps 1 and 2. */
static struct entry *
look_up(struct deferral_table *t, const struct key *k, int64_t now)
{
	uint32_t name = find(t, k);
	struct entry *e;

	if (name == 0) {
		e = entry_at(t, take(t, k));
		e->first = now;
		return e;
	}
	e = entry_at(t, name);
	if (now >= e->until)
		e->first = now;
	unlink_entry(t, e);
	link_newest(t, name);
	return e;
}

bool
deferral_may_defer(struct deferral_table *t, const struct ipaddr *client,
    const struct mail_path *sender, int64_t now, unsigned int at_most)
{
	struct key k = key_of(t, client, sender, at_most);
	struct entry *e;
	bool may;

	pthread_mutex_lock(&t->lock);
	e = look_up(t, &k, now);
	/* Step 3. */
	may = now - e->first < at_most;
	e->until = may ? e->first + at_most + LIMIT_DEFERRAL_RETRY :
	    now + at_most;
	pthread_mutex_unlock(&t->lock);
	return may;
}

void
deferral_limit(struct deferral_table *t, const struct ipaddr *client,
    const struct mail_path *sender, int64_t now, struct policy_decision *d)
{
	if (d->action != POLICY_TEMPFAIL || d->rule == NULL ||
	    d->rule->at_most == 0)
		return;
	if (deferral_may_defer(t, client, sender, now, d->rule->at_most))
		return;
	d->action = POLICY_ACCEPT;
	d->deferral_over = true;
}

struct deferral_table *
deferral_new(void)
{
	struct deferral_table *t = mem_alloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	/* So that nobody can choose addresses that share a bucket. */
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(t->seed))
		t->seed = (uint64_t)(uintptr_t)t;
	if (pthread_mutex_init(&t->lock, NULL) == 0)
		return t;
	mem_free(t);
	return NULL;
}

void
deferral_free(struct deferral_table *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}
