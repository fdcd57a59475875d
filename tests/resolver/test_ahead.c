/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions ahead of time: paths of senders, entries at their end, and that
 * neither comes in the way.
 */
#include "resolver/resolver.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/mem.h"
#include "resolver/cache_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/resolver/leap.h"
#include "tests/tap.h"

#define PATIENT	20000	/* ms */
#define HELD_MAX 1000
#define SHORT	100	/* s */
#define LONG	3000

static pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fakens_question held[HELD_MAX];
static size_t held_count;
static bool holding;
static _Atomic bool fail_next;
static char log_text[20000];	/* "a.test b.test " as they came */
static unsigned int seen;

static void
reply(const struct fakens_question *q)
{
	static struct dnsmsg m;
	uint32_t ttl = q->name[0] == '1' ? SHORT : LONG;
	bool fails = q->name[0] == 'x' || atomic_load(&fail_next);

	dnsmsg_begin(&m, q->id, fails ? 2 : 0, q->name, q->type);
	if (!fails)
		dnsmsg_a(&m, q->name, ttl, 1);
	if (q->type == DNS_TYPE_TXT && !atomic_load(&fail_next)) {
		dnsmsg_begin(&m, q->id, 0, q->name, q->type);
		dnsmsg_txt(&m, q->name, ttl, "t", 1);
	}
	fakens_send(q, &m);
}

/* "1...": for a short time; "x...": fails; the rest for a long one. */
static void
script(struct fakens_question *q)
{
	(void)pthread_mutex_lock(&server_lock);
	seen++;
	if (strlen(log_text) + strlen(q->name) + 2 < sizeof(log_text)) {
		strcat(log_text, q->name);
		strcat(log_text, " ");
	}
	if (holding && held_count < HELD_MAX)
		held[held_count++] = *q;
	else
		reply(q);
	(void)pthread_mutex_unlock(&server_lock);
}

static void
hold(bool on)
{
	size_t i;

	(void)pthread_mutex_lock(&server_lock);
	holding = on;
	for (i = 0; !on && i < held_count; i++)
		reply(&held[i]);
	held_count = 0;
	(void)pthread_mutex_unlock(&server_lock);
}

static unsigned int
seen_so_far(void)
{
	unsigned int n;

	(void)pthread_mutex_lock(&server_lock);
	n = seen;
	(void)pthread_mutex_unlock(&server_lock);
	return n;
}

/* How often the server was asked for it. */
static unsigned int
times(const char *name)
{
	unsigned int n = 0;
	char word[64];
	const char *p;

	(void)snprintf(word, sizeof(word), "%s ", name);
	(void)pthread_mutex_lock(&server_lock);
	for (p = log_text; (p = strstr(p, word)) != NULL; p += strlen(word))
		n++;
	(void)pthread_mutex_unlock(&server_lock);
	return n;
}

static void
forget(void)
{
	(void)pthread_mutex_lock(&server_lock);
	log_text[0] = '\0';
	seen = 0;
	(void)pthread_mutex_unlock(&server_lock);
}

/* Makes `names` (TXT) the path of `root`. */
static void
note(struct resolver *r, const char *root, const char *const *names,
    size_t count)
{
	struct dns_ledger *l = dns_ledger_new(100);
	size_t i;

	for (i = 0; i < count; i++) {
		(void)dns_ledger_ask(l, slice_str(names[i]), DNS_TYPE_TXT);
		dns_ledger_answer(dns_ledger_take_new(l), asker_fetch(r,
		    names[i], DNS_TYPE_TXT));
	}
	resolver_note_path(r, slice_str(root), dns_ledger_first(l));
	dns_ledger_free(l);
}

static const char *const tree[] = { "1a.test", "1b.test", "1c.test" };

