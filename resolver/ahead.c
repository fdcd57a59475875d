/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ahead: a guess is a waiter of the resolver's own.
 */
#include "resolver/ahead_internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include "resolver/query_internal.h"

struct guess {
	struct resolver_wait	 wait;		/* first: the query's view */
	struct resolver		*resolver;
	LIST_ENTRY(guess)	 link;
};

static void
guess_unlink(struct guess *g)
{
	LIST_REMOVE(g, link);
	g->resolver->ahead.count--;
}

/* In the resolver's thread, without the lock.  The cache has the answer. */
static void
guess_done(struct resolver_wait *w, const struct dns_answer *answer)
{
	struct guess *g = (struct guess *)w;
	struct resolver *r = g->resolver;

	(void)pthread_mutex_lock(&r->lock);
	guess_unlink(g);
	(void)pthread_mutex_unlock(&r->lock);
	mem_free(g);
	dns_answer_unref(answer);
}

static bool
has_room(const struct resolver *r)
{
	size_t i, busy = r->waiting;

	for (i = 0; i < r->server_count; i++)
		busy += r->servers[i].in_flight;
	return r->ahead.count < LIMIT_DNS_AHEAD && busy < LIMIT_DNS_AHEAD_ROOM;
}

static bool
guess(struct resolver *r, const struct table_key *key,
    const struct resolver_wait *w, int64_t now_us)
{
	struct guess *g;

	if (!has_room(r) || table_find(&r->queries, key) != NULL ||
	    silence_find(&r->silence, key->name, now_us) != NULL)
		return false;
	g = mem_alloc(sizeof(*g));
	if (g == NULL)
		return false;
	g->resolver = r;
	g->wait.done = guess_done;
	g->wait.network = w->network;
	g->wait.message = w->message;
	if (query_ask(r, key, &g->wait, now_us) != QUERY_BEGUN) {
		mem_free(g);
		return false;
	}
	LIST_INSERT_HEAD(&r->ahead.guesses, g, link);
	r->ahead.count++;
	return true;
}

bool
ahead_follow(struct resolver *r, const struct table_key *key,
    const struct resolver_wait *w, int64_t now_us)
{
	const struct path *path = paths_find(r->paths, key, now_us);
	struct table_key next;
	bool begun = false;
	size_t at = 0;

	while (path != NULL && path_next(path, &at, &next)) {
		if (cache_holds(r->cache, &next, now_us) ||
		    !guess(r, &next, w, now_us))
			continue;
		r->stats.guesses++;
		begun = true;
	}
	return begun;
}

bool
ahead_renew(struct resolver *r, const struct table_key *key,
    const struct resolver_wait *w, int64_t now_us)
{
	if (!guess(r, key, w, now_us))
		return false;
	cache_note_renewal(r->cache, key, now_us);
	r->stats.renewals++;
	return true;
}

void
ahead_yield(struct resolver *r)
{
	struct guess *g, *next;
	const struct query *q;

	if (r->waiting < LIMIT_DNS_AHEAD_ROOM)
		return;
	for (g = LIST_FIRST(&r->ahead.guesses); g != NULL; g = next) {
		next = LIST_NEXT(g, link);
		q = g->wait.query;
		/* NULL: its callback is just being called. */
		if (q == NULL || q->state != QUERY_QUEUED)
			continue;
		query_cancel(r, &g->wait);
		guess_unlink(g);
		mem_free(g);
	}
}
