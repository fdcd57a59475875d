/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Canonicalization: tables by RFC 6376 section 3.4, and each body cut at
 * each place against the plain implementation of support.c.
 */
#include "dkim/canon.h"

#include "tests/dkim/support.h"
#include "tests/tap.h"

static void
collect(void *arg, const char *ptr, size_t len)
{
	text_add(arg, ptr, len);
}

/* ---- fields ---- */

struct field_case {
	const char	*name;
	struct slice	 field_name, value;
	struct slice	 simple, relaxed;
};

#define S(literal) SLICE_INIT(literal)

static const struct field_case fields[] = {
	{ "3.4.5: blanks after the colon", S("A"), S(" X"), S("A: X"),
	    S("a:X") },
	{ "3.4.5: fold with a tab", S("B "), S(" Y\t\r\n\tZ  "),
	    S("B : Y\t\r\n\tZ  "), S("b:Y Z") },
	{ "no blank after the colon", S("Subject"), S("x"), S("Subject:x"),
	    S("subject:x") },
	{ "empty value", S("X-Empty"), S(""), S("X-Empty:"), S("x-empty:") },
	{ "blanks alone", S("X"), S(" \t "), S("X: \t "), S("x:") },
	{ "blanks over several folds", S("X"), S(" \r\n \r\n\t"),
	    S("X: \r\n \r\n\t"), S("x:") },
	{ "fold before the text", S("X"), S("\r\n a b"), S("X:\r\n a b"),
	    S("x:a b") },
	{ "fold over a blank line", S("X"), S(" a\r\n \r\n b"),
	    S("X: a\r\n \r\n b"), S("x:a b") },
	{ "single blanks stay", S("X"), S(" a b c d e f g h i j k l m"),
	    S("X: a b c d e f g h i j k l m"),
	    S("x:a b c d e f g h i j k l m") },
	{ "runs far inside", S("X"),
	    S(" 0123456789abcdef0123456789abcdef  x\t y"),
	    S("X: 0123456789abcdef0123456789abcdef  x\t y"),
	    S("x:0123456789abcdef0123456789abcdef x y") },
	{ "upper case only in the name", S("SuBject"), S(" ABC"),
	    S("SuBject: ABC"), S("subject:ABC") },
	{ "bare CR is text", S("X"), S(" a\rb \r c\r"), S("X: a\rb \r c\r"),
	    S("x:a\rb \r c\r") },
	{ "CR before CRLF is text", S("X"), S(" a\r\r\n b"),
	    S("X: a\r\r\n b"), S("x:a\r b") },
	{ "bare LF is text", S("X"), S(" a\nb"), S("X: a\nb"), S("x:a\nb") },
	{ "NUL is text", S("X"), S(" a\0 b"), S("X: a\0 b"), S("x:a\0 b") },
	{ "8-bit is text", S("X"), S(" gr\xc3\xbc\xc3\x9f""e  \xff"),
	    S("X: gr\xc3\xbc\xc3\x9f""e  \xff"),
	    S("x:gr\xc3\xbc\xc3\x9f""e \xff") },
	{ "8-bit in the name is not lower-cased", S("X\xc3\x84"), S(" a"),
	    S("X\xc3\x84: a"), S("x\xc3\x84:a") },
	{ "colons in the value", S("X"), S(" a : b"), S("X: a : b"),
	    S("x:a : b") },
};

static struct text
canon_field(enum dkim_canon how, struct slice name, struct slice value,
    struct slice cut)
{
	struct text out = { NULL, 0, 0 };
	struct dkim_sink sink;

	dkim_sink_init(&sink, collect, &out);
	dkim_canon_field(how, name, value, cut, &sink);
	dkim_sink_flush(&sink);
	return out;
}

static void
test_fields(void)
{
	const struct field_case *c;
	struct text got;
	struct slice none = { NULL, 0 };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		c = &fields[i];
		got = canon_field(DKIM_CANON_SIMPLE, c->field_name, c->value,
		    none);
		is_bytes(got.ptr, got.len, c->simple.ptr, c->simple.len,
		    c->name);
		text_free(&got);
		got = canon_field(DKIM_CANON_RELAXED, c->field_name,
		    c->value, none);
		is_bytes(got.ptr, got.len, c->relaxed.ptr, c->relaxed.len,
		    c->name);
		text_free(&got);
	}
}

