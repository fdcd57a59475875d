/* SPDX-License-Identifier: BSD-2-Clause */
/* Each rule with what it takes from the start of a text. */
#include "base/utf8.h"
#include "mail/lex.h"

#include "tests/tap.h"

#define REFUSED (-1)

struct lex_case {
	const char	*name;
	struct slice	 input;
	long		 want;	/* octets taken, or REFUSED */
};

typedef bool rule_fn(struct cursor *c);

static bool
rule_token(struct cursor *c)
{
	struct slice out;

	return lex_token(c, &out);
}

static bool
rule_token_utf8(struct cursor *c)
{
	struct slice out;

	return lex_token_utf8(c, &out);
}

static bool
rule_keyword(struct cursor *c)
{
	struct slice out;

	return lex_keyword(c, &out);
}

static bool
rule_atom(struct cursor *c)
{
	struct slice out;

	return lex_atom(c, &out);
}

static bool
rule_dot_atom(struct cursor *c)
{
	struct slice out;

	return lex_dot_atom(c, &out);
}

static bool
rule_quoted(struct cursor *c)
{
	struct slice raw;

	return lex_quoted_string(c, &raw, NULL);
}

static const struct lex_case fws_cases[] = {
	{ "nothing", SLICE_INIT("x"), 0 },
	{ "empty", SLICE_INIT(""), 0 },
	{ "blanks", SLICE_INIT(" \t x"), 3 },
	{ "CRLF fold", SLICE_INIT(" \r\n\tx"), 4 },
	{ "LF fold", SLICE_INIT("\n x"), 2 },
	{ "line of blanks", SLICE_INIT(" \r\n \r\n x"), 7 },
	{ "line end alone", SLICE_INIT(" \r\nx"), 1 },
	{ "line end at the end", SLICE_INIT(" \r\n"), 1 },
	{ "two LF", SLICE_INIT("\n\n x"), 0 },
	{ "bare CR", SLICE_INIT(" \r x"), 1 },
	{ "CR CR LF", SLICE_INIT("\r\r\n x"), 0 },
	{ "NUL", SLICE_INIT(" \0 "), 1 },
};

static const struct lex_case cfws_cases[] = {
	{ "nothing", SLICE_INIT("x"), 0 },
	{ "comment", SLICE_INIT("(a)x"), 3 },
	{ "comments", SLICE_INIT(" (a) (b)\r\n (c) x"), 15 },
	{ "nested", SLICE_INIT("(a(b)(c(d)))x"), 12 },
	{ "empty comment", SLICE_INIT("()"), 2 },
	{ "quoted-pair", SLICE_INIT("(\\)\\(\\\\)x"), 8 },
	{ "quote is text", SLICE_INIT("(\")x"), 3 },
	{ "fold inside", SLICE_INIT("(a\r\n b)"), 7 },
	{ "UTF-8", SLICE_INIT("(\xc3\xbc)"), 4 },
	{ "quoted UTF-8", SLICE_INIT("(\\\xc3\xbc)"), 5 },
	{ "not closed", SLICE_INIT(" (a"), REFUSED },
	{ "inner not closed", SLICE_INIT("(a(b)"), REFUSED },
	{ "backslash last", SLICE_INIT("(a\\"), REFUSED },
	{ "closing quoted", SLICE_INIT("(a\\)"), REFUSED },
	{ "NUL inside", SLICE_INIT("(\0)"), REFUSED },
	{ "quoted NUL", SLICE_INIT("(\\\0)"), REFUSED },
	{ "control", SLICE_INIT("(\x01)"), REFUSED },
	{ "DEL", SLICE_INIT("(\x7f)"), REFUSED },
	{ "bare LF", SLICE_INIT("(a\nb)"), REFUSED },
	{ "bare CR", SLICE_INIT("(a\rb)"), REFUSED },
	{ "Latin-1", SLICE_INIT("(\xfc)"), REFUSED },
	{ "closing alone", SLICE_INIT(")"), 0 },
};

