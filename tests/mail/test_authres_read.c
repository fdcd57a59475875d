/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar of RFC 8601, forms seen in the field, and fields of our own. */
#include "mail/authres.h"

#include <limits.h>

#include "base/mem.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROOM (4u << 20)

/*
 * What was read, as "id/version" and for each result "|method=result", with
 * "/version" after a method of another version than 1, then " !reason" when
 * there is one, then " ptype.property=value" for each property; NULL:
 * unparsable.
 */
static const struct {
	const char	*name;
	struct slice	 value;
	const char	*want;
} fields[] = {
	/* RFC 8601 appendix B and section 7 of the digest */
	{ "none", SLICE_INIT(" example.org 1; none"), "example.org/1" },
	{ "none, no version", SLICE_INIT(" example.org; none"),
	    "example.org/1" },
	{ "none with CFWS", SLICE_INIT("(a) example.org (b) ; (c) NONE (d)"),
	    "example.org/1" },
	{ "one result", SLICE_INIT(" example.com;\r\n"
	    "          spf=pass smtp.mailfrom=example.net"),
	    "example.com/1|spf=pass smtp.mailfrom=example.net" },
	{ "several", SLICE_INIT(" example.com;\n\tauth=pass (cram-md5) "
	    "smtp.auth=sender@example.net;\n\tspf=pass "
	    "smtp.mailfrom=example.net"),
	    "example.com/1|auth=pass smtp.auth=sender@example.net"
	    "|spf=pass smtp.mailfrom=example.net" },
	{ "comments all over", SLICE_INIT(" foo.example.net (foobar) 1 (baz)"
	    ";\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it)"
	    " fail\r\n      policy (A dot can go here) . (like that) expired"
	    "\r\n      (this surprised me) = (as I wasn't expecting it) "
	    "1362471462"),
	    "foo.example.net/1|dkim=fail policy.expired=1362471462" },
	{ "reason with ;", SLICE_INIT("a; dkim=fail reason=\"a; b=c\" "
	    "header.d=x"), "a/1|dkim=fail !a; b=c header.d=x" },
	{ "reason that is a token", SLICE_INIT("a;dkim=fail reason = x"),
	    "a/1|dkim=fail !x" },
	{ "version of a method", SLICE_INIT("a; dkim/2=pass"),
	    "a/1|dkim/2=pass" },
	{ "version as 01", SLICE_INIT("a 01; none"), "a/1" },
	{ "version after a comment", SLICE_INIT("a(b)1(c); none"), "a/1" },
	{ "id in quotes", SLICE_INIT("\"a b\\\"\"; none"), "a b\"/1" },
	{ "folded id in quotes", SLICE_INIT("\"a\r\n b\"; none"), "a b/1" },
	{ "id with a U-label", SLICE_INIT("b\xc3\xbc.example; none"),
	    "b\xc3\xbc.example/1" },
	{ "case is kept", SLICE_INIT("A; DKIM=Pass Header.D=X"),
	    "A/1|DKIM=Pass Header.D=X" },
	{ "no blanks", SLICE_INIT("a;b=c d.e=f;g=h"), "a/1|b=c d.e=f|g=h" },
	{ "quoted value", SLICE_INIT("a; b=c d.e=\"f \\\"g\\\\\r\n h\""),
	    "a/1|b=c d.e=f \"g\\ h" },
	{ "properties without a blank between", SLICE_INIT("a; b=c "
	    "d.e=\"f\"g.h=i"), "a/1|b=c d.e=f g.h=i" },
	{ "quoted local part", SLICE_INIT("a; b=c "
	    "d.e=\"x \\\"y; (\"@example.com"),
	    "a/1|b=c d.e=\"x \\\"y; (\"@example.com" },
	{ "folded quoted local part", SLICE_INIT("a; b=c "
	    "d.e=\"x\r\n y\\\\\"@example.com"),
	    "a/1|b=c d.e=\"x y\\\\\"@example.com" },
	{ "no local part", SLICE_INIT("a; b=c header.i=@example.com"),
	    "a/1|b=c header.i=@example.com" },
	{ "EAI address", SLICE_INIT("a; b=c d.e=\xc3\xbc@b\xc3\xbc.example"),
	    "a/1|b=c d.e=\xc3\xbc@b\xc3\xbc.example" },
	{ "unknown words", SLICE_INIT("a; x-y=bogus z.z=z"),
	    "a/1|x-y=bogus z.z=z" },
	{ "method that is called none", SLICE_INIT("a; none=pass"),
	    "a/1|none=pass" },
	{ "method that begins with none", SLICE_INIT("a; none-x=pass"),
	    "a/1|none-x=pass" },

	/* seen in the field */
	{ "; at the end", SLICE_INIT("a; b=c;"), "a/1|b=c" },
	{ "; at the end of none", SLICE_INIT("a; none ; "), "a/1" },
	{ "base64 without quotes", SLICE_INIT("a; dkim=pass "
	    "header.b=oVxOH/NU=="), "a/1|dkim=pass header.b=oVxOH/NU==" },
	{ "IPv6 without quotes", SLICE_INIT("a; iprev=pass "
	    "policy.iprev=2001:db8::1 (x)"),
	    "a/1|iprev=pass policy.iprev=2001:db8::1" },
	{ "value that is empty", SLICE_INIT("a; b=c d.e= ; f=g h.i="),
	    "a/1|b=c d.e=|f=g h.i=" },
	{ "Gmail", SLICE_INIT(" mx.google.com;\r\n       dkim=pass "
	    "header.i=@d.example header.s=s header.b=\"oVxOH/NU\";\r\n"
	    "       arc=pass (i=1 spf=pass);\r\n       spf=pass (google.com: "
	    "domain of u@d.example designates 192.0.2.1 as permitted sender)"
	    " smtp.mailfrom=u@d.example;\r\n       dmarc=pass (p=NONE "
	    "sp=QUARANTINE dis=NONE) header.from=d.example"),
	    "mx.google.com/1|dkim=pass header.i=@d.example header.s=s "
	    "header.b=oVxOH/NU|arc=pass|spf=pass smtp.mailfrom=u@d.example"
	    "|dmarc=pass header.from=d.example" },
	{ "Microsoft 365", SLICE_INIT("spf=pass (sender IP is 192.0.2.1) "
	    "smtp.mailfrom=d.example; dkim=none (message not signed) "
	    "header.d=none;dmarc=fail action=oreject header.from=d.example;"),
	    NULL },
	{ "Microsoft, in ARC", SLICE_INIT(" mx.microsoft.com 1; spf=none; "
	    "dmarc=fail (p=reject sp=reject pct=100) action=oreject "
	    "header.from=d; dkim=none; arc=none"),
	    "mx.microsoft.com/1|spf=none|dmarc=fail .action=oreject "
	    "header.from=d|dkim=none|arc=none" },
	{ "compauth", SLICE_INIT("a; compauth=pass reason=100"),
	    "a/1|compauth=pass !100" },
	{ "Fastmail", SLICE_INIT("mx1.example.com;\n    dkim=pass (2048-bit "
	    "rsa key) header.d=d.example header.i=@d.example header.b=aBcDeF "
	    "x-bits=2048;\n    x-arc-spf=pass;\n    dmarc=pass "
	    "policy.published-domain-policy=none (p=none,d=none,d.eval=none) "
	    "policy.policy-from=p header.from=d.example"),
	    "mx1.example.com/1|dkim=pass header.d=d.example "
	    "header.i=@d.example header.b=aBcDeF .x-bits=2048|x-arc-spf=pass"
	    "|dmarc=pass policy.published-domain-policy=none "
	    "policy.policy-from=p header.from=d.example" },
	{ "reason after properties", SLICE_INIT("a; b=c d.e=f reason=g"),
	    "a/1|b=c !g d.e=f" },
	{ "same result twice", SLICE_INIT("a; b=c; b=c"), "a/1|b=c|b=c" },

	/* not well formed */
	{ "empty", SLICE_INIT(""), NULL },
	{ "no text at all", { NULL, 0 }, NULL },
	{ "blanks", SLICE_INIT(" \r\n "), NULL },
	{ "; only", SLICE_INIT(";"), NULL },
	{ "no ;", SLICE_INIT("a"), NULL },
	{ "no ;, version", SLICE_INIT("a 1"), NULL },
	{ "no result", SLICE_INIT("a;"), NULL },
	{ "no id", SLICE_INIT("; spf=pass"), NULL },
	{ "two words", SLICE_INIT("a b; none"), NULL },
	{ "version that is none", SLICE_INIT("a 1x; none"), NULL },
	{ "two ;", SLICE_INIT("a;; b=c"), NULL },
	{ "two ; at the end", SLICE_INIT("a; b=c;;"), NULL },
	{ "none and more", SLICE_INIT("a; none; b=c"), NULL },
	{ "more and none", SLICE_INIT("a; b=c; none"), NULL },
	{ "no result word", SLICE_INIT("a; b="), NULL },
	{ "no =", SLICE_INIT("a; b"), NULL },
	{ "no method", SLICE_INIT("a; =pass"), NULL },
	{ "method version that is none", SLICE_INIT("a; b/x=pass"), NULL },
	{ "property without =", SLICE_INIT("a; b=c d.e"), NULL },
	{ "property without name", SLICE_INIT("a; b=c d.=e"), NULL },
	{ "property without value, more", SLICE_INIT("a; b=c d.e=(x)"),
	    "a/1|b=c d.e=" },
	{ "text after a value", SLICE_INIT("a; b=c d.e=f\"g\""), NULL },
	{ "open comment", SLICE_INIT("a; b=c (d"), NULL },
	{ "open comment first", SLICE_INIT("(a; b=c"), NULL },
	{ "comment closed twice", SLICE_INIT("a; b=c (d))"), NULL },
	{ "open quote", SLICE_INIT("a; b=c d.e=\"f"), NULL },
	{ "open quote for id", SLICE_INIT("\"a; b=c"), NULL },
	{ "NUL", SLICE_INIT("a; b=c\0"), NULL },
	{ "NUL in the id", SLICE_INIT("a\0b; b=c"), NULL },
	{ "bare CR", SLICE_INIT("a; b=c\r d.e=f"), NULL },
	{ "LF without a blank", SLICE_INIT("a; b=c\nd.e=f"), NULL },
	{ "8-bit that is not UTF-8", SLICE_INIT("a; b=c d.e=\xfc"), NULL },
	{ "slash after the id", SLICE_INIT("a/1; none"), NULL },
};

