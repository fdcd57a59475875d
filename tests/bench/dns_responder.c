/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns_responder: a DNS server on 127.0.0.1 that answers after a chosen delay.
 *
 *	dns_responder [-m] [-p PORT] [-t TTL] DELAY ZONE
 *
 * DELAY is in milliseconds, for each answer on its own: any number can be
 * outstanding at once.  UDP and TCP on PORT, or on one that is free, which is
 * printed as "port N" once both are open.  SIGUSR1 prints "queries N", those
 * since the last one.
 *
 * A line of the zone file is NAME TYPE DATA (TXT: the rest of the line as it
 * is; A: an address; MX: a name); "#" begins a comment.  A label "@" of a name
 * stands for any label, and "@" in the data of such a line for the label
 * that was asked.  Other names do not exist, other types have no data: both
 * come with an SOA, so that they can be kept (RFC 2308).
 *
 * Labels anywhere in the name that is asked make it behave badly:
 *
 *	silent	no answer comes
 *	late<N>	it comes N ms later than others
 *	fail<N>	so does a SERVFAIL
 *	mute	by UDP it is truncated, by TCP none comes
 *	chain<N> it is a CNAME of the same name with N - 1, while N > 0
 *	liar	before it comes one with another id, which denies the name
 *
 * With -m each line of the standard input is a mode that all answers have from
 * then on: well; drop (3 of 10 do not come); late (by up to 4 s); garbage
 * (after the id of every other one); truncated (those by UDP).
 *
 * 1. A query is read and its answer made at once.
 * 2. The answer goes into a queue, in order of the time when it is due.
 * 3. The loop sleeps until a query comes or the head of the queue is due.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TYPE_A		1
#define TYPE_CNAME	5
#define TYPE_SOA	6
#define TYPE_MX		15
#define TYPE_TXT	16
#define TYPE_OPT	41
#define CLASS_IN	1
#define RCODE_SERVFAIL	2
#define RCODE_NXDOMAIN	3

#define HEADER_OCTETS	12
#define PLAIN_UDP	512	/* RFC 1035 2.3.4 */
#define NAME_MAX_TEXT	254
#define TTL_DEFAULT	86400
#define MESSAGE_MAX	20000	/* an answer of ours */
#define EDNS_SIZE	4096
#define QUERY_MAX	1024
#define TCP_MAX		16	/* connections at once */
#define SOCKET_BUFFER	(4 << 20)
#define NS_PER_S	1000000000L

struct record {
	struct record	*next;
	uint16_t	 type;
	char		*name;
	char		*data;
};

/* A message under construction or being read; `bad` is sticky. */
struct wire {
	unsigned char	*ptr;
	size_t		 len;	/* to read: all; to write: so far */
	size_t		 at;	/* read so far */
	size_t		 size;	/* room to write */
	bool		 bad;
};

struct question {
	char		 name[NAME_MAX_TEXT + 1];	/* lower case */
	uint16_t	 type;
	size_t		 end;		/* of the question section */
	bool		 edns;
	size_t		 udp_size;
};

struct tcp_connection {
	int		fd;		/* -1: free */
	unsigned int	generation;	/* tells a later one on this place */
	size_t		len;
	unsigned char	buf[2 + QUERY_MAX];
};

struct answer {
	struct answer		*next;
	struct timespec		 due;
	struct sockaddr_in	 peer;
	int			 tcp;	/* index; -1: UDP */
	unsigned int		 generation;
	size_t			 len;
	unsigned char		 bytes[];
};

enum mode { MODE_WELL, MODE_DROP, MODE_LATE, MODE_GARBAGE, MODE_TRUNCATED };

static const char *const mode_names[] = { "well", "drop", "late", "garbage",
	"truncated" };

struct responder {
	enum mode		 mode;
	bool			 takes_modes;
	struct record		*zone;
	struct timespec		 delay;
	int			 udp, listener;
	struct tcp_connection	 tcp[TCP_MAX];
	struct answer		*head, *last;	/* by time */
	unsigned long		 queries;
};

