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
write_times(struct exposition *x, const struct statistics_times *t,
    struct exposition_label label)
{
	uint64_t counts[STATISTICS_BUCKETS];
	const struct exposition_histogram h = {
		.bounds_us = statistics_bounds_us, .counts = counts,
		.sum_us = (int64_t)t->sum_us,
		.bound_count = STATISTICS_BUCKETS - 1, .label = label };

	statistics_buckets(t, counts);
	exposition_histogram(x, &h);
}

static void
write_latency(struct exposition *x, const struct statistics_times *t)
{
	static const struct exposition_family f = {
		"assay_dns_latency_seconds", EXPOSITION_HISTOGRAM, "seconds",
		"How long queries took, from the first packet to the end." };

	exposition_family(x, &f);
	write_times(x, t, (struct exposition_label){ .name = NULL });
}

/* ---- each nameserver ---- */

static long long
is_up(const struct statistics_server *s)
{
	return !s->failed;
}

#define COUNT(name)							\
	static long long						\
	count_ ## name(const struct statistics_server *s)		\
	{								\
		return (long long)s->name;				\
	}
COUNT(sent)
COUNT(answered)
COUNT(failures)
COUNT(broken)
COUNT(mismatches)
COUNT(timeouts)
COUNT(unreachable)
COUNT(sockets)
COUNT(in_flight)
COUNT(slow)
COUNT(waiting)

static const struct {
	struct exposition_family family;
	long long		 (*get)(const struct statistics_server *);
} of_server[] = {
	{ { "assay_dns_server_up", EXPOSITION_GAUGE, NULL,
	    "1 when the nameserver answers." }, is_up },
	{ { "assay_dns_server_sent", EXPOSITION_COUNTER, NULL,
	    "Packets sent to the nameserver." }, count_sent },
	{ { "assay_dns_server_answered", EXPOSITION_COUNTER, NULL,
	    "Packets that came from it in time." }, count_answered },
	{ { "assay_dns_server_failures", EXPOSITION_COUNTER, NULL,
	    "Answers with SERVFAIL, REFUSED and the like." },
	    count_failures },
	{ { "assay_dns_server_broken", EXPOSITION_COUNTER, NULL,
	    "Answers that break RFC 1035." }, count_broken },
	{ { "assay_dns_mismatches", EXPOSITION_COUNTER, NULL,
	    "Answers whose name differs in case, which were not accepted." },
	    count_mismatches },
	{ { "assay_dns_server_timeouts", EXPOSITION_COUNTER, NULL,
	    "Packets that were not answered in time." }, count_timeouts },
	{ { "assay_dns_server_unreachable", EXPOSITION_COUNTER, NULL,
	    "Packets that could not be sent, were refused, or whose TCP "
	    "connection broke." },
	    count_unreachable },
	{ { "assay_dns_server_sockets", EXPOSITION_GAUGE, NULL,
	    "Open sockets." }, count_sockets },
	{ { "assay_dns_server_in_flight", EXPOSITION_GAUGE, NULL,
	    "Queries in progress at the nameserver." }, count_in_flight },
	{ { "assay_dns_server_slow", EXPOSITION_GAUGE, NULL,
	    "Queries in progress that have waited long." }, count_slow },
	{ { "assay_dns_server_waiting", EXPOSITION_GAUGE, NULL,
	    "Queries that wait to be sent to it." }, count_waiting }
};

static void
write_servers(struct exposition *x, const struct resolver_statistics *now)
{
	static const struct exposition_family times = {
		"assay_dns_server_latency_seconds", EXPOSITION_HISTOGRAM,
		"seconds", "How long the nameserver took to answer." };
	struct exposition_label label = { .name = "server" };
	size_t row, i;

	for (row = 0; row < sizeof(of_server) / sizeof(*of_server); row++) {
		exposition_family(x, &of_server[row].family);
		for (i = 0; i < now->server_count; i++) {
			label.value = slice_str(now->servers[i].address);
			exposition_number(x, &label, 1,
			    of_server[row].get(&now->servers[i]));
		}
	}
	exposition_family(x, &times);
	for (i = 0; i < now->server_count; i++) {
		label.value = slice_str(now->servers[i].address);
		write_times(x, &now->servers[i].times, label);
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
	    "Questions that shared a query in progress.",
	    (long long)s->coalesced);
	exposition_value(x, "assay_dns_queries", EXPOSITION_COUNTER,
	    "Queries to nameservers, each counted once.",
	    (long long)s->queries);
	exposition_value(x, "assay_dns_retries", EXPOSITION_COUNTER,
	    "Queries that were sent again.", (long long)s->retries);
	exposition_value(x, "assay_dns_cancelled", EXPOSITION_COUNTER,
	    "Questions that were cancelled.", (long long)s->cancelled);
	exposition_value(x, "assay_dns_renewals", EXPOSITION_COUNTER,
	    "Queries for an answer that was about to expire.",
	    (long long)s->renewals);
	exposition_value(x, "assay_dns_guesses", EXPOSITION_COUNTER,
	    "Queries made early for what the last check needed.",
	    (long long)s->guesses);
	exposition_value(x, "assay_dns_stale", EXPOSITION_COUNTER,
	    "Expired answers that were used.", (long long)s->stale);
	write_outcomes(x, s);
	write_latency(x, &now.times);
	exposition_value(x, "assay_dns_cache_entries", EXPOSITION_GAUGE,
	    "Answers in the cache.", (long long)s->cache_entries);
	exposition_bytes(x, "assay_dns_cache_bytes", "Memory of the cache.",
	    (long long)s->cache_bytes);
	exposition_value(x, "assay_dns_in_flight", EXPOSITION_GAUGE,
	    "Queries in progress.", (long long)s->in_flight);
	exposition_value(x, "assay_dns_waiting", EXPOSITION_GAUGE,
	    "Queries that wait to be sent.", (long long)s->waiting);
	write_servers(x, &now);
}
