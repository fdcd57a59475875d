/* SPDX-License-Identifier: BSD-2-Clause */
/* Reverse-paths as clients type them, and From fields as senders do. */
#include "mail/address.h"

#include "base/buf.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROOM (16u << 20)

static struct arena *names;

static const struct {
	const char	*name;
	struct slice	 text;
	bool		 null;
	const char	*local;
	const char	*domain_text;
	const char	*domain;	/* NULL: none */
} paths[] = {
	{ "plain", SLICE_INIT("<a.b+c@Sender.EXAMPLE>"), false, "a.b+c",
	    "Sender.EXAMPLE", "sender.example" },
	{ "no brackets", SLICE_INIT("a@x.example"), false, "a", "x.example",
	    "x.example" },
	{ "blanks inside", SLICE_INIT("< a@x >"), false, "a", "x", "x" },
	{ "blanks outside", SLICE_INIT(" <a@x>\t"), false, "a", "x", "x" },
	{ "null", SLICE_INIT("<>"), true, "", "", NULL },
	{ "null with a blank", SLICE_INIT("< >"), true, "", "", NULL },
	{ "empty", SLICE_INIT(""), true, "", "", NULL },
	{ "no text at all", { NULL, 0 }, true, "", "", NULL },
	{ "local only", SLICE_INIT("<local>"), false, "local", "", NULL },
	{ "domain only", SLICE_INIT("<@example.net>"), false, "",
	    "example.net", "example.net" },
	{ "domain only, no brackets", SLICE_INIT("@example.net"), false, "",
	    "example.net", "example.net" },
	{ "no domain after @", SLICE_INIT("<a@>"), false, "a", "", NULL },
	{ "only @", SLICE_INIT("<@>"), false, "", "", NULL },
	{ "route", SLICE_INIT("<@h1,@h2:u@x.example>"), false, "u",
	    "x.example", "x.example" },
	{ "route, one host", SLICE_INIT("<@h1:u@x>"), false, "u", "x", "x" },
	{ "route to nobody", SLICE_INIT("<@h1:>"), false, "", "", NULL },
	{ "route and quotes", SLICE_INIT("<@relay:\"a b\"@x>"), false,
	    "\"a b\"", "x", "x" },
	{ "@ in quotes", SLICE_INIT("<\"q@x\"@b.example>"), false,
	    "\"q@x\"", "b.example", "b.example" },
	{ "> in quotes", SLICE_INIT("<\"q>x\"@b>"), false, "\"q>x\"", "b",
	    "b" },
	{ "quote in quotes", SLICE_INIT("<\"q\\\"@>x\"@b>"), false,
	    "\"q\\\"@>x\"", "b", "b" },
	{ "quotes only", SLICE_INIT("<\"a@x\">"), false, "\"a@x\"", "", NULL },
	{ "two @", SLICE_INIT("<a@b@c>"), false, "a@b", "c", "c" },
	{ "% hack", SLICE_INIT("<a%b@c>"), false, "a%b", "c", "c" },
	{ "bang path", SLICE_INIT("<b!a@c>"), false, "b!a", "c", "c" },
	{ "escaped @", SLICE_INIT("<a\\@b>"), false, "a\\@b", "", NULL },
	{ "last dot", SLICE_INIT("<a@x.example.>"), false, "a",
	    "x.example.", "x.example" },
	{ "literal", SLICE_INIT("<a@[192.0.2.1]>"), false, "a",
	    "[192.0.2.1]", NULL },
	{ "UTF-8", SLICE_INIT("<\xc3\xa4@b\xc3\xbc.example>"), false,
	    "\xc3\xa4", "b\xc3\xbc.example", "xn--b-eha.example" },
	{ "Latin-1", SLICE_INIT("<\xe4@b\xfc.example>"), false, "\xe4",
	    "b\xfc.example", NULL },
	{ "empty label", SLICE_INIT("<a@b..c>"), false, "a", "b..c", NULL },
	{ "blank in the domain", SLICE_INIT("<a@b c>"), false, "a", "b c",
	    NULL },
	{ "not closed", SLICE_INIT("<a@b"), false, "a", "b", NULL },
	{ "nothing closed", SLICE_INIT("<"), false, "", "", NULL },
	{ "closed twice", SLICE_INIT("<a@b>>"), false, "a", "b", NULL },
	{ "text after", SLICE_INIT("<a@b> x"), false, "a", "b", NULL },
	{ "null with text after", SLICE_INIT("<>x"), false, "", "", NULL },
	{ "not opened", SLICE_INIT("a@b>"), false, "a", "b>", NULL },
	{ "open quote", SLICE_INIT("<\"a@b>"), false, "\"a@b>", "", NULL },
	{ "backslash last", SLICE_INIT("<a@b\\"), false, "a", "b\\", NULL },
};

static void
check_paths(void)
{
	struct mail_path p;
	size_t i;

	for (i = 0; i < COUNT(paths); i++) {
		mail_path_parse(paths[i].text, &p);
		ok(p.null == paths[i].null, "path: %s: null",
		    paths[i].name);
		is_bytes(p.local.ptr, p.local.len, paths[i].local,
		    strlen(paths[i].local), paths[i].name);
		is_bytes(p.domain_text.ptr, p.domain_text.len,
		    paths[i].domain_text, strlen(paths[i].domain_text),
		    paths[i].name);
		is_str(p.has_domain ? p.domain.text : "none",
		    paths[i].domain != NULL ? paths[i].domain : "none",
		    paths[i].name);
	}
}

