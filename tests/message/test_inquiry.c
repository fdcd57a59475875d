/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of one message, against a name server that this test plays: a
 * UDP socket whose queries are answered, or not, when the test says so.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "message/inquiry.h"
#include "tests/tap.h"

#define PACKET_MAX	1500
#define PATIENCE_MS	10000	/* bound of every wait */

static int server = -1;

static struct resolver *
start_resolver(const struct dns_zone *zone)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct resolver_options o = { .timeout_ms = PATIENCE_MS, .tries = 1,
		.cache_bytes = 1u << 20, .zone = zone };
	socklen_t len = sizeof(in);
	char name[32], why[256];
	struct slice nameserver;
	struct resolver *r;

	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(server, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    getsockname(server, (struct sockaddr *)&in, &len) != 0)
		return NULL;
	snprintf(name, sizeof(name), "127.0.0.1:%u", ntohs(in.sin_port));
	nameserver = slice_str(name);
	o.nameservers = &nameserver;
	o.nameserver_count = 1;
	r = resolver_new(&o, why, sizeof(why));
	if (r == NULL)
		printf("# %s\n", why);
	return r;
}

static void
stop_resolver(struct resolver *r)
{
	resolver_free(r);
	close(server);
}

/*
 * Answers the next query with one TXT record; false when none comes within
 * `patience_ms`.
 */
static bool
answer_one(int patience_ms)
{
	static const unsigned char record[] = { 0xc0, 12, 0, 16, 0, 1,
		0, 0, 0, 60, 0, 5, 4, 't', 'e', 'x', 't' };
	struct pollfd p = { .fd = server, .events = POLLIN };
	unsigned char packet[PACKET_MAX];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n, end;

	if (poll(&p, 1, patience_ms) != 1)
		return false;
	n = recvfrom(server, packet, sizeof(packet), 0,
	    (struct sockaddr *)&from, &len);
	if (n < 17 || (size_t)n > sizeof(packet) - sizeof(record))
		return false;
	packet[2] |= 0x80;			/* QR */
	memset(packet + 6, 0, 6);
	packet[7] = 1;				/* one answer */
	for (end = 12; end < n && packet[end] != 0; end += packet[end] + 1)
		continue;
	end += 5;				/* root, type, class */
	memcpy(packet + end, record, sizeof(record));
	return sendto(server, packet, (size_t)end + sizeof(record), 0,
	    (struct sockaddr *)&from, len) > 0;
}

/* A check of `depth` rounds; each asks `width` names of its own at once. */
struct rounds {
	unsigned int	depth, width;
	unsigned int	steps;
	enum dns_outcome last;
};

static bool
ask_rounds(void *arg, struct dns_ledger *ledger)
{
	struct rounds *r = arg;
	const struct dns_answer *answer;
	unsigned int round, i;
	bool all = true;
	char name[64];

	r->steps++;
	for (round = 0; round < r->depth && all; round++)
		for (i = 0; i < r->width; i++) {
			snprintf(name, sizeof(name), "n%u.r%u.example", i,
			    round);
			answer = dns_ledger_ask(ledger, slice_str(name),
			    DNS_TYPE_TXT);
			if (answer == NULL)
				all = false;
			else
				r->last = answer->outcome;
		}
	return all;
}

struct watch {
	atomic_uint	blocked;
	unsigned int	progressed;
};

static void
count_block(void *arg)
{
	atomic_fetch_add(&((struct watch *)arg)->blocked, 1);
}

static void
count_progress(void *arg)
{
	((struct watch *)arg)->progressed++;
}

static struct inquiry *
start(struct resolver *r, struct rounds *rounds)
{
	struct inquiry *q = inquiry_new(r, ask_rounds, rounds);

	inquiry_lock(q);
	inquiry_run(q);
	inquiry_unlock(q);
	return q;
}

