/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many questions at once: sharing, limits, cancelling, ending, and what
 * happens when memory is short.
 */
#include "resolver/resolver.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "resolver/resolver_internal.h"
#include "resolver/statistics.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define PATIENT 20000	/* ms */

/* ---- a server that can be told to hold its answers ---- */

#define HELD_MAX 1000

static pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fakens_question held[HELD_MAX];
static size_t held_count;
static bool holding;
static unsigned int seen, last_of_b;

static void
script(struct fakens_question *q)
{
	(void)pthread_mutex_lock(&server_lock);
	seen++;
	if (q->name[0] == 'b')
		last_of_b = seen;
	if (holding && held_count < HELD_MAX)
		held[held_count++] = *q;
	else
		fakens_send_address(q);
	(void)pthread_mutex_unlock(&server_lock);
}

static void
hold(void)
{
	(void)pthread_mutex_lock(&server_lock);
	holding = true;
	seen = 0;
	(void)pthread_mutex_unlock(&server_lock);
}

static void
release(void)
{
	size_t i;

	(void)pthread_mutex_lock(&server_lock);
	for (i = 0; i < held_count; i++)
		fakens_send_address(&held[i]);
	held_count = 0;
	holding = false;
	(void)pthread_mutex_unlock(&server_lock);
}

static unsigned int
seen_so_far(void)
{
	unsigned int n;

	(void)pthread_mutex_lock(&server_lock);
	n = seen;
	(void)pthread_mutex_unlock(&server_lock);
	return n;
}

/* What is held keeps its place, however long this machine takes. */
static void
keep_places(struct resolver *r)
{
	(void)pthread_mutex_lock(&r->lock);
	r->slow_us = (int64_t)PATIENT * 1000;
	(void)pthread_mutex_unlock(&r->lock);
}

/* Asks for PREFIX0.test, PREFIX1.test and so on. */
static struct ask *
ask_many(struct resolver *r, const char *prefix, size_t count)
{
	struct ask *asks = calloc(count, sizeof(*asks));
	char name[32];
	size_t i;

	for (i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s%zu.test", prefix, i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
	}
	return asks;
}

/* How many were found, one callback each. */
static size_t
wait_many(struct ask *asks, size_t count)
{
	size_t i, found = 0;

	for (i = 0; i < count; i++)
		found += asker_wait(&asks[i])->outcome == DNS_FOUND &&
		    asks[i].calls == 1;
	return found;
}

static void
drop_many(struct ask *asks, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		dns_answer_unref(asks[i].answer);
	free(asks);
}

static void
test_coalesced(struct resolver *r)
{
	struct ask *asks = calloc(100, sizeof(*asks));
	uint64_t before = asker_stats(r).coalesced;
	size_t i, same = 0;

	hold();
	for (i = 0; i < 100; i++)
		asker_start(&asks[i], r, "shared.test", DNS_TYPE_A);
	asker_wait_in_flight(r, 1);
	is_num((long long)(asker_stats(r).coalesced - before), 99,
	    "99 join the first");
	while (seen_so_far() == 0)
		(void)sched_yield();
	release();
	is_num((long long)wait_many(asks, 100), 100, "all are told");
	for (i = 0; i < 100; i++)
		same += asks[i].answer == asks[0].answer;
	is_num((long long)same, 100, "the same answer");
	is_num(seen_so_far(), 1, "one packet");
	drop_many(asks, 100);
}

static void
test_thousand(struct resolver *r)
{
	uint64_t before = asker_stats(r).queries;
	struct ask *asks;

	asks = ask_many(r, "k", 1000);
	is_num((long long)wait_many(asks, 1000), 1000,
	    "1000 at once: none is lost");
	is_num((long long)(asker_stats(r).queries - before), 1000, "queries");
	drop_many(asks, 1000);
}

static void
test_in_flight_limit(struct resolver *r)
{
	size_t count = LIMIT_DNS_IN_FLIGHT + 50;
	struct resolver_stats s;
	struct ask *asks;

	hold();
	asks = ask_many(r, "f", count);
	while (seen_so_far() < LIMIT_DNS_IN_FLIGHT)
		(void)sched_yield();
	s = asker_stats(r);
	is_num((long long)s.in_flight, LIMIT_DNS_IN_FLIGHT, "in flight");
	is_num((long long)s.waiting, 50, "waiting");
	is_num(seen_so_far(), LIMIT_DNS_IN_FLIGHT, "no more packets");
	release();
	is_num((long long)wait_many(asks, count), (long long)count,
	    "all are answered");
	drop_many(asks, count);
}

