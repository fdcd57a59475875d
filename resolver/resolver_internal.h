/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What resolver.c (the asker's side), the life of a query (query_internal.h)
 * and loop.c (the thread) have in common.
 *
 * One lock guards the table of queries, the cache, the queues, the health
 * of servers, and the statistics.  It is never held while a callback runs
 * or c-ares is called.
 */
#ifndef RESOLVER_RESOLVER_INTERNAL_H
#define RESOLVER_RESOLVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/domain.h"
#include "base/limits.h"
#include "resolver/ahead_internal.h"
#include "resolver/cache_internal.h"
#include "resolver/fair_internal.h"
#include "resolver/packet_internal.h"
#include "resolver/paths_internal.h"
#include "resolver/resolver.h"
#include "resolver/server_internal.h"
#include "resolver/silence_internal.h"
#include "resolver/statistics_internal.h"
#include "resolver/table_internal.h"

struct query;

struct resolver {
	atomic_uint		 refs;
	/* Set once. */
	struct resolver_options	 options;	/* but no pointer of it */
	const struct dns_zone	*zone;
	size_t			 server_count;
	int64_t			 timeout_us;
	unsigned int		 max_tries;
	int			 epoll, timer, wake;	/* -1: not open */
	bool			 has_thread;
	pthread_t		 thread;

	pthread_mutex_t		 lock;
	/* Under the lock, but for what struct server says. */
	struct server		 servers[LIMIT_DNS_SERVERS];
	struct table		 queries;	/* by (name, type) */
	struct cache		*cache;
	struct paths		*paths;
	struct ahead		 ahead;
	size_t			 waiting;	/* in all queues */
	size_t			 suspects;	/* of them */
	struct fair		 fair;
	struct silence		 silence;
	int64_t			 slow_us;
	uint64_t		 seq;
	bool			 stopping;
	bool			 fresh;		/* put after a dispatch */
	bool			 held;		/* resolver_go() is due */
	struct resolver_stats	 stats;
	struct statistics_times	 times;		/* of queries */
	struct statistics_slow	 slow;
	/* The thread sleeps, or is about to.  Set under the lock. */
	atomic_bool		 asleep;

	/* The resolver thread's. */
	STAILQ_HEAD(landed, query) landed;
	struct landed		 moved;		/* from a channel to another */
	void			(*told)(void);	/* due; NULL: none */
	int64_t			 timer_us;	/* set for then; 0: not set */
	unsigned char		 random[256];
	size_t			 random_left;
};

/* loop.c */

/* NULL, or what went wrong; loop_close() is due in either case. */
const char	*loop_open(struct resolver *r);
void		 loop_close(struct resolver *r);
/* The body of the thread. */
void		*loop_run(void *resolver);
/* From any thread: there is something to dispatch. */
void		 loop_wake(struct resolver *r);

/* resolver.c; the lock is held */

/* A server as it is now. */
void	resolver_describe(struct server *s, struct resolver_server *out);
/* The result of resolver_get_stats(). */
void	resolver_read_stats(struct resolver *r, struct resolver_stats *out);

#endif
