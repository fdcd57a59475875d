/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: whole messages through the verifier.
 *
 * After the first line, which is a key record, is the message.  Each
 * question is answered with that record.  What must hold: each signature
 * has a verdict and a state that goes with it; a pass has a key that is long
 * enough; the verdict does not depend on how the body was cut.
 */
#include "tests/dkim/support.h"
#include "tests/fuzz/fuzz.h"

static void
check(const struct dkim_signature *s)
{
	must(s->result != AUTH_NONE && s->result != AUTH_SOFTFAIL &&
	    s->result != AUTH_POLICY);
	must((s->result == AUTH_PASS) == (s->state == DKIM_SUCCESS));
	must((s->result == AUTH_TEMPERROR) == (s->state == DKIM_TEMPFAIL));
	must(s->result == AUTH_PASS || s->comment != NULL);
	if (s->result == AUTH_PASS)
		must(s->checked && !s->body_differs && (s->key_bits >= 1024 ||
		    slice_eq(s->a, SLICE("ed25519-sha256"))));
}

/* The results of all signatures, folded into one number. */
static unsigned long
run(struct dkim_context *ctx, struct slice record, struct slice message,
    size_t chunk)
{
	struct arena *arena = arena_new(
					    LIMIT_MESSAGE_MEMORY);
	struct dns_ledger *ledger = dns_ledger_new(100);
	const struct dkim_signature *sigs;
	struct mail_header header;
	struct dkim_verifier *v;
	struct dns_entry *e;
	struct slice body;
	unsigned long sum = 0;
	size_t i, count;

	mail_header_init(&header, arena);
	(void)mail_header_parse(&header, message, &body);
	v = dkim_verifier_new(ctx, &test_options, arena);
	for (i = 0; i < header.count; i++)
		(void)dkim_verifier_field(v, &header.fields[i], i);
	dkim_verifier_header_end(v, &header, NULL);
	(void)dkim_verifier_ask(v, ledger);
	while ((e = dns_ledger_take_new(ledger)) != NULL)
		answer_txt(e, record);
	must(dkim_verifier_ask(v, ledger) == CHECK_DONE);
	for (; body.len > 0; body = slice_from(body, chunk))
		dkim_verifier_body(v, slice_head(body, chunk));
	dkim_verifier_finish(v, &header, ledger);
	sigs = dkim_verifier_signatures(v, &count);
	for (i = 0; i < count; i++) {
		check(&sigs[i]);
		sum = sum * 31 + (unsigned long)sigs[i].result;
	}
	dkim_verifier_fini(v);
	dns_ledger_free(ledger);
	arena_free(arena);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dkim_context *ctx;
	struct slice rest = { (const char *)data, size };
	struct slice record;

	if (ctx == NULL)
		ctx = dkim_context_new();
	if (ctx == NULL)
		return 0;
	(void)slice_cut(&rest, '\n', &record);
	must(run(ctx, record, rest, SIZE_MAX) == run(ctx, record, rest, 3));
	return 0;
}