/* A network that asks for much does not keep others waiting. */
static void
test_fair_turns(struct resolver *r)
{
	struct ask *first, *many, *few;
	size_t i;

	hold();
	first = ask_many(r, "fair", LIMIT_DNS_IN_FLIGHT);
	while (seen_so_far() < LIMIT_DNS_IN_FLIGHT)
		(void)sched_yield();
	many = calloc(500, sizeof(*many));
	few = calloc(20, sizeof(*few));
	for (i = 0; i < 520; i++) {
		struct ask *a = i < 500 ? &many[i] : &few[i - 500];
		char name[32];

		a->w.network = i < 500 ? 1 : 2;
		(void)snprintf(name, sizeof(name), "%s%zu.test",
		    i < 500 ? "many" : "b", i);
		asker_start(a, r, name, DNS_TYPE_A);
	}
	is_num((long long)asker_stats(r).waiting, 520, "they wait");
	release();
	(void)wait_many(first, LIMIT_DNS_IN_FLIGHT);
	is_num((long long)wait_many(few, 20), 20, "few are answered");
	is_num((long long)wait_many(many, 500), 500, "many are answered");
	ok(last_of_b <= LIMIT_DNS_IN_FLIGHT + 50, "the last of few was packet "
	    "%u after the first %d", last_of_b - LIMIT_DNS_IN_FLIGHT,
	    LIMIT_DNS_IN_FLIGHT);
	drop_many(first, LIMIT_DNS_IN_FLIGHT);
	drop_many(many, 500);
	drop_many(few, 20);
}

/* What decides is first among the messages that wait. */
static void
test_decides(struct resolver *r)
{
	struct ask *first, *many, *one = calloc(1, sizeof(*one));

	hold();
	last_of_b = 0;
	first = ask_many(r, "urgent", LIMIT_DNS_IN_FLIGHT);
	while (seen_so_far() < LIMIT_DNS_IN_FLIGHT)
		(void)sched_yield();
	many = ask_many(r, "later", 300);
	one->w.decides = true;
	one->w.message = 1;
	asker_start(one, r, "b.urgent.test", DNS_TYPE_A);
	release();
	(void)wait_many(first, LIMIT_DNS_IN_FLIGHT);
	(void)wait_many(many, 300);
	(void)wait_many(one, 1);
	is_num(last_of_b, LIMIT_DNS_IN_FLIGHT + 1, "what decides was next");
	drop_many(first, LIMIT_DNS_IN_FLIGHT);
	drop_many(many, 300);
	drop_many(one, 1);
}

static void
script_silent_for_s(struct fakens_question *q)
{
	(void)pthread_mutex_lock(&server_lock);
	if (q->name[0] != 's')
		fakens_send_address(q);
	(void)pthread_mutex_unlock(&server_lock);
}

/* Silent names hold their places for half a second, not for the time-out. */
static void
test_slow_give_way(void)
{
	struct fakens *ns = fakens_start(script_silent_for_s, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, 20000,
	    1);
	struct ask *silent, *good;
	size_t i, open = 0;

	silent = ask_many(r, "s", LIMIT_DNS_IN_FLIGHT);
	asker_wait_in_flight(r, LIMIT_DNS_IN_FLIGHT);
	good = ask_many(r, "g", 50);
	is_num((long long)wait_many(good, 50), 50, "others are answered");
	for (i = 0; i < LIMIT_DNS_IN_FLIGHT; i++)
		open += silent[i].answer == NULL;
	is_num((long long)open, LIMIT_DNS_IN_FLIGHT, "silent ones wait on");
	resolver_free(r);
	drop_many(silent, LIMIT_DNS_IN_FLIGHT);
	drop_many(good, 50);
	fakens_stop(ns);
}

