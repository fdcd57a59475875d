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
 *  3. The answer is stored, and the step runs again (steps.c): 1.
 *  4. When the inquiry is closed or freed, waiters are taken back.  One
 *     that cannot be, because its answer is on the way, finds `closed` set,
 *     touches nothing and drops its reference.
 */
#include "message/inquiry_internal.h"

#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

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
	steps_begin();
	atomic_init(&q->refs, 1);
	q->resolver = resolver;
	q->step = step;
	q->arg = arg;
	return q;
}

void
inquiry_release(struct inquiry *q)
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
	 * Before asking: steps_answered() may come at any moment from then on,
	 * but what follows takes our lock first.
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

void
inquiry_ask_pending(struct inquiry *q)
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

/*
 * The first of a message are the domains of HELO and MAIL.  More would let a
 * record lead to as many paths as it has names.  Most else is no domain that
 * mail is from: _dmarc, _spf ...
 */
static bool
leads(struct inquiry *q, const struct dns_entry *e)
{
	if (e->type != DNS_TYPE_TXT || e->name.len == 0 ||
	    e->name.ptr[0] == '_' || q->led == LIMIT_DNS_PATHS)
		return false;
	q->led++;
	return true;
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
	*w = (struct waiter){ .wait.done = steps_answered,
		.wait.told = steps_told, .wait.later = true,
		.inquiry = q, .entry = e, .wait.network = q->network,
		.wait.message = q->number, .wait.decides = decides(q, e),
		.wait.leads = leads(q, e) };
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
	inquiry_ask_pending(q);
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

/* From here on steps_answered() touches nothing but its own waiter. */
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
	inquiry_release(q);
}