static void
show(struct buf *b, const struct authres *a)
{
	const struct authres_result *r;
	const struct authres_property *p;
	size_t i, n;

	buf_add(b, a->authserv_id);
	buf_addf(b, "/%u", a->version);
	for (i = 0; i < a->result_count; i++) {
		r = &a->results[i];
		buf_addc(b, '|');
		buf_add(b, r->method);
		if (r->method_version != 1)
			buf_addf(b, "/%u", r->method_version);
		buf_addc(b, '=');
		buf_add(b, r->result);
		if (r->reason.len > 0) {
			buf_adds(b, " !");
			buf_add(b, r->reason);
		}
		for (n = 0; n < r->property_count; n++) {
			p = &r->properties[n];
			buf_addc(b, ' ');
			buf_add(b, p->ptype);
			buf_addc(b, '.');
			buf_add(b, p->property);
			buf_addc(b, '=');
			buf_add(b, p->value);
		}
	}
}

static void
check_fields(struct arena *arena)
{
	enum authres_status status;
	struct authres a;
	struct buf b;
	size_t i;

	buf_init(&b, 10000);
	for (i = 0; i < COUNT(fields); i++) {
		buf_reset(&b);
		status = authres_read(fields[i].value, arena, &a);
		if (fields[i].want == NULL) {
			is_num(status, AUTHRES_UNPARSABLE, fields[i].name);
			is_num((long long)a.result_count, 0,
			    "has no results");
			continue;
		}
		is_num(status, AUTHRES_OK, fields[i].name);
		if (status == AUTHRES_OK)
			show(&b, &a);
		is_str(buf_cstr(&b), fields[i].want, fields[i].name);
	}
	buf_fini(&b);
}