/* What will hardly be answered takes half of the places at most. */
static void
test_suspects(void)
{
	struct fakens *ns = fakens_start(script_silent_for_s, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, 20000,
	    1);
	const struct fair_who who = { 1, 0 };
	struct ask *silent = calloc(LIMIT_DNS_SUSPECT + 1, sizeof(*silent));
	struct ask *good;
	char name[32];
	size_t i;

	keep_places(r);
	(void)pthread_mutex_lock(&r->lock);
	while (!fair_is_suspect(&r->fair, who, clock_us()))
		fair_note_silence(&r->fair, who, clock_us());
	(void)pthread_mutex_unlock(&r->lock);
	for (i = 0; i < LIMIT_DNS_SUSPECT + 1; i++) {
		silent[i].w.network = 1;
		(void)snprintf(name, sizeof(name), "s%zu.test", i);
		asker_start(&silent[i], r, name, DNS_TYPE_A);
	}
	asker_wait_in_flight(r, LIMIT_DNS_SUSPECT);
	is_num((long long)asker_stats(r).waiting, 1, "one past it waits");
	good = ask_many(r, "g", LIMIT_DNS_IN_FLIGHT);
	is_num((long long)wait_many(good, LIMIT_DNS_IN_FLIGHT),
	    LIMIT_DNS_IN_FLIGHT, "others are answered");
	resolver_free(r);
	drop_many(silent, LIMIT_DNS_SUSPECT + 1);
	drop_many(good, LIMIT_DNS_IN_FLIGHT);
	fakens_stop(ns);
}

/* More silent questions than may wait on: the oldest are given up. */
static void
test_given_up(void)
{
	struct fakens *ns = fakens_start(script_silent_for_s, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, 60000,
	    1);
	const size_t count = LIMIT_DNS_SLOW + LIMIT_DNS_IN_FLIGHT;
	struct resolver_statistics now;
	struct ask *silent, *good;
	size_t i, ended = 0;

	r->slow_us = 1000;
	silent = ask_many(r, "s", count);
	asker_wait_in_flight(r, count);
	is_num((long long)asker_stats(r).outcomes[DNS_TIMEOUT], 0,
	    "as many as may wait: all do");
	good = ask_many(r, "g", 1);
	is_num((long long)wait_many(good, 1), 1, "one more is answered");
	(void)pthread_mutex_lock(&asker_lock);
	for (i = 0; i < count; i++)
		ended += silent[i].answer != NULL &&
		    silent[i].answer->outcome == DNS_TIMEOUT;
	(void)pthread_mutex_unlock(&asker_lock);
	ok(ended > 0 && ended <= SERVER_CHANNEL_QUERIES,
	    "%zu were given up for it", ended);
	ok(asker_sums_agree(r), "the figures agree");
	resolver_statistics(r, &now);
	is_num((long long)now.servers[0].timeouts, (long long)ended,
	    "as many time-outs");
	resolver_free(r);
	drop_many(silent, count);
	drop_many(good, 1);
	fakens_stop(ns);
}