static volatile sig_atomic_t count_wanted;
static unsigned long ttl = TTL_DEFAULT;	/* s, of all records */

static void
on_usr1(int sig)
{
	(void)sig;
	count_wanted = 1;
}

/* ---- the zone ---- */

static void
zone_add(struct record **zone, char *line)
{
	struct record *r;
	char *rest = line;
	char *name = strsep(&rest, " "), *type = strsep(&rest, " ");

	if (type == NULL || rest == NULL)
		errx(1, "zone: \"%s\": NAME TYPE DATA expected", name);
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		err(1, NULL);
	if (strcmp(type, "TXT") == 0)
		r->type = TYPE_TXT;
	else if (strcmp(type, "A") == 0)
		r->type = TYPE_A;
	else if (strcmp(type, "MX") == 0)
		r->type = TYPE_MX;
	else
		errx(1, "zone: type \"%s\": TXT, A or MX expected", type);
	r->name = strdup(name);
	r->data = strdup(rest);
	if (r->name == NULL || r->data == NULL)
		err(1, NULL);
	r->next = *zone;
	*zone = r;
}

static struct record *
zone_read(const char *path)
{
	struct record *zone = NULL;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		err(1, "%s", path);
	while ((len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (len > 0 && line[0] != '#')
			zone_add(&zone, line);
	}
	free(line);
	fclose(f);
	return zone;
}

/*
 * Whether `name` is what `pattern` stands for; `label` and `label_len` are
 * set to what stands for "@", if there is one.
 */
static bool
name_matches(const char *pattern, const char *name, const char **label,
    size_t *label_len)
{
	for (;;) {
		size_t p = strcspn(pattern, "."), n = strcspn(name, ".");

		if (p == 1 && *pattern == '@') {
			*label = name;
			*label_len = n;
		} else if (p != n || memcmp(pattern, name, n) != 0) {
			return false;
		}
		if (pattern[p] == '\0' || name[n] == '\0')
			return pattern[p] == name[n];
		pattern += p + 1;
		name += n + 1;
	}
}

/* A name exists when it, or one below it, has a record (RFC 8020). */
static bool
name_exists(const struct record *zone, const char *name)
{
	const char *label;
	size_t len;

	for (const struct record *r = zone; r != NULL; r = r->next) {
		const char *suffix = r->name;

		for (;;) {
			if (name_matches(suffix, name, &label, &len))
				return true;
			suffix = strchr(suffix, '.');
			if (suffix == NULL)
				break;
			suffix++;
		}
	}
	return false;
}

/* ---- messages ---- */

static unsigned int
get(struct wire *w, unsigned int octets)
{
	unsigned int value = 0;

	if (w->len - w->at < octets) {
		w->bad = true;
		return 0;
	}
	while (octets-- > 0)
		value = value << 8 | w->ptr[w->at++];
	return value;
}

static void
put(struct wire *w, unsigned long value, unsigned int octets)
{
	if (w->size - w->len < octets) {
		w->bad = true;
		return;
	}
	while (octets-- > 0)
		w->ptr[w->len++] = (unsigned char)(value >> (8 * octets));
}

static void
put_bytes(struct wire *w, const void *ptr, size_t len)
{
	if (w->size - w->len < len) {
		w->bad = true;
		return;
	}
	memcpy(w->ptr + w->len, ptr, len);
	w->len += len;
}

static void
get_name(struct wire *w, char out[NAME_MAX_TEXT + 1])
{
	size_t len = 0;
	unsigned int label;

	while (!w->bad && (label = get(w, 1)) != 0) {
		if (label > 63 || len + label + 1 > NAME_MAX_TEXT) {
			w->bad = true;
			break;
		}
		if (len > 0)
			out[len++] = '.';
		while (label-- > 0) {
			char c = (char)get(w, 1);

			out[len++] = c >= 'A' && c <= 'Z' ?
			    (char)(c - 'A' + 'a') : c;
		}
	}
	out[len] = '\0';
}

/* The question, and the OPT record if there is one (RFC 6891 6.1.2). */
static bool
read_question(unsigned char *ptr, size_t len, struct question *q)
{
	struct wire w = { .ptr = ptr, .len = len };
	unsigned int flags, additional;

	memset(q, 0, sizeof(*q));
	get(&w, 2);
	flags = get(&w, 2);
	if ((flags & 0xf800) != 0 || get(&w, 2) != 1)
		return false;
	get(&w, 4);
	additional = get(&w, 2);
	get_name(&w, q->name);
	q->type = (uint16_t)get(&w, 2);
	get(&w, 2);
	q->end = w.at;
	q->udp_size = PLAIN_UDP;
	if (!w.bad && additional > 0 && get(&w, 1) == 0 &&
	    get(&w, 2) == TYPE_OPT) {
		q->edns = true;
		q->udp_size = get(&w, 2);
		if (q->udp_size < PLAIN_UDP)
			q->udp_size = PLAIN_UDP;
	}
	return !w.bad;
}

static void
put_txt(struct wire *w, const char *text, size_t len)
{
	while (len > 0) {
		size_t n = len > 255 ? 255 : len;

		put(w, n, 1);
		put_bytes(w, text, n);
		text += n;
		len -= n;
	}
}

static void
put_name(struct wire *w, const char *text, size_t len)
{
	while (len > 0) {
		const char *dot = memchr(text, '.', len);
		size_t n = dot != NULL ? (size_t)(dot - text) : len;

		put(w, n, 1);
		put_bytes(w, text, n);
		n += dot != NULL;
		text += n;
		len -= n;
	}
	put(w, 0, 1);
}

/* "@" in the data becomes the label that was asked. */
static void
put_expanded(struct wire *w, uint16_t type, const char *data,
    const char *label, size_t label_len)
{
	char text[MESSAGE_MAX];
	size_t len = 0;

	for (; *data != '\0'; data++) {
		bool at = *data == '@' && label != NULL;
		size_t n = at ? label_len : 1;

		if (n > sizeof(text) - len) {
			w->bad = true;
			return;
		}
		memcpy(text + len, at ? label : data, n);
		len += n;
	}
	if (type == TYPE_TXT) {
		put_txt(w, text, len);
		return;
	}
	put(w, 10, 2);			/* preference */
	put_name(w, text, len);
}

static void
put_address(struct wire *w, const char *data)
{
	struct in_addr a;

	if (inet_pton(AF_INET, data, &a) != 1)
		errx(1, "zone: \"%s\" is no address", data);
	put_bytes(w, &a, sizeof(a));
}

/* Of the name asked; returns where its length is, for end_record(). */
static size_t
begin_record(struct wire *w, unsigned int type)
{
	put(w, 0xc000 | HEADER_OCTETS, 2);
	put(w, type, 2);
	put(w, CLASS_IN, 2);
	put(w, ttl, 4);
	put(w, 0, 2);
	return w->len - 2;
}

static void
end_record(struct wire *w, size_t length_at)
{
	size_t end = w->len;

	if (w->bad)
		return;
	w->len = length_at;
	put(w, end - length_at - 2, 2);
	w->len = end;
}

static void
put_record(struct wire *w, const struct record *r, const char *label,
    size_t label_len)
{
	size_t length_at = begin_record(w, r->type);

	if (r->type == TYPE_A)
		put_address(w, r->data);
	else
		put_expanded(w, r->type, r->data, label, label_len);
	end_record(w, length_at);
}

static unsigned int
put_answers(struct wire *w, const struct record *zone,
    const struct question *q)
{
	unsigned int count = 0;

	for (const struct record *r = zone; r != NULL; r = r->next) {
		const char *label = NULL;
		size_t label_len = 0;

		if (r->type == q->type &&
		    name_matches(r->name, q->name, &label, &label_len)) {
			put_record(w, r, label, label_len);
			count++;
		}
	}
	return count;
}

/* The label that begins with `word`, after that word; or NULL. */
static const char *
find_label(const char *name, const char *word)
{
	size_t len = strlen(word);

	while (name != NULL && strncmp(name, word, len) != 0) {
		name = strchr(name, '.');
		if (name != NULL)
			name++;
	}
	return name != NULL ? name + len : NULL;
}

/* "chain<N>" in the name: a CNAME of the same with N - 1.  Whether. */
static bool
put_chain(struct wire *w, const char *name)
{
	const char *number = find_label(name, "chain"), *rest;
	char target[NAME_MAX_TEXT + 16];
	long links = number != NULL ? atol(number) : 0;
	size_t length_at;

	if (links <= 0)
		return false;
	rest = strchr(number, '.');
	(void)snprintf(target, sizeof(target), "%.*s%ld%s",
	    (int)(number - name), name, links - 1, rest != NULL ? rest : "");
	length_at = begin_record(w, TYPE_CNAME);
	put_name(w, target, strlen(target));
	end_record(w, length_at);
	return !w->bad;
}

/* Of the root: it is above every name. */
static void
put_soa(struct wire *w)
{
	put(w, 0, 1);
	put(w, TYPE_SOA, 2);
	put(w, CLASS_IN, 2);
	put(w, ttl, 4);
	put(w, 2 + 5 * 4, 2);
	put(w, 0, 2);			/* mname, rname: the root */
	for (int i = 0; i < 5; i++)	/* serial ... minimum */
		put(w, ttl, 4);
}

static void
put_header(struct wire *w, const unsigned char *query, unsigned int rcode,
    unsigned int answers, unsigned int authority, bool edns)
{
	put_bytes(w, query, 2);
	/* QR, AA, RD as asked, RA. */
	put(w, 0x8480u | (query[2] & 1u) << 8 | rcode, 2);
	put(w, 1, 2);
	put(w, answers, 2);
	put(w, authority, 2);
	put(w, edns ? 1 : 0, 2);
}

/* Writes the answer over UDP or TCP to `query`; 0: there is none. */
static size_t
make_answer(const struct record *zone, const unsigned char *query,
    const struct question *q, bool tcp, unsigned char out[MESSAGE_MAX])
{
	struct wire w = { .ptr = out, .size = MESSAGE_MAX };
	struct wire head = { .ptr = out, .size = HEADER_OCTETS };
	unsigned int answers, rcode;

	w.len = HEADER_OCTETS;
	put_bytes(&w, query + HEADER_OCTETS, q->end - HEADER_OCTETS);
	answers = put_chain(&w, q->name) ? 1 : put_answers(&w, zone, q);
	rcode = answers > 0 || name_exists(zone, q->name) ? 0 :
	    RCODE_NXDOMAIN;
	if (answers == 0)
		put_soa(&w);
	if (q->edns) {
		put(&w, 0, 1);
		put(&w, TYPE_OPT, 2);
		put(&w, EDNS_SIZE, 2);
		put(&w, 0, 6);
	}
	if (w.bad)
		return 0;
	put_header(&head, query, rcode, answers, answers == 0, q->edns);
	if (tcp || w.len <= q->udp_size)
		return w.len;
	/* Too long: TC, and nothing but the question. */
	head.len = 0;
	put_header(&head, query, rcode, 0, 0, false);
	out[2] |= 0x02;
	return q->end;
}

/* ---- the queue ---- */

static struct timespec
milliseconds(long ms)
{
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

static struct timespec
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t;
}

static struct timespec
time_add(struct timespec a, struct timespec b)
{
	a.tv_sec += b.tv_sec;
	a.tv_nsec += b.tv_nsec;
	if (a.tv_nsec >= NS_PER_S) {
		a.tv_nsec -= NS_PER_S;
		a.tv_sec++;
	}
	return a;
}

/* a - b, not below zero. */
static struct timespec
time_left(struct timespec a, struct timespec b)
{
	a.tv_sec -= b.tv_sec;
	a.tv_nsec -= b.tv_nsec;
	if (a.tv_nsec < 0) {
		a.tv_nsec += NS_PER_S;
		a.tv_sec--;
	}
	return a.tv_sec < 0 ? (struct timespec){ 0, 0 } : a;
}

static bool
time_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec :
	    a.tv_nsec < b.tv_nsec;
}