static void
check_versions(struct arena *arena)
{
	struct authres a;

	is_num(authres_read(SLICE("a; dkim/3=pass"), arena, &a), AUTHRES_OK,
	    "method with a version");
	is_num(a.results[0].method_version, 3, "of 3");
	is_num(authres_read(SLICE("a; dkim=pass"), arena, &a), AUTHRES_OK,
	    "method without");
	is_num(a.results[0].method_version, 1, "is 1");
	is_num(authres_read(SLICE("a 2; dkim=pass ("), arena, &a),
	    AUTHRES_VERSION, "version 2");
	is_num(a.version, 2, "is told");
	is_bytes(a.authserv_id.ptr, a.authserv_id.len, "a", 1, "with the id");
	is_num((long long)a.result_count, 0, "and no results");
	is_num(authres_read(SLICE("a 0; none"), arena, &a), AUTHRES_VERSION,
	    "version 0");
	is_num(authres_read(SLICE("a 99999999999999999999999; none"), arena,
	    &a), AUTHRES_VERSION, "version past all bounds");
	is_num(a.version, UINT_MAX, "is the largest");
}

static void
check_limits(struct arena *arena)
{
	struct authres a;
	struct buf b;
	size_t i;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "a");
	for (i = 0; i < LIMIT_AUTHRES_RESULTS; i++)
		buf_adds(&b, "; b=c");
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_OK, "results");
	is_num((long long)a.result_count, LIMIT_AUTHRES_RESULTS,
	    "at the limit");
	buf_adds(&b, "; b=c");
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_LIMIT,
	    "one past it");
	is_num((long long)a.result_count, 0, "none is given");

	buf_reset(&b);
	buf_adds(&b, "a; b=c");
	while (b.len < LIMIT_AUTHRES_READ)
		buf_addc(&b, ' ');
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_OK,
	    "octets at the limit");
	buf_addc(&b, ' ');
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_LIMIT,
	    "one past it");

	buf_reset(&b);
	buf_adds(&b, "a; b=c");
	while (b.len + 6 <= LIMIT_AUTHRES_READ)
		buf_adds(&b, " d.e=f");
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_OK,
	    "properties as many as fit");
	is_num((long long)a.results[0].property_count,
	    (LIMIT_AUTHRES_READ - 6) / 6, "are all there");
	buf_fini(&b);
}