/* Below a domain whose servers are silent few are asked, and once. */
static void
test_silent_domain(void)
{
	struct fakens *ns = fakens_start(script_silent_for_s, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, 5000,
	    2);
	struct ask asks[2 * LIMIT_DNS_SILENT_PLACES + 1];
	struct resolver_silence silence;
	const struct dns_answer *a;
	int64_t begin;
	char name[32];
	size_t i, timeouts = 0;

	memset(asks, 0, sizeof(asks));
	for (i = 0; i < LIMIT_DNS_SILENT_PLACES; i++) {
		(void)snprintf(name, sizeof(name), "s%zu.bad.test", i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
	}
	/* The server itself is well, and answers what is asked later. */
	while (asker_stats(r).waiting > 0)
		(void)sched_yield();
	begin = clock_us();
	while (clock_us() < begin + SERVER_SLOW_US)
		(void)sched_yield();
	is_num(asker_outcome(r, "good.test", DNS_TYPE_A), DNS_FOUND, "well");
	for (i = 0; i < LIMIT_DNS_SILENT_PLACES; i++)
		timeouts += asker_wait(&asks[i])->outcome == DNS_TIMEOUT;
	is_num((long long)timeouts, LIMIT_DNS_SILENT_PLACES, "all time out");
	resolver_silence(r, &silence);
	is_num((long long)silence.domains, 1, "one domain is marked");
	is_str(silence.last, "bad.test", "which one");
	for (; i < 2 * LIMIT_DNS_SILENT_PLACES; i++) {
		(void)snprintf(name, sizeof(name), "s%zu.bad.test", i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
		timeouts += asks[i].at_once;
	}
	is_num((long long)timeouts, LIMIT_DNS_SILENT_PLACES,
	    "so many are asked");
	asker_start(&asks[i], r, "new.bad.test", DNS_TYPE_A);
	ok(asks[i].at_once && asks[i].answer->outcome == DNS_TIMEOUT,
	    "one past it times out at once");
	a = asker_fetch(r, "_dmarc.bad.test", DNS_TYPE_A);
	is_num(a->outcome, DNS_FOUND, "its policy is asked for");
	dns_answer_unref(a);
	for (i = LIMIT_DNS_SILENT_PLACES; i < 2 * LIMIT_DNS_SILENT_PLACES; i++)
		(void)asker_wait(&asks[i]);
	is_num((long long)asker_stats(r).retries, 0, "and once");
	is_num(asker_outcome(r, "new.bad.test", DNS_TYPE_A), DNS_FOUND,
	    "a place is free, nothing was kept of the refusal");
	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		dns_answer_unref(asks[i].answer);
	resolver_free(r);
	fakens_stop(ns);
}

static void
on_done_unexpected(struct resolver_wait *w, const struct dns_answer *answer)
{
	(void)w;
	(void)answer;
	abort();
}

static void
test_cancel_waiting(struct resolver *r)
{
	struct resolver_wait w = { .done = on_done_unexpected };
	uint64_t before = asker_stats(r).cancelled;
	struct ask *asks;

	hold();
	asks = ask_many(r, "cw", LIMIT_DNS_IN_FLIGHT);
	asker_wait_in_flight(r, LIMIT_DNS_IN_FLIGHT);
	ok(resolver_ask(r, SLICE("never.test"), DNS_TYPE_A, &w) == NULL,
	    "asked");
	is_num((long long)asker_stats(r).waiting, 1, "it waits");
	ok(resolver_cancel(r, &w), "cancelled");
	is_num((long long)asker_stats(r).waiting, 0, "it is gone");
	is_num((long long)(asker_stats(r).cancelled - before), 1, "counted");
	ok(!resolver_cancel(r, &w), "a second time: false");
	while (seen_so_far() < LIMIT_DNS_IN_FLIGHT)
		(void)sched_yield();
	release();
	(void)wait_many(asks, LIMIT_DNS_IN_FLIGHT);
	is_num(seen_so_far(), LIMIT_DNS_IN_FLIGHT, "it was never sent");
	drop_many(asks, LIMIT_DNS_IN_FLIGHT);
}

static void
test_cancel_in_flight(struct resolver *r)
{
	struct resolver_wait w = { .done = on_done_unexpected };
	struct ask a = { .then = NULL };
	uint64_t found = asker_stats(r).outcomes[DNS_FOUND];

	hold();
	ok(resolver_ask(r, SLICE("flying.test"), DNS_TYPE_A, &w) == NULL,
	    "asked");
	while (seen_so_far() == 0)
		(void)sched_yield();
	ok(resolver_cancel(r, &w), "cancelled in flight");
	release();
	/* Counted and cached in one go; nobody else tells of it. */
	while (asker_stats(r).outcomes[DNS_FOUND] == found)
		(void)sched_yield();
	asker_start(&a, r, "flying.test", DNS_TYPE_A);
	ok(a.at_once && a.answer->outcome == DNS_FOUND,
	    "its answer went to the cache");
	is_num(seen_so_far(), 1, "one packet");
	dns_answer_unref(a.answer);

	/* Someone else joins what nobody waits for. */
	hold();
	a = (struct ask){ .then = NULL };
	(void)resolver_ask(r, SLICE("rejoined.test"), DNS_TYPE_A, &w);
	while (seen_so_far() == 0)
		(void)sched_yield();
	ok(resolver_cancel(r, &w), "cancelled in flight");
	asker_start(&a, r, "rejoined.test", DNS_TYPE_A);
	release();
	is_num(asker_wait(&a)->outcome, DNS_FOUND, "joined afterwards");
	is_num(seen_so_far(), 1, "one packet");
	dns_answer_unref(a.answer);
	ok(!resolver_cancel(r, &a.w), "after the callback: false");
}

static struct ask pair[2];
static int pair_result = -1;

static void
cancel_other(struct ask *a)
{
	struct ask *other = a == &pair[0] ? &pair[1] : &pair[0];

	pair_result = resolver_cancel(a->resolver, &other->w);
}

static void
test_cancel_from_callback(struct resolver *r)
{
	memset(pair, 0, sizeof(pair));
	pair[0].then = pair[1].then = cancel_other;
	hold();
	asker_start(&pair[0], r, "pair.test", DNS_TYPE_A);
	asker_start(&pair[1], r, "pair.test", DNS_TYPE_A);
	while (seen_so_far() == 0)
		(void)sched_yield();
	release();
	(void)asker_wait(&pair[0]);
	asker_wait_in_flight(r, 0);
	is_num(pair_result, 1, "the first callback cancels the second");
	is_num(pair[1].calls, 0, "which is not called");
	dns_answer_unref(pair[0].answer);
}

static struct ask chain[4];

static void
ask_next(struct ask *a)
{
	static const char *const names[] = {
		"chain0.test", "chain1.test", "chain2.test", "chain3.test"
	};
	size_t i = (size_t)(a - chain) + 1;

	if (i < 4)
		asker_start(&chain[i], a->resolver, names[i], DNS_TYPE_A);
}

static void
test_ask_from_callback(struct resolver *r)
{
	size_t i;

	memset(chain, 0, sizeof(chain));
	for (i = 0; i < 4; i++)
		chain[i].then = ask_next;
	asker_start(&chain[0], r, "chain0.test", DNS_TYPE_A);
	is_num(asker_wait(&chain[3])->outcome, DNS_FOUND,
	    "each callback asks the next");
	for (i = 0; i < 4; i++)
		dns_answer_unref(chain[i].answer);
}

/* ---- many at a time ---- */

#define TOGETHER 100

static atomic_uint counted, counted_when_told, times_told;

static void
count_done(struct resolver_wait *w, const struct dns_answer *answer)
{
	(void)w;
	dns_answer_unref(answer);
	atomic_fetch_add(&counted, 1);
}

static void
count_told(void)
{
	atomic_store(&counted_when_told, atomic_load(&counted));
	atomic_fetch_add(&times_told, 1);
}

static void
ask_together(struct resolver *r, struct resolver_wait *w, const char *name)
{
	*w = (struct resolver_wait){ .done = count_done, .told = count_told,
		.later = true };
	ok(resolver_ask(r, slice_str(name), DNS_TYPE_A, w) == NULL,
	    "%s is put", name);
}

static void
wait_told(unsigned int count)
{
	while (atomic_load(&counted_when_told) != count)
		(void)sched_yield();
}

/* Those who wait for one query are all told before `told` is called. */
static void
test_told_once(struct resolver *r)
{
	struct resolver_wait waits[TOGETHER];
	size_t i;

	atomic_store(&counted, 0);
	atomic_store(&times_told, 0);
	hold();
	for (i = 0; i < TOGETHER; i++) {
		waits[i] = (struct resolver_wait){ .done = count_done,
			.told = count_told };
		(void)resolver_ask(r, SLICE("together.test"), DNS_TYPE_A,
		    &waits[i]);
	}
	while (seen_so_far() == 0)
		(void)sched_yield();
	release();
	wait_told(TOGETHER);
	is_num(atomic_load(&times_told), 1, "told once, after all of them");
}

/* What is put for later goes out when its asker says so. */
static void
test_later(struct resolver *r)
{
	struct resolver_wait waits[3];
	uint64_t before;

	atomic_store(&counted, 0);
	atomic_store(&counted_when_told, 0);
	before = asker_stats(r).queries;
	ask_together(r, &waits[0], "apart1.test");
	ask_together(r, &waits[1], "apart2.test");
	ask_together(r, &waits[2], "apart3.test");
	resolver_go(r);
	wait_told(3);
	is_num((long long)(asker_stats(r).queries - before), 3,
	    "all go out");
	resolver_go(r);
	ok(true, "with nothing to send it does nothing");
}

/* Another asker wakes the thread for them as well. */
static void
test_later_with_others(struct resolver *r)
{
	struct resolver_wait w;

	atomic_store(&counted, 0);
	atomic_store(&counted_when_told, 0);
	ask_together(r, &w, "apart4.test");
	is_num(asker_outcome(r, "now.test", DNS_TYPE_A), DNS_FOUND,
	    "one that is not put for later");
	wait_told(1);
	ok(true, "takes it along");
}

/* ---- a race of askers who change their mind ---- */

#define RACERS	4
#define ROUNDS	2000

/*
 * The callback takes a lock that the canceller holds: resolver_cancel()
 * must not wait for it.
 */
struct racer {
	struct resolver_wait	w;
	pthread_mutex_t		lock;
	pthread_cond_t		cond;
	unsigned int		calls;
	struct resolver		*r;
	unsigned int		number;
	unsigned int		cancelled, told, wrong;
};

static void
racer_done(struct resolver_wait *w, const struct dns_answer *answer)
{
	struct racer *c = (struct racer *)w;

	(void)pthread_mutex_lock(&c->lock);
	c->calls++;
	(void)pthread_cond_signal(&c->cond);
	(void)pthread_mutex_unlock(&c->lock);
	dns_answer_unref(answer);
}

static void
race_once(struct racer *c, unsigned int round)
{
	const struct dns_answer *a;
	char name[32];
	bool cancelled;

	/* Names are shared by two racers each. */
	(void)snprintf(name, sizeof(name), "r%u-%u.test", c->number / 2,
	    round);
	c->calls = 0;
	c->w.done = racer_done;
	a = resolver_ask(c->r, slice_str(name), DNS_TYPE_A, &c->w);
	if (a != NULL) {
		c->wrong += a->outcome != DNS_FOUND;
		dns_answer_unref(a);
		return;
	}
	if (round % 3 == 0)
		(void)sched_yield();
	(void)pthread_mutex_lock(&c->lock);
	cancelled = round % 4 != 0 && resolver_cancel(c->r, &c->w);
	while (!cancelled && c->calls == 0)
		(void)pthread_cond_wait(&c->cond, &c->lock);
	c->wrong += c->calls != (cancelled ? 0u : 1u);
	c->cancelled += cancelled;
	c->told += !cancelled;
	(void)pthread_mutex_unlock(&c->lock);
}

static void *
race(void *arg)
{
	struct racer *c = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		race_once(c, i);
	return NULL;
}

static void
test_race(struct resolver *r)
{
	struct racer racers[RACERS];
	pthread_t threads[RACERS];
	unsigned int i, wrong = 0, told = 0, cancelled = 0;

	for (i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .r = r, .number = i };
		(void)pthread_mutex_init(&racers[i].lock, NULL);
		(void)pthread_cond_init(&racers[i].cond, NULL);
		(void)pthread_create(&threads[i], NULL, race, &racers[i]);
	}
	for (i = 0; i < RACERS; i++) {
		(void)pthread_join(threads[i], NULL);
		wrong += racers[i].wrong;
		told += racers[i].told;
		cancelled += racers[i].cancelled;
		(void)pthread_mutex_destroy(&racers[i].lock);
		(void)pthread_cond_destroy(&racers[i].cond);
	}
	is_num(wrong, 0, "each is told once or cancelled");
	ok(told > 0 && cancelled > 0, "%u told, %u cancelled", told,
	    cancelled);
	asker_wait_in_flight(r, 0);
}

/* ---- the end ---- */

static struct ask late_ask;

static void
ask_late(struct ask *a)
{
	if (late_ask.answer == NULL)
		asker_start(&late_ask, a->resolver, "late.test", DNS_TYPE_A);
}

/*
 * Fills the queue to its limit; then nobody answers, and the resolver is
 * freed.
 */
static void
test_queue_and_free(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	size_t i, good = 0, right = 0;
	struct ask *flying, *queued, *more;
	struct resolver_stats s;

	keep_places(r);
	hold();
	flying = ask_many(r, "fl", LIMIT_DNS_IN_FLIGHT);
	asker_wait_in_flight(r, LIMIT_DNS_IN_FLIGHT);
	queued = ask_many(r, "q", LIMIT_DNS_QUEUE);
	more = ask_many(r, "more", 1);
	s = asker_stats(r);
	is_num((long long)s.waiting, LIMIT_DNS_QUEUE, "queue at its limit");
	ok(more->at_once && more->answer->outcome == DNS_NOT_ASKED,
	    "one past it is not asked");
	is_num((long long)s.outcomes[DNS_NOT_ASKED], 1, "and counted");
	drop_many(more, 1);
	more = ask_many(r, "q", 1);
	ok(!more->at_once, "who joins needs no place");
	flying[0].then = ask_late;
	late_ask = (struct ask){ .then = NULL };
	resolver_free(r);
	for (i = 0; i < LIMIT_DNS_IN_FLIGHT; i++) {
		good += flying[i].calls == 1 &&
		    flying[i].answer->outcome == DNS_NOT_ASKED;
		right += pthread_equal(flying[i].caller, pthread_self()) != 0;
	}
	for (i = 0; i < LIMIT_DNS_QUEUE; i++)
		good += queued[i].calls == 1 &&
		    queued[i].answer->outcome == DNS_NOT_ASKED;
	is_num((long long)good, LIMIT_DNS_IN_FLIGHT + LIMIT_DNS_QUEUE,
	    "all are told: not asked");
	is_num((long long)right, LIMIT_DNS_IN_FLIGHT,
	    "from the thread that frees");
	is_num(more->calls, 1, "who joined, too");
	ok(late_ask.at_once && late_ask.answer->outcome == DNS_NOT_ASKED,
	    "a question from such a callback is refused");
	drop_many(flying, LIMIT_DNS_IN_FLIGHT);
	drop_many(queued, LIMIT_DNS_QUEUE);
	drop_many(more, 1);
	fakens_stop(ns);
	held_count = 0;
	holding = false;
}

/* A TCP connection that breaks leaves questions by UDP alone. */
static void
script_tcp_breaks(struct fakens_question *q)
{
	static struct dnsmsg m;

	if (q->tcp) {
		fakens_hang_up(q);
	} else if (q->name[0] == 't') {
		dnsmsg_begin(&m, q->id, DNSMSG_TC, q->name, q->type);
		fakens_send(q, &m);
	} else {
		script(q);
	}
}

static void
test_tcp_breaks(void)
{
	struct fakens *ns = fakens_start(script_tcp_breaks, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	uint64_t retries;
	struct ask *asks;

	hold();
	asks = ask_many(r, "udp", 20);
	while (seen_so_far() < 20)
		(void)sched_yield();
	is_num(asker_outcome(r, "t.test", DNS_TYPE_A), DNS_SERVER_FAILURE,
	    "TCP breaks");
	retries = asker_stats(r).retries;
	release();
	is_num((long long)wait_many(asks, 20), 20, "UDP goes on");
	is_num((long long)(asker_stats(r).retries - retries), 0,
	    "without another packet");
	drop_many(asks, 20);
	resolver_free(r);
	fakens_stop(ns);
}

static void
script_silent(struct fakens_question *q)
{
	(void)q;
	(void)pthread_mutex_lock(&server_lock);
	seen++;
	(void)pthread_mutex_unlock(&server_lock);
}

/* What waits for a place at a server that turns out dead goes elsewhere. */
static void
test_burst_at_dead_server(void)
{
	struct fakens *ns1 = fakens_start(script_silent, FAKENS_BOTH);
	struct fakens *ns2 = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns1),
	    fakens_address(ns2), 4000, 2);
	size_t count = LIMIT_DNS_IN_FLIGHT + 250;
	struct ask *asks;

	keep_places(r);		/* the time-out is first */
	asks = ask_many(r, "d", count);
	is_num((long long)wait_many(asks, count), (long long)count,
	    "all are answered");
	ok(asker_stats(r).retries >= LIMIT_DNS_IN_FLIGHT &&
	    asker_stats(r).retries < LIMIT_DNS_IN_FLIGHT + 10,
	    "only those in flight were sent twice: %d",
	    (int)asker_stats(r).retries);
	drop_many(asks, count);
	resolver_free(r);
	fakens_stop(ns1);
	fakens_stop(ns2);
}

