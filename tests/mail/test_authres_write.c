/* SPDX-License-Identifier: BSD-2-Clause */
/* What the one writer makes of values, ours and foreign. */
#include "mail/authres.h"

#include "base/mem.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LINE_LONGEST 998	/* RFC 5322 2.1.1 */

static const struct slice own_id = SLICE_INIT("mx.example.org");

/* Values as they come and as smtp.mailfrom= has them; NULL: left out. */
static const struct {
	const char	*name;
	struct slice	 value;
	bool		 utf8;
	const char	*want;
} values[] = {
	{ "token", SLICE_INIT("rsa-sha256"), false, "rsa-sha256" },
	{ "domain", SLICE_INIT("example.com"), false, "example.com" },
	{ "selector with _", SLICE_INIT("s_1._x"), false, "s_1._x" },
	{ "IPv4 address", SLICE_INIT("192.0.2.1"), false, "192.0.2.1" },
	{ "address", SLICE_INIT("a.b+c=d/e@example.com"), false,
	    "a.b+c=d/e@example.com" },
	{ "no local part", SLICE_INIT("@example.com"), false,
	    "@example.com" },
	{ "quoted local part", SLICE_INIT("\"a b\\\"(\"@example.com"), false,
	    "\"a b\\\"(\"@example.com" },

	{ "empty", SLICE_INIT(""), false, "\"\"" },
	{ "IPv6 address", SLICE_INIT("2001:db8::1"), false,
	    "\"2001:db8::1\"" },
	{ "base64", SLICE_INIT("ab/d+f=="), false, "\"ab/d+f==\"" },
	{ "base64 that is a token", SLICE_INIT("ab+d"), false, "ab+d" },
	{ "single label", SLICE_INIT("root@localhost"), false,
	    "\"root@localhost\"" },
	{ "literal", SLICE_INIT("a@[192.0.2.1]"), false,
	    "\"a@[192.0.2.1]\"" },
	{ "dot first", SLICE_INIT(".a@example.com"), false,
	    "\".a@example.com\"" },
	{ "two @", SLICE_INIT("a@b@example.com"), false,
	    "\"a@b@example.com\"" },
	{ "empty label", SLICE_INIT("a@example..com"), false,
	    "\"a@example..com\"" },
	{ "last dot", SLICE_INIT("a@example.com."), false,
	    "\"a@example.com.\"" },
	{ "hyphen", SLICE_INIT("a@-x.example"), false, "\"a@-x.example\"" },
	{ "text after a quoted local part", SLICE_INIT("\"a\"b@example.com"),
	    false, "\"\\\"a\\\"b@example.com\"" },
	{ "open quote", SLICE_INIT("\"a@example.com"), false,
	    "\"\\\"a@example.com\"" },
	{ "quotes", SLICE_INIT("\"a\""), false, "\"\\\"a\\\"\"" },
	{ "backslash", SLICE_INIT("a\\"), false, "\"a\\\\\"" },
	{ "blank", SLICE_INIT("a b"), false, "\"a b\"" },
	{ "comment", SLICE_INIT("example.com(x)"), false,
	    "\"example.com(x)\"" },
	{ "open comment", SLICE_INIT("example.com("), false,
	    "\"example.com(\"" },
	{ "semicolon", SLICE_INIT("a;b"), false, "\"a;b\"" },
	{ "another result", SLICE_INIT("a); dmarc=pass header.from=x ("),
	    false, "\"a); dmarc\\=pass header.from\\=x (\"" },
	{ "another result in a local part",
	    SLICE_INIT("\"; dmarc=pass x\"@example.com"), false,
	    "\"\\\"; dmarc\\=pass x\\\"@example.com\"" },

	{ "CRLF", SLICE_INIT("a\r\nb: c"), false, "\"a??b: c\"" },
	{ "fold", SLICE_INIT("a\n\tb"), false, "\"a??b\"" },
	{ "NUL", SLICE_INIT("exam\0ple.com"), false, "\"exam?ple.com\"" },
	{ "NUL last", SLICE_INIT("example.com\0"), false,
	    "\"example.com?\"" },
	{ "DEL and ESC", SLICE_INIT("a\x7f\x1b"), false, "\"a??\"" },
	{ "control in a quoted local part",
	    SLICE_INIT("\"a\tb\"@example.com"), false,
	    "\"\\\"a?b\\\"@example.com\"" },

	{ "UTF-8, ASCII message", SLICE_INIT("b\xc3\xbc.example"), false,
	    "\"b??.example\"" },
	{ "U-label", SLICE_INIT("b\xc3\xbc.example"), true,
	    "b\xc3\xbc.example" },
	{ "EAI address", SLICE_INIT("\xc3\xbc@b\xc3\xbc.example"), true,
	    "\xc3\xbc@b\xc3\xbc.example" },
	{ "UTF-8 text", SLICE_INIT("\xe2\x82\xac 1"), true,
	    "\"\xe2\x82\xac 1\"" },
	{ "one label of UTF-8", SLICE_INIT("b\xc3\xbc"), true,
	    "\"b\xc3\xbc\"" },
	{ "Latin-1", SLICE_INIT("b\xfc.example"), true, "\"b?.example\"" },
	{ "cut UTF-8", SLICE_INIT("b\xc3"), true, "\"b?\"" },
	{ "control U+0085", SLICE_INIT("b\xc2\x85.example"), true,
	    "\"b??.example\"" },
	{ "encoded word", SLICE_INIT("=?utf-8?q?=3B_dkim=3Dpass?="), false,
	    "\"\\=\\?utf-8\\?q\\?\\=3B_dkim\\=3Dpass\\?\\=\"" },
	{ "encoded word as local part", SLICE_INIT("=?a?q?=3B?=@b.example"),
	    false, "\"\\=\\?a\\?q\\?\\=3B\\?\\=@b.example\"" },
	{ "encoded word that begins with the property's =",
	    SLICE_INIT("?utf-8?q?=3B_dkim=3Dpass?=@b.example"), false,
	    "\"\\?utf-8\\?q\\?\\=3B_dkim\\=3Dpass\\?\\=@b.example\"" },
	{ "question mark first", SLICE_INIT("?@b.example"), false,
	    "\"\\?@b.example\"" },
	{ "question mark", SLICE_INIT("a?=@b.example"), false,
	    "a?=@b.example" },
	{ "line separator U+2028", SLICE_INIT("b\xe2\x80\xa8" "c.example"),
	    true, "\"b???c.example\"" },
	{ "override U+202E", SLICE_INIT("b\xe2\x80\xae" "c.example"), true,
	    "\"b???c.example\"" },
	{ "isolate U+2066", SLICE_INIT("\xe2\x81\xa6"), true, "\"???\"" },
	{ "Arabic letter mark", SLICE_INIT("\xd8\x9c"), true, "\"??\"" },
	{ "U+00A0 is none", SLICE_INIT("b\xc2\xa0"), true, "\"b\xc2\xa0\"" },
};

