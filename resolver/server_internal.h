/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: one nameserver: its c-ares channels, its health, its places.
 *
 * Each server has channels of its own with one server and one try in them,
 * so that c-ares only carries packets: which server is asked when, and
 * after what, is decided here and in query.c, alike for all its versions.
 * UDP and TCP are two channels because c-ares gives up all questions of a
 * channel when one of its connections breaks, and servers close TCP
 * connections as they like.  For the same reason there are several for TCP:
 * the next question takes that with the least on it.
 *
 * For UDP there are many: c-ares 1.18 has one socket for each, a socket
 * loses bursts, and all questions that leave from one port are one target.
 * A channel takes SERVER_CHANNEL_QUERIES questions, then none until all of
 * them are back.  When all are back its socket is closed, and the next one has
 * a new random port, unless few have left from it lately
 * (datagram_internal.h).  When all channels wait for questions that are slow,
 * nobody's port is kept for them: they go out again by a channel that such ones
 * share, and theirs begins anew.
 *
 * A question holds one of LIMIT_DNS_IN_FLIGHT places until its answer is
 * there, but no longer than SERVER_SLOW_US: then it is slow, waits on, and
 * another may be sent, so that names whose servers are silent take the place
 * of nobody.  When there are more slow ones than LIMIT_DNS_SLOW, those that
 * have waited longest are given up, a channel of them at a time: patience
 * grows short, but nobody who comes is kept waiting for them.
 */
#ifndef RESOLVER_SERVER_INTERNAL_H
#define RESOLVER_SERVER_INTERNAL_H

#ifndef CARES_NO_DEPRECATED	/* ares_send(): the one call that both have */
#define CARES_NO_DEPRECATED
#endif
#include <ares.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/limits.h"
#include "resolver/casing_internal.h"
#include "resolver/dns.h"
#include "resolver/nameserver_internal.h"
#include "resolver/standin_internal.h"
#include "resolver/statistics_internal.h"

struct datagram;
struct packet_name;
struct query;

/* Queries by their turn, the next one first (queue.c). */
struct query_heap {
	struct query	**items;
	size_t		  count, cap;
};

/* A server that failed gets one question in this time that nobody waits for
   (ours). */
#define SERVER_PROBE_US	INT64_C(5000000)
/* Nothing is sent for so long to one that could not be reached: the port
   may be closed, the socket's buffer full, descriptors short (ours). */
#define SERVER_PAUSE_US	INT64_C(20000)

/* One UDP channel's questions, from opening its socket to closing it: their
   answers fit into its buffer, and it costs 74 KB (c-ares 1.18). */
#define SERVER_CHANNEL_QUERIES	STANDIN_SLOTS
/* Enough for all places, the slow ones too, and for channels that drain. */
#define SERVER_CHANNELS \
	((LIMIT_DNS_IN_FLIGHT + LIMIT_DNS_SLOW) / SERVER_CHANNEL_QUERIES + 24)
/* Questions by TCP share what happens to their connection: few on each. */
#define SERVER_TCP_CHANNELS	8
/* An idle one is closed after that. */
#define SERVER_IDLE_US		INT64_C(30000000)
#define SERVER_STAY_OPEN	2	/* but for the first of each path */
/* What is not answered by then holds its place no longer: most answers have
   come, and names whose servers are silent take few places (ours). */
#define SERVER_SLOW_US		INT64_C(100000)
/* What is not answered by then is held against its domain and against who
   asked (ours). */
#define SERVER_SILENT_US	INT64_C(1000000)
/* When there are only packets that nobody waits for, so often c-ares is asked
   to give them up (ours). */
#define SERVER_OVERDUE_US	INT64_C(250000)
/* So many questions at most in so long: the server's socket has to take
   them (ours). */
#define SERVER_BURST		100
#define SERVER_BURST_US		INT64_C(1000)

/* Who waits for a place. */
enum server_line {
	SERVER_HOPEFUL,
	SERVER_SUSPECT,		/* LIMIT_DNS_SUSPECT places at most */
	SERVER_LINES
};

enum server_path {
	SERVER_UDP,
	SERVER_UDP_SLOW,	/* those that have been sent before */
	SERVER_TCP,
	/* Those that were on one connection go to different ones. */
	SERVER_TCP_APART
};

/* The UDP socket of a channel (datagram.c): the newest, for after an error
   1.34 opens another one before it closes the first. */
struct server_port {
	int		fd;		/* -1: none */
	uint32_t	events;		/* that epoll watches it for */
	int64_t		opened_us;
	bool		parked;		/* c-ares has closed it, we have not */
	bool		spent;		/* is not to be parked */
};

struct server_channel {
	ares_channel	ares;		/* NULL: not open */
	struct server	*server;
	int		epoll;
	uint32_t	tag;		/* above the descriptor in epoll_data */
	unsigned int	in_flight;	/* questions of it in progress */
	unsigned int	overdue;	/* of them: nobody waits for them */
	unsigned int	sent;		/* since its port was opened */
	bool		slow;		/* for SERVER_UDP_SLOW */
	bool		moving;		/* what is cancelled goes on */
	int64_t		used_us;
	struct server_port port;	/* by UDP */
	struct standins	standins;	/* by UDP */
};

struct server_health {
	bool	failed;		/* silent or not reachable, when last asked */
	unsigned long outages;	/* times that it came to be so */
	int64_t	answered_us;	/* when it last said something */
	int64_t	heard_us;	/* when that was asked, the latest of all */
	int64_t	probe_us;	/* when failed: not before is it tried */
	int64_t	pause_us;	/* until then nothing is sent */
};

