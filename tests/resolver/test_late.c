/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An answer that comes late, beside others that come at once.  c-ares 1.34
 * learns from those how long to wait, and would send what is slow again: 1.34.7
 * by UDP from another port, so that the answer finds nobody.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "resolver/resolver.h"
#include "resolver/server_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define TURNS		5
/* Longer than 1.34 waits when it has learnt. */
#define LEARNT_NS	300000000
/* By TCP one on each connection. */
#define SLOW		SERVER_TCP_CHANNELS

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fakens_question slow[SLOW];	/* under the lock */
static atomic_uint slow_asked;
static bool by_tcp;	/* of a server, before it starts */

static void
send_truncated(const struct fakens_question *q)
{
	static struct dnsmsg m;

	dnsmsg_begin(&m, q->id, DNSMSG_TC, q->name, q->type);
	fakens_send(q, &m);
}

/* What begins with "slow" is kept when it first comes. */
static void
script(struct fakens_question *q)
{
	(void)pthread_mutex_lock(&lock);
	if (by_tcp && !q->tcp)
		send_truncated(q);
	else if (strncmp(q->name, "slow", 4) != 0)
		fakens_send_address(q);
	else if (slow_asked++ < SLOW)
		slow[slow_asked - 1] = *q;
	(void)pthread_mutex_unlock(&lock);
}

static void
answer_slow(void)
{
	size_t i;

	(void)pthread_mutex_lock(&lock);
	for (i = 0; i < SLOW; i++)
		fakens_send_address(&slow[i]);
	(void)pthread_mutex_unlock(&lock);
}

static unsigned int
ask_in_turn(struct resolver *r, const char *stem, long pause_ns)
{
	unsigned int i, found = 0;
	char name[32];

	for (i = 0; i < TURNS; i++) {
		(void)snprintf(name, sizeof(name), "%s%u.test", stem, i);
		found += asker_outcome(r, name, DNS_TYPE_A) == DNS_FOUND;
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause_ns },
		    NULL);
	}
	return found;
}

static void
ask_slow(struct resolver *r, struct ask asks[SLOW])
{
	char name[32];
	size_t i;

	for (i = 0; i < SLOW; i++) {
		(void)snprintf(name, sizeof(name), "slow%zu.test", i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
	}
	(void)asker_wait_count(&slow_asked, SLOW);
}

static unsigned int
wait_for_slow(struct ask asks[SLOW])
{
	const struct dns_answer *a;
	unsigned int found = 0;
	size_t i;

	for (i = 0; i < SLOW; i++) {
		a = asker_wait(&asks[i]);
		found += a->outcome == DNS_FOUND;
		dns_answer_unref(a);
	}
	return found;
}

static void
test_late(bool tcp)
{
	struct ask asks[SLOW] = { { .answer = NULL } };
	struct resolver *r;
	struct fakens *ns;

	by_tcp = tcp;
	slow_asked = 0;
	r = asker_begin(script, &ns);
	is_num(ask_in_turn(r, "before", 0), TURNS,
	    tcp ? "fast by TCP" : "fast by UDP");
	ask_slow(r, asks);
	is_num(ask_in_turn(r, "beside", LEARNT_NS), TURNS,
	    "and beside slow ones");
	is_num(slow_asked, SLOW, "which are asked once");
	answer_slow();
	is_num(wait_for_slow(asks), SLOW, "their answers are heard");
	is_num(slow_asked, SLOW, "with no other packet");
	ok(asker_end(r, ns), "the figures agree");
}

int
main(void)
{
	test_late(false);
	test_late(true);
	return tap_done();
}
