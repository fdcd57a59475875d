/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/packet_internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include "tests/resolver/dnsmsg.h"
#include "tests/tap.h"

#define NAME "a.example"
#define A 1
#define NS 2
#define CNAME 5
#define PTR 12
#define MX 15
#define TXT 16
#define AAAA 28
#define TLSA 52

static struct dnsmsg m;

static struct packet_reply
read_as(const char *name, unsigned int type)
{
	struct packet_name asked;
	struct packet_reply reply;
	char *exact = malloc(m.len > 0 ? m.len : 1);

	/* From a block of its size, for the sanitizer. */
	memcpy(exact, m.bytes, m.len);
	if (!packet_name_from_text(slice_str(name), &asked))
		abort();
	packet_read((struct slice){ exact, m.len }, &asked,
	    (enum dns_type)type, LIMIT_DNS_CNAMES, &reply);
	free(exact);
	return reply;
}

static const char *
kind_name(enum packet_kind kind)
{
	static const char *const names[] = {
		"found", "no data", "no name", "follow", "truncated",
		"failure", "broken", "excess"
	};

	return names[kind];
}

/* The records of an answer that was read, as text. */
static const char *
print_records(const struct packet_reply *reply, unsigned int type)
{
	static char out[4096];
	struct dns_draft d;
	char addr[IPADDR_TEXT];
	size_t i, used = 0;

	out[0] = '\0';
	if (reply->kind != PACKET_FOUND)
		return out;
	if (!dns_answer_new((enum dns_type)type, SLICE(NAME), reply->count,
	    reply->bytes, &d))
		abort();
	packet_fill((struct slice){ (char *)m.bytes, m.len },
	    (enum dns_type)type, reply, &d);
	for (i = 0; i < reply->count; i++) {
		const struct dns_record *r = &d.records[i];

		ipaddr_format(&r->addr, addr);
		if (r->addr.family != IPADDR_NONE)
			used += (size_t)snprintf(out + used,
			    sizeof(out) - used, "[%s]", addr);
		else
			used += (size_t)snprintf(out + used,
			    sizeof(out) - used, "[%u %.*s]", r->preference,
			    SLICE_ARG(r->text));
		if (used >= sizeof(out))
			used = sizeof(out) - 1;
	}
	dns_answer_unref(d.answer);
	return out;
}

/* ---- whole answers, written by one function each ---- */

static void
begin(unsigned int flags, unsigned int type)
{
	dnsmsg_begin(&m, 1, flags, NAME, type);
}

static void w_a(void) { begin(0, A); dnsmsg_a(&m, NAME, 60, 0xc0000201); }

static void
w_a_two(void)
{
	begin(DNSMSG_AD, A);
	dnsmsg_a(&m, "A.Example", 60, 0xc0000201);
	dnsmsg_a(&m, NAME, 30, 0xc0000202);
	dnsmsg_opt(&m, 0);
}

static void
w_question_case(void)
{
	dnsmsg_begin(&m, 1, 0, "A.EXAMPLE", A);
	dnsmsg_a(&m, NAME, 60, 0xc0000201);
}

static void
w_aaaa(void)
{
	size_t at;

	begin(0, AAAA);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, AAAA, 60);
	dnsmsg_bytes(&m, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	dnsmsg_end(&m, at);
}

static void
w_txt(void)
{
	size_t at;

	begin(0, TXT);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, TXT, 60);
	dnsmsg_bytes(&m, "\3v=s\0\3pf1", 9);
	dnsmsg_end(&m, at);
	dnsmsg_txt(&m, NAME, 60, "", 0);
}

static void
w_mx(void)
{
	begin(0, MX);
	dnsmsg_mx(&m, NAME, 60, 10, "Mail.Example");
	dnsmsg_mx(&m, NAME, 60, 0, "");
	dnsmsg_mx(&m, NAME, 60, 5, "\303\244.example");
}

/* A dot inside a label: a name that text cannot tell from another. */
static void
w_mx_dot_in_label(void)
{
	size_t at;

	begin(0, MX);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, MX, 60);
	dnsmsg_bytes(&m, "\0\1\3a.b\7example\0", 15);
	dnsmsg_end(&m, at);
}

/* The name in the data points into the question. */
static void
w_mx_compressed(void)
{
	size_t at;

	begin(0, MX);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, MX, 60);
	dnsmsg_bytes(&m, "\0\1\4mail\xc0\x0e", 9);
	dnsmsg_end(&m, at);
}

