/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts: tables of a zone, a request and what must come out, the limits
 * of RFC 7208 section 4.6.4, DNS failures, and memory that runs out.
 */
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "tests/spf/world.h"
#include "tests/tap.h"

/* ---- verdicts ---- */

struct row {
	const char		*name, *zone, *ip, *helo, *from;
	enum auth_result	 want;
	/* The rest is compared when it is not NULL. */
	const char		*mechanism, *record, *problem, *explanation;
};

static const struct row rows[] = {
	/* 4.5, 4.6 */
	{ "no record", "a.example TXT hello\na.example TXT v=spf10",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_NONE, "", "",
	    "no SPF record", "" },
	{ "no name", "", "192.0.2.1", "h.example", "u@a.example", AUTH_NONE,
	    "", "", "no such domain", "" },
	{ "empty record", "a.example TXT v=spf1", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_NEUTRAL, "", "", NULL, "" },
	{ "two records", "a.example TXT v=spf1 -all\na.example TXT V=SPF1 "
	    "+all", "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR,
	    "", "", "more than one SPF record", "" },
	{ "syntax error after a match", "a.example TXT v=spf1 +all foo:%",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR, "", "",
	    "syntax error in an SPF record", "" },
	{ "case and last dot of the domain", "a.example TXT v=spf1 -all",
	    "192.0.2.1", "h.example", "u@A.ExAmPlE.", AUTH_FAIL, "-all",
	    "a.example", NULL, "" },
	{ "U-label", "xn--bcher-kva.example TXT v=spf1 exists:%{d}.x.example"
	    "\nxn--bcher-kva.example.x.example A 127.0.0.2", "192.0.2.1",
	    "h.example", "u@b\xc3\xbc" "cher.example", AUTH_PASS, NULL,
	    "xn--bcher-kva.example", NULL, "" },
	/* qualifiers */
	{ "pass", "a.example TXT v=spf1 +ip4:192.0.2.0/24 -all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PASS,
	    "+ip4:192.0.2.0/24", "a.example", NULL, NULL },
	{ "softfail", "a.example TXT v=spf1 ~all", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_SOFTFAIL, "~all", NULL, NULL, NULL },
	{ "neutral", "a.example TXT v=spf1 ?all", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_NEUTRAL, "?all", NULL, NULL, NULL },
	/* families */
	{ "IPv4-mapped", "a.example TXT v=spf1 ip6:::ffff:192.0.2.1 "
	    "-ip4:192.0.2.1", "::ffff:192.0.2.1", "h.example", "u@a.example",
	    AUTH_FAIL, "-ip4:192.0.2.1", NULL, NULL, NULL },
	{ "ip6 for an IPv4 client", "a.example TXT v=spf1 ip6:::/0 -all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, "-all", NULL,
	    NULL, NULL },
	{ "a of IPv6", "a.example TXT v=spf1 a//32 -all\na.example A "
	    "192.0.2.1\na.example AAAA 2001:db8::1", "2001:db8:1::1",
	    "h.example", "u@a.example", AUTH_PASS, "a//32", NULL, NULL,
	    NULL },
	{ "a/0 without addresses", "a.example TXT v=spf1 a/0 -all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, "-all", NULL,
	    NULL, NULL },
	/* mx */
	{ "mx", "a.example TXT v=spf1 mx -all\na.example MX 20 b.example\n"
	    "a.example MX 10 c.example\nb.example A 192.0.2.1\n"
	    "c.example A 192.0.2.9", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_PASS, "mx", NULL, NULL, NULL },
	{ "mx: no fall-back to A", "a.example TXT v=spf1 mx -all\n"
	    "a.example A 192.0.2.1", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_FAIL, NULL, NULL, NULL, NULL },
	{ "null MX", "a.example TXT v=spf1 mx/0 -all\na.example MX 0 .",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, NULL },
	{ "mx: a host that fails before the match", "a.example TXT v=spf1 mx "
	    "-all\na.example MX 20 b.example\na.example MX 10 c.example\n"
	    "b.example A 192.0.2.1\nc.example SERVFAIL", "192.0.2.1",
	    "h.example", "u@a.example", AUTH_TEMPERROR, "", "",
	    "DNS lookup failed", NULL },
	{ "mx: a host that fails after the match", "a.example TXT v=spf1 mx "
	    "-all\na.example MX 10 b.example\na.example MX 20 c.example\n"
	    "b.example A 192.0.2.1\nc.example SERVFAIL", "192.0.2.1",
	    "h.example", "u@a.example", AUTH_PASS, "mx", NULL, NULL, NULL },
	/* ptr */
	{ "ptr at the target", "a.example TXT v=spf1 ptr -all\n"
	    "1.2.0.192.in-addr.arpa PTR a.example\na.example A 192.0.2.1",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PASS, "ptr", NULL,
	    NULL, NULL },
	{ "ptr below the target", "a.example TXT v=spf1 ptr:b.example -all\n"
	    "1.2.0.192.in-addr.arpa PTR x.y.b.example\nx.y.b.example A "
	    "192.0.2.1", "192.0.2.1", "h.example", "u@a.example", AUTH_PASS,
	    "ptr:b.example", NULL, NULL, NULL },
	{ "ptr above the target", "a.example TXT v=spf1 ptr:y.b.example -all"
	    "\n1.2.0.192.in-addr.arpa PTR b.example\nb.example A 192.0.2.1",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, NULL },
	{ "ptr beside the target", "a.example TXT v=spf1 ptr:b.example -all"
	    "\n1.2.0.192.in-addr.arpa PTR ab.example\nab.example A 192.0.2.1",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, NULL },
	{ "ptr that does not lead back", "a.example TXT v=spf1 ptr -all\n"
	    "1.2.0.192.in-addr.arpa PTR a.example\na.example A 192.0.2.2",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, NULL },
	{ "ptr that fails", "a.example TXT v=spf1 ptr -all\n"
	    "1.2.0.192.in-addr.arpa SERVFAIL", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_FAIL, "-all", NULL, NULL, NULL },
	{ "ptr with an address that fails", "a.example TXT v=spf1 ptr -all\n"
	    "1.2.0.192.in-addr.arpa PTR x.a.example\n"
	    "1.2.0.192.in-addr.arpa PTR y.a.example\nx.a.example TIMEOUT\n"
	    "y.a.example A 192.0.2.1", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PASS, "ptr", NULL, NULL, NULL },
	/* exists */
	{ "exists of IPv6 asks for A", "a.example TXT v=spf1 "
	    "exists:b.example -all\nb.example A 127.0.0.2", "2001:db8::1",
	    "h.example", "u@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	/* include, 5.2 */
	{ "include pass", "a.example TXT v=spf1 ?include:b.example -all\n"
	    "b.example TXT v=spf1 +all", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_NEUTRAL, "?include:b.example", "a.example",
	    NULL, NULL },
	{ "include fail, softfail, neutral", "a.example TXT v=spf1 "
	    "include:b.example include:c.example include:d.example ~all\n"
	    "b.example TXT v=spf1 -all\nc.example TXT v=spf1 ~all\n"
	    "d.example TXT v=spf1", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_SOFTFAIL, "~all", "a.example", NULL, NULL },
	{ "include without record", "a.example TXT v=spf1 include:b.example "
	    "+all\nb.example A 192.0.2.1", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PERMERROR, "", NULL, "no SPF record at a "
	    "name that is included or redirected to", NULL },
	{ "include of nothing", "a.example TXT v=spf1 include:b.example +all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR, NULL,
	    NULL, NULL, NULL },
	{ "include with an error", "a.example TXT v=spf1 include:b.example "
	    "+all\nb.example TXT v=spf1 -all foo", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PERMERROR, NULL, NULL,
	    "syntax error in an SPF record", NULL },
	{ "include that times out", "a.example TXT v=spf1 include:b.example "
	    "+all\nb.example TIMEOUT", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_TEMPERROR, NULL, NULL,
	    "DNS lookup timed out", NULL },
	{ "include follows redirect", "a.example TXT v=spf1 "
	    "include:b.example -all\nb.example TXT v=spf1 redirect=c.example"
	    "\nc.example TXT v=spf1 +all", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PASS, "include:b.example", "a.example", NULL,
	    NULL },
	/* redirect, 6.1 */
	{ "redirect", "a.example TXT v=spf1 redirect=b.example ip4:192.0.2.9"
	    "\nb.example TXT v=spf1 a -all\nb.example A 192.0.2.1",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PASS, "a",
	    "b.example", NULL, NULL },
	{ "redirect and all", "a.example TXT v=spf1 redirect=b.example ~all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_SOFTFAIL, NULL,
	    NULL, NULL, NULL },
	{ "redirect to nothing", "a.example TXT v=spf1 redirect=b.example",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR, NULL,
	    NULL, NULL, NULL },
	{ "redirect to itself", "a.example TXT v=spf1 redirect=a.example",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR, NULL,
	    NULL, "too many terms that look something up", NULL },
	/* names, 4.8 */
	{ "no name: a, mx, exists, ptr", "a.example TXT v=spf1 a:b..example "
	    "mx:b..example exists:b..example ptr:b..example -all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, "-all", NULL,
	    NULL, NULL },
	{ "no name: include", "a.example TXT v=spf1 include:b..example +all",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR, NULL,
	    NULL, "an include or redirect names no domain", NULL },
	{ "no name: redirect", "a.example TXT v=spf1 redirect=b..example",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PERMERROR, NULL,
	    NULL, NULL, NULL },
	{ "one label: include", "a.example TXT v=spf1 include:%{h} +all\n"
	    "h TXT v=spf1 +all", "192.0.2.1", "h", "u@a.example",
	    AUTH_PERMERROR, NULL, NULL, NULL, NULL },
	{ "one label: a", "a.example TXT v=spf1 a:%{h} -all\nh A 192.0.2.1",
	    "192.0.2.1", "h", "u@a.example", AUTH_PASS, NULL, NULL, NULL,
	    NULL },
	/* identities, 2.3, 2.4, 4.3 */
	{ "null sender", "h.example TXT v=spf1 exists:%{l}.x.example -all\n"
	    "postmaster.x.example A 127.0.0.2", "192.0.2.1", "h.example", "",
	    AUTH_PASS, NULL, "h.example", NULL, NULL },
	{ "null sender, HELO literal", "", "192.0.2.1", "[192.0.2.1]", "",
	    AUTH_NONE, "", "", "the HELO name is not a domain name", "" },
	{ "null sender, HELO of one label", "h TXT v=spf1 -all", "192.0.2.1",
	    "h", "", AUTH_NONE, "", "", "the HELO name is not a domain name",
	    "" },
	{ "no local-part", "a.example TXT v=spf1 exists:%{l}.x.example -all"
	    "\npostmaster.x.example A 127.0.0.2", "192.0.2.1", "h.example",
	    "@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	{ "no domain", "", "192.0.2.1", "h.example", "u@", AUTH_NONE, "", "",
	    "the sender has no domain name", "" },
	{ "one label", "a TXT v=spf1 -all", "192.0.2.1", "h.example", "u@a",
	    AUTH_NONE, NULL, NULL, "the sender has no domain name", "" },
	{ "domain literal", "", "192.0.2.1", "h.example", "u@[192.0.2.1]",
	    AUTH_NONE, NULL, NULL, NULL, "" },
	{ "empty label", "", "192.0.2.1", "h.example", "u@a..example",
	    AUTH_NONE, NULL, NULL, NULL, "" },
	{ "control octet", "", "192.0.2.1", "h.example", "u@a\n.example",
	    AUTH_NONE, NULL, NULL, NULL, "" },
	{ "no address", "a.example TXT v=spf1 -all", "", "h.example",
	    "u@a.example", AUTH_NONE, NULL, NULL, "the client has no address",
	    "" },
	/* RFC 8616 4 */
	{ "8-bit local-part", "a.example TXT v=spf1 exists:%{l}.x.example "
	    "include:%{S}.x.example -a:%{l}.%{d} ~all\na.example A 192.0.2.1",
	    "192.0.2.1", "h.example", "\xc3\xa4@a.example", AUTH_SOFTFAIL,
	    "~all", NULL, NULL, NULL },
	{ "8-bit local-part that is not used", "a.example TXT v=spf1 "
	    "exists:%{o}.x.example -all\na.example.x.example A 127.0.0.2",
	    "192.0.2.1", "h.example", "\xc3\xa4@a.example", AUTH_PASS, NULL,
	    NULL, NULL, NULL },
	{ "8-bit local-part in redirect", "a.example TXT v=spf1 "
	    "redirect=%{l}.x.example", "192.0.2.1", "h.example",
	    "\xc3\xa4@a.example", AUTH_NEUTRAL, "", "", NULL, NULL },
	/* %{p}, 7.3 */
	{ "p: the domain itself", "a.example TXT v=spf1 "
	    "exists:%{p}.x.example -all\n1.2.0.192.in-addr.arpa PTR b.example"
	    "\n1.2.0.192.in-addr.arpa PTR c.a.example\n"
	    "1.2.0.192.in-addr.arpa PTR a.example\nb.example A 192.0.2.1\n"
	    "c.a.example A 192.0.2.1\na.example A 192.0.2.1\n"
	    "a.example.x.example A 127.0.0.2", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	{ "p: a name below it", "a.example TXT v=spf1 "
	    "exists:%{p}.x.example -all\n1.2.0.192.in-addr.arpa PTR b.example"
	    "\n1.2.0.192.in-addr.arpa PTR c.a.example\n"
	    "b.example A 192.0.2.1\nc.a.example A 192.0.2.1\n"
	    "c.a.example.x.example A 127.0.0.2", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	{ "p: any name", "a.example TXT v=spf1 exists:%{p}.x.example -all\n"
	    "1.2.0.192.in-addr.arpa PTR c.example\n"
	    "1.2.0.192.in-addr.arpa PTR b.example\nb.example A 192.0.2.1\n"
	    "c.example A 192.0.2.7\nb.example.x.example A 127.0.0.2",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PASS, NULL, NULL,
	    NULL, NULL },
	{ "p: none", "a.example TXT v=spf1 exists:%{p}.x.example -all\n"
	    "unknown.x.example A 127.0.0.2", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	{ "p: PTR fails", "a.example TXT v=spf1 exists:%{p}.x.example -all\n"
	    "1.2.0.192.in-addr.arpa SERVFAIL\nunknown.x.example A 127.0.0.2",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_PASS, NULL, NULL,
	    NULL, NULL },
	{ "p: an address fails", "a.example TXT v=spf1 exists:%{p}.x.example "
	    "-all\n1.2.0.192.in-addr.arpa PTR a.example\n"
	    "1.2.0.192.in-addr.arpa PTR b.example\na.example A 192.0.2.1\n"
	    "b.example TIMEOUT\nunknown.x.example A 127.0.0.2", "192.0.2.1",
	    "h.example", "u@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	{ "p of IPv6", "a.example TXT v=spf1 exists:%{p}.x.example -all\n"
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	    ".ip6.arpa PTR b.example\nb.example AAAA 2001:db8::1\n"
	    "b.example.x.example A 127.0.0.2", "2001:db8::1", "h.example",
	    "u@a.example", AUTH_PASS, NULL, NULL, NULL, NULL },
	/* exp, 6.2 */
	{ "exp", "a.example TXT v=spf1 -all exp=%{d}.e.example\n"
	    "a.example.e.example TXT %{c} is not %{d}; %{s} %{h} %{r} %{t}",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, "-all", NULL,
	    NULL, "192.0.2.1 is not a.example; u@a.example h.example "
	    "mx.receiver.example 1416614400" },
	{ "exp of a fail that is not all", "a.example TXT v=spf1 "
	    "exp=e.example -ip4:192.0.2.1 +all\ne.example TXT Bad.",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, "Bad." },
	{ "exp is not for softfail", "a.example TXT v=spf1 ~all "
	    "exp=e.example\ne.example TXT Bad.", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_SOFTFAIL, NULL, NULL, NULL, "" },
	{ "exp of an included record", "a.example TXT v=spf1 "
	    "-include:b.example\nb.example TXT v=spf1 +all exp=e.example\n"
	    "e.example TXT Bad.", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp of the redirect", "a.example TXT v=spf1 exp=e.example "
	    "redirect=b.example\nb.example TXT v=spf1 -all exp=f.example\n"
	    "e.example TXT Bad.\nf.example TXT Good.", "192.0.2.1",
	    "h.example", "u@a.example", AUTH_FAIL, NULL, NULL, NULL,
	    "Good." },
	{ "exp cancelled by the redirect", "a.example TXT v=spf1 "
	    "exp=e.example redirect=b.example\nb.example TXT v=spf1 -all\n"
	    "e.example TXT Bad.", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: two records", "a.example TXT v=spf1 -all exp=e.example\n"
	    "e.example TXT one\ne.example TXT two", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: time-out", "a.example TXT v=spf1 -all exp=e.example\n"
	    "e.example TIMEOUT", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: bad macro", "a.example TXT v=spf1 -all exp=e.example\n"
	    "e.example TXT The %{x}-files", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: 8-bit", "a.example TXT v=spf1 -all exp=e.example\n"
	    "e.example TXT \xc3\xa4", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: 8-bit local-part in its text", "a.example TXT v=spf1 -all "
	    "exp=e.example\ne.example TXT by %{l}", "192.0.2.1", "h.example",
	    "\xc3\xa4@a.example", AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: 8-bit local-part in its name", "a.example TXT v=spf1 -all "
	    "exp=%{l}.example", "192.0.2.1", "h.example",
	    "\xc3\xa4@a.example", AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: line break in HELO", "a.example TXT v=spf1 -all "
	    "exp=e.example\ne.example TXT by %{h}", "192.0.2.1", "h\r\nX: y",
	    "u@a.example", AUTH_FAIL, NULL, NULL, NULL, "" },
	{ "exp: %{p}", "a.example TXT v=spf1 -all exp=e.example\n"
	    "e.example TXT by %{p}\n1.2.0.192.in-addr.arpa PTR b.example\n"
	    "b.example A 192.0.2.1", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_FAIL, NULL, NULL, NULL, "by b.example" },
	{ "exp: %{p} in its name", "a.example TXT v=spf1 -all "
	    "exp=%{p}.e.example\nb.example.e.example TXT yes\n"
	    "1.2.0.192.in-addr.arpa PTR b.example\nb.example A 192.0.2.1",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, "yes" },
	{ "exp: no name", "a.example TXT v=spf1 -all exp=e..example",
	    "192.0.2.1", "h.example", "u@a.example", AUTH_FAIL, NULL, NULL,
	    NULL, "" },
	/* DNS errors, 4.4 and 5 */
	{ "TXT times out", "a.example TIMEOUT", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_TEMPERROR, "", "", "DNS lookup timed out",
	    NULL },
	{ "TXT fails", "a.example SERVFAIL", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_TEMPERROR, "", "", "DNS lookup failed",
	    NULL },
	{ "CNAME loop", "a.example CNAME b.example\nb.example CNAME "
	    "a.example", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_TEMPERROR, "", "", "malformed DNS answer", NULL },
	{ "a fails", "a.example TXT v=spf1 a:b.example +all\nb.example "
	    "SERVFAIL", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_TEMPERROR, NULL, NULL, "DNS lookup failed", NULL },
	{ "mx fails", "a.example TXT v=spf1 mx:b.example +all\nb.example "
	    "SERVFAIL", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_TEMPERROR, NULL, NULL, NULL, NULL },
	{ "exists fails", "a.example TXT v=spf1 exists:b.example +all\n"
	    "b.example TIMEOUT", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_TEMPERROR, NULL, NULL, NULL, NULL },
	{ "redirect fails", "a.example TXT v=spf1 redirect=b.example\n"
	    "b.example TIMEOUT", "192.0.2.1", "h.example", "u@a.example",
	    AUTH_TEMPERROR, NULL, NULL, NULL, NULL },
	{ "an error after the match does not matter", "a.example TXT v=spf1 "
	    "include:c.example a:b.example +all\nb.example TIMEOUT\n"
	    "c.example TXT v=spf1 +all", "192.0.2.1", "h.example",
	    "u@a.example", AUTH_PASS, "include:c.example", NULL, NULL,
	    NULL },
};

static void
is_text(const char *got, const char *want, const char *row, const char *what)
{
	if (want == NULL)
		return;
	if (!ok(got != NULL && strcmp(got, want) == 0, "%s: %s", row, what))
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)",
		    want);
}

static void
test_row(const struct row *r)
{
	static struct world_run run;
	struct spf_request request = world_request(r->ip, r->helo, r->from);
	struct dns_zone *z = world_zone(r->zone);

	world_check(&request, z, WORLD_TOGETHER, 0, &run);
	is_text(auth_result_name(run.verdict.result),
	    auth_result_name(r->want), r->name, "result");
	is_text(run.verdict.mechanism, r->mechanism, r->name, "mechanism");
	is_text(run.verdict.record_domain, r->record, r->name, "record");
	is_text(run.verdict.explanation, r->explanation, r->name,
	    "explanation");
	is_text(run.verdict.problem, r->problem, r->name, "problem");
	if (r->problem == NULL)
		ok((run.verdict.problem != NULL) ==
		    (r->want == AUTH_TEMPERROR || r->want == AUTH_PERMERROR ||
		    r->want == AUTH_NONE), "%s: problem or not", r->name);
	dns_zone_free(z);
}

static void
test_rows(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&rows[i]);
}

/* ---- identities ---- */

static void
test_identities(void)
{
	static struct world_run run;
	struct dns_zone *z = world_zone("h.example TXT v=spf1 "
	    "exists:%{s}.x.example -all\n"
	    "postmaster@h.example.x.example A 127.0.0.2\n"
	    "a.example TXT v=spf1 -all");
	struct spf_request r = world_request("192.0.2.1", "H.Example",
	    "u@a.example");

	r.identity = SPF_HELO;
	world_check(&r, z, WORLD_TOGETHER, 0, &run);
	is_str(auth_result_name(run.verdict.result), "pass", "HELO identity");
	is_str(run.verdict.domain.text, "h.example", "its domain");
	ok(!run.verdict.helo_for_null, "it stands for itself");
	r.identity = SPF_MAILFROM;
	world_check(&r, z, WORLD_TOGETHER, 0, &run);
	is_str(auth_result_name(run.verdict.result), "fail", "MAIL FROM");
	is_str(run.verdict.domain.text, "a.example", "its domain");
	r.local = r.domain = SLICE("");
	world_check(&r, z, WORLD_TOGETHER, 0, &run);
	is_str(auth_result_name(run.verdict.result), "pass", "null sender");
	is_str(run.verdict.domain.text, "h.example", "HELO in its place");
	ok(run.verdict.helo_for_null, "and that is said");
	r.helo = SLICE("[192.0.2.1]");
	world_check(&r, z, WORLD_TOGETHER, 0, &run);
	is_str(run.verdict.domain.text, "", "no domain when unusable");
	ok(run.calls == 1 && run.questions == 0, "and nothing is asked");
	dns_zone_free(z);
}

/* ---- limits ---- */

/* A record of `count` times `term`, where %d is the number. */
static void
add_repeated(struct dns_zone *z, const char *name, const char *term,
    unsigned int count, const char *end)
{
	char line[65536];
	unsigned int i;
	size_t len;

	len = (size_t)snprintf(line, sizeof(line), "%s TXT v=spf1", name);
	for (i = 0; i < count; i++) {
		line[len++] = ' ';
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    "%s%u.example", term, i);
	}
	(void)snprintf(line + len, sizeof(line) - len, " %s", end);
	world_add(z, line);
}

