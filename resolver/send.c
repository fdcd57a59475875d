/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * send: queries that have a turn and a place go to c-ares (step 2 of query.c),
 * in the resolver thread.
 */
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"
#include "resolver/datagram_internal.h"
#include "resolver/query_internal.h"

/* Taken at a time, so that askers and this thread seldom meet at the lock.
   When there are no descriptors, so many find out (ours). */
#define SOME	16

static void
take_random(struct resolver *r, void *out, size_t len)
{
	/* 256 octets or less are never cut short nor interrupted. */
	if (r->random_left < len) {
		if (getrandom(r->random, sizeof(r->random), 0) == -1)
			memset(r->random, 0, sizeof(r->random));
		r->random_left = sizeof(r->random);
	}
	r->random_left -= len;
	memcpy(out, r->random + r->random_left, len);
}

/* The name in the letters that it is to be asked in, and by TCP if need
   be. */
static void
spell(struct resolver *r, struct query *q, int64_t now_us,
    struct packet_name *out)
{
	enum casing_way way = q->tcp ? CASING_PLAIN :
	    casing_choose(&q->server->casing, now_us);
	struct packet_name name;

	q->mixed = way == CASING_MIXED;
	if (way == CASING_TCP)
		q->tcp = q->by_casing = true;
	if (q->mixed)
		take_random(r, q->letters, sizeof(q->letters));
	else
		memset(q->letters, 0, sizeof(q->letters));
	query_asked_name(q, &name);
	casing_mix(&name, q->letters, out);
}

/* By that path, or by TCP. */
static void
send_packet(struct resolver *r, struct query *q, enum server_path udp,
    int64_t now_us)
{
	struct packet_name name;
	struct server_question question = {
		.name = &name, .type = q->type, .edns = q->edns
	};

	spell(r, q, now_us, &name);
	take_random(r, &question.id, sizeof(question.id));
	q->channel = server_channel(q->server, !q->tcp ? udp :
	    q->breaks > 0 ? SERVER_TCP_APART : SERVER_TCP, now_us);
	if (q->channel != NULL && !flight_take_ticket(q))
		q->channel = NULL;
	if (q->channel != NULL)
		server_send(&question, q->ticket);
	else
		query_landed_empty(q, ARES_ENOMEM);
}

/* All that waits on the channel goes out again by another one, and its port
   is given up. */
static void
move_away(struct resolver *r, struct server_channel *c, int64_t now_us)
{
	struct query *q;

	c->moving = true;
	server_give_up(c);
	c->moving = false;
	STAILQ_FOREACH(q, &r->moved, landing)
		server_moved(c);
	while ((q = STAILQ_FIRST(&r->moved)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->moved, landing);
		send_packet(r, q, SERVER_UDP_SLOW, now_us);
	}
}

/* Step 2. */
static void
send_query(struct resolver *r, struct query *q, int64_t now_us)
{
	struct server_channel *c;
	unsigned int i;

	mem_free(q->reply);
	q->reply = NULL;
	q->edns = q->server->edns && !q->plain;
	if (!q->again)
		q->try_us = now_us;
	flight_add(q, now_us);
	/* The first may become that of the slow ones. */
	for (i = 0; i < 2 && !q->tcp &&
	    (c = server_stuck(q->server, now_us)) != NULL; i++)
		move_away(r, c, now_us);
	send_packet(r, q, SERVER_UDP, now_us);
}

/* The server's socket takes no more than a burst at a time. */
static bool
in_burst(struct server *s, int64_t now_us)
{
	if (now_us - s->burst_us >= SERVER_BURST_US) {
		s->burst_us = now_us;
		s->burst = 0;
	}
	return s->burst < SERVER_BURST;
}

/* It may have come to be below a silent domain since it was asked. */
static bool
has_domain(struct resolver *r, struct query *q, int64_t now_us)
{
	struct silent_domain *d;

	if (q->domain != NULL)
		return true;
	d = query_find_domain(r, q, now_us);
	if (d != NULL && !silence_take(&r->silence, d))
		return false;
	q->domain = d;
	return true;
}

