/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expired answers (RFC 8767): after which ends of a query they are used, and
 * after which they are not.
 */
#include "resolver/resolver.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "resolver/query_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/resolver/leap.h"
#include "tests/tap.h"

#define TIMEOUT	3000	/* ms */
#define TTL	100	/* s */
#define KEPT	1000	/* s */
#define SERVFAIL 2
#define NO_NAME	3
#define REFUSED	5

/* ---- what the server does from now on ---- */

static struct dnsmsg out;
static _Atomic unsigned int flags;	/* of its answers */

static void
do_well(struct fakens_question *q)
{
	dnsmsg_begin(&out, q->id, DNSMSG_AD, q->name, q->type);
	dnsmsg_a(&out, q->name, TTL, 1);
	fakens_send(q, &out);
}

/* No records, and the flags. */
static void
do_empty(struct fakens_question *q)
{
	dnsmsg_begin(&out, q->id, flags, q->name, q->type);
	fakens_send(q, &out);
}

static void
do_silent(struct fakens_question *q)
{
	(void)q;
}

/* It says that there is a record, and has none. */
static void
do_broken(struct fakens_question *q)
{
	dnsmsg_begin(&out, q->id, 0, q->name, q->type);
	out.bytes[7] = 1;
	fakens_send(q, &out);
}

/* One link more than is followed. */
static void
do_excess(struct fakens_question *q)
{
	char from[sizeof(q->name)], to[sizeof(q->name)];
	int i;

	dnsmsg_begin(&out, q->id, 0, q->name, q->type);
	(void)snprintf(to, sizeof(to), "%s", q->name);
	for (i = 0; i < LIMIT_DNS_CNAMES + 1; i++) {
		(void)snprintf(from, sizeof(from), "%s", to);
		(void)snprintf(to, sizeof(to), "c%d.test", i);
		dnsmsg_target(&out, DNSMSG_AN, from, 5, TTL, to);
	}
	dnsmsg_a(&out, to, TTL, 1);
	fakens_send(q, &out);
}

static _Atomic(fakens_script *) doing = do_well;

static void
script(struct fakens_question *q)
{
	fakens_script *now = atomic_load(&doing);

	now(q);
}

/* ---- what comes of it ---- */

static const struct row {
	const char *name;
	fakens_script *does;
	unsigned int flags;
	enum dns_outcome outcome;
	bool stale;
} rows[] = {
	{ "failure.test", do_empty, SERVFAIL, DNS_FOUND, true },
	{ "refused.test", do_empty, REFUSED, DNS_FOUND, true },
	{ "silent.test", do_silent, 0, DNS_FOUND, true },
	{ "broken.test", do_broken, 0, DNS_FOUND, true },
	/* It has answered, and the answer is another one now. */
	{ "none.test", do_empty, NO_NAME, DNS_NO_NAME, false },
	{ "nodata.test", do_empty, 0, DNS_NO_DATA, false },
	{ "excess.test", do_excess, 0, DNS_MALFORMED, false },
	{ "well.test", do_well, 0, DNS_FOUND, false }
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
check(struct resolver *r, const struct row *row, const char *what)
{
	uint64_t before = asker_stats(r).stale;
	const struct dns_answer *a;

	atomic_store(&flags, row->flags);
	atomic_store(&doing, row->does);
	a = asker_fetch(r, row->name, DNS_TYPE_A);
	ok(a->outcome == row->outcome && a->stale == row->stale,
	    "%s, %s: %s%s", row->name, what, dns_outcome_name(a->outcome),
	    a->stale ? ", stale" : "");
	ok(!a->stale || !a->authenticated, "never authenticated if stale");
	is_num((long long)(asker_stats(r).stale - before), a->stale,
	    "as counted");
	dns_answer_unref(a);
}

static void
test_ends(struct resolver *r, const char *what)
{
	size_t i;

	atomic_store(&doing, do_well);
	for (i = 0; i < ROWS; i++)
		(void)asker_outcome(r, rows[i].name, DNS_TYPE_A);
	leap(TTL + 1);
	for (i = 0; i < ROWS; i++)
		check(r, &rows[i], what);
}

/* No end of a query takes away what is kept for the next one. */
static void
test_one_after_the_other(struct resolver *r)
{
	static const struct row ends[] = {
		{ "kept.test", do_broken, 0, DNS_FOUND, true },
		{ "kept.test", do_empty, SERVFAIL, DNS_FOUND, true },
		{ "kept.test", do_silent, 0, DNS_FOUND, true },
		{ "kept.test", do_well, 0, DNS_FOUND, false }
	};
	size_t i;

	atomic_store(&doing, do_well);
	(void)asker_outcome(r, "kept.test", DNS_TYPE_A);
	leap(TTL + 1);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		check(r, &ends[i], "one after the other");
		leap(LIMIT_DNS_STALE_TTL + 1);
	}
}

/* An entry that still holds when its renewal fails is no stale one. */
static void
test_renewal(struct resolver *r)
{
	const struct dns_answer *a;
	uint64_t before;
	int i;

	atomic_store(&doing, do_well);
	(void)asker_outcome(r, "often.test", DNS_TYPE_A);
	leap(TTL * 19 / 20);
	atomic_store(&flags, SERVFAIL);
	atomic_store(&doing, do_empty);
	before = asker_stats(r).stale;
	for (i = 0; i < 10; i++) {
		a = asker_fetch(r, "often.test", DNS_TYPE_A);
		ok(a->outcome == DNS_FOUND && !a->stale, "it still holds");
		dns_answer_unref(a);
		asker_wait_in_flight(r, 0);
	}
	is_num((long long)(asker_stats(r).stale - before), 0,
	    "a renewal that fails uses none");
	leap(TTL);
	check(r, &(struct row){ "often.test", do_empty, SERVFAIL, DNS_FOUND,
	    true }, "later");
}

static void
test_kept_until(struct resolver *r)
{
	atomic_store(&doing, do_well);
	(void)asker_outcome(r, "old.test", DNS_TYPE_A);
	leap(TTL + KEPT + 1);
	check(r, &(struct row){ "old.test", do_empty, SERVFAIL,
	    DNS_SERVER_FAILURE, false }, "kept no longer than wanted");
}

static void
test_off(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, TIMEOUT,
	    1);

	atomic_store(&doing, do_well);
	(void)asker_outcome(r, "off.test", DNS_TYPE_A);
	leap(TTL + 1);
	check(r, &(struct row){ "off.test", do_empty, SERVFAIL,
	    DNS_SERVER_FAILURE, false }, "not wanted");
	resolver_free(r);
	fakens_stop(ns);
}

int
main(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, TIMEOUT,
	    1);

	(void)pthread_mutex_lock(&r->lock);
	cache_set_stale(r->cache, KEPT * LEAP_SECOND);
	(void)pthread_mutex_unlock(&r->lock);
	test_ends(r, "expired");
	test_one_after_the_other(r);
	test_renewal(r);
	test_kept_until(r);
	resolver_free(r);
	fakens_stop(ns);
	test_off();
	return tap_done();
}
