/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which edit broke a signature: the searches, their limits, and what they do
 * without memory.  Messages as lists and servers really change them are in
 * tests/tools/test_doctor.py.
 */
#include "dkim/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dkim/trace.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

#define FIELDS "From: a@test.example\r\nSubject: x\r\n"
#define BODY "Hello\r\n\r\nworld\r\n"

static struct dkim_context	*ctx;
static struct text		 signature;	/* over FIELDS and BODY */
static struct text		 record;

static void
sign(const char *fields, const char *body, const char *c)
{
	EVP_PKEY *key = support_ed25519();
	char tags[200];
	bool simple = strcmp(c, "simple") == 0;

	snprintf(tags, sizeof(tags), " v=1; a=ed25519-sha256; c=%s/%s; "
	    "d=test.example; s=s; h=from:subject:to; bh={bh}; b={b}", c, c);
	text_free(&signature);
	signature = plain_sign(&(const struct plain_request){
	    .tags = tags, .h = "from:subject:to",
	    .header = simple ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
	    .body = simple ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
	    .length = UINT64_MAX, .key = key }, slice_str(fields),
	    slice_str(body));
	text_free(&record);
	record = support_record(key);
	EVP_PKEY_free(key);
}

struct found {
	struct dkim_cure	 header, body;
	bool			 header_differs, body_differs;
	char			 words[200];	/* "kind/number/lines ..." */
};

static void
add_words(struct found *f, const struct dkim_cure *c)
{
	size_t i, n;

	for (i = 0; c->found && i < c->count; i++) {
		n = strlen(f->words);
		snprintf(f->words + n, sizeof(f->words) - n, "%d/%zu/%zu ",
		    (int)c->edits[i].kind, c->edits[i].number,
		    c->edits[i].lines);
	}
}

static void
examine(struct run *run, struct slice message, struct dkim_effort *effort,
    struct found *out)
{
	struct dkim_patient p = { .ctx = ctx, .header = &run->header,
		.arena = run->arena, .effort = effort };
	const struct dns_answer *answer;
	struct mail_header scratch;
	struct dkim_trace trace;

	mail_header_init(&scratch, run->arena);
	(void)mail_header_parse(&scratch, message, &p.body);
	dkim_verifier_trace(run->verifier, 0, &run->header, run->ledger,
	    &trace);
	answer = dns_ledger_peek(run->ledger, trace.request->key_name,
	    DNS_TYPE_TXT);
	out->body_differs = run->signatures[0].body_differs;
	out->header_differs = trace.header == DKIM_TRACE_DIFFERS;
	if (out->body_differs)
		dkim_doctor_body(&p, trace.request, &out->body);
	if (out->header_differs)
		dkim_doctor_header(&p, trace.request,
		    run->signatures[0].field, answer, &out->header);
	add_words(out, &out->header);
	add_words(out, &out->body);
}

/* The signature before a message that was changed. */
static struct found
look(struct slice fields, struct slice body, struct dkim_effort *effort,
    unsigned long starve)
{
	struct found out = { .body_differs = false };
	struct text message = { .len = 0 };
	struct dns_zone *zone = dns_zone_new();
	struct run run;

	if (zone == NULL || !dns_zone_add(zone,
	    SLICE("s._domainkey.test.example"), DNS_TYPE_TXT, 0,
	    text_slice(&record)))
		exit(EXIT_FAILURE);
	text_add(&message, signature.ptr, signature.len);
	text_add(&message, fields.ptr, fields.len);
	text_add(&message, "\r\n", 2);
	text_add(&message, body.ptr, body.len);
	ok(run_message(&run, ctx, &test_options, zone, text_slice(&message),
	    SIZE_MAX) && run.count == 1, "one signature");
	if (starve > 0)
		mem_fail_after(starve, 1);
	examine(&run, text_slice(&message), effort, &out);
	mem_fail_after(0, 0);
	run_fini(&run);
	text_free(&message);
	dns_zone_free(zone);
	return out;
}

static const struct {
	const char	*name;
	const char	*fields, *body;		/* as they were signed */
	const char	*now_fields, *now_body;	/* NULL: the same */
	const char	*want;
} cases[] = {
	{ "nothing", FIELDS, BODY, NULL, NULL, "" },
	{ "footer", FIELDS, BODY, NULL, BODY "-- \r\nlist\r\n", "1/0/2 " },
	{ "banner", FIELDS, BODY, NULL, "take care\r\n" BODY, "0/0/1 " },
	{ "tag", FIELDS, BODY, "From: a@test.example\r\nSubject: [l] x\r\n",
	  NULL, "20/1/0 " },
	{ "To was added", FIELDS, BODY, FIELDS "To: l@test.example\r\n", NULL,
	  "19/1/0 " },
	{ "tag, To, footer", FIELDS, BODY, "From: a@test.example\r\n"
	  "Subject: [l] x\r\nTo: l@test.example\r\n", BODY "list\r\n",
	  "20/1/0 19/1/0 1/0/1 " },
	{ "another text", FIELDS, BODY, NULL, "Good day\r\n", "" },
	{ "another sender", FIELDS, BODY, "From: b@test.example\r\n"
	  "Subject: x\r\n", NULL, "" },
	{ "no field is left", FIELDS, BODY, "X: y\r\n", NULL, "" },
};

