/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What resolver.c (the asker's side), query.c (the life of a query) and
 * loop.c (the thread) have in common.  Nobody else includes it.
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

enum query_state {
	QUERY_QUEUED,		/* in its server's queue */
	QUERY_FLYING,		/* with c-ares, or just back from it */
	QUERY_DONE		/* out of the table, waiters are being told */
};

struct query {
	/* Set once. */
	struct resolver		*resolver;
	enum dns_type		 type;
	int64_t			 asked_us;

	/* Under the lock. */
	struct table_node	 node;
	enum query_state	 state;
	TAILQ_HEAD(, resolver_wait) waits;	/* in order of asking */
	size_t			 heap_at;	/* in its server's queue */
	uint64_t		 turn, seq;	/* its place there */
	struct fair_who		 who;		/* asked first */
	bool			 decides;
	enum server_line	 line;
	struct silent_domain	*domain;	/* holds a place of it */
	bool			 slow;		/* holds no place any more */
	struct server		*server;	/* of this try */
	struct server_tries	 tries;
	bool			 sent;		/* one packet at least */
	int64_t			 begun_us;	/* when the first was; 0 */
	bool			 refused;	/* its domain has no place */
	bool			 noted;		/* silent, this packet */

	/* The resolver thread's. */
	/* The last packet that led elsewhere: its target is asked now.
	   NULL: the name itself is. */
	struct packet_reply	*led;
	unsigned int		 links;		/* CNAMEs so far */
	unsigned int		 followed;	/* of them by asking on */
	uint32_t		 ttl;		/* least of those */
	bool			 authenticated;	/* all answers so far */
	bool			 silent;	/* one server was */
	bool			 unheard;	/* the last packet was */
	bool			 broken;	/* one server answered so */
	unsigned int		 rcode;		/* of the last answer */
	bool			 tcp;
	bool			 by_casing;	/* for that */
	bool			 mixed;		/* in these letters: */
	unsigned char		 letters[CASING_BITS];
	unsigned int		 mismatches;
	unsigned int		 breaks;	/* of TCP connections */
	bool			 plain;		/* this server: without OPT */
	bool			 again;		/* same try, another packet */
	bool			 edns;		/* the packet has OPT */
	int64_t			 try_us;	/* begin of this try */
	int64_t			 sent_us;	/* of this packet */
	TAILQ_ENTRY(query)	 flight;	/* with c-ares */
	struct server_channel	*channel;	/* NULL: there was none */
	/* The packet, or what came instead, from callback to landing. */
	STAILQ_ENTRY(query)	 landing;
	int			 status;
	bool			 has_packet;
	bool			 mismatch;	/* of the letters */
	bool			 starved;	/* of descriptors */
	size_t			 packet_len;
	struct packet_reply	*reply;		/* NULL: none, or no memory */
	const struct dns_answer	*answer;
	char			 text[];	/* the key's name */
};

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
	void			(*told)(void);	/* due; NULL: none */
	int64_t			 timer_us;	/* set for then; 0: not set */
	unsigned char		 random[256];
	size_t			 random_left;
};

/* query.c */

enum query_asked {
	QUERY_REFUSED,
	QUERY_SILENT,		/* its domain is, and has no place */
	QUERY_NO_MEMORY,
	QUERY_JOINED,
	QUERY_BEGUN
};

/* Joins the query for the key, or begins one.  The lock is held. */
enum query_asked	query_ask(struct resolver *r,
			    const struct table_key *key,
			    struct resolver_wait *w, int64_t now_us);
/* The lock is held; the query of `w` is not done. */
void	query_cancel(struct resolver *r, struct resolver_wait *w);
/* Sends what has a place, in the resolver thread. */
void	queries_dispatch(struct resolver *r);
/* When it has something to do next without an event; 0: never.  The lock is
   held. */
int64_t	queries_due(const struct resolver *r, int64_t now_us);
/* Judges what has come back; true when there was something. */
bool	queries_land(struct resolver *r);
/* Ends every query with DNS_NOT_ASKED, when the thread is gone. */
void	queries_end(struct resolver *r);

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
