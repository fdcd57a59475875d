/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/tap.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct text_row {
	struct slice	 in;
	const char	*any;		/* by ipaddr_parse(), NULL: refused */
	bool		 is4, is6;
} text_rows[] = {
	{ SLICE_INIT("192.0.2.1"), "192.0.2.1", true, false },
	{ SLICE_INIT("0.0.0.0"), "0.0.0.0", true, false },
	{ SLICE_INIT("255.255.255.255"), "255.255.255.255", true, false },
	{ SLICE_INIT("192.0.2.256"), NULL, false, false },
	{ SLICE_INIT("256.0.2.1"), NULL, false, false },
	{ SLICE_INIT("192.0.2.01"), NULL, false, false },
	{ SLICE_INIT("192.0.2.00"), NULL, false, false },
	{ SLICE_INIT("010.0.2.1"), NULL, false, false },
	{ SLICE_INIT("192.0.2"), NULL, false, false },
	{ SLICE_INIT("192.0.2."), NULL, false, false },
	{ SLICE_INIT(".192.0.2"), NULL, false, false },
	{ SLICE_INIT("192..0.2"), NULL, false, false },
	{ SLICE_INIT("192.0.2.1."), NULL, false, false },
	{ SLICE_INIT("192.0.2.1.1"), NULL, false, false },
	{ SLICE_INIT("3221225985"), NULL, false, false },
	{ SLICE_INIT("0xc0.0.2.1"), NULL, false, false },
	{ SLICE_INIT("192.0.2.+1"), NULL, false, false },
	{ SLICE_INIT("192.0.2.-1"), NULL, false, false },
	{ SLICE_INIT("192.0.2.1 "), NULL, false, false },
	{ SLICE_INIT(" 192.0.2.1"), NULL, false, false },
	{ SLICE_INIT("192.0.2.1\0"), NULL, false, false },
	{ SLICE_INIT("192.0.2.1/32"), NULL, false, false },
	{ SLICE_INIT(""), NULL, false, false },
	{ { NULL, 0 }, NULL, false, false },
	{ SLICE_INIT("::"), "::", false, true },
	{ SLICE_INIT("::1"), "::1", false, true },
	{ SLICE_INIT("1::"), "1::", false, true },
	{ SLICE_INIT("2001:db8::1"), "2001:db8::1", false, true },
	{ SLICE_INIT("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8", false, true },
	{ SLICE_INIT("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0", false, true },
	{ SLICE_INIT("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8", false, true },
	{ SLICE_INIT("1:2:3:4:5:6:192.0.2.1"), "1:2:3:4:5:6:c000:201",
	    false, true },
	{ SLICE_INIT("64:ff9b::192.0.2.1"), "64:ff9b::c000:201",
	    false, true },
	{ SLICE_INIT("::ffff:192.0.2.1"), "192.0.2.1", false, true },
	{ SLICE_INIT("::FFFF:c000:0201"), "192.0.2.1", false, true },
	{ SLICE_INIT("0:0:0:0:0:ffff:192.0.2.1"), "192.0.2.1", false, true },
	{ SLICE_INIT("::fffe:192.0.2.1"), "::fffe:c000:201", false, true },
	{ SLICE_INIT("0001:0002:0003:0004:0005:0006:0007:0008"),
	    "1:2:3:4:5:6:7:8", false, true },
	{ SLICE_INIT("00001::"), NULL, false, false },
	{ SLICE_INIT("1:2:3:4:5:6:7"), NULL, false, false },
	{ SLICE_INIT("1:2:3:4:5:6:7:8:9"), NULL, false, false },
	{ SLICE_INIT("1:2:3:4::5:6:7:8"), NULL, false, false },
	{ SLICE_INIT("1::2::3"), NULL, false, false },
	{ SLICE_INIT(":1:2:3:4:5:6:7"), NULL, false, false },
	{ SLICE_INIT("1:2:3:4:5:6:7:"), NULL, false, false },
	{ SLICE_INIT(":::"), NULL, false, false },
	{ SLICE_INIT(":"), NULL, false, false },
	{ SLICE_INIT("g::"), NULL, false, false },
	{ SLICE_INIT("::ffff:192.0.2"), NULL, false, false },
	{ SLICE_INIT("::ffff:192.0.2.256"), NULL, false, false },
	{ SLICE_INIT("::ffff:192.0.02.1"), NULL, false, false },
	{ SLICE_INIT("::192.0.2.1:1"), NULL, false, false },
	{ SLICE_INIT("fe80::1%eth0"), NULL, false, false },
	{ SLICE_INIT("fe80::1%1"), NULL, false, false },
	{ SLICE_INIT("[2001:db8::1]"), NULL, false, false },
	{ SLICE_INIT("IPv6:2001:db8::1"), NULL, false, false },
	{ SLICE_INIT("::1\0"), NULL, false, false },
	{ SLICE_INIT("::1 "), NULL, false, false },
	{ SLICE_INIT("::1/128"), NULL, false, false },
};

static void
test_parse(void)
{
	const struct text_row *r;
	struct ipaddr a;
	char text[IPADDR_TEXT];
	size_t i;

	for (i = 0; i < COUNT(text_rows); i++) {
		r = &text_rows[i];
		memset(&a, 0x55, sizeof(a));
		ok(ipaddr_parse(r->in, &a) == (r->any != NULL),
		    "parse %.*s", SLICE_ARG(r->in));
		if (r->any != NULL) {
			ipaddr_format(&a, text);
			is_str(text, r->any, "format");
		} else {
			is_num(a.bytes[3], 0x55, "a failure leaves *out");
		}
		ok(ipaddr_parse4(r->in, &a) == r->is4, "parse4 %.*s",
		    SLICE_ARG(r->in));
		ok(ipaddr_parse6(r->in, &a) == r->is6, "parse6 %.*s",
		    SLICE_ARG(r->in));
	}
}

/* RFC 5952: sections 4.1, 4.2.1 to 4.2.3, 4.3 and 5. */
static const struct format_row {
	const char	*in, *want;
} format_rows[] = {
	{ "2001:0db8::0001", "2001:db8::1" },
	{ "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
	{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	{ "2001:DB8:AAAA::CcDd", "2001:db8:aaaa::ccdd" },
	{ "0:0:0:0:0:0:0:0", "::" },
	{ "0:0:0:0:0:0:0:1", "::1" },
	{ "1:0:0:0:0:0:0:0", "1::" },
	{ "::ffff:c000:201", "::ffff:192.0.2.1" },
};

static void
test_format(void)
{
	struct ipaddr a = { .family = IPADDR_NONE };
	char text[IPADDR_TEXT];
	size_t i;

	ipaddr_format(&a, text);
	is_str(text, "unknown", "format: no family");
	for (i = 0; i < COUNT(format_rows); i++) {
		if (!ok(ipaddr_parse6(slice_str(format_rows[i].in), &a),
		    "parse6 %s", format_rows[i].in))
			continue;
		ipaddr_format(&a, text);
		is_str(text, format_rows[i].want, "format");
	}
}

static void
is_sockaddr(const void *sa, const char *want, const char *name)
{
	struct ipaddr a = { .family = IPADDR_NONE };
	char text[IPADDR_TEXT];

	ok(ipaddr_from_sockaddr(sa, &a) == (want != NULL), "%s", name);
	ipaddr_format(&a, text);
	is_str(text, want != NULL ? want : "unknown", name);
}

static void
test_sockaddr(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	sin.sin_addr.s_addr = htonl(0xc0000201);
	is_sockaddr(&sin, "192.0.2.1", "sockaddr: IPv4");
	(void)inet_pton(AF_INET6, "2001:db8::1", &sin6.sin6_addr);
	is_sockaddr(&sin6, "2001:db8::1", "sockaddr: IPv6");
	(void)inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6.sin6_addr);
	is_sockaddr(&sin6, "192.0.2.1", "sockaddr: mapped");
	is_sockaddr(&sun, NULL, "sockaddr: a local socket");
	is_sockaddr(NULL, NULL, "sockaddr: none");
}

static struct ipaddr
addr(const char *text)
{
	struct ipaddr a = { .family = IPADDR_NONE };

	if (text[0] != '\0' && !ipaddr_parse(slice_str(text), &a))
		ok(false, "the test's own address %s", text);
	return a;
}

static const struct prefix_row {
	const char	*a, *b;
	unsigned int	 bits;
	bool		 want;
} prefix_rows[] = {
	{ "192.0.2.1", "203.0.113.9", 0, true },
	{ "192.0.2.1", "64.0.2.1", 1, false },
	{ "192.0.2.1", "128.0.2.1", 1, true },
	{ "192.0.2.1", "128.0.2.1", 2, false },
	{ "192.0.2.1", "192.0.3.1", 23, true },
	{ "192.0.2.1", "192.0.3.1", 24, false },
	{ "192.0.2.0", "192.0.2.1", 31, true },
	{ "192.0.2.0", "192.0.2.1", 32, false },
	{ "192.0.2.1", "192.0.2.1", 32, true },
	{ "192.0.2.1", "192.0.2.1", 33, false },
	{ "2001:db8::1", "2001:db8::1", 128, true },
	{ "2001:db8::1", "2001:db8::1", 129, false },
	{ "2001:db8::1", "2001:db8::", 127, true },
	{ "2001:db8::1", "2001:db8::", 128, false },
	{ "2001:db8::", "2001:db9::", 31, true },
	{ "2001:db8::", "2001:db9::", 32, false },
	{ "192.0.2.1", "2001:db8::1", 0, false },
	{ "", "192.0.2.1", 0, false },
	{ "", "", 0, false },
};

static void
test_prefix(void)
{
	const struct prefix_row *r;
	struct ipaddr a, b;
	size_t i;

	for (i = 0; i < COUNT(prefix_rows); i++) {
		r = &prefix_rows[i];
		a = addr(r->a);
		b = addr(r->b);
		ok(ipaddr_same_prefix(&a, &b, r->bits) == r->want &&
		    ipaddr_same_prefix(&b, &a, r->bits) == r->want,
		    "%s and %s are %s in %u bits", r->a, r->b,
		    r->want ? "equal" : "not equal", r->bits);
	}
}

static void
test_eq(void)
{
	struct ipaddr a = addr("192.0.2.1"), b = addr("192.0.2.2");
	struct ipaddr mapped = addr("::ffff:192.0.2.1");
	struct ipaddr six;

	ok(ipaddr_eq(&a, &a), "eq: same");
	ok(!ipaddr_eq(&a, &b), "eq: other");
	ok(ipaddr_eq(&a, &mapped), "eq: mapped became IPv4");
	/* What is after the four octets does not count. */
	b = a;
	b.bytes[4] = 1;
	ok(ipaddr_eq(&a, &b), "eq: four octets");
	ok(ipaddr_parse6(SLICE("c000:201::"), &six) && !ipaddr_eq(&a, &six),
	    "eq: other family");
}

static const struct net_row {
	const char	*net, *in, *out;	/* in NULL: refused */
} net_rows[] = {
	{ "192.0.2.0/24", "192.0.2.255", "192.0.3.0" },
	{ "192.0.2.77/24", "192.0.2.1", "192.0.1.255" },
	{ "192.0.2.1", "192.0.2.1", "192.0.2.2" },
	{ "192.0.2.1/32", "192.0.2.1", "192.0.2.0" },
	{ "0.0.0.0/0", "203.0.113.1", "2001:db8::1" },
	{ "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::" },
	{ "2001:db8::1", "2001:db8::1", "2001:db8::2" },
	{ "::/0", "2001:db8::1", "192.0.2.1" },
	{ "::1/128", "::1", "::2" },
	{ "::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9" },
	{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2" },
	{ "::ffff:0.0.0.0/96", "203.0.113.1", "2001:db8::1" },
	{ "::ffff:0.0.0.0/95", NULL, NULL },
	{ "192.0.2.0/33", NULL, NULL },
	{ "2001:db8::/129", NULL, NULL },
	{ "192.0.2.0/", NULL, NULL },
	{ "192.0.2.0/024", NULL, NULL },
	{ "192.0.2.0/00", NULL, NULL },
	{ "192.0.2.0/-1", NULL, NULL },
	{ "192.0.2.0/+8", NULL, NULL },
	{ "192.0.2.0/ 8", NULL, NULL },
	{ "192.0.2.0/8 ", NULL, NULL },
	{ "192.0.2.0/24/24", NULL, NULL },
	{ "192.0.2.0/255.255.255.0", NULL, NULL },
	{ "192.0.2/24", NULL, NULL },
	{ "/24", NULL, NULL },
	{ "/", NULL, NULL },
	{ "", NULL, NULL },
	{ "example.com", NULL, NULL },
};

static void
test_net_first(void)
{
	static const struct { const char *net, *want; } rows[] = {
		{ "192.0.2.255/24", "192.0.2.0" },
		{ "192.0.2.255/25", "192.0.2.128" },
		{ "192.0.2.255/32", "192.0.2.255" },
		{ "192.0.2.255/0", "0.0.0.0" },
		{ "192.0.2.255", "192.0.2.255" },
		{ "2001:db8:ffff::ffff/33", "2001:db8:8000::" },
		{ "2001:db8::ffff/128", "2001:db8::ffff" },
		{ "ffff::/0", "::" },
	};
	char text[IPADDR_TEXT];
	struct ipaddr first;
	struct ipnet net;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		ok(ipnet_parse(slice_str(rows[i].net), &net), "a network");
		first = ipnet_first(&net);
		ipaddr_format(&first, text);
		is_str(text, rows[i].want, rows[i].net);
	}
}

static void
test_net(void)
{
	const struct net_row *r;
	struct ipnet net;
	struct ipaddr in, out;
	bool good;
	size_t i;

	for (i = 0; i < COUNT(net_rows); i++) {
		r = &net_rows[i];
		good = ipnet_parse(slice_str(r->net), &net);
		ok(good == (r->in != NULL), "net \"%s\" is %s", r->net,
		    r->in != NULL ? "taken" : "refused");
		if (!good || r->in == NULL)
			continue;
		in = addr(r->in);
		out = addr(r->out);
		ok(ipnet_contains(&net, &in), "%s has %s", r->net, r->in);
		ok(!ipnet_contains(&net, &out), "%s has not %s", r->net,
		    r->out);
	}
}

static void
test_public(void)
{
	static const struct {
		const char *address;
		bool public;
	} rows[] = {
		{ "8.8.8.8", true }, { "0.1.2.3", false },
		{ "10.255.0.1", false }, { "100.64.0.1", false },
		{ "100.128.0.1", true }, { "127.0.0.1", false },
		{ "169.254.169.254", false }, { "172.15.0.1", true },
		{ "172.31.255.255", false }, { "172.32.0.1", true },
		{ "192.0.0.8", false }, { "192.0.2.1", false },
		{ "192.168.1.1", false }, { "192.169.1.1", true },
		{ "198.19.0.1", false }, { "198.51.100.1", false },
		{ "203.0.113.1", false }, { "224.0.0.1", false },
		{ "240.0.0.1", false }, { "255.255.255.255", false },
		{ "223.255.255.255", true },
		{ "2606:4700::1", true }, { "::", false }, { "::1", false },
		{ "::127.0.0.1", false }, { "::ffff:127.0.0.1", false },
		{ "::ffff:8.8.8.8", true }, { "64:ff9b::10.0.0.1", false },
		{ "64:ff9b::8.8.8.8", true }, { "64:ff9b:1::1", false },
		{ "100::1", false }, { "2001::1", false },
		{ "2001:db8::1", false }, { "2002:7f00:1::1", false },
		{ "2002:808:808::1", true }, { "3fff::1", false },
		{ "fc00::1", false }, { "fd12::1", false },
		{ "fe80::1", false }, { "fec0::1", false },
		{ "ff02::1", false }
	};
	struct ipaddr a;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!ipaddr_parse4(slice_str(rows[i].address), &a))
			(void)ipaddr_parse6(slice_str(rows[i].address), &a);
		ok(ipaddr_is_public(&a) == rows[i].public, "%s is %spublic",
		    rows[i].address, rows[i].public ? "" : "not ");
	}
	a.family = IPADDR_NONE;
	ok(!ipaddr_is_public(&a), "no address");
}

static void
test_reverse(void)
{
	static const struct { const char *address, *name; } rows[] = {
		{ "192.0.2.1", "1.2.0.192.in-addr.arpa" },
		{ "255.255.255.255", "255.255.255.255.in-addr.arpa" },
		{ "2001:db8::5", "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		    "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
		{ "::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa" }
	};
	char name[IPADDR_REVERSE];
	struct ipaddr a;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)ipaddr_parse(slice_str(rows[i].address), &a);
		ipaddr_reverse(&a, name);
		is_str(name, rows[i].name, rows[i].address);
	}
	a.family = IPADDR_NONE;
	ipaddr_reverse(&a, name);
	is_str(name, "", "no address has no name");
}

static void
test_any(void)
{
	static const struct ipnet nets[] = {
		{ { IPADDR_V4, { 10 } }, 8 },
		{ { IPADDR_V4, { 192, 0, 2 } }, 24 }
	};
	const struct ipaddr in = { IPADDR_V4, { 192, 0, 2, 7 } };
	const struct ipaddr out = { IPADDR_V4, { 192, 0, 3, 7 } };
	const struct ipnet within = { { IPADDR_V4, { 10, 1 } }, 16 };
	const struct ipnet wider = { { IPADDR_V4, { 192 } }, 8 };

	ok(ipnet_any_contains(nets, 2, &in), "in the second");
	ok(!ipnet_any_contains(nets, 1, &in), "not in the first");
	ok(!ipnet_any_contains(nets, 2, &out), "in none of them");
	ok(!ipnet_any_contains(NULL, 0, &in), "none is not all");
	ok(ipnet_any_covers(nets, 2, &within), "a part of the first");
	ok(ipnet_any_covers(nets, 2, &nets[1]), "the same as the second");
	ok(!ipnet_any_covers(nets, 2, &wider), "larger than the second");
}

int
main(void)
{
	test_any();
	test_reverse();
	test_public();
	test_parse();
	test_format();
	test_sockaddr();
	test_prefix();
	test_eq();
	test_net();
	test_net_first();
	return tap_done();
}
