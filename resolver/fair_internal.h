/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fair: whose question is next when places are short.
 *
 * Places are shared among the networks that cause questions, and those of a
 * network among its messages, so that one of many questions comes after one
 * of few.  Networks whose questions go unanswered more often than not are
 * suspect: the places for all of them together are bounded (queue.c).
 *
 * Networks and messages are numbers that mean nothing here.  They are kept in
 * tables of fixed size: two that meet in one slot share what one would have.
 * No clock, no heap, no lock of its own.
 */
#ifndef RESOLVER_FAIR_INTERNAL_H
#define RESOLVER_FAIR_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_NETWORKS	4096	/* ours */
#define FAIR_MESSAGES	16384	/* ours */

/* What a question costs of its message's share; one that decides (DMARC, an
   aligned key) costs less (ours). */
#define FAIR_COST	4
#define FAIR_COST_DECIDES 1
/* So many more without an answer than with one make a network suspect (ours):
   a server that loses every third packet makes none so. */
#define FAIR_SUSPECT	16
#define FAIR_WORST	64	/* more is not counted */
/* Half of it is forgotten in this time (ours). */
#define FAIR_HALF_US	INT64_C(60000000)

/* Who causes a question. */
struct fair_who {
	uint32_t	network;
	uint32_t	message;	/* 0: of none */
};

struct fair_network {
	int64_t		since_us;	/* of `silent`, for forgetting */
	uint32_t	silent;		/* up to FAIR_WORST */
	uint32_t	messages;	/* that have a question in a queue */
};

struct fair_message {
	uint64_t	last;		/* turn given out */
	uint32_t	queued;		/* of its questions */
};

/* All zero at first. */
struct fair {
	uint64_t		now;	/* the turn that was served last */
	struct fair_network	networks[FAIR_NETWORKS];
	struct fair_message	messages[FAIR_MESSAGES];
};

/* The turn of a question that enters a queue: lower ones are served first. */
uint64_t	fair_enter(struct fair *f, struct fair_who who, bool decides);
/* It has left the queue, served or not. */
void		fair_leave(struct fair *f, struct fair_who who);
void		fair_served(struct fair *f, uint64_t turn);

void		fair_note_silence(struct fair *f, struct fair_who who,
		    int64_t now_us);
void		fair_note_answer(struct fair *f, struct fair_who who);
bool		fair_is_suspect(struct fair *f, struct fair_who who,
		    int64_t now_us);

#endif
