/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is counted while queries live; under the resolver's lock.
 */
#ifndef RESOLVER_STATISTICS_INTERNAL_H
#define RESOLVER_STATISTICS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/statistics.h"

struct query;

/* Of one server, see struct statistics_server. */
struct statistics_figures {
	uint64_t		sent, answered, failures, broken;
	uint64_t		timeouts, unreachable;
	struct statistics_times	times;
};

/* All zero at first. */
struct statistics_slow {
	struct statistics_domain domains[LIMIT_DNS_SLOW_DOMAINS];
	size_t			 count;
};

/* A packet of the query is back, or was given up. */
void	statistics_note_landing(struct query *q, int64_t now_us);
/* A question for `name` has ended.  When the table is full, the domain that
   took least gives way. */
void	statistics_note_slow(struct statistics_slow *s, struct slice name,
	    int64_t us, bool answered);

#endif