static void
add_numbered(struct dns_zone *z, const char *prefix, unsigned int count,
    const char *what)
{
	char line[256];
	unsigned int i;

	for (i = 0; i < count; i++) {
		(void)snprintf(line, sizeof(line), "%s%u.example %s", prefix,
		    i, what);
		world_add(z, line);
	}
}

static void
run_example(const struct dns_zone *z, unsigned int max_void,
    struct world_run *run)
{
	struct spf_request r = world_request("192.0.2.1", "h.example",
	    "u@a.example");

	r.max_void = max_void;
	world_check(&r, z, WORLD_TOGETHER, 0, run);
}

static void
is_verdict(const struct world_run *run, const char *result,
    unsigned int terms, unsigned int voids, const char *name)
{
	is_str(auth_result_name(run->verdict.result), result, name);
	is_num(run->verdict.terms, terms, name);
	is_num(run->verdict.voids, voids, name);
}

static void
test_terms(const char *term, const char *what)
{
	static const char ptr[] = "1.2.0.192.in-addr.arpa PTR o.example\n"
	    "m.example A 192.0.2.9";
	static struct world_run run;
	struct dns_zone *z = world_zone(ptr);

	add_repeated(z, "a.example", term, 10, "ip4:192.0.2.1 -all");
	add_numbered(z, "t", 11, what);
	run_example(z, 99, &run);
	is_verdict(&run, "pass", 10, 0, term);
	dns_zone_free(z);
	z = world_zone(ptr);
	add_repeated(z, "a.example", term, 11, "ip4:192.0.2.1 -all");
	add_numbered(z, "t", 11, what);
	run_example(z, 99, &run);
	is_verdict(&run, "permerror", 11, 0, term);
	is_str(run.verdict.problem, "too many terms that look something up",
	    term);
	dns_zone_free(z);
	z = dns_zone_new();
	add_repeated(z, "a.example", term, 11, "-all");
	add_numbered(z, "t", 11, what);
	world_add(z, "t9.example A 192.0.2.1");
	run_example(z, 99, &run);
	is_num(run.verdict.terms, strcmp(term, "a:t") == 0 ? 10 : 11,
	    "a match at the tenth ends it");
	dns_zone_free(z);
}

