/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace has header and body each by itself, whatever the verdict is.  The
 * message is that of RFC 8463 A.3, with two good signatures.
 */
#include "dkim/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

static struct dkim_context	*ctx;
static struct dns_zone		*zone;

/* `from` is replaced by `to`, of the same length, at its first place. */
static const struct {
	const char		*name;
	const char		*edits[2][2];
	bool			 no_dns;
	enum auth_result	 result;
	enum dkim_trace_header	 header;
	bool			 body_good;
} cases[] = {
	{ .name = "as it was", .result = AUTH_PASS,
	    .header = DKIM_TRACE_GOOD, .body_good = true },
	{ .name = "another body", .edits = { { "hungry", "thirst" } },
	    .result = AUTH_FAIL, .header = DKIM_TRACE_GOOD },
	{ .name = "another header", .edits = { { "Is dinner", "As dinner" } },
	    .result = AUTH_FAIL, .header = DKIM_TRACE_DIFFERS,
	    .body_good = true },
	{ .name = "both", .edits = { { "hungry", "thirst" },
	    { "Is dinner", "As dinner" } },
	    .result = AUTH_FAIL, .header = DKIM_TRACE_DIFFERS },
	{ .name = "no answer", .no_dns = true, .result = AUTH_TEMPERROR,
	    .header = DKIM_TRACE_UNKNOWN, .body_good = true },
	{ .name = "no answer, another body", .no_dns = true,
	    .edits = { { "hungry", "thirst" } },
	    .result = AUTH_TEMPERROR, .header = DKIM_TRACE_UNKNOWN },
};

/* The message, with edits; freed by text_free(). */
static struct text
edited(const char *const edits[][2], size_t count)
{
	struct text t = support_read("rfc8463-a3.eml");
	size_t i, at, len;

	for (i = 0; i < count && edits[i][0] != NULL; i++) {
		len = strlen(edits[i][0]);
		for (at = 0; at + len <= t.len; at++) {
			if (memcmp(t.ptr + at, edits[i][0], len) == 0)
				break;
		}
		ok(at + len <= t.len, "\"%s\" is there", edits[i][0]);
		if (at + len <= t.len)
			memcpy(t.ptr + at, edits[i][1], len);
	}
	return t;
}

static bool
body_is_good(const struct dkim_trace *t)
{
	char text[64];

	base64_encode(t->body_hash, sizeof(t->body_hash), text);
	return t->body_known &&
	    slice_eq(slice_str(text), t->request->bh_text);
}

static void
test_case(size_t n)
{
	struct text t = edited(cases[n].edits, 2);
	struct dkim_trace trace;
	struct run run;
	size_t i;

	ok(run_message(&run, ctx, &test_options, cases[n].no_dns ? NULL :
	    zone, text_slice(&t), 100) && run.count == 2, "%s: read",
	    cases[n].name);
	for (i = 0; i < run.count; i++) {
		dkim_verifier_trace(run.verifier, i, &run.header, run.ledger,
		    &trace);
		ok(run.signatures[i].result == cases[n].result &&
		    trace.checked && trace.body_known, "%s: result",
		    cases[n].name);
		ok(trace.header == cases[n].header, "%s: header",
		    cases[n].name);
		ok(body_is_good(&trace) == cases[n].body_good, "%s: body",
		    cases[n].name);
		ok(trace.request->signed_at == 1528637909 &&
		    trace.request->expires_at == -1, "%s: t= and no x=",
		    cases[n].name);
	}
	run_fini(&run);
	text_free(&t);
}

/* What was not checked has the texts of its field, and no more. */
static void
test_unchecked(void)
{
	static const char *const edits[][2] = { { "v=1", "v=2" } };
	struct text t = edited(edits, 1);
	struct dkim_options options = test_options;
	struct dkim_trace trace;
	struct run run;

	options.max_signatures = 0;
	(void)run_message(&run, ctx, &options, zone, text_slice(&t), 100);
	is_num((long long)run.count, 2, "two fields");
	dkim_verifier_trace(run.verifier, 0, &run.header, run.ledger, &trace);
	ok(!trace.checked && !trace.body_known &&
	    trace.header == DKIM_TRACE_UNKNOWN, "of another version");
	ok(slice_eq(trace.request->c, SLICE("relaxed/relaxed")) &&
	    trace.request->bh_text.len > 0 && trace.request->l.len == 0,
	    "its texts are there");
	dkim_verifier_trace(run.verifier, 1, &run.header, run.ledger, &trace);
	ok(!trace.checked && trace.request->signed_at == 1528637909,
	    "past the limit");
	run_fini(&run);
	text_free(&t);
}

int
main(void)
{
	size_t n;

	ctx = dkim_context_new();
	zone = support_zone();
	if (ctx == NULL || zone == NULL)
		return EXIT_FAILURE;
	for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++)
		test_case(n);
	test_unchecked();
	dns_zone_free(zone);
	dkim_context_free(ctx);
	return tap_done();
}