#define OURS	"mx.example.org"

static const struct {
	const char	*name;
	struct slice	 value;
	bool		 want;
} claims[] = {
	/* by the grammar */
	{ "plain", SLICE_INIT(" mx.example.org; spf=pass"), true },
	{ "no blank", SLICE_INIT("mx.example.org;spf=pass"), true },
	{ "case", SLICE_INIT(" MX.Example.Org; spf=pass"), true },
	{ "fold before", SLICE_INIT("\r\n mx.example.org; spf=pass"), true },
	{ "fold after", SLICE_INIT(" mx.example.org\n\t; spf=pass"), true },
	{ "comments", SLICE_INIT("(x) mx.example.org (y) ; spf=pass"), true },
	{ "quotes", SLICE_INIT(" \"mx.example.org\"; spf=pass"), true },
	{ "quotes and case", SLICE_INIT("\"MX.example.org\"; none"), true },
	{ "quoted-pairs", SLICE_INIT("\"m\\x.\\example.org\"; none"), true },
	{ "last dot", SLICE_INIT("mx.example.org.; none"), true },
	{ "version 1", SLICE_INIT("mx.example.org 1; none"), true },
	{ "version 01", SLICE_INIT("mx.example.org 01; none"), true },
	{ "version 2", SLICE_INIT("mx.example.org 2; none"), true },
	{ "no ;", SLICE_INIT("mx.example.org"), true },
	{ "nothing after", SLICE_INIT("mx.example.org;"), true },
	{ "junk after", SLICE_INIT("mx.example.org; spf=pass (("), true },
	{ "soft hyphen", SLICE_INIT("m\xc2\xadx.example.org; none"), true },
	{ "full width letter", SLICE_INIT("\xef\xbd\x8dx.example.org; none"),
	    true },

	/* not by the grammar */
	{ "no ; but a result", SLICE_INIT("mx.example.org spf=pass"), true },
	{ "text after", SLICE_INIT("mx.example.org/1; spf=pass"), true },
	{ "open comment after", SLICE_INIT("mx.example.org (; spf=pass"),
	    true },
	{ "open comment before", SLICE_INIT("(mx.example.org; spf=pass"),
	    true },
	{ "comment not opened", SLICE_INIT(") mx.example.org; spf=pass"),
	    true },
	{ "open quote", SLICE_INIT("\"mx.example.org; spf=pass"), true },
	{ "open quote, quoted-pair", SLICE_INIT("\"mx\\.example.org; x=y"),
	    true },
	{ "cut by NUL", SLICE_INIT("mx.example.org\0; spf=pass"), true },
	{ "NUL before", SLICE_INIT("\0mx.example.org; spf=pass"), true },
	{ "NUL further on", SLICE_INIT("mx.example.org; spf=\0"), true },
	{ "first field text", SLICE_INIT("; mx.example.org; spf=pass"), true },
	{ "bare CR", SLICE_INIT("\rmx.example.org; spf=pass"), true },
	{ "line end without a blank", SLICE_INIT("evil\nmx.example.org; x=y"),
	    true },
	{ "comment in the middle", SLICE_INIT("mx(x).example.org; spf=pass"),
	    true },
	{ "comments in the middle", SLICE_INIT("(a)m(b)x.(c(d))example.org(e)"
	    " spf=pass"), true },
	{ "open comment after it in the middle",
	    SLICE_INIT("m(b)x.example.org(e; spf=pass"), true },
	{ "two words", SLICE_INIT("evil mx.example.org; spf=pass"), true },
	{ "unreadable, with our name", SLICE_INIT("evil; spf=pass "
	    "(mx.example.org"), true },
	{ "Latin-1 and our name", SLICE_INIT("evil \xfc; mx.example.org"),
	    true },
	{ "unreadable, our name as A-label and dot",
	    SLICE_INIT("(MX.EXAMPLE.ORG."), true },

	/* a version that nobody can read: RFC 8601 section 5 */
	{ "foreign, version 2", SLICE_INIT("evil.example 2; spf=pass"),
	    true },
	{ "foreign, version 1", SLICE_INIT("evil.example 1; spf=pass"),
	    false },

	/* foreign */
	{ "foreign", SLICE_INIT(" example.net; spf=pass"), false },
	{ "below evil", SLICE_INIT("mx.example.org.evil.example; spf=pass"),
	    false },
	{ "above us", SLICE_INIT("example.org; spf=pass"), false },
	{ "below us", SLICE_INIT("a.mx.example.org; spf=pass"), false },
	{ "comment", SLICE_INIT("evil; (mx.example.org) spf=pass"), false },
	{ "comment on the id", SLICE_INIT("evil (mx.example.org); spf=pass"),
	    false },
	{ "value", SLICE_INIT("evil; spf=pass smtp.helo=mx.example.org"),
	    false },
	{ "reason", SLICE_INIT("evil; spf=pass reason=\"; mx.example.org; "
	    "dmarc=pass\""), false },
	{ "; at the end", SLICE_INIT("evil.example; spf=pass;"), false },
	{ "unreadable", SLICE_INIT("evil.example; spf=pass ("), false },
	{ "unreadable, below evil", SLICE_INIT("mx.example.org.evil spf=pass"),
	    false },
	{ "Microsoft 365", SLICE_INIT("spf=pass (sender IP is 192.0.2.1) "
	    "smtp.mailfrom=d.example; dkim=none (message not signed) "
	    "header.d=none;dmarc=fail action=oreject header.from=d.example;"),
	    false },
	{ "byte order mark", SLICE_INIT("\xef\xbb\xbfmx.example.org; x=y"),
	    true },
	{ "zero width space", SLICE_INIT("mx\xe2\x80\x8b.example.org; x=y"),
	    true },
	{ "8-bit before, dropped", SLICE_INIT("\xc2\xa0mx.example.org; x=y"),
	    true },
	{ "8-bit within, dropped", SLICE_INIT("mx\xd1\x85.example.org; x=y"),
	    true },
	{ "joined across a fold", SLICE_INIT("mx.example\r\n .org; spf=pass"),
	    false },
	{ "empty", SLICE_INIT(""), false },
	{ "no text at all", { NULL, 0 }, false },
	{ "blanks", SLICE_INIT(" \r\n "), false },
};