static void
test_term_limits(void)
{
	static struct world_run run;
	struct dns_zone *z;

	test_terms("a:t", "A 192.0.2.9");
	test_terms("mx:t", "MX 10 m.example");
	test_terms("ptr:t", "A 192.0.2.9");
	test_terms("include:t", "TXT v=spf1 -all");
	/* Nine in the tree and the redirect are ten. */
	z = world_zone("a.example TXT v=spf1 include:b.example "
	    "include:c.example redirect=d.example\n"
	    "b.example TXT v=spf1 a:x.example a:x.example a:x.example\n"
	    "c.example TXT v=spf1 a:x.example a:x.example ~all\n"
	    "d.example TXT v=spf1 a:x.example a:x.example -all\n"
	    "x.example A 192.0.2.9");
	run_example(z, 2, &run);
	is_verdict(&run, "fail", 10, 0, "ten over three levels");
	dns_zone_free(z);
	z = world_zone("a.example TXT v=spf1 include:b.example "
	    "include:c.example redirect=d.example\n"
	    "b.example TXT v=spf1 a:x.example a:x.example a:x.example\n"
	    "c.example TXT v=spf1 a:x.example a:x.example ~all\n"
	    "d.example TXT v=spf1 a:x.example a:x.example a:x.example -all\n"
	    "x.example A 192.0.2.9");
	run_example(z, 2, &run);
	is_verdict(&run, "permerror", 11, 0, "eleven over three levels");
	dns_zone_free(z);
	/* exp= is outside of it. */
	z = dns_zone_new();
	add_repeated(z, "a.example", "a:t", 10, "-all exp=%{p}.example");
	add_numbered(z, "t", 10, "A 192.0.2.9");
	world_add(z, "unknown.example TXT why %{p}");
	run_example(z, 0, &run);
	is_verdict(&run, "fail", 10, 0, "exp after ten terms");
	is_str(run.verdict.explanation, "why unknown", "and its text");
	ok(run.verdict.problem == NULL, "and no problem");
	dns_zone_free(z);
}