static void
w_ptr(void)
{
	begin(0, PTR);
	dnsmsg_target(&m, DNSMSG_AN, NAME, PTR, 60, "host.example");
}

static void
w_tlsa(void)
{
	size_t at;

	begin(DNSMSG_AD, TLSA);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, TLSA, 60);
	dnsmsg_bytes(&m, "###AB", 5);
	dnsmsg_end(&m, at);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, TLSA, 60);
	dnsmsg_bytes(&m, "%%%", 3);
	dnsmsg_end(&m, at);
}

static void
w_tlsa_short(void)
{
	size_t at;

	begin(0, TLSA);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, TLSA, 60);
	dnsmsg_bytes(&m, "##", 2);
	dnsmsg_end(&m, at);
}

/* What is asked is the alias itself: it is not followed. */
static void
w_cname_itself(void)
{
	begin(0, CNAME);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 60, "b.example");
}

static void
w_other_owner(void)
{
	begin(0, A);
	dnsmsg_a(&m, "b.example", 60, 0xc0000201);
	dnsmsg_a(&m, NAME, 60, 0xc0000202);
}

static void
w_only_other_owner(void)
{
	begin(0, A);
	dnsmsg_a(&m, "b.example", 60, 0xc0000201);
}

static void
w_other_class(void)
{
	size_t at;

	begin(0, A);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, A, 60);
	m.bytes[at - 5] = 3;
	dnsmsg_u32(&m, 0xc0000201);
	dnsmsg_end(&m, at);
}

static void
w_other_type(void)
{
	begin(0, A);
	dnsmsg_txt(&m, NAME, 60, "x", 1);
	dnsmsg_soa(&m, "example", 60, 30);
}

static void
w_no_data(void)
{
	begin(DNSMSG_AD, A);
	dnsmsg_soa(&m, "example", 600, 30);
}

static void
w_no_data_soa_ttl(void)
{
	begin(0, A);
	dnsmsg_soa(&m, "", 20, 30);
}

static void
w_no_data_soa_of_another(void)
{
	begin(0, A);
	dnsmsg_soa(&m, "ample", 20, 30);
}

static void w_nothing(void) { begin(0, A); }

static void
w_nothing_ns_and_soa(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_NS, "example", NS, 60, "ns.example");
	dnsmsg_soa(&m, "example", 600, 30);
}

static void
w_referral(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_NS, "example", NS, 60, "ns.example");
}

static void
w_no_name(void)
{
	begin(3 | DNSMSG_AD, A);
	dnsmsg_soa(&m, "example", 600, 4000);
}

static void w_no_name_bare(void) { begin(3, A); }
static void w_servfail(void) { begin(2, A); }
static void w_refused(void) { begin(5 | DNSMSG_AD, A); }

static void
w_badvers(void)
{
	begin(0, A);
	dnsmsg_opt(&m, 1);
}

static void
w_formerr_without_question(void)
{
	begin(1, A);
	m.len = 12;
	m.bytes[5] = 0;
}

static void
w_cname(void)
{
	begin(DNSMSG_AD, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "B.example");
	dnsmsg_a(&m, "b.example", 60, 0xc0000201);
}

static void
w_cname_backwards(void)
{
	begin(0, A);
	dnsmsg_a(&m, "c.example", 60, 0xc0000201);
	dnsmsg_a(&m, "d.example", 10, 0xc0000202);
	dnsmsg_target(&m, DNSMSG_AN, "b.example", CNAME, 40, "c.example");
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "b.example");
}

static void
w_cname_open(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "b.example");
}

static void
w_cname_no_data(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "b.example.org");
	dnsmsg_soa(&m, "example.org", 600, 500);
}

static void
w_cname_soa_of_first(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "b.example.org");
	dnsmsg_soa(&m, "example", 600, 500);
}

static void
w_cname_no_name(void)
{
	begin(3, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 20, "b.example");
	dnsmsg_soa(&m, "example", 600, 500);
}

static void
w_cname_root(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 20, "");
}

static void
w_cname_loop(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "b.example");
	dnsmsg_target(&m, DNSMSG_AN, "b.example", CNAME, 50, NAME);
}

static void
w_cname_self(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, NAME);
}

