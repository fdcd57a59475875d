/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deferral: a hash table of fixed size, whose entries are also in two kinds
 * of lists, each from the one used longest ago to the latest.
 *
 * 1. Look for the sender.  An entry past its `until` is as good as none, and
 *    one from the future is from before the clock was set back: both start
 *    again.
 * 2. Without one, make room.  A client network that has its share gives up
 *    one of its own; else, when the table is full, one of all goes.
 * 3. Who goes: of those seen once the one used longest ago, since a sender
 *    that came again is one that waits for its turn.  At most
 *    LIMIT_DEFERRALS_AGAIN are of that kind: past it the one used longest ago
 *    counts as seen once, so that old ones do not fill the table for good.
 * 4. Compare the time since the first deferral with what is allowed, and say
 *    until when the entry is needed.
 */
#include "policy/deferral.h"

#include <pthread.h>
#include <string.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "base/mem.h"

#define BUCKETS 32768		/* a power of two, above LIMIT_DEFERRALS */

struct key {
	struct ipaddr	network;
	unsigned int	at_most;
	uint64_t	sender;		/* hash of the address */
};

TAILQ_HEAD(entries, entry);
LIST_HEAD(bucket, entry);
LIST_HEAD(networks, network);

/* A client network with at least one entry. */
struct network {
	LIST_ENTRY(network)	 chain;
	struct ipaddr		 address;
	unsigned int		 count;
	struct entries		 entries;
};

struct entry {
	struct key		 key;
	int64_t			 first;		/* deferred the first time */
	int64_t			 until;		/* of no use any more */
	bool			 again;		/* it has come again */
	struct network		*network;
	LIST_ENTRY(entry)	 chain;		/* in its bucket */
	TAILQ_ENTRY(entry)	 used;		/* in `once` or `again` */
	TAILQ_ENTRY(entry)	 near;		/* in its network */
};

struct deferral_table {
	pthread_mutex_t	 lock;
	struct entries	 once, again;
	unsigned int	 again_count;
	unsigned int	 count;		/* of all entries */
	struct bucket	 buckets[BUCKETS];
	struct networks	 networks[BUCKETS];
	struct bucket	 free_entries;
	struct networks	 free_networks;
	/* What was never used is in no list: memory that nobody touches is
	   none of ours. */
	unsigned int	 entries_used, networks_used;
	struct entry	 entry_room[LIMIT_DEFERRALS];
	struct network	 network_room[LIMIT_DEFERRALS];
};

_Static_assert(BUCKETS > LIMIT_DEFERRALS, "chains stay short");

/* ---- keys ---- */

static struct key
key_of(const struct ipaddr *client, const struct mail_path *sender,
    unsigned int at_most)
{
	size_t kept = client->family == IPADDR_V4 ? 3 : 8;
	struct key k = { .network = { .family = client->family },
	    .at_most = at_most };

	if (client->family != IPADDR_NONE)
		memcpy(k.network.bytes, client->bytes, kept);
	k.sender = hash_nocase(sender->local, 0);
	k.sender = hash_nocase(sender->has_domain ?
	    domain_slice(&sender->domain) : sender->domain_text, k.sender);
	return k;
}