/* 4.6.4: the PTR query of %{p} counts once, or not at all after a ptr. */
static void
test_client_name_count(void)
{
	static struct world_run run;
	struct dns_zone *z = world_zone("a.example TXT v=spf1 "
	    "a:%{p}.x.example a:%{p}.x.example -all\n"
	    "unknown.x.example A 192.0.2.9");

	run_example(z, 2, &run);
	is_verdict(&run, "fail", 3, 0, "%{p} twice");
	dns_zone_free(z);
	z = world_zone("a.example TXT v=spf1 ptr a:%{p}.x.example -all\n"
	    "unknown.x.example A 192.0.2.9");
	run_example(z, 2, &run);
	is_verdict(&run, "fail", 2, 1, "%{p} after ptr");
	dns_zone_free(z);
	z = dns_zone_new();
	add_repeated(z, "a.example", "a:t", 9, "a:%{p}.x.example -all");
	add_numbered(z, "t", 9, "A 192.0.2.9");
	run_example(z, 2, &run);
	is_verdict(&run, "permerror", 11, 0, "%{p} as the eleventh");
	dns_zone_free(z);
}

static void
test_void_limits(void)
{
	static const struct {
		const char	*terms;
		unsigned int	 voids;
	} cases[] = {
		{ "a:n1.example a:n2.example", 2 },
		{ "a:n1.example mx:n2.example", 2 },
		{ "exists:n1.example ptr:n2.example", 2 },
		{ "a:n1.example a:n1.example", 2 },
		/* A term counts once, for whatever it asked. */
		{ "exists:n1.example mx:m.example", 2 },
		{ "mx:m.example mx:m3.example", 2 },
		{ "mx:h.example mx:h.example mx:h.example", 0 },
		{ "mx:m.example mx:h3.example", 2 },
		/* Of the names of %{p} none counts. */
		{ "exists:%{p}.n1.example a:n2.example", 2 },
		/* exp= and the first TXT do not count. */
		{ "a:n1.example a:n2.example exp=n3.example", 2 },
		{ "a:v6.example a:v6.example", 2 },
	};
	static struct world_run run;
	char line[256];
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		z = world_zone("m.example MX 10 n1.example\n"
		    "m3.example MX 10 n1.example\n"
		    "m3.example MX 10 n2.example\n"
		    "m3.example MX 20 n3.example\n"
		    "h.example MX 10 v4.example\n"
		    "h3.example MX 10 v4.example\n"
		    "h3.example MX 10 v6.example\n"
		    "h3.example MX 10 n3.example\n"
		    "v4.example A 192.0.2.9\n"
		    "v6.example AAAA ::1");
		(void)snprintf(line, sizeof(line), "a.example TXT v=spf1 %s "
		    "-all", cases[i].terms);
		world_add(z, line);
		run_example(z, LIMIT_SPF_VOID, &run);
		is_str(auth_result_name(run.verdict.result), "fail", line);
		is_num(run.verdict.voids, cases[i].voids, line);
		dns_zone_free(z);
	}
	z = world_zone("a.example TXT v=spf1 a:n1.example mx:n2.example "
	    "exists:n3.example -all");
	run_example(z, LIMIT_SPF_VOID, &run);
	is_verdict(&run, "permerror", 3, 3, "three voids");
	is_str(run.verdict.problem, "too many void lookups", "and why");
	is_str(run.verdict.problem_name, "n3.example", "and where");
	run_example(z, 3, &run);
	is_verdict(&run, "fail", 3, 3, "three voids, three allowed");
	run_example(z, 0, &run);
	is_verdict(&run, "permerror", 1, 1, "one void, none allowed");
	dns_zone_free(z);
	z = world_zone("a.example TXT v=spf1 a:n1.example a:n2.example "
	    "include:n3.example");
	run_example(z, LIMIT_SPF_VOID, &run);
	is_verdict(&run, "permerror", 3, 3, "the TXT of an include counts");
	dns_zone_free(z);
}

