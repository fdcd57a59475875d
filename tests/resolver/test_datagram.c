/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What c-ares is shown of what comes by UDP, and what it sends: a flood does
 * not keep it from the answer, all names are asked as they are, and none of its
 * versions sends cookies (RFC 7873).
 */
#include "resolver/datagram_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "resolver/resolver.h"
#include "resolver/statistics.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

/* Questions at one time: more than a port's with 1.34, and than the packets
   that are read before it is another socket's turn. */
#define CROWD		65
#define COPIES		5

static struct dnsmsg out;	/* the server's thread writes it */
static const char *_Atomic odd_name;
static atomic_uint odd_seen;
static atomic_uint by_udp, by_tcp, odd_queries;

static void
count(const struct fakens_question *q)
{
	by_udp += !q->tcp;
	by_tcp += q->tcp;
	odd_queries += !q->tcp && (!q->edns || q->options > 0);
}

/* So many that are no answers, then the answer. */
static void
flood(struct fakens_question *q)
{
	size_t left = strcmp(q->name, "limit.test") == 0 ? DATAGRAM_DROPS - 1 :
	    DATAGRAM_DROPS;

	for (; left > 0; left--) {
		dnsmsg_begin(&out, q->id, 0, q->name, q->type);
		out.len = left % 13;
		fakens_send(q, &out);
	}
	fakens_send_address(q);
}

static void
test_flood(void)
{
	struct fakens *ns;
	struct resolver *r = asker_begin(flood, &ns);

	ok(asker_outcome(r, "limit.test", DNS_TYPE_A) == DNS_FOUND,
	    "as many as are dropped at a time, and the answer");
	ok(asker_outcome(r, "past.test", DNS_TYPE_A) == DNS_FOUND,
	    "one more");
	resolver_free(r);
	fakens_stop(ns);
}

static void
plain(struct fakens_question *q)
{
	count(q);
	fakens_send_address(q);
}

/* Nothing until all are there, then each answer many times. */
static void
all_at_once(struct fakens_question *q)
{
	static struct fakens_question held[CROWD];
	static size_t count;
	size_t i;

	held[count++] = *q;
	if (count < CROWD)
		return;
	for (i = 0; i < COPIES * CROWD; i++)
		fakens_send_address(&held[i % CROWD]);
	count = 0;
}

static bool
is_honest(const struct dns_answer *a)
{
	return a->outcome == DNS_FOUND && a->count == 1 &&
	    a->records[0].addr.bytes[3] == 1;
}

static bool
ask(struct resolver *r, const char *name)
{
	const struct dns_answer *a = asker_fetch(r, name, DNS_TYPE_A);
	bool honest = is_honest(a);

	dns_answer_unref(a);
	return honest;
}

static unsigned int
ask_many(struct resolver *r)
{
	const struct dns_answer *a;
	unsigned int i, honest = 0;
	struct ask asks[CROWD];
	char name[32];

	memset(asks, 0, sizeof(asks));
	for (i = 0; i < CROWD; i++) {
		(void)snprintf(name, sizeof(name), "many.%u.test", i);
		asker_start(&asks[i], r, name, DNS_TYPE_A);
	}
	for (i = 0; i < CROWD; i++) {
		a = asker_wait(&asks[i]);
		honest += is_honest(a);
		dns_answer_unref(a);
	}
	return honest;
}

static struct resolver *
begin(fakens_script *script, struct fakens **ns)
{
	by_udp = by_tcp = odd_queries = 0;
	return asker_begin(script, ns);
}

static void
end(struct resolver *r, struct fakens *ns)
{
	ok(asker_end(r, ns), "the figures agree");
}