/* Into the queue, after all that are due before it or with it. */
static void
enqueue(struct responder *r, const struct answer *origin,
    struct timespec delay, const unsigned char *bytes, size_t len)
{
	struct answer *a = malloc(sizeof(*a) + len), **at = &r->head;

	if (a == NULL)
		err(1, NULL);
	*a = *origin;
	a->due = time_add(now(), delay);
	a->len = len;
	memcpy(a->bytes, bytes, len);
	if (r->last != NULL && !time_before(a->due, r->last->due))
		at = &r->last->next;
	while (*at != NULL && !time_before(a->due, (*at)->due))
		at = &(*at)->next;
	a->next = *at;
	*at = a;
	if (a->next == NULL)
		r->last = a;
}

/* The answer, and a denial with another id before it. */
static void
lie(struct responder *r, const struct answer *origin,
    const unsigned char *bytes, size_t len)
{
	unsigned char forged[MESSAGE_MAX];

	memcpy(forged, bytes, len);
	forged[0] ^= 0x55;
	forged[3] = (unsigned char)((forged[3] & 0xf0) | RCODE_NXDOMAIN);
	enqueue(r, origin, r->delay, forged, len);
}

/* What the mode makes of an answer: its length, 0 for none. */
static size_t
misbehave(enum mode mode, bool tcp, size_t question_end, unsigned char *bytes,
    size_t len, struct timespec *delay)
{
	switch (mode) {
	case MODE_WELL:
		break;
	case MODE_DROP:
		return random() % 10 < 3 ? 0 : len;
	case MODE_LATE:
		*delay = time_add(*delay, milliseconds(random() % 4000));
		break;
	case MODE_GARBAGE:
		for (size_t i = 2; i < len && bytes[1] % 2 == 0; i++)
			bytes[i] = (unsigned char)random();
		break;
	case MODE_TRUNCATED:
		if (tcp)
			break;
		bytes[2] |= 0x02;
		memset(bytes + 6, 0, HEADER_OCTETS - 6);
		return question_end;
	}
	return len;
}

