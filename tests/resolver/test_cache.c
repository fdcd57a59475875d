/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/cache_internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

#define SECOND INT64_C(1000000)

static const struct dns_answer *
make(const char *name, enum dns_type type, enum dns_outcome outcome,
    uint32_t ttl, size_t text)
{
	struct dns_draft d;

	if (!dns_answer_new(type, slice_str(name),
	    outcome == DNS_FOUND ? 1 : 0, text, &d))
		abort();
	d.answer->outcome = outcome;
	d.answer->ttl = ttl;
	return d.answer;
}

static void
put(struct cache *c, const struct dns_answer *a, bool by_cname, int64_t now)
{
	cache_put(c, a, by_cname, now);
	dns_answer_unref(a);
}

/* The outcome, or -1 when it is not in the cache. */
static int
get(struct cache *c, const char *name, enum dns_type type, int64_t now)
{
	struct table_key key = table_key(slice_str(name), type);
	const struct dns_answer *a = cache_get(c, &key, now, NULL);
	int outcome = a != NULL ? (int)a->outcome : -1;

	dns_answer_unref(a);
	return outcome;
}

static const struct {
	enum dns_outcome outcome;
	uint32_t ttl;
	int64_t lives;		/* seconds */
} lives[] = {
	{ DNS_FOUND, 60, 60 },
	{ DNS_FOUND, 0, 0 },
	{ DNS_NO_DATA, 30, 30 },
	{ DNS_NO_DATA, 0, 0 },
	{ DNS_NO_NAME, 30, 30 },
	{ DNS_SERVER_FAILURE, 0, LIMIT_DNS_FAILURE_TTL },
	{ DNS_TIMEOUT, 0, LIMIT_DNS_FAILURE_TTL },
	{ DNS_MALFORMED, 0, LIMIT_DNS_FAILURE_TTL },
	{ DNS_NOT_ASKED, 0, 0 }
};

static void
test_lives(void)
{
	int64_t t = 1000 * SECOND, end;
	struct cache *c;
	size_t i;

	for (i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		c = cache_new(1 << 20);
		put(c, make("a.example", DNS_TYPE_TXT, lives[i].outcome,
		    lives[i].ttl, 0), false, t);
		end = t + lives[i].lives * SECOND;
		if (lives[i].lives > 0)
			is_num(get(c, "a.example", DNS_TYPE_TXT, end - 1),
			    lives[i].outcome, "there to its end");
		is_num(get(c, "a.example", DNS_TYPE_TXT, end), -1,
		    dns_outcome_name(lives[i].outcome));
		is_num((long long)cache_entries(c), 0, "and dropped");
		cache_free(c);
	}
}

