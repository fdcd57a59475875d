/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: one nameserver: its c-ares channels, its health, its queue.
 *
 * Each server has channels of its own with one server and one try in them,
 * so that c-ares only carries packets: which server is asked when, and
 * after what, is decided here and in query.c, alike for all its versions.
 * UDP and TCP are two channels because c-ares gives up all questions of a
 * channel when one of its connections breaks, and servers close idle TCP
 * connections as they like.
 */
#ifndef RESOLVER_SERVER_H
#define RESOLVER_SERVER_H

#ifndef CARES_NO_DEPRECATED	/* ares_send(): the one call that both have */
#define CARES_NO_DEPRECATED
#endif
#include <ares.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "resolver/nameserver.h"

struct query;

/* A server that failed gets one question in this time (ours). */
#define SERVER_PROBE_US	INT64_C(5000000)
/* Nothing is sent for so long to one that could not be reached: the port
   may be closed, the socket's buffer full, descriptors short (ours). */
#define SERVER_PAUSE_US	INT64_C(20000)

enum server_path {
	SERVER_UDP,
	SERVER_TCP,
	SERVER_PATHS
};

struct server_channel {
	ares_channel	ares;		/* NULL: not open */
	int		epoll;
	uint32_t	tag;		/* above the descriptor in epoll_data */
};

struct server_health {
	bool	failed;		/* silent or not reachable, when last asked */
	int64_t	answered_us;	/* when it last said something */
	int64_t	probe_us;	/* when failed: not before is it tried */
	int64_t	pause_us;	/* until then nothing is sent */
};

struct server {
	/* Set once. */
	struct nameserver	 where;
	bool			 trusted;	/* its AD is believed */
	/* The resolver thread's. */
	struct server_channel	 channels[SERVER_PATHS];
	bool			 edns;		/* it understands OPT */
	/* Under the resolver's lock. */
	struct server_health	 health;
	struct query		*first, *last;	/* waiting for a place */
	size_t			 in_flight;
};

/* What one question has met. */
struct server_tries {
	unsigned int	total;
	unsigned int	asked[LIMIT_DNS_SERVERS];
	bool		answered[LIMIT_DNS_SERVERS];	/* with a failure */
};

/*
 * Opens the channels; their sockets are added to `epoll` as they come and
 * go, with tag + path above the descriptor.  NULL, or what went wrong.
 */
const char	*server_open(struct server *s, const struct nameserver *where,
		    unsigned int timeout_ms, int epoll, uint32_t tag);
/* Calls back for all that is under way, with ARES_EDESTRUCTION. */
void		 server_close(struct server *s);

/* `done` may be called before this returns. */
void	server_send(struct server *s, enum server_path path,
	    const unsigned char *packet, size_t len, ares_callback done,
	    void *arg);
/* A socket of the channel is ready. */
void	server_event(struct server *s, enum server_path path, int fd,
	    uint32_t events);
/* Gives up what is overdue. */
void	server_expire(struct server *s);
/* Microseconds until something is overdue; -1: nothing is under way. */
int64_t	server_timeout_us(struct server *s);

void	server_note_answer(struct server_health *h, int64_t now_us);
/*
 * Asked at `sent_us`, it was silent.  When it has answered others since, it
 * is the name that is slow, not the server.  True when it newly failed.
 */
bool	server_note_silence(struct server_health *h, int64_t sent_us,
	    int64_t now_us);
/* True when it newly failed. */
bool	server_note_unreachable(struct server_health *h, int64_t now_us);

/*
 * The server for the next try, or `count` when there is none: never one
 * that has answered this question with a failure; those asked least often
 * for it; of them those in health (or due to be probed, which this then
 * does); of them the first.
 */
size_t	server_pick(struct server *servers, size_t count,
	    const struct server_tries *tries, int64_t now_us);

#endif