/*
 * What labels of the name make of an answer by UDP, or of one by TCP: its
 * length, 0 for none.
 */
static size_t
spoil(const struct question *q, bool tcp, unsigned char *bytes, size_t len,
    struct timespec *delay)
{
	const char *late = find_label(q->name, "late"),
	    *fail = find_label(q->name, "fail");
	bool mute = find_label(q->name, "mute.") != NULL;

	if (fail != NULL) {
		late = fail;
		bytes[3] = (unsigned char)((bytes[3] & 0xf0) | RCODE_SERVFAIL);
	}
	if (late != NULL)
		*delay = time_add(*delay, milliseconds(atol(late)));
	if (tcp && mute)
		return 0;
	if (!mute && fail == NULL)
		return len;
	bytes[2] |= mute ? 0x02 : 0;
	memset(bytes + 6, 0, HEADER_OCTETS - 6);
	return q->end;
}

static void
answer(struct responder *r, const struct answer *origin,
    unsigned char *query, size_t query_len)
{
	unsigned char bytes[MESSAGE_MAX];
	struct timespec delay = r->delay;
	struct question q;
	size_t len;

	if (query_len < HEADER_OCTETS || !read_question(query, query_len, &q))
		return;
	r->queries++;
	if (find_label(q.name, "silent.") != NULL)
		return;
	len = make_answer(r->zone, query, &q, origin->tcp >= 0, bytes);
	len = misbehave(r->mode, origin->tcp >= 0, q.end, bytes, len, &delay);
	if (len > 0)
		len = spoil(&q, origin->tcp >= 0, bytes, len, &delay);
	if (len == 0)
		return;
	if (find_label(q.name, "liar.") != NULL)
		lie(r, origin, bytes, len);
	enqueue(r, origin, delay, bytes, len);
}