static void
test_case(size_t i, const char *c)
{
	struct dkim_effort effort;
	struct found f;

	sign(cases[i].fields, cases[i].body, c);
	dkim_effort_init(&effort);
	f = look(slice_str(cases[i].now_fields != NULL ?
	    cases[i].now_fields : cases[i].fields),
	    slice_str(cases[i].now_body != NULL ? cases[i].now_body :
	    cases[i].body), &effort, 0);
	is_str(f.words, cases[i].want, cases[i].name);
	ok(!f.header.cut && !f.body.cut && !f.header.no_memory &&
	    !f.body.no_memory, "%s, %s: all was tried", cases[i].name, c);
}

/* A body of `head` lines, the signed one and `foot` lines. */
static struct text
lines_around(size_t head, size_t foot)
{
	struct text t = { .len = 0 };

	for (; head > 0; head--)
		text_adds(&t, "top\r\n");
	text_adds(&t, BODY);
	for (; foot > 0; foot--)
		text_adds(&t, "end\r\n");
	return t;
}

static void
test_lines(void)
{
	static const struct {
		size_t	head, foot;
		bool	found;
	} rows[] = {
		{ LIMIT_DOCTOR_HEAD, 0, true },
		{ LIMIT_DOCTOR_HEAD + 1, 0, false },
		{ 0, LIMIT_DOCTOR_FOOT, true },
		{ 0, LIMIT_DOCTOR_FOOT + 1, false },
		{ LIMIT_DOCTOR_HEAD, LIMIT_DOCTOR_FOOT, true },
	};
	struct dkim_effort effort;
	struct found f;
	struct text t;
	size_t i;

	sign(FIELDS, BODY, "relaxed");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = lines_around(rows[i].head, rows[i].foot);
		dkim_effort_init(&effort);
		f = look(SLICE(FIELDS), text_slice(&t), &effort, 0);
		ok(f.body.found == rows[i].found, "%zu and %zu lines",
		    rows[i].head, rows[i].foot);
		text_free(&t);
	}
}

/* A multipart with `count` parts, and one more if `footer` is set. */
static struct text
parts(size_t count, bool footer)
{
	struct text t = { .len = 0 };

	for (; count > 0; count--)
		text_adds(&t, "--b\r\n\r\nx\r\n");
	if (footer)
		text_adds(&t, "--b\r\n\r\nfooter\r\n");
	text_adds(&t, "--b--\r\n");
	text_add(&t, "", 1);
	t.len--;
	return t;
}

static void
test_parts(void)
{
	struct dkim_effort effort;
	struct text t, now;
	struct found f;
	size_t extra;

	for (extra = 0; extra < 2; extra++) {
		t = parts(LIMIT_DOCTOR_PARTS - 1 + extra, false);
		now = parts(LIMIT_DOCTOR_PARTS - 1 + extra, true);
		sign(FIELDS, t.ptr, "relaxed");
		dkim_effort_init(&effort);
		f = look(SLICE(FIELDS "Content-Type: multipart/mixed; "
		    "boundary=b\r\n"), text_slice(&now), &effort, 0);
		is_str(f.words, extra == 0 ? "3/20/0 " : "",
		    "the last of the parts, and one after it");
		text_free(&t);
		text_free(&now);
	}
}

/* Lines at the end of a part that is not the last of the body. */
static void
test_part_lines(void)
{
	static const char head[] = "--b\r\n\r\nx\r\n", tail[] = "--b--\r\n";
	struct dkim_effort effort;
	struct text t;
	struct found f;
	size_t i, extra;

	sign(FIELDS, "--b\r\n\r\nx\r\n--b--\r\n", "relaxed");
	for (extra = 0; extra < 2; extra++) {
		t = (struct text){ .len = 0 };
		text_adds(&t, head);
		for (i = 0; i < LIMIT_DOCTOR_PART_FOOT + extra; i++)
			text_adds(&t, "end\r\n");
		text_adds(&t, tail);
		dkim_effort_init(&effort);
		f = look(SLICE(FIELDS "Content-Type: multipart/mixed; "
		    "boundary=b\r\n"), text_slice(&t), &effort, 0);
		is_str(f.words, extra == 0 ? "2/1/24 " : "",
		    "lines at the end of a part");
		text_free(&t);
	}
}

/* A body that would have to be rewritten. */
static void
test_rewritten(void)
{
	struct dkim_effort effort;
	struct text t = { .len = 0 };
	struct found f;
	size_t extra;
	char *signed_body;

	text_adds(&t, ">From x\r\n");
	while (t.len < LIMIT_DOCTOR_REWRITTEN)
		text_add(&t, "0123456789abcdef", t.len + 16 <=
		    LIMIT_DOCTOR_REWRITTEN ? 16 : 1);
	for (extra = 0; extra < 2; extra++) {
		if (extra > 0)
			text_add(&t, "x", 1);
		signed_body = mem_alloc(t.len);
		if (signed_body == NULL)
			exit(EXIT_FAILURE);
		memcpy(signed_body, t.ptr + 1, t.len - 1);
		sign(FIELDS, signed_body, "relaxed");
		mem_free(signed_body);
		effort = (struct dkim_effort){ UINT64_MAX, SIZE_MAX };
		f = look(SLICE(FIELDS), text_slice(&t), &effort, 0);
		ok(f.body.found == (extra == 0) && f.body.cut == (extra > 0),
		    "a body of %zu octets", t.len);
	}
	text_free(&t);
}