/* NUL between octets of a domain and of a local part are not refused by
   length alone: the text goes on after them. */
static void
check_path_nul(void)
{
	struct mail_path p;

	mail_path_parse(SLICE("<a@b\0.example>"), &p);
	ok(!p.has_domain, "NUL in the domain");
	mail_path_parse(SLICE("<a\0b@x.example>"), &p);
	is_bytes(p.local.ptr, p.local.len, "a\0b", 3, "NUL in the local part");
}

#define OK		MAIL_FROM_OK
#define MULTIPLE	MAIL_FROM_MULTIPLE
#define BAD		MAIL_FROM_UNPARSABLE
#define SLOPPY		MAIL_FROM_SLOPPY

static const struct from_case {
	const char		*name;
	struct slice		 text;
	enum mail_from_state	 state;
	size_t			 mailboxes;
	const char		*domain;	/* "": none */
} froms[] = {
	/* RFC 5322 3.4 */
	{ "addr-spec", SLICE_INIT(" a@X.Example"), OK, 1, "x.example" },
	{ "angle-addr", SLICE_INIT("<a@x.example>"), OK, 1, "x.example" },
	{ "display name", SLICE_INIT(" A B <a@x.example>"), OK, 1,
	    "x.example" },
	{ "quoted name", SLICE_INIT("\"B, A\" <a@x>"), OK, 1, "x" },
	{ "name with @ in quotes", SLICE_INIT("\"c@d\" <a@x>"), OK, 1, "x" },
	{ "name with > in quotes", SLICE_INIT("\"c@d>\" <a@x>"), OK, 1, "x" },
	{ "name of both", SLICE_INIT("A \"B\" C <a@x>"), OK, 1, "x" },
	{ "no blank", SLICE_INIT("A<a@x>"), OK, 1, "x" },
	{ "empty quoted name", SLICE_INIT("\"\" <a@x>"), OK, 1, "x" },
	{ "quoted local part", SLICE_INIT("\"a@x\"@y.example"), OK, 1,
	    "y.example" },
	{ "quoted local part, angle", SLICE_INIT("<\"a b\"@y>"), OK, 1, "y" },
	{ "signs", SLICE_INIT("!#$%&'*+-/=?^_`{|}~@x"), OK, 1, "x" },
	{ "one domain", SLICE_INIT("a@x, b@x"), OK, 2, "x" },
	{ "one domain, two forms", SLICE_INIT("a@x, <b@X.>"), OK, 2, "x" },
	{ "two domains", SLICE_INIT("a@x, b@y"), MULTIPLE, 2, "x" },
	{ "third differs", SLICE_INIT("a@x, b@x, c@y.x"), MULTIPLE, 3, "x" },
	{ "folds", SLICE_INIT("\r\n A\r\n B\n\t<a@x>\r\n "), OK, 1, "x" },
	{ "last dot", SLICE_INIT("a@x.example."), OK, 1, "x.example" },
	{ "last dot, angle", SLICE_INIT("<a@x.example.>"), OK, 1,
	    "x.example" },
	{ "underscore", SLICE_INIT("a@_x.example"), OK, 1, "_x.example" },

	/* comments, 3.2.2 */
	{ "comments", SLICE_INIT("(a) b (c) <(d) e (f) @ (g) x (h) . (i) y "
	    "(j)> (k)"), OK, 1, "x.y" },
	{ "comment after", SLICE_INIT("a@x (A B)"), OK, 1, "x" },
	{ "comment with an address", SLICE_INIT("a@x (<b@y>)"), OK, 1, "x" },
	{ "nested", SLICE_INIT("a@x (b(c\\)\\())"), OK, 1, "x" },
	{ "comment between", SLICE_INIT("a@x,(c@d)b@x"), OK, 2, "x" },
	{ "comment not closed", SLICE_INIT("a@x (b"), BAD, 0, "" },
	{ "comment not closed first", SLICE_INIT("(a@x"), SLOPPY, 0, "x" },
	{ "comment not closed in the domain", SLICE_INIT("a@x.(b"), BAD, 0,
	    "" },
	{ "comment not opened", SLICE_INIT("a@x b)"), BAD, 1, "" },
	{ "string that begins at the end of a domain",
	    SLICE_INIT("\"joe\"@good.example\" x"), BAD, 1, "" },
	{ "string that ends there", SLICE_INIT("\"joe@x.example\" ; x"),
	    SLOPPY, 0, "x.example" },
	{ "8-bit local part, another domain in quotes",
	    SLICE_INIT("\"c@d.example\" <j\xc3\xb6@x.example>"), BAD, 1, "" },
	{ "8-bit local part, the same domain in quotes",
	    SLICE_INIT("\"c@x.example\" <j\xc3\xb6@x.example>"), OK, 1,
	    "x.example" },
	{ "encoded word with @ in an address",
	    SLICE_INIT("=?u?b?QIa@x.example"), BAD, 1, "" },
	{ "encoded word without @ in an address",
	    SLICE_INIT("=?utf-8?q?a@x.example"), OK, 1, "x.example" },
	{ "encoded word with @ joined to a word", SLICE_INIT(
	    "=?utf-8?q?c=40d.example?=e.example <a@x.example>"), BAD, 1, "" },
	{ "encoded word with @ by itself", SLICE_INIT(
	    "=?utf-8?q?c=40d.example?= <a@x.example>"), OK, 1, "x.example" },
	{ "another domain in a folded string", SLICE_INIT(
	    "\"c@d.example\r\n e\" <a@x.example>"), BAD, 1, "" },
	{ "the same domain in a folded string", SLICE_INIT(
	    "\"c@x.example\r\n e\" <a@x.example>"), OK, 1, "x.example" },
	{ "an address in a comment that is all of an element", SLICE_INIT(
	    "a@x.example, (c@d.example)"), BAD, 1, "" },
	{ "blanks in an address, another domain in quotes", SLICE_INIT(
	    "\"c@d.example\" <J. D@x.example>"), BAD, 1, "" },
	{ "comment inside a word", SLICE_INIT("a(b)c@x"), SLOPPY, 0, "x" },
	{ "NUL in a comment", SLICE_INIT("a@x (\0)"), BAD, 0, "" },

	/* groups, RFC 6854 */
	{ "group", SLICE_INIT("G: a@x, B <b@x>;"), OK, 2, "x" },
	{ "group, two domains", SLICE_INIT("G: a@x, b@y;"), MULTIPLE, 2,
	    "x" },
	{ "group of one", SLICE_INIT("\"G H\":a@x;"), OK, 1, "x" },
	{ "group and more", SLICE_INIT("c@x, G: a@x; (d), b@x"), OK, 3,
	    "x" },
	{ "two groups", SLICE_INIT("G: a@x;, H: b@y;"), MULTIPLE, 2, "x" },
	{ "empty group", SLICE_INIT("undisclosed:;"), BAD, 0, "" },
	{ "empty group with CFWS", SLICE_INIT("A B: (c)\r\n ;"), BAD, 0, "" },
	{ "empty group and an address", SLICE_INIT("G:;, a@x"), OK, 1, "x" },
	{ "group of empty elements", SLICE_INIT("G:,,a@x,;"), OK, 1, "x" },
	{ "group not closed", SLICE_INIT("G: a@x"), SLOPPY, 1, "x" },
	{ "group without a name", SLICE_INIT(": a@x;"), SLOPPY, 0, "x" },
	{ "group in a group", SLICE_INIT("G: H: a@x;;"), SLOPPY, 0, "x" },
	{ "group in a list in a group", SLICE_INIT("G: a@x, H: b@x;;"), SLOPPY,
	    1, "x" },
	{ "group closed twice", SLICE_INIT("G: a@x;;"), SLOPPY, 1, "x" },
	{ "no group", SLICE_INIT("a@x;"), SLOPPY, 1, "x" },
	{ "no comma after a group", SLICE_INIT("G: a@x; b@x"), SLOPPY, 1,
	    "x" },
	{ "address as a group's name", SLICE_INIT("a@x: b@x;"), BAD, 1, "" },
	{ "two colons", SLICE_INIT("G:: a@x;"), SLOPPY, 0, "x" },

	/* obsolete forms, 4.4 */
	{ "dots in the name", SLICE_INIT("A B. C. <a@x>"), OK, 1, "x" },
	{ "dot after a quoted name", SLICE_INIT("\"A\" . <a@x>"), OK, 1,
	    "x" },
	{ "dot first in the name", SLICE_INIT(". A <a@x>"), SLOPPY, 0, "x" },
	{ "dot for a name", SLICE_INIT(". <a@x>"), SLOPPY, 0, "x" },
	{ "obs-local-part", SLICE_INIT("a . \"b c\" . d@x"), OK, 1, "x" },
	{ "obs-domain", SLICE_INIT("a@ x . (c) y\r\n .z"), OK, 1, "x.y.z" },
	{ "obs-route", SLICE_INIT("<@r,@s:a@x.example>"), OK, 1, "x.example" },
	{ "obs-route of another", SLICE_INIT("<@r.example,@s:a@x>"), BAD, 1,
	    "" },
	{ "route of the same", SLICE_INIT("<@x.example,@s:a@x.example>"), OK,
	    1, "x.example" },
	{ "obs-domain, its half a domain", SLICE_INIT("a@x.example. y.example"),
	    BAD, 1, "" },
	{ "comment after half a domain", SLICE_INIT("<a@x.example(c).y>"), BAD,
	    1, "" },
	{ "address in a comment in brackets",
	    SLICE_INIT("<a@x.example(b@y.example)>"), BAD, 1, "" },
	{ "address in a quoted local part",
	    SLICE_INIT("<\"b@y.example>\"@x.example>"), BAD, 1, "" },
	{ "the same without brackets",
	    SLICE_INIT("\"b@y.example \"@x.example"), BAD, 1, "" },
	{ "@ in a quoted local part", SLICE_INIT("\"b@y\"@x.example"), OK, 1,
	    "x.example" },
	{ "address in a comment before the domain",
	    SLICE_INIT("a@(b@y.example)x.example"), BAD, 1, "" },
	{ "address in a comment", SLICE_INIT("<a@x.example> (b@y.example)"),
	    OK, 1, "x.example" },
	{ "address in the name of a group",
	    SLICE_INIT("\"b@y.example\" g: a@x.example;"), BAD, 1, "" },
	{ "obs-route with empty parts", SLICE_INIT("A <,(c) , @r ,, @s,: "
	    "a@x>"), OK, 1, "x" },
	{ "obs-route without :", SLICE_INIT("<@r a@x>"), BAD, 0, "" },
	{ "obs-route of commas", SLICE_INIT("<,,:a@x>"), SLOPPY, 0, "x" },
	{ "obs-route, two @", SLICE_INIT("<@r@s:a@x>"), BAD, 0, "" },
	{ "obs-route, no domain", SLICE_INIT("<@:a@x>"), BAD, 0, "" },
	{ "obs-route to nobody", SLICE_INIT("<@r:>"), BAD, 0, "" },
	{ "empty elements", SLICE_INIT(",a@x,,(c),b@x,"), OK, 2, "x" },

	/* what must not pass */
	{ "empty", SLICE_INIT(""), BAD, 0, "" },
	{ "no text at all", { NULL, 0 }, BAD, 0, "" },
	{ "blanks", SLICE_INIT(" \r\n "), BAD, 0, "" },
	{ "commas", SLICE_INIT(",,"), BAD, 0, "" },
	{ "comment only", SLICE_INIT("(a@x)"), SLOPPY, 0, "x" },
	{ "name only", SLICE_INIT("Joe"), BAD, 0, "" },
	{ "> after", SLICE_INIT("user@victim.example>"), SLOPPY, 1,
	    "victim.example" },
	{ "< before", SLICE_INIT("<user@victim.example"), SLOPPY, 1,
	    "victim.example" },
	{ "<>", SLICE_INIT("<>"), BAD, 0, "" },
	{ "name and <>", SLICE_INIT("A <>"), BAD, 0, "" },
	{ "two in brackets", SLICE_INIT("<a@x> <b@y>"), BAD, 1, "" },
	{ "brackets twice", SLICE_INIT("<<a@x>>"), SLOPPY, 0, "x" },
	{ "address for a name", SLICE_INIT("a@x <b@y>"), BAD, 1, "" },
	{ "name with @", SLICE_INIT("A a@x B <b@y>"), BAD, 0, "" },
	{ "name after", SLICE_INIT("<a@x> A"), SLOPPY, 1, "x" },
	{ "comma in a name", SLICE_INIT("B, A <a@x>"), SLOPPY, 0, "x" },
	{ "colon in a name", SLICE_INIT("A: B <a@x>"), SLOPPY, 1, "x" },
	{ "bracket in a name", SLICE_INIT("[A] <a@x>"), SLOPPY, 0, "x" },
	{ "open quote", SLICE_INIT("\"A <a@x>"), BAD, 0, "" },
	{ "no comma", SLICE_INIT("a@x b@x"), BAD, 1, "" },
	{ "semicolon for a comma", SLICE_INIT("a@x; b@x"), SLOPPY, 1, "x" },
	{ "two @", SLICE_INIT("a@x@y"), BAD, 1, "" },
	{ "no local part", SLICE_INIT("@x"), SLOPPY, 0, "x" },
	{ "no local part, angle", SLICE_INIT("A <@x>"), SLOPPY, 0, "x" },
	{ "no domain", SLICE_INIT("a@"), BAD, 0, "" },
	{ "no domain, angle", SLICE_INIT("<a@>"), BAD, 0, "" },
	{ "two words", SLICE_INIT("a b@x"), SLOPPY, 0, "x" },
	{ "two words, angle", SLICE_INIT("<a b@x>"), SLOPPY, 0, "x" },
	{ "two dots", SLICE_INIT("a..b@x"), SLOPPY, 0, "x" },
	{ "dot first", SLICE_INIT(".a@x"), SLOPPY, 0, "x" },
	{ "dot last", SLICE_INIT("a.@x"), SLOPPY, 0, "x" },
	{ "domain: dot first", SLICE_INIT("a@.x"), BAD, 0, "" },
	{ "domain: two dots", SLICE_INIT("a@x..y"), BAD, 1, "" },
	{ "domain: two words", SLICE_INIT("a@x y"), BAD, 1, "" },
	{ "domain in quotes", SLICE_INIT("a@\"x\""), BAD, 0, "" },
	{ "literal", SLICE_INIT("a@[192.0.2.1]"), BAD, 0, "" },
	{ "literal, angle", SLICE_INIT("<a@[IPv6:::1]>"), BAD, 0, "" },
	{ "slash in the domain", SLICE_INIT("a@x/y"), BAD, 0, "" },
	{ "hyphen last", SLICE_INIT("a@x-"), BAD, 0, "" },
	{ "good, then bad", SLICE_INIT("a@x, b@y-"), BAD, 1, "" },
	{ "two domains, then garbage", SLICE_INIT("a@x, b@y >"), BAD, 2, "" },
	{ "NUL after", SLICE_INIT("a@x\0"), BAD, 1, "" },
	{ "NUL in the domain", SLICE_INIT("a@x\0.y"), BAD, 1, "" },
	{ "NUL in a name", SLICE_INIT("A\0B <a@x>"), BAD, 0, "" },
	{ "NUL in quotes", SLICE_INIT("\"A\0\" <a@x>"), BAD, 0, "" },
	{ "control", SLICE_INIT("A\x1b(B <a@x>"), BAD, 0, "" },
	{ "bare CR", SLICE_INIT("A\rB <a@x>"), BAD, 0, "" },
	{ "LF without a blank", SLICE_INIT("a@x\n"), BAD, 1, "" },

	/* encoded words, RFC 2047: atoms */
	{ "encoded word", SLICE_INIT("=?utf-8?Q?J=C3=B6?= <a@x>"), OK, 1,
	    "x" },
	{ "encoded NUL", SLICE_INIT("=?utf-8?Q?J=00=0D=0A?= <a@x>"), OK, 1,
	    "x" },
	{ "NUL in an encoded word", SLICE_INIT("=?utf-8?Q?J\0?= <a@x>"), BAD,
	    0, "" },
	{ "encoded address", SLICE_INIT("=?utf-8?Q?b=40y?= <a@x>"), OK, 1,
	    "x" },
	{ "encoded address alone", SLICE_INIT("=?utf-8?Q?b=40y?="), BAD, 0,
	    "" },
	{ "@ in an encoded word", SLICE_INIT("=?utf-8?Q?b@y?= <a@x>"), BAD,
	    0, "" },

	/* RFC 6532, IDNA */
	{ "UTF-8 name", SLICE_INIT("J\xc3\xb6 <a@x>"), OK, 1, "x" },
	{ "Latin-1 name", SLICE_INIT("J\xf6 <a@x>"), SLOPPY, 0, "x" },

	/* Not well formed, and what mail programs make of it. */
	{ "Latin-1 in quotes", SLICE_INIT("\"J\xf6, A\" <a@x>"), SLOPPY, 0,
	    "x" },
	{ "Latin-1 in a comment", SLICE_INIT("a@x (J\xf6)"), SLOPPY, 0, "x" },
	{ "the address for a name", SLICE_INIT("a@x <a@x>"), SLOPPY, 1, "x" },
	{ "the address in apostrophes", SLICE_INIT("'a@x.y' <a@X.y.>"), SLOPPY,
	    0, "x.y" },
	{ "harmless encoded word", SLICE_INIT("=?utf-8?q?A=44?=, I <a@x>"),
	    SLOPPY, 0, "x" },
	{ "encoded word in EBCDIC", SLICE_INIT(
	    "x, =?cp037?q?=82=7C=A8=4B=A9?= <a@x>"), BAD, 0, "" },
	{ "encoded word with escapes", SLICE_INIT(
	    "x, =?unicode_escape?q?b=5Cx40y.z?= <a@x>"), BAD, 0, "" },
	{ "encoded word in EBCDIC, in an address", SLICE_INIT(
	    "=?cp037?q?=82=7C=A8=4B=A9=6B?=@x"), BAD, 1, "" },
	{ "encoded bracket, Q", SLICE_INIT("=?utf-8?q?=3cA?= B, I <a@x> C"),
	    BAD, 0, "" },
	{ "encoded bracket, B", SLICE_INIT("=?utf-8?b?Pg==?= B, I <a@x> C"),
	    BAD, 0, "" },
	{ "encoded bracket in a name", SLICE_INIT("=?utf-8?q?=3cA=3e?= <a@x>"),
	    OK, 1, "x" },
	{ "a language after the charset", SLICE_INIT(
	    "=?UTF-8*en?q?A=44?=, I <a@x>"), SLOPPY, 0, "x" },
	{ "charset of no name", SLICE_INIT("=?unknown-8bit?q?=FC?=, I <a@x>"),
	    SLOPPY, 0, "x" },
	{ "encoded word with @, Q", SLICE_INIT("=?utf-8?q?a=40y?=, I <a@x>"),
	    BAD, 0, "" },
	{ "encoded word with @, B", SLICE_INIT("=?utf-8?b?YUBldmls?=, I <a@x>"),
	    BAD, 0, "" },
	{ "encoded word with @, B, shifted", SLICE_INIT("=?x?B?YW!FAYg==?=, I "
	    "<a@x>"), BAD, 0, "" },
	{ "encoded word with @, no end", SLICE_INIT("=?utf-8?q?a=40y, <a@x>"),
	    BAD, 0, "" },
	{ "encoded word in UTF-7", SLICE_INIT("=?UTF-7?q?a+AEA-y?=, I <a@x>"),
	    BAD, 0, "" },
	{ "other domain in a comment", SLICE_INIT("A, B (c@y) <a@x>"), BAD,
	    0, "" },
	{ "other domain in quotes", SLICE_INIT("\"c@y\", A <a@x>"), BAD, 0,
	    "" },
	{ "other domain after", SLICE_INIT("A, B <a@x>, c@y"), BAD, 0, "" },
	{ "other domain in a group", SLICE_INIT("A, G: c@y; <a@x>"), BAD, 0,
	    "" },
	{ "route", SLICE_INIT("[A] <@y:a@x>"), BAD, 0, "" },
	{ "blank in the domain", SLICE_INIT("A, B <a@x .y>"), BAD, 0, "" },
	{ "fold in the domain", SLICE_INIT("A, B <a@x\r\n .y>"), BAD, 0, "" },
	{ "comment in the domain", SLICE_INIT("A, B <a@x(c).y>"), BAD, 0, "" },
	{ "comment before the domain", SLICE_INIT("A, B <a@(y)x>"), BAD, 0,
	    "" },
	{ "parts joined over a bracket", SLICE_INIT("A, B <<a@x.co>m>"), BAD, 0,
	    "" },
	{ "brackets joined", SLICE_INIT("A, B <a@x.co> <m>"), BAD, 0, "" },
	{ "backslash in a domain in folded quotes", SLICE_INIT(
	    "\"c@y.\\example\r\n z\" <a@x.example>"), BAD, 1, "" },
	{ "bracket in a domain in folded quotes", SLICE_INIT(
	    "\"c@y[.example\r\n z\" <a@x.example>"), BAD, 1, "" },
	{ "colon in a domain in folded quotes", SLICE_INIT(
	    "\"c@x.example:y\r\n z\" <a@x.example>"), BAD, 1, "" },
	{ "blank in a domain in folded quotes", SLICE_INIT(
	    "\"c@ y.\r\n z\" <a@x.example>"), BAD, 1, "" },
	{ "the address in folded quotes", SLICE_INIT(
	    "\"'c@x.example' via\r\n z (c@x.example)\" <a@x.example>"),
	    OK, 1, "x.example" },
	{ "backslash in a domain in quotes", SLICE_INIT(
	    "\"c@y.\\example z\" <a@x.example>"), OK, 1, "x.example" },
	{ "backslash in a domain in a group", SLICE_INIT(
	    "\"c@y.\\example\": a@x.example;"), BAD, 1, "" },
	{ "comment after a last dot", SLICE_INIT("a@x.(c)\"y\"z"), BAD, 1, "" },
	{ "brackets joined at a comma", SLICE_INIT("<a@x.co> <B, c@x.co"),
	    BAD, 1, "" },
	{ "brackets joined after text", SLICE_INIT("<a@x.co> B <c, d@x.co>"),
	    BAD, 1, "" },
	{ "brackets joined in the last", SLICE_INIT(
	    "A, B <a@x.co>, <a@x.co> <m, b@x.co>"), BAD, 0, "" },
	{ "brackets after a comma", SLICE_INIT("A, B <a@x.co> , C <c@x.co>"),
	    SLOPPY, 0, "x.co" },
	{ "brackets after a semicolon", SLICE_INIT("A <a@x.co>; C <c@x.co>"),
	    SLOPPY, 1, "x.co" },
	{ "nested brackets joined", SLICE_INIT("A, B <<a@x.co> m>"), BAD, 0,
	    "" },
	{ "brackets before", SLICE_INIT("A <B> C, <a@x.co>"), SLOPPY, 0,
	    "x.co" },
	{ "comma in brackets", SLICE_INIT("A, B <a@x.co,m>"), BAD, 0, "" },
	{ "bracket that nobody opened", SLICE_INIT("A, B a@x.co > m"), BAD, 0,
	    "" },
	{ "label that is not ASCII, no brackets",
	    SLICE_INIT("A, a@x.co.b\xc3\xbc"), BAD, 0, "" },
	{ "backslash", SLICE_INIT("A, B <a@x\\y>"), BAD, 0, "" },
	{ "colon after", SLICE_INIT("A, B <a@x:y>"), BAD, 0, "" },
	{ "literal in a list", SLICE_INIT("A, B <a@[192.0.2.1]>"), BAD, 0,
	    "" },
	{ "Latin-1 in the domain", SLICE_INIT("A, B <a@x\xe4y>"), BAD, 0, "" },
	{ "UTF-8 in the domain", SLICE_INIT("A, B <a@b\xc3\xbc" "cher.x>"),
	    SLOPPY, 0, "xn--bcher-kva.x" },
	{ "other script's full stop", SLICE_INIT("A, B <a@x\xe3\x80\x82y>"),
	    BAD, 0, "" },
	{ "UTF-8 local part", SLICE_INIT("j\xc3\xb6@x"), OK, 1, "x" },
	{ "U-label", SLICE_INIT("a@B\xc3\xbc.example"), OK, 1,
	    "xn--b-eha.example" },
	{ "U-label and A-label", SLICE_INIT("a@b\xc3\xbc.example, "
	    "b@XN--B-EHA.example"), OK, 2, "xn--b-eha.example" },
	{ "forbidden code point", SLICE_INIT("a@\xe2\x98\x83\xe2\x80\xae"
	    ".example"), BAD, 0, "" },
	{ "unassigned code point", SLICE_INIT("a@\xcd\xb8.example"), BAD, 0,
	    "" },
	{ "other full stop", SLICE_INIT("a@x\xe3\x80\x82" "example"), BAD, 0,
	    "" },
};