static void
begin(struct authres_writer *w, bool utf8)
{
	authres_write_begin(w, own_id, utf8);
}

/* Ends, compares, frees.  `want` NULL: the field has failed. */
static void
is_field(struct authres_writer *w, const char *want, const char *name)
{
	struct slice got;
	bool good = authres_write_end(w, &got);

	ok(good == (want != NULL), "%s: %s", name, good ? "made" : "failed");
	if (good && want != NULL)
		is_bytes(got.ptr, got.len, want, strlen(want), name);
	authres_write_fini(w);
}

static void
check_values(void)
{
	struct authres_writer w;
	char want[200];
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		begin(&w, values[i].utf8);
		authres_write_result(&w, "x", "none");
		authres_write_property(&w, "a", "b", values[i].value);
		(void)snprintf(want, sizeof(want),
		    " mx.example.org;\n\tx=none a.b=%s", values[i].want);
		is_field(&w, want, values[i].name);
	}
}

/* The form of RFC 8601 section 3 of the digest and of the man page. */
static void
check_form(void)
{
	struct authres_writer w;

	begin(&w, false);
	is_field(&w, " mx.example.org; none", "nothing done");

	begin(&w, false);
	authres_write_result(&w, "spf", "pass");
	authres_write_property(&w, "smtp", "mailfrom",
	    SLICE("alice@example.com"));
	authres_write_property(&w, "smtp", "helo", SLICE("mail.example.com"));
	authres_write_result(&w, "dkim", "pass");
	authres_write_comment(&w, "2048-bit key");
	authres_write_property(&w, "header", "d", SLICE("example.com"));
	authres_write_property(&w, "header", "i", SLICE("@example.com"));
	authres_write_property(&w, "header", "s", SLICE("s1"));
	authres_write_property(&w, "header", "a", SLICE("rsa-sha256"));
	authres_write_property(&w, "header", "b", SLICE("dGhpcyBp"));
	authres_write_result(&w, "dmarc", "fail");
	authres_write_reason(&w, SLICE("no aligned \"identifier\""));
	authres_write_property(&w, "header", "from", SLICE("example.net"));
	is_field(&w, " mx.example.org;\n"
	    "\tspf=pass smtp.mailfrom=alice@example.com "
	    "smtp.helo=mail.example.com;\n"
	    "\tdkim=pass (2048-bit key) header.d=example.com "
	    "header.i=@example.com\n"
	    "\theader.s=s1 header.a=rsa-sha256 header.b=dGhpcyBp;\n"
	    "\tdmarc=fail reason=\"no aligned \\\"identifier\\\"\" "
	    "header.from=example.net", "all of it");
}

