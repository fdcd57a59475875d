/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: what the records of messages add up to.
 *
 * A series is never taken away, and its labels never change: so a copy of
 * the numbers is all that is made under the lock.
 */
#include "metrics/counters.h"

#include <pthread.h>
#include <string.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/result.h"

#define LABELS	2
#define SLOTS	1024	/* of the table */

enum family {
	MESSAGES, DECISIONS, OBSERVED, OBSERVED_POLICY, RESULTS, SIGNATURES,
	OWN, HOPS, DISPOSITIONS, FORGED, UNANSWERED, INCOMPLETE, UNCOUNTED,
	FAMILIES
};

static const struct {
	struct exposition_family	 shown;
	const char			*labels[LABELS];
} families[FAMILIES] = {
	[MESSAGES] = { { "assay_messages", EXPOSITION_COUNTER, NULL,
	    "Messages that reached MAIL and have ended, by the answer to the "
	    "mail server." }, { "outcome" } },
	[DECISIONS] = { { "assay_actions", EXPOSITION_COUNTER, NULL,
	    "Messages by action, and the rule that decided." },
	    { "action", "rule" } },
	[OBSERVED] = { { "assay_observed_actions", EXPOSITION_COUNTER, NULL,
	    "Messages that a rule with observe matched, by what it would "
	    "have done." }, { "action", "rule" } },
	[OBSERVED_POLICY] = { { "assay_observed_policy_actions",
	    EXPOSITION_COUNTER, NULL, "Messages by what the policy of "
	    "observe-policy would have done." }, { "action", "rule" } },
	[RESULTS] = { { "assay_results", EXPOSITION_COUNTER, NULL,
	    "Messages by method and result; for DKIM, pass if one signature "
	    "passed, otherwise the result of the first." },
	    { "method", "result" } },
	[SIGNATURES] = { { "assay_dkim_signatures", EXPOSITION_COUNTER, NULL,
	    "DKIM signatures by result." }, { "result" } },
	[OWN] = { { "assay_own_messages", EXPOSITION_COUNTER, NULL,
	    "Our own messages with a signing rule, by its domain and whether "
	    "they were signed." }, { "domain", "signed" } },
	[HOPS] = { { "assay_tls_messages", EXPOSITION_COUNTER, NULL,
	    "Messages by the TLS version of the client, and whether the mail "
	    "server has verified its certificate." },
	    { "version", "verified" } },
	[DISPOSITIONS] = { { "assay_dmarc_dispositions", EXPOSITION_COUNTER,
	    NULL, "Messages with a DMARC policy, by what was done because of "
	    "it." },
	    { "disposition" } },
	[FORGED] = { { "assay_forged_fields_removed", EXPOSITION_COUNTER,
	    NULL, "Header fields that claimed to be ours." }, { NULL } },
	[UNANSWERED] = { { "assay_unanswered_lookups", EXPOSITION_COUNTER,
	    NULL, "DNS queries for messages that got no answer." },
	    { NULL } },
	[INCOMPLETE] = { { "assay_incomplete_records", EXPOSITION_COUNTER,
	    NULL, "Records that lack values because memory ran out." },
	    { NULL } },
	[UNCOUNTED] = { { "assay_metrics_lost", EXPOSITION_COUNTER, NULL,
	    "Counts that were lost because memory ran out." }, { NULL } }
};

static const struct exposition_family waited = { "assay_message_wait_seconds",
	EXPOSITION_HISTOGRAM, "seconds",
	"How long the end of a message waited for DNS." };
static const int64_t bounds_us[] = { 1000, 5000, 10000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 5000000, 10000000, 20000000 };
#define BOUNDS (sizeof(bounds_us) / sizeof(bounds_us[0]))

struct series {
	SLIST_ENTRY(series)	 link;
	enum family		 family;
	struct slice		 values[LABELS];
	uint64_t		 count;		/* under the lock */
};

struct counters {
	pthread_mutex_t		 lock;
	/* Under the lock. */
	SLIST_HEAD(, series)	 slots[SLOTS];
	struct series		*series[LIMIT_METRICS_SERIES + FAMILIES];
	size_t			 count;
	uint64_t		 lost;
	uint64_t		 waits[BOUNDS + 1];
	int64_t			 waited_us;
	struct counters_sum	 sum;
};

/* ---- the table ---- */

