/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever is the last free worker makes libmilter start another, and nobody
 * else does.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "milter/crew.h"
#include "tests/tap.h"

static atomic_int nudges;

static void
count_nudge(void)
{
	atomic_fetch_add(&nudges, 1);
}

/* Since the last call. */
static int
nudged(void)
{
	return atomic_exchange(&nudges, 0);
}

enum order { JOIN, BLOCK, BLOCK_INNER, UNBLOCK, END };

/* A worker that does as it is told. */
struct worker {
	pthread_t	 thread;
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	enum order	 order;
	bool		 due, result;
};

static bool
obey(enum order order)
{
	bool outer, inner;

	switch (order) {
	case JOIN:
		crew_join();
		return true;
	case BLOCK:
		return crew_block();
	case BLOCK_INNER:
		outer = crew_block();
		inner = crew_block();
		return outer && !inner;
	case UNBLOCK:
		crew_unblock();
		return true;
	case END:
		break;
	}
	return false;
}

static void *
run_worker(void *arg)
{
	struct worker *w = arg;
	bool ends = false;

	pthread_mutex_lock(&w->lock);
	while (!ends) {
		while (!w->due)
			pthread_cond_wait(&w->changed, &w->lock);
		ends = w->order == END;
		w->result = obey(w->order);
		w->due = false;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void
start(struct worker *w)
{
	*w = (struct worker){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER };
	if (pthread_create(&w->thread, NULL, run_worker, w) != 0)
		abort();
}

static bool
tell(struct worker *w, enum order order)
{
	bool result;

	pthread_mutex_lock(&w->lock);
	w->order = order;
	w->due = true;
	pthread_cond_broadcast(&w->changed);
	while (w->due)
		pthread_cond_wait(&w->changed, &w->lock);
	result = w->result;
	pthread_mutex_unlock(&w->lock);
	if (order == END)
		pthread_join(w->thread, NULL);
	return result;
}

static void
test_stranger(void)
{
	ok(crew_block(), "a thread that has not joined");
	is_num(nudged(), 1, "nudges, whatever others do");
	crew_unblock();
	crew_unblock();
	is_num(nudged(), 0, "it does not when it goes on");
}

static void
test_last(void)
{
	struct worker a, b;

	start(&a);
	start(&b);
	ok(tell(&a, JOIN) && tell(&b, JOIN) && tell(&b, JOIN),
	    "two workers, one of them joins twice");
	ok(tell(&a, BLOCK), "one blocks");
	is_num(nudged(), 0, "the other is free");
	ok(tell(&b, BLOCK_INNER), "so does the other, within that again");
	is_num(nudged(), 1, "which was the last");
	tell(&a, UNBLOCK);
	tell(&a, UNBLOCK);
	tell(&b, UNBLOCK);
	is_num(nudged(), 0, "all are free");
	tell(&b, BLOCK);
	is_num(nudged(), 0, "one blocks, one is free");
	tell(&b, UNBLOCK);
	tell(&a, END);
	is_num(nudged(), 0, "one ends while the other is free");
	tell(&b, BLOCK);
	is_num(nudged(), 1, "then that is the last");
	tell(&b, UNBLOCK);
	tell(&b, END);
	is_num(nudged(), 0, "nobody is left");
}

/* They were woken for more than they can do while the third was ending. */
static void
test_end_of_free(void)
{
	struct worker a, b, c;

	start(&a);
	start(&b);
	start(&c);
	ok(tell(&a, JOIN) && tell(&b, JOIN) && tell(&c, JOIN),
	    "three workers");
	tell(&a, BLOCK);
	tell(&b, BLOCK);
	is_num(nudged(), 0, "two block, one is free");
	tell(&c, END);
	is_num(nudged(), 1, "and ends: another is needed");
	tell(&a, UNBLOCK);
	tell(&b, UNBLOCK);
	tell(&a, END);
	tell(&b, END);
	is_num(nudged(), 0, "nobody is left");
}

int
main(void)
{
	crew_set_nudge(count_nudge);
	test_stranger();
	test_last();
	test_end_of_free();
	return tap_done();
}