/* A thread that answers from the time it may until it has to stop. */
struct answering {
	atomic_uint	*begin;		/* while 0 it waits; NULL: at once */
	atomic_bool	 stop;
};

static void *
answer_all(void *arg)
{
	struct answering *a = arg;

	while (!atomic_load(&a->stop)) {
		if (a->begin != NULL && atomic_load(a->begin) == 0)
			sched_yield();
		else
			(void)answer_one(10);
	}
	return NULL;
}

static void
test_rounds(void)
{
	struct resolver *r = start_resolver(NULL);
	struct rounds rounds = { .depth = 3, .width = 4 };
	struct watch w = { .progressed = 0 };
	struct inquiry_waiting waiting = { .blocks = count_block,
		.progress = count_progress, .progress_ms = PATIENCE_MS,
		.arg = &w };
	struct answering a = { .begin = &w.blocked };
	struct inquiry *q;
	pthread_t thread;

	q = start(r, &rounds);
	pthread_create(&thread, NULL, answer_all, &a);
	ok(inquiry_wait(q, PATIENCE_MS, &waiting) > 0, "it blocked");
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	is_num(rounds.last, DNS_FOUND, "three rounds are answered");
	is_num((long long)dns_ledger_count(inquiry_ledger(q)), 12,
	    "with twelve questions");
	is_num(atomic_load(&w.blocked), 1, "blocks() is called once");
	is_num(w.progressed, 0, "progress() not before its time");
	inquiry_free(q);
	/* The same names again: the cache has them. */
	rounds = (struct rounds){ .depth = 3, .width = 4 };
	q = start(r, &rounds);
	is_num(inquiry_wait(q, PATIENCE_MS, &waiting), 0,
	    "from the cache it does not block");
	is_num(rounds.steps, 2, "one step at the start, one at the end");
	inquiry_free(q);
	stop_resolver(r);
}

static void
test_deadline(void)
{
	struct resolver *r = start_resolver(NULL);
	struct rounds rounds = { .depth = 2, .width = 1 };
	struct watch w = { .progressed = 0 };
	struct inquiry_waiting waiting = { .blocks = count_block,
		.progress = count_progress, .progress_ms = 10, .arg = &w };
	struct inquiry *q = start(r, &rounds);
	const struct dns_entry *e;

	ok(inquiry_wait(q, 2000, &waiting) >= 2000000,
	    "a silent server costs the deadline");
	ok(w.progressed > 0, "the mail server hears of progress meanwhile");
	e = dns_ledger_first(inquiry_ledger(q));
	is_num(e->answer->outcome, DNS_TIMEOUT, "the open question timed out");
	is_num(rounds.last, DNS_NOT_ASKED, "what follows is not asked");
	answer_one(PATIENCE_MS);	/* late */
	inquiry_free(q);
	stop_resolver(r);
}

static void
test_free_in_flight(void)
{
	struct resolver *r = start_resolver(NULL);
	struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct answering a = { .begin = NULL };
	struct rounds rounds;
	struct inquiry *q;
	pthread_t thread;
	unsigned int i;

	pthread_create(&thread, NULL, answer_all, &a);
	for (i = 0; i < 200; i++) {
		rounds = (struct rounds){ .depth = 1 + i % 3,
			.width = 1 + i % 40 };
		q = start(r, &rounds);
		inquiry_free(q);
	}
	rounds = (struct rounds){ .depth = 3, .width = 40 };
	q = start(r, &rounds);
	inquiry_wait(q, PATIENCE_MS, &waiting);
	is_num(rounds.last, DNS_FOUND,
	    "200 inquiries freed in flight, and the next one is answered");
	inquiry_free(q);
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	stop_resolver(r);
}

static uint64_t
in_flight(struct resolver *r)
{
	struct resolver_stats s;

	resolver_get_stats(r, &s);
	return s.in_flight + s.waiting;
}

