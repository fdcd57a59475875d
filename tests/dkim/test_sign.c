/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing: what comes out passes our own verifier, whatever the message
 * looks like; what the field says; what breaks it; limits; hazards; want of
 * memory.
 */
#include "dkim/sign.h"

#include <pthread.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "mail/taglist.h"
#include "tests/dkim/keyfiles.h"
#include "tests/dkim/signing.h"
#include "tests/dkim/sslfail.h"
#include "tests/tap.h"

static struct dkim_context	*ctx;
static struct dns_zone		*zone;
static struct dkim_sign_key	 keys[2];

static struct dkim_sign_options
options_of(bool relaxed_header, bool relaxed_body)
{
	return (struct dkim_sign_options){
		.domain = SLICE("example.org"),
		.keys = keys,
		.key_count = 2,
		.relaxed_header = relaxed_header,
		.relaxed_body = relaxed_body,
		.now = TEST_NOW,
	};
}

/* The results of all signatures, "pass pass"; "fail" counts from the top. */
static void
verify(struct slice message, char *out, size_t size)
{
	struct run run;
	size_t i, n = 0;

	out[0] = '\0';
	if (run_message(&run, ctx, &test_options, zone, message, 1000)) {
		for (i = 0; i < run.count && n < size; i++)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
			    i > 0 ? " " : "",
			    auth_result_name(run.signatures[i].result));
	}
	run_fini(&run);
}

/* The value of a tag of the first signature; "-" when it is not there. */
static void
tag_of(const struct signing_result *r, const char *name, char *out,
    size_t size)
{
	struct slice rest = text_slice(&r->fields), field;
	struct taglist *list = calloc(1, sizeof(*list));
	const struct tag *tag = NULL;
	size_t i, n = 0;

	rest = slice_from(rest, sizeof("DKIM-Signature:") - 1);
	for (i = 0; i + 2 < rest.len; i++) {
		if (rest.ptr[i] == '\n' && rest.ptr[i + 1] != '\t')
			break;
	}
	field = slice_head(rest, i);
	if (list != NULL && taglist_parse(slice_trim(field), false, list))
		tag = taglist_find(list, slice_str(name));
	for (i = 0; tag != NULL && i < tag->value.len && n + 1 < size; i++) {
		if (!ascii_is_space(tag->value.ptr[i]))
			out[n++] = tag->value.ptr[i];
	}
	out[n] = '\0';
	if (tag == NULL)
		(void)snprintf(out, size, "-");
	free(list);
}

/* ---- odd messages ---- */

#define HEAD "From: Joe <joe@example.org>\r\nTo: a@example.net\r\n" \
    "Subject: hello\r\nDate: Mon, 1 Jun 2026 00:00:00 +0000\r\n"
#define LONG_100 "0123456789012345678901234567890123456789" \
    "012345678901234567890123456789012345678901234567890123456789"
#define LONG_1000 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 \
    LONG_100 LONG_100 LONG_100 LONG_100

static const struct {
	const char	*name;
	struct slice	 message;
} messages[] = {
	{ "plain", SLICE_INIT(HEAD "\r\nText.\r\n") },
	{ "no body, no empty line", SLICE_INIT(HEAD) },
	{ "empty body", SLICE_INIT(HEAD "\r\n") },
	{ "body of empty lines", SLICE_INIT(HEAD "\r\n\r\n\r\n\r\n") },
	{ "body of blanks", SLICE_INIT(HEAD "\r\n \r\n\t \r\n") },
	{ "empty lines at the end", SLICE_INIT(HEAD "\r\nText.\r\n\r\n\r\n") },
	{ "blanks at the end", SLICE_INIT(HEAD "\r\nText. \t\r\n  \r\n") },
	{ "no CRLF at the end", SLICE_INIT(HEAD "\r\nText.") },
	{ "blank lines within", SLICE_INIT(HEAD "\r\na\r\n\r\n\r\nb\r\n") },
	{ "bare CR and LF", SLICE_INIT(HEAD "\r\na\rb\nc\r\r\nd\n\r") },
	{ "NUL and 8-bit",
	    SLICE_INIT(HEAD "\r\na\0b\xff\xc3\xbc\r\n\0\r\n") },
	{ "long line", SLICE_INIT(HEAD "\r\n" LONG_1000 LONG_1000 "\r\n") },
	{ "long line with blanks", SLICE_INIT(HEAD "\r\n" LONG_1000 "  "
	    LONG_1000 " \t\r\n") },
	{ "folded", SLICE_INIT("From: Joe\r\n\t<joe@example.org>\r\n"
	    "Subject:\r\n a\r\n   b\r\n\tc \r\nTo:\r\n a@example.net,\r\n"
	    "\tb@example.net\r\n\r\nText.\r\n") },
	{ "blanks in fields", SLICE_INIT("From:Joe  <joe@example.org> \t\r\n"
	    "SUBJECT:\t a  b\t\tc  \r\nTo:   a@example.net\r\n\r\nText.\r\n") },
	{ "empty fields", SLICE_INIT("From: joe@example.org\r\nSubject:\r\n"
	    "To: \r\nCc:  \r\n \r\n\r\nText.\r\n") },
	{ "blank before the colon", SLICE_INIT("From : joe@example.org\r\n"
	    "Subject\t: a\r\n\r\nText.\r\n") },
	{ "8-bit header", SLICE_INIT("From: J\xc3\xb6rg <j@example.org>\r\n"
	    "Subject: gr\xc3\xbc\xc3\x9f \xff\r\n\r\nText.\r\n") },
	{ "long field", SLICE_INIT("From: joe@example.org\r\nSubject: "
	    LONG_1000 "\r\n " LONG_1000 "\r\n\r\nText.\r\n") },
	{ "repeated fields", SLICE_INIT("To: a@example.net\r\n"
	    "From: joe@example.org\r\nTo: b@example.net\r\nSubject: one\r\n"
	    "References: <1@x>\r\nto: c@example.net\r\nSubject: two\r\n"
	    "References: <2@x>\r\n\r\nText.\r\n") },
	{ "nothing but From", SLICE_INIT("From: joe@example.org\r\n\r\nT") },
	{ "no From", SLICE_INIT("Subject: a\r\n\r\nText.\r\n") },
	{ "no header", SLICE_INIT("\r\nText.\r\n") },
	{ "b= in fields", SLICE_INIT("From: b=<b@example.org>\r\n"
	    "Subject: b=; bh=x; b=\r\n\r\nb=\r\n") },
	{ "signed before", SLICE_INIT("DKIM-Signature: v=1; a=rsa-sha256; "
	    "d=other.example; s=x; h=from; bh=AAAA; b=AAAA\r\n" HEAD
	    "Received: from x\r\nDKIM-Signature: none\r\n\r\nText.\r\n") },
	{ "with MIME", SLICE_INIT(HEAD "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\nMessage-ID: <1@x>\r\n"
	    "List-Unsubscribe: <https://example.org/u>\r\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
	    "Text.\r\n") },
};

