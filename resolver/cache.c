/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache: a table of entries, and a list of them by last use.
 *
 * "No such name" is true for all types (RFC 2308 section 5): it is
 * under type ANY_TYPE and is looked for there after the exact question.
 *
 * It is also true for all names below (RFC 8020 section 2).  But servers
 * exist that say so of empty non-terminals, and what hangs below an "_spf"
 * or "_domainkey" must not vanish by that: the cut is believed only when
 * the answer is authenticated, which is then signed proof (RFC 8020 section
 * 9 names the danger), and no CNAME led to it, since the denial then is of
 * the CNAME's target (RFC 2308 section 2.1).
 */
#include "resolver/cache_internal.h"

#include <sys/queue.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/mem.h"

#define TABLE_SIZE	256
#define ANY_TYPE	0u

struct entry {
	struct table_node	 node;
	TAILQ_ENTRY(entry)	 link;
	const struct dns_answer	*answer;
	int64_t			 put_us;
	int64_t			 expires_us;
	int64_t			 stale_us;	/* kept until then */
	bool			 cuts_below;
	bool			 renewed;	/* has been asked for again */
	unsigned int		 uses;
};

struct cache {
	struct table	 table;
	TAILQ_HEAD(entries, entry) entries;	/* newest use first */
	size_t		 bytes;		/* entries and answers */
	size_t		 max;
	int64_t		 stale_us;
	/* Entries of ANY_TYPE, and of them those that cut below: most caches
	   have none of these, and need not look for them. */
	size_t		 denials, cuts;
};

struct cache *
cache_new(size_t max_bytes)
{
	struct cache *c = mem_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	if (!table_init(&c->table, TABLE_SIZE)) {
		mem_free(c);
		return NULL;
	}
	TAILQ_INIT(&c->entries);
	c->max = max_bytes;
	return c;
}

static size_t
entry_bytes(const struct dns_answer *a)
{
	return sizeof(struct entry) + dns_answer_size(a);
}

static void
set_cut(struct cache *c, struct entry *e, bool cuts_below)
{
	c->cuts -= e->cuts_below;
	e->cuts_below = cuts_below;
	c->cuts += e->cuts_below;
}

static void
entry_drop(struct cache *c, struct entry *e)
{
	set_cut(c, e, false);
	c->denials -= e->node.key.type == ANY_TYPE;
	table_remove(&c->table, &e->node);
	TAILQ_REMOVE(&c->entries, e, link);
	c->bytes -= entry_bytes(e->answer);
	dns_answer_unref(e->answer);
	mem_free(e);
}

void
cache_free(struct cache *c)
{
	struct entry *e;

	if (c == NULL)
		return;
	while ((e = TAILQ_FIRST(&c->entries)) != NULL)
		entry_drop(c, e);
	table_fini(&c->table);
	mem_free(c);
}

void
cache_set_stale(struct cache *c, int64_t us)
{
	c->stale_us = us;
}

/* The entry when it is there and is to be kept. */
static struct entry *
entry_kept(struct cache *c, const struct table_key *key, int64_t now_us)
{
	struct table_node *n = table_find(&c->table, key);
	struct entry *e;

	if (n == NULL)
		return NULL;
	e = (struct entry *)((uintptr_t)n - offsetof(struct entry, node));
	if (e->stale_us > now_us)
		return e;
	entry_drop(c, e);
	return NULL;
}

/* The entry when it is there and still holds. */
static struct entry *
entry_find(struct cache *c, const struct table_key *key, int64_t now_us)
{
	struct entry *e = entry_kept(c, key, now_us);

	return e != NULL && e->expires_us > now_us ? e : NULL;
}

static struct entry *
find_no_name(struct cache *c, struct slice name, int64_t now_us)
{
	struct table_key key;
	struct entry *e;

	if (c->denials == 0)
		return NULL;
	key = table_key(name, ANY_TYPE);
	e = entry_find(c, &key, now_us);
	while (e == NULL || (key.name.len < name.len && !e->cuts_below)) {
		key.name = domain_parent(key.name);
		if (key.name.len == 0 || c->cuts == 0)
			return NULL;
		key = table_key(key.name, ANY_TYPE);
		e = entry_find(c, &key, now_us);
	}
	return e;
}

static uint32_t
lifetime(const struct dns_answer *a)
{
	switch (a->outcome) {
	case DNS_FOUND:
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		return a->ttl;
	case DNS_SERVER_FAILURE:
	case DNS_TIMEOUT:
	case DNS_MALFORMED:
		return LIMIT_DNS_FAILURE_TTL;
	case DNS_NOT_ASKED:
		break;
	}
	return 0;
}

