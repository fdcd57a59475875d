/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: what a domain should fix in its own DMARC record.
 */
#ifndef DMARC_LINT_H
#define DMARC_LINT_H

#include "base/lint.h"
#include "resolver/dns.h"

/*
 * Looks at the TXT records of "_dmarc." before `domain`, an answer that is
 * known, and reports what is wrong with them, and what to publish.  The parser
 * for mail decides whether something is wrong.
 */
void	dmarc_lint(struct slice domain, const struct dns_answer *answer,
	    lint_fn *note, void *arg);

#endif
