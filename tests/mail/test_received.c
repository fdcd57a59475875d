/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Received fields, as mail servers write them and as nobody should.
 */
#include "mail/received.h"

#include "tests/tap.h"

static const struct {
	const char	*name;
	const char	*value;
	const char	*client;	/* "" when it cannot be told */
	const char	*helo;
} cases[] = {
	{ "Postfix", " from mail.example.com (mx.example.com [192.0.2.1])\r\n"
	  "\tby mx.example.org (Postfix) with ESMTP id 1; date",
	  "192.0.2.1", "mail.example.com" },
	{ "Postfix, IPv6, TLS", "from a.example (unknown [IPv6:2001:DB8::1])"
	  "\r\n\t(using TLSv1.3 with cipher X (256/256 bits)\r\n\t key [x])"
	  "\r\n\tby b", "2001:db8::1", "a.example" },
	{ "HELO in a later comment", "from a.example (b.example [192.0.2.1])"
	  "\r\n\t(using TLSv1.3 HELO evil.example)\r\n\tby c", "192.0.2.1",
	  "a.example" },
	{ "Sendmail", "from a.example (user@b.example [192.0.2.2] (may be "
	  "forged)) by c", "192.0.2.2", "a.example" },
	{ "Sendmail, no name", "from a.example ([192.0.2.2]) by c",
	  "192.0.2.2", "a.example" },
	{ "Exim", "from b.example ([192.0.2.3] helo=a.example) by c",
	  "192.0.2.3", "a.example" },
	{ "Exim, port", "from b.example ([192.0.2.3]:2525 helo=a.example)",
	  "192.0.2.3", "a.example" },
	{ "Exim, no name", "from [192.0.2.3] (helo=a.example) by c",
	  "192.0.2.3", "a.example" },
	{ "Exim, a literal in HELO", "from [192.0.2.3] (helo=[192.0.2.9])",
	  "192.0.2.3", "[192.0.2.9]" },
	{ "qmail", "from unknown (HELO a.example) (192.0.2.4) by c with SMTP",
	  "192.0.2.4", "a.example" },
	{ "Exchange", "from a.example (192.0.2.5) by c", "192.0.2.5",
	  "a.example" },
	{ "any case", "FROM A.example ([ipv6:2001:db8::5])", "2001:db8::5",
	  "A.example" },
	{ "mapped address", "from a ([IPv6:::ffff:192.0.2.1])", "192.0.2.1",
	  "a" },
	{ "HELO a literal of another address", "from [203.0.113.9] (unknown "
	  "[192.0.2.6]) by c", "192.0.2.6", "[203.0.113.9]" },
	{ "HELO a literal, and no address", "from [203.0.113.9] by c", "",
	  "[203.0.113.9]" },
	{ "an address as HELO", "from 203.0.113.9 by c", "", "203.0.113.9" },
	{ "the first bracket counts", "from a (b [192.0.2.7] [203.0.113.9])",
	  "192.0.2.7", "a" },
	{ "the first comment counts", "from a ([192.0.2.7]) ([203.0.113.9])",
	  "192.0.2.7", "a" },
	{ "first bracket no address", "from a (b [x] [203.0.113.9]) by c",
	  "", "a" },
	{ "bracket left open", "from a (b [192.0.2.7) by c", "", "a" },
	{ "address after by", "from a by b ([203.0.113.9])", "", "a" },
	{ "address in a date", "from a; ([203.0.113.9])", "", "a" },
	{ "no from", "by b ([192.0.2.1]) id 3", "", "" },
	{ "from and no blank", "from([192.0.2.1])", "", "" },
	{ "from alone", "from", "", "" },
	{ "comment left open", "from a ([192.0.2.1]", "", "a" },
	{ "control in a comment", "from a (\001[192.0.2.1])", "", "a" },
	{ "comment within", "from a (b (c (d)) [192.0.2.1])", "192.0.2.1",
	  "a" },
	{ "quoted bracket", "from a (b \\) [192.0.2.1])", "192.0.2.1", "a" },
	{ "zone index", "from a ([fe80::1%eth0])", "", "a" },
	{ "empty", "", "", "" }
};

