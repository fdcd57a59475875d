/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zone files: what each entry answers, what is refused, and the scenarios of
 * the public RFC 7208 suite, when it is installed.
 */
#include "config/zonefile.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

static char why[1024];

static struct dns_zone *
read_text(const char *text)
{
	why[0] = '\0';
	return zonefile_read_text(slice_str(text), "z.yaml", why,
	    sizeof(why));
}

/* ---- answers as text ---- */

static void
put_answer(struct buf *b, const struct dns_answer *a)
{
	char text[IPADDR_TEXT];
	const struct dns_record *r;
	size_t i;

	buf_adds(b, dns_outcome_name(a->outcome));
	if (a->rcode != 0)
		buf_addf(b, " rcode %u", a->rcode);
	if (a->authenticated)
		buf_adds(b, " secure");
	for (i = 0; i < a->count; i++) {
		r = &a->records[i];
		if (a->type == DNS_TYPE_A || a->type == DNS_TYPE_AAAA) {
			ipaddr_format(&r->addr, text);
			buf_addf(b, " %s", text);
			continue;
		}
		if (a->type == DNS_TYPE_MX)
			buf_addf(b, " %u", r->preference);
		buf_adds(b, " <");
		buf_add(b, r->text);
		buf_addc(b, '>');
	}
}

static const char zone[] =
    "description: passed over\n"
    "comment: {too: yes}\n"
    "tests:\n"
    "  one: {helo: mail.example.com, result: pass}\n"
    "zonedata:\n"
    "  Example.COM:\n"
    "    - TXT: v=spf1 mx -all\n"
    "    - TXT: [one, \"two \", '3']\n"
    "    - MX: [10, Mail.example.com]\n"
    "    - MX: [0, mail.example.com.]\n"
    "    - SPF: v=spf1 ignored\n"
    "  mail.example.com: [{A: 192.0.2.1}, {AAAA: \"2001:db8::1\"},\n"
    "    {A: 192.0.2.2, AAAA: 2001:DB8::2}]\n"
    "  spf.example.com:\n"
    "    - SPF: v=spf1 -all\n"
    "    - SPF: [v=, spf1]\n"
    "    - SPF: []\n"
    "  none.example.com:\n"
    "    - SPF: v=spf1 -all\n"
    "    - TXT: NONE\n"
    "  text.example.com:\n"
    "    - TXT: 'NONE'\n"
    "    - TXT: ''\n"
    "    - TXT: \"a\\x96\\0\\n\"\n"
    "  slow.example.com: [TIMEOUT]\n"
    "  slower.example.com:\n"
    "    - TXT: quick\n"
    "    - TIMEOUT: true\n"
    "  quick.example.com: [{TIMEOUT: no}]\n"
    "  broken.example.com: [{RCODE: 2}]\n"
    "  gone.example.com: [{RCODE: 3}]\n"
    "  refused.example.com: [{RCODE: 5}]\n"
    "  empty.example.com: []\n"
    "  void.example.com:\n"
    "  alias.example.com: [{CNAME: mail.example.com}]\n"
    "  loop.example.com: [{CNAMELOOP: yes}]\n"
    "  nullmx.example.com: [{MX: [0, \"\"]}]\n"
    "  dotmx.example.com: [{MX: [65535, .]}]\n"
    "  1.2.0.192.in-addr.arpa: [{PTR: mail.example.com.}]\n"
    "  _25._tcp.mx.example.com:\n"
    "    - TLSA: [3, 1, 1, 4142Ef]\n"
    "    - TLSA: [255, 0, 2, '']\n"
    "  x._smimecert.example.com: [{SMIMEA: [3, 0, 0, 41]}]\n"
    "  signed.example.com: [{DNSSEC: yes}, {A: 192.0.2.7}]\n"
    "  un.signed.example.com: [{DNSSEC: no}, {A: 192.0.2.7}]\n"
    "  deep.below.example.com: [{A: 192.0.2.9}]\n"
    "  'odd!name/x:y.example.com': [{A: 192.0.2.8}]\n";

