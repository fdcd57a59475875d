/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: c-ares from 1.18 to 1.34 brought to one behaviour.
 *
 * - One server, one packet per question; no search lists, hosts file or cache.
 * - By UDP c-ares has stand-ins (standin_internal.h).
 * - ARES_FLAG_NOCHECKRESP: SERVFAIL and its like come with their packet by
 *   TCP, too.
 * - ARES_FLAG_USEVC on the channels for TCP: the step from UDP to TCP is taken
 *   by land.c, see its head.
 * - 1.18 has one UDP socket for each channel, and a new one, with a new port,
 *   when all questions of it were back: so there are many channels, and each
 *   takes a bounded number of questions.  So does 1.34, unless it is told to
 *   count.
 * - 1.34 waits for five times what answers have taken of late, and then sends
 *   again, 1.34.7 from another port: what is late is lost.  But by UDP it sees
 *   no answer that it learns from (standin.c), and by TCP it is not asked for
 *   those whose time is over while others are answered.  flight.c knows first.
 */
#include "resolver/server_internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/mem.h"
#include "resolver/carry_internal.h"
#include "resolver/datagram_internal.h"

#define AT_ONCE		64		/* packets, then other sockets' */

static uint32_t
wanted_events(int readable, int writable)
{
	return (readable ? (uint32_t)EPOLLIN : 0) |
	    (writable ? (uint32_t)EPOLLOUT : 0);
}

/* When epoll has no memory the questions on the socket run into their
   timeout. */
static bool
watch(struct server_channel *c, int fd, uint32_t events)
{
	struct epoll_event ev = {
		.events = events,
		.data.u64 = (uint64_t)c->tag << 32 | (uint32_t)fd
	};

	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev) == 0) {
		(void)atomic_fetch_add(&c->server->sockets, 1);
		return true;
	}
	return errno == EEXIST &&
	    epoll_ctl(c->epoll, EPOLL_CTL_MOD, fd, &ev) == 0;
}

static void
watch_no_more(struct server_channel *c, int fd)
{
	if (epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL) == 0)
		(void)atomic_fetch_sub(&c->server->sockets, 1);
}

/* c-ares wants to know of other events of a socket than so far; none: it is
   about to be closed. */
static void
tcp_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	uint32_t events = wanted_events(readable, writable);

	if (events == 0)
		watch_no_more(arg, fd);
	else
		(void)watch(arg, fd, events);
}

static void
udp_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	uint32_t events = wanted_events(readable, writable);
	struct server_channel *c = arg;

	if (events == 0 && datagram_park(c, fd))
		return;
	if (events == 0)
		watch_no_more(c, fd);
	else if ((fd != c->port.fd || c->port.events != events) &&
	    !watch(c, fd, events))
		c->port.spent = true;
	if (fd == c->port.fd)
		c->port.events = events;
}

static int
set_options(struct server_channel *c, enum server_path path,
    unsigned int timeout_ms, struct ares_options *o, char *lookups)
{
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;

	*o = (struct ares_options){
		.flags = ARES_FLAG_NOCHECKRESP |
		    (path == SERVER_UDP ? 0 : ARES_FLAG_USEVC),
		.timeout = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms,
		.tries = 1,
		.sock_state_cb = path == SERVER_UDP ? udp_state : tcp_state,
		.sock_state_cb_data = c,
		.lookups = lookups
	};
#ifdef ARES_OPT_MAXTIMEOUTMS
	o->maxtimeout = o->timeout;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
#ifdef ARES_OPT_QUERY_CACHE		/* 1.31: on by default */
	o->qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
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
	c->server->open++;
	if (path == SERVER_UDP)
		datagram_carry(c);
	return set_address(c, where);
}

static void
channel_close(struct server_channel *c)
{
	if (c->ares != NULL) {
		ares_destroy(c->ares);
		datagram_close_parked(c);
		c->server->open--;
	}
	c->ares = NULL;
	c->sent = c->in_flight = c->overdue = 0;
	c->slow = false;
}

/* Room for all that wait, and all that may come back from c-ares. */
static bool
open_queue(struct query_heap *h)
{
	h->cap = LIMIT_DNS_QUEUE + LIMIT_DNS_IN_FLIGHT + LIMIT_DNS_SLOW + 1;
	h->items = mem_array(h->cap, sizeof(struct query *));
	return h->items != NULL;
}