static void
is_from(const struct mail_from *got, const struct from_case *want)
{
	is_str(mail_from_state_name(got->state),
	    mail_from_state_name(want->state), want->name);
	is_num((long long)got->mailboxes, (long long)want->mailboxes,
	    want->name);
	is_str(got->has_domain ? got->domain.text : "", want->domain,
	    want->name);
	ok((got->problem == NULL) == (got->state == MAIL_FROM_OK),
	    "%s: %s", want->name, got->problem != NULL ? got->problem : "-");
}

static void
check_froms(void)
{
	struct mail_from f;
	size_t i;

	for (i = 0; i < COUNT(froms); i++) {
		mail_from_parse(froms[i].text, names, &f);
		is_from(&f, &froms[i]);
		is_num((long long)f.fields, 1, froms[i].name);
	}
}

/* Whole headers: "/" is between the fields. */
static const struct {
	struct from_case	from;
	size_t			fields;
} headers[] = {
	{ { "no field", SLICE_INIT("To: a@x"), MAIL_FROM_ABSENT, 0, "" }, 0 },
	{ { "one", SLICE_INIT("To: a@y/From: a@x"), OK, 1, "x" }, 1 },
	{ { "name in upper case", SLICE_INIT("FROM: a@x"), OK, 1, "x" }, 1 },
	{ { "blank before :", SLICE_INIT("From : a@x"), OK, 1, "x" }, 1 },
	{ { "two, equal", SLICE_INIT("From: a@x/From: a@x"), MULTIPLE, 2,
	    "x" }, 2 },
	{ { "two", SLICE_INIT("From: a@x/from: b@y"), MULTIPLE, 2, "x" }, 2 },
	{ { "two, the first sloppy", SLICE_INIT("From: a@x>/From: b@y"),
	    MULTIPLE, 2, "x" }, 2 },
	{ { "two, the first bad", SLICE_INIT("From: a@x-/From: b@y"),
	    MULTIPLE, 1, "y" }, 2 },
	{ { "two, the second bad", SLICE_INIT("From: a@x/From: b@y>"),
	    MULTIPLE, 2, "x" }, 2 },
	{ { "two, both bad", SLICE_INIT("From: x/From: "), MULTIPLE, 0, "" },
	    2 },
	{ { "one, empty", SLICE_INIT("From:"), BAD, 0, "" }, 1 },
	{ { "Sender does not count", SLICE_INIT("Sender: a@x"),
	    MAIL_FROM_ABSENT, 0, "" }, 0 },
};