static void
test_path(struct resolver *r)
{
	struct ask root = { .then = NULL }, part = { .then = NULL };
	size_t i;

	note(r, "1root.test", tree, 3);
	leap(SHORT + 1);
	forget();
	hold(true);
	asker_start(&root, r, "1root.test", DNS_TYPE_TXT);
	while (seen_so_far() < 4)
		(void)sched_yield();
	for (i = 0; i < 3; i++)
		is_num(times(tree[i]), 1, tree[i]);
	is_num((long long)asker_stats(r).guesses, 3, "three guesses");
	asker_start(&part, r, "1b.test", DNS_TYPE_TXT);
	hold(false);
	is_num(asker_wait(&part)->outcome, DNS_FOUND,
	    "who asks joins a guess");
	is_num(asker_wait(&root)->outcome, DNS_FOUND, "and the root");
	dns_answer_unref(part.answer);
	dns_answer_unref(root.answer);
	asker_wait_in_flight(r, 0);
	is_num(asker_outcome(r, "1c.test", DNS_TYPE_TXT), DNS_FOUND,
	    "the cache has what nobody waited for");
	is_num(times("1c.test") + times("1b.test"), 2, "one packet each");
}

/* What is in the cache is not asked for. */
static void
test_path_in_cache(struct resolver *r)
{
	static const char *const names[] = { "long.test", "1short.test" };

	note(r, "2root.test", names, 2);
	leap(SHORT + 1);
	forget();
	(void)asker_outcome(r, "2root.test", DNS_TYPE_TXT);
	asker_wait_in_flight(r, 0);
	is_num(times("1short.test"), 1, "what has run out is asked for");
	is_num(times("long.test"), 0, "what is there is not");
}