const char *
server_open(struct server *s, const struct nameserver *where,
    unsigned int timeout_ms, int epoll, uint32_t tag)
{
	uint32_t i;
	int status;

	s->datagram = mem_alloc(sizeof(*s->datagram));
	if (s->datagram == NULL)
		return "no memory";
	for (i = 0; i < SERVER_LINES; i++)
		if (!open_queue(&s->queues[i]))
			return "no memory";
	s->where = *where;
	s->timeout_ms = timeout_ms;
	s->edns = true;
	TAILQ_INIT(&s->flights);
	for (i = 0; i < SERVER_TCP_CHANNELS; i++)
		s->tcp[i] = (struct server_channel){
			.server = s, .epoll = epoll, .tag = tag + i };
	for (i = 0; i < SERVER_CHANNELS; i++)
		s->udp[i] = (struct server_channel){
			.server = s, .epoll = epoll,
			.tag = tag + SERVER_TCP_CHANNELS + i };
	status = channel_open(&s->tcp[0], SERVER_TCP, where, timeout_ms);
	if (status == ARES_SUCCESS)
		status = channel_open(&s->udp[0], SERVER_UDP, where,
		    timeout_ms);
	return status == ARES_SUCCESS ? NULL : ares_strerror(status);
}

void
server_close(struct server *s)
{
	size_t i;

	for (i = 0; i < SERVER_TCP_CHANNELS; i++)
		channel_close(&s->tcp[i]);
	for (i = 0; i < SERVER_CHANNELS; i++)
		channel_close(&s->udp[i]);
}

void
server_fini(struct server *s)
{
	size_t i;

	for (i = 0; i < SERVER_LINES; i++) {
		mem_free(s->queues[i].items);
		s->queues[i].items = NULL;
	}
	if (s->datagram != NULL)
		carry_free(s->datagram);
	mem_free(s->datagram);
	s->datagram = NULL;
}

/* One that is not open yet is opened. */
static bool
is_open(const struct server *s, struct server_channel *c,
    enum server_path path)
{
	if (c->ares != NULL || channel_open(c, path, &s->where,
	    s->timeout_ms) == ARES_SUCCESS)
		return true;
	channel_close(c);
	return false;
}

/* Is it open, of that kind, and may it take one more? */
static bool
takes_more(const struct server_channel *c, bool slow)
{
	return c->ares != NULL && c->slow == slow &&
	    c->sent < SERVER_CHANNEL_QUERIES;
}

/* All have had their share, and wait for their last ones: one of them has to
   keep its port a while longer. */
static struct server_channel *
least_busy(struct server *s)
{
	struct server_channel *best = NULL;
	size_t i;

	for (i = 0; i < SERVER_CHANNELS; i++) {
		if (s->udp[i].ares != NULL && s->udp[i].in_flight <
		    SERVER_CHANNEL_QUERIES && (best == NULL ||
		    s->udp[i].in_flight < best->in_flight))
			best = &s->udp[i];
	}
	return best;
}

/* The first that is not open is opened. */
static struct server_channel *
one_more_channel(struct server *s)
{
	size_t i = 0;

	while (i < SERVER_CHANNELS && s->udp[i].ares != NULL)
		i++;
	if (i == SERVER_CHANNELS || !is_open(s, &s->udp[i], SERVER_UDP))
		return NULL;
	s->current = i;
	return &s->udp[i];
}

/* Those that are open take turns. */
static struct server_channel *
udp_channel(struct server *s)
{
	struct server_channel *c;
	size_t i;

	for (i = 0; i < SERVER_CHANNELS; i++) {
		c = &s->udp[s->current];
		if (takes_more(c, false))
			return c;
		s->current = (s->current + 1) % SERVER_CHANNELS;
	}
	c = one_more_channel(s);
	return c != NULL ? c : least_busy(s);
}

static struct server_channel *
slow_channel(struct server *s)
{
	struct server_channel *c;
	size_t i;

	for (i = 0; i < SERVER_CHANNELS; i++)
		if (takes_more(&s->udp[i], true))
			return &s->udp[i];
	c = udp_channel(s);
	if (c != NULL && (c->sent == 0 || c->in_flight == 0))
		c->slow = true;
	return c;
}

