/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socketmap: a client that measures a server of socketmap_table(5), and the
 * server that does nothing else.
 *
 *	socketmap load PORT CONNECTIONS REQUESTS MAP DOMAINS
 *	socketmap each PORT CONNECTIONS REQUESTS MAP DOMAINS
 *	socketmap null PORT
 *
 * load: as Postfix does, one request at a time on each connection, for
 * "MAP dN.example", N at random below DOMAINS.  Prints the answers of a
 * second, the median, the 99th percentile and the longest time of an answer
 * in microseconds, and how many answers did not begin with OK.
 * each: one domain after the other.
 * null: reads a netstring, answers with the reply that has no policy.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS	64
#define ROOM	65536

struct connection {
	int	 fd;
	size_t	 len;
	int64_t	 sent;		/* ns */
	char	 in[ROOM];
};

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static unsigned long
number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s == '\0' || *end != '\0')
		errx(64, "not a number: %s", s);
	return n;
}

static struct sockaddr_in
loopback(unsigned long port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static void
watch(int epoll, int fd, void *ptr)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = ptr };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		err(1, "epoll_ctl");
}

/* Whole netstring at the start of `in`: its length with all; 0: not yet. */
static size_t
whole(const struct connection *c, const char **text)
{
	const char *colon = memchr(c->in, ':', c->len);
	size_t size, head;

	if (colon == NULL)
		return 0;
	head = (size_t)(colon - c->in) + 1;
	size = strtoul(c->in, NULL, 10);
	if (c->len < head + size + 1)
		return 0;
	if (c->in[head + size] != ',')
		errx(1, "not a netstring");
	*text = colon + 1;
	return head + size + 1;
}

static bool
receive(struct connection *c)
{
	ssize_t got = read(c->fd, c->in + c->len, sizeof(c->in) - c->len);

	if (got <= 0)
		return false;
	c->len += (size_t)got;
	return true;
}

static void
drop(struct connection *c, size_t len)
{
	c->len -= len;
	memmove(c->in, c->in + len, c->len);
}

/* ---- load ---- */

static struct {
	unsigned long	 requests, begun, done, domains, other;
	const char	*map;
	bool		 in_order;
	uint64_t	 random;
	uint32_t	*took;		/* ns */
} load;

/* By xorshift64. */
static unsigned long
next_domain(void)
{
	if (load.in_order)
		return load.begun % load.domains;
	load.random ^= load.random << 13;
	load.random ^= load.random >> 7;
	load.random ^= load.random << 17;
	return (unsigned long)(load.random % load.domains);
}

static void
ask(struct connection *c)
{
	char text[200], all[220];
	int len;

	if (load.begun == load.requests)
		return;
	load.begun++;
	len = snprintf(text, sizeof(text), "%s d%lu.example", load.map,
	    next_domain());
	len = snprintf(all, sizeof(all), "%d:%s,", len, text);
	c->sent = now_ns();
	if (write(c->fd, all, (size_t)len) != len)
		err(1, "write");
}

static void
answered(struct connection *c)
{
	const char *text;
	size_t len;

	if (!receive(c))
		errx(1, "the server has closed");
	len = whole(c, &text);
	if (len == 0)
		return;
	load.took[load.done++] = (uint32_t)(now_ns() - c->sent);
	load.other += strncmp(text, "OK ", 3) != 0;
	drop(c, len);
	ask(c);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
report(int64_t ns)
{
	qsort(load.took, load.done, sizeof(*load.took), by_size);
	printf("%.0f %.1f %.1f %.1f %lu\n", (double)load.done * 1e9 /
	    (double)ns, (double)load.took[load.done / 2] / 1e3,
	    (double)load.took[load.done * 99 / 100] / 1e3,
	    (double)load.took[load.done - 1] / 1e3, load.other);
}

static struct connection *
connect_one(int epoll, const struct sockaddr_in *sin)
{
	struct connection *c = calloc(1, sizeof(*c));
	int on = 1;

	if (c == NULL)
		err(1, "no memory");
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)sin,
	    sizeof(*sin)) != 0)
		err(1, "connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	watch(epoll, c->fd, c);
	return c;
}

static int
run_load(char **arg)
{
	struct sockaddr_in sin = loopback(number(arg[0]));
	unsigned long connections = number(arg[1]), i;
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(0), count, n;
	int64_t begun;

	load.requests = number(arg[2]);
	load.map = arg[3];
	load.domains = number(arg[4]);
	load.random = 88172645463325252u;
	load.took = calloc(load.requests, sizeof(*load.took));
	if (load.took == NULL || load.domains == 0 || connections == 0)
		errx(1, "no memory, or nothing to do");
	begun = now_ns();
	for (i = 0; i < connections; i++)
		ask(connect_one(epoll, &sin));
	while (load.done < load.requests) {
		count = epoll_wait(epoll, events, EVENTS, -1);
		for (n = 0; n < count; n++)
			answered(events[n].data.ptr);
	}
	report(now_ns() - begun);
	return 0;
}

/* ---- null ---- */

static void
serve(struct connection *c)
{
	static const char reply[] = "9:NOTFOUND ,";
	const char *text;
	size_t len;

	if (!receive(c)) {
		close(c->fd);
		free(c);
		return;
	}
	while ((len = whole(c, &text)) > 0) {
		drop(c, len);
		if (write(c->fd, reply, sizeof(reply) - 1) < 0)
			return;
	}
}

static void
accept_one(int epoll, int listener)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		err(1, "no memory");
	c->fd = accept(listener, NULL, NULL);
	if (c->fd < 0)
		err(1, "accept");
	watch(epoll, c->fd, c);
}

static int
run_null(char **arg)
{
	struct sockaddr_in sin = loopback(number(arg[0]));
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int epoll = epoll_create1(0), count, n, on = 1;
	struct epoll_event events[EVENTS];

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    listen(listener, 128) != 0)
		err(1, "listen");
	watch(epoll, listener, NULL);
	for (;;) {
		count = epoll_wait(epoll, events, EVENTS, -1);
		for (n = 0; n < count; n++) {
			if (events[n].data.ptr == NULL)
				accept_one(epoll, listener);
			else
				serve(events[n].data.ptr);
		}
	}
}

int
main(int argc, char **argv)
{
	load.in_order = argc == 7 && strcmp(argv[1], "each") == 0;
	if (load.in_order || (argc == 7 && strcmp(argv[1], "load") == 0))
		return run_load(argv + 2);
	if (argc == 3 && strcmp(argv[1], "null") == 0)
		return run_null(argv + 2);
	errx(64, "usage: socketmap load|each PORT CONNECTIONS REQUESTS MAP "
	    "DOMAINS | socketmap null PORT");
}