/* As if it had failed a while ago. */
static void
make_failed(struct resolver *r, size_t server)
{
	(void)pthread_mutex_lock(&r->lock);
	(void)server_note_silence(&r->servers[server].health, 1, 0);
	r->servers[server].health.probe_us = 0;
	(void)pthread_mutex_unlock(&r->lock);
}

static bool
has_failed(struct resolver *r, size_t server)
{
	struct resolver_server now[LIMIT_DNS_SERVERS];

	(void)resolver_servers(r, now);
	return now[server].failed;
}

/* A server that is back is seen to be, also when it is not the first. */
static void
test_probe_beside(void)
{
	struct fakens *ns1 = fakens_start(script, FAKENS_BOTH);
	struct fakens *ns2 = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns1),
	    fakens_address(ns2), PATIENT, 2);
	int64_t until = clock_us() + PATIENT * INT64_C(1000);

	make_failed(r, 1);
	is_num(asker_outcome(r, "a.test", DNS_TYPE_A), DNS_FOUND, "answered");
	while (has_failed(r, 1) && clock_us() < until)
		(void)sched_yield();
	ok(!has_failed(r, 1), "the second server is back");
	asker_wait_in_flight(r, 0);
	ok(asker_sums_agree(r), "the figures agree");
	resolver_free(r);
	fakens_stop(ns1);
	fakens_stop(ns2);
}

