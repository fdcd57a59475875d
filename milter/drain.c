/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain: see drain.h.
 */
#include "milter/drain.h"

#include <pthread.h>
#include <stdint.h>

#include "base/clock.h"
#include "milter/wire.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t drained;
static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Under the lock. */
static unsigned int in_hand, connections;
static bool draining, hurry;

/* Messages of this thread that end with its next reply. */
static _Thread_local unsigned int awaits_reply;

/* A clock that is set must not lengthen the wait. */
static void
make_condition(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&drained, &attr);
	pthread_condattr_destroy(&attr);
}

bool
drain_begin(void)
{
	bool taken;

	pthread_mutex_lock(&lock);
	taken = !draining;
	if (taken)
		in_hand++;
	pthread_mutex_unlock(&lock);
	return taken;
}

void
drain_end(void)
{
	pthread_once(&once, make_condition);
	pthread_mutex_lock(&lock);
	if (--in_hand == 0 && draining)
		pthread_cond_broadcast(&drained);
	pthread_mutex_unlock(&lock);
}

void
drain_end_with_reply(void)
{
	if (wire_is_guarded())
		awaits_reply++;
	else
		drain_end();
}

void
drain_replied(void)
{
	for (; awaits_reply > 0; awaits_reply--)
		drain_end();
}

void
drain_connected(void)
{
	pthread_mutex_lock(&lock);
	connections++;
	pthread_mutex_unlock(&lock);
}

void
drain_disconnected(void)
{
	pthread_once(&once, make_condition);
	pthread_mutex_lock(&lock);
	if (connections > 0 && --connections == 0)
		pthread_cond_broadcast(&drained);
	pthread_mutex_unlock(&lock);
}

void
drain_counts(unsigned int *messages, unsigned int *connected)
{
	pthread_mutex_lock(&lock);
	*messages = in_hand;
	*connected = connections;
	pthread_mutex_unlock(&lock);
}

/* Until the counter is 0.  Under the lock. */
static void
wait_for(const unsigned int *counter, unsigned int seconds)
{
	struct timespec until =
	    clock_timespec(clock_us() + (int64_t)seconds * 1000000);
	int error = 0;

	while (*counter > 0 && !hurry && error == 0)
		error = pthread_cond_timedwait(&drained, &lock, &until);
}

void
drain_wait_for_connections(unsigned int seconds)
{
	pthread_once(&once, make_condition);
	pthread_mutex_lock(&lock);
	wait_for(&connections, seconds);
	pthread_mutex_unlock(&lock);
}

bool
drain_wait(unsigned int seconds)
{
	bool empty;

	pthread_once(&once, make_condition);
	pthread_mutex_lock(&lock);
	draining = true;
	wait_for(&in_hand, seconds);
	empty = in_hand == 0;
	pthread_mutex_unlock(&lock);
	return empty;
}

void
drain_hurry(void)
{
	pthread_once(&once, make_condition);
	pthread_mutex_lock(&lock);
	hurry = true;
	pthread_cond_broadcast(&drained);
	pthread_mutex_unlock(&lock);
}

bool
drain_began(void)
{
	bool began;

	pthread_mutex_lock(&lock);
	began = draining;
	pthread_mutex_unlock(&lock);
	return began;
}
