/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ahead: questions that nobody waits for yet, so that nobody will have to.
 *
 * Each is a query like any other, whose answer goes to the cache; who asks
 * the same joins it.  They never come in the way: none is begun while
 * LIMIT_DNS_AHEAD_ROOM questions wait or are in progress, or LIMIT_DNS_AHEAD
 * of them are, and those that wait still are given up first when places get
 * short.  The lock of the resolver is held for all of this.
 */
#ifndef RESOLVER_AHEAD_INTERNAL_H
#define RESOLVER_AHEAD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "resolver/table_internal.h"

struct guess;
struct resolver;
struct resolver_wait;

struct ahead {
	LIST_HEAD(, guess)	guesses;	/* all zero: empty */
	size_t			count;
};

/*
 * `w` asks for `key`: asks what the path of that name leads to, as far as it
 * is not in the cache.  True when the resolver's thread has something to do.
 */
bool	ahead_follow(struct resolver *r, const struct table_key *key,
	    const struct resolver_wait *w, int64_t now_us);
/* The entry for `key` is at its end; likewise. */
bool	ahead_renew(struct resolver *r, const struct table_key *key,
	    const struct resolver_wait *w, int64_t now_us);
/* A question waits that is no guess: gives up guesses, if it must be. */
void	ahead_yield(struct resolver *r);

#endif
