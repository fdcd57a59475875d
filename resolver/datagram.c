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

#include "resolver/packet_internal.h"
#include "resolver/server_internal.h"
#include "resolver/standin_internal.h"

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
	fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd != -1)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
		    sizeof(room));
	return fd;
}

static int
close_socket(ares_socket_t fd, void *arg)
{
	(void)arg;
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
	return connect(fd, where, len);
}

/* One packet for each time that the caller clears `read`. */
static ares_ssize_t
receive(ares_socket_t fd, void *out, size_t room, int flags,
    struct sockaddr *from, ares_socklen_t *from_len, void *arg)
{
	unsigned char shown[STANDIN_LEN];
	struct server_channel *c = arg;
	struct datagram *d = c->server->datagram;
	unsigned int drops;
	ssize_t got;

	for (drops = 0; !d->read && drops < DATAGRAM_DROPS; drops++) {
		got = recv(fd, d->octets, sizeof(d->octets), flags);
		if (got == -1)
			return -1;
		d->len = (size_t)got;
		if (!standin_show(&c->standins, datagram_packet(d), shown) ||
		    room < sizeof(shown) || d->from_len > *from_len)
			continue;
		d->read = true;
		memcpy(out, shown, sizeof(shown));
		memcpy(from, &d->from, d->from_len);
		*from_len = d->from_len;
		return (ares_ssize_t)sizeof(shown);
	}
	errno = EAGAIN;
	return -1;
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
	return send(fd, query, query_len, 0) == -1 ? -1 : (ares_ssize_t)len;
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

	ares_set_socket_functions(c->ares, &functions, c);
}

#endif

struct slice
datagram_packet(const struct datagram *d)
{
	return (struct slice){ (const char *)d->octets, d->len };
}