static void
test_answers(void)
{
	static const struct {
		const char	*name;
		enum dns_type	 type;
		struct slice	 want;
	} rows[] = {
		{ "example.com", DNS_TYPE_TXT,
		  SLICE_INIT("found <v=spf1 mx -all> <onetwo 3>") },
		{ "EXAMPLE.com", DNS_TYPE_MX, SLICE_INIT(
		  "found 10 <mail.example.com> 0 <mail.example.com>") },
		{ "example.com", DNS_TYPE_A, SLICE_INIT("no data") },
		{ "mail.example.com", DNS_TYPE_A,
		  SLICE_INIT("found 192.0.2.1 192.0.2.2") },
		{ "mail.example.com", DNS_TYPE_AAAA,
		  SLICE_INIT("found 2001:db8::1 2001:db8::2") },
		{ "spf.example.com", DNS_TYPE_TXT,
		  SLICE_INIT("found <v=spf1 -all> <v=spf1> <>") },
		{ "none.example.com", DNS_TYPE_TXT, SLICE_INIT("no data") },
		{ "text.example.com", DNS_TYPE_TXT,
		  SLICE_INIT("found <NONE> <> <a\xc2\x96\0\n>") },
		{ "slow.example.com", DNS_TYPE_TXT, SLICE_INIT("timeout") },
		{ "slow.example.com", DNS_TYPE_A, SLICE_INIT("timeout") },
		{ "slower.example.com", DNS_TYPE_TXT,
		  SLICE_INIT("found <quick>") },
		{ "slower.example.com", DNS_TYPE_A, SLICE_INIT("timeout") },
		{ "quick.example.com", DNS_TYPE_A, SLICE_INIT("no data") },
		{ "broken.example.com", DNS_TYPE_A,
		  SLICE_INIT("server failure rcode 2") },
		{ "gone.example.com", DNS_TYPE_A,
		  SLICE_INIT("no such name rcode 3") },
		{ "refused.example.com", DNS_TYPE_A,
		  SLICE_INIT("server failure rcode 5") },
		{ "empty.example.com", DNS_TYPE_A, SLICE_INIT("no data") },
		{ "void.example.com", DNS_TYPE_A, SLICE_INIT("no data") },
		{ "alias.example.com", DNS_TYPE_A,
		  SLICE_INIT("found 192.0.2.1 192.0.2.2") },
		{ "loop.example.com", DNS_TYPE_A, SLICE_INIT("malformed") },
		{ "nullmx.example.com", DNS_TYPE_MX,
		  SLICE_INIT("found 0 <>") },
		{ "dotmx.example.com", DNS_TYPE_MX,
		  SLICE_INIT("found 65535 <>") },
		{ "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR,
		  SLICE_INIT("found <mail.example.com>") },
		{ "alias.example.com", DNS_TYPE_CNAME,
		  SLICE_INIT("found <mail.example.com>") },
		{ "_25._tcp.mx.example.com", DNS_TYPE_TLSA,
		  SLICE_INIT("found <\3\1\1AB\xef> <\xff\0\2>") },
		{ "x._smimecert.example.com", DNS_TYPE_SMIMEA,
		  SLICE_INIT("found <\3\0\0A>") },
		{ "signed.example.com", DNS_TYPE_A,
		  SLICE_INIT("found secure 192.0.2.7") },
		{ "x.signed.example.com", DNS_TYPE_A,
		  SLICE_INIT("no such name rcode 3 secure") },
		{ "un.signed.example.com", DNS_TYPE_A,
		  SLICE_INIT("found 192.0.2.7") },
		{ "below.example.com", DNS_TYPE_A, SLICE_INIT("no data") },
		{ "odd!name/x:y.example.com", DNS_TYPE_A,
		  SLICE_INIT("found 192.0.2.8") },
		{ "no.example.com", DNS_TYPE_A,
		  SLICE_INIT("no such name rcode 3") },
	};
	struct dns_zone *z = read_text(zone);
	const struct dns_answer *a;
	struct buf b;
	size_t i;

	if (!ok(z != NULL, "the zone is read %s", why))
		return;
	buf_init(&b, 4096);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		a = dns_zone_answer(z, slice_str(rows[i].name),
		    rows[i].type);
		put_answer(&b, a);
		dns_answer_unref(a);
		is_bytes(b.ptr, b.len, rows[i].want.ptr, rows[i].want.len,
		    rows[i].name);
	}
	buf_fini(&b);
	dns_zone_free(z);
}

