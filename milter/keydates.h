/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydates: when the keys of the configuration sign, as metrics.
 */
#ifndef MILTER_KEYDATES_H
#define MILTER_KEYDATES_H

#include <stdint.h>

#include "config/config.h"
#include "message/signing.h"
#include "metrics/exposition.h"

/*
 * For each key with dates, when it begins and when it ends, and whether its
 * record is known to be in DNS (by `s`, which may be NULL); for each domain
 * that we sign for, when no key signs any more.  `now` in seconds since the
 * Epoch.  Of each kind LIMIT_METRICS_KEYS at most, in the order of the rules.
 */
void	keydates_write(struct exposition *x, const struct config *c,
	    const struct signing *s, int64_t now);
/* When no key of the rule signs any more; INT64_MAX: never. */
int64_t	keydates_end(const struct config_sign *rule, int64_t now);

#endif
