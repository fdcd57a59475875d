/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspolicy/dane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "config/zonefile.h"
#include "resolver/zone.h"
#include "tests/tap.h"

#define X16 "0123456789abcdef"
#define X64 X16 X16 X16 X16

/* ---- TLSA records ---- */

static const struct {
	struct slice	 data;
	const char	*problem;	/* its beginning; NULL: usable */
} tlsa[] = {
	{ SLICE_INIT("\3\1\1" X16 X16), NULL },
	{ SLICE_INIT("\3\0\1" X16 X16), NULL },
	{ SLICE_INIT("\2\0\2" X64), NULL },
	{ SLICE_INIT("\2\1\0x"), NULL },
	{ SLICE_INIT("\3\0\0"), "no data" },
	{ SLICE_INIT("\3\1"), "no data" },
	{ SLICE_INIT("\0\1\1" X16 X16), "usage 0 and 1" },
	{ SLICE_INIT("\1\1\1" X16 X16), "usage 0 and 1" },
	{ SLICE_INIT("\4\1\1" X16 X16), "unknown usage" },
	{ SLICE_INIT("\xff\1\1" X16 X16), "unknown usage" },
	{ SLICE_INIT("\3\2\1" X16 X16), "unknown selector" },
	{ SLICE_INIT("\3\1\3" X16 X16), "unknown matching type" },
	{ SLICE_INIT("\3\1\1" X16 X16 "x"), "not the length of a SHA-256" },
	{ SLICE_INIT("\3\1\1" X16), "not the length of a SHA-256" },
	{ SLICE_INIT("\3\1\2" X16 X16), "not the length of a SHA-512" }
};

static void
test_tlsa(void)
{
	const char *got;
	size_t i;

	for (i = 0; i < sizeof(tlsa) / sizeof(tlsa[0]); i++) {
		got = dane_tlsa_problem(tlsa[i].data);
		ok(tlsa[i].problem == NULL ? got == NULL : got != NULL &&
		    slice_starts(slice_str(got), slice_str(tlsa[i].problem)),
		    "TLSA %zu: %s", i, got != NULL ? got : "usable");
	}
}

/* ---- domains ---- */

static void
put_zone(void *arg, struct dns_entry *e)
{
	dns_ledger_answer(e, dns_zone_answer(arg, e->name, e->type));
}

/* The hosts as text, "a.example=usable TLSA ...", and the sum. */
static void
describe(const struct dane_domain *d, struct buf *out)
{
	static const char *const mx[] = {
		[DANE_MX_FOUND] = "found", [DANE_MX_IMPLICIT] = "implicit",
		[DANE_MX_NULL] = "null", [DANE_MX_NO_DOMAIN] = "no domain",
		[DANE_MX_FAILED] = "failed"
	};
	size_t i;

	buf_addf(out, "%s%s", mx[d->mx], d->secure ? " secure" : "");
	for (i = 0; i < d->count; i++) {
		buf_addf(out, " %.*s=%s", SLICE_ARG(d->hosts[i].name),
		    dane_status_name(d->hosts[i].status));
		if (d->hosts[i].tlsa != NULL)
			buf_addf(out, "(%.*s)", SLICE_ARG(d->hosts[i].base));
	}
	buf_addf(out, ": %s", dane_summary_name(dane_sum(d)));
}

#define EE "[3, 1, 1, " X64 "]"
#define PKIX "[1, 1, 1, " X64 "]"
#define SIGNED "zonedata:\n  example: [{DNSSEC: yes}]\n"
#define MX_A "  d.example: [{MX: [10, a.example]}]\n"
#define MX_AB "  d.example: [{MX: [10, a.example]}, {MX: [20, b.example]}]\n"
#define A "  a.example: [{A: 192.0.2.1}]\n"
#define B "  b.example: [{A: 192.0.2.2}]\n"
#define TLSA_A "  _25._tcp.a.example: [{TLSA: " EE "}]\n"
#define TLSA_B "  _25._tcp.b.example: [{TLSA: " EE "}]\n"