static void
test_nothing(void)
{
	static const char *const texts[] = { "", "# nothing\n", "{}",
	    "zonedata:\n", "zonedata: {}\n", "tests: [a]\n" };
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		z = read_text(texts[i]);
		ok(z != NULL, "an empty zone: '%zu'", i);
		dns_zone_free(z);
	}
}

/* ---- refusals ---- */

#define MX "[PREFERENCE, NAME], the preference from 0 to 65535"
#define TLSA "[USAGE, SELECTOR, MATCHING, HEX], three numbers up to 255 and " \
    "an even number of hexadecimal digits"
#define ENTRIES "A, AAAA, MX, PTR, TLSA, SMIMEA, TXT, SPF, CNAME, " \
    "CNAMELOOP, DNSSEC, TIMEOUT, RCODE"
#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static void
test_refused(void)
{
	static const struct {
		const char	*text;
		const char	*want;	/* after "z.yaml:" */
	} rows[] = {
		{ "zonedata: *b", "1:11: aliases (*name) are not allowed; text "
		  "that begins with \"*\" needs quotes" },
		{ "zone: {}", "1:1: unknown key 'zone' in a zone file; "
		  "allowed: zonedata, description, comment, tests" },
		{ "zonedta: {}", "1:1: unknown key 'zonedta' in a zone file, "
		  "did you mean zonedata?; allowed: zonedata, description, "
		  "comment, tests" },
		{ "- a", "1:1: a zone file must be a mapping of \"key: "
		  "value\", and this is a list; allowed: zonedata, "
		  "description, comment, tests" },
		{ "zonedata: [a]", "1:11: zonedata is a list; allowed: a "
		  "mapping of names" },
		{ "zonedata: {a.b: {A: 192.0.2.1}}", "1:17: a.b is a mapping; "
		  "allowed: a list of entries like \"- A: 192.0.2.1\"" },
		{ "zonedata: {a.b: text}", "1:17: a.b is 'text'; allowed: a "
		  "list of entries like \"- A: 192.0.2.1\"" },
		{ "zonedata: {a..b: []}", "1:12: the name is 'a..b'; allowed: "
		  "what can be asked in the DNS, labels of 1 to 63 octets of "
		  "ASCII" },
		{ "zonedata: {\"" X60 "xxxx.b\": []}", "1:12: the name is '"
		  X60 "...'; allowed: what can be asked in the DNS, labels of "
		  "1 to 63 octets of ASCII" },
		{ "zonedata: {'': []}", "1:12: the name is ''; allowed: what "
		  "can be asked in the DNS, labels of 1 to 63 octets of "
		  "ASCII" },
		{ "zonedata: {a: [text]}", "1:16: entry is 'text'; allowed: "
		  "TYPE: VALUE, or TIMEOUT" },
		{ "zonedata: {a: [[b]]}", "1:16: entry is a list; allowed: "
		  "TYPE: VALUE, or TIMEOUT" },
		{ "zonedata:\n  a:\n    - NS: b\n", "3:7: unknown entry "
		  "'NS'; allowed: " ENTRIES },
		{ "zonedata: {a: [{txt: b}]}", "1:17: unknown entry 'txt'; "
		  "allowed: " ENTRIES },
		{ "zonedata: {a: [{A: 192.0.2}]}", "1:20: A is '192.0.2'; "
		  "allowed: an IPv4 address" },
		{ "zonedata: {a: [{A: [192.0.2.1]}]}", "1:20: A is a list; "
		  "allowed: an IPv4 address" },
		{ "zonedata: {a: [{AAAA: 192.0.2.1}]}", "1:23: AAAA is "
		  "'192.0.2.1'; allowed: an IPv6 address" },
		{ "zonedata: {a: [{MX: mail.example}]}", "1:21: MX is "
		  "'mail.example'; allowed: " MX },
		{ "zonedata: {a: [{MX: [mail.example]}]}", "1:21: MX is a "
		  "list; allowed: " MX },
		{ "zonedata: {a: [{MX: []}]}", "1:21: MX is an empty list; "
		  "allowed: " MX },
		{ "zonedata: {a: [{MX: [65536, b]}]}", "1:21: MX is a list; "
		  "allowed: " MX },
		{ "zonedata: {a: [{MX: [1, b, c]}]}", "1:21: MX is a list; "
		  "allowed: " MX },
		{ "zonedata: {a: [{MX: [1, b..c]}]}", "1:21: MX is a list; "
		  "allowed: " MX },
		{ "zonedata: {a: [{MX: [1, [b]]}]}", "1:21: MX is a list; "
		  "allowed: " MX },
		{ "zonedata: {a: [{TLSA: [3, 1, 1]}]}", "1:23: TLSA is a "
		  "list; allowed: " TLSA },
		{ "zonedata: {a: [{TLSA: [3, 256, 1, ab]}]}", "1:23: TLSA is "
		  "a list; allowed: " TLSA },
		{ "zonedata: {a: [{TLSA: [3, 1, 1, abc]}]}", "1:23: TLSA is "
		  "a list; allowed: " TLSA },
		{ "zonedata: {a: [{TLSA: [3, 1, 1, 0g]}]}", "1:23: TLSA is "
		  "a list; allowed: " TLSA },
		{ "zonedata: {a: [{TLSA: 3 1 1 ab}]}", "1:23: TLSA is "
		  "'3 1 1 ab'; allowed: " TLSA },
		{ "zonedata: {a: [{DNSSEC: maybe}]}", "1:25: DNSSEC is "
		  "'maybe'; allowed: yes, no" },
		{ "zonedata: {a: [{PTR: b..c}]}", "1:22: PTR is 'b..c'; "
		  "allowed: a domain name" },
		{ "zonedata: {a: [{CNAME: }]}", "1:24: CNAME has no value; "
		  "allowed: a domain name" },
		{ "zonedata: {a: [{CNAME: b}, {CNAME: c}]}", "1:36: cannot be "
		  "added: a second CNAME of this name, more than 1000 records "
		  "of it, or out of memory" },
		{ "zonedata: {a: [{CNAMELOOP: b}]}", "1:28: CNAMELOOP is 'b'; "
		  "allowed: yes, no" },
		{ "zonedata: {a: [{TIMEOUT: 3}]}", "1:26: TIMEOUT is '3'; "
		  "allowed: yes, no" },
		{ "zonedata: {a: [{RCODE: 0}]}", "1:24: RCODE is '0'; "
		  "allowed: a whole number, 1 to 15" },
		{ "zonedata: {a: [{RCODE: 16}]}", "1:24: RCODE is '16'; "
		  "allowed: a whole number, 1 to 15" },
		{ "zonedata: {a: [{RCODE: SERVFAIL}]}", "1:24: RCODE is "
		  "'SERVFAIL'; allowed: a whole number, 1 to 15" },
		{ "zonedata: {a: [{TXT: }]}", "1:22: TXT has no value; "
		  "allowed: text, or a list of strings" },
		{ "zonedata: {a: [{TXT: {b: c}}]}", "1:22: TXT is a mapping; "
		  "allowed: text, or a list of strings" },
		{ "zonedata: {a: [{TXT: [b, [c]]}]}", "1:26: entry is a list; "
		  "allowed: text, or a list of strings" },
	};
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		z = read_text(rows[i].text);
		if (z == NULL && strncmp(why, "z.yaml:", 7) == 0)
			is_str(why + 7, rows[i].want, rows[i].want);
		else
			ok(false, "%s: %s", rows[i].want,
			    z != NULL ? "read" : why);
		dns_zone_free(z);
	}
}