/* A lost answer is the asker's to ask for again: errors are not ours. */
static void
send_answer(struct responder *r, const struct answer *a)
{
	unsigned char length[2] = { (unsigned char)(a->len >> 8),
		(unsigned char)a->len };
	const struct tcp_connection *c;

	if (a->tcp < 0) {
		(void)sendto(r->udp, a->bytes, a->len, 0,
		    (const struct sockaddr *)&a->peer, sizeof(a->peer));
		return;
	}
	c = &r->tcp[a->tcp];
	if (c->fd < 0 || c->generation != a->generation)
		return;
	(void)send(c->fd, length, sizeof(length), MSG_NOSIGNAL | MSG_MORE);
	(void)send(c->fd, a->bytes, a->len, MSG_NOSIGNAL);
}

/* Sends all that is due; `left` is the time until the next is. */
static bool
send_due(struct responder *r, struct timespec *left)
{
	struct answer *a;

	while ((a = r->head) != NULL) {
		*left = time_left(a->due, now());
		if (left->tv_sec > 0 || left->tv_nsec > 0)
			return true;
		send_answer(r, a);
		r->head = a->next;
		if (r->head == NULL)
			r->last = NULL;
		free(a);
	}
	return false;
}

/* ---- the sockets ---- */

static void
udp_read(struct responder *r)
{
	struct answer origin = { .tcp = -1 };
	unsigned char query[QUERY_MAX];

	for (;;) {
		socklen_t peer_len = sizeof(origin.peer);
		ssize_t n = recvfrom(r->udp, query, sizeof(query), MSG_DONTWAIT,
		    (struct sockaddr *)&origin.peer, &peer_len);

		if (n < 0)
			return;
		answer(r, &origin, query, (size_t)n);
	}
}

