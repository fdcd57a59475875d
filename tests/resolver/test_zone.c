/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/zone.h"

#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

static bool
fill(struct dns_zone *z)
{
	return dns_zone_add(z, SLICE("Example.com"), DNS_TYPE_TXT, 0,
	    SLICE("v=spf1 mx -all")) &&
	    dns_zone_add(z, SLICE("example.com."), DNS_TYPE_TXT, 0,
	    SLICE("second")) &&
	    dns_zone_add(z, SLICE("example.com"), DNS_TYPE_MX, 10,
	    SLICE("Mail.example.com.")) &&
	    dns_zone_add(z, SLICE("example.com"), DNS_TYPE_MX, 0,
	    SLICE("")) &&
	    dns_zone_add(z, SLICE("mail.example.com"), DNS_TYPE_A, 0,
	    SLICE("192.0.2.1")) &&
	    dns_zone_add(z, SLICE("mail.example.com"), DNS_TYPE_AAAA, 0,
	    SLICE("2001:db8::1")) &&
	    dns_zone_add(z, SLICE("1.2.0.192.in-addr.arpa"), DNS_TYPE_PTR, 0,
	    SLICE("mail.example.com")) &&
	    dns_zone_add(z, SLICE("a.b.deep.example.com"), DNS_TYPE_A, 0,
	    SLICE("192.0.2.2")) &&
	    dns_zone_add_name(z, SLICE("empty.example.com")) &&
	    dns_zone_add_cname(z, SLICE("www.example.com"),
	    SLICE("Mail.Example.com.")) &&
	    dns_zone_add_cname(z, SLICE("gone.example.com"),
	    SLICE("nothing.example.org")) &&
	    dns_zone_add_cname(z, SLICE("loop1.example.com"),
	    SLICE("loop2.example.com")) &&
	    dns_zone_add_cname(z, SLICE("loop2.example.com"),
	    SLICE("loop1.example.com")) &&
	    dns_zone_add_cname(z, SLICE("root.example.com"), SLICE("")) &&
	    dns_zone_add_cname(z, SLICE("toslow.example.com"),
	    SLICE("slow.example.com")) &&
	    dns_zone_add_outcome(z, SLICE("slow.example.com"), DNS_TIMEOUT,
	    0) &&
	    dns_zone_add(z, SLICE("half.example.com"), DNS_TYPE_TXT, 0,
	    SLICE("v=spf1 -all")) &&
	    dns_zone_add_outcome(z, SLICE("half.example.com"), DNS_TIMEOUT,
	    0) &&
	    dns_zone_add_outcome(z, SLICE("broken.example.com"),
	    DNS_SERVER_FAILURE, 2) &&
	    dns_zone_add_dnssec(z, SLICE("signed.example"), true) &&
	    dns_zone_add(z, SLICE("_25._tcp.signed.example"), DNS_TYPE_TLSA,
	    0, SLICE("abcXY")) &&
	    dns_zone_add_dnssec(z, SLICE("un.signed.example"), false) &&
	    dns_zone_add(z, SLICE("un.signed.example"), DNS_TYPE_TXT, 0,
	    SLICE("x")) &&
	    dns_zone_add_cname(z, SLICE("in.signed.example"),
	    SLICE("_25._tcp.signed.example")) &&
	    dns_zone_add_cname(z, SLICE("out.signed.example"),
	    SLICE("un.signed.example")) &&
	    dns_zone_add_cname(z, SLICE("into.example"),
	    SLICE("_25._tcp.signed.example")) &&
	    dns_zone_add_outcome(z, SLICE("bad.signed.example"),
	    DNS_SERVER_FAILURE, 2) &&
	    dns_zone_add(z, SLICE("empty-txt.example.com"), DNS_TYPE_TXT, 0,
	    SLICE(""));
}

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_outcome outcome;
	unsigned int rcode;
	const char *want;	/* the records as text; "+": DNSSEC */
} rows[] = {
	{ "example.com", DNS_TYPE_TXT, DNS_FOUND, 0,
	    "[v=spf1 mx -all][second]" },
	{ "EXAMPLE.com.", DNS_TYPE_MX, DNS_FOUND, 0,
	    "[10 mail.example.com][0 ]" },
	{ "example.com", DNS_TYPE_A, DNS_NO_DATA, 0, "" },
	{ "mail.example.com", DNS_TYPE_A, DNS_FOUND, 0, "[192.0.2.1]" },
	{ "mail.example.com", DNS_TYPE_AAAA, DNS_FOUND, 0,
	    "[2001:db8::1]" },
	{ "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR, DNS_FOUND, 0,
	    "[mail.example.com]" },
	{ "none.example.com", DNS_TYPE_A, DNS_NO_NAME, 3, "" },
	{ "example.net", DNS_TYPE_A, DNS_NO_NAME, 3, "" },
	{ "com", DNS_TYPE_TXT, DNS_NO_DATA, 0, "" },
	{ "b.deep.example.com", DNS_TYPE_A, DNS_NO_DATA, 0, "" },
	{ "deep.example.com", DNS_TYPE_A, DNS_NO_DATA, 0, "" },
	{ "x.deep.example.com", DNS_TYPE_A, DNS_NO_NAME, 3, "" },
	{ "empty.example.com", DNS_TYPE_A, DNS_NO_DATA, 0, "" },
	{ "www.example.com", DNS_TYPE_A, DNS_FOUND, 0, "[192.0.2.1]" },
	{ "www.example.com", DNS_TYPE_TXT, DNS_NO_DATA, 0, "" },
	{ "gone.example.com", DNS_TYPE_A, DNS_NO_NAME, 3, "" },
	{ "root.example.com", DNS_TYPE_A, DNS_NO_NAME, 3, "" },
	{ "loop1.example.com", DNS_TYPE_A, DNS_MALFORMED, 0, "" },
	{ "www.example.com", DNS_TYPE_CNAME, DNS_FOUND, 0,
	    "[mail.example.com]" },
	{ "mail.example.com", DNS_TYPE_CNAME, DNS_NO_DATA, 0, "" },
	{ "root.example.com", DNS_TYPE_CNAME, DNS_FOUND, 0, "[]" },
	{ "loop1.example.com", DNS_TYPE_CNAME, DNS_FOUND, 0,
	    "[loop2.example.com]" },
	{ "_25._tcp.signed.example", DNS_TYPE_TLSA, DNS_FOUND, 0,
	    "+[abcXY]" },
	{ "_25._tcp.signed.example", DNS_TYPE_A, DNS_NO_DATA, 0, "+" },
	{ "none.signed.example", DNS_TYPE_TLSA, DNS_NO_NAME, 3, "+" },
	{ "signed.example", DNS_TYPE_MX, DNS_NO_DATA, 0, "+" },
	{ "un.signed.example", DNS_TYPE_TXT, DNS_FOUND, 0, "[x]" },
	{ "x.un.signed.example", DNS_TYPE_TXT, DNS_NO_NAME, 3, "" },
	{ "in.signed.example", DNS_TYPE_TLSA, DNS_FOUND, 0, "+[abcXY]" },
	{ "in.signed.example", DNS_TYPE_CNAME, DNS_FOUND, 0,
	    "+[_25._tcp.signed.example]" },
	{ "out.signed.example", DNS_TYPE_TXT, DNS_FOUND, 0, "[x]" },
	{ "out.signed.example", DNS_TYPE_CNAME, DNS_FOUND, 0,
	    "+[un.signed.example]" },
	{ "into.example", DNS_TYPE_TLSA, DNS_FOUND, 0, "[abcXY]" },
	{ "bad.signed.example", DNS_TYPE_TLSA, DNS_SERVER_FAILURE, 2, "" },
	{ "slow.example.com", DNS_TYPE_TXT, DNS_TIMEOUT, 0, "" },
	{ "toslow.example.com", DNS_TYPE_TXT, DNS_TIMEOUT, 0, "" },
	{ "half.example.com", DNS_TYPE_TXT, DNS_FOUND, 0, "[v=spf1 -all]" },
	{ "half.example.com", DNS_TYPE_A, DNS_TIMEOUT, 0, "" },
	{ "broken.example.com", DNS_TYPE_A, DNS_SERVER_FAILURE, 2, "" },
	{ "empty-txt.example.com", DNS_TYPE_TXT, DNS_FOUND, 0, "[]" },
	{ "a..b", DNS_TYPE_A, DNS_NOT_ASKED, 0, "" }
};