static const struct {
	const char	*name;
	const char	*zone;
	bool		 all;
	const char	*want;
} domains[] = {
	{ "all is secure", SIGNED MX_A A TLSA_A, false,
	  "found secure a.example=usable TLSA(a.example): all" },
	{ "two hosts, both", SIGNED MX_AB A B TLSA_A TLSA_B, false,
	  "found secure a.example=usable TLSA(a.example) "
	  "b.example=usable TLSA(b.example): all" },
	{ "two hosts, one", SIGNED MX_AB A B TLSA_B, false,
	  "found secure a.example=no TLSA(a.example) "
	  "b.example=usable TLSA(b.example): some" },
	{ "no TLSA, proven", SIGNED MX_A A, false,
	  "found secure a.example=no TLSA(a.example): none" },
	{ "by preference, names once", "zonedata:\n  example: [{DNSSEC: yes}]"
	  "\n  d.example: [{MX: [30, b.example]}, {MX: [10, b.example]},"
	  " {MX: [20, a.example]}, {MX: [5, a.example]}]\n" A B, false,
	  "found secure a.example=no TLSA(a.example) "
	  "b.example=no TLSA(b.example): none" },
	{ "only PKIX usages", SIGNED MX_A A
	  "  _25._tcp.a.example: [{TLSA: " PKIX "}]\n", false,
	  "found secure a.example=unusable TLSA(a.example): none" },
	{ "a usable one among others", SIGNED MX_A A
	  "  _25._tcp.a.example: [{TLSA: " PKIX "}, {TLSA: " EE "}]\n", false,
	  "found secure a.example=usable TLSA(a.example): all" },
	{ "nothing is signed", "zonedata:\n" MX_A A TLSA_A, false,
	  "found a.example=not asked: none" },
	{ "nothing is signed, explained", "zonedata:\n" MX_A A TLSA_A, true,
	  "found a.example=insecure: none" },
	{ "MX not signed, the host is", "zonedata:\n"
	  "  d.test: [{MX: [1, a.example]}]\n"
	  "  d.example: [{CNAME: d.test}]\n"
	  "  a.example: [{DNSSEC: yes}, {A: 192.0.2.1}]\n" TLSA_A
	  "  _tcp.a.example: [{DNSSEC: yes}]\n", true,
	  "found a.example=usable TLSA(a.example): none" },
	{ "the host is in an unsigned zone: TLSA is not asked", SIGNED
	  "  d.example: [{MX: [10, a.test]}]\n"
	  "  a.test: [{A: 192.0.2.1}]\n"
	  "  _25._tcp.a.test: [{RCODE: 2}]\n", false,
	  "found secure a.test=insecure: none" },
	{ "TLSA fails after a secure address", SIGNED MX_A A
	  "  _25._tcp.a.example: [{RCODE: 2}]\n", false,
	  "found secure a.example=failed(a.example): failed" },
	{ "TLSA times out", SIGNED MX_A A
	  "  _25._tcp.a.example: [TIMEOUT]\n", false,
	  "found secure a.example=failed(a.example): failed" },
	{ "TLSA of one host fails, the other has one", SIGNED MX_AB A B
	  "  _25._tcp.a.example: [{RCODE: 2}]\n" TLSA_B, false,
	  "found secure a.example=failed(a.example) "
	  "b.example=usable TLSA(b.example): some" },
	{ "TLSA of one host fails, the other has none", SIGNED MX_AB A B
	  "  _25._tcp.a.example: [{RCODE: 2}]\n", false,
	  "found secure a.example=failed(a.example) "
	  "b.example=no TLSA(b.example): failed" },
	{ "a host that is not there does not count", SIGNED MX_AB A, false,
	  "found secure a.example=no TLSA(a.example) "
	  "b.example=no address: none" },
	{ "a host that fails does not count", SIGNED MX_AB A
	  "  b.example: [{RCODE: 2}]\n", false,
	  "found secure a.example=no TLSA(a.example) "
	  "b.example=no address: none" },
	{ "a host that is not there beside a usable one", SIGNED MX_AB A
	  TLSA_A, false,
	  "found secure a.example=usable TLSA(a.example) "
	  "b.example=no address: some" },
	{ "all hosts fail", SIGNED MX_A "  a.example: [TIMEOUT]\n", false,
	  "found secure a.example=no address: failed" },
	{ "no host is there", SIGNED MX_A, false,
	  "found secure a.example=no address: none" },
	{ "AAAA fails, A is secure", SIGNED MX_A
	  "  a.example: [{A: 192.0.2.1}, {RCODE: 2}]\n" TLSA_A, false,
	  "found secure a.example=usable TLSA(a.example): all" },
	{ "no MX: the domain is the host", SIGNED
	  "  d.example: [{AAAA: \"2001:db8::1\"}]\n"
	  "  _25._tcp.d.example: [{TLSA: " EE "}]\n", false,
	  "implicit secure d.example=usable TLSA(d.example): all" },
	{ "no MX, not signed", "zonedata:\n  d.example: [{A: 192.0.2.1}]\n",
	  false, "implicit d.example=not asked: none" },
	{ "null MX", SIGNED "  d.example: [{MX: [0, .]}]\n", false,
	  "null secure: none" },
	{ "a null MX beside another is no host", SIGNED
	  "  d.example: [{MX: [0, .]}, {MX: [1, a.example]}]\n" A TLSA_A,
	  false, "found secure =no address "
	  "a.example=usable TLSA(a.example): some" },
	{ "no such domain", SIGNED, false, "no domain secure: none" },
	{ "MX fails", SIGNED "  d.example: [{RCODE: 2}]\n", false,
	  "failed: failed" },
	{ "MX times out", SIGNED "  d.example: [TIMEOUT]\n", false,
	  "failed: failed" },
	{ "CNAME, all secure: TLSA of its target", SIGNED MX_A
	  "  a.example: [{CNAME: b.example}]\n" B TLSA_A TLSA_B, false,
	  "found secure a.example=usable TLSA(b.example): all" },
	{ "CNAME, the target has none: TLSA of the name", SIGNED MX_A
	  "  a.example: [{CNAME: b.example}]\n" B TLSA_A, false,
	  "found secure a.example=usable TLSA(a.example): all" },
	{ "CNAME of a CNAME", SIGNED MX_A
	  "  a.example: [{CNAME: c.example}]\n"
	  "  c.example: [{CNAME: b.example}]\n" B TLSA_B, false,
	  "found secure a.example=usable TLSA(b.example): all" },
	{ "secure CNAME into an unsigned zone", SIGNED MX_A
	  "  a.example: [{CNAME: b.test}]\n  b.test: [{A: 192.0.2.2}]\n"
	  "  _25._tcp.b.test: [{RCODE: 2}]\n" TLSA_A, false,
	  "found secure a.example=usable TLSA(a.example): all" },
	{ "insecure CNAME", SIGNED "  d.example: [{MX: [1, a.test]}]\n"
	  "  a.test: [{CNAME: b.example}]\n" B TLSA_B, false,
	  "found secure a.test=insecure: none" },
	{ "TLSA by a CNAME", SIGNED MX_A A
	  "  _25._tcp.a.example: [{CNAME: t.example}]\n"
	  "  t.example: [{TLSA: " EE "}]\n", false,
	  "found secure a.example=usable TLSA(a.example): all" },
	{ "TLSA by a CNAME into an unsigned zone", SIGNED MX_A A
	  "  _25._tcp.a.example: [{CNAME: t.test}]\n"
	  "  t.test: [{TLSA: " EE "}]\n", false,
	  "found secure a.example=no TLSA(a.example): none" },
	{ "a loop of CNAMEs", SIGNED MX_A
	  "  a.example: [{CNAMELOOP: yes}]\n", false,
	  "found secure a.example=no address: failed" }
};

