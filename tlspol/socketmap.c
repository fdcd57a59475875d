/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socketmap: a connection reads, or waits for an answer, or waits for its
 * client to read it; never two of these.
 *
 * All connections are in one list by their last activity, so that those to
 * be closed come first: the idle, the stuck, and with max_clients of them the
 * longest silent one, when another one comes.  All questions that wait are
 * in one list by their deadline.
 */
#include "tlspol/socketmap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tlspol/netstring.h"

#define EVENTS		64
#define READ_SIZE	4096	/* at once, so that everybody has a turn */
#define REPLY_MAX	(LIMIT_TLSPOLICY_REPLY + 16)
#define REQUEST_MAX	(LIMIT_TLSPOL_REQUEST + 16)
#define TICK_US		1000000

enum kind { KIND_LISTENER, KIND_WATCHED, KIND_CONNECTION };

/* What epoll gives back. */
struct source {
	enum kind	 kind;
	int		 fd;
	struct source	*next;		/* listeners and watched ones */
};

struct connection {
	struct source		 source;
	struct socketmap_question		 question;
	TAILQ_ENTRY(connection)	 by_activity;
	TAILQ_ENTRY(connection)	 by_deadline;	/* it waits */
	int64_t			 active;	/* clock_us() */
	int64_t			 begun;		/* the request in part */
	uint32_t		 events;	/* of epoll */
	bool			 waits, closed;
	struct buf		 in, out;
	size_t			 sent;		/* of `out` */
};
TAILQ_HEAD(connections, connection);

struct socketmap {
	const struct socketmap_calls *calls;
	void			*arg;
	size_t			 max_clients;
	int			 epoll;
	struct source		*sources;
	struct connections	 all, waiting;
	struct connections	 dead;		/* freed after the events */
	bool			 stopping;
	int64_t			 end;		/* of the drain */
	struct socketmap_stats	 stats;
};

struct socketmap *
socketmap_new(const struct socketmap_calls *calls, void *arg,
    size_t max_clients)
{
	struct socketmap *s = mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->calls = calls;
	s->arg = arg;
	s->max_clients = max_clients;
	TAILQ_INIT(&s->all);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->dead);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll >= 0)
		return s;
	mem_free(s);
	return NULL;
}

/* ---- connections ---- */

static struct connection *
connection_of(struct socketmap_question *q)
{
	return (struct connection *)((uintptr_t)q -
	    offsetof(struct connection, question));
}

static void
set_events(struct socketmap *s, struct connection *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = &c->source };

	if (events == c->events)
		return;
	c->events = events;
	(void)epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->source.fd, &e);
}

/* Deadlines rise, but for a reload that has changed the time for answers. */
static void
start_waiting(struct socketmap *s, struct connection *c)
{
	struct connection *last;

	if (c->waits)
		return;
	c->waits = true;
	TAILQ_FOREACH_REVERSE(last, &s->waiting, connections, by_deadline)
		if (last->question.deadline <= c->question.deadline)
			break;
	if (last != NULL)
		TAILQ_INSERT_AFTER(&s->waiting, last, c, by_deadline);
	else
		TAILQ_INSERT_HEAD(&s->waiting, c, by_deadline);
}

static void
stop_waiting(struct socketmap *s, struct connection *c)
{
	if (!c->waits)
		return;
	c->waits = false;
	TAILQ_REMOVE(&s->waiting, c, by_deadline);
}

/* Its memory stays until the current events are handled. */
static void
connection_close(struct socketmap *s, struct connection *c)
{
	if (c->closed)
		return;
	c->closed = true;
	if (c->question.on != NULL)
		s->calls->gone(s->arg, &c->question);
	stop_waiting(s, c);
	close(c->source.fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	TAILQ_REMOVE(&s->all, c, by_activity);
	TAILQ_INSERT_TAIL(&s->dead, c, by_activity);
	s->stats.open--;
}

static void
bury(struct socketmap *s)
{
	struct connection *c;

	while ((c = TAILQ_FIRST(&s->dead)) != NULL) {
		TAILQ_REMOVE(&s->dead, c, by_activity);
		mem_free(c);
	}
}

static void
note_activity(struct socketmap *s, struct connection *c)
{
	c->active = clock_us();
	TAILQ_REMOVE(&s->all, c, by_activity);
	TAILQ_INSERT_TAIL(&s->all, c, by_activity);
}

static bool
connection_new(struct socketmap *s, int fd)
{
	struct connection *c = mem_alloc(sizeof(*c));
	struct epoll_event e = { .events = EPOLLIN };

	if (c == NULL)
		return false;
	c->source = (struct source){ .kind = KIND_CONNECTION, .fd = fd };
	c->events = e.events;
	c->active = clock_us();
	buf_init(&c->in, REQUEST_MAX + READ_SIZE);
	buf_init(&c->out, REPLY_MAX);
	e.data.ptr = &c->source;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
		mem_free(c);
		return false;
	}
	TAILQ_INSERT_TAIL(&s->all, c, by_activity);
	s->stats.open++;
	s->stats.connections++;
	return true;
}

