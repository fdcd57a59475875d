/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics: lines of the log about DNS.
 */
#ifndef MILTER_STATISTICS_H
#define MILTER_STATISTICS_H

#include "resolver/resolver.h"
#include "resolver/statistics.h"

/* A line of totals, one for each name server, one for each of the domains
   that were slowest; all since the start. */
void	statistics_log(struct resolver *r);
/* The same since the last such lines, which `before` holds; zero at first.
   Nothing when nothing was asked. */
void	statistics_log_since(struct resolver *r,
	    struct resolver_statistics *before);

#endif