static void
test_message(size_t i, bool relaxed_header, bool relaxed_body)
{
	static const size_t chunks[] = { 1, 2, 7, 65535 };
	struct dkim_sign_options o = options_of(relaxed_header, relaxed_body);
	struct signing_result r;
	struct slice rest, line;
	bool narrow = true, good = true;
	char got[200] = "";
	size_t c;

	for (c = 0; c < sizeof(chunks) / sizeof(chunks[0]) && good; c++) {
		good = signing_run(&r, ctx, &o, messages[i].message,
		    chunks[c]);
		if (good)
			verify(text_slice(&r.message), got, sizeof(got));
		/* A signature from before comes last, and never passes. */
		good = good && strncmp(got, "pass pass", 9) == 0 &&
		    (got[9] == '\0' || strstr(got + 9, "pass") == NULL);
		rest = text_slice(&r.fields);
		while (slice_cut(&rest, '\n', &line))
			narrow = narrow && line.len <= 78 + 1;
		signing_fini(&r);
	}
	if (!ok(good, "%s/%s: %s", relaxed_header ? "relaxed" : "simple",
	    relaxed_body ? "relaxed" : "simple", messages[i].name))
		printf("#  got: %s\n", got);
	ok(narrow, "no line above 78");
}

static void
test_messages(void)
{
	size_t i, canon;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		for (canon = 0; canon < 4; canon++)
			test_message(i, (canon & 2) != 0, (canon & 1) != 0);
	}
}

/* ---- what the field says ---- */

#define MESSAGE HEAD "\r\nText.\r\n"

static const struct slice many_names[] = {
	SLICE_INIT("x-one"), SLICE_INIT("Received"), SLICE_INIT("X-Two"),
	SLICE_INIT("bad name"), SLICE_INIT("x:y"), SLICE_INIT("x;y"),
	SLICE_INIT(""), SLICE_INIT("X-ONE"), SLICE_INIT("Subject"),
	SLICE_INIT("dkim-signature")
};
static const struct slice more_names[] = {
	SLICE_INIT("subject"), SLICE_INIT("X-Three"),
	SLICE_INIT("return-path")
};

static const struct {
	const char	*name, *tag, *want;
	int64_t		 now, expire;
	bool		 lists;
} tags[] = {
	{ "version", "v", "1", 100, 0, false },
	{ "algorithm", "a", "rsa-sha256", 100, 0, false },
	{ "canonicalization", "c", "relaxed/simple", 100, 0, false },
	{ "domain", "d", "example.org", 100, 0, false },
	{ "selector", "s", "rsa", 100, 0, false },
	{ "time", "t", "100", 100, 0, false },
	{ "no expiry", "x", "-", 100, 0, false },
	{ "expiry", "x", "604900", 100, 604800, false },
	{ "expiry below zero", "x", "-", 100, -5, false },
	{ "time of 12 digits", "t", "999999999999", INT64_C(999999999999), 0,
	    false },
	{ "time of 13 digits", "t", "999999999999", INT64_C(1000000000000), 0,
	    false },
	{ "time below zero", "t", "0", -1, 0, false },
	{ "expiry past 12 digits", "x", "999999999999",
	    INT64_C(999999999999), 1, false },
	{ "expiry past all", "x", "999999999999", 100, INT64_MAX, false },
	{ "no length", "l", "-", 100, 0, false },
	{ "no identity", "i", "-", 100, 0, false },
	{ "default names", "h", "From:From:Reply-To:Subject:Subject:Date:Date:"
	    "To:To:Cc", 100, 0, false },
	{ "names of ours", "h", "From:x-one:X-Two:X-Two:Subject:Subject:"
	    "X-Three:X-Three", 100, 0, true },
};