/* Fields that are removed whoever wrote them. */
static const struct {
	const char	*name;
	struct slice	 value;
	bool		 want;
} odd[] = {
	{ .name = "encoded word, Q", .want = true,
	    .value = SLICE_INIT(" =?utf-8?q?mx.example.org;_dmarc=3Dpass?=") },
	{ .name = "encoded word, B", .want = true,
	    .value = SLICE_INIT("=?utf-8?b?bXguZXhhbXBsZS5vcmc7IHg9eQ?=") },
	{ .name = "encoded word, part of the id", .want = true,
	    .value = SLICE_INIT("mx.=?us-ascii?q?example?=.org; spf=pass") },
	{ .name = "encoded word without an end", .want = true,
	    .value = SLICE_INIT("=?utf-8?q?mx.example.org;_spf=3Dpass") },
	{ .name = "encoded word in quotes", .want = true,
	    .value = SLICE_INIT("\"=?utf-8?q?mx.example.org?=\"; spf=pass") },
	{ .name = "encoded word in a comment", .want = true,
	    .value = SLICE_INIT("a.example (=?utf-8?q?=29?=); spf=pass") },
	{ .name = "encoded word further on", .want = true,
	    .value = SLICE_INIT("a.example; x=y\n\t=?utf-8?q?=0A?=") },
	{ .name = "no-break space before", .want = true,
	    .value = SLICE_INIT("\xc2\xa0mx.example.org; spf=pass") },
	{ .name = "no-break space after", .want = true,
	    .value = SLICE_INIT("mx.example.org\xc2\xa0; spf=pass") },
	{ .name = "no-break space, Latin-1", .want = true,
	    .value = SLICE_INIT("\xa0mx.example.org; spf=pass") },
	{ .name = "em space", .want = true,
	    .value = SLICE_INIT("\xe2\x80\x83mx.example.org; spf=pass") },
	{ .name = "right-to-left override", .want = true,
	    .value = SLICE_INIT("\xe2\x80\xaegro.elpmaxe.xm; spf=pass") },
	{ .name = "line separator further on", .want = true,
	    .value = SLICE_INIT("a.example; x=\"\xe2\x80\xa8mx\"") },
	{ .name = "next line", .want = true,
	    .value = SLICE_INIT("\xc2\x85mx.example.org; spf=pass") },
	{ .name = "vertical tab", .want = true,
	    .value = SLICE_INIT("\vmx.example.org; spf=pass") },
	{ .name = "unit separator", .want = true,
	    .value = SLICE_INIT("a.example\x1f; spf=pass") },
	{ .name = "NUL further on", .want = true,
	    .value = SLICE_INIT("a.example; spf=pass\0") },
	{ .name = "percent", .want = true,
	    .value = SLICE_INIT("mx%2eexample.org; spf=pass") },
	{ .name = "apostrophes", .want = true,
	    .value = SLICE_INIT("'mx.example.org'; spf=pass") },
	{ .name = "angle brackets", .want = true,
	    .value = SLICE_INIT("<mx.example.org>; spf=pass") },
	{ .name = "our id in a quoted id", .want = true,
	    .value = SLICE_INIT("\"; mx.example.org; spf=pass\"; x=y") },
	{ .name = "entity", .want = true,
	    .value = SLICE_INIT("&#109;x.example.org; spf=pass") },
	{ .name = "only a comment", .want = true,
	    .value = SLICE_INIT("(mx.example.org)") },
	{ .name = "; before all", .want = true,
	    .value = SLICE_INIT("; spf=pass") },
	{ .name = "8-bit and a fault", .want = true,
	    .value = SLICE_INIT("a.example; spf=pass (b\xc3\xbc") },
	{ .name = "8-bit that is not UTF-8", .want = true,
	    .value = SLICE_INIT("a.example; spf=pass (b\xfc)") },

	{ .name = "plain", .want = false,
	    .value = SLICE_INIT(" a.example; spf=pass (c) x.y=\"=z\"") },
	{ .name = "U-label", .want = false,
	    .value = SLICE_INIT("b\xc3\xbc.example; spf=pass") },
	{ .name = "8-bit comment", .want = false,
	    .value = SLICE_INIT("a.example (b\xc3\xbc); spf=pass") },
	{ .name = "version, folds", .want = false,
	    .value = SLICE_INIT("\r\n a_b.example-1 1\n\t; none") },
	{ .name = "Microsoft 365", .want = false,
	    .value = SLICE_INIT("spf=pass (sender IP is 192.0.2.1) "
	    "smtp.mailfrom=d.example; dkim=none header.d=none;") },
	{ .name = "base64 that ends, and a question", .want = false,
	    .value = SLICE_INIT("a.example; x=pass header.b=YQ== (?)") },
	{ .name = "empty", .want = false, .value = SLICE_INIT(" ") },
	{ .name = "no text at all", .want = false },
};