static void
test_limits(void)
{
	struct dns_zone *z;
	struct buf b;
	size_t i, more;

	buf_init(&b, 200000);
	for (more = 0; more < 2; more++) {
		buf_reset(&b);
		buf_adds(&b, "zonedata: {a: [{TXT: ");
		for (i = 0; i < LIMIT_DNS_ANSWER + more; i++)
			buf_addc(&b, 'x');
		buf_adds(&b, "}]}");
		z = zonefile_read_text(buf_slice(&b), "z.yaml", why,
		    sizeof(why));
		ok((z != NULL) == (more == 0), "text %s",
		    more == 0 ? "at the limit" : "past the limit");
		dns_zone_free(z);
	}
	ok(strstr(why, "allowed: text that fits into an answer") != NULL,
	    "and why");
	for (more = 0; more < 2; more++) {
		buf_reset(&b);
		buf_adds(&b, "zonedata: {a: [");
		for (i = 0; i < LIMIT_DNS_RECORDS + more; i++)
			buf_adds(&b, "{A: 192.0.2.1},");
		buf_adds(&b, "]}");
		z = zonefile_read_text(buf_slice(&b), "z.yaml", why,
		    sizeof(why));
		ok((z != NULL) == (more == 0), "records %s",
		    more == 0 ? "at the limit" : "past the limit");
		dns_zone_free(z);
	}
	buf_fini(&b);
}

