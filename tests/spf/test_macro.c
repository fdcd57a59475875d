/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The macros of RFC 7208 section 7: their grammar, and what they become.
 */
#include <string.h>

#include "base/limits.h"
#include "spf/macro_internal.h"
#include "tests/tap.h"

#define L(c) SPF_MACRO_LETTER(c)

/* ---- grammar ---- */

static const struct {
	const char	*name;
	struct slice	 text;
	bool		 spec, string, explain;
} grammar[] = {
	{ "a name", SLICE_INIT("example.com"), true, true, true },
	{ "a dot at the end", SLICE_INIT("example.com."), true, true, true },
	{ "two dots at the end", SLICE_INIT("example.com.."), false, true,
	    true },
	{ "nothing", SLICE_INIT(""), false, true, true },
	{ "one label", SLICE_INIT("museum"), false, true, true },
	{ "one label and a dot", SLICE_INIT("museum."), false, true, true },
	{ "a dot and one label", SLICE_INIT(".museum"), true, true, true },
	{ "digits alone at the top", SLICE_INIT("a.123"), false, true, true },
	{ "an address", SLICE_INIT("192.0.2.1"), false, true, true },
	{ "digits and a hyphen at the top", SLICE_INIT("a.1-2"), true, true,
	    true },
	{ "hyphens at the top", SLICE_INIT("a.xn--zckzah"), true, true, true },
	{ "hyphen first", SLICE_INIT("a.-com"), false, true, true },
	{ "hyphen last", SLICE_INIT("a.com-"), false, true, true },
	{ "hyphen alone", SLICE_INIT("a.-"), false, true, true },
	{ "underscore at the top", SLICE_INIT("a.c_m"), false, true, true },
	{ "empty label", SLICE_INIT("a..com"), true, true, true },
	{ "odd octets before", SLICE_INIT("foo:bar/b@z.com"), true, true,
	    true },
	{ "a port", SLICE_INIT("example.com:80"), false, true, true },
	{ "a length", SLICE_INIT("example.com/24"), false, true, true },
	{ "a macro alone", SLICE_INIT("%{d}"), true, true, true },
	{ "a macro last", SLICE_INIT("foo%{d}"), true, true, true },
	{ "text after a macro", SLICE_INIT("%{d}foo"), false, true, true },
	{ "a label after a macro", SLICE_INIT("%{d}.com"), true, true,
	    true },
	{ "a dot after a macro", SLICE_INIT("%{d}."), false, true, true },
	{ "the dot before a macro", SLICE_INIT("a.%{d}com"), false, true,
	    true },
	{ "percent last", SLICE_INIT("foo%%"), true, true, true },
	{ "space last", SLICE_INIT("foo%_"), true, true, true },
	{ "escaped space last", SLICE_INIT("foo%-"), true, true, true },
	{ "100%", SLICE_INIT("100%"), false, false, false },
	{ "percent and a letter", SLICE_INIT("%abc.com"), false, false,
	    false },
	{ "round bracket", SLICE_INIT("%(d).com"), false, false, false },
	{ "open bracket", SLICE_INIT("%{"), false, false, false },
	{ "no letter", SLICE_INIT("%{}.com"), false, false, false },
	{ "unknown letter", SLICE_INIT("%{x}.com"), false, false, false },
	{ "no bracket at the end", SLICE_INIT("%{d.com"), false, false,
	    false },
	{ "all transformers", SLICE_INIT("%{d12r.-+,/_=}"), true, true,
	    true },
	{ "R", SLICE_INIT("%{d2R}"), true, true, true },
	{ "r before digits", SLICE_INIT("%{dr2}"), false, false, false },
	{ "r twice", SLICE_INIT("%{drr}"), false, false, false },
	{ "no parts", SLICE_INIT("%{d0}"), false, false, false },
	{ "no parts, twice", SLICE_INIT("%{d00}"), false, false, false },
	{ "zero before", SLICE_INIT("%{d01}"), true, true, true },
	{ "127 parts", SLICE_INIT("%{d127}"), true, true, true },
	{ "very many parts", SLICE_INIT("%{d99999999999999999999999}"), true,
	    true, true },
	{ "bad delimiter", SLICE_INIT("%{d;}"), false, false, false },
	{ "upper case", SLICE_INIT("%{D}%{H}.%{S}"), true, true, true },
	{ "c", SLICE_INIT("%{c}"), false, false, true },
	{ "r", SLICE_INIT("%{r}"), false, false, true },
	{ "T", SLICE_INIT("%{T}"), false, false, true },
	{ "space", SLICE_INIT("see a.com"), false, false, true },
	{ "tab", SLICE_INIT("a\t.com"), false, false, false },
	{ "NUL", SLICE_INIT("a\0.com"), false, false, false },
	{ "DEL", SLICE_INIT("a\x7f.com"), false, false, false },
	{ "8-bit", SLICE_INIT("\xc3\xa4.com"), false, false, false },
};

