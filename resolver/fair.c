/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fair: start-time fair queueing (Goyal, Vin and Cheng, 1996) in two levels.
 *
 * 1. Each message is a flow: its next turn is so much behind its last one,
 *    or behind the one that is served now, whichever is later.
 * 2. How much: the cost of the question times the number of messages of its
 *    network that wait.  All of them together so advance as one message of
 *    a network that sends no other.
 */
#include "resolver/fair_internal.h"

static struct fair_network *
network_of(struct fair *f, struct fair_who who)
{
	return &f->networks[who.network % FAIR_NETWORKS];
}

/* Messages are numbered one after the other, networks are random. */
static struct fair_message *
message_of(struct fair *f, struct fair_who who)
{
	return &f->messages[(who.network + who.message) % FAIR_MESSAGES];
}

uint64_t
fair_enter(struct fair *f, struct fair_who who, bool decides)
{
	struct fair_network *n = network_of(f, who);
	struct fair_message *m = message_of(f, who);

	if (m->queued++ == 0)
		n->messages++;
	if (m->last < f->now)
		m->last = f->now;
	m->last += (decides ? (uint64_t)FAIR_COST_DECIDES : FAIR_COST) *
	    (n->messages > 0 ? n->messages : 1);
	return m->last;
}

/* Messages of two networks that share a slot may be counted at either. */
void
fair_leave(struct fair *f, struct fair_who who)
{
	struct fair_network *n = network_of(f, who);

	if (--message_of(f, who)->queued == 0 && n->messages > 0)
		n->messages--;
}

void
fair_served(struct fair *f, uint64_t turn)
{
	if (turn > f->now)
		f->now = turn;
}

/* Forgets half of it for each FAIR_HALF_US that has passed. */
static void
forget(struct fair_network *n, int64_t now_us)
{
	while (n->silent > 0 && now_us - n->since_us >= FAIR_HALF_US) {
		n->silent /= 2;
		n->since_us += FAIR_HALF_US;
	}
}

void
fair_note_silence(struct fair *f, struct fair_who who, int64_t now_us)
{
	struct fair_network *n = network_of(f, who);

	forget(n, now_us);
	if (n->silent == 0)
		n->since_us = now_us;
	if (n->silent < FAIR_WORST)
		n->silent++;
}

void
fair_note_answer(struct fair *f, struct fair_who who)
{
	struct fair_network *n = network_of(f, who);

	if (n->silent > 0)
		n->silent--;
}

bool
fair_is_suspect(struct fair *f, struct fair_who who, int64_t now_us)
{
	struct fair_network *n = network_of(f, who);

	forget(n, now_us);
	return n->silent >= FAIR_SUSPECT;
}