struct server_channel *
server_stuck(struct server *s, int64_t now_us)
{
	struct server_channel *c, *best = NULL;
	size_t i;

	for (i = 0; i < SERVER_CHANNELS; i++) {
		c = &s->udp[i];
		if (c->ares == NULL || takes_more(c, false))
			return NULL;
		if (!c->slow && now_us - c->used_us >= SERVER_SLOW_US &&
		    (best == NULL || c->used_us > best->used_us))
			best = c;
	}
	return best;
}

/* That with the least on it; the first is always open. */
static struct server_channel *
tcp_channel(struct server *s)
{
	struct server_channel *best = &s->tcp[0], *c;
	size_t i;

	for (i = 1; i < SERVER_TCP_CHANNELS && best->in_flight > 0; i++) {
		c = &s->tcp[i];
		if (c->in_flight < best->in_flight && is_open(s, c,
		    SERVER_TCP))
			best = c;
	}
	return best;
}

/* One after the other: those that were on one connection part, while that
   with the least on it would be the same for all. */
static struct server_channel *
next_tcp_channel(struct server *s)
{
	struct server_channel *c;

	s->current_tcp = (s->current_tcp + 1) % SERVER_TCP_CHANNELS;
	c = &s->tcp[s->current_tcp];
	return is_open(s, c, SERVER_TCP) ? c : &s->tcp[0];
}

struct server_channel *
server_channel(struct server *s, enum server_path path, int64_t now_us)
{
	struct server_channel *c = path == SERVER_UDP ? udp_channel(s) :
	    path == SERVER_UDP_SLOW ? slow_channel(s) :
	    path == SERVER_TCP_APART ? next_tcp_channel(s) : tcp_channel(s);

	if (c != NULL)
		c->used_us = now_us;
	return c;
}

bool
server_is_tcp(const struct server_channel *c)
{
	return c != NULL &&
	    c->tag < c->server->tcp[0].tag + SERVER_TCP_CHANNELS;
}

void
server_send(const struct server_question *q, struct flight_ticket *ticket)
{
	struct server_channel *c = ticket->channel;

	c->in_flight++;
	c->sent++;
	if (server_is_tcp(c))
		carry_by_tcp(q, ticket);
	else
		carry_by_udp(q, ticket);
}

/* c-ares closes a socket that nothing is in progress on. */
void
server_landed(struct server_channel *c)
{
	if (--c->in_flight > 0)
		return;
	if (!c->port.parked)
		c->sent = 0;
	c->slow = false;
}

/* Those that have landed, but are not counted so yet, keep no socket open. */
void
server_moved(struct server_channel *c)
{
	c->in_flight--;
	c->sent = 0;
}

/*
 * Has the other end closed the connection?  c-ares 1.34 does not see it after
 * a part of an answer, and would be called for it without end.
 */