static void
test_grammar(void)
{
	unsigned int letters;
	size_t i;

	for (i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++) {
		ok(spf_domain_spec(grammar[i].text, &letters) ==
		    grammar[i].spec, "domain-spec: %s", grammar[i].name);
		ok(spf_macro_string(grammar[i].text, &letters) ==
		    grammar[i].string, "macro-string: %s", grammar[i].name);
		ok(spf_explain_string(grammar[i].text, &letters) ==
		    grammar[i].explain, "explain-string: %s",
		    grammar[i].name);
	}
}

static void
test_letters(void)
{
	unsigned int letters;

	ok(spf_macro_string(SLICE("a%%b"), &letters) && letters == 0,
	    "no letters");
	ok(spf_macro_string(SLICE("%{S}%{l}%{iR}%{s}"), &letters) &&
	    letters == (L('s') | L('l') | L('i')), "some letters");
	ok(spf_explain_string(SLICE("%{s}%{l}%{o}%{d}%{i}%{p}%{v}%{h}%{c}"
	    "%{r}%{t}"), &letters) && letters == (L('s') | L('l') | L('o') |
	    L('d') | L('i') | L('p') | L('v') | L('h') | L('c') | L('r') |
	    L('t')), "all letters");
}

/* ---- expansion: the values of the examples of 7.4 ---- */

static struct spf_macros
example(const char *ip)
{
	struct spf_macros m = {
		.sender = SLICE("strong-bad@email.example.com"),
		.local = SLICE("strong-bad"),
		.sender_domain = SLICE("email.example.com"),
		.domain = SLICE("email.example.com"),
		.helo = SLICE("mx.example.org"),
		.client_name = SLICE("mx.example.org"),
		.receiver = SLICE("mail.receiver.example"),
		.now = 1416614400,
	};

	(void)ipaddr_parse(slice_str(ip), &m.ip);
	return m;
}