struct counters *
counters_new(void)
{
	struct counters *c = mem_alloc(sizeof(*c));

	if (c != NULL)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
counters_free(struct counters *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->count; i++)
		mem_free(c->series[i]);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

static size_t
slot_of(enum family family, const struct slice *values)
{
	uint64_t hash = hash_keyed(values[0], (uint64_t)family);

	return (size_t)(hash_keyed(values[1], hash) % SLOTS);
}

static struct series *
find(const struct counters *c, enum family family, const struct slice *values)
{
	struct series *s;

	SLIST_FOREACH(s, &c->slots[slot_of(family, values)], link)
		if (s->family == family &&
		    slice_eq(s->values[0], values[0]) &&
		    slice_eq(s->values[1], values[1]))
			break;
	return s;
}

/* The text after the series itself. */
static struct series *
make(enum family family, const struct slice *values)
{
	struct series *s = mem_alloc(sizeof(*s) + values[0].len +
	    values[1].len + LABELS);
	char *text;
	size_t i;

	if (s == NULL)
		return NULL;
	s->family = family;
	text = (char *)(s + 1);
	for (i = 0; i < LABELS; i++) {
		if (values[i].len > 0)
			memcpy(text, values[i].ptr, values[i].len);
		s->values[i] = (struct slice){ text, values[i].len };
		text += values[i].len + 1;
	}
	return s;
}

static struct series *
insert(struct counters *c, enum family family, const struct slice *values)
{
	struct series *s = make(family, values);

	if (s == NULL)
		return NULL;
	SLIST_INSERT_HEAD(&c->slots[slot_of(family, values)], s, link);
	c->series[c->count++] = s;
	return s;
}

/* Under the lock, as all below; `b` may be empty. */
static void
add(struct counters *c, enum family family, struct slice a, struct slice b,
    uint64_t n)
{
	const struct slice other = SLICE("(other)"), none = SLICE("");
	struct slice values[LABELS] = { a, b };
	struct series *s = find(c, family, values);

	if (s == NULL && c->count >= LIMIT_METRICS_SERIES) {
		values[0] = families[family].labels[0] != NULL ? other : none;
		values[1] = families[family].labels[1] != NULL ? other : none;
		s = find(c, family, values);
	}
	if (s == NULL)
		s = insert(c, family, values);
	if (s != NULL)
		s->count += n;
	else
		c->lost += n;
}

/* ---- a record ---- */

static struct slice
text_of(const struct event *e, const char *key)
{
	const struct event_value *v = event_find(e, key);

	return v != NULL ? v->text : SLICE("");
}

static void
add_action(struct counters *c, enum family family, const struct event *e,
    const char *action_key, const char *rule_key)
{
	struct slice rule = text_of(e, rule_key);

	if (event_find(e, action_key) != NULL)
		add(c, family, text_of(e, action_key), rule.len > 0 ? rule :
		    SLICE("(none)"), 1);
}

/* Only a word of RFC 8601 becomes a label. */
static bool
add_result(struct counters *c, const char *method, struct slice word)
{
	enum auth_result r;

	if (!auth_result_parse(word, &r))
		return false;
	add(c, RESULTS, slice_str(method), slice_str(auth_result_name(r)), 1);
	return r == AUTH_TEMPERROR;
}

/* True: a temperror. */
static bool
add_signatures(struct counters *c, const struct event *e)
{
	const struct event_value *list = event_find(e, "signatures"), *v;
	enum auth_result r, first = AUTH_NONE;
	const struct event_object *o;
	bool passed = false, temperror = false, any = false;

	if (event_find(e, "dkim") == NULL)
		return false;
	for (o = list != NULL ? STAILQ_FIRST(&list->objects) : NULL; o != NULL;
	    o = STAILQ_NEXT(o, link)) {
		v = event_object_find(o, "result");
		if (v == NULL || !auth_result_parse(v->text, &r))
			continue;
		add(c, SIGNATURES, slice_str(auth_result_name(r)), SLICE(""),
		    1);
		first = any ? first : r;
		any = true;
		passed = passed || r == AUTH_PASS;
		temperror = temperror || r == AUTH_TEMPERROR;
	}
	add(c, RESULTS, SLICE("dkim"), slice_str(auth_result_name(passed ?
	    AUTH_PASS : first)), 1);
	return temperror;
}

static void
add_results(struct counters *c, const struct event *e)
{
	static const char *const methods[] = { "spf", "spf-helo", "arc",
		"dmarc" };
	bool temperror = add_signatures(c, e);
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (add_result(c, methods[i], text_of(e, methods[i])))
			temperror = true;
	c->sum.temperrors += temperror;
	/* What the client is says nothing of how well DNS is. */
	add_result(c, "iprev", text_of(e, "iprev"));
	add_result(c, "auth", text_of(e, "auth"));
}

/* The names are OpenSSL's; a label is not for others to make. */
static void
add_hop(struct counters *c, const struct event *e)
{
	static const char *const versions[] = { "TLSv1", "TLSv1.1", "TLSv1.2",
		"TLSv1.3" };
	struct slice seen = text_of(e, "tls"), version = SLICE("other");
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (slice_eq(seen, slice_str(versions[i])))
			version = seen;
	}
	if (seen.len == 0)
		version = SLICE("none");
	add(c, HOPS, version, slice_eq(text_of(e, "tls-verified"),
	    SLICE("yes")) ? SLICE("yes") : SLICE("no"), 1);
}