static void
test_tags(void)
{
	static const struct slice message = SLICE_INIT(HEAD "X-Two: 1\r\n"
	    "X-Three: 1\r\nx-two: 2\r\nX-One: 1\r\nReceived: x\r\n"
	    "Return-Path: <>\r\n\r\nText.\r\n");
	struct dkim_sign_options o;
	struct signing_result r;
	char got[1000];
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		o = options_of(true, false);
		o.now = tags[i].now;
		o.expire = tags[i].expire;
		if (tags[i].lists) {
			o.headers = many_names;
			o.header_count = 10;
			o.oversign = more_names;
			o.oversign_count = 3;
		}
		got[0] = '\0';
		if (signing_run(&r, ctx, &o, message, 10))
			tag_of(&r, tags[i].tag, got, sizeof(got));
		signing_fini(&r);
		is_str(got, tags[i].want, tags[i].name);
	}
}

/* All but the signature itself, octet by octet. */
static void
test_form(void)
{
	static const char want[] =
	    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; "
	    "d=example.org; s=ed;\r\n"
	    "\tt=1780272000; x=1780876800; h=From:From:Reply-To:"
	    "Subject:Subject:Date:Date:\r\n"
	    "\tTo:To:Cc; bh=GfveqcUoNBU8N5bw59cXmF7VhLSxeAwcGWt7ZVj+rX4=;\r\n"
	    "\tb=";
	struct slice head;
	struct dkim_sign_options o = options_of(true, true);
	struct signing_result r;

	o.keys = &keys[1];
	o.key_count = 1;
	o.expire = 604800;
	ok(signing_run(&r, ctx, &o, SLICE(MESSAGE), 10), "one key");
	head = text_slice(&r.fields);
	head = slice_head(head, sizeof(want) - 1);
	is_bytes(head.ptr, head.len, want, sizeof(want) - 1, "its form");
	signing_fini(&r);
	o.key_count = 0;
	ok(signing_run(&r, ctx, &o, SLICE(MESSAGE), 10) && r.count == 0,
	    "no key, no signature");
	signing_fini(&r);
}