static void
print_record(const struct dns_answer *a, size_t i, char *out, size_t size)
{
	const struct dns_record *r = &a->records[i];
	char addr[IPADDR_TEXT];
	size_t used = strlen(out);

	ipaddr_format(&r->addr, addr);
	if (a->type == DNS_TYPE_MX)
		(void)snprintf(out + used, size - used, "[%u %.*s]",
		    r->preference, SLICE_ARG(r->text));
	else if (a->type == DNS_TYPE_A || a->type == DNS_TYPE_AAAA)
		(void)snprintf(out + used, size - used, "[%s]", addr);
	else
		(void)snprintf(out + used, size - used, "[%.*s]",
		    SLICE_ARG(r->text));
}

static void
test_rows(const struct dns_zone *z)
{
	const struct dns_answer *a;
	char got[256];
	size_t i, n;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = dns_zone_answer(z, slice_str(rows[i].name),
		    rows[i].type);
		(void)strcpy(got, a->authenticated ? "+" : "");
		for (n = 0; n < a->count; n++)
			print_record(a, n, got, sizeof(got));
		is_str(dns_outcome_name(a->outcome),
		    dns_outcome_name(rows[i].outcome), rows[i].name);
		is_num(a->rcode, rows[i].rcode, "rcode");
		is_str(got, rows[i].want, "records");
		is_num(a->ttl, 0, "no TTL");
		dns_answer_unref(a);
	}
}

