/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deferral: for how long a sender has been deferred.
 *
 * A rule that defers may be bounded in time: a sender that has been deferred
 * for that long is accepted, for any reason, so that DNS that stays broken
 * delays mail and does not lose it.
 *
 * A sender is the network of the client (/24 or /64: a sender tries again
 * from a neighbour of the same farm) and the envelope sender, without regard
 * to case.  LIMIT_DEFERRALS of them are remembered, LIMIT_DEFERRALS_NETWORK
 * of one network, in memory that is allocated once.  When there is no room
 * the one used longest ago goes, and starts again if it comes back; one that
 * has come again after LIMIT_DEFERRAL_AGAIN seconds stays before those that
 * have not, so that a flood of new senders does not push it out.
 *
 * From any thread.  The caller says the time, in seconds of any clock; with
 * one that is set back an entry starts again at worst, and no sender is
 * deferred for longer than `at_most` after that.
 */
#ifndef POLICY_DEFERRAL_H
#define POLICY_DEFERRAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/limits.h"
#include "mail/address.h"
#include "policy/policy.h"

struct deferral_table;

/* NULL: no memory. */
struct deferral_table	*deferral_new(void);
void			 deferral_free(struct deferral_table *t);

/* How many senders are remembered. */
unsigned int	deferral_count(struct deferral_table *t);

/*
 * There is a reason to defer this sender now.  True while less than
 * `at_most` seconds (above 0) have gone by since the first such reason.
 * Then false, until there has been no reason for `at_most` seconds: after
 * that the next one is a first again.  Each `at_most` has its own clock.
 *
 * A sender that comes back late or not at all, after its time is over, is
 * remembered for LIMIT_DEFERRAL_RETRY seconds longer.
 */
bool	deferral_may_defer(struct deferral_table *t,
	    const struct ipaddr *client, const struct mail_path *sender,
	    int64_t now, unsigned int at_most);

/*
 * Turns a decision to defer into one to accept, with `deferral_over` set,
 * when its rule has a bound and that is over; does not change any other.
 */
void	deferral_limit(struct deferral_table *t, const struct ipaddr *client,
	    const struct mail_path *sender, int64_t now,
	    struct policy_decision *d);

#endif