/* One message has so many questions at the resolver, and no more. */
static void
test_bound(void)
{
	struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct resolver *r = start_resolver(NULL);
	struct rounds rounds = { .depth = 1, .width = 60 };
	struct answering a = { .begin = NULL };
	struct inquiry *q = start(r, &rounds);
	pthread_t thread;

	is_num((long long)in_flight(r), LIMIT_DNS_MESSAGE,
	    "of 60 questions at the resolver");
	is_num((long long)dns_ledger_open(inquiry_ledger(q)), 60,
	    "the others are pending");
	pthread_create(&thread, NULL, answer_all, &a);
	inquiry_wait(q, PATIENCE_MS, &waiting);
	is_num(rounds.last, DNS_FOUND, "all are answered in the end");
	inquiry_free(q);
	rounds = (struct rounds){ .depth = 1, .width = 61 };
	q = start(r, &rounds);
	inquiry_free(q);
	ok(true, "freed with pending questions");
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	stop_resolver(r);
}

/* As if a message from the domain had asked for as much as is kept. */
static void
note_path(struct resolver *r, const char *root)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_PATH);
	struct dns_draft draft;
	struct dns_entry *e;
	unsigned int i;
	char name[100];

	for (i = 0; i < LIMIT_DNS_PATH; i++) {
		snprintf(name, sizeof(name), "x%u.%s", i, root);
		e = dns_ledger_enter(l, slice_str(name), DNS_TYPE_A);
		(void)dns_answer_new(DNS_TYPE_A, e->name, 0, 0, &draft);
		draft.answer->ttl = 60;
		dns_ledger_answer(e, draft.answer);
	}
	resolver_note_path(r, slice_str(root), dns_ledger_first(l));
	dns_ledger_free(l);
}

/* No record leads to more questions than were counted: the names in it may
   have paths, too. */
static void
test_paths(void)
{
	struct resolver *r = start_resolver(NULL);
	struct rounds rounds = { .depth = 1, .width = LIMIT_DNS_PATHS + 1 };
	struct resolver_stats stats;
	struct inquiry *q;
	unsigned int i;
	char name[64];

	for (i = 0; i < rounds.width; i++) {
		snprintf(name, sizeof(name), "n%u.r0.example", i);
		note_path(r, name);
	}
	q = start(r, &rounds);
	resolver_get_stats(r, &stats);
	is_num((long long)stats.guesses, LIMIT_DNS_PATHS * LIMIT_DNS_PATH,
	    "of so many paths of one message");
	is_num((long long)in_flight(r), LIMIT_DNS_PATHS * LIMIT_DNS_PATH +
	    LIMIT_DNS_PATHS + 1, "beside its own questions");
	inquiry_free(q);
	stop_resolver(r);
}

/* Names of a message, at most `count` of each kind. */
struct kinds {
	unsigned int	hosts, records, keys;
};

static bool
ask_each(struct dns_ledger *ledger, const char *before, const char *after,
    unsigned int count)
{
	bool all = true;
	char name[64];
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s%u.%s", before, i, after);
		all = dns_ledger_ask(ledger, slice_str(name), DNS_TYPE_TXT) !=
		    NULL && all;
	}
	return all;
}

static bool
ask_kinds(void *arg, struct dns_ledger *ledger)
{
	const struct kinds *k = arg;
	bool hosts = ask_each(ledger, "n", "hosts.example", k->hosts);
	bool records = ask_each(ledger, "_dmarc.d", "example", k->records);

	return ask_each(ledger, "s._domainkey.d", "author.example",
	    k->keys) && hosts && records;
}

/*
 * What decides has places of its own, so many and no more; keys are among it
 * once it is known whose message it is.
 */
