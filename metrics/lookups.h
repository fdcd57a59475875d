/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookups: what the resolver has counted, for any daemon that has one.
 */
#ifndef METRICS_LOOKUPS_H
#define METRICS_LOOKUPS_H

#include "metrics/exposition.h"
#include "resolver/resolver.h"

/* Any thread. */
void	lookups_write(struct exposition *x, struct resolver *r);

#endif