/* No question waits for a server that failed: only the probe does. */
static void
test_probe_in_vain(void)
{
	struct fakens *ns1 = fakens_start(script_silent, FAKENS_BOTH);
	struct fakens *ns2 = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns1),
	    fakens_address(ns2), PATIENT, 2);
	struct ask *asks;

	make_failed(r, 0);
	asks = ask_many(r, "d", 50);
	is_num((long long)wait_many(asks, 50), 50, "all are answered");
	is_num((long long)asker_stats(r).retries, 0, "at the first try");
	is_num((long long)asker_stats(r).in_flight, 1, "one is a probe");
	drop_many(asks, 50);
	resolver_free(r);
	fakens_stop(ns1);
	fakens_stop(ns2);
}

/* Nobody waits when the first try ends: there is no second. */
static void
test_abandoned(void)
{
	struct fakens *ns = fakens_start(script_silent, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, 5000,
	    3);
	struct resolver_wait w = { .done = on_done_unexpected };
	struct resolver_stats s;

	(void)resolver_ask(r, SLICE("gone.test"), DNS_TYPE_A, &w);
	asker_wait_in_flight(r, 1);
	ok(resolver_cancel(r, &w), "cancelled in flight");
	asker_wait_in_flight(r, 0);
	s = asker_stats(r);
	ok(s.queries == 1 && s.retries == 0, "one packet");
	is_num((long long)s.outcomes[DNS_TIMEOUT], 0, "no outcome");
	ok(resolver_ask(r, SLICE("gone.test"), DNS_TYPE_A, &w) == NULL,
	    "and nothing in the cache");
	ok(resolver_cancel(r, &w), "cancelled");
	ok(resolver_ask(r, SLICE("a..b"), DNS_TYPE_A, &w) ==
	    dns_answer_of(DNS_NOT_ASKED), "what is no name is not asked");
	resolver_free(r);
	fakens_stop(ns);
}