/* What it costs is counted, and one octet or one try less does not do. */
static void
test_effort(void)
{
	struct dkim_effort spent, effort;
	struct found f;

	sign(FIELDS, BODY, "relaxed");
	dkim_effort_init(&spent);
	f = look(SLICE(FIELDS), SLICE(BODY "x\r\n"), &spent, 0);
	ok(f.body.found && spent.octets < LIMIT_DOCTOR_OCTETS &&
	    spent.tries < LIMIT_DOCTOR_TRIES, "it costs something");
	effort = (struct dkim_effort){ LIMIT_DOCTOR_OCTETS - spent.octets,
		LIMIT_DOCTOR_TRIES - spent.tries };
	spent = effort;
	f = look(SLICE(FIELDS), SLICE(BODY "x\r\n"), &effort, 0);
	ok(f.body.found && effort.octets == 0, "as many octets as it needs");
	effort = spent;
	effort.octets--;
	f = look(SLICE(FIELDS), SLICE(BODY "x\r\n"), &effort, 0);
	ok(!f.body.found && f.body.cut, "one octet less");
	effort = (struct dkim_effort){ LIMIT_DOCTOR_OCTETS,
		DKIM_EFFORT_SIGNATURE };
	f = look(SLICE(FIELDS "To: l@test.example\r\n"), SLICE(BODY), &effort,
	    0);
	ok(f.header.found && effort.tries == 0, "one signature");
	effort.tries = DKIM_EFFORT_SIGNATURE - 1;
	f = look(SLICE(FIELDS "To: l@test.example\r\n"), SLICE(BODY), &effort,
	    0);
	ok(!f.header.found && f.header.cut, "less than one signature");
}

/* So many fields that not all of their changes are kept. */
static void
test_changes(void)
{
	const size_t subject = 3;	/* without it, its front, its end */
	struct dkim_effort effort;
	struct text t;
	struct found f;
	size_t i, extra;

	sign(FIELDS, BODY, "relaxed");
	for (extra = 0; extra < 2; extra++) {
		t = (struct text){ .len = 0 };
		text_adds(&t, FIELDS);
		for (i = 0; i < LIMIT_DOCTOR_CHANGES - subject + extra; i++)
			text_adds(&t, "To: x\r\n");
		dkim_effort_init(&effort);
		f = look(text_slice(&t), SLICE(BODY), &effort, 0);
		ok(!f.header.found && f.header.cut == (extra > 0),
		    "%zu changes too many", extra);
		text_free(&t);
	}
}

static void
test_long_value(void)
{
	struct dkim_effort effort;
	char fields[LIMIT_DOCTOR_FIELD + 100], now[sizeof(fields) + 10];
	struct found f;
	int extra;

	for (extra = 0; extra < 2; extra++) {
		snprintf(fields, sizeof(fields),
		    "From: a@test.example\r\nSubject: %0*d",
		    (int)LIMIT_DOCTOR_FIELD - 1 + extra, 0);
		snprintf(now, sizeof(now), "%s tail\r\n", fields);
		strcat(fields, "\r\n");
		sign(fields, BODY, "relaxed");
		dkim_effort_init(&effort);
		f = look(slice_str(now), SLICE(BODY), &effort, 0);
		ok(f.header.found == (extra == 0), "a value of %d octets",
		    (int)LIMIT_DOCTOR_FIELD + extra);
	}
}

/* Without memory nothing is found, or what is there. */
static void
test_memory(void)
{
	static const char fields[] = "From: a@test.example\r\n"
	    "Subject: [l] x\r\nTo: l@test.example\r\n";
	struct dkim_effort effort;
	struct found f;
	unsigned long n;
	bool whole, good = true;

	sign(FIELDS, "Gr=FC=DFe\r\n", "relaxed");
	for (n = 1; n < 400; n++) {
		dkim_effort_init(&effort);
		f = look(slice_str(fields), SLICE("Gr\xFC\xDF" "e\r\nx\r\n"),
		    &effort, n);
		whole = f.header.found && f.body.found;
		good &= whole || f.header.no_memory || f.body.no_memory;
		if (!good)
			break;
	}
	ok(good && whole, "each allocation fails once (%lu)", n);
}

int
main(void)
{
	size_t i;

	ctx = dkim_context_new();
	if (ctx == NULL)
		return EXIT_FAILURE;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		test_case(i, "relaxed");
		test_case(i, "simple");
	}
	test_lines();
	test_parts();
	test_part_lines();
	test_rewritten();
	test_effort();
	test_changes();
	test_long_value();
	test_memory();
	text_free(&signature);
	text_free(&record);
	dkim_context_free(ctx);
	return tap_done();
}
