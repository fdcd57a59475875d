/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records by the grammar of RFC 7208 section 12.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "spf/record_internal.h"
#include "tests/tap.h"

static const struct {
	struct slice	text;
	bool		want;
} versions[] = {
	{ SLICE_INIT("v=spf1"), true },
	{ SLICE_INIT("v=spf1 "), true },
	{ SLICE_INIT("V=SpF1 -all"), true },
	{ SLICE_INIT("v=spf1  mx"), true },
	{ SLICE_INIT("v=spf10"), false },
	{ SLICE_INIT("v=spf1-all"), false },
	{ SLICE_INIT("v=spf1\t-all"), false },
	{ SLICE_INIT("v=spf1\0"), false },
	{ SLICE_INIT(" v=spf1"), false },
	{ SLICE_INIT("v=spf"), false },
	{ SLICE_INIT("v=spf2 -all"), false },
	{ SLICE_INIT("spf2.0/mfrom"), false },
	{ SLICE_INIT(""), false },
};

static void
test_versions(void)
{
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		ok(spf_record_is(versions[i].text) == versions[i].want,
		    "version: '%.*s'", SLICE_ARG(versions[i].text));
}

/* ---- what is read ---- */

static const char *const kinds[] = { "all", "include", "a", "mx", "ptr",
	"ip4", "ip6", "exists", "redirect", "exp" };

static void
add_term(struct buf *b, const struct spf_term *t)
{
	char address[IPADDR_TEXT];

	buf_addf(b, "%s %s", auth_result_name(t->result), kinds[t->kind]);
	if (t->domain_spec.len > 0)
		buf_addf(b, " %.*s", SLICE_ARG(t->domain_spec));
	if (t->kind == SPF_TERM_A || t->kind == SPF_TERM_MX)
		buf_addf(b, " %u %u", t->bits4, t->bits6);
	if (t->kind == SPF_TERM_IP4 || t->kind == SPF_TERM_IP6) {
		ipaddr_format(&t->net.addr, address);
		buf_addf(b, " %s %u", address, t->net.bits);
	}
	buf_adds(b, "; ");
}

/* A record in words: "fail all; redirect=x; exp=y". */
static void
describe(const struct spf_record *r, struct buf *b)
{
	const struct spf_term *t;

	for (t = r->first; t != NULL; t = t->next)
		add_term(b, t);
	if (r->redirect != NULL)
		buf_addf(b, "redirect %.*s; ",
		    SLICE_ARG(r->redirect->domain_spec));
	if (r->exp != NULL)
		buf_addf(b, "exp %.*s; ", SLICE_ARG(r->exp->domain_spec));
}

static const struct {
	const char	*text, *want;
} good[] = {
	{ "v=spf1", "" },
	{ "v=spf1    ", "" },
	{ "v=spf1 -all", "fail all; " },
	{ "V=SPF1   +ALL  ?aLL ~all   ", "pass all; neutral all; "
	    "softfail all; " },
	{ "v=spf1 a", "pass a 32 128; " },
	{ "v=spf1 a/24", "pass a 24 128; " },
	{ "v=spf1 a//64", "pass a 32 64; " },
	{ "v=spf1 -a/0//0", "fail a 0 0; " },
	{ "v=spf1 a/32//128", "pass a 32 128; " },
	{ "v=spf1 a//33", "pass a 32 33; " },
	{ "v=spf1 A:x.example/24//64", "pass a x.example 24 64; " },
	{ "v=spf1 a:foo:bar/baz.example.com.", "pass a "
	    "foo:bar/baz.example.com. 32 128; " },
	{ "v=spf1 a:%{d/}/24", "pass a %{d/} 24 128; " },
	{ "v=spf1 a:/24.example", "pass a /24.example 32 128; " },
	{ "v=spf1 a:a/24.b.example/25", "pass a a/24.b.example 25 128; " },
	{ "v=spf1 MX mx:x.example mx/8", "pass mx 32 128; "
	    "pass mx x.example 32 128; pass mx 8 128; " },
	{ "v=spf1 ptr ptr:x.example", "pass ptr; pass ptr x.example; " },
	{ "v=spf1 IP4:192.0.2.1 ip4:0.0.0.0/0 ip4:192.0.2.255/32",
	    "pass ip4 192.0.2.1 32; pass ip4 0.0.0.0 0; "
	    "pass ip4 192.0.2.255 32; " },
	{ "v=spf1 ip6:::1 ip6:2001:DB8::/32 ip6:::1.1.1.1/0 ip6:::/128",
	    "pass ip6 ::1 128; pass ip6 2001:db8:: 32; "
	    "pass ip6 ::1.1.1.1 0; pass ip6 :: 128; " },
	{ "v=spf1 include:x.example exists:%{i}.x.example",
	    "pass include x.example; pass exists %{i}.x.example; " },
	{ "v=spf1 include:_x-1.y-2.EXAMPLE", "pass include "
	    "_x-1.y-2.EXAMPLE; " },
	{ "v=spf1 exp=a.example redirect=b.example -all",
	    "fail all; redirect b.example; exp a.example; " },
	{ "v=spf1 ReDirect=%{d}", "redirect %{d}; " },
	{ "v=spf1 all moo=fine m.o-o_2=a:b/c=d%% moo= moo=fine",
	    "pass all; " },
	{ "v=spf1 a=b ip4=c include=%{d}", "" },
	{ "v=spf1 -all exp=a.example", "fail all; exp a.example; " },
};