static bool
network_eq(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool
key_eq(const struct key *a, const struct key *b)
{
	return a->sender == b->sender && a->at_most == b->at_most &&
	    network_eq(&a->network, &b->network);
}

static size_t
slot_of(const struct ipaddr *network, uint64_t salt)
{
	struct slice bytes = { (const char *)network->bytes,
	    sizeof(network->bytes) };

	return (size_t)(hash_keyed(bytes, salt) & (BUCKETS - 1));
}

static struct bucket *
bucket_of(struct deferral_table *t, const struct key *k)
{
	return &t->buckets[slot_of(&k->network, k->sender)];
}

/* ---- networks ---- */

static struct network *
find_network(struct deferral_table *t, const struct ipaddr *address)
{
	struct network *n;

	LIST_FOREACH(n, &t->networks[slot_of(address, 0)], chain) {
		if (network_eq(&n->address, address))
			break;
	}
	return n;
}

/* There is one for each entry. */
static struct network *
free_network(struct deferral_table *t)
{
	struct network *n = LIST_FIRST(&t->free_networks);

	if (n == NULL)
		return &t->network_room[t->networks_used++];
	LIST_REMOVE(n, chain);
	return n;
}

static struct network *
new_network(struct deferral_table *t, const struct ipaddr *address)
{
	struct network *n = free_network(t);

	n->address = *address;
	TAILQ_INIT(&n->entries);
	LIST_INSERT_HEAD(&t->networks[slot_of(address, 0)], n, chain);
	return n;
}

static void
leave_network(struct deferral_table *t, struct entry *e)
{
	struct network *n = e->network;

	TAILQ_REMOVE(&n->entries, e, near);
	if (--n->count > 0)
		return;
	LIST_REMOVE(n, chain);
	LIST_INSERT_HEAD(&t->free_networks, n, chain);
}

/* ---- the order of use ---- */

static void
unlink_entry(struct deferral_table *t, struct entry *e)
{
	if (e->again) {
		TAILQ_REMOVE(&t->again, e, used);
		t->again_count--;
	} else {
		TAILQ_REMOVE(&t->once, e, used);
	}
}

/* Step 3. */
static void
link_again(struct deferral_table *t, struct entry *e)
{
	struct entry *oldest;

	e->again = true;
	TAILQ_INSERT_TAIL(&t->again, e, used);
	if (++t->again_count <= LIMIT_DEFERRALS_AGAIN)
		return;
	oldest = TAILQ_FIRST(&t->again);
	unlink_entry(t, oldest);
	oldest->again = false;
	TAILQ_INSERT_TAIL(&t->once, oldest, used);
}

/* Its list is that of senders who came again, if it is one. */
static void
use(struct deferral_table *t, struct entry *e, int64_t now)
{
	unlink_entry(t, e);
	if (e->again || now - e->first >= LIMIT_DEFERRAL_AGAIN) {
		link_again(t, e);
	} else {
		TAILQ_INSERT_TAIL(&t->once, e, used);
	}
	TAILQ_REMOVE(&e->network->entries, e, near);
	TAILQ_INSERT_TAIL(&e->network->entries, e, near);
}

/* ---- the table ---- */

static struct entry *
find(struct deferral_table *t, const struct key *k)
{
	struct entry *e;

	LIST_FOREACH(e, bucket_of(t, k), chain) {
		if (key_eq(&e->key, k))
			break;
	}
	return e;
}

static void
forget(struct deferral_table *t, struct entry *e)
{
	unlink_entry(t, e);
	leave_network(t, e);
	LIST_REMOVE(e, chain);
	LIST_INSERT_HEAD(&t->free_entries, e, chain);
	t->count--;
}

/* Step 3, of one network. */
static struct entry *
who_goes(const struct network *n)
{
	struct entry *e;

	TAILQ_FOREACH(e, &n->entries, near) {
		if (!e->again)
			return e;
	}
	return TAILQ_FIRST(&n->entries);
}

/* Step 2. */
static void
make_room(struct deferral_table *t, const struct ipaddr *network)
{
	const struct network *n = find_network(t, network);

	if (n != NULL && n->count == LIMIT_DEFERRALS_NETWORK)
		forget(t, who_goes(n));
	else if (t->count == LIMIT_DEFERRALS)
		forget(t, TAILQ_FIRST(&t->once));
}

/* There is room for one. */
static struct entry *
free_entry(struct deferral_table *t)
{
	struct entry *e = LIST_FIRST(&t->free_entries);

	if (e == NULL)
		return &t->entry_room[t->entries_used++];
	LIST_REMOVE(e, chain);
	return e;
}

static struct entry *
take(struct deferral_table *t, const struct key *k, int64_t now)
{
	struct network *n;
	struct entry *e;

	make_room(t, &k->network);
	e = free_entry(t);
	n = find_network(t, &k->network);
	if (n == NULL)
		n = new_network(t, &k->network);
	n->count++;
	t->count++;
	*e = (struct entry){ .key = *k, .first = now, .network = n };
	LIST_INSERT_HEAD(bucket_of(t, k), e, chain);
	TAILQ_INSERT_TAIL(&t->once, e, used);
	TAILQ_INSERT_TAIL(&n->entries, e, near);
	return e;
}

/* Steps 1 to 3. */
static struct entry *
look_up(struct deferral_table *t, const struct key *k, int64_t now)
{
	struct entry *e = find(t, k);

	if (e == NULL)
		return take(t, k, now);
	if (now >= e->until || now < e->first)
		e->first = now;
	use(t, e, now);
	return e;
}

unsigned int
deferral_count(struct deferral_table *t)
{
	unsigned int count;

	pthread_mutex_lock(&t->lock);
	count = t->count;
	pthread_mutex_unlock(&t->lock);
	return count;
}

bool
deferral_may_defer(struct deferral_table *t, const struct ipaddr *client,
    const struct mail_path *sender, int64_t now, unsigned int at_most)
{
	struct key k = key_of(client, sender, at_most);
	struct entry *e;
	bool may;

	pthread_mutex_lock(&t->lock);
	e = look_up(t, &k, now);
	/* Step 4. */
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
	if (pthread_mutex_init(&t->lock, NULL) != 0) {
		mem_free(t);
		return NULL;
	}
	TAILQ_INIT(&t->once);
	TAILQ_INIT(&t->again);
	return t;
}

void
deferral_free(struct deferral_table *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}