static void
test_names(void)
{
	static const struct {
		struct slice	name;
		bool		want;
	} cases[] = {
		{ SLICE_INIT("From"), true }, { SLICE_INIT("X-Foo"), true },
		{ SLICE_INIT("Sender"), true }, { SLICE_INIT("~!"), true },
		{ SLICE_INIT(""), false }, { SLICE_INIT("a b"), false },
		{ SLICE_INIT("a\0"), false }, { SLICE_INIT("a\r\nb"), false },
		{ SLICE_INIT("a:b"), false }, { SLICE_INIT("a;b"), false },
		{ SLICE_INIT("\xc3\xbc"), false },
		{ SLICE_INIT("\x7f"), false },
		{ SLICE_INIT("return-path"), false },
		{ SLICE_INIT("RECEIVED"), false },
		{ SLICE_INIT("Comments"), false },
		{ SLICE_INIT("Keywords"), false },
		{ SLICE_INIT("Bcc"), false },
		{ SLICE_INIT("Resent-Bcc"), false },
		{ SLICE_INIT("content-length"), false },
		{ SLICE_INIT("Authentication-Results"), false },
		{ SLICE_INIT("DKIM-Signature"), false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(dkim_sign_name_allowed(cases[i].name) == cases[i].want,
		    "name %zu is %sallowed", i, cases[i].want ? "" : "not ");
}

/* ---- what is done to a message afterwards ---- */

static const struct {
	const char	*name;
	const char	*on_top;	/* of the message */
	const char	*below;		/* its header */
	const char	*after;	/* its body */
	const char	*want;
} changes[] = {
	{ "nothing", "", "", "", "pass pass" },
	{ "Received on top", "Received: from y\r\n", "", "", "pass pass" },
	{ "a field that is not signed", "", "X-New: 1\r\n", "", "pass pass" },
	{ "a second From", "From: m@evil.example\r\n", "", "", "fail fail" },
	{ "a second From below", "", "From: m@evil.example\r\n", "",
	    "fail fail" },
	{ "Subject", "Subject: x\r\n", "", "", "fail fail" },
	{ "To", "", "To: x\r\n", "", "fail fail" },
	{ "Cc", "Cc: x\r\n", "", "", "fail fail" },
	{ "Date", "Date: x\r\n", "", "", "fail fail" },
	{ "Reply-To", "Reply-To: x\r\n", "", "", "fail fail" },
	/* What a mail server may complete does not break it. */
	{ "Content-Type", "Content-Type: text/html\r\n", "", "",
	    "pass pass" },
	{ "Message-ID", "message-id: x\r\n", "", "", "pass pass" },
	{ "Sender", "", "Sender: a@b.example\r\n", "", "pass pass" },
	{ "MIME-Version", "", "MIME-Version: 1.0\r\n", "", "pass pass" },
	{ "Content-Transfer-Encoding", "",
	    "Content-Transfer-Encoding: 7bit\r\n", "", "pass pass" },
	{ "text", "", "", "More.\r\n", "fail fail" },
	{ "empty lines", "", "", "\r\n\r\n", "pass pass" },
};

static void
test_changes(void)
{
	struct dkim_sign_options o = options_of(false, false);
	struct signing_result r;
	struct text t = { NULL, 0, 0 };
	char got[200];
	size_t i;

	ok(signing_run(&r, ctx, &o, SLICE(MESSAGE), 10), "signed");
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		text_adds(&t, changes[i].on_top);
		text_add(&t, r.fields.ptr, r.fields.len);
		text_adds(&t, HEAD);
		text_adds(&t, changes[i].below);
		text_adds(&t, "\r\nText.\r\n");
		text_adds(&t, changes[i].after);
		verify(text_slice(&t), got, sizeof(got));
		is_str(got, changes[i].want, changes[i].name);
		text_free(&t);
	}
	signing_fini(&r);
}

/* ---- limits ---- */

static size_t
count_names(const struct signing_result *r)
{
	static char h[LIMIT_DKIM_FIELD];
	size_t i, n = 1;

	tag_of(r, "h", h, sizeof(h));
	for (i = 0; h[i] != '\0'; i++)
		n += h[i] == ':';
	return n;
}

/* Fields of one name, as many as a header may have and one more. */
static void
test_repeated(size_t fields, bool want)
{
	struct dkim_sign_options o = options_of(true, true);
	struct signing_result r;
	struct text t = { NULL, 0, 0 };
	char got[200] = "";
	size_t i;

	text_adds(&t, HEAD);
	for (i = 4; i < fields; i++)
		text_addf(&t, "To: a%zu\r\n", i);
	text_adds(&t, "\r\nText.\r\n");
	ok(signing_run(&r, ctx, &o, text_slice(&t), 1000) == want,
	    "%zu fields are %s", fields, want ? "signed" : "not signed");
	if (want) {
		verify(text_slice(&r.message), got, sizeof(got));
		/* The two new fields are too many for it. */
		is_str(got, fields + 2 > LIMIT_HEADER_FIELDS ?
		    "permerror permerror" : "pass pass", "they verify");
		ok(count_names(&r) <= LIMIT_DKIM_H_NAMES, "names in h=");
	}
	signing_fini(&r);
	text_free(&t);
}

/* Names on either list, each of `len` octets, `times` fields of each. */
static void
test_lists(size_t names, size_t len, size_t times, size_t want)
{
	struct slice *list = calloc(names, sizeof(*list));
	char (*text)[LIMIT_SIGN_NAME + 1] = calloc(names, sizeof(*text));
	struct dkim_sign_options o = options_of(true, true);
	struct signing_result r;
	struct text t = { NULL, 0, 0 };
	char got[200] = "";
	size_t i, k;

	for (i = 0; list != NULL && text != NULL && i < names; i++) {
		memset(text[i], 'x', len);
		(void)snprintf(text[i], sizeof(text[i]), "%04zu", i);
		text[i][4] = 'x';
		list[i] = (struct slice){ text[i], len };
		for (k = 0; k < times; k++)
			text_addf(&t, "%.*s: %zu\r\n", (int)len, text[i], k);
	}
	text_adds(&t, "From: a@b\r\n\r\nText.\r\n");
	o.headers = list;
	o.header_count = names / 2;
	o.oversign = list + names / 2;
	o.oversign_count = names - names / 2;
	ok(signing_run(&r, ctx, &o, text_slice(&t), 1000),
	    "%zu names of %zu octets", names, len);
	verify(text_slice(&r.message), got, sizeof(got));
	is_str(got, "pass pass", "they verify");
	is_num((long long)count_names(&r), (long long)want, "names in h=");
	signing_fini(&r);
	text_free(&t);
	free(list);
	free(text);
}

static void
test_limits(void)
{
	test_repeated(1000, true);
	test_repeated(LIMIT_HEADER_FIELDS - 2, true);
	test_repeated(LIMIT_HEADER_FIELDS, true);
	test_repeated(LIMIT_HEADER_FIELDS + 1, false);
	/* Half of them once, half twice, and From. */
	test_lists(2 * LIMIT_SIGN_HEADERS, LIMIT_SIGN_NAME, 1,
	    3 * LIMIT_SIGN_HEADERS + 1);
	/* 1000 / 201 of each of them; From there once. */
	test_lists(2 * LIMIT_SIGN_HEADERS, 5, 5, 8 * LIMIT_SIGN_HEADERS + 1);
	/* 999 names and From are the most; one each is left. */
	test_lists(LIMIT_DKIM_H_NAMES - 1, 5, 1, LIMIT_DKIM_H_NAMES);
	test_lists(LIMIT_DKIM_H_NAMES, 5, 1, LIMIT_DKIM_H_NAMES);
}

/* Domain and selector that are as long as they can be. */
static void
test_long_domain(void)
{
	static const struct slice domain = SLICE_INIT("a123456789b123456789"
	    "c123456789d123456789e123456789f123456789g12.a123456789b123456789"
	    "c123456789d123456789e123456789f123456789g12.a123456789b123456789"
	    "c123456789d1.example");
	struct dkim_sign_options o = options_of(true, true);
	struct dkim_sign_key key = { SLICE("s123456789s123456789s123456789"),
	    keys[1].key };
	struct signing_result r;
	char got[200] = "";

	o.domain = domain;
	o.keys = &key;
	o.key_count = 1;
	if (!signing_publish(zone, key.key, key.selector, domain))
		printf("# not published\n");
	ok(signing_run(&r, ctx, &o, SLICE(MESSAGE), 10), "long domain");
	verify(text_slice(&r.message), got, sizeof(got));
	is_str(got, "pass", "it verifies");
	signing_fini(&r);
}

/* ---- hazards ---- */

#define LONG 1u
#define BIT8 2u
#define BARE 4u
#define ADDR 8u
#define SHORTER 16u
#define F "From: a@b\r\n"
#define L_998 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 \
    LONG_100 LONG_100 LONG_100 "01234567890123456789012345678901234567890" \
    "12345678901234567890123456789012345678901234567890123456"

/* 979 octets: with "References: " a line of 991. */
#define L_979 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 \
    LONG_100 LONG_100 LONG_100 "0123456789012345678901234567890123456789" \
    "012345678901234567890123456789012345678"
#define L_990 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 \
    LONG_100 LONG_100 LONG_100 "01234567890123456789012345678901234567890" \
    "1234567890123456789012345678901234567890123456789"

static const struct {
	const char	*name;
	struct slice	 message;
	unsigned int	 relaxed, simple;
} hazards[] = {
	{ "none", SLICE_INIT(MESSAGE), 0, 0 },
	{ "none, no body", SLICE_INIT(HEAD), 0, 0 },
	{ "line of 990", SLICE_INIT(F "\r\n" L_990 "\r\n"), 0, 0 },
	{ "line of 991", SLICE_INIT(F "\r\nx" L_990 "\r\n"), SHORTER,
	    SHORTER },
	{ "last line of 990", SLICE_INIT(F "\r\n" L_990), 0, 0 },
	{ "line of 998", SLICE_INIT(F "\r\nx" L_998 "\r\n"), SHORTER,
	    SHORTER },
	{ "line of 999", SLICE_INIT(F "\r\nxy" L_998 "\r\n"), LONG, LONG },
	{ "last line of 998", SLICE_INIT(F "\r\nx" L_998), SHORTER, SHORTER },
	{ "last line of 999", SLICE_INIT(F "\r\nxy" L_998), LONG, LONG },
	{ "field of 998", SLICE_INIT(F "Cc: " LONG_100 LONG_100 LONG_100
	    LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100
	    "01234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789@123\r\n\r\n"), SHORTER,
	    ADDR | SHORTER },
	{ "field of 999", SLICE_INIT(F "Date: " LONG_100 LONG_100 LONG_100
	    LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100
	    "01234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012\r\n\r\n"),
	    LONG, LONG },
	{ "folded field of 999", SLICE_INIT(F "Date: " LONG_100 LONG_100
	    LONG_100 LONG_100 "\r\n " LONG_100 LONG_100 LONG_100 LONG_100
	    LONG_100 LONG_100 "\r\n\r\n"), 0, 0 },
	{ "long field that is not signed",
	    SLICE_INIT(F "X-A: " LONG_1000 "\r\n\r\n"), 0, 0 },
	{ "8-bit body", SLICE_INIT(F "\r\n0123456789\xc3\xbc\r\n"),
	    BIT8, BIT8 },
	{ "8-bit octet at the end", SLICE_INIT(F "\r\n01234567\x80"),
	    BIT8, BIT8 },
	{ "8-bit header", SLICE_INIT(F "Subject: \xc3\xbc\r\n\r\n"),
	    BIT8, BIT8 },
	{ "bare LF", SLICE_INIT(F "\r\na\nb\r\n"), BARE, BARE },
	{ "bare LF first", SLICE_INIT(F "\r\n\nb\r\n"), BARE, BARE },
	{ "bare CR", SLICE_INIT(F "\r\na\rb\r\n"), BARE, BARE },
	{ "CR CR LF", SLICE_INIT(F "\r\na\r\r\n"), BARE, BARE },
	{ "CR at the end", SLICE_INIT(F "\r\na\r"), BARE, BARE },
	{ "bare CR in a field", SLICE_INIT(F "Subject: a\rb\r\n\r\n"),
	    BARE, BARE },
	{ "list as Sendmail has it",
	    SLICE_INIT(F "To: a@x, B <b@y>, \"C, D\" <c@z> (x, y)\r\n\r\n"),
	    0, 0 },
	{ "no blank after a comma", SLICE_INIT(F "To: a@x,b@y\r\n\r\n"),
	    ADDR, ADDR },
	{ "blank before a comma", SLICE_INIT(F "Cc: a@x , b@y\r\n\r\n"),
	    ADDR, ADDR },
	{ "comma at the end", SLICE_INIT(F "To: a@x, \r\n\r\n"), ADDR, ADDR },
	{ "comma first", SLICE_INIT(F "To: , a@x\r\n\r\n"), ADDR, ADDR },
	{ "two commas", SLICE_INIT(F "To: a@x, , b@x\r\n\r\n"), ADDR, ADDR },
	{ "folded after a comma", SLICE_INIT(F "To: a@x,\r\n b@y\r\n\r\n"),
	    0, ADDR },
	{ "two blanks after a comma", SLICE_INIT(F "To: a@x,  b@y\r\n\r\n"),
	    0, ADDR },
	{ "a list of 78", SLICE_INIT(F
	    "To: a12345678901234567890123456789012345@x, "
	    "b1234567890123456789012345678901@y\r\n\r\n"), 0, 0 },
	{ "a list of 79", SLICE_INIT(F
	    "To: a12345678901234567890123456789012345@x, "
	    "b12345678901234567890123456789012@y\r\n\r\n"), 0, ADDR },
	{ "phrase to be quoted",
	    SLICE_INIT("From: J. Doe <j@x>\r\n\r\n"), ADDR, ADDR },
	{ "phrase with an apostrophe",
	    SLICE_INIT("From: Pat O'Hara <p@x>\r\n\r\n"), ADDR, ADDR },
	{ "quoted phrase", SLICE_INIT("From: \"J. \\\"D\\\"oe,x\" <j.d@x>"
	    "\r\n\r\n"), 0, 0 },
	{ "dots in addresses",
	    SLICE_INIT("From: j.d@x.y, a.b@x (J. Doe \\) x.) <z@x>\r\n\r\n"),
	    ADDR, ADDR },
	{ "dots without brackets",
	    SLICE_INIT("From: j.d@x.y, a.b@x (J. \\( (x,y) Doe)\r\n\r\n"),
	    0, 0 },
	{ "blanks in brackets", SLICE_INIT("From: J < j@x>\r\n\r\n"),
	    ADDR, ADDR },
	{ "address without domain", SLICE_INIT(F "To: a@x, eve\r\n\r\n"),
	    ADDR, ADDR },
	{ "address without domain first",
	    SLICE_INIT(F "To: eve, a@x\r\n\r\n"), ADDR, ADDR },
	{ "domain in a comment only", SLICE_INIT(F "To: eve (@x)\r\n\r\n"),
	    ADDR, ADDR },
	{ "group without addresses",
	    SLICE_INIT(F "To: undisclosed-recipients:;\r\n\r\n"), 0, 0 },
	{ "empty list", SLICE_INIT(F "Cc:\r\n\r\n"), 0, 0 },
	{ "comma in Subject", SLICE_INIT(F "Subject: a,b\r\n\r\n"), 0, 0 },
	{ "quote that does not end",
	    SLICE_INIT(F "To: \"a,b\\\r\n\r\n"), 0, 0 },
	{ "all", SLICE_INIT(F "To: a@x,b@y\r\n\r\nx" LONG_1000 "\xff\n"),
	    LONG | BIT8 | BARE | ADDR, LONG | BIT8 | BARE | ADDR },
};

static void
test_hazards(void)
{
	struct dkim_sign_options o;
	struct signing_result r;
	unsigned int relaxed, bit;
	size_t i, chunk;

	for (i = 0; i < sizeof(hazards) / sizeof(hazards[0]); i++) {
		for (chunk = 1; chunk < 9000; chunk *= 13) {
			o = options_of(true, true);
			o.rewrites_addresses = true;
			(void)signing_run(&r, ctx, &o, hazards[i].message,
			    chunk);
			relaxed = r.hazards;
			signing_fini(&r);
			o = options_of(false, true);
			o.rewrites_addresses = true;
			(void)signing_run(&r, ctx, &o, hazards[i].message,
			    chunk);
			if (!ok(relaxed == hazards[i].relaxed &&
			    r.hazards == hazards[i].simple,
			    "hazards: %s, by %zu", hazards[i].name, chunk))
				printf("#  got: %u %u\n# want: %u %u\n",
				    relaxed, r.hazards, hazards[i].relaxed,
				    hazards[i].simple);
			signing_fini(&r);
		}
	}
	for (i = 0; i < DKIM_HAZARDS; i++) {
		bit = 1u << i;
		ok(strcmp(dkim_hazard_name((enum dkim_hazard)bit),
		    "unknown hazard") != 0, "hazard %u has a name", bit);
	}
	is_str(dkim_hazard_name((enum dkim_hazard)32), "unknown hazard",
	    "and no other");
}

/* `form` with `line` for its "%s". */
static void
put_with(struct buf *b, const char *form, const char *line)
{
	const char *at = strstr(form, "%s");

	if (at == NULL) {
		buf_adds(b, form);
		return;
	}
	buf_add(b, (struct slice){ form, (size_t)(at - form) });
	buf_adds(b, line);
	buf_adds(b, at + 2);
}

/* A field with a hazard leaves h=, all but From. */
static void
test_left_out(void)
{
	static char line[1100];
	static const struct {
		const char	*name;
		const char	*header;	/* %s: a line of 1,000 octets */
		bool		 sendmail, mime;
		const char	*left_out;
		unsigned int	 remains;
	} rows[] = {
		{ .name = "nothing", .header = "From: a@b.c\r\nTo: d@e.f\r\n",
		  .left_out = "" },
		{ .name = "a long line", .header = "From: a@b.c\r\n"
		  "References: %s\r\nSubject: x\r\n",
		  .left_out = "References" },
		{ .name = "a line of 991, Sendmail", .header = "From: a@b.c"
		  "\r\nReferences: " L_979 "\r\n", .sendmail = true,
		  .left_out = "References" },
		{ .name = "a line of 991, Postfix", .header = "From: a@b.c"
		  "\r\nReferences: " L_979 "\r\n", .left_out = "" },
		{ .name = "a line of 1,012, Sendmail", .header = "From: %s "
		  "<a@b.c>\r\n", .sendmail = true, .left_out = "",
		  .remains = DKIM_HAZARD_LONG_LINE },
		{ .name = "a long From stays", .header = "From: %s <a@b.c>\r\n"
		  "Subject: x\r\n", .left_out = "",
		  .remains = DKIM_HAZARD_LONG_LINE },
		{ .name = "address list, Sendmail", .header = "From: a@b.c\r\n"
		  "To: a@x,b@y\r\nCc: O'Brien <o@b.c>\r\n", .sendmail = true,
		  .left_out = "To, Cc" },
		{ .name = "From, Sendmail",
		  .header = "From: J. Doe <a@b.c>\r\n",
		  .sendmail = true, .left_out = "",
		  .remains = DKIM_HAZARD_ADDRESS },
		{ .name = "address list, Postfix", .header = "From: J. Doe "
		  "<a@b.c>\r\nTo: a@x,b@y\r\n", .left_out = "" },
		{ .name = "8-bit", .header = "From: a@b.c\r\nSubject: \xff\r\n"
		  "To: a@b.c\r\n", .left_out = "Subject" },
		{ .name = "8-bit with 8BITMIME", .header = "From: a@b.c\r\n"
		  "Subject: \xff\r\n", .mime = true, .left_out = "" },
		{ .name = "one of two", .header = "From: a@b.c\r\nList-Id: x"
		  "\r\nList-Id: \xff\r\n", .left_out = "List-Id" }
	};
	struct dkim_sign_options o;
	struct mail_header header;
	struct dkim_signer *s;
	struct slice values[2], body;
	struct arena *arena;
	struct buf text, names;
	size_t i;

	memset(line, 'y', 1000);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		arena = arena_new(LIMIT_MESSAGE_MEMORY);
		o = options_of(true, true);
		o.rewrites_addresses = rows[i].sendmail;
		buf_init(&text, 10000);
		buf_init(&names, 200);
		put_with(&text, rows[i].header, line);
		buf_adds(&text, "\r\n");
		mail_header_init(&header, arena);
		(void)mail_header_parse(&header, buf_slice(&text), &body);
		s = dkim_signer_new(ctx, &o, arena);
		is_num(dkim_signer_leave_out(s, &header, rows[i].mime,
		    &names), rows[i].remains, rows[i].name);
		is_str(buf_cstr(&names), rows[i].left_out, rows[i].name);
		ok(dkim_signer_finish(s, &header, values), "%s: signed",
		    rows[i].name);
		dkim_signer_fini(s);
		buf_fini(&names);
		buf_fini(&text);
		arena_free(arena);
	}
}