static void
test_good(void)
{
	struct arena *a = arena_new(1u << 20);
	struct spf_record r;
	struct buf b;
	size_t i;

	buf_init(&b, 65536);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_reset(&b);
		if (spf_record_parse(slice_str(good[i].text), NULL, a, &r) ==
		    SPF_RECORD_OK)
			describe(&r, &b);
		else
			buf_adds(&b, "refused");
		is_str(buf_cstr(&b), good[i].want, good[i].text);
	}
	buf_fini(&b);
	arena_free(a);
}

/* ---- what is refused, and the term at fault ---- */

static const struct {
	struct slice	text;
	const char	*fault;
} bad[] = {
	{ SLICE_INIT("v=spf1 foo"), "foo" },
	{ SLICE_INIT("v=spf1 -all moo"), "moo" },
	{ SLICE_INIT("v=spf1 +all foo:%"), "foo:%" },
	{ SLICE_INIT("v=spf1 --all"), "--all" },
	{ SLICE_INIT("v=spf1 -"), "-" },
	{ SLICE_INIT("v=spf1 - all"), "-" },
	{ SLICE_INIT("v=spf1 !all"), "!all" },
	{ SLICE_INIT("v=spf1 v=spf1 -all:"), "-all:" },
	{ SLICE_INIT("v=spf1 -all."), "-all." },
	{ SLICE_INIT("v=spf1 -all/8"), "-all/8" },
	{ SLICE_INIT("v=spf1 alll"), "alll" },
	{ SLICE_INIT("v=spf1 include"), "include" },
	{ SLICE_INIT("v=spf1 include:"), "include:" },
	{ SLICE_INIT("v=spf1 include:x.example/24"), "include:x.example/24" },
	{ SLICE_INIT("v=spf1 include:museum"), "include:museum" },
	{ SLICE_INIT("v=spf1 exists"), "exists" },
	{ SLICE_INIT("v=spf1 exists:"), "exists:" },
	{ SLICE_INIT("v=spf1 exists:x.example/24"), "exists:x.example/24" },
	{ SLICE_INIT("v=spf1 a:"), "a:" },
	{ SLICE_INIT("v=spf1 a:/24"), "a:/24" },
	{ SLICE_INIT("v=spf1 a/33"), "a/33" },
	{ SLICE_INIT("v=spf1 a//129"), "a//129" },
	{ SLICE_INIT("v=spf1 a/024"), "a/024" },
	{ SLICE_INIT("v=spf1 a/00"), "a/00" },
	{ SLICE_INIT("v=spf1 a//01"), "a//01" },
	{ SLICE_INIT("v=spf1 a/24/64"), "a/24/64" },
	{ SLICE_INIT("v=spf1 a/24//64/1"), "a/24//64/1" },
	{ SLICE_INIT("v=spf1 a///64"), "a///64" },
	{ SLICE_INIT("v=spf1 a/"), "a/" },
	{ SLICE_INIT("v=spf1 a//"), "a//" },
	{ SLICE_INIT("v=spf1 a/24//"), "a/24//" },
	{ SLICE_INIT("v=spf1 a/99999999999999999999"),
	    "a/99999999999999999999" },
	{ SLICE_INIT("v=spf1 a24"), "a24" },
	{ SLICE_INIT("v=spf1 a:192.0.2.1"), "a:192.0.2.1" },
	{ SLICE_INIT("v=spf1 a:x.example:8080"), "a:x.example:8080" },
	{ SLICE_INIT("v=spf1 a:example.-com"), "a:example.-com" },
	{ SLICE_INIT("v=spf1 a:%{r}.example"), "a:%{r}.example" },
	{ SLICE_INIT("v=spf1 mx:abc.123"), "mx:abc.123" },
	{ SLICE_INIT("v=spf1 mx: -all"), "mx:" },
	{ SLICE_INIT("v=spf1 ptr/0"), "ptr/0" },
	{ SLICE_INIT("v=spf1 ptr:"), "ptr:" },
	{ SLICE_INIT("v=spf1 ip4"), "ip4" },
	{ SLICE_INIT("v=spf1 ip4:"), "ip4:" },
	{ SLICE_INIT("v=spf1 ip4/24"), "ip4/24" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2"), "ip4:192.0.2" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.1:25"), "ip4:192.0.2.1:25" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.1/33"), "ip4:192.0.2.1/33" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.1/032"), "ip4:192.0.2.1/032" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.1//32"), "ip4:192.0.2.1//32" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.1/"), "ip4:192.0.2.1/" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.256"), "ip4:192.0.2.256" },
	{ SLICE_INIT("v=spf1 ip4:192.0.02.1"), "ip4:192.0.02.1" },
	{ SLICE_INIT("v=spf1 ip4:x.example"), "ip4:x.example" },
	{ SLICE_INIT("v=spf1 ip4:::1"), "ip4:::1" },
	{ SLICE_INIT("v=spf1 ip6"), "ip6" },
	{ SLICE_INIT("v=spf1 ip6:192.0.2.1"), "ip6:192.0.2.1" },
	{ SLICE_INIT("v=spf1 ip6:::1/129"), "ip6:::1/129" },
	{ SLICE_INIT("v=spf1 ip6:::1//33"), "ip6:::1//33" },
	{ SLICE_INIT("v=spf1 ip6::CAFE::BABE"), "ip6::CAFE::BABE" },
	{ SLICE_INIT("v=spf1 ip6:fe80::1%25eth0"), "ip6:fe80::1%25eth0" },
	{ SLICE_INIT("v=spf1 redirect:x.example"), "redirect:x.example" },
	{ SLICE_INIT("v=spf1 exp:x.example"), "exp:x.example" },
	{ SLICE_INIT("v=spf1 redirect="), "redirect=" },
	{ SLICE_INIT("v=spf1 exp="), "exp=" },
	{ SLICE_INIT("v=spf1 exp=-all"), "exp=-all" },
	{ SLICE_INIT("v=spf1 exp=%{c}.example"), "exp=%{c}.example" },
	{ SLICE_INIT("v=spf1 redirect=a.example redirect=a.example"),
	    "redirect=a.example" },
	{ SLICE_INIT("v=spf1 exp=a.example EXP=b.example"),
	    "EXP=b.example" },
	{ SLICE_INIT("v=spf1 -redirect=x.example"), "-redirect=x.example" },
	{ SLICE_INIT("v=spf1 =all"), "=all" },
	{ SLICE_INIT("v=spf1 1up=foo"), "1up=foo" },
	{ SLICE_INIT("v=spf1 moo.cow/far_out=man"), "moo.cow/far_out=man" },
	{ SLICE_INIT("v=spf1 moo=%{x}"), "moo=%{x}" },
	{ SLICE_INIT("v=spf1 moo=%{t}"), "moo=%{t}" },
	{ SLICE_INIT("v=spf1 exists:%(ir).example"), "exists:%(ir).example" },
	{ SLICE_INIT("v=spf1 mx\t-all"), "mx\t-all" },
	{ SLICE_INIT("v=spf1 mx\r\n -all"), "mx\r\n" },
	{ SLICE_INIT("v=spf1 a:x.example\0"), "a:x.example" },
	{ SLICE_INIT("v=spf1 \xc2\xa0-all"), "\xc2\xa0-all" },
	{ SLICE_INIT("v=spf1 moo=\xff -all"), "moo=\xff" },
	{ SLICE_INIT("v=spf1 -all\x7f"), "-all\x7f" },
	{ SLICE_INIT("v=spf1 include:a.example\n"), "include:a.example\n" },
	{ SLICE_INIT("v=spf1 ip4:192.0.2.1\n"), "ip4:192.0.2.1\n" },
	{ SLICE_INIT("v=spf1 ip6:::1/64\t"), "ip6:::1/64\t" },
	{ SLICE_INIT("v=spf1 a/24\v"), "a/24\v" },
	{ SLICE_INIT("v=spf1 mo\to=x"), "mo\to=x" },
};

