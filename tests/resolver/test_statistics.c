/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/statistics.h"

#include "resolver/statistics_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define PATIENT	20000	/* ms */
#define SHORT	3000

/* ---- histograms ---- */

static void
test_buckets(void)
{
	static const struct { int64_t us; size_t bucket; } rows[] = {
		{ -5, 0 }, { 0, 0 }, { 100, 0 }, { 101, 1 }, { 200, 1 },
		{ 201, 2 }, { 20000000, STATISTICS_BUCKETS - 2 },
		{ 20000001, STATISTICS_BUCKETS - 1 },
		{ INT64_MAX, STATISTICS_BUCKETS - 1 }
	};
	uint64_t counts[STATISTICS_BUCKETS];
	struct statistics_times t;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = (struct statistics_times){ .sum_us = 0 };
		statistics_add(&t, rows[i].us);
		statistics_buckets(&t, counts);
		ok(counts[rows[i].bucket] == 1 && statistics_count(&t) == 1,
		    "%lld us", (long long)rows[i].us);
	}
}

static void
test_percentiles(void)
{
	struct statistics_times t = { .sum_us = 0 };
	int i;

	is_num((long long)statistics_percentile(&t, 50), 0, "of nothing");
	for (i = 0; i < 90; i++)
		statistics_add(&t, 1500);
	for (i = 0; i < 10; i++)
		statistics_add(&t, 15000);
	is_num((long long)statistics_percentile(&t, 45), 1475,
	    "in the middle of its part");
	is_num((long long)statistics_percentile(&t, 90), 1500, "at its end");
	is_num((long long)statistics_percentile(&t, 95), 14750, "the next");
	is_num((long long)statistics_percentile(&t, 100), 15000, "all");
	is_num((long long)t.sum_us, 90 * 1500 + 10 * 15000, "the sum");
	statistics_add(&t, INT64_C(30000000));
	is_num((long long)statistics_percentile(&t, 100), 20000000,
	    "above all bounds");
}

/* All took the same time: each percentile is that, or nearly. */
static void
test_precision(void)
{
	struct statistics_times t;
	int64_t us, least, most;
	int bad = 0;

	for (us = 101; us <= 20000000; us += us / 64) {
		t = (struct statistics_times){ .sum_us = 0 };
		statistics_add(&t, us);
		statistics_add(&t, us);
		least = statistics_percentile(&t, 0);
		most = statistics_percentile(&t, 100);
		bad += least >= us || most < us ||
		    (most - least) * 1000 > us * 75 ||
		    statistics_percentile(&t, 50) != (least + most) / 2;
	}
	is_num(bad, 0, "7.5 %% of a time at most");
	t = (struct statistics_times){ .sum_us = 0 };
	statistics_add(&t, -1);
	is_num((long long)statistics_percentile(&t, 100), 5, "none at all");
}

/* ---- slow domains ---- */

static struct statistics_slow slow;

static void
note(const char *name, int64_t ms, bool answered)
{
	statistics_note_slow(&slow, slice_str(name), ms * 1000, answered);
}

static void
test_slow(void)
{
	char name[32];
	int i;

	note("a.example.com", 99, true);
	is_num((long long)slow.count, 0, "what is fast does not count");
	note("a.example.com", 100, true);
	note("b.c.example.com", 300, false);
	note("x.example.co.uk", 200, true);
	is_num((long long)slow.count, 2, "two domains");
	is_str(slow.domains[0].name, "example.com", "its name");
	is_str(slow.domains[1].name, "example.co.uk", "and below co.uk");
	ok(slow.domains[0].questions == 2 && slow.domains[0].unanswered == 1 &&
	    slow.domains[0].total_us == 400000 &&
	    slow.domains[0].longest_us == 300000, "what was counted");
	note("com", 500, true);
	is_num((long long)slow.count, 2, "a top level is no domain");
	for (i = 0; i < LIMIT_DNS_SLOW_DOMAINS - 2; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		note(name, 150, true);
	}
	is_num((long long)slow.count, LIMIT_DNS_SLOW_DOMAINS, "full");
	is_str(slow.domains[LIMIT_DNS_SLOW_DOMAINS - 1].name, name,
	    "the last one is there");
	note("more.example", 120, true);
	is_num((long long)slow.count, LIMIT_DNS_SLOW_DOMAINS, "no more");
	is_str(slow.domains[0].name, "example.com", "what took most stays");
	is_str(slow.domains[2].name, "more.example", "what took least goes");
}

/* ---- a resolver ---- */

static void
script(struct fakens_question *q)
{
	static struct dnsmsg m;

	if (q->name[0] == 's')
		return;
	dnsmsg_begin(&m, q->id, q->name[0] == 'f' ? 2 : 0, q->name, q->type);
	if (q->name[0] == 'a')
		dnsmsg_a(&m, q->name, 300, 1);
	else if (q->name[0] == 'b')
		m.bytes[7] = 9;
	fakens_send(q, &m);
}

/*
 * c-ares 1.34 gives up early on a server that has been fast, if it has learnt
 * that it is.  A question that came back for that would be sent, and take a
 * place, several times in a try.
 */
