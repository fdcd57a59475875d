/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What records add up to; nobody who sends mail makes a label.
 */
#include "metrics/counters.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

#define VALUES 12
#define THREADS 4
#define ROUNDS 500

/* A key, and its text or, without one, its number. */
struct value {
	const char	*key, *text;
	long long	 number;
};

static const struct {
	const char	*name;
	struct value	 values[VALUES];
	const char	*signatures[4];		/* their results */
	const char	*want[6];		/* lines */
} cases[] = {
	{ "accepted", { { "told", "accepted", 0 }, { "action", "accept", 0 } },
	  .want = { "assay_messages_total{outcome=\"accepted\"} 1",
	    "assay_actions_total{action=\"accept\",rule=\"(none)\"} 1",
	    "assay_forged_fields_removed_total 0" } },
	{ "refused by a rule", { { "told", "rejected", 0 },
	    { "action", "reject", 0 }, { "rule", "no spoofing", 0 },
	    { "observed", "later", 0 }, { "observed-action", "tempfail", 0 } },
	  .want = { "assay_messages_total{outcome=\"rejected\"} 1",
	    "assay_actions_total{action=\"reject\",rule=\"no spoofing\"} 1",
	    "assay_observed_actions_total{action=\"tempfail\","
	    "rule=\"later\"} 1" } },
	{ "another policy", { { "observe-policy-action", "reject", 0 },
	    { "observe-policy-rule", "strict", 0 } },
	  .want = { "assay_observed_policy_actions_total{action=\"reject\","
	    "rule=\"strict\"} 1" } },
	{ "results", { { "spf", "softfail", 0 }, { "spf-helo", "none", 0 },
	    { "dmarc", "fail", 0 }, { "dkim", "none", 0 },
	    { "dmarc-disposition", "quarantine", 0 } },
	  .want = {
	    "assay_results_total{method=\"spf\",result=\"softfail\"} 1",
	    "assay_results_total{method=\"spf-helo\",result=\"none\"} 1",
	    "assay_results_total{method=\"dmarc\",result=\"fail\"} 1",
	    "assay_results_total{method=\"dkim\",result=\"none\"} 1",
	    "assay_dmarc_dispositions_total{disposition=\"quarantine\"} 1",
	  } },
	{ "of the hop", { { "iprev", "temperror", 0 }, { "auth", "pass", 0 },
	    { "tls", "TLSv1.2", 0 }, { "tls-verified", "yes", 0 } },
	  .want = {
	    "assay_results_total{method=\"iprev\",result=\"temperror\"} 1",
	    "assay_results_total{method=\"auth\",result=\"pass\"} 1",
	    "assay_tls_messages_total{version=\"TLSv1.2\","
	    "verified=\"yes\"} 1" } },
	{ "no TLS", { { "told", "accepted", 0 } },
	  .want = { "assay_tls_messages_total{version=\"none\","
	    "verified=\"no\"} 1" } },
	{ "a version of no name", { { "tls", "QUIC\"} 9", 0 },
	    { "tls-verified", "no", 0 } },
	  .want = { "assay_tls_messages_total{version=\"other\","
	    "verified=\"no\"} 1" } },
	{ "a signature that passes", { { "dkim", "x", 0 } },
	  .signatures = { "fail", "pass", "fail" },
	  .want = { "assay_results_total{method=\"dkim\",result=\"pass\"} 1",
	    "assay_dkim_signatures_total{result=\"fail\"} 2",
	    "assay_dkim_signatures_total{result=\"pass\"} 1" } },
	{ "none that passes", { { "dkim", "x", 0 } },
	  .signatures = { "policy", "temperror" },
	  .want = { "assay_results_total{method=\"dkim\",result=\"policy\"} "
	    "1", "assay_dkim_signatures_total{result=\"temperror\"} 1" } },
	{ "no word of RFC 8601", { { "spf", "from a sender", 0 } },
	  .want = { "assay_metrics_lost_total 0" } },
	{ "numbers", { { "forged-removed", NULL, 3 },
	    { "unanswered", NULL, 2 }, { "waited-ms", NULL, 1200 } },
	  .want = { "assay_forged_fields_removed_total 3",
	    "assay_unanswered_lookups_total 2",
	    "assay_message_wait_seconds_bucket{le=\"0.001\"} 0",
	    "assay_message_wait_seconds_bucket{le=\"0.005\"} 1",
	    "assay_message_wait_seconds_sum 0.0012",
	    "assay_message_wait_seconds_count 1" } },
	{ "at a bound", { { "waited-ms", NULL, 1000 } },
	  .want = { "assay_message_wait_seconds_bucket{le=\"0.001\"} 1" } },
	{ "beyond all bounds", { { "waited-ms", NULL, 20000001 } },
	  .want = { "assay_message_wait_seconds_bucket{le=\"20.0\"} 0",
	    "assay_message_wait_seconds_bucket{le=\"+Inf\"} 1" } },
	{ "signed", { { "sign-domain", "*.example.org", 0 } },
	  .signatures = { NULL },
	  .want = { "assay_own_messages_total{domain=\"*.example.org\","
	    "signed=\"no\"} 1" } },
};

