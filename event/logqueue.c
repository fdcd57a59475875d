/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logqueue: log lines on their way to a writer that may be slow.
 */
#include "event/logqueue_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

struct entry {
	STAILQ_ENTRY(entry)	 link;
	struct logqueue_line	 line;
	char			 text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static pthread_cond_t emptied;		/* on the monotonic clock */
/* Under the lock. */
static STAILQ_HEAD(, entry) queue = STAILQ_HEAD_INITIALIZER(queue);
static size_t octets;			/* of all lines in it */
static unsigned long lost, lost_in_all;	/* since the last report */
static bool writing;
static atomic_bool started;		/* for good */
static logqueue_write_fn *write_one;
static logqueue_lost_fn *report_lost;

static struct entry *
take(void)
{
	struct entry *e;

	pthread_mutex_lock(&lock);
	writing = false;
	while ((e = STAILQ_FIRST(&queue)) == NULL) {
		pthread_cond_broadcast(&emptied);
		pthread_cond_wait(&filled, &lock);
	}
	STAILQ_REMOVE_HEAD(&queue, link);
	octets -= e->line.text.len;
	writing = true;
	pthread_mutex_unlock(&lock);
	return e;
}

/* What was lost until now; the count begins anew. */
static unsigned long
take_lost(void)
{
	unsigned long count;

	pthread_mutex_lock(&lock);
	count = lost;
	lost = 0;
	pthread_mutex_unlock(&lock);
	return count;
}

void
logqueue_count_lost(void)
{
	pthread_mutex_lock(&lock);
	lost++;
	lost_in_all++;
	pthread_mutex_unlock(&lock);
}

unsigned long
logqueue_lost(void)
{
	unsigned long count;

	pthread_mutex_lock(&lock);
	count = lost_in_all;
	pthread_mutex_unlock(&lock);
	return count;
}

static void *
write_all(void *arg)
{
	struct entry *e;
	unsigned long count;

	(void)arg;
	for (;;) {
		e = take();
		if (!write_one(&e->line))
			logqueue_count_lost();
		else if ((count = take_lost()) > 0)
			report_lost(count);
		mem_free(e);
	}
	return NULL;
}

bool
logqueue_start(logqueue_write_fn *write_line, logqueue_lost_fn *lost_fn)
{
	pthread_condattr_t attr;
	pthread_t thread;

	write_one = write_line;
	report_lost = lost_fn;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&emptied, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&thread, NULL, write_all, NULL) != 0)
		return false;
	pthread_detach(thread);
	started = true;
	return true;
}

static struct entry *
make_entry(const struct logqueue_line *line)
{
	struct entry *e = mem_alloc(sizeof(*e) + line->text.len);

	if (e == NULL)
		return NULL;
	e->line = *line;
	memcpy(e->text, line->text.ptr, line->text.len);
	e->line.text.ptr = e->text;
	return e;
}

/* Or it is lost.  The lock is held. */
static bool
add(struct entry *e)
{
	if (e == NULL || octets + e->line.text.len > LIMIT_LOG_QUEUE) {
		lost++;
		lost_in_all++;
		return false;
	}
	STAILQ_INSERT_TAIL(&queue, e, link);
	octets += e->line.text.len;
	return true;
}

/* The writer is woken when it can have the lock. */
bool
logqueue_put(const struct logqueue_line *line)
{
	struct entry *e;
	bool added;

	if (!started)
		return false;
	e = make_entry(line);
	pthread_mutex_lock(&lock);
	added = add(e);
	pthread_mutex_unlock(&lock);
	if (added)
		pthread_cond_signal(&filled);
	else
		mem_free(e);
	return true;
}

bool
logqueue_flush(int ms)
{
	struct timespec until = clock_timespec(clock_us() + ms * INT64_C(1000));
	bool empty;
	int error = 0;

	pthread_mutex_lock(&lock);
	while (started && (writing || !STAILQ_EMPTY(&queue)) && error == 0)
		error = pthread_cond_timedwait(&emptied, &lock, &until);
	empty = !writing && STAILQ_EMPTY(&queue);
	pthread_mutex_unlock(&lock);
	return empty;
}