static void
check_headers(struct arena *arena)
{
	struct slice rest, line, name;
	struct mail_header h;
	struct mail_from f;
	size_t i;
	bool more;

	for (i = 0; i < COUNT(headers); i++) {
		mail_header_init(&h, arena);
		rest = headers[i].from.text;
		do {
			more = slice_cut(&rest, '/', &line);
			(void)slice_cut(&line, ':', &name);
			(void)mail_header_add(&h, name, line);
		} while (more);
		mail_from_read(&h, &f);
		is_from(&f, &headers[i].from);
		is_num((long long)f.fields, (long long)headers[i].fields,
		    headers[i].from.name);
	}
}

/* `count` times `part`, then `end`. */
static void
repeat(struct buf *b, size_t count, const char *part, const char *end)
{
	buf_reset(b);
	while (count-- > 0)
		buf_adds(b, part);
	buf_adds(b, end);
}

static void
is_state(struct slice text, enum mail_from_state want, size_t mailboxes,
    const char *name)
{
	struct mail_from f;

	mail_from_parse(text, names, &f);
	is_str(mail_from_state_name(f.state), mail_from_state_name(want),
	    name);
	is_num((long long)f.mailboxes, (long long)mailboxes, name);
}

static void
check_limits(void)
{
	struct buf b;

	buf_init(&b, ROOM);
	repeat(&b, LIMIT_FROM_MAILBOXES - 1, "a@x,", "a@x");
	is_state(buf_slice(&b), OK, LIMIT_FROM_MAILBOXES, "addresses");
	repeat(&b, LIMIT_FROM_MAILBOXES, "a@x,", "a@x");
	is_state(buf_slice(&b), BAD, LIMIT_FROM_MAILBOXES, "one past them");
	repeat(&b, 10000, "a@x,", "b@x");
	is_state(buf_slice(&b), BAD, LIMIT_FROM_MAILBOXES,
	    "ten thousand addresses");

	repeat(&b, LIMIT_COMMENT_NESTING, "()", "a@x");
	is_state(buf_slice(&b), OK, 1, "comments one after the other");
	repeat(&b, 1000, "(", "a@x");
	is_state(buf_slice(&b), SLOPPY, 0, "nested a thousand deep");

	repeat(&b, 1u << 20, "x", "@x.example");
	is_state(buf_slice(&b), OK, 1, "local part of 1 MB");
	repeat(&b, 1u << 19, "x ", "<a@x.example>");
	is_state(buf_slice(&b), OK, 1, "name of half a million words");
	repeat(&b, 1u << 20, "(", "");
	is_state(buf_slice(&b), BAD, 0, "1 MB of (");
	repeat(&b, 1u << 19, "a.", "b@x");
	is_state(buf_slice(&b), OK, 1, "1 MB of a local part's dots");
	repeat(&b, 1u << 20, ",", "");
	is_state(buf_slice(&b), BAD, 0, "1 MB of commas");
	repeat(&b, 1u << 20, "\"", "");
	is_state(buf_slice(&b), BAD, 0, "1 MB of quotes");
	repeat(&b, 1u << 20, "<", "");
	is_state(buf_slice(&b), BAD, 0, "1 MB of <");
	buf_fini(&b);
}

