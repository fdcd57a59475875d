/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: which edit broke a signature.
 *
 * After the first line, which is a key record, is the message.  What
 * must hold: no more effort is spent than there was; a cure has edits, whose
 * texts can be read; what is not found has none that count.
 */
#include "dkim/doctor.h"
#include "dkim/trace.h"
#include "tests/dkim/support.h"
#include "tests/fuzz/fuzz.h"

static void
check(const struct dkim_cure *cure)
{
	volatile char sum = 0;
	size_t i, j;

	must(cure->count <= DKIM_CURE_EDITS);
	must(!cure->found || cure->count > 0);
	for (i = 0; i < cure->count; i++)
		for (j = 0; j < cure->edits[i].text.len; j++)
			sum = (char)(sum ^ cure->edits[i].text.ptr[j]);
}

/* Enough for each step, and quick. */
static void
examine(const struct dkim_patient *p, const struct dkim_trace *trace,
    size_t field, const struct dns_answer *key)
{
	struct dkim_cure cure;

	*p->effort = (struct dkim_effort){ .octets = 1 << 20, .tries = 5000 };
	dkim_doctor_body(p, trace->request, &cure);
	check(&cure);
	must(p->effort->octets <= 1 << 20 && p->effort->tries <= 5000);
	*p->effort = (struct dkim_effort){ .octets = 1 << 20, .tries = 5000 };
	dkim_doctor_header(p, trace->request, field, key, &cure);
	check(&cure);
	must(p->effort->octets <= 1 << 20 && p->effort->tries <= 5000);
}

static void
run_all(struct run *r, struct dkim_context *ctx, struct slice record,
    struct slice message)
{
	struct dkim_effort effort;
	struct dkim_patient p = { .ctx = ctx, .header = &r->header,
		.arena = r->arena, .effort = &effort };
	struct mail_header scratch;
	struct dkim_trace trace;
	struct dns_entry *e;
	size_t i;

	mail_header_init(&scratch, r->arena);
	(void)mail_header_parse(&scratch, message, &p.body);
	(void)dkim_verifier_ask(r->verifier, r->ledger);
	while ((e = dns_ledger_take_new(r->ledger)) != NULL)
		answer_txt(e, record);
	for (i = 0; i < r->count && i < 2; i++) {
		dkim_verifier_trace(r->verifier, i, &r->header, r->ledger,
		    &trace);
		if (trace.checked)
			examine(&p, &trace, r->signatures[i].field,
			    dns_ledger_peek(r->ledger,
			    trace.request->key_name, DNS_TYPE_TXT));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dkim_context *ctx;
	struct slice rest = { (const char *)data, size };
	struct slice record;
	struct run r;

	if (ctx == NULL)
		ctx = dkim_context_new();
	if (ctx == NULL)
		return 0;
	(void)slice_cut(&rest, '\n', &record);
	/* Without a zone: any name has the record. */
	if (run_message(&r, ctx, &test_options, NULL, rest, SIZE_MAX))
		run_all(&r, ctx, record, rest);
	run_fini(&r);
	return 0;
}