static void
w_cname_twice(void)
{
	begin(0, A);
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "b.example");
	dnsmsg_target(&m, DNSMSG_AN, NAME, CNAME, 50, "c.example");
}

static void
w_truncated(void)
{
	begin(DNSMSG_TC, TXT);
	m.bytes[7] = 1;		/* a record that is not there */
}

static void
w_ttl_top_bit(void)
{
	begin(0, A);
	dnsmsg_a(&m, NAME, 0x80000000u, 0xc0000201);
}

static void
w_ttl_large(void)
{
	begin(0, A);
	dnsmsg_a(&m, NAME, 0x7fffffffu, 0xc0000201);
}

static void
w_negative_ttl_top_bit(void)
{
	begin(3, A);
	dnsmsg_soa(&m, "example", 600, 0xffffffffu);
}

static const struct {
	const char *name;
	void (*write)(void);
	unsigned int type;
	enum packet_kind kind;
	const char *records;
	uint32_t ttl;
	unsigned int rcode;
	bool authenticated;
} rows[] = {
	{ "A", w_a, A, PACKET_FOUND, "[192.0.2.1]", 60, 0, false },
	{ "two A, owner in other case, OPT, AD", w_a_two, A, PACKET_FOUND,
	    "[192.0.2.1][192.0.2.2]", 30, 0, true },
	{ "question in other case", w_question_case, A, PACKET_FOUND,
	    "[192.0.2.1]", 60, 0, false },
	{ "AAAA", w_aaaa, AAAA, PACKET_FOUND, "[2001:db8::1]", 60, 0,
	    false },
	{ "TXT: strings joined, empty ones", w_txt, TXT, PACKET_FOUND,
	    "[0 v=spf1][0 ]", 60, 0, false },
	{ "MX: root and a name that cannot be", w_mx, MX, PACKET_FOUND,
	    "[10 mail.example][0 ][5 ]", 60, 0, false },
	{ "MX: a dot within a label", w_mx_dot_in_label, MX, PACKET_FOUND,
	    "[1 ]", 60, 0, false },
	{ "MX: compressed", w_mx_compressed, MX, PACKET_FOUND,
	    "[1 mail.example]", 60, 0, false },
	{ "PTR", w_ptr, PTR, PACKET_FOUND, "[0 host.example]", 60, 0,
	    false },
	{ "TLSA: octets, none of data", w_tlsa, TLSA, PACKET_FOUND,
	    "[0 ###AB][0 %%%]", 60, 0, true },
	{ "TLSA of two octets", w_tlsa_short, TLSA, PACKET_BROKEN, "", 60, 0,
	    false },
	{ "CNAME itself", w_cname_itself, CNAME, PACKET_FOUND,
	    "[0 b.example]", 60, 0, false },
	{ "another owner is ignored", w_other_owner, A, PACKET_FOUND,
	    "[192.0.2.2]", 60, 0, false },
	{ "only another owner", w_only_other_owner, A, PACKET_NO_DATA, "",
	    0, 0, false },
	{ "another class", w_other_class, A, PACKET_NO_DATA, "", 0, 0,
	    false },
	{ "another type", w_other_type, A, PACKET_NO_DATA, "", 30, 0,
	    false },
	{ "no data, MINIMUM counts", w_no_data, A, PACKET_NO_DATA, "", 30,
	    0, true },
	{ "no data, TTL of the SOA counts", w_no_data_soa_ttl, A,
	    PACKET_NO_DATA, "", 20, 0, false },
	{ "no data, SOA of another zone", w_no_data_soa_of_another, A,
	    PACKET_NO_DATA, "", 0, 0, false },
	{ "nothing at all", w_nothing, A, PACKET_NO_DATA, "", 0, 0, false },
	{ "NS and SOA: no data", w_nothing_ns_and_soa, A, PACKET_NO_DATA,
	    "", 30, 0, false },
	{ "referral", w_referral, A, PACKET_FAILURE, "", 0, 0, false },
	{ "no name, TTL clamped", w_no_name, A, PACKET_NO_NAME, "", 600, 3,
	    true },
	{ "no name without SOA", w_no_name_bare, A, PACKET_NO_NAME, "", 0,
	    3, false },
	{ "SERVFAIL", w_servfail, A, PACKET_FAILURE, "", LIMIT_DNS_TTL_MAX,
	    2, false },
	{ "REFUSED", w_refused, A, PACKET_FAILURE, "", LIMIT_DNS_TTL_MAX, 5,
	    true },
	{ "BADVERS", w_badvers, A, PACKET_FAILURE, "", LIMIT_DNS_TTL_MAX,
	    16, false },
	{ "FORMERR without question", w_formerr_without_question, A,
	    PACKET_FAILURE, "", LIMIT_DNS_TTL_MAX, 1, false },
	{ "CNAME", w_cname, A, PACKET_FOUND, "[192.0.2.1]", 50, 0, true },
	{ "CNAMEs in any order", w_cname_backwards, A, PACKET_FOUND,
	    "[192.0.2.1]", 40, 0, false },
	{ "CNAME with an open end", w_cname_open, A, PACKET_FOLLOW, "", 50,
	    0, false },
	{ "CNAME, then no data", w_cname_no_data, A, PACKET_NO_DATA, "", 50,
	    0, false },
	{ "CNAME, SOA of the first zone", w_cname_soa_of_first, A,
	    PACKET_FOLLOW, "", 50, 0, false },
	{ "CNAME, then no name", w_cname_no_name, A, PACKET_NO_NAME, "", 20,
	    3, false },
	{ "CNAME to the root", w_cname_root, A, PACKET_FOLLOW, "", 20, 0,
	    false },
	{ "CNAME loop", w_cname_loop, A, PACKET_EXCESS, "", 50, 0, false },
	{ "CNAME to itself", w_cname_self, A, PACKET_EXCESS, "", 50, 0,
	    false },
	{ "two CNAMEs of one name", w_cname_twice, A, PACKET_BROKEN, "",
	    LIMIT_DNS_TTL_MAX, 0, false },
	{ "truncated", w_truncated, TXT, PACKET_TRUNCATED, "",
	    LIMIT_DNS_TTL_MAX, 0, false },
	{ "TTL with the top bit is 0", w_ttl_top_bit, A, PACKET_FOUND,
	    "[192.0.2.1]", 0, 0, false },
	{ "TTL clamped", w_ttl_large, A, PACKET_FOUND, "[192.0.2.1]",
	    LIMIT_DNS_TTL_MAX, 0, false },
	{ "negative TTL with the top bit is 0", w_negative_ttl_top_bit, A,
	    PACKET_NO_NAME, "", 0, 3, false }
};