/* What a host of ours wrote: one exact form, or nothing. */
static const struct {
	const char	*name;
	const char	*value;
	const char	*client;	/* "" when it is not the form */
	const char	*helo;
} exact[] = {
	{ .name = "Postfix", .value = " from mail.example.com (mx.example.com "
	  "[192.0.2.1])\r\n\tby mx.example.org (Postfix) with ESMTP id 1; d",
	  .client = "192.0.2.1", .helo = "mail.example.com" },
	{ .name = "Postfix, no name", .value = "from a.example (unknown "
	  "[192.0.2.1])\n\tby b", .client = "192.0.2.1",
	  .helo = "a.example" },
	{ .name = "Postfix, IPv6, TLS, certificate, login", .value =
	  "from [10.0.0.1] (unknown [IPv6:2001:db8::1])\n\t(using TLSv1.3 "
	  "with cipher X (256/256 bits)\n\t key-exchange X25519)\n\t(Client "
	  "CN \"x\", Issuer \"y\" (not verified))\n\t(Authenticated sender: "
	  "joe)\n\tby b", .client = "2001:db8::1", .helo = "[10.0.0.1]" },
	{ .name = "HELO with a peer and a bracket", .value = "from a.example "
	  "([192.0.2.9]) ([ (b.example [192.0.2.2]) x)\n\tby c",
	  .client = "", .helo = "" },
	{ .name = "HELO with a peer and an open word", .value = "from "
	  "a.example ([192.0.2.9]) (x[1] helo=[192.0.2.2])\n\tby c",
	  .client = "", .helo = "" },
	{ .name = "Sendmail", .value = "from a.example (b.example "
	  "[192.0.2.2])\n\tby c (8.17.1/8.17.1) with ESMTP", .client =
	  "192.0.2.2", .helo = "a.example" },
	{ .name = "Sendmail, no name", .value = "from a.example "
	  "([192.0.2.2])\n\tby c", .client = "192.0.2.2",
	  .helo = "a.example" },
	{ .name = "Sendmail, forged name, ident, login", .value =
	  "from a.example (user@b.example [192.0.2.2] (may be forged))\n\t"
	  "(authenticated bits=0)\n\tby c", .client = "192.0.2.2",
	  .helo = "a.example" },
	{ .name = "Exim", .value = "from b.example ([192.0.2.3] "
	  "helo=a.example)\n\tby c with esmtp (Exim 4.96)", .client =
	  "192.0.2.3", .helo = "a.example" },
	{ .name = "Exim, port and ident", .value = "from b.example "
	  "([192.0.2.3]:2525 helo=a.example ident=joe)\n\tby c", .client =
	  "192.0.2.3", .helo = "a.example" },
	{ .name = "Exim, no name", .value = "from [192.0.2.3] "
	  "(helo=a.example)\n\tby c", .client = "192.0.2.3",
	  .helo = "a.example" },
	{ .name = "Exim, no name, port", .value = "from [192.0.2.3] (port=25 "
	  "helo=a.example)\n\tby c", .client = "192.0.2.3",
	  .helo = "a.example" },
	{ .name = "Exim, HELO is the name", .value = "from a.example "
	  "([192.0.2.3])\n\tby c", .client = "192.0.2.3",
	  .helo = "a.example" },
	{ .name = "a literal as HELO is not the client", .value =
	  "from [203.0.113.9] (unknown [192.0.2.6])\n\tby c", .client =
	  "192.0.2.6", .helo = "[203.0.113.9]" },

	{ .name = "HELO with a comment of its own", .value =
	  "from a (b [203.0.113.9]) (unknown [192.0.2.6])\n\tby c",
	  .client = "" },
	{ .name = "two words in HELO", .value = "from a b (unknown "
	  "[192.0.2.6])\n\tby c", .client = "" },
	{ .name = "two literals", .value = "from a (b [192.0.2.7] "
	  "[203.0.113.9])\n\tby c", .client = "" },
	{ .name = "a literal in the name", .value = "from a "
	  "(b[IPv6:2001:db8::1]x [192.0.2.1]) by c", .client = "" },
	{ .name = "a HELO in the name", .value = "from [192.0.2.3] (helo=a.b "
	  "[192.0.2.3]) by c", .client = "" },
	{ .name = "words in front of the literal", .value = "from a (b c "
	  "[192.0.2.7])\n\tby c", .client = "" },
	{ .name = "address without brackets", .value = "from a (192.0.2.7) by "
	  "c", .client = "" },
	{ .name = "qmail", .value = "from unknown (HELO a) (192.0.2.4) by c",
	  .client = "" },
	{ .name = "local mail", .value = "by c (Postfix, from userid 1000)",
	  .client = "" },
	{ .name = "no by", .value = "from a (b [192.0.2.7])", .client = "" },
	{ .name = "text in front of by", .value = "from a (b [192.0.2.7]) x "
	  "by c", .client = "" },
	{ .name = "comment left open", .value = "from a (b [192.0.2.7]) (x by "
	  "c", .client = "" },
	{ .name = "another word for by", .value = "from a (b [192.0.2.7]) "
	  "bypass c", .client = "" },
	{ .name = "zone index", .value = "from a (b [fe80::1%eth0]) by c",
	  .client = "" },
	{ .name = "port that is none", .value = "from a ([192.0.2.3]:99999 "
	  "helo=a) by c", .client = "" },
	{ .name = "empty HELO in Exim", .value = "from a ([192.0.2.3] helo=) "
	  "by c", .client = "" },
	{ .name = "empty", .value = "", .client = "" }
};

static void
test_exact(void)
{
	char address[IPADDR_TEXT];
	struct received r;
	bool good;
	size_t i;

	for (i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		good = received_read_exact(slice_str(exact[i].value), &r);
		ok(good == (exact[i].client[0] != '\0'), "exact, %s: %s",
		    exact[i].name, good ? "read" : "not read");
		if (!good) {
			ok(r.client.family == IPADDR_NONE && r.helo.len == 0,
			    "exact, %s: nothing is left", exact[i].name);
			continue;
		}
		ipaddr_format(&r.client, address);
		is_str(address, exact[i].client, exact[i].name);
		is_bytes(r.helo.ptr, r.helo.len, exact[i].helo,
		    strlen(exact[i].helo), exact[i].name);
	}
}

int
main(void)
{
	char address[IPADDR_TEXT];
	struct received r;
	bool good;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good = received_read(slice_str(cases[i].value), &r);
		ok(good == (cases[i].client[0] != '\0'), "%s: %s",
		    cases[i].name, good ? "an address" : "no address");
		if (!good)
			continue;
		ipaddr_format(&r.client, address);
		is_str(address, cases[i].client, cases[i].name);
		is_bytes(r.helo.ptr, r.helo.len, cases[i].helo,
		    strlen(cases[i].helo), cases[i].name);
	}
	test_exact();
	return tap_done();
}