/* What this host has signed already. */
static void
test_is_signed(void)
{
	static const struct {
		const char *field, *domain, *selector;
		bool want;
	} rows[] = {
		{ " v=1; d=Example.ORG.; s=S1; b=x", "example.org", "s1",
		  true },
		{ " v=1; d=example.org; s=s1; b=x", "example.org", "s2",
		  false },
		{ " v=1; d=sub.example.org; s=s1; b=x", "example.org", "s1",
		  false },
		{ " v=1; d=example.org; s=s1; d=example.org", "example.org",
		  "s1", false },
		{ " v=1; s=s1", "example.org", "s1", false },
		{ "", "example.org", "s1", false }
	};
	struct arena *arena = arena_new(LIMIT_MESSAGE_MEMORY);
	struct mail_header header;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mail_header_init(&header, arena);
		(void)mail_header_add(&header, SLICE("dkim-signature"),
		    slice_str(rows[i].field));
		ok(dkim_sign_is_signed(&header, slice_str(rows[i].domain),
		    slice_str(rows[i].selector)) == rows[i].want,
		    "signed by %s of %s:%s", rows[i].selector,
		    rows[i].domain, rows[i].field);
	}
	arena_free(arena);
}

/* With 8BITMIME 8-bit text is none. */
static void
test_8bitmime(void)
{
	struct dkim_sign_options o = options_of(true, true);
	struct arena *arena = arena_new(LIMIT_MESSAGE_MEMORY);
	struct dkim_signer *s = dkim_signer_new(ctx, &o, arena);
	struct mail_header header;

	mail_header_init(&header, arena);
	dkim_signer_body(s, SLICE("\xff\n"));
	is_num(dkim_signer_hazards(s, &header, false), BIT8 | BARE,
	    "8-bit without 8BITMIME");
	is_num(dkim_signer_hazards(s, &header, true), BARE,
	    "8-bit with 8BITMIME");
	dkim_signer_fini(s);
	arena_free(arena);
}