/* The tolerant reading: "@" looked at, domains remembered. */
static void
check_scan_limits(void)
{
	char text[200];
	struct mail_from f;
	struct buf b;
	size_t i;

	buf_init(&b, ROOM);
	repeat(&b, LIMIT_FROM_SCANNED, "[a@x],", "");
	is_state(buf_slice(&b), SLOPPY, 0, "@ up to the limit");
	repeat(&b, LIMIT_FROM_SCANNED + 1, "[a@x],", "");
	is_state(buf_slice(&b), BAD, 0, "one @ past it");
	buf_fini(&b);
	for (i = LIMIT_FROM_DOMAINS; i <= LIMIT_FROM_DOMAINS + 1; i++) {
		snprintf(text, sizeof(text), "[a@1x],b@2x,b@3x,c@4x%s",
		    i > LIMIT_FROM_DOMAINS ? ",d@5x" : "");
		mail_from_parse(slice_str(text), names, &f);
		is_num((long long)f.domain_count, LIMIT_FROM_DOMAINS, text);
		ok(f.more_domains == (i > LIMIT_FROM_DOMAINS),
		    "%zu domains", i);
	}
}

static void
check_nesting(size_t depth, enum mail_from_state want)
{
	char text[3 * LIMIT_COMMENT_NESTING];
	size_t len = 2 * depth + 3;

	memset(text, '(', depth);
	memset(text + depth, ')', depth);
	memcpy(text + 2 * depth, "a@x", 3);
	is_state((struct slice){ text, len }, want,
	    want == MAIL_FROM_OK ? 1 : 0, "comments nested");
}

