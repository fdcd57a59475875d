/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port that nothing is in progress on is parked: what is asked next leaves
 * from it, but not for long, not too often, and not when a stranger has sent
 * something to it.
 */
#include "resolver/datagram_internal.h"

#include <netinet/in.h>
#include <pthread.h>

#include "resolver/resolver.h"
#include "resolver/server_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/resolver/leap.h"
#include "tests/tap.h"

#define PORT_S		(DATAGRAM_PORT_US / LEAP_SECOND)
/* The kernel may give a port twice, and a machine may stand still until one is
   old. */
#define TURNS		3

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static struct fakens_question last;
static unsigned int number;	/* of the next name */

static unsigned int left_open;	/* times */

static void
script(struct fakens_question *q)
{
	(void)pthread_mutex_lock(&lock);
	last = *q;
	(void)pthread_mutex_unlock(&lock);
	fakens_send_address(q);
}

/* The port that a new question leaves from, 0: no answer. */
static unsigned int
ask(struct resolver *r)
{
	unsigned int port;
	char name[32];

	(void)snprintf(name, sizeof(name), "n%u.test", number++);
	if (asker_outcome(r, name, DNS_TYPE_A) != DNS_FOUND)
		return 0;
	(void)pthread_mutex_lock(&lock);
	port = ntohs(((const struct sockaddr_in *)(const void *)&last.peer)
	    ->sin_port);
	(void)pthread_mutex_unlock(&lock);
	return port;
}

static void
wait_until_closed(struct resolver *r)
{
	left_open += !asker_wait_no_sockets(r);
}

/* As many as a port takes, one after the other, and one more. */
static void
test_limit(void)
{
	unsigned int turn, i, port, same, best = 0, past = 0;
	struct fakens *ns;
	struct resolver *r = asker_begin(script, &ns);

	for (turn = 0; turn < TURNS; turn++) {
		port = ask(r);
		same = 1;
		for (i = 1; i < DATAGRAM_PORT_QUESTIONS; i++)
			same += ask(r) == port;
		if (same > best)
			best = same;
		wait_until_closed(r);
		past += ask(r) == port;
		leap(PORT_S);
		wait_until_closed(r);
	}
	is_num(best, DATAGRAM_PORT_QUESTIONS,
	    "from one port as many as it takes");
	ok(past < TURNS, "then from another one");
	ok(asker_end(r, ns), "the figures agree");
}

static void
test_age(void)
{
	unsigned int turn, port, same = 0, open = 0;
	struct fakens *ns;
	struct resolver *r = asker_begin(script, &ns);

	for (turn = 0; turn < TURNS; turn++) {
		port = ask(r);
		open += asker_sockets(r);
		leap(PORT_S);
		wait_until_closed(r);
		same += ask(r) == port;
	}
	ok(open > 0, "a socket stays");
	ok(same < TURNS, "closed when it is old: another port");
	leap(PORT_S);
	wait_until_closed(r);
	ok(asker_end(r, ns), "the figures agree");
}

/* The answer once more, when nobody waits for it. */
static void
test_stranger(void)
{
	unsigned int turn, port, same = 0;
	struct fakens *ns;
	struct resolver *r = asker_begin(script, &ns);

	for (turn = 0; turn < TURNS; turn++) {
		port = ask(r);
		(void)pthread_mutex_lock(&lock);
		fakens_send_address(&last);
		(void)pthread_mutex_unlock(&lock);
		wait_until_closed(r);
		same += ask(r) == port;
		leap(PORT_S);
		wait_until_closed(r);
	}
	ok(same < TURNS, "closed when something comes: another port");
	ok(asker_end(r, ns), "the figures agree");
}

int
main(void)
{
	test_limit();
	test_age();
	test_stranger();
	is_num(left_open, 0, "all are closed in the end");
	return tap_done();
}