static void
test_no_name(void)
{
	struct cache *c = cache_new(1 << 20);
	const struct dns_answer *a;
	struct dns_draft d;

	put(c, make("a.example", DNS_TYPE_TXT, DNS_NO_NAME, 60, 0), false,
	    0);
	is_num(get(c, "a.example", DNS_TYPE_MX, 1), DNS_NO_NAME,
	    "no name holds for all types");
	is_num(get(c, "b.a.example", DNS_TYPE_MX, 1), -1,
	    "not below, unless it is proven");
	put(c, make("f.example", DNS_TYPE_TXT, DNS_NO_DATA, 60, 0), false,
	    0);
	is_num(get(c, "f.example", DNS_TYPE_MX, 1), -1,
	    "no data holds for one type");

	if (!dns_answer_new(DNS_TYPE_A, SLICE("s.example"), 0, 0, &d))
		abort();
	d.answer->outcome = DNS_NO_NAME;
	d.answer->authenticated = true;
	d.answer->ttl = 60;
	a = dns_answer_ref(d.answer);
	put(c, d.answer, false, 0);
	is_num(get(c, "x.y.s.example", DNS_TYPE_MX, 1), DNS_NO_NAME,
	    "below, when proven");
	is_num(get(c, "s.example", DNS_TYPE_MX, 1), DNS_NO_NAME, "itself");
	is_num(get(c, "ts.example", DNS_TYPE_MX, 1), -1, "by whole labels");
	is_num(get(c, "example", DNS_TYPE_MX, 1), -1, "not above");
	is_num(get(c, "x.s.example", DNS_TYPE_MX, 60 * SECOND), -1,
	    "until it expires");
	put(c, a, true, 0);
	is_num(get(c, "s.example", DNS_TYPE_MX, 1), DNS_NO_NAME,
	    "by a CNAME: itself");
	is_num(get(c, "x.s.example", DNS_TYPE_MX, 1), -1,
	    "by a CNAME: not below");
	if (!dns_answer_new(DNS_TYPE_A, SLICE("s.example"), 0, 0, &d))
		abort();
	d.answer->outcome = DNS_NO_NAME;
	d.answer->authenticated = true;
	d.answer->ttl = 60;
	put(c, d.answer, false, 0);
	is_num(get(c, "x.s.example", DNS_TYPE_MX, 1), DNS_NO_NAME,
	    "proven again");
	put(c, make("s.example", DNS_TYPE_TXT, DNS_NO_NAME, 60, 0), false,
	    0);
	is_num(get(c, "x.s.example", DNS_TYPE_MX, 1), -1, "and not any more");
	is_num(get(c, "s.example", DNS_TYPE_MX, 1), DNS_NO_NAME, "but itself");
	cache_free(c);
}

static void
test_replace(void)
{
	struct cache *c = cache_new(1 << 20);
	size_t before = cache_bytes(c);

	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 100), false,
	    0);
	put(c, make("a.example", DNS_TYPE_TXT, DNS_NO_DATA, 60, 0), false,
	    0);
	is_num(get(c, "a.example", DNS_TYPE_TXT, 1), DNS_NO_DATA,
	    "the newer replaces");
	is_num((long long)cache_entries(c), 1, "one entry");
	(void)get(c, "a.example", DNS_TYPE_TXT, 60 * SECOND);
	is_num((long long)cache_bytes(c), (long long)before,
	    "no octets are left when it goes");
	cache_free(c);
}

/* A failure comes after an answer that holds: a renewal was in vain. */
static void
test_failure_replaces_nothing(void)
{
	struct cache *c = cache_new(1 << 20);

	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false, 0);
	put(c, make("a.example", DNS_TYPE_TXT, DNS_TIMEOUT, 0, 0), false, 1);
	is_num(get(c, "a.example", DNS_TYPE_TXT, 2), DNS_FOUND, "it stays");
	put(c, make("a.example", DNS_TYPE_TXT, DNS_TIMEOUT, 0, 0), false,
	    60 * SECOND);
	is_num(get(c, "a.example", DNS_TYPE_TXT, 60 * SECOND), DNS_TIMEOUT,
	    "until it has run out");
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false,
	    61 * SECOND);
	is_num(get(c, "a.example", DNS_TYPE_TXT, 61 * SECOND), DNS_FOUND,
	    "an answer replaces a failure");
	cache_free(c);
}

static bool
is_due(struct cache *c, const char *name, int64_t now)
{
	struct table_key key = table_key(slice_str(name), DNS_TYPE_TXT);
	bool due = false;

	dns_answer_unref(cache_get(c, &key, now, &due));
	return due;
}