/* A domain is cut nowhere: too long is too long. */
static void
check_long_domain(void)
{
	struct buf b;
	size_t i;

	buf_init(&b, 10000);
	buf_adds(&b, "a@");
	for (i = 0; i < LIMIT_DOMAIN_UTF8; i++)
		buf_addc(&b, i % 4 == 3 ? '.' : 'x');
	buf_adds(&b, "example");
	is_state(buf_slice(&b), BAD, 0, "domain longer than any");
	buf_reset(&b);
	/* Soft hyphens are dropped by IDNA: only their number is wrong. */
	buf_adds(&b, "a@x");
	for (i = 0; i < LIMIT_DOMAIN_UTF8 / 2; i++)
		buf_adds(&b, "\xc2\xad");
	buf_adds(&b, ".evil");
	is_state(buf_slice(&b), BAD, 0, "domain of soft hyphens");
	buf_reset(&b);
	buf_adds(&b, "a@x");
	for (i = 0; i < LIMIT_DOMAIN_UTF8 - 1; i++)
		buf_adds(&b, "y");
	buf_adds(&b, ".evil");
	is_state(buf_slice(&b), BAD, 0, "dot where the room ends");
	buf_fini(&b);
}

/* What could not be kept may have had a From field. */
static void
check_overflow(struct arena *arena)
{
	struct mail_header h;
	struct mail_from f;

	mail_header_init(&h, arena);
	(void)mail_header_add(&h, SLICE("From"), SLICE(" a@x"));
	mail_from_read(&h, &f);
	is_str(mail_from_state_name(f.state), "ok", "header in full");
	h.overflow = true;
	mail_from_read(&h, &f);
	is_str(mail_from_state_name(f.state), "unparsable", "not in full");
	ok(!f.has_domain, "has no domain");
	mail_header_init(&h, arena);
	h.overflow = true;
	mail_from_read(&h, &f);
	is_str(mail_from_state_name(f.state), "unparsable", "nothing kept");
}