static const struct lex_case token_cases[] = {
	{ "word", SLICE_INIT("rsa-sha256;"), 10 },
	{ "name", SLICE_INIT("mx.example.org;"), 14 },
	{ "all signs", SLICE_INIT("!#$%&'*+-.^_`{|}~x"), 18 },
	{ "equals", SLICE_INIT("a=b"), 1 },
	{ "slash", SLICE_INIT("/b"), REFUSED },
	{ "question mark", SLICE_INIT("?"), REFUSED },
	{ "NUL", SLICE_INIT("a\0b"), 1 },
	{ "NUL first", SLICE_INIT("\0"), REFUSED },
	{ "DEL", SLICE_INIT("a\x7f"), 1 },
	{ "8-bit", SLICE_INIT("a\xc3\xbc"), 1 },
	{ "empty", SLICE_INIT(""), REFUSED },
};

static const struct lex_case token_utf8_cases[] = {
	{ "U-label", SLICE_INIT("b\xc3\xbc.example;"), 11 },
	{ "begins with UTF-8", SLICE_INIT("\xc3\xbc" "b;"), 3 },
	{ "Latin-1", SLICE_INIT("b\xfc.example"), 1 },
};

static const struct lex_case keyword_cases[] = {
	{ "word", SLICE_INIT("dkim="), 4 },
	{ "hyphen inside", SLICE_INIT("x-dkim="), 6 },
	{ "hyphen first", SLICE_INIT("-a"), 2 },
	{ "hyphen last", SLICE_INIT("dkim-="), 4 },
	{ "hyphens only", SLICE_INIT("--="), REFUSED },
	{ "underscore", SLICE_INIT("a_b"), 1 },
	{ "dot", SLICE_INIT(".a"), REFUSED },
};

static const struct lex_case atom_cases[] = {
	{ "word", SLICE_INIT("user@"), 4 },
	{ "all signs", SLICE_INIT("!#$%&'*+-/=?^_`{|}~."), 19 },
	{ "encoded word", SLICE_INIT("=?utf-8?Q?a=00?= "), 16 },
	{ "UTF-8", SLICE_INIT("\xe2\x82\xac" "a."), 4 },
	{ "not UTF-8", SLICE_INIT("a\xe2\x82."), 1 },
	{ "quote", SLICE_INIT("\"a\""), REFUSED },
	{ "bracket", SLICE_INIT("[a"), REFUSED },
};

static const struct lex_case dot_atom_cases[] = {
	{ "one atom", SLICE_INIT("a@"), 1 },
	{ "three", SLICE_INIT("a.b.c@"), 5 },
	{ "dot last", SLICE_INIT("a.b.@"), 3 },
	{ "two dots", SLICE_INIT("a..b@"), 1 },
	{ "dot first", SLICE_INIT(".a"), REFUSED },
	{ "blank", SLICE_INIT("a .b"), 1 },
};

static const struct lex_case quoted_cases[] = {
	{ "empty", SLICE_INIT("\"\""), 2 },
	{ "text", SLICE_INIT("\"a b\"c"), 5 },
	{ "pairs", SLICE_INIT("\"\\\"\\\\\"x"), 6 },
	{ "comment is text", SLICE_INIT("\"(a\""), 4 },
	{ "fold", SLICE_INIT("\"a\r\n b\""), 7 },
	{ "tab", SLICE_INIT("\"\t\""), 3 },
	{ "UTF-8", SLICE_INIT("\"\xf0\x9f\x92\xa9\""), 6 },
	{ "open", SLICE_INIT("\"a"), REFUSED },
	{ "quote escaped", SLICE_INIT("\"a\\\""), REFUSED },
	{ "NUL", SLICE_INIT("\"\0\""), REFUSED },
	{ "escaped NUL", SLICE_INIT("\"\\\0\""), REFUSED },
	{ "bare LF", SLICE_INIT("\"a\nb\""), REFUSED },
	{ "bare CR", SLICE_INIT("\"a\rb\""), REFUSED },
	{ "Latin-1", SLICE_INIT("\"\xe4\""), REFUSED },
	{ "no quote", SLICE_INIT("a\""), REFUSED },
};