static void
test_rows(void)
{
	struct packet_reply got;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rows[i].write();
		got = read_as(NAME, rows[i].type);
		is_str(kind_name(got.kind), kind_name(rows[i].kind),
		    rows[i].name);
		is_str(print_records(&got, rows[i].type), rows[i].records,
		    "records");
		is_num(got.ttl, rows[i].ttl, "TTL");
		is_num(got.rcode, rows[i].rcode, "rcode");
		is_num(got.authenticated, rows[i].authenticated, "AD");
	}
	w_cname_backwards();
	got = read_as(NAME, A);
	is_num(got.links, 2, "links followed");
	w_a_two();
	got = read_as(NAME, A);
	ok(got.edns, "OPT is seen");
}

/*
 * Answers that are wrong in one place: `write` makes a good one, then the
 * octet at `at` (from the end when negative) becomes `value`.
 */
static const struct {
	const char *name;
	void (*write)(void);
	unsigned int type;
	int at;
	unsigned char value;
	enum packet_kind kind;
} patches[] = {
	{ "QR is not set", w_a, A, 2, 0x00, PACKET_BROKEN },
	{ "OPCODE is not QUERY", w_a, A, 2, 0x90, PACKET_BROKEN },
	{ "no question", w_a, A, 5, 0, PACKET_BROKEN },
	{ "two questions", w_a, A, 5, 2, PACKET_BROKEN },
	{ "another name in the question", w_a, A, 13, 'b', PACKET_BROKEN },
	{ "another type in the question", w_a, A, 24, 28, PACKET_BROKEN },
	{ "another class in the question", w_a, A, 26, 3, PACKET_BROKEN },
	{ "one record more than there is", w_a, A, 7, 2, PACKET_BROKEN },
	{ "one record less", w_a, A, 7, 0, PACKET_BROKEN },
	{ "an authority that is not there", w_a, A, 9, 1, PACKET_BROKEN },
	{ "an addition that is not there", w_a, A, 11, 1, PACKET_BROKEN },
	{ "65280 records", w_a, A, 6, 0xff, PACKET_BROKEN },
	{ "A of three octets", w_a, A, -5, 3, PACKET_BROKEN },
	{ "A of five octets", w_a, A, -5, 5, PACKET_BROKEN },
	{ "AAAA of fifteen octets", w_aaaa, AAAA, -17, 15, PACKET_BROKEN },
	{ "label type 0x40", w_a, A, 27, 0x41, PACKET_BROKEN },
	{ "label type 0x80", w_a, A, 27, 0x81, PACKET_BROKEN },
	{ "label past the end", w_a, A, 27, 63, PACKET_BROKEN },
	{ "TXT string past its end", w_txt, TXT, -1, 1, PACKET_BROKEN },
	{ "MX pointer to itself", w_mx_compressed, MX, -1, 49,
	    PACKET_BROKEN },
	{ "MX pointer ahead", w_mx_compressed, MX, -1, 200,
	    PACKET_BROKEN },
	{ "MX pointer into the header", w_mx_compressed, MX, -1, 4,
	    PACKET_BROKEN },
	{ "PTR with octets after the name", w_ptr, PTR, -9, 0,
	    PACKET_BROKEN },
	{ "records in a no such name", w_a, A, 3, 0x83, PACKET_BROKEN },
	{ "answer cut off by TC", w_a, A, 2, 0x82, PACKET_TRUNCATED }
};

