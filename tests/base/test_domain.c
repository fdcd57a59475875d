/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/domain.h"

#include <string.h>

#include "tests/tap.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct parse_row {
	const char	*name;
	struct slice	 in;
	const char	*mail;		/* by domain_parse(); NULL: refused */
	const char	*dns;		/* by domain_parse_dns() */
} parse_rows[] = {
	/* plain ASCII */
	{ "plain", SLICE_INIT("example.com"), "example.com", "example.com" },
	{ "upper case", SLICE_INIT("EXAMPLE.Com"), "example.com",
	    "example.com" },
	{ "one label", SLICE_INIT("localhost"), "localhost", "localhost" },
	{ "one octet", SLICE_INIT("A"), "a", "a" },
	{ "digits", SLICE_INIT("3com.1"), "3com.1", "3com.1" },
	{ "last dot", SLICE_INIT("example.com."), "example.com",
	    "example.com" },
	{ "two last dots", SLICE_INIT("example.com.."), NULL, NULL },
	{ "first dot", SLICE_INIT(".example.com"), NULL, NULL },
	{ "empty label", SLICE_INIT("example..com"), NULL, NULL },
	{ "only a dot", SLICE_INIT("."), NULL, NULL },
	{ "only dots", SLICE_INIT(".."), NULL, NULL },
	{ "empty", SLICE_INIT(""), NULL, NULL },
	{ "NULL", { NULL, 0 }, NULL, NULL },
	{ "underscore", SLICE_INIT("s1._DomainKey.example.com"),
	    "s1._domainkey.example.com", "s1._domainkey.example.com" },
	{ "only an underscore", SLICE_INIT("_"), "_", "_" },
	{ "hyphen inside", SLICE_INIT("a-b.c--d"), "a-b.c--d", "a-b.c--d" },
	{ "hyphen first", SLICE_INIT("a.-b"), NULL, "a.-b" },
	{ "hyphen first of all", SLICE_INIT("-a.b"), NULL, "-a.b" },
	{ "hyphen last", SLICE_INIT("a-.b"), NULL, "a-.b" },
	{ "hyphen last of all", SLICE_INIT("a.b-"), NULL, "a.b-" },
	{ "hyphen before the last dot", SLICE_INIT("a.b-."), NULL, "a.b-" },
	{ "hyphen alone", SLICE_INIT("-"), NULL, "-" },
	{ "address literal", SLICE_INIT("[192.0.2.1]"), NULL,
	    "[192.0.2.1]" },
	{ "dotted quad is only a name", SLICE_INIT("192.0.2.1"), "192.0.2.1",
	    "192.0.2.1" },
	{ "all of VCHAR", SLICE_INIT("!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~"), NULL,
	    "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~" },
	{ "slash", SLICE_INIT("a/b.example"), NULL, "a/b.example" },
	{ "space", SLICE_INIT("a b.example"), NULL, "a b.example" },
	{ "space in front", SLICE_INIT(" example.com"), NULL, " example.com" },
	{ "space after", SLICE_INIT("example.com "), NULL, "example.com " },
	{ "tab", SLICE_INIT("a\t.example"), NULL, NULL },
	{ "line break", SLICE_INIT("example.com\r\n"), NULL, NULL },
	{ "NUL inside", SLICE_INIT("exam\0ple.com"), NULL, NULL },
	{ "NUL after", SLICE_INIT("example.com\0"), NULL, NULL },
	{ "NUL alone", SLICE_INIT("\0"), NULL, NULL },
	{ "delete", SLICE_INIT("exa\x7f.com"), NULL, NULL },
	{ "comment", SLICE_INIT("example.com(x)"), NULL, "example.com(x)" },
	{ "A-label", SLICE_INIT("XN--Mnchen-3ya.example"),
	    "xn--mnchen-3ya.example", "xn--mnchen-3ya.example" },
	{ "A-label that decodes to nothing", SLICE_INIT("xn--a.example"),
	    "xn--a.example", "xn--a.example" },
	{ "A-label with a hyphen last", SLICE_INIT("xn--.example"),
	    NULL, "xn--.example" },

	/* IDNA */
	{ "U-label", SLICE_INIT("m\xc3\xbcnchen.example"),
	    "xn--mnchen-3ya.example", NULL },
	{ "U-label in upper case", SLICE_INIT("M\xc3\x9cNCHEN.Example"),
	    "xn--mnchen-3ya.example", NULL },
	{ "U-label, decomposed", SLICE_INIT("mu\xcc\x88nchen.example"),
	    "xn--mnchen-3ya.example", NULL },
	{ "U-label with a last dot", SLICE_INIT("m\xc3\xbcnchen.example."),
	    "xn--mnchen-3ya.example", NULL },
	{ "U-label, two last dots", SLICE_INIT("m\xc3\xbcnchen.example.."),
	    NULL, NULL },
	{ "U-label and A-label", SLICE_INIT("xn--mnchen-3ya.\xc3\xa4.de"),
	    "xn--mnchen-3ya.xn--4ca.de", NULL },
	{ "U-label and underscore", SLICE_INIT("_dmarc.m\xc3\xbcnchen.de"),
	    "_dmarc.xn--mnchen-3ya.de", NULL },
	{ "U-label as the top", SLICE_INIT("example.\xe4\xb8\xad\xe5\x9b\xbd"),
	    "example.xn--fiqs8s", NULL },
	{ "sharp s is kept", SLICE_INIT("stra\xc3\x9f" "e.example"),
	    "xn--strae-oqa.example", NULL },
	{ "right to left", SLICE_INIT("\xd7\x90\xd7\x91.example"),
	    "xn--4dbc.example", NULL },
	{ "full width letters", SLICE_INIT("\xef\xbd\x81.example"),
	    "a.example", NULL },
	{ "empty label before", SLICE_INIT(".\xc3\xa4.example"), NULL, NULL },
	{ "empty label between", SLICE_INIT("a..\xc3\xa4.example"),
	    NULL, NULL },
	{ "8-bit and space", SLICE_INIT("\xc3\xa4 .example"), NULL, NULL },
	{ "8-bit and slash", SLICE_INIT("\xc3\xa4/b.example"), NULL, NULL },
	{ "8-bit and at sign", SLICE_INIT("a@\xc3\xa4.example"), NULL, NULL },
	{ "8-bit and NUL", SLICE_INIT("\xc3\xa4\0.example"), NULL, NULL },
	{ "8-bit, NUL after", SLICE_INIT("\xc3\xa4.example\0"), NULL, NULL },
	{ "8-bit, NUL and more after", SLICE_INIT("\xc3\xa4.example\0x"),
	    NULL, NULL },
	{ "8-bit and hyphen", SLICE_INIT("a-.\xc3\xa4.example"), NULL, NULL },
	{ "hyphen before 8-bit", SLICE_INIT("-\xc3\xa4.example"), NULL, NULL },
	{ "only a combining mark", SLICE_INIT("\xcc\x88.example"),
	    NULL, NULL },
	{ "emoji is not IDNA2008", SLICE_INIT("\xf0\x9f\x98\x80.example"),
	    NULL, NULL },
	{ "private use", SLICE_INIT("\xee\x80\x80.example"), NULL, NULL },
	{ "unassigned", SLICE_INIT("\xcd\xb8.example"), NULL, NULL },
	{ "no-break space", SLICE_INIT("a\xc2\xa0.example"), NULL, NULL },
	{ "line separator", SLICE_INIT("a\xe2\x80\xa8" "b.example"),
	    NULL, NULL },
	{ "right-to-left override", SLICE_INIT("a\xe2\x80\xae.example"),
	    NULL, NULL },
	{ "left and right mixed", SLICE_INIT("a\xd7\x90.example"),
	    NULL, NULL },

	/* What the mapping would turn into dots or into nothing. */
	{ "ideographic full stop", SLICE_INIT("\xe4\xb8\xad\xe3\x80\x82"
	    "example"), NULL, NULL },
	{ "ideographic full stop, ASCII labels", SLICE_INIT("evil\xe3\x80\x82"
	    "example"), NULL, NULL },
	{ "full width full stop", SLICE_INIT("evil\xef\xbc\x8e" "example"),
	    NULL, NULL },
	{ "half width ideographic full stop", SLICE_INIT("evil\xef\xbd\xa1"
	    "example"), NULL, NULL },
	{ "one dot leader", SLICE_INIT("evil\xe2\x80\xa4" "example"),
	    NULL, NULL },
	{ "two dot leader", SLICE_INIT("evil\xe2\x80\xa5" "example"),
	    NULL, NULL },
	{ "digit one full stop", SLICE_INIT("\xe2\x92\x88" "example"),
	    NULL, NULL },
	{ "full stop after all", SLICE_INIT("example.com\xe3\x80\x82"),
	    NULL, NULL },
	{ "account of", SLICE_INIT("\xe2\x84\x80.example"), NULL, NULL },
	{ "last label is nothing", SLICE_INIT("example.\xc2\xad"),
	    NULL, NULL },
	{ "first label is nothing", SLICE_INIT("\xc2\xad.example"),
	    NULL, NULL },
	{ "all is nothing", SLICE_INIT("\xc2\xad"), NULL, NULL },

	/* not UTF-8 */
	{ "Latin-1", SLICE_INIT("m\xfcnchen.example"), NULL, NULL },
	{ "continuation alone", SLICE_INIT("\x80.example"), NULL, NULL },
	{ "cut off, 2", SLICE_INIT("example.\xc3"), NULL, NULL },
	{ "cut off, 3", SLICE_INIT("example.\xe4\xb8"), NULL, NULL },
	{ "cut off, 4", SLICE_INIT("example.\xf0\x9f\x98"), NULL, NULL },
	{ "cut off by a dot", SLICE_INIT("\xc3.example"), NULL, NULL },
	{ "long form of a", SLICE_INIT("\xc1\xa1.example"), NULL, NULL },
	{ "long form of a dot", SLICE_INIT("a\xc0\xae.example"), NULL, NULL },
	{ "long form, 3", SLICE_INIT("\xe0\x81\xa1.example"), NULL, NULL },
	{ "long form, 4", SLICE_INIT("\xf0\x80\x81\xa1.example"),
	    NULL, NULL },
	{ "surrogate", SLICE_INIT("\xed\xa0\x80.example"), NULL, NULL },
	{ "above U+10FFFF", SLICE_INIT("\xf4\x90\x80\x80.example"),
	    NULL, NULL },
	{ "octet ff", SLICE_INIT("\xff.example"), NULL, NULL },
};

