/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram: the functions that c-ares has for its sockets, in the form that
 * each version wants.
 */
#include "resolver/datagram_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolver/packet_internal.h"
#include "resolver/server_internal.h"
#include "resolver/standin_internal.h"

static bool
is_old(const struct server_port *p)
{
	return clock_us() - p->opened_us >= DATAGRAM_PORT_US;
}

bool
datagram_park(struct server_channel *c, int fd)
{
	struct server_port *p = &c->port;

	if (fd != p->fd || p->spent || c->sent >= DATAGRAM_PORT_QUESTIONS ||
	    is_old(p))
		return false;
	p->parked = true;
	c->server->parked++;
	return true;
}

void
datagram_close_parked(struct server_channel *c)
{
	struct server_port *p = &c->port;

	if (!p->parked)
		return;
	(void)close(p->fd);	/* epoll forgets it */
	(void)atomic_fetch_sub(&c->server->sockets, 1);
	c->server->parked--;
	*p = (struct server_port){ .fd = -1 };
	c->sent = c->in_flight;
}

static int
take_parked(struct server_channel *c)
{
	c->port.parked = false;
	c->server->parked--;
	return c->port.fd;
}

/* c-ares leaves all options to who opens its sockets. */
static ares_socket_t
open_socket(int domain, int type, int protocol, void *arg)
{
	const int room = DATAGRAM_BUFFER;
	struct server_channel *c = arg;
	int fd;

	if (type != SOCK_DGRAM) {
		c->server->datagram->wants_tcp = true;
		errno = EPROTONOSUPPORT;
		return -1;
	}
	if (c->port.parked && !is_old(&c->port))
		return take_parked(c);
	datagram_close_parked(c);
	fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	c->port = (struct server_port){ .fd = fd, .opened_us = clock_us() };
	return fd;
}

static int
close_socket(ares_socket_t fd, void *arg)
{
	struct server_channel *c = arg;

	if (fd == c->port.fd && c->port.parked)
		return 0;
	if (fd == c->port.fd)
		c->port = (struct server_port){ .fd = -1 };
	return close(fd);
}

/* Then the kernel takes packets of this server alone. */
static int
connect_to(ares_socket_t fd, const struct sockaddr *where, ares_socklen_t len,
    struct server_channel *c)
{
	struct datagram *d = c->server->datagram;

	memcpy(&d->from, where, len);
	d->from_len = len;
	/* What has been parked is still watched. */
	return c->port.events != 0 ? 0 : connect(fd, where, len);
}

bool
datagram_read(struct server_channel *c)
{
	struct datagram *d = c->server->datagram;
	unsigned int drops;
	ssize_t got;

	for (drops = 0; drops < DATAGRAM_DROPS; drops++) {
		got = recv(c->port.fd, d->octets, sizeof(d->octets), 0);
		d->error = got == -1 ? errno : 0;
		if (d->error == EAGAIN)
			return false;
		if (d->error != 0) {
			c->port.spent = true;
			return true;
		}
		d->len = (size_t)got;
		d->shows = standin_show(&c->standins, datagram_packet(d),
		    d->shown);
		if (d->shows)
			return true;
	}
	return false;
}

/* What has been read, once. */
static ares_ssize_t
receive(ares_socket_t fd, void *out, size_t room, int flags,
    struct sockaddr *from, ares_socklen_t *from_len, void *arg)
{
	const struct server_channel *c = arg;
	struct datagram *d = c->server->datagram;

	(void)fd;
	(void)flags;
	if (!d->shows || room < sizeof(d->shown) || d->from_len > *from_len) {
		errno = d->error != 0 ? d->error : EAGAIN;
		d->error = 0;
		return -1;
	}
	d->shows = false;
	memcpy(out, d->shown, sizeof(d->shown));
	memcpy(from, &d->from, d->from_len);
	*from_len = d->from_len;
	return (ares_ssize_t)sizeof(d->shown);
}

/* All or nothing. */
static ares_ssize_t
send_question(ares_socket_t fd, const void *packet, size_t len,
    struct server_channel *c)
{
	unsigned char query[PACKET_QUERY_MAX];
	size_t query_len = standin_replace(&c->standins, packet, len, query);

	if (query_len == 0) {
		errno = EINVAL;
		return -1;
	}
	if (send(fd, query, query_len, 0) != -1)
		return (ares_ssize_t)len;
	c->port.spent = true;
	return -1;
}

#if ARES_VERSION >= 0x012200		/* ares_set_socket_functions_ex() */

static int
connect_socket(ares_socket_t fd, const struct sockaddr *where,
    ares_socklen_t len, unsigned int flags, void *arg)
{
	(void)flags;
	return connect_to(fd, where, len, arg);
}

static ares_ssize_t
send_packet(ares_socket_t fd, const void *packet, size_t len, int flags,
    const struct sockaddr *to, ares_socklen_t to_len, void *arg)
{
	(void)flags;
	(void)to;
	(void)to_len;
	return send_question(fd, packet, len, arg);
}

static int
set_option(ares_socket_t fd, ares_socket_opt_t option, const void *value,
    ares_socklen_t len, void *arg)
{
	(void)fd;
	(void)option;
	(void)value;
	(void)len;
	(void)arg;
	errno = ENOSYS;
	return -1;
}

void
datagram_carry(struct server_channel *c)
{
	static const struct ares_socket_functions_ex functions = {
		.version = 1,
		.asocket = open_socket,
		.aclose = close_socket,
		.asetsockopt = set_option,
		.aconnect = connect_socket,
		.arecvfrom = receive,
		.asendto = send_packet
	};

	c->port = (struct server_port){ .fd = -1 };
	(void)ares_set_socket_functions_ex(c->ares, &functions, c);
}

#else

static int
connect_socket(ares_socket_t fd, const struct sockaddr *where,
    ares_socklen_t len, void *arg)
{
	return connect_to(fd, where, len, arg);
}

/* By UDP there is one part. */
static ares_ssize_t
send_packet(ares_socket_t fd, const struct iovec *parts, int count, void *arg)
{
	(void)count;
	return send_question(fd, parts->iov_base, parts->iov_len, arg);
}

void
datagram_carry(struct server_channel *c)
{
	static const struct ares_socket_functions functions = {
		.asocket = open_socket,
		.aclose = close_socket,
		.aconnect = connect_socket,
		.arecvfrom = receive,
		.asendv = send_packet
	};

	c->port = (struct server_port){ .fd = -1 };
	ares_set_socket_functions(c->ares, &functions, c);
}

#endif

struct slice
datagram_packet(const struct datagram *d)
{
	return (struct slice){ (const char *)d->octets, d->len };
}