static void
check_odd(void)
{
	size_t i;

	for (i = 0; i < COUNT(odd); i++)
		ok(authres_is_odd(odd[i].value) == odd[i].want,
		    "odd: %s: %s", odd[i].name, odd[i].want ? "yes" : "no");
}

static void
check_claims(void)
{
	size_t i;

	for (i = 0; i < COUNT(claims); i++)
		ok(authres_claims(claims[i].value, SLICE(OURS)) ==
		    claims[i].want, "claims: %s: %s", claims[i].name,
		    claims[i].want ? "ours" : "foreign");
}

/* Our id in another form than the field's. */
static void
check_claims_idna(void)
{
	static const struct {
		struct slice id, value;
		bool want;
	} rows[] = {
		{ SLICE_INIT("xn--b-eha.example"),
		    SLICE_INIT("b\xc3\xbc.example; none"), true },
		{ SLICE_INIT("b\xc3\xbc.example"),
		    SLICE_INIT("XN--B-EHA.example; none"), true },
		{ SLICE_INIT("xn--b-eha.example"),
		    SLICE_INIT("\"B\xc3\x9c.example\"; none"), true },
		{ SLICE_INIT("xn--b-eha.example"),
		    SLICE_INIT("evil (b\xc3\xbc.example"), true },
		{ SLICE_INIT("xn--b-eha.example"),
		    SLICE_INIT("b\xc3\xbc.evil; none"), false },
		{ SLICE_INIT("my mx"), SLICE_INIT("\"My MX\"; none"), true },
		{ SLICE_INIT("my mx"), SLICE_INIT("my; none"), false },
		{ SLICE_INIT("mx/1"), SLICE_INIT("mx/1; none"), true },
		{ SLICE_INIT("mx/1"), SLICE_INIT("mx/2; none"), false },
		{ SLICE_INIT("mx_1!"), SLICE_INIT("(mx_1!"), true },
		{ SLICE_INIT("mx"), SLICE_INIT("(my-mx"), false },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		ok(authres_claims(rows[i].value, rows[i].id) == rows[i].want,
		    "claims: %.*s and %.*s", SLICE_ARG(rows[i].id),
		    SLICE_ARG(rows[i].value));
}

static void
fill(struct buf *b, const char *start, char c, size_t len)
{
	buf_reset(b);
	buf_adds(b, start);
	while (b->len < len)
		buf_addc(b, c);
}

static void
check_claims_limits(void)
{
	struct slice id = SLICE(OURS);
	struct buf b;
	int i;

	buf_init(&b, 1u << 20);
	fill(&b, "evil; x=(", ' ', LIMIT_AUTHRES_READ + 1);
	ok(!authres_claims(buf_slice(&b), id), "long, foreign in front");
	fill(&b, "evil; x=y", ' ', LIMIT_AUTHRES_READ);
	ok(!authres_claims(buf_slice(&b), id), "octets at the limit");
	fill(&b, "evil (", 'x', LIMIT_AUTHRES_READ);
	ok(!authres_claims(buf_slice(&b), id), "unreadable, at the limit");
	fill(&b, "evil (", 'x', LIMIT_AUTHRES_READ + 1);
	ok(authres_claims(buf_slice(&b), id), "unreadable, one past it");
	fill(&b, "evil ", ' ', LIMIT_AUTHRES_READ);
	buf_adds(&b, "; x=y");
	ok(authres_claims(buf_slice(&b), id), "; after the limit");
	fill(&b, "mx.example.org", ';', 1u << 20);
	ok(authres_claims(buf_slice(&b), id), "1 MB, ours");
	fill(&b, "x", 'x', 1u << 20);
	ok(authres_claims(buf_slice(&b), id), "1 MB, one word");

	buf_reset(&b);
	for (i = 0; i < LIMIT_AUTHRES_IDN / 2; i++)
		buf_adds(&b, "(b\xc3\xbc.example ");
	ok(!authres_claims(buf_slice(&b), id), "a few U-labels");
	for (i = 0; i < LIMIT_AUTHRES_IDN / 2; i++)
		buf_adds(&b, "(b\xc3\xbc.example ");
	ok(!authres_claims(buf_slice(&b), id), "U-labels at the limit");
	buf_adds(&b, "(b\xc3\xbc.example ");
	ok(authres_claims(buf_slice(&b), id), "one past it");
	buf_fini(&b);
}

static void
check_many(struct arena *arena)
{
	struct authres a;
	struct buf b;
	int i;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "a; b=c ");
	for (i = 0; i < LIMIT_COMMENT_NESTING; i++)
		buf_adds(&b, "(");
	for (i = 0; i < LIMIT_COMMENT_NESTING; i++)
		buf_adds(&b, ")");
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_OK,
	    "nesting at the limit");
	buf_reset(&b);
	buf_adds(&b, "a; b=c ");
	for (i = 0; i <= LIMIT_COMMENT_NESTING; i++)
		buf_adds(&b, "(");
	for (i = 0; i <= LIMIT_COMMENT_NESTING; i++)
		buf_adds(&b, ")");
	is_num(authres_read(buf_slice(&b), arena, &a), AUTHRES_UNPARSABLE,
	    "one past it");
	buf_fini(&b);
}

