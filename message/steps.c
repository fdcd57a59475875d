/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steps: answers are stored, and the checks that they are for run again.
 *
 * The resolver's thread calls steps_answered() for each answer, and
 * steps_told() when these were all for now.  Then all of them are stored, and
 * the step of each inquiry runs once.
 *
 * Who does that?  To wake another thread costs more than the step of a usual
 * message.  So when few answers have come, the resolver's thread does it by
 * itself, but only for messages that are light (is_light()) and that no worker
 * has locked.  All else is for the thread of this file, assay-checks: much
 * that has come at once is worth its wake-up, and no message keeps the
 * resolver from the others.
 */
#include "message/inquiry_internal.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#define LATER_NS	1000000	/* before a locked inquiry is tried again */

/* What is to be done: answers to be stored, steps to be run. */
struct work {
	struct landed		 answers;
	struct dirty		 dirty;
};

/* What is left to the thread of this file. */
static struct {
	pthread_once_t		 once;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	struct work		 work;
} handed = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER, .work = {
    .answers = STAILQ_HEAD_INITIALIZER(handed.work.answers) } };
static bool has_thread;
/* Who does it. */
enum doer {
	DOER_RESOLVER,		/* waits for no lock, and not for long steps */
	DOER_CHECKS
};

static bool
work_is_none(const struct work *work)
{
	return STAILQ_EMPTY(&work->answers) && SLIST_EMPTY(&work->dirty);
}

/* A usual message: its step is short, whatever has been answered. */
static bool
is_light(const struct inquiry *q, const struct dns_answer *more)
{
	return dns_ledger_count(q->ledger) <= LIMIT_LIGHT_QUESTIONS &&
	    dns_ledger_bytes(q->ledger) + dns_answer_size(more) <=
	    LIMIT_LIGHT_BYTES;
}

/*
 * Stores one answer; the reference to the inquiry goes to `dirty` or ends.
 * False: a worker has the lock, and other messages are not to wait for that;
 * or it is for the other thread.
 */
static bool
take_answer(struct waiter *w, enum doer doer, struct dirty *dirty)
{
	struct inquiry *q = w->inquiry;
	bool keep = false;

	if (pthread_mutex_trylock(&q->lock) != 0)
		return false;
	if (doer == DOER_RESOLVER && !is_light(q, w->answer)) {
		pthread_mutex_unlock(&q->lock);
		return false;
	}
	if (q->closed) {
		dns_answer_unref(w->answer);
	} else {
		TAILQ_REMOVE(&q->waiters, w, link);
		q->asking[w->wait.decides]--;
		w->entry->answered_us = clock_us();
		dns_ledger_answer(w->entry, w->answer);
		keep = !q->dirty;
		q->dirty = true;
	}
	mem_free(w);
	if (keep)
		SLIST_INSERT_HEAD(dirty, q, dirty_link);
	pthread_mutex_unlock(&q->lock);
	if (!keep)
		inquiry_release(q);
	return true;
}

/* The worker is woken when it can have the lock.  False: not now, by this
   thread. */
static bool
run_dirty(struct inquiry *q, enum doer doer)
{
	bool done = false;

	if (doer == DOER_CHECKS)
		pthread_mutex_lock(&q->lock);
	else if (pthread_mutex_trylock(&q->lock) != 0)
		return false;
	q->dirty = false;
	if (!q->closed) {
		inquiry_ask_pending(q);
		inquiry_run(q);
		done = q->done;
	}
	pthread_mutex_unlock(&q->lock);
	if (done)
		pthread_cond_signal(&q->changed);
	inquiry_release(q);
	return true;
}

/* All that came together, each inquiry once.  What this thread cannot do now
   stays. */
static void
do_work(struct work *work, enum doer doer)
{
	struct landed answers = STAILQ_HEAD_INITIALIZER(answers);
	struct dirty dirty = SLIST_HEAD_INITIALIZER(dirty);
	struct waiter *w;
	struct inquiry *q;

	STAILQ_CONCAT(&answers, &work->answers);
	while ((w = STAILQ_FIRST(&answers)) != NULL) {
		STAILQ_REMOVE_HEAD(&answers, landing);
		if (!take_answer(w, doer, &work->dirty))
			STAILQ_INSERT_TAIL(&work->answers, w, landing);
	}
	while ((q = SLIST_FIRST(&work->dirty)) != NULL) {
		SLIST_REMOVE_HEAD(&work->dirty, dirty_link);
		if (!run_dirty(q, doer))
			SLIST_INSERT_HEAD(&dirty, q, dirty_link);
	}
	work->dirty = dirty;
}

/* Moves all of `from`. */
static void
work_add(struct work *to, struct work *from)
{
	struct inquiry *q;

	STAILQ_CONCAT(&to->answers, &from->answers);
	while ((q = SLIST_FIRST(&from->dirty)) != NULL) {
		SLIST_REMOVE_HEAD(&from->dirty, dirty_link);
		SLIST_INSERT_HEAD(&to->dirty, q, dirty_link);
	}
}

static void
fetch_work(struct work *work, bool wait)
{
	pthread_mutex_lock(&handed.lock);
	while (wait && work_is_none(&handed.work))
		pthread_cond_wait(&handed.changed, &handed.lock);
	work_add(work, &handed.work);
	pthread_mutex_unlock(&handed.lock);
}

static void *
run_steps(void *unused)
{
	const struct timespec pause = { .tv_nsec = LATER_NS };
	struct work work = { .answers = STAILQ_HEAD_INITIALIZER(work.answers) };

	(void)unused;
	(void)pthread_setname_np(pthread_self(), "assay-checks");
	for (;;) {
		if (!work_is_none(&work))
			(void)nanosleep(&pause, NULL);
		fetch_work(&work, work_is_none(&work));
		do_work(&work, DOER_CHECKS);
	}
	return NULL;
}

/* For as long as the process lives; signals are for others. */
static void
start_thread(void)
{
	sigset_t all, before;
	pthread_t thread;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	has_thread = pthread_create(&thread, NULL, run_steps, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (has_thread)
		(void)pthread_detach(thread);
}

void
steps_begin(void)
{
	(void)pthread_once(&handed.once, start_thread);
}

/* What this resolver's thread has answered since it last told. */
static _Thread_local struct {
	struct landed	 list;
	size_t		 count;
} here;

void
steps_answered(struct resolver_wait *wait, const struct dns_answer *answer)
{
	struct waiter *w = (struct waiter *)wait;

	w->answer = answer;
	if (here.count++ == 0)
		STAILQ_INIT(&here.list);
	STAILQ_INSERT_TAIL(&here.list, w, landing);
}

/* There is no other thread. */
static void
do_all(struct work *work)
{
	while (!work_is_none(work)) {
		do_work(work, DOER_CHECKS);
		(void)sched_yield();
	}
}

void
steps_told(void)
{
	struct work work = { .answers = STAILQ_HEAD_INITIALIZER(work.answers) };
	bool few = here.count <= LIMIT_LIGHT_ANSWERS;

	if (here.count > 0)
		STAILQ_CONCAT(&work.answers, &here.list);
	here.count = 0;
	if (!has_thread) {
		do_all(&work);
		return;
	}
	if (few)
		do_work(&work, DOER_RESOLVER);
	if (work_is_none(&work))
		return;
	pthread_mutex_lock(&handed.lock);
	work_add(&handed.work, &work);
	pthread_mutex_unlock(&handed.lock);
	pthread_cond_signal(&handed.changed);
}