static void
check_comments(void)
{
	static const struct {
		const char *text, *want;
	} comments[] = {
		{ "a, b", "(a, b)" },
		{ "a (b) c\\", "(a b c)" },
		{ "a\r\n\tb\x7f", "(ab)" },
		{ "\xc3\xbc", "()" },
		{ "", "()" },
		{ NULL, "()" },
	};
	struct authres_writer w;
	char want[100];
	size_t i;

	for (i = 0; i < COUNT(comments); i++) {
		begin(&w, true);
		authres_write_result(&w, "x", "none");
		authres_write_comment(&w, comments[i].text);
		(void)snprintf(want, sizeof(want),
		    " mx.example.org;\n\tx=none %s", comments[i].want);
		is_field(&w, want, want + 17);
	}
	begin(&w, false);
	authres_write_comment(&w, "test");
	is_field(&w, " mx.example.org (test); none", "comment on the id");
}

static const struct {
	const char	*name;
	struct slice	 id;
	bool		 utf8;
	const char	*want;	/* NULL: fails */
} ids[] = {
	{ "token", SLICE_INIT("mx1"), false, " mx1; none" },
	{ "upper case", SLICE_INIT("MX.example"), false, " MX.example; none" },
	{ "with a slash", SLICE_INIT("mx/1"), false, " \"mx/1\"; none" },
	{ "two words", SLICE_INIT("my mx"), false, " \"my mx\"; none" },
	{ "address", SLICE_INIT("a@example.org"), false,
	    " \"a@example.org\"; none" },
	{ "U-label", SLICE_INIT("b\xc3\xbc.example"), false,
	    " xn--b-eha.example; none" },
	{ "U-label, EAI", SLICE_INIT("b\xc3\xbc.example"), true,
	    " b\xc3\xbc.example; none" },
	{ "empty", SLICE_INIT(""), false, NULL },
	{ "no text at all", { NULL, 0 }, true, NULL },
	{ "line break", SLICE_INIT("mx\nX: y"), false, NULL },
	{ "NUL", SLICE_INIT("mx\0"), true, NULL },
	{ "UTF-8 that is no domain", SLICE_INIT("b\xc3\xbc b"), false, NULL },
	{ "Latin-1", SLICE_INIT("b\xfc.example"), true, NULL },
};

static void
check_ids(void)
{
	struct authres_writer w;
	size_t i;

	for (i = 0; i < COUNT(ids); i++) {
		authres_write_begin(&w, ids[i].id, ids[i].utf8);
		is_field(&w, ids[i].want, ids[i].name);
	}
}

/* Calls that make no sense fail the field. */
static void
check_misuse(void)
{
	struct authres_writer w;

	begin(&w, false);
	authres_write_property(&w, "a", "b", SLICE("c"));
	is_field(&w, NULL, "property before a result");
	begin(&w, false);
	authres_write_reason(&w, SLICE("c"));
	is_field(&w, NULL, "reason before a result");
	begin(&w, false);
	authres_write_result(&w, "x", "none");
	authres_write_property(&w, "a", "b", SLICE("c"));
	authres_write_reason(&w, SLICE("c"));
	is_field(&w, NULL, "reason after a property");
	begin(&w, false);
	authres_write_result(&w, "x y", "none");
	is_field(&w, NULL, "method that is no Keyword");
	begin(&w, false);
	authres_write_result(&w, "x", "");
	is_field(&w, NULL, "result that is no Keyword");
	begin(&w, false);
	authres_write_result(&w, "x", "none");
	authres_write_property(&w, "a", "b=c", SLICE("c"));
	is_field(&w, NULL, "property that is no Keyword");
}

/* A line of 78 octets with its ";" stays whole, one of 79 does not. */
static void
check_folding(void)
{
	char text[80], want[200];
	struct authres_writer w;
	size_t len;

	memset(text, 'v', sizeof(text));
	for (len = 65; len <= 66; len++) {
		begin(&w, false);
		authres_write_result(&w, "x", "none");
		authres_write_property(&w, "a", "b",
		    (struct slice){ text, len });
		authres_write_result(&w, "y", "none");
		(void)snprintf(want, sizeof(want),
		    " mx.example.org;\n\tx=none%sa.b=%.*s;\n\ty=none",
		    len == 65 ? " " : "\n\t", (int)len, text);
		is_field(&w, want, len == 65 ? "fits" : "does not fit");
	}
}

static size_t
longest_line(struct slice text, size_t first)
{
	struct slice line;
	size_t longest = 0;
	bool more;

	do {
		more = slice_cut(&text, '\n', &line);
		line.len += first;
		first = 0;
		if (line.len > longest)
			longest = line.len;
	} while (more);
	return longest;
}