/* While others wait there are no guesses. */
static void
test_no_room(struct resolver *r)
{
	struct ask *asks = calloc(LIMIT_DNS_AHEAD_ROOM, sizeof(*asks));
	uint64_t before = asker_stats(r).guesses;
	size_t i, found = 0;
	char name[32];

	note(r, "3root.test", tree, 3);
	leap(SHORT + 1);
	forget();
	hold(true);
	for (i = 0; i < LIMIT_DNS_AHEAD_ROOM - 1; i++) {
		(void)snprintf(name, sizeof(name), "busy%zu.test", i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
	}
	asker_start(&asks[i], r, "3root.test", DNS_TYPE_TXT);
	is_num((long long)(asker_stats(r).guesses - before), 0, "none");
	hold(false);
	for (i = 0; i < LIMIT_DNS_AHEAD_ROOM; i++) {
		found += asker_wait(&asks[i])->outcome == DNS_FOUND;
		dns_answer_unref(asks[i].answer);
	}
	is_num((long long)found, LIMIT_DNS_AHEAD_ROOM, "all are answered");
	is_num(times("1a.test") + times("1b.test"), 0, "not asked");
	free(asks);
}

/* No memory for a guess: the question itself is answered. */
static void
test_no_memory(struct resolver *r)
{
	unsigned long n, wrong = 0;
	enum dns_outcome outcome;

	for (n = 0; n < 6; n++) {
		static const char *const names[] = { "1m.test" };
		char root[32];

		(void)snprintf(root, sizeof(root), "m%lu.test", n);
		note(r, root, names, 1);
		leap(SHORT + 1);
		mem_fail_after(n, 1);
		outcome = asker_outcome(r, root, DNS_TYPE_TXT);
		wrong += outcome != DNS_FOUND && outcome != DNS_NOT_ASKED;
		asker_wait_in_flight(r, 0);
		mem_fail_after(0, 0);
		wrong += asker_outcome(r, root, DNS_TYPE_TXT) != DNS_FOUND;
	}
	is_num((long long)wrong, 0, "found, at the latest when asked again");
}

/* ---- renewal ---- */

/* Asks until the server has seen the name `want` times; how many waited. */
static unsigned int
ask_until(struct resolver *r, const char *name, unsigned int want)
{
	unsigned int misses = 0;
	struct ask a;

	do {
		a = (struct ask){ .then = NULL };
		asker_start(&a, r, name, DNS_TYPE_TXT);
		(void)asker_wait(&a);
		misses += !a.at_once;
		dns_answer_unref(a.answer);
		(void)sched_yield();
	} while (times(name) < want);
	return misses;
}

static void
test_renewal(struct resolver *r)
{
	uint64_t before = asker_stats(r).renewals;
	unsigned int misses, i;

	forget();
	misses = ask_until(r, "1often.test", 1);
	for (i = 2; i <= 4; i++) {
		asker_wait_in_flight(r, 0);
		leap(SHORT / 2);
		misses += ask_until(r, "1often.test", i - 1);
		is_num((long long)(asker_stats(r).renewals - before), i - 2,
		    "half of its time is over: no renewal");
		leap(SHORT * 9 / 20);
		misses += ask_until(r, "1often.test", i);
	}
	is_num(misses, 1, "asked all the time: only the first one waits");
	is_num((long long)(asker_stats(r).renewals - before), 3, "renewals");
	asker_wait_in_flight(r, 0);
}

/* One question, however many ask in the last tenth. */
static void
test_renewal_once(struct resolver *r)
{
	unsigned int misses = 0, i;

	forget();
	(void)ask_until(r, "1once.test", 1);
	asker_wait_in_flight(r, 0);
	hold(true);
	leap(SHORT * 19 / 20);
	for (i = 0; i < 1000; i++)
		misses += ask_until(r, "1once.test", 2);
	is_num(misses, 0, "nobody waits for it");
	is_num(times("1once.test"), 2, "one question");
	hold(false);
	asker_wait_in_flight(r, 0);
}

/* Makes it an entry that is often asked for, in its last tenth. */
static void
make_due(struct resolver *r, const char *name)
{
	int i;

	for (i = 0; i < CACHE_OFTEN; i++)
		(void)asker_outcome(r, name, DNS_TYPE_TXT);
	leap(SHORT * 19 / 20);
}

/* While others wait nothing is renewed; but it is when they have gone. */
static void
test_renewal_without_room(struct resolver *r)
{
	struct ask *asks = calloc(LIMIT_DNS_AHEAD_ROOM, sizeof(*asks));
	uint64_t before;
	char name[32];
	size_t i;

	make_due(r, "1crowded.test");
	before = asker_stats(r).renewals;
	forget();
	hold(true);
	for (i = 0; i < LIMIT_DNS_AHEAD_ROOM; i++) {
		(void)snprintf(name, sizeof(name), "crowd%zu.test", i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
	}
	is_num(ask_until(r, "1crowded.test", 0), 0, "the cache has it");
	is_num((long long)(asker_stats(r).renewals - before), 0,
	    "no renewal beside so many");
	hold(false);
	for (i = 0; i < LIMIT_DNS_AHEAD_ROOM; i++)
		dns_answer_unref(asker_wait(&asks[i]));
	asker_wait_in_flight(r, 0);
	is_num(ask_until(r, "1crowded.test", 1), 0, "then there is one");
	is_num((long long)(asker_stats(r).renewals - before), 1, "and one");
	asker_wait_in_flight(r, 0);
	free(asks);
}

/* One question for an entry also when it fails. */
static void
test_renewal_fails(struct resolver *r)
{
	unsigned int misses = 0, i;

	make_due(r, "1fails.test");
	forget();
	fail_next = true;
	for (i = 0; i < 100; i++) {
		misses += ask_until(r, "1fails.test", i > 0);
		asker_wait_in_flight(r, 0);
	}
	fail_next = false;
	is_num(misses, 0, "the entry holds");
	is_num(times("1fails.test"), 1, "one question");
}

/* ---- when it ends ---- */

static void
test_free(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	struct ask root = { .then = NULL };

	note(r, "1root.test", tree, 3);
	leap(SHORT + 1);
	forget();
	hold(true);
	asker_start(&root, r, "1root.test", DNS_TYPE_TXT);
	while (seen_so_far() < 4)
		(void)sched_yield();
	resolver_free(r);
	is_num(asker_wait(&root)->outcome, DNS_NOT_ASKED, "told at the end");
	dns_answer_unref(root.answer);
	hold(false);
	fakens_stop(ns);
}

int
main(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);

	test_path(r);
	test_path_in_cache(r);
	test_no_room(r);
	test_no_memory(r);
	test_renewal(r);
	test_renewal_once(r);
	test_renewal_without_room(r);
	test_renewal_fails(r);
	resolver_free(r);
	fakens_stop(ns);
	test_free();
	return tap_done();
}
