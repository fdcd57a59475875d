/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: what a domain should fix in its own key record.
 */
#ifndef DKIM_LINT_H
#define DKIM_LINT_H

#include "base/lint.h"
#include "resolver/dns.h"

/*
 * Looks at the TXT records at `name`, an answer that is known, and reports
 * what is wrong with them, and where.  The parser for mail decides whether a
 * key can be used.
 */
void	dkim_key_lint(struct slice name, const struct dns_answer *answer,
	    lint_fn *note, void *arg);

#endif