/* Section 3.7: a value without a part of it. */
static void
test_cut(void)
{
	static const struct {
		const char *name;
		struct slice value;
		size_t from, len;
		struct slice simple, relaxed;
	} cases[] = {
		{ "cut at the end", S(" v=1; b= abc "), 8, 5,
		    S("D: v=1; b="), S("d:v=1; b=") },
		{ "cut in the middle", S(" b=\r\n abc ;  v=1"), 3, 7,
		    S("D: b=;  v=1"), S("d:b=; v=1") },
		{ "cut of nothing", S(" b=; v=1"), 3, 0, S("D: b=; v=1"),
		    S("d:b=; v=1") },
		{ "cut of all", S(" b= x"), 0, 5, S("D:"), S("d:") },
		{ "blank before the cut ends the value", S("b= x"), 3, 1,
		    S("D:b= "), S("d:b=") },
	};
	struct text got;
	struct slice cut;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cut = slice_head(slice_from(cases[i].value, cases[i].from),
		    cases[i].len);
		cut.ptr = cases[i].value.ptr + cases[i].from;
		got = canon_field(DKIM_CANON_SIMPLE, SLICE("D"),
		    cases[i].value, cut);
		is_bytes(got.ptr, got.len, cases[i].simple.ptr,
		    cases[i].simple.len, cases[i].name);
		text_free(&got);
		got = canon_field(DKIM_CANON_RELAXED, SLICE("D"),
		    cases[i].value, cut);
		is_bytes(got.ptr, got.len, cases[i].relaxed.ptr,
		    cases[i].relaxed.len, cases[i].name);
		text_free(&got);
	}
}

/* ---- bodies ---- */

static const struct {
	const char	*name;
	struct slice	 body, simple, relaxed;
} bodies[] = {
	{ "3.4.5", S(" C \r\nD \t E\r\n\r\n\r\n"), S(" C \r\nD \t E\r\n"),
	    S(" C\r\nD E\r\n") },
	{ "empty", S(""), S("\r\n"), S("") },
	{ "one CRLF", S("\r\n"), S("\r\n"), S("") },
	{ "three CRLF", S("\r\n\r\n\r\n"), S("\r\n"), S("") },
	{ "line of a blank", S(" \r\n"), S(" \r\n"), S("") },
	{ "lines of blanks", S("\r\n \t\r\n\r\n  \r\n"),
	    S("\r\n \t\r\n\r\n  \r\n"), S("") },
	{ "blanks without a line end", S(" \t"), S(" \t\r\n"), S("") },
	{ "no line end", S("a"), S("a\r\n"), S("a\r\n") },
	{ "no line end after a blank", S("a "), S("a \r\n"), S("a\r\n") },
	{ "empty lines inside", S("a\r\n\r\n\r\nb\r\n"),
	    S("a\r\n\r\n\r\nb\r\n"), S("a\r\n\r\n\r\nb\r\n") },
	{ "blank lines inside", S("a\r\n \r\n\t\r\nb"),
	    S("a\r\n \r\n\t\r\nb\r\n"), S("a\r\n\r\n\r\nb\r\n") },
	{ "blank lines at the beginning", S("\r\n \r\nb\r\n"),
	    S("\r\n \r\nb\r\n"), S("\r\n\r\nb\r\n") },
	{ "blank line at the end", S("a\r\n \r\n"), S("a\r\n \r\n"),
	    S("a\r\n") },
	{ "blanks at the beginning of a line", S(" \t a\r\n"),
	    S(" \t a\r\n"), S(" a\r\n") },
	{ "one blank at the beginning of a line", S("a\r\n b\r\n"),
	    S("a\r\n b\r\n"), S("a\r\n b\r\n") },
	{ "tab alone", S("a\tb\r\n"), S("a\tb\r\n"), S("a b\r\n") },
	{ "dots", S(".\r\n..\r\n"), S(".\r\n..\r\n"), S(".\r\n..\r\n") },
	{ "bare LF ends no line", S("a \n\n\n"), S("a \n\n\n\r\n"),
	    S("a \n\n\n\r\n") },
	{ "bare LF, then CRLF", S("\n\r\n\r\n"), S("\n\r\n"), S("\n\r\n") },
	{ "bare CR ends no line", S("a \rb\r"), S("a \rb\r\r\n"),
	    S("a \rb\r\r\n") },
	{ "CR CR LF", S("a\r\r\n"), S("a\r\r\n"), S("a\r\r\n") },
	{ "CR CR LF in an empty line", S("\r\r\n\r\n"), S("\r\r\n"),
	    S("\r\r\n") },
	{ "CR LF LF", S("\r\n\n"), S("\r\n\n\r\n"), S("\r\n\n\r\n") },
	{ "LF CR", S("\n\r"), S("\n\r\r\n"), S("\n\r\r\n") },
	{ "blank, CR, blank, LF", S("a \r \n\r\n"), S("a \r \n\r\n"),
	    S("a \r \n\r\n") },
	{ "NUL", S("a\0b\0\r\n"), S("a\0b\0\r\n"), S("a\0b\0\r\n") },
	{ "more than a block at once",
	    S("0123456789abcdef 0123456789abcdef 0123456789abcdef  x \r\n"
	      "0123456789abcdef0123456789abcdef0123456789abcdef\r\n\r\n"
	      "0123456789abcdef\t0123456789abcdef0123456789abcdef\t\r\n"),
	    S("0123456789abcdef 0123456789abcdef 0123456789abcdef  x \r\n"
	      "0123456789abcdef0123456789abcdef0123456789abcdef\r\n\r\n"
	      "0123456789abcdef\t0123456789abcdef0123456789abcdef\t\r\n"),
	    S("0123456789abcdef 0123456789abcdef 0123456789abcdef x\r\n"
	      "0123456789abcdef0123456789abcdef0123456789abcdef\r\n\r\n"
	      "0123456789abcdef 0123456789abcdef0123456789abcdef\r\n") },
};