/*
 * MX and PTR names without an address: RFC 7208 4.6.4 counts the terms for
 * which queries come back empty.
 */
static void
test_void_hosts(void)
{
	static const struct {
		const char	*name, *ip, *terms;
		unsigned int	 max;
		const char	*result;
		unsigned int	 voids;
	} cases[] = {
		{ .name = "MX hosts, at the limit", .ip = "192.0.2.1",
		    .terms = "exists:nx.example mx:n.example -all", .max = 2,
		    .result = "fail", .voids = 2 },
		{ .name = "MX hosts, one past it", .ip = "192.0.2.1",
		    .terms = "exists:nx.example mx:n.example mx:n.example "
		    "-all", .max = 2, .result = "permerror", .voids = 3 },
		{ .name = "and as the setting says", .ip = "192.0.2.1",
		    .terms = "exists:nx.example mx:n.example mx:n.example "
		    "-all", .max = 3, .result = "fail", .voids = 3 },
		{ .name = "PTR names, at the limit", .ip = "192.0.2.1",
		    .terms = "a:nx.example ptr:n.example -all", .max = 2,
		    .result = "fail", .voids = 2 },
		{ .name = "PTR names, one past it", .ip = "192.0.2.1",
		    .terms = "a:nx.example a:nx.example ptr:n.example -all",
		    .max = 2, .result = "permerror", .voids = 3 },
		{ .name = "a match of another host is a match",
		    .ip = "192.0.2.1", .terms = "a:nx.example a:nx.example "
		    "mx:some.example -all", .max = 2, .result = "pass",
		    .voids = 2 },
		{ .name = "hosts without IPv6, at the limit",
		    .ip = "2001:db8::1",
		    .terms = "mx:four.example mx:four.example "
		    "ip6:2001:db8::/32 -all", .max = 2, .result = "pass",
		    .voids = 2 },
		{ .name = "terms without IPv6, one past it",
		    .ip = "2001:db8::1", .terms = "a:h1.example a:h2.example "
		    "a:h3.example ip6:2001:db8::/32 ~all", .max = 2,
		    .result = "permerror", .voids = 3 },
		{ .name = "terms without IPv6, by the setting",
		    .ip = "2001:db8::1", .terms = "a:h1.example a:h2.example "
		    "a:h3.example ip6:2001:db8::/32 ~all", .max = 3,
		    .result = "pass", .voids = 3 },
	};
	static struct world_run run;
	struct spf_request r;
	char line[256];
	struct dns_zone *z;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		z = world_zone("n.example MX 10 n1.example\n"
		    "n.example MX 10 n2.example\n"
		    "n.example MX 10 n3.example\n"
		    "some.example MX 10 n1.example\n"
		    "some.example MX 20 yes.example\n"
		    "yes.example A 192.0.2.1\n"
		    "four.example MX 10 h1.example\n"
		    "four.example MX 10 h2.example\n"
		    "four.example MX 10 h3.example\n"
		    "h1.example A 192.0.2.11\nh2.example A 192.0.2.12\n"
		    "h3.example A 192.0.2.13\n"
		    "1.2.0.192.in-addr.arpa PTR a.n.example");
		(void)snprintf(line, sizeof(line), "a.example TXT v=spf1 %s",
		    cases[i].terms);
		world_add(z, line);
		r = world_request(cases[i].ip, "h.example", "u@a.example");
		r.max_void = cases[i].max;
		world_check(&r, z, WORLD_TOGETHER, 0, &run);
		is_str(auth_result_name(run.verdict.result),
		    cases[i].result, cases[i].name);
		is_num(run.verdict.voids, cases[i].voids, "its voids");
		dns_zone_free(z);
	}
}

