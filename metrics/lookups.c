/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookups: what the resolver has counted.  All families begin with assay_dns_.
 */
#include "metrics/lookups.h"

#include "resolver/statistics.h"

static void
write_outcomes(struct exposition *x, const struct resolver_stats *s)
{
	static const struct exposition_family f = { "assay_dns_outcomes",
		EXPOSITION_COUNTER, NULL, "Queries to nameservers by outcome; "
		"\"not asked\" are questions that were refused at once." };
	struct exposition_label label = { .name = "outcome" };
	size_t i;

	exposition_family(x, &f);
	for (i = 0; i <= DNS_NOT_ASKED; i++) {
		label.value = slice_str(dns_outcome_name(
		    (enum dns_outcome)i));
		exposition_number(x, &label, 1, (long long)s->outcomes[i]);
	}
}

static void
write_latency(struct exposition *x, const struct resolver_stats *s)
{
	static const struct exposition_family f = {
		"assay_dns_latency_seconds", EXPOSITION_HISTOGRAM, "seconds",
		"How long queries took, from the first question to the "
		"answer." };
	int64_t bounds[RESOLVER_LATENCY_BUCKETS - 1];
	const struct exposition_histogram h = { .bounds_us = bounds,
		.counts = s->latency, .sum_us = (int64_t)s->latency_us,
		.bound_count = RESOLVER_LATENCY_BUCKETS - 1 };
	size_t i;

	for (i = 0; i < h.bound_count; i++)
		bounds[i] = (INT64_C(1) << i) * 1000;
	exposition_family(x, &f);
	exposition_histogram(x, &h);
}

static void
write_servers(struct exposition *x, const struct resolver_statistics *now)
{
	static const struct exposition_family f = { "assay_dns_server_up",
		EXPOSITION_GAUGE, NULL, "1 when the nameserver answers." },
	    forged = { "assay_dns_mismatches", EXPOSITION_COUNTER, NULL,
		"Answers to a name in other letters, which were not taken." };
	struct exposition_label label = { .name = "server" };
	size_t i;

	exposition_family(x, &f);
	for (i = 0; i < now->server_count; i++) {
		label.value = slice_str(now->servers[i].address);
		exposition_number(x, &label, 1, !now->servers[i].failed);
	}
	exposition_family(x, &forged);
	for (i = 0; i < now->server_count; i++) {
		label.value = slice_str(now->servers[i].address);
		exposition_number(x, &label, 1,
		    (long long)now->servers[i].mismatches);
	}
}

void
lookups_write(struct exposition *x, struct resolver *r)
{
	struct resolver_statistics now;
	const struct resolver_stats *s = &now.totals;

	resolver_statistics(r, &now);
	exposition_value(x, "assay_dns_questions", EXPOSITION_COUNTER,
	    "Questions to the resolver.", (long long)s->asked);
	exposition_value(x, "assay_dns_zone_answers", EXPOSITION_COUNTER,
	    "Questions answered from the zone file.",
	    (long long)s->zone_answers);
	exposition_value(x, "assay_dns_cache_hits", EXPOSITION_COUNTER,
	    "Questions answered from the cache.", (long long)s->cache_hits);
	exposition_value(x, "assay_dns_coalesced", EXPOSITION_COUNTER,
	    "Questions that joined a query under way.",
	    (long long)s->coalesced);
	exposition_value(x, "assay_dns_queries", EXPOSITION_COUNTER,
	    "Queries to nameservers, each counted once.",
	    (long long)s->queries);
	exposition_value(x, "assay_dns_retries", EXPOSITION_COUNTER,
	    "Queries that were sent again.", (long long)s->retries);
	exposition_value(x, "assay_dns_cancelled", EXPOSITION_COUNTER,
	    "Questions that were taken back.", (long long)s->cancelled);
	write_outcomes(x, s);
	write_latency(x, s);
	exposition_value(x, "assay_dns_cache_entries", EXPOSITION_GAUGE,
	    "Answers in the cache.", (long long)s->cache_entries);
	exposition_bytes(x, "assay_dns_cache_bytes", "Memory of the cache.",
	    (long long)s->cache_bytes);
	exposition_value(x, "assay_dns_in_flight", EXPOSITION_GAUGE,
	    "Queries under way.", (long long)s->in_flight);
	exposition_value(x, "assay_dns_waiting", EXPOSITION_GAUGE,
	    "Queries that wait for their place.", (long long)s->waiting);
	write_servers(x, &now);
}
