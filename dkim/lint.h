/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: what a domain should mend in a key record of its own.
 */
#ifndef DKIM_LINT_H
#define DKIM_LINT_H

#include "base/lint.h"
#include "resolver/dns.h"

/*
 * Looks at the TXT records at `name`, an answer that is known, and reports
 * what is wrong with them, and where.  Whether a key can be used is asked of
 * the parser that judges mail.
 */
void	dkim_key_lint(struct slice name, const struct dns_answer *answer,
	    lint_fn *note, void *arg);

#endif