static void
test_domains(void)
{
	struct arena *scratch = arena_new(LIMIT_DANE_MEMORY);
	struct dane_request r = { .domain = SLICE("d.example") };
	char why[512];
	struct dane_domain d;
	struct dns_ledger *l;
	struct dns_zone *z;
	struct buf b;
	size_t i;

	buf_init(&b, 4096);
	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		z = zonefile_read_text(slice_str(domains[i].zone), "zone",
		    why, sizeof(why));
		if (!ok(z != NULL, "zone of %s", domains[i].name)) {
			printf("# %s\n", why);
			continue;
		}
		l = dns_ledger_new(DANE_QUESTIONS);
		dns_ledger_set_put(l, put_zone, z);
		r.all = domains[i].all;
		is_num(dane_check(&r, l, scratch, &d), CHECK_DONE, "done");
		buf_reset(&b);
		describe(&d, &b);
		is_str(buf_cstr(&b), domains[i].want, domains[i].name);
		dns_ledger_free(l);
		dns_zone_free(z);
	}
	buf_fini(&b);
	arena_free(scratch);
}

/* A host that was chosen by name: whatever its MX records are. */
static const struct {
	const char	*name;
	const char	*zone;
	uint16_t	 port;
	const char	*want;
} hosts[] = {
	{ "TLSA of the port", SIGNED
	  "  d.example: [{MX: [10, a.example]}, {A: 192.0.2.9}]\n"
	  "  _587._tcp.d.example: [{TLSA: " EE "}]\n", 587,
	  "implicit secure d.example=usable TLSA(d.example): all" },
	{ "TLSA of another port", SIGNED "  d.example: [{A: 192.0.2.9}]\n"
	  "  _25._tcp.d.example: [{TLSA: " EE "}]\n", 587,
	  "implicit secure d.example=no TLSA(d.example): none" },
	{ "port 25", SIGNED "  d.example: [{A: 192.0.2.9}]\n"
	  "  _25._tcp.d.example: [{TLSA: " EE "}]\n", 0,
	  "implicit secure d.example=usable TLSA(d.example): all" },
	{ "TLSA fails", SIGNED "  d.example: [{A: 192.0.2.9}]\n"
	  "  _25._tcp.d.example: [{RCODE: 2}]\n", 25,
	  "implicit secure d.example=failed(d.example): failed" },
	{ "addresses are not secure", "zonedata:\n"
	  "  d.example: [{A: 192.0.2.9}]\n"
	  "  _25._tcp.d.example: [{RCODE: 2}]\n", 25,
	  "implicit secure d.example=insecure: none" },
	{ "no address", SIGNED "  d.example: [{MX: [1, a.example]}]\n", 25,
	  "implicit secure d.example=no address: none" }
};

