/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: one (name, type) from its first asker to its last waiter.  query.c
 * has the whole of it: how it begins, is given up, and ends; queue.c who
 * waits for a place, send.c what leaves, flight.c what is with c-ares, land.c
 * what comes back.
 *
 * Functions of the queue, and those that say so, want the lock held.
 */
#ifndef RESOLVER_QUERY_INTERNAL_H
#define RESOLVER_QUERY_INTERNAL_H

#include "resolver/resolver_internal.h"

enum query_state {
	QUERY_QUEUED,		/* in its server's queue */
	QUERY_FLYING,		/* with c-ares, or just back from it */
	QUERY_DONE		/* out of the table, waiters are being told */
};

/* In the key of a query that probes a server that failed, in place of its
   type: nobody joins it. */
#define QUERY_PROBE	0u

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
	struct flight_ticket	*ticket;	/* with c-ares; else NULL */
	/* The packet, or what came instead, from callback to landing. */
	STAILQ_ENTRY(query)	 landing;
	int			 status;
	bool			 has_packet;
	bool			 mismatch;	/* of the letters */
	bool			 starved;	/* of descriptors */
	bool			 overdue;	/* c-ares has not called back */
	/* When it is done: who is called next, NULL: none, and then? */
	struct resolver_wait	*next;
	bool			 is_last;
	struct packet_reply	*reply;		/* NULL: none, or no memory */
	const struct dns_answer	*answer;
	size_t			 wire_len;	/* set once */
	char			 text[];	/* the key's name, and after
						   it the same as on the wire */
};

/* ---- query.c ---- */

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
/* Ends every query with DNS_NOT_ASKED, when the thread is gone. */
void	queries_end(struct resolver *r);

/* What is asked now: the name itself, or where CNAMEs led. */
void	query_asked_name(const struct query *q, struct packet_name *out);
/* The same as text, empty when it has none; `room` is where it may be. */
struct slice	query_asked_text(const struct query *q, struct domain *room);
/* The silent domain that the question counts under, by the name that is asked
   now.  The lock is held. */
struct silent_domain	*query_find_domain(struct resolver *r,
			    const struct query *q, int64_t now_us);
/* Forgets all that was met with the name that is asked. */
void	query_begin_question(struct query *q);
/* What holds for one server does not hold for the next. */
void	query_leave_server(struct query *q);
/* Nobody joins it from here on.  The lock is held. */
void	query_leave_table(struct resolver *r, struct query *q);
/* One without records. */
const struct dns_answer	*query_answer_empty(const struct query *q,
			    enum dns_outcome outcome);
/* Step 6 with the lock held; takes over the reference.  query_tell() is due,
   with what this returns. */
const struct dns_answer	*query_settle(struct resolver *r, struct query *q,
			    const struct dns_answer *answer, int64_t now_us);
/* Then without the lock; takes over the reference, and the query is gone. */
void	query_tell(struct resolver *r, struct query *q,
	    const struct dns_answer *answer);
/* To all of those who were given answers: these were all for now. */
void	queries_tell_all(struct resolver *r);
/* It is in no table, and nobody waits for it. */
void	query_free(struct query *q);

/* ---- queue.c; the lock is held ---- */

/* To the front goes what goes on after an answer: it has had its turn. */
void	queue_add(struct resolver *r, struct server *s, struct query *q,
	    bool front, int64_t now_us);
void	queue_remove(struct resolver *r, struct query *q);
/* Queues the next try; false when there is no server left for it. */
bool	queue_next_try(struct resolver *r, struct query *q, int64_t now_us,
	    bool front);
/* The server has failed: who waits for it may find a better one.  In the
   resolver thread. */
void	queue_reassign(struct resolver *r, struct server *s,
	    struct query_heap *h, int64_t now_us);
bool	queue_waits(const struct server *s);
/* Whose turn it is, of those for whose line there are places, or NULL. */
struct query	*queue_first(const struct server *s);

/* ---- send.c ---- */

/* Sends what has a place, in the resolver thread. */
void	queries_dispatch(struct resolver *r);
/* When it has something to do next without an event; 0: never.  The lock is
   held. */
int64_t	queries_due(const struct resolver *r, int64_t now_us);

/* ---- flight.c; in the resolver thread ---- */

/* For a packet that is about to be sent on its channel; false: no memory. */
bool	flight_take_ticket(struct query *q);
/* When c-ares calls back: NULL when the query has gone on.  The ticket is gone;
   `ended`: the channel is, too. */
struct query	*flight_give_ticket(struct flight_ticket *ticket, bool ended);
/* Has those whose time is over landed, whatever c-ares thinks. */
void	flights_expire(struct resolver *r, struct server *s, int64_t now_us);
void	flight_add(struct query *q, int64_t now_us);
void	flight_remove(struct query *q);
/* It holds no place any more.  The lock is held. */
void	flight_leave_place(struct query *q);
/* Gives up the places of those that have waited long.  The lock is held. */
void	flight_make_room(struct resolver *r, struct server *s,
	    int64_t now_us);
/* What has waited longest, when that keeps others from their places.  NULL:
   it does not.  The lock is held. */
struct server_channel	*flight_oldest_channel(struct resolver *r,
			    struct server *s, int64_t now_us);
/* Against its domain and its asker, unless the server itself is silent.
   The lock is held. */
void	flight_note_silence(struct resolver *r, struct query *q,
	    int64_t now_us);
/* The lock is held. */
void	flight_note_answer(struct resolver *r, struct query *q);

/* ---- land.c; in the resolver thread ---- */

/* Of its ticket: reads the packet, for its octets live no longer. */
void	query_landed(struct flight_ticket *t, int status, struct slice packet);
/* Without c-ares: as if it had called back with this status. */
void	query_landed_empty(struct query *q, int status);
/* Judges what has come back; true when there was something. */
bool	queries_land(struct resolver *r);

#endif
