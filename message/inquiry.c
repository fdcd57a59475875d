/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inquiry: the loop of one message around its checks.
 *
 * Life of a question:
 *  1. A step asks the ledger, which has put_question() hand it on to the
 *     resolver.  A known answer goes into the ledger there and then.
 *  2. Otherwise a waiter stands for it at the resolver and holds a
 *     reference to the inquiry.  The resolver's thread calls answered(),
 *     which stores the answer and runs the step again: 1.
 *  3. When the inquiry is closed or freed, waiters are taken back.  One
 *     that cannot be, because answered() is just being called, finds
 *     `closed` set, touches nothing and drops its reference.
 */
#include "message/inquiry.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

struct waiter {
	struct resolver_wait	 wait;		/* first: the resolver's view */
	struct inquiry		*inquiry;
	struct dns_entry	*entry;
	struct waiter		*prev, *next;	/* of those at the resolver */
};

struct inquiry {
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	unsigned int		 refs;	/* owner and waiters; under the lock */
	bool			 closed;
	bool			 done;	/* what the last step said */
	struct resolver		*resolver;
	struct dns_ledger	*ledger;
	inquiry_step_fn		*step;
	void			*arg;
	struct waiter		*waiters;
	struct waiter		*spare;	/* made, and not needed */
};

static bool
init_locks(struct inquiry *q)
{
	pthread_condattr_t attr;
	bool good;

	if (pthread_condattr_init(&attr) != 0)
		return false;
	good = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&q->changed, &attr) == 0;
	pthread_condattr_destroy(&attr);
	if (!good)
		return false;
	if (pthread_mutex_init(&q->lock, NULL) != 0) {
		pthread_cond_destroy(&q->changed);
		return false;
	}
	return true;
}

static void	put_question(void *arg, struct dns_entry *e);

struct inquiry *
inquiry_new(struct resolver *resolver, inquiry_step_fn *step, void *arg)
{
	struct inquiry *q = mem_alloc(sizeof(*q));

	if (q == NULL)
		return NULL;
	q->ledger = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	if (q->ledger == NULL || !init_locks(q)) {
		dns_ledger_free(q->ledger);
		mem_free(q);
		return NULL;
	}
	dns_ledger_set_put(q->ledger, put_question, q);
	q->refs = 1;
	q->resolver = resolver;
	q->step = step;
	q->arg = arg;
	return q;
}

/* Drops one reference and the lock. */
static void
release_and_unlock(struct inquiry *q)
{
	bool last = --q->refs == 0;

	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	dns_ledger_free(q->ledger);
	mem_free(q->spare);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	mem_free(q);
}

static void
unlink_waiter(struct inquiry *q, struct waiter *w)
{
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		q->waiters = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
}

/* From the resolver's thread; owns `answer`. */
static void
answered(struct resolver_wait *wait, const struct dns_answer *answer)
{
	struct waiter *w = (struct waiter *)wait;
	struct inquiry *q = w->inquiry;

	pthread_mutex_lock(&q->lock);
	if (q->closed) {
		dns_answer_unref(answer);
	} else {
		unlink_waiter(q, w);
		w->entry->answered_us = clock_us();
		dns_ledger_answer(w->entry, answer);
		inquiry_run(q);
		if (q->done)
			pthread_cond_signal(&q->changed);
	}
	mem_free(w);
	release_and_unlock(q);
}

static struct waiter *
take_waiter(struct inquiry *q, struct dns_entry *e)
{
	struct waiter *w = q->spare;

	q->spare = NULL;
	if (w == NULL)
		w = mem_alloc(sizeof(*w));
	if (w == NULL)
		return NULL;
	*w = (struct waiter){ .wait.done = answered, .inquiry = q,
		.entry = e };
	return w;
}

