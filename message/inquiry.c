/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inquiry: the loop of one message around its checks.
 *
 * Life of a question:
 *  1. A step asks the ledger, which has put_question() hand it on to the
 *     resolver.  A known answer goes into the ledger there and then.
 *  2. Otherwise a waiter waits for it at the resolver and holds a reference
 *     to the inquiry.  A message has LIMIT_DNS_MESSAGE of them there at a
 *     time; more are pending until one of those is answered.  Keys and DMARC
 *     records are urgent: they decide, and are not counted.
 *  3. The resolver's thread calls answered(), which hands the waiter over to
 *     the thread of this file and touches no message.  That thread takes all
 *     that has come, stores the answers, and runs the step of each inquiry
 *     once: 1.
 *  4. When the inquiry is closed or freed, waiters are taken back.  One
 *     that cannot be, because its answer is on the way, finds `closed` set,
 *     touches nothing and drops its reference.
 */
#include "message/inquiry.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#define LATER_NS	1000000	/* before a locked inquiry is tried again */

struct waiter {
	struct resolver_wait	 wait;		/* first: the resolver's view */
	struct inquiry		*inquiry;
	struct dns_entry	*entry;
	struct waiter		*prev, *next;	/* of those at the resolver, or
						   next of the pending */
	/* On its way to the step. */
	const struct dns_answer	*answer;
	struct waiter		*next_landed;
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
	uint32_t		 network;
	size_t			 asking;	/* waiters, not the urgent */
	struct waiter		*pending, **last_pending;
	bool			 dirty;		/* its step is due */
	struct inquiry		*next_dirty;
};

/* What has been answered, for the thread that runs the steps. */
static struct {
	pthread_once_t		 once;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	struct waiter		*first, **last;
} landed = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER };
static bool has_thread;

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
static void	start_thread(void);

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
	q->last_pending = &q->pending;
	(void)pthread_once(&landed.once, start_thread);
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

/*
 * Puts the question of a waiter; the lock is held.  True when the answer came
 * at once: it is in the ledger then, and the waiter is spare.
 */
static bool
ask(struct inquiry *q, struct waiter *w)
{
	const struct dns_answer *answer;
	struct dns_entry *e = w->entry;

	e->asked_us = clock_us();
	/*
	 * Before asking: answered() may come at any moment from then on, but
	 * what follows takes our lock first.
	 */
	w->prev = NULL;
	w->next = q->waiters;
	if (w->next != NULL)
		w->next->prev = w;
	q->waiters = w;
	q->refs++;
	answer = resolver_ask(q->resolver, e->name, e->type, &w->wait);
	if (answer == NULL) {
		q->asking += !w->wait.urgent;
		return false;
	}
	unlink_waiter(q, w);
	q->refs--;
	mem_free(q->spare);
	q->spare = w;
	e->answered_us = e->asked_us;
	dns_ledger_answer(e, answer);
	return true;
}

/* As many of the pending as there is room for. */
static void
ask_pending(struct inquiry *q)
{
	struct waiter *w;

	while ((w = q->pending) != NULL && q->asking < LIMIT_DNS_MESSAGE) {
		q->pending = w->next;
		if (q->pending == NULL)
			q->last_pending = &q->pending;
		(void)ask(q, w);
	}
}

/* ---- the thread that runs the steps ---- */

/*
 * Stores one answer; the reference to the inquiry goes to `dirty` or ends.
 * False: a worker has the lock, and other messages are not to wait for that.
 */
static bool
take_landed(struct waiter *w, struct inquiry **dirty)
{
	struct inquiry *q = w->inquiry;
	bool keep = false;

	if (pthread_mutex_trylock(&q->lock) != 0)
		return false;
	if (q->closed) {
		dns_answer_unref(w->answer);
	} else {
		unlink_waiter(q, w);
		q->asking -= !w->wait.urgent;
		w->entry->answered_us = clock_us();
		dns_ledger_answer(w->entry, w->answer);
		keep = !q->dirty;
		q->dirty = true;
	}
	mem_free(w);
	if (keep) {
		q->next_dirty = *dirty;
		*dirty = q;
		pthread_mutex_unlock(&q->lock);
	} else {
		release_and_unlock(q);
	}
	return true;
}