/* Takes the next query that may be sent, or is refused. */
static struct query *
take_next(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q = NULL;

	flight_make_room(r, s, now_us);
	if (now_us >= s->health.pause_us && in_burst(s, now_us))
		q = queue_first(s);
	if (q == NULL)
		return NULL;
	queue_remove(r, q);
	q->state = QUERY_FLYING;
	q->refused = !has_domain(r, q, now_us);
	if (q->refused)
		return q;
	fair_served(&r->fair, q->turn);
	q->slow = false;
	s->burst++;
	s->in_flight++;
	s->suspects += q->line == SERVER_SUSPECT;
	s->figures.sent++;
	if (q->begun_us == 0)
		q->begun_us = now_us;
	if (q->sent)
		r->stats.retries++;
	else
		r->stats.queries++;
	q->sent = true;
	return q;
}

/* How many; the lock is held. */
static size_t
take_some(struct resolver *r, struct server *s, int64_t now_us,
    struct query *some[SOME])
{
	size_t n = 0;

	while (n < SOME && (some[n] = take_next(r, s, now_us)) != NULL)
		n++;
	return n;
}

static void
refuse(struct resolver *r, struct query *q, int64_t now_us)
{
	const struct dns_answer *answer = query_answer_empty(q, DNS_TIMEOUT);

	(void)pthread_mutex_lock(&r->lock);
	answer = query_settle(r, q, answer, now_us);
	(void)pthread_mutex_unlock(&r->lock);
	query_tell(r, q, answer);
}

/* The lock is not held. */
static void
send_some(struct resolver *r, struct query *some[], size_t count,
    int64_t now_us)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (some[i]->refused)
			refuse(r, some[i], now_us);
		else
			send_query(r, some[i], now_us);
	}
}

/* The lock is held, but not while they are sent. */
static void
dispatch(struct resolver *r, struct server *s, int64_t now_us)
{
	struct server_channel *c = flight_oldest_channel(r, s, now_us);
	struct query *some[SOME];
	size_t n;

	if (c != NULL) {
		(void)pthread_mutex_unlock(&r->lock);
		server_give_up(c);
		(void)pthread_mutex_lock(&r->lock);
	}
	while ((n = take_some(r, s, now_us, some)) > 0) {
		(void)pthread_mutex_unlock(&r->lock);
		send_some(r, some, n, now_us);
		(void)pthread_mutex_lock(&r->lock);
		if (s->starved)
			server_pause(&s->health, now_us);
		s->starved = false;
	}
}

void
queries_dispatch(struct resolver *r)
{
	int64_t now = clock_us();
	size_t i;

	(void)pthread_mutex_lock(&r->lock);
	r->fresh = r->held = false;
	for (i = 0; i < r->server_count && !r->stopping; i++)
		dispatch(r, &r->servers[i], now);
	(void)pthread_mutex_unlock(&r->lock);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Of those that wait for a place; the lock is held. */
static int64_t
queue_due(const struct resolver *r, const struct server *s, int64_t now_us)
{
	if (!queue_waits(s))
		return 0;
	if (s->health.pause_us > now_us)
		return s->health.pause_us;
	if (queue_first(s) != NULL)
		return s->burst_us + SERVER_BURST_US;
	return s->fast != NULL ? s->fast->sent_us + r->slow_us : 0;
}

int64_t
queries_due(const struct resolver *r, int64_t now_us)
{
	const struct server *s;
	const struct query *q;
	int64_t at = 0;
	size_t i;

	for (i = 0; i < r->server_count; i++) {
		s = &r->servers[i];
		at = sooner(at, queue_due(r, s, now_us));
		q = TAILQ_FIRST(&s->flights);
		if (s->parked > 0)
			at = sooner(at, now_us + DATAGRAM_PORT_US);
		if (q != NULL)
			at = sooner(at, q->sent_us + r->timeout_us);
		else if (s->overdue > 0)
			at = sooner(at, now_us + SERVER_OVERDUE_US);
		else if (s->open > SERVER_STAY_OPEN)
			at = sooner(at, now_us + SERVER_IDLE_US);
	}
	return at;
}