/* As plain(); and an alias of a name with octets of most kinds. */
static void
odd(struct fakens_question *q)
{
	unsigned int octet;
	size_t at;

	if (strcmp(q->name, "alias.test") != 0) {
		odd_seen += strcmp(q->name, odd_name) == 0;
		plain(q);
		return;
	}
	dnsmsg_begin(&out, q->id, 0, q->name, q->type);
	at = dnsmsg_rr(&out, DNSMSG_AN, q->name, DNS_TYPE_CNAME, 300);
	for (octet = 128; octet < 256; octet++) {
		if (octet % 64 == 0)
			dnsmsg_u8(&out, 63);
		if (octet % 64 > 0)
			dnsmsg_u8(&out, octet);
	}
	dnsmsg_bytes(&out, "\5 \\\"\1\177", 7);
	dnsmsg_end(&out, at);
	fakens_send(q, &out);
}

static void
test_plain(void)
{
	struct fakens *ns;
	struct resolver *r = begin(plain, &ns);

	ok(ask(r, "first.test"), "one question");
	is_num(ask_many(r), CROWD, "and many");
	is_num(odd_queries, 0, "each with an OPT without options");
	end(r, ns);
}

static void
test_all_at_once(void)
{
	struct fakens *ns;
	struct resolver *r = begin(all_at_once, &ns);
	struct resolver_statistics s;

	is_num(ask_many(r), CROWD, "all answers at one time");
	resolver_statistics(r, &s);
	is_num((long long)s.servers[0].answered, CROWD, "each taken once");
	end(r, ns);
}

static void
truncated(struct fakens_question *q)
{
	count(q);
	if (q->tcp) {
		fakens_send_address(q);
		return;
	}
	dnsmsg_begin(&out, q->id, DNSMSG_TC, q->name, q->type);
	fakens_send(q, &out);
}

/* The one way that is closed: it is tried once. */
static void
test_odd_truncated(void)
{
	struct resolver_statistics s;
	struct fakens *ns;
	struct resolver *r = begin(truncated, &ns);
	enum dns_outcome outcome = asker_outcome(r, "user+tag.test",
	    DNS_TYPE_A);

	ok(outcome == (by_tcp > 0 ? DNS_FOUND : DNS_SERVER_FAILURE),
	    "an odd name by TCP: %s", dns_outcome_name(outcome));
	resolver_statistics(r, &s);
	is_num((long long)s.servers[0].sent, 2, "asked once by each way");
	ok(!s.servers[0].failed, "and the server is not to blame");
	end(r, ns);
}

/* In names of SPF, and as targets of CNAMEs. */
static void
test_odd(void)
{
	static const char *const names[] = { "user+tag.test", "a=b.test",
		"a b.test", "a\\b.test", "a\"b@c;(d).test", "*/_-.test" };
	struct resolver_statistics s;
	struct fakens *ns;
	struct resolver *r = begin(odd, &ns);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		odd_name = names[i];
		odd_seen = 0;
		ok(ask(r, names[i]), "%s", names[i]);
		ok(odd_seen > 0, "which is asked as it is");
	}
	ok(ask(r, "alias.test"), "octets of most kinds");
	resolver_statistics(r, &s);
	is_num((long long)s.servers[0].unreachable, 0, "all could be sent");
	is_num(odd_queries, 0, "with an OPT without options");
	end(r, ns);
}

/* As "options use-vc" in resolv.conf, which 1.18 does not know. */
static void
test_use_vc(void)
{
	struct resolver_statistics s;
	struct fakens *ns;
	struct resolver *r;

	(void)setenv("RES_OPTIONS", "use-vc", 1);
	r = begin(plain, &ns);
	ok(ask(r, "first.test"), "TCP alone");
	is_num(ask_many(r), CROWD, "for all");
	ok(by_udp == 0 || by_tcp == 0, "by one way");
	resolver_statistics(r, &s);
	ok(!s.servers[0].failed, "and the server is not to blame");
	end(r, ns);
	(void)unsetenv("RES_OPTIONS");
}

int
main(void)
{
	test_flood();
	test_plain();
	test_all_at_once();
	test_odd();
	test_odd_truncated();
	test_use_vc();
	return tap_done();
}