static const struct {
	const char	*name;
	struct kinds	 asked;
	bool		 author;
	size_t		 want;
} deciding[] = {
	{ "others alone", { LIMIT_DNS_MESSAGE + 1, 0, 0 }, false,
	    LIMIT_DNS_MESSAGE },
	{ "records at the limit", { LIMIT_DNS_MESSAGE + 1,
	    LIMIT_DNS_DECIDING, 0 }, false,
	    LIMIT_DNS_MESSAGE + LIMIT_DNS_DECIDING },
	{ "one record past it", { LIMIT_DNS_MESSAGE + 1,
	    LIMIT_DNS_DECIDING + 1, 0 }, false,
	    LIMIT_DNS_MESSAGE + LIMIT_DNS_DECIDING },
	{ "keys of an author who is not known", { LIMIT_DNS_MESSAGE, 1, 3 },
	    false, LIMIT_DNS_MESSAGE + 1 },
	{ "his keys", { LIMIT_DNS_MESSAGE, 1, 3 }, true,
	    LIMIT_DNS_MESSAGE + 1 + 3 },
	{ "his keys, one past the limit", { LIMIT_DNS_MESSAGE, 1,
	    LIMIT_DNS_DECIDING }, true,
	    LIMIT_DNS_MESSAGE + LIMIT_DNS_DECIDING }
};

static void
test_deciding(void)
{
	struct resolver *r;
	struct domain author;
	struct inquiry *q;
	size_t i;

	for (i = 0; i < sizeof(deciding) / sizeof(deciding[0]); i++) {
		struct kinds asked = deciding[i].asked;

		r = start_resolver(NULL);
		q = inquiry_new(r, ask_kinds, &asked);
		inquiry_lock(q);
		inquiry_run(q);
		inquiry_unlock(q);
		if (deciding[i].author &&
		    domain_parse(SLICE("mail.author.example"), &author))
			inquiry_set_author(q, domain_slice(&author));
		is_num((long long)in_flight(r), (long long)deciding[i].want,
		    deciding[i].name);
		inquiry_free(q);
		stop_resolver(r);
	}
}

/* Whoever holds a message's lock does not keep others from their answers. */
static void
test_locked(void)
{
	struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct resolver *r = start_resolver(NULL);
	struct rounds mine = { .depth = 1, .width = 3 },
	    other = { .depth = 3, .width = 5 };
	struct answering a = { .begin = NULL };
	struct inquiry *q = start(r, &mine), *p;
	pthread_t thread;
	unsigned int steps;

	inquiry_lock(q);
	steps = mine.steps;
	pthread_create(&thread, NULL, answer_all, &a);
	p = inquiry_new(r, ask_rounds, &other);
	inquiry_wait(p, PATIENCE_MS, &waiting);
	is_num(other.last, DNS_FOUND, "the other one has its three rounds");
	is_num(mine.steps, steps, "while the locked one stood still");
	inquiry_unlock(q);
	inquiry_wait(q, PATIENCE_MS, &waiting);
	is_num(mine.last, DNS_FOUND, "and then had its own");
	inquiry_free(p);
	inquiry_free(q);
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	stop_resolver(r);
}

static void
test_zone(void)
{
	struct dns_zone *zone = dns_zone_new();
	struct rounds rounds = { .depth = 2, .width = 2 };
	struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct resolver *r;
	struct inquiry *q;

	dns_zone_add(zone, SLICE("n0.r0.example"), DNS_TYPE_TXT, 0,
	    SLICE("text"));
	r = start_resolver(zone);
	q = start(r, &rounds);
	is_num(inquiry_wait(q, PATIENCE_MS, &waiting), 0,
	    "a zone answers at once");
	is_num(dns_ledger_first(inquiry_ledger(q))->answer->outcome,
	    DNS_FOUND, "what it has");
	is_num(rounds.last, DNS_NO_NAME, "and what it has not");
	inquiry_free(q);
	stop_resolver(r);
	dns_zone_free(zone);
}

int
main(void)
{
	test_rounds();
	test_deadline();
	test_free_in_flight();
	test_bound();
	test_paths();
	test_deciding();
	test_locked();
	test_zone();
	return tap_done();
}