static void
is_domain(bool good, const struct domain *d, const char *want,
    const char *name)
{
	is_str(good ? d->text : "refused", want != NULL ? want : "refused",
	    name);
	is_num((long long)d->len,
	    want != NULL ? (long long)strlen(want) : 0, name);
	is_num(d->text[d->len], 0, name);
}

static void
test_parse(void)
{
	const struct parse_row *r;
	struct domain d;
	bool good;
	size_t i;

	for (i = 0; i < COUNT(parse_rows); i++) {
		r = &parse_rows[i];
		memset(&d, 'x', sizeof(d));
		good = domain_parse(r->in, &d);
		is_domain(good, &d, r->mail, r->name);
		/* What was parsed once is its own canonical form. */
		if (good) {
			good = domain_parse(domain_slice(&d), &d);
			is_domain(good, &d, r->mail, r->name);
		}
		memset(&d, 'x', sizeof(d));
		good = domain_parse_dns(r->in, &d);
		is_domain(good, &d, r->dns, r->name);
	}
}

static const struct zone_row {
	const char	*name, *zone;
	bool		 want;
} zone_rows[] = {
	{ "example.com", "example.com", true },
	{ "a.example.com", "example.com", true },
	{ "a.b.example.com", "example.com", true },
	{ "example.com", "com", true },
	{ "badexample.com", "example.com", false },
	{ "example.com", "a.example.com", false },
	{ "example.com", "example.org", false },
	{ "com", "example.com", false },
	{ "a.example.com", ".example.com", false },
	{ "example.com", "", false },
	{ "", "example.com", false },
	{ "", "", false },
};