static void
test_patches(void)
{
	size_t i, at;

	for (i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		patches[i].write();
		at = patches[i].at >= 0 ? (size_t)patches[i].at :
		    m.len - (size_t)-patches[i].at;
		m.bytes[at] = patches[i].value;
		is_str(kind_name(read_as(NAME, patches[i].type).kind),
		    kind_name(patches[i].kind), patches[i].name);
	}
}

/* Every answer, cut off at every length, and with an octet after it. */
static void
test_lengths(void)
{
	enum packet_kind kind;
	size_t i, len, wrong;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rows[i].write();
		wrong = 0;
		for (len = m.len; m.len-- > 0;) {
			kind = read_as(NAME, rows[i].type).kind;
			wrong += kind != PACKET_BROKEN &&
			    rows[i].kind != PACKET_TRUNCATED;
		}
		is_num((long long)wrong, 0, "cut off: broken");
		m.len = len;
		dnsmsg_u8(&m, 0);
		kind = read_as(NAME, rows[i].type).kind;
		is_str(kind_name(kind), kind_name(rows[i].kind ==
		    PACKET_TRUNCATED ? PACKET_TRUNCATED : PACKET_BROKEN),
		    rows[i].name);
	}
}

static void
test_opt(void)
{
	w_a();
	dnsmsg_opt(&m, 0);
	dnsmsg_opt(&m, 0);
	is_str(kind_name(read_as(NAME, A).kind), "broken", "two OPT");
	w_a();
	dnsmsg_target(&m, DNSMSG_AR, NAME, 41, 0, "");
	is_str(kind_name(read_as(NAME, A).kind), "broken",
	    "OPT that is not of the root");
	begin(3, A);
	dnsmsg_opt(&m, 1);
	is_num(read_as(NAME, A).rcode, 19, "RCODE of both parts");
	begin(0, A);
	dnsmsg_u8(&m, 0);
	m.len--;
	(void)dnsmsg_rr(&m, DNSMSG_AN, NAME, TXT, 60);
	is_str(kind_name(read_as(NAME, A).kind), "no data",
	    "an empty TXT of no interest");
	m.bytes[24] = TXT;
	is_str(kind_name(read_as(NAME, TXT).kind), "broken",
	    "a TXT without a string");
}

/* A name of 255 octets with the root, and of one more, as owner. */
static void
owner_of(size_t last)
{
	size_t i, at;

	begin(0, A);
	at = m.len;
	(void)dnsmsg_rr(&m, DNSMSG_AN, "", A, 60);
	m.len = at;
	for (i = 0; i < 3; i++) {
		dnsmsg_u8(&m, 63);
		dnsmsg_bytes(&m, "123456789012345678901234567890123456789"
		    "012345678901234567890123", 63);
	}
	dnsmsg_u8(&m, (unsigned int)last);
	dnsmsg_bytes(&m, "12345678901234567890123456789012345678901234567"
	    "8901234567890123", last);
	dnsmsg_u8(&m, 0);
	dnsmsg_bytes(&m, "\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4", 14);
}