/* The arena gives out after `room` octets. */
static bool
read_in(size_t room)
{
	struct slice value = SLICE("\"a\\b\"; c=d reason=\"e\" f.g=\"h\" "
	    "f.g=h f.g=h f.g=h f.g=h; c=d f.g=h; c=d; c=d; c=d");
	struct arena *arena = arena_new(room);
	enum authres_status status;
	struct authres a;

	if (arena == NULL)
		return false;
	status = authres_read(value, arena, &a);
	if (status == AUTHRES_OK ? a.result_count != 5 :
	    status != AUTHRES_LIMIT || a.result_count != 0)
		ok(false, "%zu octets: status %d", room, (int)status);
	arena_free(arena);
	return status == AUTHRES_OK;
}

static bool
read_with_failure(unsigned long n)
{
	struct arena *arena;
	struct authres a;
	struct buf b;
	bool failed;
	int i;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "a; b=c");
	for (i = 0; i < 2000; i++)
		buf_adds(&b, " d.e=\"f\"");
	mem_fail_after(n, 1000);
	arena = arena_new(ROOM);
	if (arena != NULL) {
		i = (int)authres_read(buf_slice(&b), arena, &a);
		failed = mem_fail_hits() > 0;
		if (i != (failed ? AUTHRES_LIMIT : AUTHRES_OK))
			ok(false, "allocation %lu: status %d", n, i);
	}
	failed = mem_fail_hits() > 0;
	mem_fail_after(0, 0);
	arena_free(arena);
	buf_fini(&b);
	return failed;
}

int
main(void)
{
	struct arena *arena = arena_new(ROOM);
	unsigned long n = 0;
	size_t room = 0;

	if (arena == NULL)
		return 1;
	check_fields(arena);
	check_versions(arena);
	check_limits(arena);
	check_odd();
	check_claims();
	check_claims_idna();
	check_claims_limits();
	check_many(arena);
	arena_free(arena);
	while (room < 10000 && !read_in(room))
		room += 8;
	ok(room > 100 && room < 10000, "read in %zu octets", room);
	while (read_with_failure(n))
		n++;
	ok(n > 2, "%lu allocations failed in turn", n);
	return tap_done();
}