static void
test_due(void)
{
	struct table_key a = table_key(SLICE("a.example"), DNS_TYPE_TXT),
	    no = table_key(SLICE("no.example"), DNS_TYPE_MX);
	int64_t late = 54 * SECOND;
	struct cache *c = cache_new(1 << 20);
	int i;

	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false, 0);
	put(c, make("no.example", DNS_TYPE_TXT, DNS_NO_NAME, 60, 0), false,
	    0);
	put(c, make("r.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false, 0);
	for (i = 0; i < CACHE_OFTEN - 2; i++)
		ok(!is_due(c, "r.example", late), "rarely asked");
	for (i = 0; i < CACHE_OFTEN; i++) {
		ok(!is_due(c, "a.example", late - 1), "not yet");
		(void)is_due(c, "no.example", 1);
	}
	ok(is_due(c, "a.example", late), "in its last tenth");
	ok(is_due(c, "a.example", late), "as long as nobody renews it");
	cache_note_renewal(c, &a, late);
	ok(!is_due(c, "a.example", late), "it is being renewed");
	ok(is_due(c, "no.example", late), "no such name, too");
	cache_note_renewal(c, &no, late);
	ok(!is_due(c, "no.example", late), "by a question of another type");
	ok(!is_due(c, "r.example", late), "one time less: rarely");
	ok(is_due(c, "r.example", late), "often enough");
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false,
	    late);
	ok(!is_due(c, "a.example", 2 * late), "a new one begins anew");
	ok(!is_due(c, "b.example", 2 * late), "what is not there is not due");
	cache_free(c);
}

/* The outcome that a failure becomes, or -1; the flags must be right. */
static int
stale(struct cache *c, const char *name, enum dns_type type, int64_t now)
{
	struct table_key key = table_key(slice_str(name), type);
	const struct dns_answer *a = cache_stale(c, &key, now);
	int outcome = a != NULL ? (int)a->outcome : -1;

	if (a != NULL && (!a->stale || a->authenticated || a->type != type ||
	    a->ttl != LIMIT_DNS_STALE_TTL || !slice_eq(a->name,
	    slice_str(name))))
		outcome = -2;
	dns_answer_unref(a);
	return outcome;
}

static struct cache *
stale_cache(void)
{
	struct cache *c = cache_new(1 << 20);

	cache_set_stale(c, 100 * SECOND);
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 10, 50), false, 0);
	put(c, make("no.example", DNS_TYPE_TXT, DNS_NO_NAME, 10, 0), false,
	    0);
	put(c, make("f.example", DNS_TYPE_TXT, DNS_TIMEOUT, 0, 0), false, 0);
	return c;
}

static void
test_stale(void)
{
	struct cache *c = stale_cache();

	is_num(get(c, "a.example", DNS_TYPE_TXT, 10 * SECOND), -1,
	    "an expired answer is none");
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 10 * SECOND), DNS_FOUND,
	    "but for a failure");
	is_num(get(c, "a.example", DNS_TYPE_TXT, 40 * SECOND - 1), DNS_FOUND,
	    "it holds for half a minute");
	is_num(get(c, "a.example", DNS_TYPE_TXT, 40 * SECOND), -1,
	    "then the servers are asked again");
	is_num(stale(c, "a.example", DNS_TYPE_MX, 40 * SECOND), -1,
	    "another type");
	is_num(stale(c, "no.example", DNS_TYPE_MX, 40 * SECOND), DNS_NO_NAME,
	    "no such name, for another type");
	is_num(stale(c, "f.example", DNS_TYPE_TXT, 40 * SECOND), -1,
	    "a failure is nothing to use");
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 110 * SECOND - 1),
	    DNS_FOUND, "to the end of the time allowed");
	is_num(get(c, "a.example", DNS_TYPE_TXT, 110 * SECOND), -1,
	    "no longer");
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 110 * SECOND), -1,
	    "and not again");
	cache_free(c);
}