/* The body in two pieces, the first of `cut` octets, or in octets. */
static struct text
canon_body(enum dkim_canon how, struct slice body, size_t cut)
{
	struct text out = { NULL, 0, 0 };
	struct dkim_sink sink;
	struct dkim_canon_body c;
	size_t i;

	dkim_sink_init(&sink, collect, &out);
	dkim_canon_body_init(&c, how, &sink);
	if (cut == SIZE_MAX) {
		for (i = 0; i < body.len; i++)
			dkim_canon_body_add(&c,
			    slice_head(slice_from(body, i), 1));
	} else {
		dkim_canon_body_add(&c, slice_head(body, cut));
		dkim_canon_body_add(&c, slice_from(body, cut));
	}
	dkim_canon_body_end(&c);
	return out;
}

static bool
is_same(enum dkim_canon how, struct slice body, size_t cut, struct slice want)
{
	struct text got = canon_body(how, body, cut);
	bool same = slice_eq(text_slice(&got), want);

	text_free(&got);
	return same;
}

static void
test_body(const char *name, struct slice body, enum dkim_canon how,
    struct slice want)
{
	struct text got = canon_body(how, body, 0);
	size_t cut, wrong = 0;

	is_bytes(got.ptr, got.len, want.ptr, want.len, name);
	text_free(&got);
	for (cut = 0; cut <= body.len; cut++)
		wrong += !is_same(how, body, cut, want);
	wrong += !is_same(how, body, SIZE_MAX, want);
	ok(wrong == 0, "%s: cut at each place", name);
	got = plain_body(body, how);
	is_bytes(got.ptr, got.len, want.ptr, want.len, "the plain one, too");
	text_free(&got);
}

static void
test_bodies(void)
{
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		test_body(bodies[i].name, bodies[i].body, DKIM_CANON_SIMPLE,
		    bodies[i].simple);
		test_body(bodies[i].name, bodies[i].body, DKIM_CANON_RELAXED,
		    bodies[i].relaxed);
	}
}

/* All texts of up to 7 octets out of SP, CR, LF and a letter. */
static void
test_all_short(enum dkim_canon how)
{
	static const char octets[] = " \r\na";
	char body[7];
	size_t len, i, wrong = 0;
	unsigned int code, n, end;
	struct slice s;
	struct text want;

	for (len = 0; len <= sizeof(body); len++) {
		end = 1u << (2 * len);
		for (code = 0; code < end; code++) {
			for (i = 0, n = code; i < len; i++, n >>= 2)
				body[i] = octets[n & 3];
			s = (struct slice){ body, len };
			want = plain_body(s, how);
			wrong += !is_same(how, s, code % (len + 1),
			    text_slice(&want));
			wrong += !is_same(how, s, SIZE_MAX,
			    text_slice(&want));
			text_free(&want);
		}
	}
	ok(wrong == 0, "all short texts, method %d", (int)how);
}

/* ---- the sink ---- */

struct counter {
	size_t	calls, octets, largest;
};

static void
count(void *arg, const char *ptr, size_t len)
{
	struct counter *c = arg;

	(void)ptr;
	c->calls++;
	c->octets += len;
	if (len > c->largest)
		c->largest = len;
}

static void
test_sink(void)
{
	static char octets[DKIM_SINK_BLOCK];
	struct counter c = { 0, 0, 0 };
	struct dkim_sink sink;
	size_t i;

	dkim_sink_init(&sink, count, &c);
	dkim_sink_flush(&sink);
	is_num((long long)c.calls, 0, "nothing to flush, no call");
	for (i = 0; i < DKIM_SINK_BLOCK; i++)
		dkim_sink_add(&sink, octets, 1);
	is_num((long long)c.calls, 0, "a full block waits");
	dkim_sink_add(&sink, octets, 1);
	is_num((long long)c.calls, 1, "one more octet, and it goes out");
	dkim_sink_add(&sink, octets, DKIM_SINK_DIRECT);
	is_num((long long)c.calls, 3, "a long run goes out by itself");
	dkim_sink_add(&sink, octets, DKIM_SINK_DIRECT - 1);
	is_num((long long)c.calls, 3, "a shorter one waits");
	dkim_sink_flush(&sink);
	is_num((long long)c.octets, DKIM_SINK_BLOCK + 1 + DKIM_SINK_DIRECT +
	    DKIM_SINK_DIRECT - 1, "nothing is lost");
	is_num((long long)c.largest, DKIM_SINK_BLOCK, "no call is larger");
}

int
main(void)
{
	test_fields();
	test_cut();
	test_bodies();
	test_all_short(DKIM_CANON_SIMPLE);
	test_all_short(DKIM_CANON_RELAXED);
	test_sink();
	return tap_done();
}