static bool
is_at_end(int fd)
{
	char octet;

	return recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void
server_overdue(struct server_channel *c)
{
	c->overdue++;
	c->server->overdue++;
}

void
server_landed_late(struct server_channel *c)
{
	c->overdue--;
	c->server->overdue--;
	server_landed(c);
}

void
server_give_up(struct server_channel *c)
{
	c->port.spent = true;
	ares_cancel(c->ares);
}

/* What has become of the socket, and what else is due on the channel. */
static void
process(struct server_channel *c, int fd, uint32_t events)
{
	ares_process_fd(c->ares,
	    (events & (uint32_t)EPOLLIN) != 0 ? fd : ARES_SOCKET_BAD,
	    (events & (uint32_t)EPOLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
}

#if ARES_VERSION >= 0x012200		/* ares_process_fds() */

/* What else is due would be questions that have waited longer than others of
   late; or, when there are none in progress, the end of the connection. */
static void
process_tcp(struct server_channel *c, int fd, uint32_t events)
{
	ares_fd_events_t e = { .fd = fd };

	if ((events & (uint32_t)EPOLLIN) != 0)
		e.events |= ARES_FD_EVENT_READ;
	if ((events & (uint32_t)EPOLLOUT) != 0)
		e.events |= ARES_FD_EVENT_WRITE;
	(void)ares_process_fds(c->ares, &e, 1, ARES_PROCESS_FLAG_SKIP_NON_FD);
	if (ares_queue_active_queries(c->ares) == 0)
		process(c, ARES_SOCKET_BAD, 0);
}

#else

static void
process_tcp(struct server_channel *c, int fd, uint32_t events)
{
	process(c, fd, events);
}

#endif

static void
tcp_event(struct server_channel *c, int fd, uint32_t events)
{
	bool ended = is_at_end(fd);

	if ((events & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0)
		events |= (uint32_t)(EPOLLIN | EPOLLOUT);
	process_tcp(c, fd, events);
	if (ended)
		ares_cancel(c->ares);
}

/* After an earlier event the socket may be closed: another thread may have
   its number. */
static void
udp_event(struct server_channel *c, int fd, uint32_t events)
{
	unsigned int i;

	if (fd == c->port.fd && c->port.parked)
		datagram_close_parked(c);
	if (fd == c->port.fd && (events & (uint32_t)EPOLLOUT) != 0)
		process(c, fd, EPOLLOUT);
	for (i = 0; i < AT_ONCE && fd == c->port.fd && !c->port.parked &&
	    datagram_read(c); i++)
		process(c, fd, EPOLLIN);
}

void
server_event(struct server *s, size_t index, int fd, uint32_t events)
{
	struct server_channel *c = index < SERVER_TCP_CHANNELS ?
	    &s->tcp[index] : &s->udp[index - SERVER_TCP_CHANNELS];

	if (c->ares == NULL)
		return;
	if (server_is_tcp(c))
		tcp_event(c, fd, events);
	else
		udp_event(c, fd, events);
}

static void
expire(struct server_channel *c, bool stays, int64_t now_us)
{
	if (c->ares == NULL)
		return;
	if (c->in_flight > 0 && c->in_flight == c->overdue)
		ares_cancel(c->ares);
	else if (c->overdue > 0)
		process(c, ARES_SOCKET_BAD, 0);
	else if (!stays && c->in_flight == 0 &&
	    now_us - c->used_us > SERVER_IDLE_US)
		channel_close(c);
	else if (now_us - c->port.opened_us >= DATAGRAM_PORT_US)
		datagram_close_parked(c);
}

/* The first of each stays open all the time. */
void
server_expire(struct server *s, int64_t now_us)
{
	size_t i;

	for (i = 0; i < SERVER_TCP_CHANNELS; i++)
		expire(&s->tcp[i], i == 0, now_us);
	for (i = 0; i < SERVER_CHANNELS; i++)
		expire(&s->udp[i], i == 0, now_us);
}

void
server_note_answer(struct server_health *h, int64_t sent_us, int64_t now_us)
{
	h->failed = false;
	h->answered_us = now_us;
	if (sent_us > h->heard_us)
		h->heard_us = sent_us;
}

bool
server_is_heard(const struct server_health *h, int64_t sent_us)
{
	return h->heard_us >= sent_us + SERVER_SLOW_US;
}

static bool
fail(struct server_health *h, int64_t now_us)
{
	bool newly = !h->failed;

	h->outages += newly;
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

void
server_pause(struct server_health *h, int64_t now_us)
{
	h->pause_us = now_us + SERVER_PAUSE_US;
}

bool
server_note_unreachable(struct server_health *h, int64_t now_us)
{
	server_pause(h, now_us);
	return fail(h, now_us);
}

static bool
is_due(const struct server_health *h, int64_t now_us)
{
	return h->failed && now_us >= h->probe_us;
}

size_t
server_pick(const struct server *servers, size_t count,
    const struct server_tries *tries)
{
	unsigned int rank, best = 0;
	size_t i, found = count;

	for (i = 0; i < count; i++) {
		const struct server_health *h = &servers[i].health;

		if (tries->answered[i])
			continue;
		rank = 2 * tries->asked[i] + h->failed;
		if (found == count || rank < best) {
			found = i;
			best = rank;
		}
	}
	return found;
}

size_t
server_pick_probe(struct server *servers, size_t count, int64_t now_us)
{
	size_t i = 0;

	while (i < count && !is_due(&servers[i].health, now_us))
		i++;
	if (i < count)
		servers[i].health.probe_us = now_us + SERVER_PROBE_US;
	return i;
}