static void
tcp_accept(struct responder *r)
{
	int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < TCP_MAX; i++) {
		if (r->tcp[i].fd < 0) {
			r->tcp[i].fd = fd;
			r->tcp[i].generation++;
			r->tcp[i].len = 0;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static void
tcp_read(struct responder *r, int index)
{
	struct tcp_connection *c = &r->tcp[index];
	struct answer origin = { .tcp = index, .generation = c->generation };
	ssize_t n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);

	if (n > 0)
		c->len += (size_t)n;
	while (n > 0 && c->len >= 2) {
		size_t len = (size_t)c->buf[0] << 8 | c->buf[1];

		if (len > QUERY_MAX)
			n = 0;
		if (len > c->len - 2)
			break;
		answer(r, &origin, c->buf + 2, len);
		c->len -= 2 + len;
		memmove(c->buf, c->buf + 2 + len, c->len);
	}
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
	}
}

static int
open_socket(int type, in_port_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), size = SOCKET_BUFFER;
	int on = 1;

	if (fd < 0)
		err(1, "socket");
	/* A port that was used a moment ago. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Bursts do not fit into the default; forcing it needs root. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 ||
	    (type == SOCK_STREAM && listen(fd, TCP_MAX) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * A port that is free for UDP may be taken for TCP: another one, then.  One
 * that is asked for may be someone's for a moment.
 */