static void
test_sent_once(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, SHORT,
	    1);
	struct resolver_statistics before, now;
	char name[32];
	int i;

	for (i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "a%d.test", i);
		(void)asker_outcome(r, name, DNS_TYPE_A);
	}
	resolver_statistics(r, &before);
	is_num(asker_outcome(r, "s.silent.test", DNS_TYPE_A), DNS_TIMEOUT,
	    "silent, after twenty fast ones");
	resolver_statistics(r, &now);
	is_num((long long)(now.servers[0].sent - before.servers[0].sent), 1,
	    "sent once in one try");
	is_num((long long)now.totals.retries, 0, "not again");
	resolver_free(r);
	fakens_stop(ns);
}

static void
test_server(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, SHORT,
	    1);
	struct resolver_statistics now, before;
	const struct statistics_server *s = &now.servers[0];
	struct statistics_domain domains[2];

	(void)asker_outcome(r, "a.test", DNS_TYPE_A);
	(void)asker_outcome(r, "a.test", DNS_TYPE_A);
	resolver_statistics(r, &before);
	(void)asker_outcome(r, "a2.test", DNS_TYPE_A);
	(void)asker_outcome(r, "f.test", DNS_TYPE_A);
	(void)asker_outcome(r, "b.test", DNS_TYPE_A);
	(void)asker_outcome(r, "s.silent.test", DNS_TYPE_A);
	resolver_statistics(r, &now);
	is_num((long long)now.server_count, 1, "one server");
	is_str(s->address, fakens_address(ns), "its address");
	/* c-ares 1.18 takes a broken answer for an answer, 1.34 asks again. */
	ok(s->sent == 4 + s->broken && s->answered == 3 + s->broken &&
	    s->broken >= 1 && s->failures == 1 && s->timeouts == 1 &&
	    s->unreachable == 0,
	    "sent %d answered %d failures %d broken %d timeouts %d "
	    "unreachable %d", (int)s->sent, (int)s->answered,
	    (int)s->failures, (int)s->broken, (int)s->timeouts,
	    (int)s->unreachable);
	is_num((long long)statistics_count(&s->times),
	    (long long)s->answered, "times of answers");
	is_num((long long)statistics_count(&now.times), 5, "and of queries");
	ok(s->in_flight == 0 && s->waiting == 0, "nothing is under way");
	ok(asker_wait_no_sockets(r), "the sockets are closed");
	is_num((long long)now.totals.cache_hits, 1, "the totals");
	statistics_since(&now, &before);
	ok(s->sent == 3 + s->broken && s->answered == 2 + s->broken &&
	    now.totals.asked == 4 &&
	    now.totals.cache_hits == 0 && statistics_count(&now.times) == 4,
	    "since the last time");
	is_num((long long)resolver_slow_domains(r, true, domains, 2), 1,
	    "one slow domain");
	ok(strcmp(domains[0].name, "silent.test") == 0 &&
	    domains[0].unanswered == 1, "the silent one");
	is_num((long long)resolver_slow_domains(r, false, domains, 2), 0,
	    "forgotten");
	resolver_free(r);
	fakens_stop(ns);
}

static void
script_silent(struct fakens_question *q)
{
	(void)q;
}

static void
test_now(void)
{
	struct fakens *ns = fakens_start(script_silent, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, PATIENT,
	    1);
	struct resolver_statistics now;
	struct ask asks[3] = { { .then = NULL } };
	size_t i;

	asker_start(&asks[0], r, "s0.test", DNS_TYPE_A);
	asker_start(&asks[1], r, "s1.test", DNS_TYPE_A);
	asker_start(&asks[2], r, "s2.test", DNS_TYPE_A);
	do
		resolver_statistics(r, &now);
	while (now.servers[0].in_flight < 3 || now.servers[0].sockets == 0);
	ok(now.servers[0].sockets <= 3, "%d sockets for three questions",
	    (int)now.servers[0].sockets);
	resolver_free(r);
	for (i = 0; i < 3; i++)
		dns_answer_unref(asks[i].answer);
	fakens_stop(ns);
	ns = fakens_start(script_silent, FAKENS_NO_TCP);
	r = asker_resolver("127.0.0.1:1", NULL, PATIENT, 1);
	(void)asker_outcome(r, "a.test", DNS_TYPE_A);
	resolver_statistics(r, &now);
	ok(now.servers[0].unreachable >= 1 && now.servers[0].failed,
	    "a port that refuses");
	resolver_free(r);
	fakens_stop(ns);
}

/* The slowest come first, whatever their order. */
static void
test_order(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, SHORT,
	    1);
	static const char *const names[] = { "s.one.test", "s1.three.test",
		"s.two.test", "s2.three.test", "s2.two.test",
		"s3.three.test" };
	struct ask asks[6] = { { .then = NULL } };
	struct statistics_domain d[3];
	int i;

	/* At once: what holds up one of them does so with all. */
	for (i = 0; i < 6; i++)
		asker_start(&asks[i], r, names[i], DNS_TYPE_A);
	for (i = 0; i < 6; i++)
		dns_answer_unref(asker_wait(&asks[i]));
	is_num((long long)resolver_slow_domains(r, false, d, 2), 2,
	    "no more than there is room for");
	is_str(d[0].name, "three.test", "the first");
	is_str(d[1].name, "two.test", "the second");
	is_num((long long)resolver_slow_domains(r, false, d, 3), 3, "all");
	is_str(d[2].name, "one.test", "the third");
	resolver_free(r);
	fakens_stop(ns);
}

int
main(void)
{
	test_buckets();
	test_percentiles();
	test_precision();
	test_slow();
	test_server();
	test_sent_once();
	test_now();
	test_order();
	return tap_done();
}