static void
test_hosts(void)
{
	struct arena *scratch = arena_new(LIMIT_DANE_MEMORY);
	struct dane_request r = { .domain = SLICE("d.example"),
		.is_host = true };
	struct dane_domain d;
	struct dns_ledger *l;
	struct dns_zone *z;
	char why[512];
	struct buf b;
	size_t i;

	buf_init(&b, 4096);
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		z = zonefile_read_text(slice_str(hosts[i].zone), "zone", why,
		    sizeof(why));
		l = dns_ledger_new(DANE_QUESTIONS);
		dns_ledger_set_put(l, put_zone, z);
		r.port = hosts[i].port;
		is_num(dane_check(&r, l, scratch, &d), CHECK_DONE, "done");
		buf_reset(&b);
		describe(&d, &b);
		is_str(buf_cstr(&b), hosts[i].want, hosts[i].name);
		dns_ledger_free(l);
		dns_zone_free(z);
	}
	buf_fini(&b);
	arena_free(scratch);
}

/*
 * Questions and answers in rounds: how many it takes, and that nothing is
 * asked that is not needed.
 */
static void
test_rounds(void)
{
	struct arena *scratch = arena_new(LIMIT_DANE_MEMORY);
	struct dane_request r = { .domain = SLICE("d.example") };
	struct dns_ledger *l = dns_ledger_new(DANE_QUESTIONS);
	struct dns_entry *e;
	struct dane_domain d;
	struct dns_zone *z;
	char why[512];
	unsigned int rounds = 0;

	z = zonefile_read_text(SLICE(SIGNED MX_AB A B TLSA_A TLSA_B), "zone",
	    why, sizeof(why));
	while (dane_check(&r, l, scratch, &d) == CHECK_PENDING &&
	    rounds < 10) {
		rounds++;
		while ((e = dns_ledger_take_new(l)) != NULL)
			put_zone(z, e);
	}
	is_num(rounds, 3, "MX, addresses, TLSA");
	is_num((long long)dns_ledger_count(l), 1 + 2 * 3, "questions");
	is_num(dane_sum(&d), DANE_ALL, "all hosts");
	is_num(dane_ttl(&d), 0, "a zone file has no TTL");
	dns_ledger_free(l);
	dns_zone_free(z);
	arena_free(scratch);
}

