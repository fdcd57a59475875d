/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inquiry: the loop of one message around its checks.
 *
 * Life of a question:
 *  1. A step asks the ledger, which has put_question() hand it on to the
 *     resolver.  A known answer goes into the ledger there and then.
 *  2. Otherwise a waiter waits for it at the resolver and holds a reference
 *     to the inquiry.  A message has LIMIT_DNS_MESSAGE of them there at a
 *     time; more are pending until one of those is answered.  DMARC records
 *     and aligned keys decide: they are counted apart, LIMIT_DNS_DECIDING.
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
#include <stdatomic.h>
#include <sys/queue.h>
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
	bool			 dirty;		/* its step is due */
	bool			 asked;		/* resolver_go() is due */
	SLIST_ENTRY(inquiry)	 dirty_link;
};

/* What has been answered, for the thread that runs the steps. */
static struct {
	pthread_once_t		 once;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	struct landed		 list;
} landed = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .list = STAILQ_HEAD_INITIALIZER(landed.list) };
static bool has_thread;
static atomic_uint inquiries;	/* made so far */

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
	TAILQ_INIT(&q->waiters);
	TAILQ_INIT(&q->pending);
	q->number = atomic_fetch_add(&inquiries, 1) + 1;
	(void)pthread_once(&landed.once, start_thread);
	atomic_init(&q->refs, 1);
	q->resolver = resolver;
	q->step = step;
	q->arg = arg;
	return q;
}

/* Drops one reference; the lock is not held. */
static void
release(struct inquiry *q)
{
	if (atomic_fetch_sub(&q->refs, 1) > 1)
		return;
	dns_ledger_free(q->ledger);
	mem_free(q->spare);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	mem_free(q);
}

/*
 * Puts the question of a waiter; the lock is held.  When the answer comes at
 * once it is in the ledger, and the waiter is spare.
 */
static void
ask(struct inquiry *q, struct waiter *w)
{
	const struct dns_answer *answer;
	struct dns_entry *e = w->entry;

	e->asked_us = clock_us();
	/*
	 * Before asking: answered() may come at any moment from then on, but
	 * what follows takes our lock first.
	 */
	TAILQ_INSERT_HEAD(&q->waiters, w, link);
	atomic_fetch_add(&q->refs, 1);
	answer = resolver_ask(q->resolver, e->name, e->type, &w->wait);
	if (answer == NULL) {
		q->asking[w->wait.decides]++;
		q->asked = true;
		return;
	}
	TAILQ_REMOVE(&q->waiters, w, link);
	atomic_fetch_sub(&q->refs, 1);
	mem_free(q->spare);
	q->spare = w;
	e->answered_us = e->asked_us;
	dns_ledger_answer(e, answer);
}

static bool
has_room(const struct inquiry *q, bool decides)
{
	return q->asking[decides] <
	    (decides ? LIMIT_DNS_DECIDING : LIMIT_DNS_MESSAGE);
}

/* As many of the pending as there is room for. */
static void
ask_pending(struct inquiry *q)
{
	struct waiter *w, *next;

	for (w = TAILQ_FIRST(&q->pending); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!has_room(q, w->wait.decides))
			continue;
		TAILQ_REMOVE(&q->pending, w, link);
		ask(q, w);
	}
}

/* ---- the thread that runs the steps ---- */

/*
 * Stores one answer; the reference to the inquiry goes to `dirty` or ends.
 * False: a worker has the lock, and other messages are not to wait for that.
 */
static bool
take_landed(struct waiter *w, struct dirty *dirty)
{
	struct inquiry *q = w->inquiry;
	bool keep = false;

	if (pthread_mutex_trylock(&q->lock) != 0)
		return false;
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
		release(q);
	return true;
}

/* The worker is woken when it can have the lock. */
static void
run_dirty(struct inquiry *q)
{
	bool done = false;

	pthread_mutex_lock(&q->lock);
	q->dirty = false;
	if (!q->closed) {
		ask_pending(q);
		inquiry_run(q);
		done = q->done;
	}
	pthread_mutex_unlock(&q->lock);
	if (done)
		pthread_cond_signal(&q->changed);
	release(q);
}

/* All that came together, each inquiry once.  What is to be taken later
   stays in the list. */
static void
take_all(struct landed *list)
{
	struct landed later = STAILQ_HEAD_INITIALIZER(later);
	struct dirty dirty = SLIST_HEAD_INITIALIZER(dirty);
	struct waiter *w;
	struct inquiry *q;

	while ((w = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, landing);
		if (!take_landed(w, &dirty))
			STAILQ_INSERT_TAIL(&later, w, landing);
	}
	while ((q = SLIST_FIRST(&dirty)) != NULL) {
		SLIST_REMOVE_HEAD(&dirty, dirty_link);
		run_dirty(q);
	}
	STAILQ_CONCAT(list, &later);
}