/* What was said last is what is used. */
static void
test_stale_order(void)
{
	struct cache *c = stale_cache();

	put(c, make("a.example", DNS_TYPE_TXT, DNS_NO_NAME, 5, 0), false,
	    20 * SECOND);
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 30 * SECOND), DNS_NO_NAME,
	    "the name has gone since");
	put(c, make("no.example", DNS_TYPE_TXT, DNS_FOUND, 5, 10), false,
	    20 * SECOND);
	is_num(stale(c, "no.example", DNS_TYPE_TXT, 30 * SECOND), DNS_FOUND,
	    "the name has come since");
	cache_free(c);
	c = cache_new(1 << 20);
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 10, 50), false, 0);
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 10 * SECOND), -1,
	    "unless it is allowed: none");
	cache_free(c);
	c = stale_cache();
	mem_fail_after(0, 1);
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 10 * SECOND), -1,
	    "no memory: none");
	mem_fail_after(0, 0);
	is_num(stale(c, "a.example", DNS_TYPE_TXT, 10 * SECOND), DNS_FOUND,
	    "and it is still there");
	cache_free(c);
}

static void
test_holds(void)
{
	struct table_key a = table_key(SLICE("a.example"), DNS_TYPE_TXT);
	struct table_key no = table_key(SLICE("no.example"), DNS_TYPE_MX);
	struct cache *c = cache_new(1 << 20);

	ok(!cache_holds(c, &a, 0), "nothing yet");
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false, 0);
	put(c, make("no.example", DNS_TYPE_TXT, DNS_NO_NAME, 60, 0), false,
	    0);
	ok(cache_holds(c, &a, 60 * SECOND - 1), "to its end");
	ok(cache_holds(c, &no, 1), "no such name, asked by another type");
	ok(!cache_holds(c, &a, 60 * SECOND), "not longer");
	cache_free(c);
}

static void
test_eviction(void)
{
	size_t max = 64 << 10, most = 0;
	struct cache *c = cache_new(max);
	char name[32];
	int i, kept = 0;

	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		put(c, make(name, DNS_TYPE_TXT, DNS_FOUND, 60, 200), false,
		    0);
		if (cache_bytes(c) > most)
			most = cache_bytes(c);
		/* n0 is used all the time. */
		if (get(c, "n0.example", DNS_TYPE_TXT, 1) != DNS_FOUND)
			break;
	}
	is_num(i, 1000, "what is used stays");
	ok(most <= max && most > max - 1024, "used %zu of %zu octets", most,
	    max);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		if (get(c, name, DNS_TYPE_TXT, 1) == DNS_FOUND)
			kept++;
	}
	is_num(kept, (long long)cache_entries(c), "all entries are found");
	is_num(get(c, "n999.example", DNS_TYPE_TXT, 1), DNS_FOUND,
	    "the newest is there");
	is_num(get(c, "n1.example", DNS_TYPE_TXT, 1), -1,
	    "the oldest is not");
	put(c, make("big.example", DNS_TYPE_TXT, DNS_FOUND, 60, max), false,
	    0);
	is_num(get(c, "big.example", DNS_TYPE_TXT, 1), -1,
	    "larger than the cache");
	ok(cache_bytes(c) <= max, "and it still fits");
	cache_free(c);

	c = cache_new(0);
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false, 0);
	is_num(get(c, "a.example", DNS_TYPE_TXT, 1), -1, "a cache of 0");
	is_num((long long)cache_entries(c), 0, "keeps nothing");
	cache_free(c);
}

static void
test_no_memory(void)
{
	struct cache *c = NULL;
	unsigned long n;

	for (n = 0; n < 10 && c == NULL; n++) {
		mem_fail_after(n, 1);
		c = cache_new(1 << 20);
	}
	mem_fail_after(0, 0);
	is_num((long long)n, 3, "two allocations");
	mem_fail_after(1, 1);
	put(c, make("a.example", DNS_TYPE_TXT, DNS_FOUND, 60, 0), false, 0);
	mem_fail_after(0, 0);
	is_num(get(c, "a.example", DNS_TYPE_TXT, 1), -1,
	    "no memory: not kept");
	cache_free(c);
	cache_free(NULL);
}

int
main(void)
{
	test_lives();
	test_no_name();
	test_replace();
	test_failure_replaces_nothing();
	test_due();
	test_holds();
	test_stale();
	test_stale_order();
	test_eviction();
	test_no_memory();
	return tap_done();
}
