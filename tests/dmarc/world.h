/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world: a zone to check against, and a resolver that answers in the order
 * which a test wants.
 */
#ifndef TESTS_DMARC_WORLD_H
#define TESTS_DMARC_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dmarc/dmarc.h"
#include "resolver/ledger.h"
#include "resolver/zone.h"

/*
 * A zone from lines "NAME TXT VALUE", "NAME CNAME TARGET", or, without a
 * value, SERVFAIL, TIMEOUT, and EXISTS.  Ends the program when a line is
 * wrong.
 */
struct dns_zone	*world_zone(const char *lines);

#define WORLD_IDENTIFIERS 8

/* A request with the memory that it borrows. */
struct world_request {
	struct dmarc_request	request;
	struct mail_from	from;
	struct dmarc_identifier	identifiers[WORLD_IDENTIFIERS];
	struct domain		domains[WORLD_IDENTIFIERS];
};
/*
 * `from` is the text of a From field, NULL when there is none.
 * `identifiers` are words "dkim=pass:example.com" with a blank between;
 * the results are pass, fail, temperror, open.
 */
void	world_request(const char *from, const char *identifiers,
	    struct world_request *out);

enum world_order {
	WORLD_TOGETHER,		/* all questions of a call at once */
	WORLD_SINGLY,		/* the oldest one */
	WORLD_RANDOM		/* any number, any of those that are open */
};

#define WORLD_TRACE (16u << 10)

struct world_run {
	struct dmarc_verdict	verdict;
	unsigned int		calls;
	size_t			questions;
	/* The trace as text: "NAME: FOUND\n" */
	char			trace[WORLD_TRACE];
	size_t			trace_len;
};

/*
 * Runs a check to its end.  The ledger stays the caller's and may hold
 * answers.  `seed` is for WORLD_RANDOM.
 */
void	world_go_on(const struct world_request *r, const struct dns_zone *z,
	    struct dns_ledger *l, enum world_order order, uint32_t *seed,
	    struct world_run *out);
void	world_check(const struct world_request *r, const struct dns_zone *z,
	    enum world_order order, uint32_t *seed, struct world_run *out);
/* One call without trace. */
enum check_state	world_call(const struct world_request *r,
			    struct dns_ledger *l, struct dmarc_verdict *out);

/* All that is in a verdict, in one line of static memory. */
const char	*world_text(const struct dmarc_verdict *v);
/* The names in the ledger, with a blank between; the same. */
const char	*world_asked(const struct dns_ledger *l);

/* Pseudo-random, the same for the same seed. */
uint32_t	world_random(uint32_t *state);

#endif