static void
check_many_fields(struct arena *arena)
{
	struct mail_header h;
	struct mail_from f;
	size_t i;

	mail_header_init(&h, arena);
	for (i = 0; i < 5000; i++)
		(void)mail_header_add(&h, SLICE("From"), SLICE(" a@x"));
	mail_from_read(&h, &f);
	is_str(mail_from_state_name(f.state), "multiple", "5,000 fields");
	is_num((long long)f.fields, 5000, "are counted");
	is_num((long long)f.mailboxes, LIMIT_FROM_MAILBOXES,
	    "addresses up to the limit");
}

static void
check_no_memory(void)
{
	struct arena *small = arena_new(1);
	struct mail_from f;

	if (small == NULL)
		abort();
	mail_from_parse(SLICE("a@x.example"), small, &f);
	ok(arena_failed(small) && f.more_domains && f.domain_count == 0,
	    "no memory for a name: said by the arena");
	arena_free(small);
}

int
main(void)
{
	struct arena *arena = arena_new(ROOM);

	names = arena_new(ROOM);
	if (arena == NULL || names == NULL)
		return 1;
	check_paths();
	check_path_nul();
	check_froms();
	check_headers(arena);
	check_limits();
	check_scan_limits();
	check_nesting(LIMIT_COMMENT_NESTING, MAIL_FROM_OK);
	check_nesting(LIMIT_COMMENT_NESTING + 1, MAIL_FROM_SLOPPY);
	check_long_domain();
	check_overflow(arena);
	check_many_fields(arena);
	check_no_memory();
	arena_free(names);
	arena_free(arena);
	return tap_done();
}