static void
test_mx_limit(void)
{
	static struct world_run run;
	struct dns_zone *z = world_zone("a.example TXT v=spf1 mx -all\n"
	    "m.example A 192.0.2.1");
	char line[64];
	unsigned int i;

	for (i = 0; i < 9; i++) {
		(void)snprintf(line, sizeof(line), "a.example MX %u "
		    "m%u.example", i, i);
		world_add(z, line);
	}
	world_add(z, "a.example MX 99 m.example");
	run_example(z, 2, &run);
	is_verdict(&run, "pass", 1, 0, "ten MX records");
	is_num((long long)run.questions, 12, "TXT, MX and ten addresses");
	dns_zone_free(z);
	z = world_zone("a.example TXT v=spf1 mx -all\nm.example A 192.0.2.1");
	for (i = 0; i < 11; i++)
		world_add(z, "a.example MX 1 m.example");
	run_example(z, 2, &run);
	is_verdict(&run, "permerror", 1, 0, "eleven MX records");
	is_num((long long)run.questions, 2, "and no address is asked for");
	is_str(run.verdict.problem, "too many MX records", "and why");
	dns_zone_free(z);
}

static void
test_ptr_limit(void)
{
	static struct world_run run;
	struct dns_zone *z;
	char line[64];
	unsigned int i, others;

	for (others = 9; others <= 10; others++) {
		z = world_zone("a.example TXT v=spf1 ptr "
		    "exists:%{p}.x.example -all\n"
		    "m.a.example A 192.0.2.1\n"
		    "unknown.x.example A 127.0.0.2");
		for (i = 0; i < others; i++) {
			(void)snprintf(line, sizeof(line),
			    "1.2.0.192.in-addr.arpa PTR m%u.a.example", i);
			world_add(z, line);
		}
		world_add(z, "1.2.0.192.in-addr.arpa PTR m.a.example");
		run_example(z, 2, &run);
		is_str(run.verdict.mechanism, others == 9 ? "ptr" :
		    "exists:%{p}.x.example", "ten PTR names are used");
		ok(run.questions <= 13, "and not more are asked for");
		dns_zone_free(z);
	}
}