static void
test_owners(const struct dns_zone *z)
{
	static const struct {
		const char *name, *owner;
	} owners[] = {
		{ "mail.example.com", "mail.example.com" },
		{ "WWW.example.com", "mail.example.com" },
		{ "gone.example.com", "gone.example.com" },
		{ "empty.example.com", "empty.example.com" }
	};
	const struct dns_answer *a;
	size_t i;

	for (i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		a = dns_zone_answer(z, slice_str(owners[i].name),
		    DNS_TYPE_A);
		is_bytes(a->owner.ptr, a->owner.len, owners[i].owner,
		    strlen(owners[i].owner), "owner of the records");
		dns_answer_unref(a);
	}
}

static const struct {
	const char *what;
	const char *name;
	enum dns_type type;
	struct slice value;
} bad[] = {
	{ "empty name", "", DNS_TYPE_A, SLICE_INIT("192.0.2.1") },
	{ "empty label", "a..b", DNS_TYPE_A, SLICE_INIT("192.0.2.1") },
	{ "no address", "a.b", DNS_TYPE_A, SLICE_INIT("192.0.2") },
	{ "v6 as A", "a.b", DNS_TYPE_A, SLICE_INIT("::1") },
	{ "v4 as AAAA", "a.b", DNS_TYPE_AAAA, SLICE_INIT("192.0.2.1") },
	{ "bad MX", "a.b", DNS_TYPE_MX, SLICE_INIT("a..b") },
	{ "bad PTR", "a.b", DNS_TYPE_PTR, SLICE_INIT("a\0b") },
	{ "short TLSA", "a.b", DNS_TYPE_TLSA, SLICE_INIT("\3\1") },
	{ "CNAME, which has its own function", "a.b", DNS_TYPE_CNAME,
	    SLICE_INIT("b") }
};