static void
add_wait(struct counters *c, const struct event *e)
{
	const struct event_value *v = event_find(e, "waited-ms");
	size_t i = 0;

	if (v == NULL)
		return;
	while (i < BOUNDS && v->number > bounds_us[i])
		i++;
	c->waits[i]++;
	c->waited_us += v->number;
}

static void
add_number(struct counters *c, enum family family, const struct event *e,
    const char *key)
{
	const struct event_value *v = event_find(e, key);

	if (v != NULL && v->number > 0)
		add(c, family, SLICE(""), SLICE(""), (uint64_t)v->number);
}

static void
add_signed(struct counters *c, const struct event *e)
{
	if (event_find(e, "sign-domain") != NULL)
		add(c, OWN, text_of(e, "sign-domain"),
		    event_find(e, "signed-by") != NULL ? SLICE("yes") :
		    SLICE("no"), 1);
}

void
counters_take(void *arg, const struct event *e)
{
	struct counters *c = arg;

	if (strcmp(e->name, "message") != 0)
		return;
	pthread_mutex_lock(&c->lock);
	c->sum.messages++;
	add(c, MESSAGES, text_of(e, "told"), SLICE(""), 1);
	add_action(c, DECISIONS, e, "action", "rule");
	add_action(c, OBSERVED, e, "observed-action", "observed");
	add_action(c, OBSERVED_POLICY, e, "observe-policy-action",
	    "observe-policy-rule");
	add_results(c, e);
	add_signed(c, e);
	add_hop(c, e);
	if (event_find(e, "dmarc-disposition") != NULL)
		add(c, DISPOSITIONS, text_of(e, "dmarc-disposition"),
		    SLICE(""), 1);
	add_number(c, FORGED, e, "forged-removed");
	add_number(c, UNANSWERED, e, "unanswered");
	if (e->incomplete)
		add(c, INCOMPLETE, SLICE(""), SLICE(""), 1);
	add_wait(c, e);
	pthread_mutex_unlock(&c->lock);
}

/* ---- what has been counted ---- */

void
counters_sum(struct counters *c, struct counters_sum *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->sum;
	pthread_mutex_unlock(&c->lock);
}

struct copy {
	const struct series	*series;
	uint64_t		 count;
};

static void
write_family(enum family family, const struct copy *all, size_t count,
    struct exposition *x)
{
	struct exposition_label labels[LABELS];
	size_t i, k, used = 0;

	while (used < LABELS && families[family].labels[used] != NULL)
		used++;
	exposition_family(x, &families[family].shown);
	for (i = 0; i < count; i++) {
		if (all[i].series->family != family)
			continue;
		for (k = 0; k < used; k++)
			labels[k] = (struct exposition_label){
				.name = families[family].labels[k],
				.value = all[i].series->values[k] };
		exposition_number(x, labels, used, (long long)all[i].count);
	}
}

/* One without labels is there before anything was counted. */
static void
begin_at_zero(struct counters *c)
{
	enum family f;

	for (f = 0; f < FAMILIES; f++)
		if (families[f].labels[0] == NULL && f != UNCOUNTED)
			add(c, f, SLICE(""), SLICE(""), 0);
}

static void
write_waits(const struct counters *c, struct exposition *x)
{
	const struct exposition_histogram h = { .bounds_us = bounds_us,
		.counts = c->waits, .bound_count = BOUNDS,
		.sum_us = c->waited_us };

	exposition_family(x, &waited);
	exposition_histogram(x, &h);
}

void
counters_write(struct counters *c, struct exposition *x)
{
	struct copy *all = mem_array(LIMIT_METRICS_SERIES + FAMILIES,
	    sizeof(*all));
	uint64_t lost;
	size_t i, count;
	enum family f;

	if (all == NULL) {
		x->out.failed = true;
		return;
	}
	pthread_mutex_lock(&c->lock);
	begin_at_zero(c);
	count = c->count;
	for (i = 0; i < count; i++)
		all[i] = (struct copy){ c->series[i], c->series[i]->count };
	write_waits(c, x);
	lost = c->lost;
	pthread_mutex_unlock(&c->lock);
	for (f = 0; f < UNCOUNTED; f++)
		write_family(f, all, count, x);
	exposition_family(x, &families[UNCOUNTED].shown);
	exposition_number(x, NULL, 0, (long long)lost);
	mem_free(all);
}