/* A name made of pointers to pointers: each leads one label back. */
static void
pointers(size_t count)
{
	size_t at, i, before = 12;

	begin(0, MX);
	at = dnsmsg_rr(&m, DNSMSG_AN, "x", TXT, 60);
	dnsmsg_u8(&m, (unsigned int)(4 * count));
	for (i = 0; i < count; i++) {
		dnsmsg_bytes(&m, "\1x", 2);
		dnsmsg_u16(&m, (unsigned int)(0xc000 | before));
		before = m.len - 4;
	}
	dnsmsg_end(&m, at);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, MX, 60);
	dnsmsg_u16(&m, 1);
	dnsmsg_u16(&m, (unsigned int)(0xc000 | before));
	dnsmsg_end(&m, at);
}

/* A name that is found by so many pointers, most of them to pointers. */
static void
pointers_alone(size_t count)
{
	size_t at, before = 12;

	begin(0, MX);
	at = dnsmsg_rr(&m, DNSMSG_AN, "x", TXT, 60);
	for (; count > 1; count--) {
		dnsmsg_u16(&m, (unsigned int)(0xc000 | before));
		before = m.len - 2;
	}
	dnsmsg_end(&m, at);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, MX, 60);
	dnsmsg_u16(&m, 1);
	dnsmsg_u16(&m, (unsigned int)(0xc000 | before));
	dnsmsg_end(&m, at);
}

static void
test_names(void)
{
	struct packet_reply got;
	struct packet_name a, b;
	struct domain d;

	owner_of(61);
	is_str(kind_name(read_as(NAME, A).kind), "no data",
	    "owner of 255 octets");
	owner_of(62);
	is_str(kind_name(read_as(NAME, A).kind), "broken",
	    "owner of 256 octets");
	pointers(60);
	got = read_as(NAME, MX);
	is_str(kind_name(got.kind), "found", "60 pointers");
	is_num((long long)got.bytes, 60 * 2 + 9, "all labels");
	pointers_alone(127);
	is_str(kind_name(read_as(NAME, MX).kind), "found",
	    "127 pointers in a row");
	pointers_alone(128);
	is_str(kind_name(read_as(NAME, MX).kind), "broken", "one more");
	ok(!packet_name_from_text(SLICE("a..b"), &a), "not a name");
	ok(!packet_name_from_text(SLICE(""), &a), "the root is not asked");
	ok(packet_name_from_text(SLICE("A.b"), &a) &&
	    packet_name_from_text(SLICE("a.B."), &b) &&
	    packet_name_eq(&a, &b), "equal in any case");
	is_bytes(a.wire, a.len, "\1a\1b", 5, "on the wire");
	ok(packet_name_to_text(&a, &d), "back to text");
	is_str(d.text, "a.b", "text");
}

static void
many_records(unsigned int count)
{
	unsigned int i;

	begin(0, A);
	for (i = 0; i < count; i++)
		dnsmsg_a(&m, NAME, 60, i);
}

static void
chain(unsigned int links)
{
	char from[32] = NAME, to[32];
	unsigned int i;

	begin(0, A);
	for (i = 0; i < links; i++) {
		(void)snprintf(to, sizeof(to), "c%u.example", i);
		dnsmsg_target(&m, DNSMSG_AN, from, CNAME, 60, to);
		(void)snprintf(from, sizeof(from), "%s", to);
	}
	dnsmsg_a(&m, from, 60, 1);
}

static void
test_limits(void)
{
	struct packet_reply got;
	size_t at;

	many_records(LIMIT_DNS_RECORDS);
	got = read_as(NAME, A);
	is_str(kind_name(got.kind), "found", "records at the limit");
	is_num((long long)got.count, LIMIT_DNS_RECORDS, "all counted");
	many_records(LIMIT_DNS_RECORDS + 1);
	is_str(kind_name(read_as(NAME, A).kind), "excess",
	    "records past the limit");
	chain(LIMIT_DNS_CNAMES);
	is_str(kind_name(read_as(NAME, A).kind), "found",
	    "links at the limit");
	chain(LIMIT_DNS_CNAMES + 1);
	is_str(kind_name(read_as(NAME, A).kind), "excess",
	    "links past the limit");
	begin(0, TXT);
	at = dnsmsg_rr(&m, DNSMSG_AN, NAME, TXT, 60);
	while (m.len < 65535)
		dnsmsg_bytes(&m, "\0", 1);
	dnsmsg_end(&m, at);
	is_str(kind_name(read_as(NAME, TXT).kind), "found",
	    "65535 octets, a string each");
	m.len = LIMIT_DNS_ANSWER + 1;
	is_str(kind_name(read_as(NAME, TXT).kind), "excess",
	    "octets past the limit");
}