static const struct {
	const char	*ip, *spec, *want;
} rfc_examples[] = {
	{ "192.0.2.3", "%{s}", "strong-bad@email.example.com" },
	{ "192.0.2.3", "%{o}", "email.example.com" },
	{ "192.0.2.3", "%{d}", "email.example.com" },
	{ "192.0.2.3", "%{d4}", "email.example.com" },
	{ "192.0.2.3", "%{d3}", "email.example.com" },
	{ "192.0.2.3", "%{d2}", "example.com" },
	{ "192.0.2.3", "%{d1}", "com" },
	{ "192.0.2.3", "%{dr}", "com.example.email" },
	{ "192.0.2.3", "%{d2r}", "example.email" },
	{ "192.0.2.3", "%{l}", "strong-bad" },
	{ "192.0.2.3", "%{l-}", "strong.bad" },
	{ "192.0.2.3", "%{lr}", "strong-bad" },
	{ "192.0.2.3", "%{lr-}", "bad.strong" },
	{ "192.0.2.3", "%{l1r-}", "strong" },
	{ "192.0.2.3", "%{ir}.%{v}._spf.%{d2}",
	    "3.2.0.192.in-addr._spf.example.com" },
	{ "192.0.2.3", "%{lr-}.lp._spf.%{d2}",
	    "bad.strong.lp._spf.example.com" },
	{ "192.0.2.3", "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
	    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
	{ "192.0.2.3", "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
	    "3.2.0.192.in-addr.strong.lp._spf.example.com" },
	{ "192.0.2.3", "%{d2}.trusted-domains.example.net",
	    "example.com.trusted-domains.example.net" },
	{ "2001:db8::cb01", "%{ir}.%{v}._spf.%{d2}",
	    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	    ".ip6._spf.example.com" },
};

static void
test_rfc_examples(void)
{
	struct spf_macros m;
	struct domain got;
	size_t i;

	for (i = 0; i < sizeof(rfc_examples) / sizeof(rfc_examples[0]); i++) {
		m = example(rfc_examples[i].ip);
		if (!spf_macro_domain(&m, slice_str(rfc_examples[i].spec),
		    &got))
			got.text[0] = '\0';
		is_str(got.text, rfc_examples[i].want, rfc_examples[i].spec);
	}
}

/* ---- texts ---- */

static const struct {
	const char	*name, *ip;
	struct slice	 local, text;
	const char	*want;
} texts[] = {
	{ "literal", "192.0.2.3", SLICE_INIT("x"), SLICE_INIT("a b%%%_%-."),
	    "a b% %20." },
	{ "c of IPv4", "192.0.2.3", SLICE_INIT("x"), SLICE_INIT("%{c}"),
	    "192.0.2.3" },
	{ "c of IPv6", "2001:DB8::1", SLICE_INIT("x"), SLICE_INIT("%{c}"),
	    "2001:db8::1" },
	{ "i of IPv6", "CAFE:BABE::1", SLICE_INIT("x"), SLICE_INIT("%{i}"),
	    "C.A.F.E.B.A.B.E.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1"
	},
	{ "v of IPv6", "::1", SLICE_INIT("x"), SLICE_INIT("%{v}"), "ip6" },
	{ "r, t, h, p", "192.0.2.3", SLICE_INIT("x"),
	    SLICE_INIT("%{r} %{t} %{h} %{p}"),
	    "mail.receiver.example 1416614400 mx.example.org "
	    "mx.example.org" },
	{ "t in parts", "192.0.2.3", SLICE_INIT("x"), SLICE_INIT("%{t1r}"),
	    "1416614400" },
	{ "c is escaped", "2001:db8::1", SLICE_INIT("x"), SLICE_INIT("%{C}"),
	    "2001%3Adb8%3A%3A1" },
	{ "unreserved", "192.0.2.3", SLICE_INIT("aZ09-._~!*'(%\"/"),
	    SLICE_INIT("%{L}"), "aZ09-._~%21%2A%27%28%25%22%2F" },
	{ "8-bit is escaped", "192.0.2.3", SLICE_INIT("\xc3\xa4\x01"),
	    SLICE_INIT("%{L}"), "%C3%A4%01" },
	{ "empty parts", "192.0.2.3", SLICE_INIT("a..b"), SLICE_INIT("%{l}"),
	    "a..b" },
	{ "empty parts count", "192.0.2.3", SLICE_INIT("a..b"),
	    SLICE_INIT("%{l2}"), ".b" },
	{ "empty parts turned", "192.0.2.3", SLICE_INIT("a..b."),
	    SLICE_INIT("%{lr}"), ".b..a" },
	{ "empty parts turned and cut", "192.0.2.3", SLICE_INIT(".a..b"),
	    SLICE_INIT("%{l2r}"), "a." },
	{ "several delimiters", "192.0.2.3", SLICE_INIT("foo-bar+zip+quux"),
	    SLICE_INIT("%{l1r+-} %{l2r+-} %{l3+-} %{lr-}"),
	    "foo bar.foo bar.zip.quux bar+zip+quux.foo" },
	{ "a delimiter is not the dot", "192.0.2.3", SLICE_INIT("a.b-c"),
	    SLICE_INIT("%{l1-} %{lr-}"), "c c.a.b" },
	{ "more parts than there are", "192.0.2.3", SLICE_INIT("a.b"),
	    SLICE_INIT("%{l3} %{l3r} %{l127r} %{l99999999999999999999}"),
	    "a.b b.a b.a a.b" },
	{ "all delimiters", "192.0.2.3", SLICE_INIT("a.b-c+d,e/f_g=h"),
	    SLICE_INIT("%{lr.-+,/_=}"), "h.g.f.e.d.c.b.a" },
	{ "escaped after the split", "192.0.2.3", SLICE_INIT("a=b"),
	    SLICE_INIT("%{L=}%{L}"), "a.ba%3Db" },
	{ "control octet", "192.0.2.3", SLICE_INIT("a\nb"),
	    SLICE_INIT("x%{l}"), NULL },
	{ "NUL", "192.0.2.3", SLICE_INIT("a\0b"), SLICE_INIT("x%{l}"), NULL },
	{ "8-bit", "192.0.2.3", SLICE_INIT("\xc3\xa4"), SLICE_INIT("x%{l}"),
	    NULL },
	{ "nothing", "192.0.2.3", SLICE_INIT("x"), SLICE_INIT(""), "" },
};

static void
test_texts(void)
{
	char got[LIMIT_SPF_EXPLANATION + 1];
	struct spf_macros m;
	size_t i;
	bool good;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		m = example(texts[i].ip);
		m.local = texts[i].local;
		good = spf_macro_text(&m, texts[i].text, got, sizeof(got));
		ok(good == (texts[i].want != NULL), "text: %s: good or not",
		    texts[i].name);
		is_str(got, texts[i].want != NULL ? texts[i].want : "",
		    texts[i].name);
	}
	m = example("192.0.2.3");
	m.client_name = m.receiver = SLICE("");
	(void)spf_macro_text(&m, SLICE("%{p} %{r}"), got, sizeof(got));
	is_str(got, "unknown unknown", "p and r that are not known");
}

