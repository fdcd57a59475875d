/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics: what resolver/statistics.h knows, as lines of named values.
 */
#include "milter/statistics.h"

#include <stdio.h>

#include "event/log.h"

#define SLOWEST	5		/* domains named at a time */

/* "no such name" as a key. */
static void
log_outcome(struct log_record *r, enum dns_outcome outcome, uint64_t count)
{
	char key[32];
	size_t at;

	snprintf(key, sizeof(key), "%s", dns_outcome_name(outcome));
	for (at = 0; key[at] != '\0'; at++)
		if (key[at] == ' ')
			key[at] = '-';
	log_record_number(r, key, (long long)count);
}

static void
log_totals(const struct resolver_statistics *now)
{
	const struct resolver_stats *s = &now->totals;
	struct log_record r;
	int i;

	log_record_begin(&r, CONFIG_LOG_INFO, "statistics");
	log_record_number(&r, "asked", (long long)s->asked);
	log_record_number(&r, "zone", (long long)s->zone_answers);
	log_record_number(&r, "cache-hits", (long long)s->cache_hits);
	log_record_number(&r, "coalesced", (long long)s->coalesced);
	log_record_number(&r, "queries", (long long)s->queries);
	log_record_number(&r, "retries", (long long)s->retries);
	log_record_number(&r, "renewals", (long long)s->renewals);
	log_record_number(&r, "guesses", (long long)s->guesses);
	log_record_number(&r, "stale", (long long)s->stale);
	log_record_number(&r, "cancelled", (long long)s->cancelled);
	for (i = 0; i <= DNS_NOT_ASKED; i++)
		log_outcome(&r, (enum dns_outcome)i, s->outcomes[i]);
	log_record_number(&r, "cache-entries", (long long)s->cache_entries);
	log_record_number(&r, "cache-bytes", (long long)s->cache_bytes);
	log_record_number(&r, "in-flight", (long long)s->in_flight);
	log_record_number(&r, "waiting", (long long)s->waiting);
	log_record_ms(&r, "p50-ms", statistics_percentile(&now->times, 50));
	log_record_ms(&r, "p95-ms", statistics_percentile(&now->times, 95));
	log_record_end(&r);
}

static void
log_server(const struct statistics_server *s)
{
	struct log_record r;

	log_record_begin(&r, CONFIG_LOG_INFO, "nameserver");
	log_record_text(&r, "address", slice_str(s->address));
	log_record_text(&r, "state", s->failed ? SLICE("failed") :
	    SLICE("good"));
	log_record_number(&r, "sent", (long long)s->sent);
	log_record_number(&r, "answered", (long long)s->answered);
	log_record_number(&r, "failures", (long long)s->failures);
	log_record_number(&r, "mismatches", (long long)s->mismatches);
	log_record_number(&r, "broken", (long long)s->broken);
	log_record_number(&r, "timeouts", (long long)s->timeouts);
	log_record_number(&r, "unreachable", (long long)s->unreachable);
	log_record_ms(&r, "p50-ms", statistics_percentile(&s->times, 50));
	log_record_ms(&r, "p95-ms", statistics_percentile(&s->times, 95));
	log_record_number(&r, "sockets", (long long)s->sockets);
	log_record_number(&r, "in-flight", (long long)s->in_flight);
	log_record_number(&r, "waiting", (long long)s->waiting);
	log_record_end(&r);
}

static void
log_domain(const struct statistics_domain *d)
{
	struct log_record r;

	log_record_begin(&r, CONFIG_LOG_INFO, "slow-domain");
	log_record_text(&r, "domain", slice_str(d->name));
	log_record_number(&r, "questions", (long long)d->questions);
	log_record_number(&r, "unanswered", (long long)d->unanswered);
	log_record_ms(&r, "mean-ms", d->total_us / (int64_t)d->questions);
	log_record_ms(&r, "longest-ms", d->longest_us);
	log_record_end(&r);
}

static void
log_all(struct resolver *r, const struct resolver_statistics *now,
    bool forget)
{
	struct statistics_domain slow[SLOWEST];
	size_t i, count = resolver_slow_domains(r, forget, slow, SLOWEST);

	log_totals(now);
	for (i = 0; i < now->server_count; i++)
		log_server(&now->servers[i]);
	for (i = 0; i < count; i++)
		log_domain(&slow[i]);
}

void
statistics_log(struct resolver *r)
{
	struct resolver_statistics now;

	resolver_statistics(r, &now);
	log_all(r, &now, false);
}

void
statistics_log_since(struct resolver *r, struct resolver_statistics *before)
{
	struct resolver_statistics now, all;

	resolver_statistics(r, &all);
	now = all;
	statistics_since(&now, before);
	*before = all;
	if (now.totals.asked > 0)
		log_all(r, &now, true);
}
