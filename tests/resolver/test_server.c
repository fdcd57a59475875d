/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/server_internal.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/tap.h"

#define NOW (100 * SERVER_PROBE_US)

/*
 * Health of three servers ('.' well, 'x' failed), how often each was asked
 * ('a': has answered with a failure), and which is picked (3: none).
 */
static const struct {
	const char *health;
	const char *asked;
	size_t want;
} picks[] = {
	{ "...", "000", 0 },
	{ "...", "100", 1 },
	{ "...", "110", 2 },
	{ "...", "111", 0 },
	{ "...", "211", 1 },
	{ "x..", "000", 1 },
	{ "xx.", "000", 2 },
	{ "xxx", "000", 0 },
	{ "x..", "010", 2 },
	{ "x..", "011", 0 },
	{ "x..", "111", 1 },
	{ "xx.", "001", 0 },
	{ "...", "a00", 1 },
	{ "...", "aa0", 2 },
	{ "...", "aaa", 3 },
	{ "x..", "0aa", 0 },
	{ "...", "a1a", 1 }
};

static void
test_picks(void)
{
	struct server servers[3];
	struct server_tries tries;
	size_t i, n, got;

	for (i = 0; i < sizeof(picks) / sizeof(picks[0]); i++) {
		memset(servers, 0, sizeof(servers));
		memset(&tries, 0, sizeof(tries));
		for (n = 0; n < 3; n++) {
			servers[n].health.failed = picks[i].health[n] != '.';
			tries.answered[n] = picks[i].asked[n] == 'a';
			if (!tries.answered[n])
				tries.asked[n] = (unsigned int)
				    (picks[i].asked[n] - '0');
		}
		got = server_pick(servers, 3, &tries);
		ok(got == picks[i].want, "%s %s: %zu", picks[i].health,
		    picks[i].asked, got);
	}
}

static void
test_probe(void)
{
	struct server servers[3] = { { .timeout_ms = 0 } };
	struct server_tries tries = { 0 };
	int64_t later = NOW + SERVER_PROBE_US;

	ok(server_note_silence(&servers[0].health, NOW - 1, NOW),
	    "newly failed");
	ok(!server_note_silence(&servers[0].health, NOW - 1, NOW),
	    "no news");
	(void)server_note_silence(&servers[2].health, NOW - 1, NOW);
	is_num((long long)server_pick_probe(servers, 3, later - 1), 3,
	    "not at once");
	is_num((long long)server_pick(servers, 3, &tries), 1,
	    "another one is picked");
	is_num((long long)server_pick_probe(servers, 3, later), 0,
	    "one is probed");
	is_num((long long)server_pick_probe(servers, 3, later), 2,
	    "then the other");
	is_num((long long)server_pick_probe(servers, 3, later), 3, "once");
	is_num((long long)server_pick_probe(servers, 3,
	    later + SERVER_PROBE_US), 0, "after a while, again");
	server_note_answer(&servers[0].health, NOW, later);
	is_num((long long)server_pick(servers, 3, &tries), 0,
	    "an answer heals it");
}

static void
test_notes(void)
{
	struct server_health h = { 0 };

	server_note_answer(&h, NOW - 1, NOW);
	ok(!server_note_silence(&h, NOW - 5, NOW + 10) && !h.failed,
	    "it has answered since: the name is slow");
	ok(server_note_silence(&h, NOW + 5, NOW + 10) && h.failed,
	    "it has not: failed");
	(void)server_note_unreachable(&h, NOW + 12);
	is_num((long long)h.outages, 1, "for the first time");
	server_note_answer(&h, NOW + 15, NOW + 20);
	ok(server_note_unreachable(&h, NOW + 30) && h.failed,
	    "not reachable: failed");
	is_num((long long)h.outages, 2, "for the second time");
	is_num(h.pause_us, NOW + 30 + SERVER_PAUSE_US, "and left alone");
}