/* ---- no memory ---- */

static void
test_no_memory(struct resolver *r)
{
	unsigned long n, hits = 1;
	enum dns_outcome outcome;
	char name[32];
	size_t wrong = 0;

	for (n = 0; hits > 0 && n < 100; n++) {
		(void)snprintf(name, sizeof(name), "m%lu.test", n);
		mem_fail_after(n, 1);
		outcome = asker_outcome(r, name, DNS_TYPE_A);
		asker_wait_in_flight(r, 0);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		wrong += outcome != DNS_FOUND && outcome != DNS_NOT_ASKED;
		wrong += hits == 0 && outcome != DNS_FOUND;
		wrong += asker_outcome(r, name, DNS_TYPE_A) != DNS_FOUND;
	}
	is_num((long long)wrong, 0, "found or not asked, later found");
	ok(hits == 0 && n > 1, "%lu allocations failed in turn", n - 1);
}

/* Want of memory is said: the message is deferred then, not judged. */
static void
test_no_memory_is_said(struct resolver *r)
{
	struct resolver_wait w = { .done = on_done_unexpected };

	mem_fail_after(0, 1);
	ok(resolver_ask(r, SLICE("none.test"), DNS_TYPE_A, &w) ==
	    dns_answer_no_memory(), "no memory for a question");
	mem_fail_after(0, 0);
}