static struct event *
make(const struct value *values, const char *const *signatures)
{
	struct event *e = event_new("message", 0);
	struct event_object *o;
	size_t i;

	for (i = 0; i < VALUES && values[i].key != NULL; i++) {
		if (values[i].text != NULL)
			event_text(e, values[i].key,
			    slice_str(values[i].text));
		else if (strcmp(values[i].key, "waited-ms") == 0)
			event_us(e, values[i].key, values[i].number);
		else
			event_number(e, values[i].key, values[i].number);
	}
	for (i = 0; i < 4 && signatures[i] != NULL; i++) {
		o = event_object(e, "signatures");
		event_object_text(e, o, "result", slice_str(signatures[i]));
	}
	return e;
}

static void
take(struct counters *c, struct event *e)
{
	counters_take(c, e);
	event_free(e);
}

static void
write_all(struct counters *c, struct exposition *x)
{
	exposition_begin(x, EXPOSITION_OPENMETRICS);
	counters_write(c, x);
	ok(exposition_end(x), "it fits");
}

static bool
has_line(const struct exposition *x, const char *line)
{
	struct slice rest = buf_slice(&x->out), one;

	while (rest.len > 0) {
		slice_cut(&rest, '\n', &one);
		if (slice_eq(one, slice_str(line)))
			return true;
	}
	return false;
}

static void
test_cases(void)
{
	struct exposition x;
	struct counters *c;
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = counters_new();
		take(c, make(cases[i].values, cases[i].signatures));
		write_all(c, &x);
		for (k = 0; k < 6 && cases[i].want[k] != NULL; k++)
			if (!ok(has_line(&x, cases[i].want[k]), "%s: %s",
			    cases[i].name, cases[i].want[k]))
				printf("# %.*s\n", SLICE_ARG(buf_slice(
				    &x.out)));
		ok(strstr(buf_cstr(&x.out), "from a sender") == NULL,
		    "no label of a sender's");
		exposition_fini(&x);
		counters_free(c);
	}
}

static void
test_others(void)
{
	struct counters *c = counters_new();
	struct event *e = event_new("something", 0);
	struct counters_sum sum;

	event_text(e, "told", SLICE("accepted"));
	take(c, e);
	counters_sum(c, &sum);
	is_num((long long)sum.messages, 0, "another event is no message");
	e = event_new("message", 0);
	event_text(e, "spf", SLICE("temperror"));
	event_text(e, "dmarc", SLICE("temperror"));
	take(c, e);
	counters_sum(c, &sum);
	is_num((long long)sum.messages, 1, "a message");
	is_num((long long)sum.temperrors, 1, "with a temperror, once");
	counters_free(c);
}

/* Rules of many reloads: the limit, and one past it. */
static void
test_series(void)
{
	struct counters *c = counters_new();
	struct exposition x;
	struct event *e;
	char rule[32];
	size_t i;

	/* "told" and "tls" are two of them. */
	for (i = 0; i < LIMIT_METRICS_SERIES; i++) {
		e = event_new("message", 0);
		snprintf(rule, sizeof(rule), "rule %zu", i);
		event_text(e, "action", SLICE("accept"));
		event_text(e, "rule", slice_str(rule));
		take(c, e);
	}
	write_all(c, &x);
	snprintf(rule, sizeof(rule), "\"rule %u\"", LIMIT_METRICS_SERIES - 3);
	ok(strstr(buf_cstr(&x.out), rule) != NULL, "the last by itself");
	snprintf(rule, sizeof(rule), "\"rule %u\"", LIMIT_METRICS_SERIES - 2);
	ok(strstr(buf_cstr(&x.out), rule) == NULL, "one past it");
	ok(has_line(&x, "assay_actions_total{action=\"(other)\","
	    "rule=\"(other)\"} 2"), "what comes then is counted, too");
	exposition_fini(&x);
	counters_free(c);
}

static void
test_memory(void)
{
	struct counters *c;
	struct exposition x;
	unsigned long n;
	struct event *e;

	mem_fail_after(0, 1);
	ok(counters_new() == NULL, "no memory, no counters");
	for (n = 0; n < 10; n++) {
		mem_fail_after(0, 0);
		c = counters_new();
		e = make(cases[1].values, cases[1].signatures);
		mem_fail_after(n, 1);
		counters_take(c, e);
		exposition_begin(&x, EXPOSITION_TEXT);
		counters_write(c, &x);
		ok(!exposition_end(&x) || strstr(buf_cstr(&x.out),
		    "assay_metrics_lost_total 0\n") == NULL ||
		    strstr(buf_cstr(&x.out), "\"no spoofing\"} 1\n") != NULL,
		    "allocation %lu fails: nothing, said, or harmless", n);
		exposition_fini(&x);
		mem_fail_after(0, 0);
		event_free(e);
		counters_free(c);
	}
}

static void *
count_many(void *arg)
{
	size_t i;

	for (i = 0; i < ROUNDS; i++)
		take(arg, make(cases[i % 5].values, cases[i % 5].signatures));
	return NULL;
}

static void
test_threads(void)
{
	struct counters *c = counters_new();
	pthread_t threads[THREADS];
	struct counters_sum sum;
	struct exposition x;
	size_t i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count_many, c);
	for (i = 0; i < 20; i++) {
		exposition_begin(&x, EXPOSITION_TEXT);
		counters_write(c, &x);
		exposition_fini(&x);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	counters_sum(c, &sum);
	is_num((long long)sum.messages, THREADS * ROUNDS, "none is missed");
	counters_free(c);
}

int
main(void)
{
	test_cases();
	test_others();
	test_series();
	test_memory();
	test_threads();
	return tap_done();
}
