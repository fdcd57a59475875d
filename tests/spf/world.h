/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world: a zone to check against, and a resolver that answers in the order
 * which a test wants.
 */
#ifndef TESTS_SPF_WORLD_H
#define TESTS_SPF_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/ledger.h"
#include "resolver/zone.h"
#include "spf/spf.h"

/*
 * A zone from lines "NAME TYPE VALUE": A, AAAA, PTR, TXT, CNAME, MX with
 * "PREFERENCE NAME" ("." is the root), or TIMEOUT and SERVFAIL without a
 * value.  Ends the program when a line is wrong.
 */
struct dns_zone	*world_zone(const char *lines);
void		 world_add(struct dns_zone *z, const char *line);

/* A request for MAIL FROM; an address without "@" is "<>". */
struct spf_request	world_request(const char *ip, const char *helo,
			    const char *mailfrom);

enum world_order {
	WORLD_TOGETHER,		/* all questions of a call at once */
	WORLD_SINGLY,		/* the oldest one */
	WORLD_RANDOM		/* any of those that are open */
};

#define WORLD_TRACE (64u << 10)

struct world_run {
	struct spf_verdict	verdict;
	unsigned int		calls;
	size_t			questions;
	/* The trace as text, cut when long, and how often it was called. */
	unsigned int		events;
	char			trace[WORLD_TRACE];
	size_t			trace_len;
};

/* Runs a check to its end.  `seed` is for WORLD_RANDOM. */
void	world_check(const struct spf_request *request,
	    const struct dns_zone *z, enum world_order order, uint32_t seed,
	    struct world_run *out);
/*
 * Goes on with a ledger that may hold answers; the ledger stays the
 * caller's.
 */
void	world_go_on(const struct spf_request *request,
	    const struct dns_zone *z, struct dns_ledger *l,
	    enum world_order order, uint32_t seed, struct world_run *out);
/* A call without trace. */
enum check_state	world_call(const struct spf_request *request,
			    struct dns_ledger *l, struct spf_verdict *out);

/* Pseudo-random, the same for the same seed. */
uint32_t	world_random(uint32_t *state);

#endif