/* ---- the public suite ---- */

static const char suite[] = "/usr/share/gocode/src/blitiri.com.ar/go/spf/"
    "testdata/rfc7208-tests.yml";

/* Each document of the suite is a scenario: one file for us. */
static void
read_scenarios(struct slice rest)
{
	static const char mark[] = "\n---\n";
	struct slice scenario;
	struct dns_zone *z;
	unsigned int n = 0;
	size_t at;

	while (rest.len > 0) {
		for (at = 0; at < rest.len; at++) {
			if (slice_starts(slice_from(rest, at), SLICE("---\n"))
			    && (at == 0 || rest.ptr[at - 1] == '\n'))
				break;
		}
		scenario = slice_head(rest, at);
		rest = slice_from(rest, at + sizeof(mark) - 2);
		z = zonefile_read_text(scenario, "suite", why, sizeof(why));
		ok(z != NULL, "scenario %u of the suite%s%s", n,
		    z == NULL ? ": " : "", z == NULL ? why : "");
		dns_zone_free(z);
		n++;
	}
	ok(n >= 16, "%u scenarios", n);
}

static void
test_suite(void)
{
	static char text[1u << 20];
	FILE *f = fopen(suite, "rb");
	size_t len;

	if (f == NULL) {
		skip("the public RFC 7208 suite",
		    "golang-blitiri-go-spf-dev is not installed");
		return;
	}
	len = fread(text, 1, sizeof(text), f);
	(void)fclose(f);
	read_scenarios((struct slice){ text, len });
}

/* ---- no memory ---- */

static void
test_memory(void)
{
	unsigned long n, failed = 1;
	bool good = true, read = false;
	struct dns_zone *z;

	for (n = 0; failed > 0 && good; n++) {
		mem_fail_after(n, 1);
		z = read_text(zone);
		failed = mem_fail_hits();
		mem_fail_after(0, 0);
		read = z != NULL;
		/* A table that cannot grow is full, but works. */
		good = read || (failed > 0 &&
		    strstr(why, "out of memory") != NULL);
		dns_zone_free(z);
	}
	ok(good && read && n > 50, "each of %lu allocations fails once: %s",
	    n - 1, why);
}

int
main(void)
{
	test_answers();
	test_nothing();
	test_refused();
	test_limits();
	test_suite();
	test_memory();
	return tap_done();
}