/* ---- writing ---- */

/* False: not all is sent yet, or the client has gone. */
static bool
flush(struct socketmap *s, struct connection *c)
{
	ssize_t done;

	while (c->sent < c->out.len) {
		done = send(c->source.fd, c->out.ptr + c->sent,
		    c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			set_events(s, c, EPOLLOUT);
			return false;
		}
		if (done < 0) {
			connection_close(s, c);
			return false;
		}
		c->sent += (size_t)done;
		note_activity(s, c);
	}
	buf_reset(&c->out);
	c->sent = 0;
	return true;
}

void
socketmap_reply(struct socketmap *s, struct socketmap_question *q,
    struct slice reply)
{
	struct connection *c = connection_of(q);

	q->on = NULL;
	netstring_put(reply, &c->out);
	if (buf_failed(&c->out))
		connection_close(s, c);
}

/* ---- reading ---- */

static void
drop_read(struct connection *c, size_t len)
{
	if (len == 0)
		return;
	memmove(c->in.ptr, c->in.ptr + len, c->in.len - len);
	buf_cut(&c->in, c->in.len - len);
}

/* All requests that have arrived, until one has to wait. */
static void
serve(struct socketmap *s, struct connection *c)
{
	struct slice rest = buf_slice(&c->in), request;
	enum netstring_state state = NETSTRING_PART;

	while (!c->closed && !s->stopping && c->question.on == NULL &&
	    c->out.len == 0 && (state = netstring_take(&rest,
	    LIMIT_TLSPOL_REQUEST, &request)) == NETSTRING_WHOLE) {
		s->stats.requests++;
		s->calls->ask(s->arg, &c->question, request);
		if (!c->closed && c->question.on == NULL)
			(void)flush(s, c);
	}
	if (c->closed)
		return;
	if (state == NETSTRING_BAD) {
		s->stats.bad++;
		connection_close(s, c);
		return;
	}
	if (rest.len < c->in.len)
		c->begun = c->active;
	drop_read(c, c->in.len - rest.len);
}

/* What to be notified of next. */
static void
go_on(struct socketmap *s, struct connection *c)
{
	if (c->closed)
		return;
	if (s->stopping && c->question.on == NULL && c->out.len == 0) {
		connection_close(s, c);
		return;
	}
	if (c->question.on != NULL)
		start_waiting(s, c);
	/* One that has sent all its questions still gets its answer. */
	set_events(s, c, c->question.on != NULL ? 0 :
	    c->out.len > 0 ? EPOLLOUT : EPOLLIN);
}

static void
read_more(struct socketmap *s, struct connection *c)
{
	char octets[READ_SIZE];
	ssize_t got = recv(c->source.fd, octets, sizeof(octets),
	    MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_close(s, c);
		return;
	}
	note_activity(s, c);
	if (c->in.len == 0)
		c->begun = c->active;
	buf_add(&c->in, (struct slice){ octets, (size_t)got });
	/* One that comes octet by octet is no more patient with us. */
	if (buf_failed(&c->in) || c->active - c->begun >
	    LIMIT_TLSPOL_REQUEST_MS * INT64_C(1000)) {
		connection_close(s, c);
		return;
	}
	serve(s, c);
	go_on(s, c);
}

static void
on_connection(struct socketmap *s, struct connection *c, uint32_t events)
{
	if (c->closed)
		return;
	if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
		connection_close(s, c);
	} else if ((events & EPOLLOUT) != 0) {
		if (flush(s, c))
			serve(s, c);
		go_on(s, c);
	} else if ((events & EPOLLIN) != 0) {
		read_more(s, c);
	}
}

/* An answer that came from elsewhere than serve(). */
static void
answered(struct socketmap *s, struct connection *c)
{
	stop_waiting(s, c);
	if (!c->closed && flush(s, c))
		serve(s, c);
	go_on(s, c);
}

/*
 * Connections whose answer has come are among those that wait until the
 * current events are handled.
 */
static void
send_answers(struct socketmap *s)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(&s->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, by_deadline);
		if (c->question.on == NULL)
			answered(s, c);
	}
}

/* ---- listening ---- */