static void
test_explanation_limit(void)
{
	static struct world_run run;
	char line[LIMIT_SPF_EXPLANATION + 64];
	struct dns_zone *z;
	int n, more;

	for (more = 0; more <= 1; more++) {
		z = world_zone("a.example TXT v=spf1 -all exp=e.example");
		n = snprintf(line, sizeof(line), "e.example TXT ");
		memset(line + n, 'x', LIMIT_SPF_EXPLANATION + (size_t)more);
		line[n + LIMIT_SPF_EXPLANATION + more] = '\0';
		world_add(z, line);
		run_example(z, 2, &run);
		is_num((long long)strlen(run.verdict.explanation),
		    LIMIT_SPF_EXPLANATION, "length of an explanation");
		dns_zone_free(z);
	}
}

static void
test_mechanism_cut(void)
{
	static struct world_run run;
	char line[512];
	struct dns_zone *z = dns_zone_new();
	int n = snprintf(line, sizeof(line), "a.example TXT v=spf1 exists:");

	memset(line + n, 'x', 200);
	memcpy(line + n + 60, ".", 1);
	memcpy(line + n + 120, ".", 1);
	memcpy(line + n + 180, ".", 1);
	line[n + 200] = '\0';
	world_add(z, line);
	memmove(line, line + n, 201);
	memcpy(line + 200, " A 127.0.0.2", 13);
	world_add(z, line);
	run_example(z, 2, &run);
	is_str(auth_result_name(run.verdict.result), "pass", "a long term");
	is_num((long long)strlen(run.verdict.mechanism),
	    sizeof(run.verdict.mechanism) - 1, "is cut in the verdict");
	dns_zone_free(z);
}

/* A record past LIMIT_SPF_RECORD, through the whole check. */
static void
test_record_limit(void)
{
	static struct world_run run;
	static char line[LIMIT_SPF_RECORD + 64];
	struct dns_zone *z;
	unsigned int more;
	int n;

	for (more = 0; more <= 1; more++) {
		z = dns_zone_new();
		n = snprintf(line, sizeof(line), "a.example TXT ");
		memset(line + n, 'x', LIMIT_SPF_RECORD + more);
		memcpy(line + n, "v=spf1 -all x=", 14);
		line[(unsigned int)n + LIMIT_SPF_RECORD + more] = '\0';
		world_add(z, line);
		run_example(z, 2, &run);
		is_str(auth_result_name(run.verdict.result),
		    more == 0 ? "fail" : "permerror", "a large record");
		dns_zone_free(z);
	}
}

/* ---- the ledger's budget, and memory ---- */

static void
test_budget(void)
{
	static struct world_run run;
	struct dns_zone *z = world_zone("a.example TXT v=spf1 a:b.example "
	    "ptr a:c.example -all\nb.example A 192.0.2.9\n"
	    "c.example A 192.0.2.1");
	struct spf_request r = world_request("192.0.2.1", "h.example",
	    "u@a.example");
	static const char *const want[] = { "temperror", "temperror",
		"temperror", "temperror", "pass" };
	struct dns_ledger *l;
	size_t max;

	for (max = 0; max <= 4; max++) {
		l = dns_ledger_new(max);
		world_go_on(&r, z, l, WORLD_TOGETHER, 0, &run);
		is_str(auth_result_name(run.verdict.result), want[max],
		    "a ledger with a small budget");
		if (max < 4)
			is_str(run.verdict.problem, "DNS lookup not made",
			    "and why");
		dns_ledger_free(l);
	}
	dns_zone_free(z);
}

static const char big_zone[] = "a.example TXT v=spf1 mx ptr "
    "exists:%{ir}.%{l}.b.example include:c.example a:d.example "
    "-all exp=e.example\n"
    "a.example MX 10 d.example\na.example MX 20 f.example\n"
    "d.example A 192.0.2.9\nf.example A 192.0.2.9\n"
    "1.2.0.192.in-addr.arpa PTR x.a.example\n"
    "c.example TXT v=spf1 ip4:192.0.2.77 include:g.example ~all\n"
    "g.example TXT v=spf1 ip6:2001:db8::/32 a:f.example ?all\n"
    "e.example TXT go away, %{c}";

/* Whichever allocation fails: the full result, or that memory ran out. */
static void
test_memory(void)
{
	struct dns_zone *z = world_zone(big_zone);
	struct spf_request r = world_request("192.0.2.1", "h.example",
	    "u@a.example");
	struct arena *scratch = arena_new(LIMIT_MESSAGE_MEMORY);
	struct spf_verdict v;
	struct dns_ledger *l;
	struct dns_entry *e;
	unsigned long n, failed = 1, full = 0, said = 0;
	bool good = true, short_of;

	for (n = 0; failed > 0; n++) {
		l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
		mem_fail_after(n, 1);
		while (spf_check(&r, l, scratch, NULL, NULL, &v) ==
		    CHECK_PENDING) {
			while ((e = dns_ledger_take_new(l)) != NULL)
				dns_ledger_answer(e, dns_zone_answer(z,
				    e->name, e->type));
		}
		failed = mem_fail_hits();
		mem_fail_after(0, 0);
		short_of = v.no_memory || dns_ledger_failed(l);
		dns_ledger_free(l);
		said += short_of;
		full += v.result == AUTH_FAIL;
		if (v.result != AUTH_FAIL && !short_of)
			good = ok(false, "allocation %lu: %s", n,
			    auth_result_name(v.result));
	}
	ok(good && v.result == AUTH_FAIL && !short_of && n > 10,
	    "each of %lu allocations has failed once: %lu times the full "
	    "result, %lu times no memory", n - 1, full, said);
	arena_free(scratch);
	dns_zone_free(z);
}

