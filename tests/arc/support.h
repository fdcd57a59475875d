/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support: a message's way through the validator of a chain.
 */
#ifndef TESTS_ARC_SUPPORT_H
#define TESTS_ARC_SUPPORT_H

#include "arc/arc.h"
#include "tests/dkim/support.h"

struct arc_run {
	struct arena			*arena;
	struct mail_header		 header;
	struct dns_ledger		*ledger;
	struct dkim_verifier		*dkim;		/* hashes the body */
	struct arc_validator		*validator;
	const struct arc_verdict	*verdict;
};

extern const struct arc_options	arc_test_options;

/* A file below tests/data/arc, and the zone of its keys.txt. */
struct text	arc_read(const char *name);
struct dns_zone	*arc_zone(void);

/*
 * The whole life of a message, the body in pieces of `chunk` octets; `zone`
 * NULL: no question is answered.  False when there was no memory to begin.
 * arc_run_fini() in any case.
 */
bool	arc_run_message(struct arc_run *r, struct dkim_context *ctx,
	    const struct arc_options *options, const struct dns_zone *zone,
	    struct slice message, size_t chunk);
void	arc_run_fini(struct arc_run *r);

#endif
