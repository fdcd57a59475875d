/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: c-ares from 1.18 to 1.34 brought to one behaviour.
 *
 * - One server, one try per channel; no search lists, hosts file or cache.
 * - ARES_FLAG_NOCHECKRESP: SERVFAIL and its like come with their packet.
 * - ARES_FLAG_EDNS with a large size: without it 1.18 takes an answer of
 *   more than 512 octets by UDP for truncated.  The query and its OPT are
 *   ours; 1.18 turns the flag off for good at the first FORMERR without OPT
 *   (query.c knows).
 * - ARES_FLAG_IGNTC on the UDP channel and ARES_FLAG_USEVC on the other:
 *   the step from UDP to TCP is taken by query.c, see server.h.
 * - 1.34 takes a new socket for each query by UDP: a port that nobody can
 *   guess, and a packet that upsets c-ares (without octets, or too short)
 *   spoils one question, not all that share the socket.
 * - 1.34 waits less than it is told after a few fast answers: query.c sends
 *   again until the time of the try is over.
 */
#include "resolver/server.h"

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#define UDP_SIZE	4096		/* what 1.18 has room for */
#define RECEIVE_BUFFER	(4 << 20)	/* the kernel gives what it allows */
#define UDP_QUERIES	1		/* from one port */

static uint32_t
wanted_events(int readable, int writable)
{
	return (readable ? (uint32_t)EPOLLIN : 0) |
	    (writable ? (uint32_t)EPOLLOUT : 0);
}

/*
 * c-ares wants to know of other events of a socket than so far; none: it is
 * about to be closed.  When epoll has no memory the questions on the socket
 * run into their timeout.
 */
static void
socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	const struct server_channel *c = arg;
	struct epoll_event ev = {
		.events = wanted_events(readable, writable),
		.data.u64 = (uint64_t)c->tag << 32 | (uint32_t)fd
	};

	if (ev.events == 0)
		(void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, fd, &ev) == -1)
		(void)epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int
set_options(struct server_channel *c, enum server_path path,
    unsigned int timeout_ms, struct ares_options *o, char *lookups)
{
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
	    ARES_OPT_SOCK_RCVBUF;

	*o = (struct ares_options){
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP |
		    (path == SERVER_TCP ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC),
		.timeout = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms,
		.tries = 1,
		.sock_state_cb = socket_state,
		.sock_state_cb_data = c,
		.ednspsz = UDP_SIZE,
		.lookups = lookups,
		.socket_receive_buffer_size = RECEIVE_BUFFER
	};
#ifdef ARES_OPT_QUERY_CACHE		/* 1.31: on unless told otherwise */
	o->qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_MAXTIMEOUTMS
	o->maxtimeout = o->timeout;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
#ifdef ARES_OPT_UDP_MAX_QUERIES
	o->udp_max_queries = UDP_QUERIES;
	mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
	return mask;
}

static int
set_address(struct server_channel *c, const struct nameserver *where)
{
	struct ares_addr_port_node node = {
		.udp_port = where->port, .tcp_port = where->port
	};

	if (where->addr.family == IPADDR_V4) {
		node.family = AF_INET;
		memcpy(&node.addr.addr4, where->addr.bytes,
		    sizeof(node.addr.addr4));
	} else {
		node.family = AF_INET6;
		memcpy(&node.addr.addr6, where->addr.bytes,
		    sizeof(node.addr.addr6));
	}
	return ares_set_servers_ports(c->ares, &node);
}

static int
channel_open(struct server_channel *c, enum server_path path,
    const struct nameserver *where, unsigned int timeout_ms)
{
	char lookups[] = "b";
	struct ares_options o;
	int mask, status;

	mask = set_options(c, path, timeout_ms, &o, lookups);
	status = ares_init_options(&c->ares, &o, mask);
	if (status != ARES_SUCCESS) {
		c->ares = NULL;
		return status;
	}
	return set_address(c, where);
}

const char *
server_open(struct server *s, const struct nameserver *where,
    unsigned int timeout_ms, int epoll, uint32_t tag)
{
	int status = ARES_SUCCESS;
	unsigned int path;

	s->where = *where;
	s->edns = true;
	for (path = 0; path < SERVER_PATHS && status == ARES_SUCCESS;
	    path++) {
		s->channels[path].epoll = epoll;
		s->channels[path].tag = tag + path;
		status = channel_open(&s->channels[path],
		    (enum server_path)path, where, timeout_ms);
	}
	return status == ARES_SUCCESS ? NULL : ares_strerror(status);
}

void
server_close(struct server *s)
{
	unsigned int path;

	for (path = 0; path < SERVER_PATHS; path++) {
		if (s->channels[path].ares != NULL)
			ares_destroy(s->channels[path].ares);
		s->channels[path].ares = NULL;
	}
}

void
server_send(struct server *s, enum server_path path,
    const unsigned char *packet, size_t len, ares_callback done, void *arg)
{
	ares_send(s->channels[path].ares, packet, (int)len, done, arg);
}

void
server_event(struct server *s, enum server_path path, int fd,
    uint32_t events)
{
	uint32_t broken = events & (uint32_t)(EPOLLERR | EPOLLHUP);

	ares_process_fd(s->channels[path].ares,
	    broken != 0 || (events & (uint32_t)EPOLLIN) != 0 ?
	    fd : ARES_SOCKET_BAD,
	    broken != 0 || (events & (uint32_t)EPOLLOUT) != 0 ?
	    fd : ARES_SOCKET_BAD);
}

void
server_expire(struct server *s)
{
	unsigned int path;

	for (path = 0; path < SERVER_PATHS; path++)
		ares_process_fd(s->channels[path].ares, ARES_SOCKET_BAD,
		    ARES_SOCKET_BAD);
}

int64_t
server_timeout_us(struct server *s)
{
	int64_t least = -1, us;
	struct timeval tv, *t;
	unsigned int path;

	for (path = 0; path < SERVER_PATHS; path++) {
		t = ares_timeout(s->channels[path].ares, NULL, &tv);
		if (t == NULL)
			continue;
		us = (int64_t)t->tv_sec * 1000000 + t->tv_usec;
		if (least == -1 || us < least)
			least = us;
	}
	return least;
}

void
server_note_answer(struct server_health *h, int64_t now_us)
{
	h->failed = false;
	h->answered_us = now_us;
}

static bool
fail(struct server_health *h, int64_t now_us)
{
	bool newly = !h->failed;

	h->failed = true;
	h->probe_us = now_us + SERVER_PROBE_US;
	return newly;
}

bool
server_note_silence(struct server_health *h, int64_t sent_us,
    int64_t now_us)
{
	return h->answered_us < sent_us && fail(h, now_us);
}

bool
server_note_unreachable(struct server_health *h, int64_t now_us)
{
	h->pause_us = now_us + SERVER_PAUSE_US;
	return fail(h, now_us);
}

static bool
is_due(const struct server_health *h, int64_t now_us)
{
	return h->failed && now_us >= h->probe_us;
}

size_t
server_pick(struct server *servers, size_t count,
    const struct server_tries *tries, int64_t now_us)
{
	unsigned int rank, best = 0;
	size_t i, found = count;

	for (i = 0; i < count; i++) {
		const struct server_health *h = &servers[i].health;

		if (tries->answered[i])
			continue;
		rank = 2 * tries->asked[i] +
		    (h->failed && !is_due(h, now_us));
		if (found == count || rank < best) {
			found = i;
			best = rank;
		}
	}
	if (found < count && is_due(&servers[found].health, now_us))
		servers[found].health.probe_us = now_us + SERVER_PROBE_US;
	return found;
}