static bool
add_source(struct socketmap *s, enum kind kind, int fd)
{
	struct source *source = mem_alloc(sizeof(*source));
	struct epoll_event e = { .events = EPOLLIN };

	if (source == NULL)
		return false;
	*source = (struct source){ .kind = kind, .fd = fd };
	e.data.ptr = source;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
		mem_free(source);
		return false;
	}
	source->next = s->sources;
	s->sources = source;
	return true;
}

bool
socketmap_listen(struct socketmap *s, struct listener *l)
{
	int fd = listener_fd(l), flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    add_source(s, KIND_LISTENER, fd);
}

bool
socketmap_watch(struct socketmap *s, int fd)
{
	return add_source(s, KIND_WATCHED, fd);
}

static void
accept_all(struct socketmap *s, int listener)
{
	struct connection *oldest;
	bool crowded;
	int fd, i;

	for (i = 0; i < EVENTS; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC |
		    SOCK_NONBLOCK);
		/* Without descriptors, too: the longest silent one goes. */
		crowded = fd >= 0 ? s->stats.open >= s->max_clients :
		    errno == EMFILE || errno == ENFILE;
		oldest = TAILQ_FIRST(&s->all);
		if (oldest != NULL && crowded) {
			s->stats.crowded++;
			connection_close(s, oldest);
		}
		if (fd < 0)
			return;
		if (!connection_new(s, fd))
			close(fd);
	}
}

/* ---- time ---- */

/* Questions that are late; with `all` those that are not, too. */
static void
give_up_waiting(struct socketmap *s, bool all)
{
	int64_t now = clock_us();
	struct connection *c, *next;

	for (c = TAILQ_FIRST(&s->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, by_deadline);
		if (!all && c->question.deadline > now)
			break;
		s->calls->late(s->arg, &c->question);
		answered(s, c);
	}
}

/* Half a request, a reply that is not read, or nothing at all. */
static void
close_silent(struct socketmap *s)
{
	int64_t now = clock_us(), silent;
	struct connection *c, *next;

	for (c = TAILQ_FIRST(&s->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, by_activity);
		silent = (now - c->active) / 1000;
		if (silent < LIMIT_TLSPOL_REQUEST_MS)
			break;
		if (c->question.on == NULL && (c->in.len > 0 ||
		    c->out.len > 0 || silent >= LIMIT_TLSPOL_IDLE_MS))
			connection_close(s, c);
	}
}

static int
wait_ms(const struct socketmap *s, int64_t tick)
{
	const struct connection *c = TAILQ_FIRST(&s->waiting);
	int64_t until = tick, us;

	if (c != NULL && c->question.deadline < until)
		until = c->question.deadline;
	us = until - clock_us();
	return us <= 0 ? 0 : (int)(us / 1000) + 1;
}

/* ---- the loop ---- */

static void
handle(struct socketmap *s, struct source *source, uint32_t events)
{
	switch (source->kind) {
	case KIND_LISTENER:
		if (!s->stopping)
			accept_all(s, source->fd);
		return;
	case KIND_WATCHED:
		s->calls->readable(s->arg, source->fd);
		return;
	case KIND_CONNECTION:
		on_connection(s, (struct connection *)source, events);
		return;
	}
}

static bool
is_over(const struct socketmap *s)
{
	return s->stopping && (TAILQ_EMPTY(&s->all) || clock_us() >= s->end);
}

void
socketmap_run(struct socketmap *s)
{
	struct epoll_event events[EVENTS];
	int64_t tick = clock_us();
	int i, count;

	while (!is_over(s)) {
		count = epoll_wait(s->epoll, events, EVENTS,
		    wait_ms(s, tick));
		for (i = 0; i < count; i++)
			handle(s, events[i].data.ptr, events[i].events);
		send_answers(s);
		give_up_waiting(s, false);
		if (clock_us() >= tick) {
			tick = clock_us() + TICK_US;
			close_silent(s);
			s->calls->tick(s->arg);
		}
		bury(s);
	}
}

void
socketmap_stop(struct socketmap *s)
{
	struct connection *c, *next;
	struct source *source;

	if (s->stopping)
		return;
	s->stopping = true;
	s->end = clock_us() + LIMIT_TLSPOL_DRAIN_MS * INT64_C(1000);
	for (source = s->sources; source != NULL; source = source->next) {
		if (source->kind == KIND_LISTENER)
			(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, source->fd,
			    NULL);
	}
	give_up_waiting(s, true);
	for (c = TAILQ_FIRST(&s->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, by_activity);
		go_on(s, c);
	}
}

void
socketmap_get_stats(const struct socketmap *s, struct socketmap_stats *out)
{
	*out = s->stats;
}
