/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crew: counts workers.
 *
 * 1. A worker that is not blocked looks for commands before it sleeps, and
 *    libmilter wakes it for those that come later: one is enough.
 * 2. The last one that is about to block nudges: libmilter starts another.
 * 3. A worker that ends has found nothing to do, and others asleep.  These
 *    may have been woken, and have blocked, while it still counted as free:
 *    then it nudges.
 *
 * One that libmilter has started counts when it reads its first packet.
 * Until then there may be a nudge too many.
 */
#include "milter/crew.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static unsigned int workers, blocked;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;
static void (*send_nudge)(void);

static _Thread_local bool member, blocks;

static void
leave(void *unused)
{
	bool last;

	(void)unused;
	pthread_mutex_lock(&lock);
	workers--;
	last = blocked > 0 && blocked >= workers;
	pthread_mutex_unlock(&lock);
	if (last && send_nudge != NULL)
		send_nudge();
}

static void
make_key(void)
{
	has_key = pthread_key_create(&key, leave) == 0;
}

void
crew_set_nudge(void (*nudge)(void))
{
	send_nudge = nudge;
}

/* One whose end would not be seen is not counted. */
void
crew_join(void)
{
	if (member)
		return;
	pthread_once(&once, make_key);
	if (!has_key || pthread_setspecific(key, &member) != 0)
		return;
	member = true;
	pthread_mutex_lock(&lock);
	workers++;
	pthread_mutex_unlock(&lock);
}

bool
crew_block(void)
{
	bool last;

	if (blocks)
		return false;
	blocks = true;
	pthread_mutex_lock(&lock);
	blocked += member;
	last = !member || blocked >= workers;
	pthread_mutex_unlock(&lock);
	if (last && send_nudge != NULL)
		send_nudge();
	return true;
}

void
crew_unblock(void)
{
	if (!blocks)
		return;
	blocks = false;
	pthread_mutex_lock(&lock);
	blocked -= member;
	pthread_mutex_unlock(&lock);
}
