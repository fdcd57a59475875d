/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Received fields, as mail servers write them and as nobody should.
 */
#include "tools/received.h"

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
	{ "address behind by", "from a by b ([203.0.113.9])", "", "a" },
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
	return tap_done();
}