static void
run_dirty(struct inquiry *q)
{
	pthread_mutex_lock(&q->lock);
	q->dirty = false;
	if (!q->closed) {
		ask_pending(q);
		inquiry_run(q);
		if (q->done)
			pthread_cond_signal(&q->changed);
	}
	release_and_unlock(q);
}

/* All that came together, each inquiry once.  Returns what is to be taken
   later. */
static struct waiter *
take_all(struct waiter *w)
{
	struct inquiry *dirty = NULL, *q;
	struct waiter *next, *later = NULL;

	for (; w != NULL; w = next) {
		next = w->next_landed;
		if (take_landed(w, &dirty))
			continue;
		w->next_landed = later;
		later = w;
	}
	while ((q = dirty) != NULL) {
		dirty = q->next_dirty;
		run_dirty(q);
	}
	return later;
}

static struct waiter *
join(struct waiter *a, struct waiter *b)
{
	struct waiter **end = &a;

	while (*end != NULL)
		end = &(*end)->next_landed;
	*end = b;
	return a;
}

static struct waiter *
take_first(bool wait)
{
	struct waiter *first;

	pthread_mutex_lock(&landed.lock);
	while (wait && landed.first == NULL)
		pthread_cond_wait(&landed.changed, &landed.lock);
	first = landed.first;
	landed.first = NULL;
	landed.last = &landed.first;
	pthread_mutex_unlock(&landed.lock);
	return first;
}

static void *
run_steps(void *unused)
{
	const struct timespec pause = { .tv_nsec = LATER_NS };
	struct waiter *later = NULL;

	(void)unused;
	for (;;) {
		if (later != NULL) {
			(void)nanosleep(&pause, NULL);
			later = take_all(later);
		}
		later = join(take_all(take_first(later == NULL)), later);
	}
	return NULL;
}

/* For as long as the process lives; signals are for others. */
static void
start_thread(void)
{
	sigset_t all, before;
	pthread_t thread;

	landed.last = &landed.first;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	has_thread = pthread_create(&thread, NULL, run_steps, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!has_thread)
		return;
	(void)pthread_setname_np(thread, "assay-checks");
	(void)pthread_detach(thread);
}

/* From the resolver's thread, which must not wait for a message; owns
   `answer`. */
static void
answered(struct resolver_wait *wait, const struct dns_answer *answer)
{
	struct waiter *w = (struct waiter *)wait;

	w->answer = answer;
	w->next_landed = NULL;
	if (!has_thread) {
		while (take_all(w) != NULL)
			sched_yield();
		return;
	}
	pthread_mutex_lock(&landed.lock);
	*landed.last = w;
	landed.last = &w->next_landed;
	pthread_cond_signal(&landed.changed);
	pthread_mutex_unlock(&landed.lock);
}

/* ---- questions ---- */

/* What decides: DMARC records and keys. */
static bool
is_urgent(const struct dns_entry *e)
{
	static const struct slice key = SLICE_INIT("._domainkey.");
	size_t i;

	if (e->type != DNS_TYPE_TXT)
		return false;
	if (slice_starts(e->name, SLICE("_dmarc.")))
		return true;
	for (i = 0; i + key.len <= e->name.len; i++) {
		if (slice_starts(slice_from(e->name, i), key))
			return true;
	}
	return false;
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
		.entry = e, .wait.network = q->network,
		.wait.urgent = is_urgent(e) };
	return w;
}

/* A dns_ledger_put_fn: within a step, so with the lock held. */
static void
put_question(void *arg, struct dns_entry *e)
{
	struct inquiry *q = arg;
	struct waiter *w = q->closed ? NULL : take_waiter(q, e);

	if (w == NULL) {
		dns_ledger_answer(e, q->closed ?
		    dns_answer_of(DNS_NOT_ASKED) : dns_answer_no_memory());
	} else if (w->wait.urgent || q->asking < LIMIT_DNS_MESSAGE) {
		(void)ask(q, w);
	} else {
		*q->last_pending = w;
		q->last_pending = &w->next;
	}
}

void
inquiry_set_network(struct inquiry *q, const struct ipaddr *client)
{
	size_t len = client->family == IPADDR_V4 ? 3 : 8;

	if (client->family != IPADDR_NONE)
		q->network = (uint32_t)hash_keyed((struct slice){
		    (const char *)client->bytes, len }, client->family);
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
	for (w = q->pending; w != NULL; w = next) {
		next = w->next;
		mem_free(w);
	}
	q->pending = NULL;
	q->last_pending = &q->pending;
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