static void
open_sockets(struct responder *r, in_port_t port)
{
	struct timespec moment = { 0, 50000000 };
	struct sockaddr_in a;
	socklen_t len;

	for (int i = 0; i < 200; i++) {
		len = sizeof(a);
		r->udp = open_socket(SOCK_DGRAM, port);
		if (r->udp >= 0 &&
		    getsockname(r->udp, (struct sockaddr *)&a, &len) != 0)
			err(1, "UDP socket");
		r->listener = r->udp >= 0 ?
		    open_socket(SOCK_STREAM, a.sin_port) : -1;
		if (r->listener >= 0) {
			printf("port %u\n", ntohs(a.sin_port));
			return;
		}
		if (r->udp >= 0)
			close(r->udp);
		if (port != 0)
			nanosleep(&moment, NULL);
	}
	errx(1, "no free port");
}

/* A line at a time, as run.sh writes them. */
static void
read_mode(struct responder *r)
{
	char line[32];
	ssize_t n = read(0, line, sizeof(line) - 1);

	if (n <= 0) {
		r->takes_modes = false;
		return;
	}
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++)
		if (strcmp(line, mode_names[i]) == 0)
			r->mode = (enum mode)i;
}

static void
wait_for_work(struct responder *r, const sigset_t *mask)
{
	struct pollfd fds[3 + TCP_MAX] = { { r->udp, POLLIN, 0 },
		{ r->listener, POLLIN, 0 } };
	struct timespec left;
	bool due = send_due(r, &left);

	for (int i = 0; i < TCP_MAX; i++)
		fds[2 + i] = (struct pollfd){ r->tcp[i].fd, POLLIN, 0 };
	fds[2 + TCP_MAX] = (struct pollfd){ r->takes_modes ? 0 : -1, POLLIN,
		0 };
	if (ppoll(fds, 3 + TCP_MAX, due ? &left : NULL, mask) <= 0)
		return;
	if (fds[0].revents != 0)
		udp_read(r);
	for (int i = 0; i < TCP_MAX; i++)
		if (fds[2 + i].revents != 0)
			tcp_read(r, i);
	if (fds[1].revents != 0)
		tcp_accept(r);
	if (fds[2 + TCP_MAX].revents != 0)
		read_mode(r);
}

/* SIGUSR1 comes only while the loop sleeps. */
static void
set_up_signals(sigset_t *while_sleeping)
{
	struct sigaction action = { .sa_handler = on_usr1 };
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	if (sigaction(SIGUSR1, &action, NULL) != 0 ||
	    sigprocmask(SIG_BLOCK, &usr1, while_sleeping) != 0)
		err(1, "signals");
	sigdelset(while_sleeping, SIGUSR1);
}

int
main(int argc, char **argv)
{
	static struct responder r;
	sigset_t while_sleeping;
	unsigned long port = 0;
	char *end;
	int option;
	long ms;

	while ((option = getopt(argc, argv, "mp:t:")) != -1) {
		if (option == 'm')
			r.takes_modes = true;
		else if (option == 'p')
			port = strtoul(optarg, NULL, 10);
		else if (option == 't')
			ttl = strtoul(optarg, NULL, 10);
		else
			errx(64, "usage: see the head of dns_responder.c");
	}
	if (port > 65535 || argc - optind != 2)
		errx(64, "usage: see the head of dns_responder.c");
	ms = strtol(argv[optind], &end, 10);
	if (*end != '\0' || ms < 0 || ms > 60000)
		errx(64, "%s: a delay in milliseconds", argv[optind]);
	r.delay = milliseconds(ms);
	r.zone = zone_read(argv[optind + 1]);
	for (int i = 0; i < TCP_MAX; i++)
		r.tcp[i].fd = -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Answers are due to the microsecond, not to the default 50. */
	(void)prctl(PR_SET_TIMERSLACK, 1000UL);
	set_up_signals(&while_sleeping);
	open_sockets(&r, htons((uint16_t)port));
	for (;;) {
		wait_for_work(&r, &while_sleeping);
		if (count_wanted) {
			count_wanted = 0;
			printf("queries %lu\n", r.queries);
			r.queries = 0;
		}
	}
}