static void
test_new_no_memory(void)
{
	struct slice address = SLICE("127.0.0.1:1");
	struct resolver_options o = {
		.nameservers = &address, .nameserver_count = 1,
		.timeout_ms = PATIENT, .tries = 1
	};
	struct resolver *r = NULL;
	unsigned long n;
	char why[64];

	for (n = 0; n < 50; n++) {
		mem_fail_after(n, 1);
		r = resolver_new(&o, why, sizeof(why));
		if (mem_fail_hits() == 0)
			break;
		if (r != NULL)
			break;
	}
	mem_fail_after(0, 0);
	ok(r != NULL && n > 0, "%lu allocations failed in turn", n);
	resolver_free(r);
}

int
main(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);

	keep_places(r);
	test_coalesced(r);
	test_thousand(r);
	test_in_flight_limit(r);
	test_fair_turns(r);
	test_decides(r);
	test_slow_give_way();
	test_suspects();
	test_given_up();
	test_silent_domain();
	test_cancel_waiting(r);
	test_cancel_in_flight(r);
	test_cancel_from_callback(r);
	test_ask_from_callback(r);
	test_told_once(r);
	test_later(r);
	test_later_with_others(r);
	test_race(r);
	test_no_memory(r);
	test_no_memory_is_said(r);
	resolver_free(r);
	fakens_stop(ns);
	test_queue_and_free();
	test_tcp_breaks();
	test_burst_at_dead_server();
	test_probe_beside();
	test_probe_in_vain();
	test_abandoned();
	test_new_no_memory();
	return tap_done();
}