static void
test_bad(void)
{
	struct arena *a = arena_new(1u << 20);
	struct slice want;
	struct spf_record r;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(spf_record_parse(bad[i].text, NULL, a, &r) ==
		    SPF_RECORD_SYNTAX,
		    "refused: %zu", i);
		want = slice_str(bad[i].fault);
		ok(slice_starts(r.fault, want) && r.fault.len - want.len ==
		    (r.fault.ptr[r.fault.len - 1] == '\0'),
		    "and its fault: %zu", i);
		ok(r.why != NULL && r.fault.ptr >= bad[i].text.ptr &&
		    r.fault.ptr + r.fault.len <= bad[i].text.ptr +
		    bad[i].text.len, "in its place, and why: %s", r.why);
	}
	arena_free(a);
}

/* ---- limits ---- */

static enum spf_record_status
parse_size(size_t size)
{
	struct arena *a = arena_new(1u << 20);
	char *text = malloc(size);
	enum spf_record_status status;
	struct spf_record r;

	memset(text, 'x', size);
	memcpy(text, "v=spf1 moo=", 11);
	status = spf_record_parse((struct slice){ text, size }, NULL, a,
	    &r);
	free(text);
	arena_free(a);
	return status;
}

static enum spf_record_status
parse_terms(size_t count, size_t memory)
{
	struct arena *a = arena_new(memory);
	char *text = malloc(6 + 5 * count);
	enum spf_record_status status;
	const struct spf_term *t;
	struct spf_record r;
	size_t i;

	memcpy(text, "v=spf1", 6);
	for (i = 0; i < count; i++)
		memcpy(text + 6 + 5 * i, " ?all", 5);
	status = spf_record_parse((struct slice){ text, 6 + 5 * count },
	    NULL, a, &r);
	for (i = 0, t = r.first; t != NULL; t = t->next)
		i++;
	if (status == SPF_RECORD_OK && i != count)
		status = SPF_RECORD_SYNTAX;
	free(text);
	arena_free(a);
	return status;
}

