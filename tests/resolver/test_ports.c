/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From how few ports questions leave while names are silent: these keep
 * nobody's port open, and are answered all the same.
 */
#include "resolver/resolver.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "resolver/server_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define TIMEOUT	60000	/* ms */
#define ROUND	(SERVER_CHANNEL_QUERIES - 1)
#define MORE	30	/* channels that are needed beyond all */
#define SILENT	(SERVER_CHANNELS + MORE)
#define PORTS	65536
#define BY_CHANCE 4	/* the kernel may give a port twice */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static bool was_used[PORTS];
static struct fakens_question kept[SILENT];	/* as asked last */
static unsigned int asked[SILENT];
static bool silence_is_over;

/* s0.test and on get no answer yet. */
static void
script(struct fakens_question *q)
{
	const struct sockaddr_in *peer = (const void *)&q->peer;
	unsigned long number;

	(void)pthread_mutex_lock(&lock);
	was_used[ntohs(peer->sin_port)] = true;
	if (q->name[0] == 's' && !silence_is_over) {
		number = strtoul(q->name + 1, NULL, 10);
		kept[number] = *q;
		asked[number]++;
	} else {
		fakens_send_address(q);
	}
	(void)pthread_mutex_unlock(&lock);
}

static unsigned int
times_asked(size_t number)
{
	unsigned int times;

	(void)pthread_mutex_lock(&lock);
	times = asked[number];
	(void)pthread_mutex_unlock(&lock);
	return times;
}

static size_t
ports_used(void)
{
	size_t i, count = 0;

	(void)pthread_mutex_lock(&lock);
	for (i = 0; i < PORTS; i++)
		count += was_used[i];
	(void)pthread_mutex_unlock(&lock);
	return count;
}

/* As many questions as a channel takes, one of them for a silent name. */
static size_t
play_round(struct resolver *r, struct ask *silent, size_t number)
{
	static struct ask good[ROUND];
	size_t i, found = 0;
	char name[32];

	(void)snprintf(name, sizeof(name), "s%zu.test", number);
	asker_start(silent, r, name, DNS_TYPE_A);
	memset(good, 0, sizeof(good));
	for (i = 0; i < ROUND; i++) {
		(void)snprintf(name, sizeof(name), "g%zu.r%zu.test", i,
		    number);
		asker_start(&good[i], r, name, DNS_TYPE_A);
	}
	for (i = 0; i < ROUND; i++) {
		found += asker_wait(&good[i])->outcome == DNS_FOUND;
		dns_answer_unref(good[i].answer);
	}
	while (times_asked(number) == 0)
		(void)sched_yield();
	return found;
}

static void
answer_all(void)
{
	size_t i;

	(void)pthread_mutex_lock(&lock);
	silence_is_over = true;
	for (i = 0; i < SILENT; i++)
		fakens_send_address(&kept[i]);
	(void)pthread_mutex_unlock(&lock);
}

static void
test_silent_names(struct resolver *r)
{
	static struct ask silent[SILENT];
	size_t i, found = 0, again = 0;
	int64_t since;

	for (i = 0; i < SERVER_CHANNELS; i++)
		found += play_round(r, &silent[i], i);
	/* What is silent is slow by then. */
	for (since = clock_us(); clock_us() - since <= SERVER_SLOW_US;)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	for (; i < SILENT; i++)
		found += play_round(r, &silent[i], i);
	is_num((long long)found, (long long)ROUND * SILENT,
	    "all others are answered");
	ok(ports_used() >= SILENT - BY_CHANCE, "from %zu ports",
	    ports_used());
	for (i = 0; i < SILENT; i++)
		again += times_asked(i) > 1;
	ok(again >= MORE, "%zu of the silent ones left theirs", again);
	answer_all();
	for (found = i = 0; i < SILENT; i++) {
		found += asker_wait(&silent[i])->outcome == DNS_FOUND &&
		    silent[i].calls == 1;
		dns_answer_unref(silent[i].answer);
	}
	is_num((long long)found, SILENT, "silent ones have waited on");
}

int
main(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, TIMEOUT,
	    1);

	test_silent_names(r);
	resolver_free(r);
	fakens_stop(ns);
	return tap_done();
}
