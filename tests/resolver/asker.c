/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "resolver/statistics.h"
#include "tests/resolver/asker.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE 60	/* seconds until a test is given up as hanging */

pthread_mutex_t asker_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t asker_cond = PTHREAD_COND_INITIALIZER;

static void
give_up(const char *why)
{
	printf("Bail out! %s\n", why);
	(void)fflush(stdout);
	abort();
}

struct resolver *
asker_resolver(const char *ns1, const char *ns2, unsigned int timeout_ms,
    unsigned int tries)
{
	struct slice list[2] = { slice_str(ns1), slice_str(ns2) };
	struct resolver_options o = {
		.nameservers = list,
		.nameserver_count = ns2 != NULL ? 2 : 1,
		.timeout_ms = timeout_ms,
		.tries = tries,
		.cache_bytes = 1 << 20,
		.slow_ms = ASKER_SLOW_MS
	};
	char why[256] = "";
	struct resolver *r = resolver_new(&o, why, sizeof(why));

	if (r == NULL)
		give_up(why);
	return r;
}

struct resolver *
asker_begin(fakens_script *script, struct fakens **ns)
{
	*ns = fakens_start(script, FAKENS_BOTH);
	return asker_resolver(fakens_address(*ns), NULL, ASKER_PATIENT, 1);
}

bool
asker_end(struct resolver *r, struct fakens *ns)
{
	bool agree = asker_sums_agree(r);

	resolver_free(r);
	fakens_stop(ns);
	return agree;
}

static void
on_done(struct resolver_wait *w, const struct dns_answer *answer)
{
	struct ask *a = (struct ask *)w;

	(void)pthread_mutex_lock(&asker_lock);
	a->calls++;
	a->answer = answer;
	a->caller = pthread_self();
	if (a->then != NULL)
		a->then(a);
	(void)pthread_cond_broadcast(&asker_cond);
	(void)pthread_mutex_unlock(&asker_lock);
}

void
asker_start(struct ask *a, struct resolver *r, const char *name,
    enum dns_type type)
{
	const struct dns_answer *answer;

	a->w = (struct resolver_wait){ .done = on_done,
		.network = a->w.network, .message = a->w.message,
		.decides = a->w.decides, .leads = true };
	a->resolver = r;
	answer = resolver_ask(r, slice_str(name), type, &a->w);
	if (answer != NULL) {
		a->answer = answer;
		a->at_once = true;
	}
}

const struct dns_answer *
asker_wait(struct ask *a)
{
	struct timespec until;
	int error = 0;

	if (a->at_once)
		return a->answer;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	(void)pthread_mutex_lock(&asker_lock);
	while (a->answer == NULL && error == 0)
		error = pthread_cond_timedwait(&asker_cond, &asker_lock,
		    &until);
	(void)pthread_mutex_unlock(&asker_lock);
	if (a->answer == NULL)
		give_up("no answer");
	return a->answer;
}

const struct dns_answer *
asker_fetch(struct resolver *r, const char *name, enum dns_type type)
{
	struct ask a = { .then = NULL };

	asker_start(&a, r, name, type);
	return asker_wait(&a);
}

enum dns_outcome
asker_outcome(struct resolver *r, const char *name, enum dns_type type)
{
	const struct dns_answer *a = asker_fetch(r, name, type);
	enum dns_outcome outcome = a->outcome;

	dns_answer_unref(a);
	return outcome;
}

struct resolver_stats
asker_stats(struct resolver *r)
{
	struct resolver_stats s;

	resolver_get_stats(r, &s);
	return s;
}

void
asker_wait_in_flight(struct resolver *r, uint64_t want)
{
	int64_t until = clock_us() + PATIENCE * INT64_C(1000000);
	struct resolver_stats s;

	do {
		(void)sched_yield();
		resolver_get_stats(r, &s);
	} while (s.in_flight != want && clock_us() < until);
	if (s.in_flight != want)
		give_up("queries in flight");
}

bool
asker_sums_agree(struct resolver *r)
{
	struct resolver_statistics now;
	const struct statistics_server *s = now.servers;
	bool agree = true;
	size_t i;

	resolver_statistics(r, &now);
	for (i = 0; i < now.server_count; i++, s++) {
		if (s->sent == s->answered + s->timeouts + s->unreachable +
		    s->in_flight)
			continue;
		agree = false;
		printf("# sent %llu, answered %llu, timeouts %llu, "
		    "unreachable %llu, in flight %llu\n",
		    (unsigned long long)s->sent,
		    (unsigned long long)s->answered,
		    (unsigned long long)s->timeouts,
		    (unsigned long long)s->unreachable,
		    (unsigned long long)s->in_flight);
	}
	return agree;
}

unsigned int
asker_sockets(struct resolver *r)
{
	struct resolver_statistics now;

	resolver_statistics(r, &now);
	return (unsigned int)now.servers[0].sockets;
}

/* A millisecond, unless that ends after ASKER_PATIENT since `began`. */
static bool
pause_since(int64_t began)
{
	if (clock_us() - began >= ASKER_PATIENT * INT64_C(1000))
		return false;
	(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return true;
}

bool
asker_wait_no_sockets(struct resolver *r)
{
	int64_t began = clock_us();

	while (asker_sockets(r) > 0 && pause_since(began))
		continue;
	return asker_sockets(r) == 0;
}

bool
asker_wait_count(atomic_uint *count, unsigned int want)
{
	int64_t began = clock_us();

	while (atomic_load(count) < want && pause_since(began))
		continue;
	return atomic_load(count) >= want;
}