static const struct lex_case utf8_cases[] = {
	{ "U+0080", SLICE_INIT("\xc2\x80"), 2 },
	{ "U+07FF", SLICE_INIT("\xdf\xbf"), 2 },
	{ "U+0800", SLICE_INIT("\xe0\xa0\x80"), 3 },
	{ "U+D7FF", SLICE_INIT("\xed\x9f\xbf"), 3 },
	{ "U+E000", SLICE_INIT("\xee\x80\x80"), 3 },
	{ "U+FFFF", SLICE_INIT("\xef\xbf\xbf"), 3 },
	{ "U+10000", SLICE_INIT("\xf0\x90\x80\x80"), 4 },
	{ "U+10FFFF", SLICE_INIT("\xf4\x8f\xbf\xbf"), 4 },
	{ "ASCII", SLICE_INIT("a"), REFUSED },
	{ "continuation", SLICE_INIT("\x80"), REFUSED },
	{ "long form of /", SLICE_INIT("\xc0\xaf"), REFUSED },
	{ "long form, 2", SLICE_INIT("\xc1\xbf"), REFUSED },
	{ "long form, 3", SLICE_INIT("\xe0\x9f\xbf"), REFUSED },
	{ "long form, 4", SLICE_INIT("\xf0\x8f\xbf\xbf"), REFUSED },
	{ "surrogate", SLICE_INIT("\xed\xa0\x80"), REFUSED },
	{ "above U+10FFFF", SLICE_INIT("\xf4\x90\x80\x80"), REFUSED },
	{ "F5", SLICE_INIT("\xf5\x80\x80\x80"), REFUSED },
	{ "cut, 2", SLICE_INIT("\xc3"), REFUSED },
	{ "cut, 3", SLICE_INIT("\xe2\x82"), REFUSED },
	{ "cut, 4", SLICE_INIT("\xf0\x9f\x92"), REFUSED },
	{ "third is ASCII", SLICE_INIT("\xe2\x82" "a"), REFUSED },
	{ "fourth is ASCII", SLICE_INIT("\xf0\x9f\x92" "a"), REFUSED },
};

static const struct lex_case utf8_shown_cases[] = {
	{ "U+009F", SLICE_INIT("\xc2\x9f"), REFUSED },
	{ "U+00A0", SLICE_INIT("\xc2\xa0"), 2 },
	{ "U+061B", SLICE_INIT("\xd8\x9b"), 2 },
	{ "U+061C", SLICE_INIT("\xd8\x9c"), REFUSED },
	{ "U+200D", SLICE_INIT("\xe2\x80\x8d"), 3 },
	{ "U+200E", SLICE_INIT("\xe2\x80\x8e"), REFUSED },
	{ "U+200F", SLICE_INIT("\xe2\x80\x8f"), REFUSED },
	{ "U+2010", SLICE_INIT("\xe2\x80\x90"), 3 },
	{ "U+2027", SLICE_INIT("\xe2\x80\xa7"), 3 },
	{ "U+2028", SLICE_INIT("\xe2\x80\xa8"), REFUSED },
	{ "U+202E", SLICE_INIT("\xe2\x80\xae"), REFUSED },
	{ "U+202F", SLICE_INIT("\xe2\x80\xaf"), 3 },
	{ "U+2065", SLICE_INIT("\xe2\x81\xa5"), 3 },
	{ "U+2066", SLICE_INIT("\xe2\x81\xa6"), REFUSED },
	{ "U+2069", SLICE_INIT("\xe2\x81\xa9"), REFUSED },
	{ "U+206A", SLICE_INIT("\xe2\x81\xaa"), 3 },
	{ "U+10FFFF", SLICE_INIT("\xf4\x8f\xbf\xbf"), 4 },
	{ "Latin-1", SLICE_INIT("\xfc"), REFUSED },
};

