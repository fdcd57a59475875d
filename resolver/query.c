/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: the life of one (name, type) from the first who asks to the last
 * who is told.
 *
 * 1. The first asker makes it, others join (query_ask).  It gets a server
 *    (server_pick) and stands in that server's queue until one of the
 *    LIMIT_DNS_IN_FLIGHT places is free.
 * 2. The resolver thread sends it (queries_dispatch).
 * 3. c-ares calls back, perhaps at once or for many at a time.  The packet
 *    is read there, for its octets live no longer; all else waits until
 *    c-ares has returned (queries_land), so that it is never called from
 *    within itself.
 * 4. The landing is judged (judge):
 *    - an answer, or one past our limits: done;
 *    - CNAMEs without an end: on with their target, as a new question of
 *      the same query; LIMIT_DNS_FOLLOWED times, since a name server that
 *      resolves gives the whole chain, and each costs packets.  It does
 *      not join another query for that name: two chains that lead to each
 *      other would wait for each other.
 *    - truncated: the same server again by TCP (RFC 7766 section 5);
 *    - FORMERR without OPT: the same server again without OPT (RFC 6891
 *      section 7).  c-ares 1.18 has then done so itself and takes no more
 *      than 512 octets by UDP from now on; an answer that it cut off there
 *      is asked for by TCP.  What is known of OPT holds until a reload;
 *    - silence before the time of the try is over, which c-ares 1.34 knows
 *      better: the same server again;
 *    - else the next try: another server in order of health.
 * 5. After max(tries, servers) tries, or when every server has answered with
 *    a failure: timeout when one was silent, else malformed when one was,
 *    else server failure.
 * 6. The end (finish): out of the table, into the cache, and every waiter is
 *    told, with no lock held.
 *
 * When nobody waits any more, a query in a queue ends at once, and one under
 * way is finished for the cache, but no further packet is sent for it.
 */
#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"
#include "resolver/engine.h"

#define RCODE_FORMERR	1
/* RFC 1035 section 4.2.1: where c-ares 1.18 cuts answers without EDNS. */
#define PLAIN_UDP_SIZE	512

enum step {
	STEP_DONE,	/* q->answer, or past a limit */
	STEP_FOLLOW,	/* the target of a CNAME */
	STEP_AGAIN,	/* same server, same try */
	STEP_NEXT	/* next try */
};

static struct query *
query_of(struct table_node *n)
{
	return (struct query *)((uintptr_t)n - offsetof(struct query, node));
}

/* ---- queues (all under the lock) ---- */

static void
queue_add(struct resolver *r, struct server *s, struct query *q, bool front)
{
	q->server = s;
	q->state = QUERY_QUEUED;
	q->prev = front ? NULL : s->last;
	q->next = front ? s->first : NULL;
	if (q->prev != NULL)
		q->prev->next = q;
	else
		s->first = q;
	if (q->next != NULL)
		q->next->prev = q;
	else
		s->last = q;
	r->waiting++;
}

static void
queue_remove(struct resolver *r, struct query *q)
{
	struct server *s = q->server;

	if (q->prev != NULL)
		q->prev->next = q->next;
	else
		s->first = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	else
		s->last = q->prev;
	q->prev = q->next = NULL;
	r->waiting--;
}

/* Queues the next try; false when there is no server left for it. */
static bool
queue_next_try(struct resolver *r, struct query *q, int64_t now_us,
    bool front)
{
	size_t i;

	if (q->tries.total >= r->max_tries)
		return false;
	i = server_pick(r->servers, r->server_count, &q->tries, now_us);
	if (i == r->server_count)
		return false;
	q->tries.total++;
	q->tries.asked[i]++;
	queue_add(r, &r->servers[i], q, front);
	return true;
}

/* The server has failed: who waits for it may find a better one.  In the
   resolver thread. */
static void
queue_reassign(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q = s->first, *next;
	size_t index = (size_t)(s - r->servers);
	bool placed;

	for (s->first = s->last = NULL; q != NULL; q = next) {
		next = q->next;
		r->waiting--;
		q->tries.asked[index]--;
		q->tries.total--;
		q->again = q->plain = false;
		placed = queue_next_try(r, q, now_us, false);
		assert(placed);		/* this server is still to be had */
		(void)placed;
	}
}

/* ---- asking and cancelling ---- */

static void
wait_link(struct query *q, struct resolver_wait *w)
{
	w->query = q;
	w->next = NULL;
	w->prev = q->last;
	if (q->last != NULL)
		q->last->next = w;
	else
		q->first = w;
	q->last = w;
}

static void
wait_unlink(struct query *q, struct resolver_wait *w)
{
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		q->first = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	else
		q->last = w->prev;
	w->query = NULL;
	w->prev = w->next = NULL;
}