struct server {
	/* Set once. */
	struct nameserver	 where;
	bool			 trusted;	/* its AD is believed */
	/* The resolver thread's. */
	struct server_channel	 tcp[SERVER_TCP_CHANNELS];
	struct server_channel	 udp[SERVER_CHANNELS];
	size_t			 current;	/* of udp: takes the next */
	size_t			 current_tcp;	/* took the last one APART */
	size_t			 open;		/* channels */
	size_t			 parked;	/* of them: their ports are */
	struct datagram		*datagram;	/* what has just come by UDP */
	unsigned int		 timeout_ms;
	bool			 edns;		/* it understands OPT */
	bool			 starved;	/* no descriptor just now */
	struct casing		 casing;
	/* Open, parked ones too; any thread may read it. */
	atomic_uint		 sockets;
	/* What is with c-ares, in the order of sending; all before `fast`
	   is slow, all before `unheard` is noted as silent. */
	TAILQ_HEAD(flights, query) flights;
	struct query		*fast, *unheard;
	/* Packets that c-ares still has, whose queries have gone on. */
	size_t			 overdue;
	int64_t			 burst_us;	/* begin of the burst */
	unsigned int		 burst;		/* sent in it */
	/* Under the resolver's lock. */
	struct server_health	 health;
	struct query_heap	 queues[SERVER_LINES];
	size_t			 in_flight;	/* that hold a place */
	size_t			 suspects;	/* of them */
	size_t			 slow;		/* that hold none any more */
	struct statistics_figures figures;
};

/* A status of ours, which c-ares does not use here: nothing was sent, ask by
   TCP. */
#define SERVER_BY_TCP		ARES_ENOTIMP

struct server_question {
	const struct packet_name	*name;	/* in the letters to be sent */
	enum dns_type			 type;
	uint16_t			 id;	/* but 1.34 has its own */
	bool				 edns;
};

/*
 * What c-ares holds for one packet.  When the time of the packet is over its
 * query goes on without it; c-ares calls back some time later.
 */
struct flight_ticket {
	struct query		*query;		/* NULL: it has gone on */
	struct server_channel	*channel;
	struct standin		 standin;	/* by UDP */
	/* With an empty packet when there is no answer; its octets live no
	   longer than the call. */
	void	(*landed)(struct flight_ticket *t, int status,
		    struct slice packet);
};

/* What one question has met. */
struct server_tries {
	unsigned int	total;
	unsigned int	asked[LIMIT_DNS_SERVERS];
	bool		answered[LIMIT_DNS_SERVERS];	/* with a failure */
};

/* Tags of one server: TCP's are the first, then those of UDP. */
#define SERVER_TAGS	(SERVER_TCP_CHANNELS + SERVER_CHANNELS)

/*
 * Opens the first channels; their sockets are added to `epoll` as they come
 * and go, with tag .. tag + SERVER_TAGS - 1 above the descriptor.  NULL, or
 * what went wrong.
 */
const char	*server_open(struct server *s, const struct nameserver *where,
		    unsigned int timeout_ms, int epoll, uint32_t tag);
/* Calls back for all that is in progress, with ARES_EDESTRUCTION. */
void		 server_close(struct server *s);
/* Then, when no query is in its queue. */
void		 server_fini(struct server *s);

/* The channel for the next question, NULL when none is available. */
struct server_channel	*server_channel(struct server *s,
			    enum server_path path, int64_t now_us);
bool	server_is_tcp(const struct server_channel *c);
/* ticket->landed() may be called before this returns. */
void	server_send(const struct server_question *q,
	    struct flight_ticket *ticket);
/* A question of the channel is back. */
void	server_landed(struct server_channel *c);
/*
 * A channel that may begin anew because none takes more, NULL when one does:
 * what it waits for is slow, but as new as may be, for that will wait longer
 * than others.
 */
struct server_channel	*server_stuck(struct server *s, int64_t now_us);
/* A question has left the channel without landing: it goes on elsewhere. */
void	server_moved(struct server_channel *c);
/* Nobody waits for a question of the channel any more; and then it is back. */
void	server_overdue(struct server_channel *c);
void	server_landed_late(struct server_channel *c);
/* Ends all that is in progress on it, with ARES_ECANCELLED. */
void	server_give_up(struct server_channel *c);
/* A socket of the channel `index` (of SERVER_TAGS) is ready. */
void	server_event(struct server *s, size_t index, int fd,
	    uint32_t events);
/* Gives up what is overdue, and closes what has long been idle. */
void	server_expire(struct server *s, int64_t now_us);

void	server_note_answer(struct server_health *h, int64_t sent_us,
	    int64_t now_us);
/*
 * Is it the name that is silent?  Yes when the server has answered what it was
 * asked SERVER_SLOW_US later: one that is overloaded is late with all of them,
 * in their order.
 */
bool	server_is_heard(const struct server_health *h, int64_t sent_us);
/*
 * Asked at `sent_us`, it was silent.  When it has answered others since, it
 * is the name that is slow, not the server.  True when it newly failed.
 */
bool	server_note_silence(struct server_health *h, int64_t sent_us,
	    int64_t now_us);
/* Nothing is sent for a moment: that it would fail has nothing to do with
   the server. */
void	server_pause(struct server_health *h, int64_t now_us);
/* True when it newly failed. */
bool	server_note_unreachable(struct server_health *h, int64_t now_us);

/*
 * The server for the next try, or `count` when there is none: never one
 * that has answered this question with a failure; those asked least often
 * for it; of them those in health; of them the first.
 */
size_t	server_pick(const struct server *servers, size_t count,
	    const struct server_tries *tries);
/* The first that failed and is to be probed now, and then not for
   SERVER_PROBE_US; `count`: none is. */
size_t	server_pick_probe(struct server *servers, size_t count,
	    int64_t now_us);

#endif