/* ---- threads ---- */

#define THREADS 4

static void *
sign_often(void *arg)
{
	struct dkim_sign_options o = options_of(true, true);
	struct signing_result r;
	bool *good = arg;
	char got[200];
	int i;

	for (i = 0; i < 50 && *good; i++) {
		got[0] = '\0';
		if (signing_run(&r, ctx, &o, SLICE(MESSAGE), 100))
			verify(text_slice(&r.message), got, sizeof(got));
		signing_fini(&r);
		*good = strcmp(got, "pass pass") == 0;
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t threads[THREADS];
	bool good[THREADS], all = true;
	size_t i, n;

	for (n = 0; n < THREADS; n++) {
		good[n] = true;
		if (pthread_create(&threads[n], NULL, sign_often,
		    &good[n]) != 0)
			break;
	}
	for (i = 0; i < n; i++) {
		(void)pthread_join(threads[i], NULL);
		all = all && good[i];
	}
	ok(n == THREADS && all, "%d threads share keys", THREADS);
}

/* ---- memory ---- */

/* Either there is no signature, or all are good. */
static void
test_memory(unsigned long failures)
{
	struct dkim_sign_options o = options_of(true, true);
	struct signing_result r;
	unsigned long n, hits = 1;
	bool good = true, made = false;
	char got[200];

	for (n = 0; n < 1000 && hits > 0 && good; n++) {
		mem_fail_after(n, failures);
		made = signing_run(&r, ctx, &o, SLICE(MESSAGE), 3);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		if (made) {
			verify(text_slice(&r.message), got, sizeof(got));
			good = strcmp(got, "pass pass") == 0;
		}
		signing_fini(&r);
	}
	ok(good && made && hits == 0 && n > 3,
	    "failing allocations, %lu of them", n);
}

static void
test_openssl(bool for_good)
{
	struct dkim_sign_options o = options_of(true, true);
	struct signing_result r;
	unsigned long hits = 1;
	bool good = true, made = false;
	char got[200];
	long n;

	for (n = 0; n < 20000 && hits > 0 && good; n++) {
		sslfail_after(n, for_good);
		made = signing_run(&r, ctx, &o, SLICE(MESSAGE), 3);
		hits = sslfail_hits();
		sslfail_after(-1, false);
		if (made) {
			verify(text_slice(&r.message), got, sizeof(got));
			good = strcmp(got, "pass pass") == 0;
		}
		signing_fini(&r);
	}
	ok(good && made && hits == 0 && n > 3,
	    "failing allocations of OpenSSL's, %ld of them", n);
}

/* A key that is not read says why, one that is read can sign. */
static void
test_loading(bool for_good)
{
	const char *path = keyfiles_path("load.pem");
	struct dkim_private_key *k = NULL;
	unsigned long hits = 1;
	bool told = true;
	char why[512];
	long n;

	for (n = 0; n < 20000 && hits > 0 && told; n += n < 100 ? 1 : 61) {
		why[0] = '\0';
		sslfail_after(n, for_good);
		dkim_private_key_free(k);
		k = dkim_private_key_read(path, why, sizeof(why));
		hits = sslfail_hits();
		sslfail_after(-1, false);
		told = (k != NULL) == (why[0] == '\0');
		if (!told)
			printf("# %s\n", why);
	}
	ok(told && k != NULL && hits == 0 && n > 3,
	    "the same while a key is read, about %ld", n);
	dkim_private_key_free(k);
}

int
main(void)
{
	struct dkim_private_key *rsa, *ed;

	if (!sslfail_init())
		return EXIT_FAILURE;
	keyfiles_init();
	ctx = dkim_context_new();
	zone = dns_zone_new();
	rsa = keyfiles_load("rfc8463-test");
	ed = dkim_private_key_generate(DKIM_KEY_ED25519, 0);
	if (ctx == NULL || zone == NULL || ed == NULL)
		return EXIT_FAILURE;
	keys[0] = (struct dkim_sign_key){ SLICE("rsa"), rsa };
	keys[1] = (struct dkim_sign_key){ SLICE("ed"), ed };
	if (!signing_publish(zone, rsa, SLICE("rsa"), SLICE("example.org")) ||
	    !signing_publish(zone, ed, SLICE("ed"), SLICE("example.org")))
		return EXIT_FAILURE;

	test_messages();
	test_tags();
	test_form();
	test_names();
	test_changes();
	test_limits();
	test_long_domain();
	test_hazards();
	test_left_out();
	test_is_signed();
	test_8bitmime();
	test_threads();
	test_memory(1);
	test_memory((unsigned long)-1);
	test_openssl(false);
	test_openssl(true);
	test_loading(false);
	test_loading(true);

	dkim_private_key_free(rsa);
	dkim_private_key_free(ed);
	dns_zone_free(zone);
	dkim_context_free(ctx);
	keyfiles_fini();
	return tap_done();
}