static void
begin_question(struct query *q)
{
	q->tries = (struct server_tries){ .total = 0 };
	q->sent = q->again = q->tcp = q->plain = false;
	q->silent = q->broken = false;
	q->rcode = 0;
}

static struct query *
query_new(struct resolver *r, const struct table_key *key, int64_t now_us)
{
	struct query *q;

	if (r->stopping || r->waiting >= LIMIT_DNS_QUEUE)
		return NULL;
	q = mem_alloc(sizeof(*q));
	if (q == NULL)
		return NULL;
	if (!domain_parse_dns(key->name, &q->name) ||
	    !packet_name_from_text(key->name, &q->target)) {
		mem_free(q);
		return NULL;
	}
	q->resolver = r;
	q->type = (enum dns_type)key->type;
	q->asked_us = now_us;
	q->ttl = LIMIT_DNS_TTL_MAX;
	q->authenticated = true;
	q->node.key = *key;
	q->node.key.name = domain_slice(&q->name);
	begin_question(q);
	return q;
}

enum query_asked
query_ask(struct resolver *r, const struct table_key *key,
    struct resolver_wait *w, int64_t now_us)
{
	struct table_node *n = table_find(&r->queries, key);
	struct query *q;

	if (n != NULL) {
		r->stats.coalesced++;
		wait_link(query_of(n), w);
		return QUERY_JOINED;
	}
	q = query_new(r, key, now_us);
	if (q == NULL) {
		r->stats.outcomes[DNS_NOT_ASKED]++;
		return QUERY_REFUSED;
	}
	(void)queue_next_try(r, q, now_us, false);
	table_insert(&r->queries, &q->node);
	wait_link(q, w);
	return QUERY_BEGUN;
}

void
query_cancel(struct resolver *r, struct resolver_wait *w)
{
	struct query *q = w->query;

	wait_unlink(q, w);
	r->stats.cancelled++;
	if (q->first != NULL || q->state != QUERY_QUEUED)
		return;
	queue_remove(r, q);
	table_remove(&r->queries, &q->node);
	mem_free(q);
}

/* ---- sending ---- */

static uint16_t
random_id(struct resolver *r)
{
	uint16_t id;

	/* 256 octets or less are never cut short nor interrupted. */
	if (r->random_left < sizeof(id)) {
		if (getrandom(r->random, sizeof(r->random), 0) == -1)
			memset(r->random, 0, sizeof(r->random));
		r->random_left = sizeof(r->random);
	}
	r->random_left -= sizeof(id);
	memcpy(&id, r->random + r->random_left, sizeof(id));
	return id;
}

static const struct dns_answer *
answer_empty(const struct query *q, enum dns_outcome outcome)
{
	struct dns_draft draft;

	if (!dns_answer_new(q->type, domain_slice(&q->name), 0, 0, &draft))
		return dns_answer_of(outcome);
	draft.answer->outcome = outcome;
	draft.answer->rcode = q->rcode;
	return draft.answer;
}

/* The end of a chain as the answer to the question; NULL: no memory. */
static const struct dns_answer *
answer_make(const struct query *q, struct slice packet)
{
	const struct packet_reply *reply = &q->reply;
	struct dns_draft draft;

	if (!dns_answer_new(q->type, domain_slice(&q->name), reply->count,
	    reply->bytes, &draft))
		return NULL;
	if (reply->kind == PACKET_FOUND)
		packet_fill(packet, q->type, reply, &draft);
	else if (reply->kind == PACKET_NO_NAME)
		draft.answer->outcome = DNS_NO_NAME;
	draft.answer->rcode = reply->rcode;
	draft.answer->authenticated = q->authenticated &&
	    reply->authenticated && q->server->trusted;
	draft.answer->ttl = reply->ttl < q->ttl ? reply->ttl : q->ttl;
	return draft.answer;
}

/* Step 3. */
static void
on_landed(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct query *q = arg;
	struct resolver *r = q->resolver;
	struct slice packet = { (const char *)bytes, 0 };

	(void)timeouts;
	if (status == ARES_EDESTRUCTION)
		return;
	q->status = status;
	q->has_packet = bytes != NULL && len > 0;
	q->answer = NULL;
	if (q->has_packet) {
		packet.len = q->packet_len = (size_t)len;
		packet_read(packet, &q->target, q->type,
		    LIMIT_DNS_CNAMES - q->links, &q->reply);
		if (q->reply.kind == PACKET_FOUND ||
		    q->reply.kind == PACKET_NO_DATA ||
		    q->reply.kind == PACKET_NO_NAME)
			q->answer = answer_make(q, packet);
	}
	q->next_landed = NULL;
	*r->last_landed = q;
	r->last_landed = &q->next_landed;
}