static void
test_limits(void)
{
	ok(parse_size(LIMIT_SPF_RECORD) == SPF_RECORD_OK,
	    "a record at the limit");
	ok(parse_size(LIMIT_SPF_RECORD + 1) == SPF_RECORD_TOO_LONG,
	    "a record past the limit");
	ok(parse_terms(LIMIT_SPF_RECORD_TERMS, 1u << 20) == SPF_RECORD_OK,
	    "as many terms as allowed");
	ok(parse_terms(LIMIT_SPF_RECORD_TERMS + 1, 1u << 20) ==
	    SPF_RECORD_TOO_LONG, "one term more");
	ok(parse_terms(100, 1000) == SPF_RECORD_NO_MEMORY,
	    "an arena that is spent");
}

/* ---- what is kept for a client ---- */

static void
test_client(void)
{
	static const struct {
		const char	*record, *client, *want;
	} cases[] = {
		{ "v=spf1 ip4:192.0.2.1 a ip4:192.0.2.0/24 ip6:::/0 -all",
		    "192.0.2.9", "a ip4:192.0.2.0/24 -all " },
		{ "v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 ?all",
		    "2001:db8::1", "ip6:2001:db8::/32 ?all " },
		{ "v=spf1 ip4:192.0.2.1", "192.0.2.2", "" },
		{ "v=spf1", "192.0.2.2", "" },
	};
	struct arena *a = arena_new(1u << 20);
	const struct spf_term *t;
	struct ipaddr client;
	struct spf_record r;
	char got[256];
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)ipaddr_parse(slice_str(cases[i].client), &client);
		(void)spf_record_parse(slice_str(cases[i].record), &client, a,
		    &r);
		got[0] = '\0';
		for (len = 0, t = r.first; t != NULL; t = t->next)
			len += (size_t)snprintf(got + len, sizeof(got) - len,
			    "%.*s ", SLICE_ARG(t->text));
		is_str(got, cases[i].want, cases[i].record);
	}
	arena_free(a);
}

/* What is left out takes no memory, and is no less wrong when it is. */
static void
test_left_out(void)
{
	struct ipaddr client = { .family = IPADDR_NONE };
	struct arena *a = arena_new(sizeof(struct spf_term));
	struct spf_record r;

	(void)ipaddr_parse(SLICE("192.0.2.9"), &client);
	ok(spf_record_parse(SLICE("v=spf1 ip4:192.0.2.1 ip6:::/0 x=y -all"),
	    &client, a, &r) == SPF_RECORD_OK, "one term has room");
	ok(spf_record_parse(SLICE("v=spf1 ip4:192.0.2.1/33 -all"), &client,
	    a, &r) == SPF_RECORD_SYNTAX, "another network is wrong");
	is_str(r.fault.ptr, "ip4:192.0.2.1/33 -all", "and is named");
	arena_free(a);
}

int
main(void)
{
	test_client();
	test_left_out();
	test_versions();
	test_good();
	test_bad();
	test_limits();
	return tap_done();
}
