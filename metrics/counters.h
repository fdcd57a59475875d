/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: what the records of messages add up to.
 *
 * Label values are words of ours (results, actions) or are in the
 * configuration (rules, domains that we sign for): no message can make a new
 * one.  LIMIT_METRICS_SERIES combinations are counted each by itself, what
 * comes after is counted under "(other)".
 *
 * Any thread.  The lock is held only to count one message or to copy the
 * numbers.
 */
#ifndef METRICS_COUNTERS_H
#define METRICS_COUNTERS_H

#include <stdint.h>

#include "event/event.h"
#include "metrics/exposition.h"

struct counters;

/* NULL: no memory. */
struct counters	*counters_new(void);
void		 counters_free(struct counters *c);

/* An event_writer_fn: `arg` is the counters. */
event_writer_fn	 counters_take;

/* All families, each with what it has counted. */
void		 counters_write(struct counters *c, struct exposition *x);

/* For one line about the daemon. */
struct counters_sum {
	uint64_t	messages;	/* that have ended */
	uint64_t	temperrors;	/* of them with a temperror */
};
void		 counters_sum(struct counters *c, struct counters_sum *out);

#endif
