/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flight: what is with c-ares, in the order of sending: who holds a place,
 * who has been silent for too long.
 */
#include "resolver/query_internal.h"

#include "base/mem.h"

bool
flight_take_ticket(struct query *q)
{
	struct flight_ticket *t = mem_alloc(sizeof(*t));

	if (t == NULL)
		return false;
	t->query = q;
	t->channel = q->channel;
	t->landed = query_landed;
	q->ticket = t;
	return true;
}

struct query *
flight_give_ticket(struct flight_ticket *t, bool ended)
{
	struct query *q = t->query;

	if (q != NULL)
		q->ticket = NULL;
	else if (!ended)
		server_landed_late(t->channel);
	mem_free(t);
	return q;
}

void
flights_expire(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q;

	TAILQ_FOREACH(q, &s->flights, flight) {
		if (now_us - q->sent_us < r->timeout_us)
			return;
		if (q->ticket == NULL)
			continue;	/* it has just landed */
		server_overdue(q->channel);
		q->ticket->query = NULL;
		q->ticket = NULL;
		query_landed_empty(q, ARES_ETIMEOUT);
		q->overdue = true;
	}
}

void
flight_add(struct query *q, int64_t now_us)
{
	struct server *s = q->server;

	q->sent_us = now_us;
	q->noted = false;
	TAILQ_INSERT_TAIL(&s->flights, q, flight);
	if (s->fast == NULL)
		s->fast = q;
	if (s->unheard == NULL)
		s->unheard = q;
}

void
flight_remove(struct query *q)
{
	struct server *s = q->server;

	if (s->fast == q)
		s->fast = TAILQ_NEXT(q, flight);
	if (s->unheard == q)
		s->unheard = TAILQ_NEXT(q, flight);
	TAILQ_REMOVE(&s->flights, q, flight);
}

void
flight_note_silence(struct resolver *r, struct query *q, int64_t now_us)
{
	struct domain room;
	struct slice name;

	q->noted = server_is_heard(&q->server->health, q->sent_us);
	if (!q->noted)
		return;
	fair_note_silence(&r->fair, q->who, now_us);
	name = query_asked_text(q, &room);
	if (name.len > 0)
		silence_note(&r->silence, name, now_us);
}

void
flight_note_answer(struct resolver *r, struct query *q)
{
	struct domain room;
	struct slice name;

	if (q->noted)
		return;
	fair_note_answer(&r->fair, q->who);
	name = query_asked_text(q, &room);
	if (r->silence.count > 0 && name.len > 0)
		silence_note_answer(&r->silence, name);
}

static bool
is_slow(const struct resolver *r, const struct server *s, int64_t now_us)
{
	return s->fast != NULL && now_us - s->fast->sent_us >= r->slow_us;
}

void
flight_leave_place(struct query *q)
{
	q->server->in_flight--;
	q->server->suspects -= q->line == SERVER_SUSPECT;
}

void
flight_make_room(struct resolver *r, struct server *s, int64_t now_us)
{
	while (s->slow < LIMIT_DNS_SLOW && is_slow(r, s, now_us)) {
		flight_leave_place(s->fast);
		s->fast->slow = true;
		s->fast = TAILQ_NEXT(s->fast, flight);
		s->slow++;
	}
	for (; s->unheard != NULL && now_us - s->unheard->sent_us >=
	    SERVER_SILENT_US; s->unheard = TAILQ_NEXT(s->unheard, flight))
		flight_note_silence(r, s->unheard, now_us);
}

struct server_channel *
flight_oldest_channel(struct resolver *r, struct server *s, int64_t now_us)
{
	struct query *q = TAILQ_FIRST(&s->flights);

	flight_make_room(r, s, now_us);
	if (s->slow < LIMIT_DNS_SLOW || !is_slow(r, s, now_us) ||
	    !queue_waits(s) || queue_first(s) != NULL)
		return NULL;
	while (q != NULL && (server_is_tcp(q->channel) ||
	    q->channel == NULL))
		q = TAILQ_NEXT(q, flight);
	return q != NULL ? q->channel : NULL;
}
