/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue: who waits for a place at a server, in the order of turns.  A binary
 * heap for each line (server_internal.h); all of it under the lock.
 */
#include <assert.h>

#include "resolver/query_internal.h"

/* Whose turn is first? */
static bool
is_before(const struct query *a, const struct query *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->seq < b->seq;
}

static void
heap_put(struct query_heap *h, size_t at, struct query *q)
{
	h->items[at] = q;
	q->heap_at = at;
}

static void
heap_up(struct query_heap *h, size_t at, struct query *q)
{
	for (; at > 0 && is_before(q, h->items[(at - 1) / 2]);
	    at = (at - 1) / 2)
		heap_put(h, at, h->items[(at - 1) / 2]);
	heap_put(h, at, q);
}

static void
heap_down(struct query_heap *h, size_t at, struct query *q)
{
	size_t child;

	while ((child = 2 * at + 1) < h->count) {
		if (child + 1 < h->count &&
		    is_before(h->items[child + 1], h->items[child]))
			child++;
		if (!is_before(h->items[child], q))
			break;
		heap_put(h, at, h->items[child]);
		at = child;
	}
	heap_put(h, at, q);
}

static enum server_line
line_of(struct resolver *r, const struct query *q, int64_t now_us)
{
	return q->unheard || q->domain != NULL ||
	    fair_is_suspect(&r->fair, q->who, now_us) ? SERVER_SUSPECT :
	    SERVER_HOPEFUL;
}

void
queue_add(struct resolver *r, struct server *s, struct query *q, bool front,
    int64_t now_us)
{
	struct query_heap *h;
	uint64_t turn = fair_enter(&r->fair, q->who, q->decides);

	q->server = s;
	q->state = QUERY_QUEUED;
	q->seq = ++r->seq;
	q->turn = front ? 0 : turn;
	q->line = line_of(r, q, now_us);
	h = &s->queues[q->line];
	/* There is room for all that can be, see server_open(). */
	assert(h->count < h->cap);
	heap_up(h, h->count++, q);
	r->waiting++;
	r->suspects += q->line == SERVER_SUSPECT;
}

void
queue_remove(struct resolver *r, struct query *q)
{
	struct query_heap *h = &q->server->queues[q->line];
	struct query *last = h->items[--h->count];

	fair_leave(&r->fair, q->who);
	r->waiting--;
	r->suspects -= q->line == SERVER_SUSPECT;
	if (last == q)
		return;
	if (q->heap_at > 0 && is_before(last, h->items[(q->heap_at - 1) / 2]))
		heap_up(h, q->heap_at, last);
	else
		heap_down(h, q->heap_at, last);
}

bool
queue_next_try(struct resolver *r, struct query *q, int64_t now_us,
    bool front)
{
	size_t i;

	if (q->tries.total >= r->max_tries)
		return false;
	i = server_pick(r->servers, r->server_count, &q->tries);
	if (i == r->server_count)
		return false;
	q->tries.total++;
	q->tries.asked[i]++;
	queue_add(r, &r->servers[i], q, front, now_us);
	return true;
}

void
queue_reassign(struct resolver *r, struct server *s, struct query_heap *h,
    int64_t now_us)
{
	size_t index = (size_t)(s - r->servers), count = h->count;
	struct query *q;
	bool placed;

	for (; count > 0; count--) {
		q = h->items[h->count - 1];
		queue_remove(r, q);
		q->tries.asked[index]--;
		q->tries.total--;
		query_leave_server(q);
		placed = queue_next_try(r, q, now_us, false);
		assert(placed);		/* this server is still to be had */
		(void)placed;
	}
}

bool
queue_waits(const struct server *s)
{
	return s->queues[SERVER_HOPEFUL].count +
	    s->queues[SERVER_SUSPECT].count > 0;
}

struct query *
queue_first(const struct server *s)
{
	const struct query_heap *h = &s->queues[SERVER_HOPEFUL],
	    *suspect = &s->queues[SERVER_SUSPECT];
	struct query *q = h->count > 0 ? h->items[0] : NULL;

	if (suspect->count > 0 && s->suspects < LIMIT_DNS_SUSPECT &&
	    (q == NULL || is_before(suspect->items[0], q)))
		q = suspect->items[0];
	return s->in_flight < LIMIT_DNS_IN_FLIGHT ? q : NULL;
}
