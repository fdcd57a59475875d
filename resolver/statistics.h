/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics: how DNS does, for those who show it: what was asked and how it
 * ended, each name server, times as histograms, the slowest domains.
 *
 * A snapshot is a value of its own, taken under one short lock; any thread may
 * take one.  All counts are since the resolver was started and never go down,
 * but for what says "now".
 */
#ifndef RESOLVER_STATISTICS_H
#define RESOLVER_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/limits.h"
#include "resolver/resolver.h"

/* Times in steps of 1, 2, 5 from 0.1 ms to 20 s; the last bucket has all
   above. */
#define STATISTICS_BUCKETS 18
extern const int64_t statistics_bounds_us[STATISTICS_BUCKETS - 1];
/* Each bucket but the last has so many parts of one length, for percentiles:
   a part is 7.5 % of its times at most above 0.1 ms. */
#define STATISTICS_PARTS 20

#define STATISTICS_ABOVE ((STATISTICS_BUCKETS - 1) * STATISTICS_PARTS)

struct statistics_times {
	/* Of all parts, one bucket's after the other's; the last is above. */
	uint64_t	count[STATISTICS_ABOVE + 1];
	uint64_t	sum_us;
};

void	statistics_add(struct statistics_times *t, int64_t us);
uint64_t	statistics_count(const struct statistics_times *t);
/* How many are in each bucket; not cumulative. */
void	statistics_buckets(const struct statistics_times *t,
	    uint64_t out[STATISTICS_BUCKETS]);
/*
 * The time that `percent` of them did not take longer than, in microseconds,
 * by a straight line within its part.  0: there are none; the highest bound
 * when it is above.
 */
int64_t	statistics_percentile(const struct statistics_times *t,
	    unsigned int percent);

/* A question may take several packets, to several servers; these count
   packets: what was sent was answered, is a timeout, unreachable or in
   flight. */
struct statistics_server {
	char		address[RESOLVER_ADDRESS];	/* "192.0.2.1:53" */
	bool		failed;		/* now: silent, unreachable */
	bool		folds;		/* now: see resolver_server */
	uint64_t	sent;
	uint64_t	answered;	/* anything: */
	uint64_t	failures;	/* of them: SERVFAIL, REFUSED ... */
	uint64_t	mismatches;	/* of them: the name in other
					   letters */
	uint64_t	broken;		/* of them: break RFC 1035 */
	uint64_t	timeouts;	/* or given up before */
	uint64_t	unreachable;	/* refused, no socket, or the TCP
					   connection broke */
	struct statistics_times times;	/* of answers */
	uint64_t	sockets;	/* open now */
	uint64_t	in_flight;	/* now */
	uint64_t	slow;		/* of them: hold no place any more */
	uint64_t	waiting;	/* now, for a place */
};

struct resolver_statistics {
	struct resolver_stats	 totals;
	/* From a question's first packet to its end, whatever that is. */
	struct statistics_times	 times;
	size_t			 server_count;	/* 0 with a zone */
	struct statistics_server servers[LIMIT_DNS_SERVERS];
};
void	resolver_statistics(struct resolver *r,
	    struct resolver_statistics *out);
/* What came since `before`, in `now`; what says "now" stays.  A resolver that
   has taken the place of another began anew: then all of it. */
void	statistics_since(struct resolver_statistics *now,
	    const struct resolver_statistics *before);

/* A domain whose questions took long: more than STATISTICS_SLOW_US. */
#define STATISTICS_SLOW_US INT64_C(100000)
struct statistics_domain {
	char		name[DOMAIN_MAX + 1];
	uint64_t	questions;
	uint64_t	unanswered;	/* of them */
	int64_t		total_us;
	int64_t		longest_us;
};
/*
 * Up to `max` of them, the one that took most in all first.  Of
 * LIMIT_DNS_SLOW_DOMAINS at a time something is known.  `forget`: from now on
 * they are counted anew.
 */
size_t	resolver_slow_domains(struct resolver *r, bool forget,
	    struct statistics_domain *out, size_t max);

#endif
