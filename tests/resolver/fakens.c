/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/resolver/fakens.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 256

struct connection {
	int		fd;
	size_t		len;
	unsigned char	bytes[2048];
};

struct fakens {
	fakens_script		*script;
	pthread_t		 thread;
	int			 udp, tcp, stop;
	bool			 listens;
	struct connection	 connections[CONNECTIONS];
	size_t			 count;
	char			 address[32];
};

struct address {
	struct sockaddr_storage	ss;
	socklen_t		len;
};

static struct address
loopback(enum fakens_kind kind)
{
	struct address a = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&a.ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)&a.ss;

	if (kind == FAKENS_V6) {
		a.len = sizeof(*sin6);
		sin6->sin6_family = AF_INET6;
		sin6->sin6_addr = in6addr_loopback;
	} else {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return a;
}

/* The port is at one place in both families. */
static unsigned int
port_of(const struct address *a)
{
	return ntohs(((const struct sockaddr_in *)&a->ss)->sin_port);
}

static int
bind_socket(int type, struct address *a)
{
	int fd = socket(a->ss.ss_family, type | SOCK_CLOEXEC, 0);
	int big = 4 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	if (fd != -1 &&
	    bind(fd, (struct sockaddr *)&a->ss, a->len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a->ss, &a->len) == 0)
		return fd;
	if (fd != -1)
		(void)close(fd);
	return -1;
}

/* Two sockets with one number. */
static bool
bind_both(struct fakens *ns, enum fakens_kind kind)
{
	struct address a;
	int i;

	for (i = 0; i < 100; i++) {
		a = loopback(kind);
		ns->udp = bind_socket(SOCK_DGRAM, &a);
		ns->tcp = ns->udp != -1 ? bind_socket(SOCK_STREAM, &a) : -1;
		if (ns->tcp != -1)
			break;
		if (ns->udp != -1)
			(void)close(ns->udp);
	}
	(void)snprintf(ns->address, sizeof(ns->address),
	    kind == FAKENS_V6 ? "[::1]:%u" : "127.0.0.1:%u", port_of(&a));
	/* Bound without listening, the port refuses connections. */
	ns->listens = kind != FAKENS_NO_TCP;
	return ns->tcp != -1 && (!ns->listens || listen(ns->tcp, 16) == 0);
}

#define OPT_LEN	11u	/* without options */

/* An answer is none: two servers, or one, would answer it for ever. */
static bool
read_question(const unsigned char *p, size_t len, struct fakens_question *q)
{
	size_t at = 12, out = 0;

	if (len < 12 || len > 600 || (p[2] & DNSMSG_QR >> 8) != 0)
		return false;
	q->id = (uint16_t)(p[0] << 8 | p[1]);
	q->flags = (unsigned int)(p[2] << 8 | p[3]);
	q->edns = p[11] == 1;
	while (at < len && p[at] != 0 && at + 1 + p[at] < len &&
	    out + p[at] + 1 < sizeof(q->name)) {
		memcpy(q->name + out, p + at + 1, p[at]);
		out += p[at];
		q->name[out++] = '.';
		at += 1u + p[at];
	}
	q->name[out > 0 ? out - 1 : 0] = '\0';
	if (at + 5 > len)
		return false;
	q->type = (unsigned int)(p[at + 1] << 8 | p[at + 2]);
	at += 5u + (q->edns ? OPT_LEN : 0u);
	q->options = len > at ? len - at : 0;
	return true;
}

static void
on_udp(struct fakens *ns)
{
	struct fakens_question q = {
		.server = ns, .fd = ns->udp, .peer_len = sizeof(q.peer)
	};
	unsigned char bytes[2048];
	ssize_t n;

	n = recvfrom(ns->udp, bytes, sizeof(bytes), MSG_DONTWAIT,
	    (struct sockaddr *)&q.peer, &q.peer_len);
	if (n <= 0 || !read_question(bytes, (size_t)n, &q))
		return;
	ns->script(&q);
}

