/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inquiry: what inquiry.c (the life of an inquiry, its questions) and steps.c
 * (its answers) have in common.
 */
#ifndef MESSAGE_INQUIRY_INTERNAL_H
#define MESSAGE_INQUIRY_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "message/inquiry.h"

struct waiter {
	struct resolver_wait	 wait;		/* first: the resolver's view */
	struct inquiry		*inquiry;
	struct dns_entry	*entry;
	/* Of those at the resolver, or of the pending. */
	TAILQ_ENTRY(waiter)	 link;
	/* On its way to the step. */
	const struct dns_answer	*answer;
	STAILQ_ENTRY(waiter)	 landing;
};

TAILQ_HEAD(waiters, waiter);
STAILQ_HEAD(landed, waiter);
SLIST_HEAD(dirty, inquiry);

struct inquiry {
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	atomic_uint		 refs;	/* owner and waiters */
	bool			 closed;
	bool			 done;	/* what the last step said */
	struct resolver		*resolver;
	struct dns_ledger	*ledger;
	inquiry_step_fn		*step;
	void			*arg;
	struct waiters		 waiters;	/* at the resolver */
	struct waiters		 pending;
	struct waiter		*spare;	/* made, and not needed */
	uint32_t		 network;
	uint32_t		 number;
	struct slice		 author;	/* empty: not known */
	size_t			 asking[2];	/* [1]: what decides */
	unsigned int		 led;		/* paths, LIMIT_DNS_PATHS */
	bool			 dirty;		/* its step is due */
	bool			 asked;		/* resolver_go() is due */
	SLIST_ENTRY(inquiry)	 dirty_link;
};

/* ---- inquiry.c ---- */

/* As many of the pending as there is room for.  The lock is held. */
void	inquiry_ask_pending(struct inquiry *q);
/* Drops one reference; the lock is not held. */
void	inquiry_release(struct inquiry *q);

/* ---- steps.c ---- */

/* Before the first question. */
void	steps_begin(void);
/* `done` and `told` of struct resolver_wait. */
void	steps_answered(struct resolver_wait *wait,
	    const struct dns_answer *answer);
void	steps_told(void);

#endif