static void
test_scratch(void)
{
	struct dns_zone *z = world_zone(big_zone);
	struct spf_request r = world_request("192.0.2.1", "h.example",
	    "u@a.example");
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	static struct world_run run;
	struct arena *scratch;
	struct spf_verdict v;
	size_t max;

	/* Nothing is kept of a record: all is read in the scratch memory. */
	(void)arena_alloc(dns_ledger_arena(l), LIMIT_DNS_KEPT);
	world_go_on(&r, z, l, WORLD_TOGETHER, 0, &run);
	for (max = 0; max < 100000; max += 16) {
		scratch = arena_new(max);
		if (spf_check(&r, l, scratch, NULL, NULL, &v) != CHECK_DONE)
			v.result = AUTH_NONE;
		arena_free(scratch);
		if (v.result != AUTH_TEMPERROR)
			break;
	}
	ok(max > 16 && v.result == AUTH_FAIL,
	    "temperror until the scratch memory is enough: %zu", max);
	scratch = arena_new(0);
	(void)spf_check(&r, l, scratch, NULL, NULL, &v);
	is_str(v.problem, "out of memory", "and why");
	arena_free(scratch);
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* What is kept of a record must serve who comes next, whoever that is. */
static void
test_shared_ledger(void)
{
	static const struct {
		const char *ip, *mailfrom, *want;
	} cases[] = {
		{ "192.0.2.1", "u@a.example", "pass" },
		{ "2001:db8::1", "u@a.example", "pass" },
		{ "2001:db8::2", "u@a.example", "fail" },
		{ "192.0.2.1", "v@a.example", "pass" },
		{ "192.0.2.9", "v@a.example", "pass" },
		{ "192.0.2.9", "u@a.example", "fail" },
		{ "192.0.2.1", "u@b.example", "pass" },
		{ "192.0.2.9", "u@b.example", "softfail" }
	};
	struct dns_zone *z = world_zone(
	    "a.example TXT v=spf1 a:h.example exists:%{l}.ok.example -all\n"
	    "b.example TXT v=spf1 include:a.example ~all\n"
	    "h.example A 192.0.2.1\n"
	    "h.example AAAA 2001:db8::1\n"
	    "v.ok.example A 127.0.0.2\n");
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	static struct world_run run;
	struct spf_request r;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = world_request(cases[i].ip, "h.example", cases[i].mailfrom);
		world_go_on(&r, z, l, WORLD_TOGETHER, 0, &run);
		ok(strcmp(auth_result_name(run.verdict.result),
		    cases[i].want) == 0, "one ledger, %s from %s: %s",
		    cases[i].mailfrom, cases[i].ip, cases[i].want);
	}
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* ---- DNSSEC ---- */

/* The answer of the zone, authenticated unless it is that name's. */
static void
answer_signed(struct dns_entry *e, const struct dns_zone *z,
    const char *unsigned_name)
{
	const struct dns_answer *a = dns_zone_answer(z, e->name, e->type);
	struct slice text = a->count > 0 ? a->records[0].text : SLICE("");
	struct dns_draft draft;

	if (!dns_answer_new(e->type, e->name, a->count, text.len, &draft))
		return;
	draft.answer->outcome = a->outcome;
	draft.answer->authenticated = !slice_eq(e->name,
	    slice_str(unsigned_name));
	if (a->count > 0) {
		memcpy(draft.text, text.ptr, text.len);
		draft.records[0].text = (struct slice){ draft.text,
			text.len };
	}
	dns_ledger_answer(e, draft.answer);
	dns_answer_unref(a);
}

static bool
authenticated(const char *unsigned_name)
{
	struct dns_zone *z = world_zone("a.example TXT v=spf1 "
	    "-ip4:192.0.2.1 exp=e.example");
	struct spf_request r = world_request("192.0.2.1", "h.example",
	    "u@a.example");
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct spf_verdict v;
	struct dns_entry *e;

	while (world_call(&r, l, &v) == CHECK_PENDING) {
		while ((e = dns_ledger_take_new(l)) != NULL)
			answer_signed(e, z, unsigned_name);
	}
	dns_ledger_free(l);
	dns_zone_free(z);
	return v.authenticated;
}

/* ---- the trace ---- */

static void
test_trace(void)
{
	static struct world_run run;
	struct dns_zone *z = world_zone("a.example TXT v=spf1 ip4:192.0.2.7 "
	    "include:b.example mx redirect=c.example\n"
	    "b.example TXT v=spf1 a -all\nc.example TXT v=spf1 ?all\n"
	    "a.example MX 0 .");

	run_example(z, 2, &run);
	is_str(run.trace,
	    "0 a.example: record 'v=spf1 ip4:192.0.2.7 include:b.example mx "
	    "redirect=c.example' 0/0\n"
	    "0 a.example: ip4:192.0.2.7 0/0\n"
	    "1 b.example: record 'v=spf1 a -all' 1/0\n"
	    "1 b.example: a (A b.example: no data) 2/1\n"
	    "1 b.example: -all matched 2/1\n"
	    "1 b.example: fail 2/1\n"
	    "0 a.example: include:b.example (TXT b.example: found) 2/1\n"
	    "0 a.example: mx (MX a.example: found) 3/1\n"
	    "1 c.example: record 'v=spf1 ?all' 4/1\n"
	    "1 c.example: ?all matched 4/1\n"
	    "1 c.example: neutral 4/1\n"
	    "0 a.example: redirect=c.example (TXT c.example: found) 4/1\n"
	    "0 a.example: neutral 4/1\n", "trace of a tree");
	is_num(run.events, 13, "calls of the trace");
	dns_zone_free(z);
	z = world_zone("a.example TXT v=spf1 -all foo:%\n");
	run_example(z, 2, &run);
	is_str(run.trace, "0 a.example: record 'v=spf1 -all foo:%' 0/0\n"
	    "0 a.example: foo:% 0/0\n0 a.example: permerror 0/0\n",
	    "trace of a syntax error");
	dns_zone_free(z);
	z = world_zone("a.example TIMEOUT\n");
	run_example(z, 2, &run);
	is_num(run.events, 0, "no trace without a record");
	dns_zone_free(z);
}

int
main(void)
{
	test_rows();
	test_identities();
	test_term_limits();
	test_client_name_count();
	test_void_limits();
	test_void_hosts();
	test_mx_limit();
	test_ptr_limit();
	test_explanation_limit();
	test_mechanism_cut();
	test_record_limit();
	test_budget();
	test_memory();
	test_scratch();
	test_shared_ledger();
	ok(authenticated(""), "all answers authenticated");
	ok(!authenticated("a.example"), "one answer not authenticated");
	ok(authenticated("e.example"), "exp= does not matter");
	test_trace();
	return tap_done();
}