/* `count` hosts, preference falling. */
static void
test_many(unsigned int count, bool more, enum dane_summary sum)
{
	struct arena *scratch = arena_new(LIMIT_DANE_MEMORY);
	struct dane_request r = { .domain = SLICE("d.example") };
	struct dns_ledger *l = dns_ledger_new(DANE_QUESTIONS);
	struct dns_zone *z = dns_zone_new();
	char host[64], name[80];
	struct dane_domain d;
	unsigned int i;

	(void)dns_zone_add_dnssec(z, SLICE("example"), true);
	for (i = 0; i < count; i++) {
		(void)snprintf(host, sizeof(host), "mx%u.example", i);
		(void)snprintf(name, sizeof(name), "_25._tcp.%s", host);
		(void)dns_zone_add(z, SLICE("d.example"), DNS_TYPE_MX,
		    (uint16_t)(count - i), slice_str(host));
		(void)dns_zone_add(z, slice_str(host), DNS_TYPE_A, 0,
		    SLICE("192.0.2.1"));
		(void)dns_zone_add(z, slice_str(name), DNS_TYPE_TLSA, 0,
		    SLICE("\3\1\1" X16 X16));
	}
	dns_ledger_set_put(l, put_zone, z);
	is_num(dane_check(&r, l, scratch, &d), CHECK_DONE, "done");
	is_num(d.more, more, "more hosts");
	is_num((long long)d.count, LIMIT_DANE_HOSTS, "hosts");
	is_num(d.hosts[0].preference, 1, "the best one comes first");
	is_num(d.hosts[d.count - 1].preference, LIMIT_DANE_HOSTS, "in order");
	is_num(dane_sum(&d), sum, dane_summary_name(sum));
	ok(!d.no_memory, "memory was enough");
	dns_ledger_free(l);
	dns_zone_free(z);
	arena_free(scratch);
}

static void
test_no_memory(void)
{
	struct dane_request r = { .domain = SLICE("d.example") };
	struct dns_zone *z;
	struct dns_ledger *l;
	struct arena *scratch;
	struct dane_domain d;
	char why[512];
	size_t size, bad = 0;

	z = zonefile_read_text(SLICE(SIGNED MX_AB A B TLSA_A TLSA_B), "zone",
	    why, sizeof(why));
	for (size = 16; size < 16384; size += 64) {
		scratch = arena_new(size);
		l = dns_ledger_new(DANE_QUESTIONS);
		dns_ledger_set_put(l, put_zone, z);
		if (dane_check(&r, l, scratch, &d) != CHECK_DONE ||
		    (!d.no_memory && dane_sum(&d) != DANE_ALL))
			bad++;
		dns_ledger_free(l);
		arena_free(scratch);
	}
	is_num((long long)bad, 0, "a result is right, or said to be none");
	dns_zone_free(z);
}

int
main(void)
{
	test_tlsa();
	test_domains();
	test_hosts();
	test_rounds();
	test_many(LIMIT_DANE_HOSTS, false, DANE_ALL);
	test_many(LIMIT_DANE_HOSTS + 1, true, DANE_SOME);
	test_no_memory();
	return tap_done();
}