/* TAB "a.b=" value ";" with 998 octets; a value that is quoted likewise. */
static void
check_long_value(char fill, size_t longest, const char *name)
{
	char text[LINE_LONGEST];
	struct authres_writer w;
	struct slice got;
	size_t len;

	memset(text, fill, sizeof(text));
	for (len = longest; len <= longest + 1; len++) {
		begin(&w, false);
		authres_write_result(&w, "x", "none");
		authres_write_property(&w, "a", "b",
		    (struct slice){ text, len });
		authres_write_result(&w, "y", "none");
		ok(authres_write_end(&w, &got), "%s of %zu", name, len);
		if (len == longest)
			is_num((long long)longest_line(got, 23), LINE_LONGEST,
			    "fills a line");
		else
			is_str(got.ptr, " mx.example.org;\n\tx=none;\n\ty=none",
			    "is left out");
		authres_write_fini(&w);
	}
}

static void
check_long_prose(void)
{
	char text[3000];
	struct authres_writer w;
	struct slice got;
	size_t i;

	for (i = 0; i + 3 <= sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	begin(&w, true);
	authres_write_result(&w, "x", "none");
	authres_write_reason(&w, (struct slice){ text, sizeof(text) });
	ok(authres_write_end(&w, &got), "a long reason");
	ok(longest_line(got, 23) <= LINE_LONGEST &&
	    longest_line(got, 23) > LINE_LONGEST - 5, "is cut to a line");
	ok(got.ptr[got.len - 1] == '"' && (got.len - 35) % 3 == 0,
	    "between two characters");
	authres_write_fini(&w);

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	begin(&w, false);
	authres_write_result(&w, "x", "none");
	authres_write_comment(&w, text);
	ok(authres_write_end(&w, &got), "a long comment");
	is_num((long long)longest_line(got, 23), LINE_LONGEST - 1,
	    "is cut to a line");
	ok(got.ptr[got.len - 1] == ')', "and closed");
	authres_write_fini(&w);
}

static void
check_long_id(void)
{
	char text[LINE_LONGEST];
	struct authres_writer w;
	struct slice got;
	size_t longest = LINE_LONGEST - strlen("Authentication-Results: ;");

	memset(text, 'x', sizeof(text));
	authres_write_begin(&w, (struct slice){ text, longest }, false);
	ok(authres_write_end(&w, &got), "an id that fills the line");
	is_num((long long)longest_line(got, 23), LINE_LONGEST, "does");
	authres_write_fini(&w);
	begin(&w, false);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	authres_write_comment(&w, text);
	ok(authres_write_end(&w, &got), "an id with a long comment");
	ok(longest_line(got, 23) <= LINE_LONGEST, "has no longer line");
	authres_write_fini(&w);
	authres_write_begin(&w, (struct slice){ text, longest + 1 }, false);
	is_field(&w, NULL, "an id one longer");
}

/* As many octets as there may be: "\n\tx=none;" has nine. */
static void
check_field_limit(void)
{
	size_t head = strlen(" mx.example.org"), each = strlen(";\n\tx=none");
	size_t i, n = (LIMIT_AUTHRES_WRITE - head) / each;
	struct authres_writer w;
	struct slice got;

	begin(&w, false);
	for (i = 0; i < n; i++)
		authres_write_result(&w, "x", "none");
	ok(authres_write_end(&w, &got), "a field within the limit");
	is_num((long long)got.len, (long long)(head + n * each), "is whole");
	authres_write_fini(&w);
	begin(&w, false);
	for (i = 0; i <= n; i++)
		authres_write_result(&w, "x", "none");
	is_field(&w, NULL, "one result more");
}

static bool
write_with_failure(unsigned long n)
{
	struct authres_writer w;
	struct slice got;
	bool failed, good;
	int i;

	mem_fail_after(n, 1000);
	begin(&w, false);
	for (i = 0; i < 100; i++) {
		authres_write_result(&w, "dkim", "pass");
		authres_write_property(&w, "header", "d",
		    SLICE("example.com"));
	}
	good = authres_write_end(&w, &got);
	failed = mem_fail_hits() > 0;
	mem_fail_after(0, 0);
	authres_write_fini(&w);
	if (good == failed)
		ok(false, "allocation %lu fails", n);
	return failed;
}

int
main(void)
{
	unsigned long n = 0;

	check_values();
	check_form();
	check_comments();
	check_ids();
	check_misuse();
	check_folding();
	check_long_value('v', LINE_LONGEST - strlen("\ta.b=;"), "value");
	check_long_value('/', LINE_LONGEST - strlen("\ta.b=\"\";"),
	    "quoted value");
	check_long_prose();
	check_long_id();
	check_field_limit();
	while (write_with_failure(n))
		n++;
	ok(n > 2, "%lu allocations failed in turn", n);
	return tap_done();
}
