/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: what a domain should fix in its own SPF record.
 */
#ifndef SPF_LINT_H
#define SPF_LINT_H

#include "base/arena.h"
#include "base/domain.h"
#include "base/lint.h"
#include "mail/result.h"
#include "resolver/ledger.h"

/* What an evaluation costs for a client that no term matches. */
struct spf_lint_sum {
	struct slice	record;		/* of the domain; borrowed from the
					   ledger; "" when there is no one */
	unsigned int	terms;		/* that look something up, of
					   LIMIT_SPF_TERMS */
	unsigned int	voids;		/* of them those that find nothing */
	unsigned int	depth;		/* records within records: 0 for the
					   one of the domain alone */
	unsigned int	errors;		/* notes of that weight */
};

/*
 * Follows the record of `domain` through its includes and its redirect, and
 * reports what is wrong on the way.  CHECK_PENDING: questions are in the
 * ledger, call again; notes come in the call that is done.  A term with a
 * macro depends on the message: it is counted and not followed.  Follows
 * SPF_LINT_TERMS terms at most.  `scratch` is reset at the start.
 */
#define SPF_LINT_TERMS	40
enum check_state	spf_lint(const struct domain *domain,
			    struct dns_ledger *ledger, struct arena *scratch,
			    lint_fn *note, void *arg,
			    struct spf_lint_sum *out);

#endif