/* Who is late with all is not held against a name. */
static void
test_heard(void)
{
	struct server_health h = { 0 };

	server_note_answer(&h, NOW, NOW + 3 * SERVER_SILENT_US);
	ok(!server_is_heard(&h, NOW), "what is asked later is not answered");
	ok(!server_is_heard(&h, NOW - SERVER_SLOW_US + 1), "nor is it here");
	ok(server_is_heard(&h, NOW - SERVER_SLOW_US), "it is");
	server_note_answer(&h, NOW - 1, NOW + 4 * SERVER_SILENT_US);
	ok(server_is_heard(&h, NOW - SERVER_SLOW_US),
	    "an older one changes nothing");
}

/* A channel that gets all that it may, and how many are open then. */
static struct server_channel *
fill_one(struct server *s, size_t *open)
{
	struct server_channel *c = server_channel(s, SERVER_UDP, NOW);

	if (c != NULL)
		c->sent = c->in_flight = SERVER_CHANNEL_QUERIES;
	*open = s->open;
	return c;
}

static void
drain(struct server_channel *c)
{
	if (c != NULL)
		c->sent = c->in_flight = 0;
}

/* All channels are full, and `c` was used last. */
static void
test_stuck(struct server *s, struct server_channel *c)
{
	const int64_t slow = NOW + SERVER_SLOW_US;

	c->used_us++;
	ok(server_stuck(s, slow - 1) == NULL, "answers may still come");
	ok(server_stuck(s, slow) != NULL && server_stuck(s, slow) != c,
	    "they have not, and the last one is not as far");
	ok(server_stuck(s, slow + 1) == c, "the one used last");
	server_moved(c);
	ok(server_stuck(s, slow + 1) == NULL, "not while another has room");
	ok(server_channel(s, SERVER_UDP_SLOW, NOW) == c && c->slow,
	    "that is for the slow ones, for there is no other");
	c->sent = c->in_flight = 1;
	ok(server_channel(s, SERVER_UDP_SLOW, NOW) == c, "and their next");
	ok(server_channel(s, SERVER_UDP, NOW) != c, "but for no others");
	ok(server_stuck(s, slow) != c, "it is left alone");
	server_landed(c);
	ok(!c->slow && server_channel(s, SERVER_UDP, NOW) == c,
	    "until all have landed");
	c->sent = 1;
	ok(server_channel(s, SERVER_UDP_SLOW, NOW) == c && c->slow,
	    "then again, by a port that is parked");
	c->slow = false;
	c->sent = 0;
}

/* A channel costs memory: none is opened while another has room. */
static void
test_few_channels(void)
{
	struct server *s = mem_alloc(sizeof(*s));
	const struct nameserver where = { .port = 53,
		.addr = { .family = IPADDR_V4, .bytes = { 127, 0, 0, 1 } } };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct server_channel *a, *b, *first;
	size_t i, open = 0, turns = 0;

	if (s == NULL || epoll == -1 ||
	    server_open(s, &where, 1000, epoll, 0) != NULL)
		abort();
	a = first = fill_one(s, &open);
	is_num((long long)open, 2, "one of each path at first");
	b = fill_one(s, &open);
	ok(b != a && open == 3, "another when it has its share");
	for (i = 0; i < (size_t)3 * SERVER_CHANNELS; i++) {
		drain(a);
		a = b;
		b = fill_one(s, &open);
		turns += b == first;
	}
	ok(open == 3 && turns > SERVER_CHANNELS,
	    "no more, and they take turns");
	for (i = 2; i < SERVER_CHANNELS; i++)
		a = fill_one(s, &open);
	ok(a != NULL && open == 1 + SERVER_CHANNELS, "all when it takes all");
	b->in_flight = 1;
	ok(server_channel(s, SERVER_UDP, NOW) == b,
	    "then that with the fewest to come goes on");
	test_stuck(s, a);
	server_close(s);
	server_fini(s);
	mem_free(s);
	(void)close(epoll);
}

int
main(void)
{
	test_picks();
	test_probe();
	test_notes();
	test_heard();
	test_few_channels();
	return tap_done();
}