/* Step 2. */
static void
send_query(struct resolver *r, struct query *q)
{
	unsigned char packet[PACKET_QUERY_MAX];
	size_t len;

	q->edns = q->server->edns && !q->plain;
	if (!q->again)
		q->try_us = clock_us();
	len = packet_query(&q->target, q->type, random_id(r), q->edns,
	    packet);
	server_send(q->server, q->tcp ? SERVER_TCP : SERVER_UDP, packet, len,
	    on_landed, q);
}

/* Takes the next query that may be sent; the lock is held. */
static struct query *
take_next(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q = s->first;

	if (q == NULL || s->in_flight >= LIMIT_DNS_IN_FLIGHT ||
	    now_us < s->health.pause_us)
		return NULL;
	queue_remove(r, q);
	q->state = QUERY_FLYING;
	s->in_flight++;
	if (q->sent)
		r->stats.retries++;
	else
		r->stats.queries++;
	q->sent = true;
	return q;
}

void
queries_dispatch(struct resolver *r)
{
	int64_t now = clock_us();
	struct query *q;
	size_t i;

	(void)pthread_mutex_lock(&r->lock);
	for (i = 0; i < r->server_count && !r->stopping; i++) {
		while ((q = take_next(r, &r->servers[i], now)) != NULL) {
			(void)pthread_mutex_unlock(&r->lock);
			send_query(r, q);
			(void)pthread_mutex_lock(&r->lock);
		}
	}
	(void)pthread_mutex_unlock(&r->lock);
}

/* ---- landing ---- */

static size_t
server_index(const struct query *q)
{
	return (size_t)(q->server - q->resolver->servers);
}

/* The server has answered, and it was no use. */
static enum step
useless(struct query *q)
{
	q->tries.answered[server_index(q)] = true;
	return STEP_NEXT;
}

static enum step
judge_failure(struct query *q)
{
	const struct packet_reply *reply = &q->reply;

	q->rcode = reply->rcode;
	if (reply->rcode == RCODE_FORMERR && !reply->edns && q->edns) {
		q->plain = true;
		return STEP_AGAIN;
	}
	return useless(q);
}

static enum step
by_tcp(struct query *q)
{
	if (q->tcp) {
		q->broken = true;
		return useless(q);
	}
	q->tcp = true;
	return STEP_AGAIN;
}

static enum step
judge_packet(struct query *q)
{
	/* Without OPT it understood us: so it is to be from now on. */
	if (q->plain && q->reply.rcode != RCODE_FORMERR &&
	    q->reply.kind != PACKET_BROKEN)
		q->server->edns = false;
	switch (q->reply.kind) {
	case PACKET_FOUND:
	case PACKET_NO_DATA:
	case PACKET_NO_NAME:
	case PACKET_EXCESS:
		return STEP_DONE;
	case PACKET_FOLLOW:
		if (q->followed < LIMIT_DNS_FOLLOWED)
			return STEP_FOLLOW;
		q->reply.kind = PACKET_EXCESS;
		return STEP_DONE;
	case PACKET_TRUNCATED:
		return by_tcp(q);
	case PACKET_FAILURE:
		return judge_failure(q);
	case PACKET_BROKEN:
		if (!q->tcp && q->packet_len == PLAIN_UDP_SIZE)
			return by_tcp(q);
		break;
	}
	q->broken = true;
	return useless(q);
}

/* Step 4. */
static enum step
judge(struct query *q, int64_t now_us)
{
	if (q->has_packet)
		return judge_packet(q);
	if (q->status == ARES_EBADRESP) {
		q->broken = true;
		return useless(q);
	}
	if (q->status != ARES_ETIMEOUT)
		return STEP_NEXT;
	/* c-ares keeps time by its own clock: a quarter is well apart. */
	if (now_us - q->try_us < q->resolver->timeout_us / 4 * 3)
		return STEP_AGAIN;
	q->silent = true;
	return STEP_NEXT;
}

/* The lock is held. */
static void
note_health(struct resolver *r, struct query *q, enum step step,
    int64_t now_us)
{
	struct server *s = q->server;
	bool failed = false;

	if (q->has_packet || q->status == ARES_EBADRESP)
		server_note_answer(&s->health, now_us);
	else if (q->status == ARES_ETIMEOUT)
		failed = step == STEP_NEXT &&
		    server_note_silence(&s->health, q->try_us, now_us);
	else if (!q->tcp)
		failed = server_note_unreachable(&s->health, now_us);
	if (failed && r->server_count > 1)
		queue_reassign(r, s, now_us);
}