/* ---- limits ---- */

static void
test_text_limit(void)
{
	char out[LIMIT_SPF_EXPLANATION + 1], text[LIMIT_SPF_EXPLANATION + 2];
	struct spf_macros m = example("192.0.2.3");

	memset(text, 'x', sizeof(text));
	ok(spf_macro_text(&m, (struct slice){ text, LIMIT_SPF_EXPLANATION },
	    out, sizeof(out)) && strlen(out) == LIMIT_SPF_EXPLANATION,
	    "an explanation at the limit");
	ok(spf_macro_text(&m, (struct slice){ text,
	    LIMIT_SPF_EXPLANATION + 1 }, out, sizeof(out)) &&
	    strlen(out) == LIMIT_SPF_EXPLANATION,
	    "an explanation past the limit is cut");
}

/* `count` times "%{l}", then ".example.com". */
static bool
expand_many(size_t count, struct slice local, const char *macro,
    struct domain *out)
{
	static char spec[65536];
	struct spf_macros m = example("192.0.2.3");
	size_t i, len = 0, size = strlen(macro);

	m.local = local;
	for (i = 0; i < count; i++) {
		memcpy(spec + len, macro, size);
		len += size;
	}
	memcpy(spec + len, ".example.com", 12);
	return spf_macro_domain(&m, (struct slice){ spec, len + 12 }, out);
}