#define CASES(x) x, sizeof(x) / sizeof((x)[0])

static const struct {
	const char		*name;
	rule_fn			*rule;
	const struct lex_case	*cases;
	size_t			 count;
} rules[] = {
	{ "FWS", lex_fws, CASES(fws_cases) },
	{ "CFWS", lex_cfws, CASES(cfws_cases) },
	{ "token", rule_token, CASES(token_cases) },
	{ "token", rule_token_utf8, CASES(token_utf8_cases) },
	{ "Keyword", rule_keyword, CASES(keyword_cases) },
	{ "atom", rule_atom, CASES(atom_cases) },
	{ "dot-atom", rule_dot_atom, CASES(dot_atom_cases) },
	{ "quoted-string", rule_quoted, CASES(quoted_cases) },
	{ "UTF-8", utf8_take, CASES(utf8_cases) },
	{ "UTF-8 shown", lex_utf8_shown, CASES(utf8_shown_cases) },
};

static void
check(const char *rule_name, rule_fn *rule, const struct lex_case *t)
{
	struct cursor c = cursor_of(t->input);
	long got = rule(&c) ? (long)(c.p - t->input.ptr) : REFUSED;
	char name[100];

	(void)snprintf(name, sizeof(name), "%s: %s", rule_name, t->name);
	is_num(got, t->want, name);
	if (t->want == REFUSED)
		ok(c.p == t->input.ptr, "%s: cursor unmoved", name);
}

static void
check_content(const char *name, struct slice input, struct slice want)
{
	struct cursor c = cursor_of(input);
	struct slice raw, got;
	struct buf b;

	buf_init(&b, 100);
	buf_adds(&b, "+");
	ok(lex_quoted_string(&c, &raw, &b), "content: %s", name);
	got = buf_slice(&b);
	is_bytes(got.ptr, got.len, want.ptr, want.len, name);
	buf_fini(&b);
}

static void
check_nesting(void)
{
	char text[2 * LIMIT_COMMENT_NESTING + 2];
	size_t n = LIMIT_COMMENT_NESTING;
	struct cursor c;

	memset(text, '(', n + 1);
	memset(text + n + 1, ')', n + 1);
	c = cursor_of((struct slice){ text + 1, 2 * n });
	ok(lex_cfws(&c) && cursor_at_end(&c), "nesting at the limit");
	c = cursor_of((struct slice){ text, 2 * n + 2 });
	ok(!lex_cfws(&c) && c.p == text, "nesting one past the limit");
}

static void
check_whole(void)
{
	ok(utf8_is_valid(SLICE("a\xc3\xbc\xe2\x82\xac")), "text is UTF-8");
	ok(utf8_is_valid(SLICE("\0")), "NUL is UTF-8");
	ok(utf8_is_valid((struct slice){ NULL, 0 }), "empty is UTF-8");
	ok(!utf8_is_valid(SLICE("a\xfc")), "Latin-1 is not");
	ok(!utf8_is_valid(SLICE("\xc3\xbc\xc3")), "cut is not");
}

int
main(void)
{
	struct cursor none = cursor_of((struct slice){ NULL, 0 });
	size_t i, n;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		for (n = 0; n < rules[i].count; n++)
			check(rules[i].name, rules[i].rule,
			    &rules[i].cases[n]);
	}
	ok(lex_cfws(&none), "CFWS of no text at all");
	check_content("plain", SLICE("\"a b\""), SLICE("+a b"));
	check_content("pairs", SLICE("\"\\a\\\"\\\\\""), SLICE("+a\"\\"));
	check_content("fold", SLICE("\"a\r\n\tb\n c\""), SLICE("+a\tb c"));
	check_content("UTF-8", SLICE("\"\\\xc3\xbc\""), SLICE("+\xc3\xbc"));
	check_nesting();
	check_whole();
	return tap_done();
}