/* False when the connection is over. */
static bool
on_tcp(struct fakens *ns, struct connection *c)
{
	struct fakens_question q = {
		.server = ns, .fd = c->fd, .tcp = true
	};
	size_t want;
	ssize_t n;

	n = recv(c->fd, c->bytes + c->len, sizeof(c->bytes) - c->len,
	    MSG_DONTWAIT);
	if (n <= 0)
		return false;
	c->len += (size_t)n;
	while (c->len >= 2) {
		want = (size_t)(c->bytes[0] << 8 | c->bytes[1]) + 2;
		if (c->len < want)
			break;
		if (read_question(c->bytes + 2, want - 2, &q))
			ns->script(&q);
		c->len -= want;
		memmove(c->bytes, c->bytes + want, c->len);
	}
	return true;
}

static void
on_connect(struct fakens *ns)
{
	int fd = accept(ns->tcp, NULL, NULL);

	if (fd != -1 && ns->count < CONNECTIONS)
		ns->connections[ns->count++] =
		    (struct connection){ .fd = fd };
	else if (fd != -1)
		(void)close(fd);
}

static void *
run(void *arg)
{
	struct pollfd p[CONNECTIONS + 3];
	struct fakens *ns = arg;
	size_t i;

	for (;;) {
		p[0] = (struct pollfd){ ns->stop, POLLIN, 0 };
		p[1] = (struct pollfd){ ns->udp, POLLIN, 0 };
		p[2] = (struct pollfd){ ns->listens ? ns->tcp : -1,
			POLLIN, 0 };
		for (i = 0; i < ns->count; i++)
			p[3 + i] = (struct pollfd){
				ns->connections[i].fd, POLLIN, 0 };
		(void)poll(p, 3 + ns->count, -1);
		if (p[0].revents != 0)
			return NULL;
		if (p[1].revents != 0)
			on_udp(ns);
		for (i = ns->count; i-- > 0;) {
			if (p[3 + i].revents == 0 ||
			    on_tcp(ns, &ns->connections[i]))
				continue;
			(void)close(ns->connections[i].fd);
			ns->connections[i] = ns->connections[--ns->count];
		}
		if ((p[2].revents & POLLIN) != 0)
			on_connect(ns);
	}
}

struct fakens *
fakens_start(fakens_script *script, enum fakens_kind kind)
{
	struct fakens *ns = calloc(1, sizeof(*ns));

	if (ns == NULL)
		return NULL;
	ns->script = script;
	ns->stop = eventfd(0, EFD_CLOEXEC);
	if (ns->stop == -1 || !bind_both(ns, kind) ||
	    pthread_create(&ns->thread, NULL, run, ns) != 0) {
		free(ns);
		return NULL;
	}
	return ns;
}

void
fakens_stop(struct fakens *ns)
{
	size_t i;

	(void)eventfd_write(ns->stop, 1);
	(void)pthread_join(ns->thread, NULL);
	for (i = 0; i < ns->count; i++)
		(void)close(ns->connections[i].fd);
	(void)close(ns->udp);
	(void)close(ns->tcp);
	(void)close(ns->stop);
	free(ns);
}

const char *
fakens_address(const struct fakens *ns)
{
	return ns->address;
}

void
fakens_send(const struct fakens_question *q, const struct dnsmsg *m)
{
	unsigned char len[2] = {
		(unsigned char)(m->len >> 8), (unsigned char)m->len
	};

	if (q->tcp) {
		(void)send(q->fd, len, 2, MSG_NOSIGNAL | MSG_MORE);
		(void)send(q->fd, m->bytes, m->len, MSG_NOSIGNAL);
	} else {
		(void)sendto(q->fd, m->bytes, m->len, MSG_NOSIGNAL,
		    (const struct sockaddr *)&q->peer, q->peer_len);
	}
}

void
fakens_send_address(const struct fakens_question *q)
{
	struct dnsmsg m;

	dnsmsg_begin(&m, q->id, 0, q->name, q->type);
	dnsmsg_a(&m, q->name, 300, 0xc0000201);
	fakens_send(q, &m);
}

void
fakens_hang_up(const struct fakens_question *q)
{
	(void)shutdown(q->fd, SHUT_RDWR);
}