static void
test_domain_limits(void)
{
	const struct slice l11 = SLICE("123456789a."), l8 = SLICE("1234567.");
	struct domain d;
	char big[4096];

	ok(expand_many(1, SLICE("a"), "%{l}", &d) && d.len == 13, "short");
	/* 22 * 11 + 11 = 253 and 23 * 11 + 11 = 264. */
	ok(expand_many(22, SLICE("123456789a."), "%{l}", &d) == false,
	    "an empty label before the end");
	ok(expand_many(30, SLICE(".234567890a"), "%{l}", &d) &&
	    d.len == 11 * 22 + 11, "labels are taken off at the left");
	ok(spf_macro_domain(&(struct spf_macros){ .local = l11 },
	    SLICE("%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}"
	    "%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}example.com"), &d) &&
	    d.len == DOMAIN_MAX, "253 octets are kept");
	ok(spf_macro_domain(&(struct spf_macros){ .local = l11 },
	    SLICE("%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}"
	    "%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}xexample.com"), &d) &&
	    d.len == DOMAIN_MAX - 10, "254 octets lose a label");
	ok(spf_macro_domain(&(struct spf_macros){ .local = l11 },
	    SLICE("%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}"
	    "%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}example.com."), &d) &&
	    d.len == DOMAIN_MAX, "the last dot does not count");
	ok(!spf_macro_domain(&(struct spf_macros){ .local =
	    SLICE("1234567890123456789012345678901234567890123456789012345678"
	    "901234") }, SLICE("%{l}.example.com"), &d),
	    "a label of 64 octets");
	ok(spf_macro_domain(&(struct spf_macros){ .local =
	    SLICE("1234567890123456789012345678901234567890123456789012345678"
	    "90123") }, SLICE("%{l}.example.com"), &d),
	    "a label of 63 octets");
	/* 510 * 8 + 12 = 4092; "x" fills up to the limit. */
	ok(expand_many(511, l8, "%{l}", &d) == false, "an empty label");
	ok(expand_many((LIMIT_SPF_EXPANSION - 16) / 8, SLICE(".1234567"),
	    "%{l}", &d), "near the limit of the expansion");
	ok(!expand_many((LIMIT_SPF_EXPANSION - 8) / 8, SLICE(".1234567"),
	    "%{l}", &d), "past the limit of the expansion");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 2] = '.';
	ok(expand_many(1, (struct slice){ big, LIMIT_SPF_EXPANSION },
	    "%{l1}", &d) && d.len == 13, "a value at the limit");
	ok(!expand_many(2, (struct slice){ big, LIMIT_SPF_EXPANSION },
	    "%{l1}", &d), "values past the limit");
}

static void
test_bad_names(void)
{
	static const struct slice bad[] = { SLICE_INIT(""), SLICE_INIT("."),
		SLICE_INIT("a..b"), SLICE_INIT("a.."), SLICE_INIT(".a"),
		SLICE_INIT("a\0b"), SLICE_INIT("a\nb"),
		SLICE_INIT("\xc3\xa4"), SLICE_INIT("a\x7f") };
	struct domain d;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!spf_macro_domain(&(struct spf_macros){ .local = bad[i] },
		    SLICE("%{l}"), &d), "no name: %zu", i);
	ok(spf_macro_domain(&(struct spf_macros){ .local = SLICE("A.B.") },
	    SLICE("%{l}"), &d), "a name with a dot at the end");
	is_str(d.text, "a.b", "lower case, no dot at the end");
	ok(spf_macro_domain(&(struct spf_macros){ .local = SLICE("x") },
	    SLICE("macro%%percent%_%_space%-url-space.%{l}"), &d),
	    "a name with spaces");
	is_str(d.text, "macro%percent  space%20url-space.x",
	    "spaces are kept");
}

int
main(void)
{
	test_grammar();
	test_letters();
	test_rfc_examples();
	test_texts();
	test_text_limit();
	test_domain_limits();
	test_bad_names();
	return tap_done();
}