/* What is true of a name above may be no answer to a new question. */
static bool
is_due(struct entry *e, const struct table_key *key, int64_t now_us)
{
	int64_t tenth = (int64_t)lifetime(e->answer) * 100000;

	if (e->uses < CACHE_OFTEN)
		e->uses++;
	return !e->renewed && e->uses >= CACHE_OFTEN &&
	    e->expires_us - now_us <= tenth &&
	    dns_outcome_is_known(e->answer->outcome) &&
	    e->node.key.name.len == key->name.len;
}

static struct entry *
entry_for(struct cache *c, const struct table_key *key, int64_t now_us)
{
	struct entry *e = entry_find(c, key, now_us);

	return e != NULL ? e : find_no_name(c, key->name, now_us);
}

bool
cache_holds(struct cache *c, const struct table_key *key, int64_t now_us)
{
	return entry_for(c, key, now_us) != NULL;
}

void
cache_note_renewal(struct cache *c, const struct table_key *key,
    int64_t now_us)
{
	struct entry *e = entry_for(c, key, now_us);

	if (e != NULL)
		e->renewed = true;
}

const struct dns_answer *
cache_get(struct cache *c, const struct table_key *key, int64_t now_us,
    bool *due)
{
	struct entry *e = entry_for(c, key, now_us);

	if (e == NULL)
		return NULL;
	if (due != NULL)
		*due = is_due(e, key, now_us);
	if (e != TAILQ_FIRST(&c->entries)) {
		TAILQ_REMOVE(&c->entries, e, link);
		TAILQ_INSERT_HEAD(&c->entries, e, link);
	}
	return dns_answer_ref(e->answer);
}

void
cache_put(struct cache *c, const struct dns_answer *answer, bool by_cname,
    int64_t now_us)
{
	bool no_name = answer->outcome == DNS_NO_NAME;
	struct table_key key;
	struct entry *e;

	if (answer->name.len == 0 || lifetime(answer) == 0)
		return;
	key = table_key(answer->name,
	    no_name ? ANY_TYPE : (unsigned int)answer->type);
	e = entry_kept(c, &key, now_us);
	if (e != NULL && e->expires_us > now_us &&
	    dns_outcome_is_known(e->answer->outcome) &&
	    !dns_outcome_is_known(answer->outcome))
		return;
	if (e != NULL)
		entry_drop(c, e);
	e = mem_alloc(sizeof(*e));
	if (e == NULL)
		return;
	e->answer = dns_answer_ref(answer);
	e->put_us = now_us;
	e->expires_us = now_us + (int64_t)lifetime(answer) * 1000000;
	e->stale_us = e->expires_us;
	if (dns_outcome_is_known(answer->outcome))
		e->stale_us += c->stale_us;
	set_cut(c, e, no_name && !by_cname && answer->authenticated);
	c->denials += no_name;
	e->node.key = key;
	table_insert(&c->table, &e->node);
	TAILQ_INSERT_HEAD(&c->entries, e, link);
	c->bytes += entry_bytes(answer);
	while ((e = TAILQ_LAST(&c->entries, entries)) != NULL &&
	    cache_bytes(c) > c->max)
		entry_drop(c, e);
}

/* What was said last: of the type asked for, or that there is no such name. */
static struct entry *
last_known(struct cache *c, const struct table_key *key, int64_t now_us)
{
	struct table_key any = table_key(key->name, ANY_TYPE);
	struct entry *e = entry_kept(c, key, now_us);
	struct entry *none = entry_kept(c, &any, now_us);

	if (e == NULL || (none != NULL && none->put_us > e->put_us))
		e = none;
	return e != NULL && dns_outcome_is_known(e->answer->outcome) ? e :
	    NULL;
}

const struct dns_answer *
cache_stale(struct cache *c, const struct table_key *key, int64_t now_us)
{
	const struct dns_answer *copy;
	struct entry *e;

	if (c->stale_us == 0)
		return NULL;
	e = last_known(c, key, now_us);
	if (e == NULL)
		return NULL;
	if (e->expires_us > now_us)
		return dns_answer_ref(e->answer);
	copy = dns_answer_stale(e->answer, (enum dns_type)key->type,
	    LIMIT_DNS_STALE_TTL);
	if (copy == NULL)
		return NULL;
	/* Of the same size, and the name of the node is the answer's. */
	dns_answer_unref(e->answer);
	e->answer = copy;
	e->node.key.name = copy->name;
	e->expires_us = now_us + LIMIT_DNS_STALE_TTL * INT64_C(1000000);
	if (e->expires_us > e->stale_us)
		e->expires_us = e->stale_us;
	set_cut(c, e, false);
	e->renewed = false;
	e->uses = 0;
	return dns_answer_ref(copy);
}

size_t
cache_entries(const struct cache *c)
{
	return c->table.count;
}

size_t
cache_bytes(const struct cache *c)
{
	return c->bytes + table_bytes(&c->table);
}