/* A dns_ledger_put_fn: within a step, so with the lock held. */
static void
put_question(void *arg, struct dns_entry *e)
{
	struct inquiry *q = arg;
	const struct dns_answer *answer;
	struct waiter *w = q->closed ? NULL : take_waiter(q, e);

	if (w == NULL) {
		dns_ledger_answer(e, q->closed ?
		    dns_answer_of(DNS_NOT_ASKED) : dns_answer_no_memory());
		return;
	}
	e->asked_us = clock_us();
	/*
	 * Before asking: answered() may come at any moment from then on, but
	 * it takes our lock first.
	 */
	w->next = q->waiters;
	if (w->next != NULL)
		w->next->prev = w;
	q->waiters = w;
	q->refs++;
	answer = resolver_ask(q->resolver, e->name, e->type, &w->wait);
	if (answer == NULL)
		return;
	unlink_waiter(q, w);
	q->refs--;
	q->spare = w;
	e->at_once = true;
	e->answered_us = e->asked_us;
	dns_ledger_answer(e, answer);
}

void
inquiry_run(struct inquiry *q)
{
	q->done = q->step(q->arg, q->ledger);
}

void
inquiry_lock(struct inquiry *q)
{
	pthread_mutex_lock(&q->lock);
}

void
inquiry_unlock(struct inquiry *q)
{
	pthread_mutex_unlock(&q->lock);
}

/* From here on answered() touches nothing but its own waiter. */
static void
close_locked(struct inquiry *q)
{
	struct waiter *w, *next;

	q->closed = true;
	for (w = q->waiters; w != NULL; w = next) {
		next = w->next;
		if (!resolver_cancel(q->resolver, &w->wait))
			continue;
		mem_free(w);
		q->refs--;
	}
	q->waiters = NULL;
}

/* Waits for the last answer; the lock is held, but not during progress. */
static void
block(struct inquiry *q, int64_t start, unsigned int deadline_ms,
    const struct inquiry_waiting *waiting)
{
	int64_t deadline = start + (int64_t)deadline_ms * 1000;
	int64_t step = (int64_t)waiting->progress_ms * 1000;
	int64_t next = start + step, until;
	struct timespec ts;

	while (!q->done && clock_us() < deadline) {
		until = step > 0 && next < deadline ? next : deadline;
		ts = clock_timespec(until);
		pthread_cond_timedwait(&q->changed, &q->lock, &ts);
		if (step == 0 || q->done || clock_us() < next)
			continue;
		next += step;
		pthread_mutex_unlock(&q->lock);
		if (waiting->progress != NULL)
			waiting->progress(waiting->arg);
		pthread_mutex_lock(&q->lock);
	}
}

/* Microseconds that it blocked; the lock is held. */
static int64_t
run_and_block(struct inquiry *q, unsigned int deadline_ms,
    const struct inquiry_waiting *waiting)
{
	int64_t start;

	inquiry_run(q);
	if (q->done)
		return 0;
	start = clock_us();
	if (waiting->blocks != NULL)
		waiting->blocks(waiting->arg);
	block(q, start, deadline_ms, waiting);
	return clock_us() - start;
}

bool
inquiry_settle(struct inquiry *q, unsigned int deadline_ms,
    const struct inquiry_waiting *waiting)
{
	bool done;

	pthread_mutex_lock(&q->lock);
	run_and_block(q, deadline_ms, waiting);
	done = q->done;
	pthread_mutex_unlock(&q->lock);
	return done;
}

int64_t
inquiry_wait(struct inquiry *q, unsigned int deadline_ms,
    const struct inquiry_waiting *waiting)
{
	int64_t blocked;

	pthread_mutex_lock(&q->lock);
	blocked = run_and_block(q, deadline_ms, waiting);
	close_locked(q);
	if (!q->done) {
		dns_ledger_close(q->ledger, DNS_TIMEOUT);
		inquiry_run(q);
	}
	pthread_mutex_unlock(&q->lock);
	return blocked;
}

struct dns_ledger *
inquiry_ledger(const struct inquiry *q)
{
	return q->ledger;
}

void
inquiry_free(struct inquiry *q)
{
	if (q == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	close_locked(q);
	release_and_unlock(q);
}