static void
test_query(void)
{
	static const char want[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1"
	    "\1a\7example\0\0\20\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0";
	unsigned char out[PACKET_QUERY_MAX];
	char longest[DOMAIN_MAX + 1];
	struct packet_name name;
	size_t len;

	(void)packet_name_from_text(SLICE(NAME), &name);
	len = packet_query(&name, DNS_TYPE_TXT, 0x1234, true, out);
	is_bytes(out, len, want, sizeof(want) - 1, "query with OPT");
	len = packet_query(&name, DNS_TYPE_TXT, 0x1234, false, out);
	is_num((long long)len, sizeof(want) - 1 - 11, "query without");
	is_num(out[11], 0, "and no count of it");
	memset(longest, 'a', sizeof(longest));
	longest[63] = longest[127] = longest[191] = '.';
	ok(packet_name_from_text((struct slice){ longest, DOMAIN_MAX },
	    &name), "the longest name");
	len = packet_query(&name, DNS_TYPE_TXT, 0, true, out);
	is_num((long long)len, PACKET_QUERY_MAX, "fits exactly");
}

/* ---- what is asked ---- */

static bool
asked(struct packet_question *out)
{
	char *exact = malloc(m.len > 0 ? m.len : 1);
	bool is;

	memcpy(exact, m.bytes, m.len);
	is = packet_asked((struct slice){ exact, m.len }, out);
	free(exact);
	return is;
}

/* Is it the question of begin()? */
static void
asks(const char *label)
{
	struct packet_question got = { .type = 0 };
	struct packet_name name;

	(void)packet_name_from_text(SLICE(NAME), &name);
	ok(asked(&got) && got.id == 1 && got.type == A &&
	    packet_name_eq(&got.name, &name), "%s", label);
}

static void
asks_nothing(const char *label)
{
	struct packet_question got;

	ok(!asked(&got), "%s", label);
}

static void
test_asked(void)
{
	size_t question;

	begin(0, A);
	question = m.len;
	begin(3 | DNSMSG_TC | DNSMSG_AD, A);
	dnsmsg_a(&m, "other.example", 60, 1);
	dnsmsg_soa(&m, "example", 60, 60);
	dnsmsg_opt(&m, 1);
	asks("id and question alone");
	m.bytes[13] = 'A';
	asks("in lower case");
	m.len--;
	asks("whatever follows");
	m.len = question;
	asks("or does not");
	m.len--;
	asks_nothing("a question cut");
	m.len = 12;
	asks_nothing("no question");
	m.len = 11;
	asks_nothing("no header");
	m.len = 0;
	asks_nothing("nothing");
	begin(0, A);
	m.bytes[2] = 0;
	asks_nothing("a question to us");
	begin(0x0800, A);
	asks_nothing("another opcode");
	begin(0, A);
	m.bytes[5] = 0;
	asks_nothing("without question");
	m.bytes[5] = 2;
	asks_nothing("two of them");
	begin(0, A);
	m.bytes[m.len - 1] = 3;
	asks_nothing("of another class");
	begin(0, A);
	m.bytes[12] = 0xc0;
	m.bytes[13] = 12;
	asks_nothing("a pointer to itself");
}

static void
write_longest_name(void)
{
	char longest[DOMAIN_MAX + 1];

	memset(longest, 'a', sizeof(longest));
	longest[63] = longest[127] = longest[191] = '.';
	longest[DOMAIN_MAX] = '\0';
	dnsmsg_begin(&m, 1, 0, longest, A);
}

static void
test_asked_longest(void)
{
	struct packet_question got = { .type = 0 };

	write_longest_name();
	dnsmsg_opt(&m, 0);
	ok(asked(&got), "the longest name");
	is_num((long long)got.name.len, PACKET_NAME_MAX, "fits exactly");
}

int
main(void)
{
	test_rows();
	test_patches();
	test_lengths();
	test_opt();
	test_names();
	test_limits();
	test_query();
	test_asked();
	test_asked_longest();
	return tap_done();
}
