/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: the resolver's thread, which alone touches c-ares.
 *
 * It sleeps in epoll on the sockets of all channels, on a timer for what
 * c-ares has to give up next, and on an eventfd by which askers wake it.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pool.h"
#include "resolver/query_internal.h"

/* Tags of epoll events; those of channels count from 0. */
#define TAG_WAKE	(SERVER_TAGS * LIMIT_DNS_SERVERS)
#define TAG_TIMER	(TAG_WAKE + 1)
#define EVENTS		64
#define TIMER_STEP_US	500	/* no sooner than that again */

static int
watch(struct resolver *r, int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event ev = {
		.events = events,
		.data.u64 = (uint64_t)tag << 32 | (uint32_t)fd
	};

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
}

const char *
loop_open(struct resolver *r)
{
	STAILQ_INIT(&r->landed);
	STAILQ_INIT(&r->moved);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->timer = timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll == -1 || r->timer == -1 || r->wake == -1 ||
	    watch(r, r->wake, EPOLLIN | EPOLLET, TAG_WAKE) == -1 ||
	    watch(r, r->timer, EPOLLIN, TAG_TIMER) == -1)
		return strerror(errno);
	return NULL;
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

void
loop_close(struct resolver *r)
{
	close_one(&r->wake);
	close_one(&r->timer);
	close_one(&r->epoll);
}

/* Each write is an event of its own, and nobody reads: the counter of an
   eventfd never gets near its end. */
void
loop_wake(struct resolver *r)
{
	(void)eventfd_write(r->wake, 1);
}

/*
 * Sets the timer for `at`.  When it is set for earlier already it stays: most
 * answers come long before, and an idle wake-up costs less than a system call
 * for each of them.
 */
static void
set_timer(struct resolver *r, int64_t at, int64_t now)
{
	struct itimerspec its = { .it_value = { 0, 0 } };

	if (at == 0)
		return;
	/* c-ares keeps time by its own clock, and may be behind. */
	if (at < now + TIMER_STEP_US)
		at = now + TIMER_STEP_US;
	if (r->timer_us != 0 && r->timer_us <= at)
		return;
	r->timer_us = at;
	its.it_value.tv_sec = (time_t)(at / 1000000);
	its.it_value.tv_nsec = (long)(at % 1000000 * 1000);
	(void)timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &its, NULL);
}

static void
on_timer(struct resolver *r)
{
	int64_t now = clock_us();
	uint64_t count;
	size_t i;

	if (read(r->timer, &count, sizeof(count)) == -1)
		return;
	r->timer_us = 0;
	for (i = 0; i < r->server_count; i++) {
		server_expire(&r->servers[i], now);
		flights_expire(r, &r->servers[i], now);
	}
}

static void
on_event(struct resolver *r, const struct epoll_event *ev)
{
	uint32_t tag = (uint32_t)(ev->data.u64 >> 32);
	int fd = (int)(ev->data.u64 & INT32_MAX);

	if (tag == TAG_TIMER)
		on_timer(r);
	else if (tag != TAG_WAKE)
		server_event(&r->servers[tag / SERVER_TAGS],
		    tag % SERVER_TAGS, fd, ev->events);
}

enum rest {
	REST_SLEEP,
	REST_NONE,		/* something has been put since the dispatch */
	REST_STOP
};

/* From here on whoever puts something wakes the thread. */
static enum rest
prepare_rest(struct resolver *r)
{
	enum rest rest = REST_SLEEP;
	int64_t now = clock_us(), due = 0;

	(void)pthread_mutex_lock(&r->lock);
	if (r->stopping)
		rest = REST_STOP;
	else if (r->fresh)
		rest = REST_NONE;
	else
		due = queries_due(r, now);
	atomic_store(&r->asleep, rest == REST_SLEEP);
	(void)pthread_mutex_unlock(&r->lock);
	set_timer(r, due, now);
	return rest;
}

void *
loop_run(void *resolver)
{
	struct epoll_event events[EVENTS];
	struct resolver *r = resolver;
	enum rest rest;
	int i, n;

	/* By the thread itself: a process that is confined may not open the
	   file that names another one. */
	(void)pthread_setname_np(pthread_self(), "assay-dns");
	for (;;) {
		do
			queries_dispatch(r);
		while (queries_land(r));
		rest = prepare_rest(r);
		if (rest == REST_STOP)
			break;
		n = epoll_wait(r->epoll, events, EVENTS,
		    rest == REST_NONE ? 0 : -1);
		atomic_store(&r->asleep, false);
		for (i = 0; i < n; i++)
			on_event(r, &events[i]);
	}
	pool_leave();
	return NULL;
}