/* Step 5. */
static const struct dns_answer *
answer_failure(const struct query *q)
{
	return answer_empty(q, q->silent ? DNS_TIMEOUT :
	    q->broken ? DNS_MALFORMED : DNS_SERVER_FAILURE);
}

static size_t
latency_bucket(int64_t us)
{
	size_t i = 0;
	int64_t ms;

	for (ms = us / 1000; ms > 0 && i < RESOLVER_LATENCY_BUCKETS - 1;
	    ms >>= 1)
		i++;
	return i;
}

/* The next who waits, or NULL: then the query is gone. */
static struct resolver_wait *
next_waiter(struct resolver *r, struct query *q)
{
	struct resolver_wait *w;

	(void)pthread_mutex_lock(&r->lock);
	w = q->first;
	if (w != NULL)
		wait_unlink(q, w);
	(void)pthread_mutex_unlock(&r->lock);
	if (w == NULL)
		mem_free(q);
	return w;
}

/* Step 6; takes over the reference. */
static void
finish(struct resolver *r, struct query *q, const struct dns_answer *answer)
{
	int64_t now = clock_us();
	struct resolver_wait *w;

	(void)pthread_mutex_lock(&r->lock);
	table_remove(&r->queries, &q->node);
	q->state = QUERY_DONE;
	cache_put(r->cache, answer, q->links + q->reply.links > 0, now);
	r->stats.outcomes[answer->outcome]++;
	r->stats.latency[latency_bucket(now - q->asked_us)]++;
	(void)pthread_mutex_unlock(&r->lock);
	while ((w = next_waiter(r, q)) != NULL)
		w->done(w, dns_answer_ref(answer));
	dns_answer_unref(answer);
}

static void
follow(struct query *q)
{
	q->target = q->reply.target;
	q->links += q->reply.links;
	q->followed++;
	if (q->reply.ttl < q->ttl)
		q->ttl = q->reply.ttl;
	q->authenticated = q->authenticated && q->reply.authenticated &&
	    q->server->trusted;
	begin_question(q);
}

/* Queues what `step` wants; false when the query is at its end.  The lock
   is held. */
static bool
go_on(struct resolver *r, struct query *q, enum step step, int64_t now_us)
{
	if (q->first == NULL)
		return false;
	if (step == STEP_AGAIN) {
		q->again = true;
		queue_add(r, q->server, q, true);
		return true;
	}
	if (step == STEP_FOLLOW)
		follow(q);
	q->again = q->plain = false;
	return queue_next_try(r, q, now_us, true);
}

/* A query whose end is known: with an answer of its own or a failure. */
static const struct dns_answer *
final_answer(struct query *q, enum step step)
{
	if (step != STEP_DONE)
		return answer_failure(q);
	if (q->reply.kind == PACKET_EXCESS)
		return answer_empty(q, DNS_MALFORMED);
	/* No memory for it: our budget, not the server's fault. */
	return q->answer != NULL ? q->answer : dns_answer_no_memory();
}

static void
land(struct resolver *r, struct query *q)
{
	int64_t now = clock_us();
	enum step step = judge(q, now);
	bool goes_on = false, dropped = false;

	(void)pthread_mutex_lock(&r->lock);
	q->server->in_flight--;
	note_health(r, q, step, now);
	if (step != STEP_DONE) {
		goes_on = go_on(r, q, step, now);
		/* Half the tries are no verdict for the cache. */
		dropped = !goes_on && q->first == NULL;
		if (dropped)
			table_remove(&r->queries, &q->node);
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (dropped)
		mem_free(q);
	else if (!goes_on)
		finish(r, q, final_answer(q, step));
}

bool
queries_land(struct resolver *r)
{
	struct query *q = r->landed, *next;
	bool some = q != NULL;

	r->landed = NULL;
	r->last_landed = &r->landed;
	for (; q != NULL; q = next) {
		next = q->next_landed;
		land(r, q);
	}
	return some;
}

void
queries_end(struct resolver *r)
{
	struct resolver_wait *w;
	struct table_node *n;
	struct query *q;
	size_t from = 0;

	for (;;) {
		(void)pthread_mutex_lock(&r->lock);
		n = table_pop(&r->queries, &from);
		q = n != NULL ? query_of(n) : NULL;
		if (q != NULL) {
			if (q->state == QUERY_QUEUED)
				queue_remove(r, q);
			q->state = QUERY_DONE;
		}
		(void)pthread_mutex_unlock(&r->lock);
		if (q == NULL)
			return;
		while ((w = next_waiter(r, q)) != NULL)
			w->done(w, dns_answer_of(DNS_NOT_ASKED));
	}
}