static void
test_zone(void)
{
	const struct zone_row *r;
	size_t i;

	for (i = 0; i < COUNT(zone_rows); i++) {
		r = &zone_rows[i];
		ok(domain_is_at_or_below(slice_str(r->name),
		    slice_str(r->zone)) == r->want, "\"%s\" is %s \"%s\"",
		    r->name, r->want ? "at or below" : "not below", r->zone);
	}
}

static const struct label_row {
	const char	*name;
	size_t		 labels;
	const char	*parent;
	bool		 is_number;	/* its last label */
} label_rows[] = {
	{ "", 0, "", false },
	{ "com", 1, "", false },
	{ "example.com", 2, "com", false },
	{ "a.b.example.com", 4, "b.example.com", false },
	{ "relay.site1", 2, "site1", false },
	{ "1.example", 2, "example", false },
	{ "192.0.2.1", 4, "0.2.1", true },
	{ "a.1", 2, "1", true },
	{ "1", 1, "", true }
};

static void
test_labels(void)
{
	const struct label_row *r;
	struct slice parent;
	size_t i;

	for (i = 0; i < COUNT(label_rows); i++) {
		r = &label_rows[i];
		is_num((long long)domain_labels(slice_str(r->name)),
		    (long long)r->labels, r->name);
		parent = domain_parent(slice_str(r->name));
		is_bytes(parent.ptr, parent.len, r->parent,
		    strlen(r->parent), r->name);
		ok(domain_ends_in_number(slice_str(r->name)) == r->is_number,
		    "%s: its last label", r->name);
	}
}

static void
test_eq(void)
{
	struct domain a, b;

	ok(domain_parse(SLICE("M\xc3\xbcnchen.example."), &a) &&
	    domain_parse(SLICE("XN--MNCHEN-3YA.EXAMPLE"), &b) &&
	    domain_eq(&a, &b), "eq: U-label and A-label");
	ok(domain_parse(SLICE("example.com"), &b) && !domain_eq(&a, &b),
	    "eq: other names");
}

int
main(void)
{
	test_parse();
	test_zone();
	test_labels();
	test_eq();
	return tap_done();
}