static void
fetch_landed(struct landed *list, bool wait)
{
	pthread_mutex_lock(&landed.lock);
	while (wait && STAILQ_EMPTY(&landed.list))
		pthread_cond_wait(&landed.changed, &landed.lock);
	STAILQ_CONCAT(list, &landed.list);
	pthread_mutex_unlock(&landed.lock);
}

static void *
run_steps(void *unused)
{
	const struct timespec pause = { .tv_nsec = LATER_NS };
	struct landed list = STAILQ_HEAD_INITIALIZER(list);

	(void)unused;
	(void)pthread_setname_np(pthread_self(), "assay-checks");
	for (;;) {
		if (!STAILQ_EMPTY(&list))
			(void)nanosleep(&pause, NULL);
		fetch_landed(&list, STAILQ_EMPTY(&list));
		take_all(&list);
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

/* What this resolver's thread has answered since it last told. */
static struct landed *
list_of_thread(void)
{
	static _Thread_local struct landed list;

	if (STAILQ_EMPTY(&list))
		STAILQ_INIT(&list);
	return &list;
}

/* From the resolver's thread, which must not wait for a message; owns
   `answer`. */
static void
answered(struct resolver_wait *wait, const struct dns_answer *answer)
{
	struct waiter *w = (struct waiter *)wait;
	struct landed one = STAILQ_HEAD_INITIALIZER(one);

	w->answer = answer;
	if (!has_thread) {
		STAILQ_INSERT_TAIL(&one, w, landing);
		for (;;) {
			take_all(&one);
			if (STAILQ_EMPTY(&one))
				return;
			(void)sched_yield();
		}
	}
	STAILQ_INSERT_TAIL(list_of_thread(), w, landing);
}

/* All that came together has been answered. */
static void
told(void)
{
	pthread_mutex_lock(&landed.lock);
	STAILQ_CONCAT(&landed.list, list_of_thread());
	pthread_mutex_unlock(&landed.lock);
	pthread_cond_signal(&landed.changed);
}

/* ---- questions ---- */

/* The domain of a key's name, empty when it is none. */
static struct slice
key_domain(struct slice name)
{
	static const struct slice key = SLICE_INIT("._domainkey.");
	size_t i;

	for (i = 0; i + key.len < name.len; i++) {
		if (slice_starts(slice_from(name, i), key))
			return slice_from(name, i + key.len);
	}
	return SLICE("");
}

/* May they be aligned?  They end with the same two labels. */
static bool
are_related(struct slice a, struct slice b)
{
	while (domain_labels(b) > 2)
		b = domain_parent(b);
	return a.len > 0 && domain_is_at_or_below(a, b);
}

/* What decides: DMARC records and aligned keys. */
static bool
decides(const struct inquiry *q, const struct dns_entry *e)
{
	return e->type == DNS_TYPE_TXT &&
	    (slice_starts(e->name, SLICE("_dmarc.")) ||
	    are_related(key_domain(e->name), q->author));
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
	*w = (struct waiter){ .wait.done = answered, .wait.told = told,
		.wait.later = true, .inquiry = q,
		.entry = e, .wait.network = q->network,
		.wait.message = q->number, .wait.decides = decides(q, e) };
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
	} else if (has_room(q, w->wait.decides)) {
		ask(q, w);
	} else {
		TAILQ_INSERT_TAIL(&q->pending, w, link);
	}
}

/* What has been asked goes out; the lock is held. */
static void
go(struct inquiry *q)
{
	if (q->asked)
		resolver_go(q->resolver);
	q->asked = false;
}

void
inquiry_set_network(struct inquiry *q, const struct ipaddr *client)
{
	size_t len = client->family == IPADDR_V4 ? 3 : 8;

	if (client->family != IPADDR_NONE)
		q->network = (uint32_t)hash_keyed((struct slice){
		    (const char *)client->bytes, len }, client->family);
}

/* What has been pending may decide now. */
void
inquiry_set_author(struct inquiry *q, struct slice author)
{
	struct waiter *w;

	pthread_mutex_lock(&q->lock);
	q->author = author;
	TAILQ_FOREACH(w, &q->pending, link)
		w->wait.decides = decides(q, w->entry);
	ask_pending(q);
	go(q);
	pthread_mutex_unlock(&q->lock);
}

void
inquiry_run(struct inquiry *q)
{
	q->done = q->step(q->arg, q->ledger);
	go(q);
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
	struct waiter *w;

	q->closed = true;
	while ((w = TAILQ_FIRST(&q->waiters)) != NULL) {
		TAILQ_REMOVE(&q->waiters, w, link);
		if (!resolver_cancel(q->resolver, &w->wait))
			continue;
		mem_free(w);
		atomic_fetch_sub(&q->refs, 1);
	}
	while ((w = TAILQ_FIRST(&q->pending)) != NULL) {
		TAILQ_REMOVE(&q->pending, w, link);
		mem_free(w);
	}
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
	pthread_mutex_unlock(&q->lock);
	release(q);
}
