/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain: how many messages are in hand, and the wait for them at the end.
 */
#include "milter/drain.h"

#include <pthread.h>
#include <stdint.h>

#include "base/clock.h"
#include "milter/packet.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t drained;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned int in_hand;
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
		pthread_cond_signal(&drained);
	pthread_mutex_unlock(&lock);
}

void
drain_end_with_reply(void)
{
	if (packet_is_guarded())
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

bool
drain_wait(unsigned int seconds)
{
	struct timespec until =
	    clock_timespec(clock_us() + (int64_t)seconds * 1000000);
	bool empty;
	int error = 0;

	pthread_once(&once, make_condition);
	pthread_mutex_lock(&lock);
	draining = true;
	while (in_hand > 0 && !hurry && error == 0)
		error = pthread_cond_timedwait(&drained, &lock, &until);
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
	pthread_cond_signal(&drained);
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