static void
test_bad(void)
{
	struct dns_zone *z = dns_zone_new();
	static char big[LIMIT_DNS_ANSWER + 1];
	const struct dns_answer *a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!dns_zone_add(z, slice_str(bad[i].name), bad[i].type, 0,
		    bad[i].value), "refused: %s", bad[i].what);
	ok(!dns_zone_add_cname(z, SLICE("a.b"), SLICE("a..b")),
	    "refused: bad CNAME");
	ok(dns_zone_add_cname(z, SLICE("c.b"), SLICE("d.b")), "a CNAME");
	ok(!dns_zone_add_cname(z, SLICE("c.b"), SLICE("e.b")),
	    "refused: a second CNAME");
	ok(!dns_zone_add_name(z, SLICE("a..b")), "refused: bad name");
	ok(!dns_zone_add_outcome(z, SLICE("a..b"), DNS_TIMEOUT, 0),
	    "refused: outcome of a bad name");
	memset(big, 'x', sizeof(big));
	ok(dns_zone_add(z, SLICE("big.b"), DNS_TYPE_TXT, 0,
	    (struct slice){ big, LIMIT_DNS_ANSWER }), "text at the limit");
	ok(!dns_zone_add(z, SLICE("big.b"), DNS_TYPE_TXT, 0,
	    (struct slice){ big, sizeof(big) }), "text past the limit");
	for (i = 0; i < LIMIT_DNS_RECORDS; i++) {
		if (!dns_zone_add(z, SLICE("many.b"), DNS_TYPE_A, 0,
		    SLICE("192.0.2.1")))
			break;
	}
	is_num((long long)i, LIMIT_DNS_RECORDS, "records up to the limit");
	ok(!dns_zone_add(z, SLICE("many.b"), DNS_TYPE_A, 0,
	    SLICE("192.0.2.1")), "one more is refused");
	a = dns_zone_answer(z, SLICE("many.b"), DNS_TYPE_A);
	is_num((long long)a->count, LIMIT_DNS_RECORDS, "all in the answer");
	dns_answer_unref(a);
	dns_zone_free(z);
	dns_zone_free(NULL);
}

/* A chain of `links` CNAMEs that ends at an address. */
static enum dns_outcome
chain(unsigned int links)
{
	struct dns_zone *z = dns_zone_new();
	const struct dns_answer *a;
	char from[16], to[16];
	enum dns_outcome outcome;
	unsigned int i;

	for (i = 0; i < links; i++) {
		(void)snprintf(from, sizeof(from), "c%u.b", i);
		(void)snprintf(to, sizeof(to), "c%u.b", i + 1);
		(void)dns_zone_add_cname(z, slice_str(from), slice_str(to));
	}
	(void)snprintf(to, sizeof(to), "c%u.b", links);
	(void)dns_zone_add(z, slice_str(to), DNS_TYPE_A, 0,
	    SLICE("192.0.2.1"));
	a = dns_zone_answer(z, SLICE("c0.b"), DNS_TYPE_A);
	outcome = a->outcome;
	dns_answer_unref(a);
	dns_zone_free(z);
	return outcome;
}

static void
test_no_memory(void)
{
	const struct dns_answer *a;
	struct dns_zone *z;
	unsigned long n, hits = 1;
	bool good;

	for (n = 0; hits > 0 && n < 500; n++) {
		mem_fail_after(n, 1);
		z = dns_zone_new();
		good = z != NULL && fill(z);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		/* A table that cannot grow is no failure. */
		if (hits == 0)
			ok(good, "filled when nothing failed");
		else if (z != NULL) {
			a = dns_zone_answer(z, SLICE("example.com"),
			    DNS_TYPE_TXT);
			dns_answer_unref(a);
		}
		dns_zone_free(z);
	}
	ok(hits == 0, "%lu allocations failed in turn", n - 1);
	z = dns_zone_new();
	(void)fill(z);
	mem_fail_after(0, 10);
	ok(dns_zone_answer(z, SLICE("example.com"), DNS_TYPE_TXT) ==
	    dns_answer_no_memory(), "no memory for records");
	ok(dns_zone_answer(z, SLICE("x.example"), DNS_TYPE_TXT) ==
	    dns_answer_no_memory(), "no memory for no such name");
	mem_fail_after(0, 0);
	dns_zone_free(z);
}

int
main(void)
{
	struct dns_zone *z = dns_zone_new();

	ok(fill(z), "filled");
	test_rows(z);
	test_owners(z);
	dns_zone_free(z);
	test_bad();
	is_num(chain(LIMIT_DNS_CNAMES), DNS_FOUND, "chain at the limit");
	is_num(chain(LIMIT_DNS_CNAMES + 1), DNS_MALFORMED,
	    "chain past the limit");
	test_no_memory();
	return tap_done();
}
