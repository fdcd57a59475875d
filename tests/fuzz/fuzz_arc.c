/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: whole messages through the validator of ARC chains.
 *
 * After the first line, which is a key record, is the message.  Each
 * question is answered with that record.  What must hold: the verdict is one
 * of three and says why; nothing is asked for a chain without a right form;
 * a pass has its seals; nobody is trusted without one; the verdict does not
 * depend on how the body was cut.
 */
#include <string.h>

#include "arc/aar.h"
#include "arc/trust.h"
#include "tests/arc/support.h"
#include "tests/fuzz/fuzz.h"

static struct dns_zone *
zone_of(struct slice record, const struct dns_ledger *ledger)
{
	struct dns_zone *zone = dns_zone_new();
	const struct dns_entry *e;

	for (e = dns_ledger_first(ledger); e != NULL; e = e->next)
		(void)dns_zone_add(zone, e->name, DNS_TYPE_TXT, 0, record);
	return zone;
}

static bool
anybody(void *arg, struct slice sealer)
{
	(void)arg;
	must(sealer.len > 0);
	return true;
}

static void
check_set(const struct arc_set *set, struct arena *arena)
{
	struct authres read;
	struct buf sum;

	buf_init(&sum, 1000);
	if (set->fields[ARC_RESULTS] != NULL &&
	    arc_aar_read(set->fields[ARC_RESULTS]->value, arena, &read))
		arc_aar_sum_up(&read, &sum);
	must(slice_is_ascii(buf_slice(&sum)));
	buf_fini(&sum);
}

static void
check_pass(const struct arc_verdict *v)
{
	size_t i;

	must(v->count > 0 && v->oldest_pass >= 0 &&
	    (size_t)v->oldest_pass <= v->count);
	for (i = 0; i < v->count; i++) {
		must(v->sets[i].seal.result == AUTH_PASS);
		must(v->sets[i].cv == (i == 0 ? ARC_CV_NONE : ARC_CV_PASS));
	}
	must(v->sets[v->count - 1].message.result == AUTH_PASS);
}

static void
check(const struct arc_run *run)
{
	const struct arc_verdict *v = run->verdict;
	char why[ARC_WHY];
	struct buf comment;
	unsigned int k;
	size_t i;

	arc_verdict_why(v, why);
	must((v->result == AUTH_FAIL) == (why[0] != '\0'));
	must(v->count <= LIMIT_ARC_SETS);
	for (i = 0; i < v->count; i++)
		check_set(&v->sets[i], run->arena);
	k = arc_trust_find(v, anybody, NULL, SLICE("example.com"), 0,
	    run->arena);
	must(k <= v->count && (k == 0 || v->result == AUTH_PASS));
	buf_init(&comment, 250);
	arc_trust_comment(v, run->arena, &comment);
	must(!buf_failed(&comment));
	buf_fini(&comment);
	if (v->result == AUTH_PASS)
		check_pass(v);
	else
		must(v->oldest_pass == -1);
	must(v->result != AUTH_NONE || dns_ledger_count(run->ledger) == 0);
}

/* The verdict, folded into one number. */
static long
judge(struct dkim_context *ctx, struct slice record, struct slice message,
    size_t chunk)
{
	struct dns_zone *zone;
	struct arc_run run;
	long got;

	/* Once to know the questions, once with their answers. */
	must(arc_run_message(&run, ctx, &arc_test_options, NULL, message,
	    SIZE_MAX));
	zone = zone_of(record, run.ledger);
	arc_run_fini(&run);
	must(arc_run_message(&run, ctx, &arc_test_options, zone, message,
	    chunk));
	check(&run);
	got = (long)run.verdict->result * 1000 + run.verdict->oldest_pass;
	arc_run_fini(&run);
	dns_zone_free(zone);
	return got;
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
	must(judge(ctx, record, rest, SIZE_MAX) ==
	    judge(ctx, record, rest, 3));
	return 0;
}
