/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports: where a DMARC record sends aggregate reports, and whether those
 * who get them want them (RFC 9990).
 */
#ifndef TOOLS_REPORTS_H
#define TOOLS_REPORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/json.h"
#include "base/lint.h"
#include "dmarc/dmarc.h"
#include "resolver/ledger.h"
#include "tools/text.h"

#define REPORTS_MAX 10		/* addresses of one record that are looked at */

struct report_target {
	struct slice		 uri;		/* borrowed from the answer */
	struct domain		 domain;	/* len 0: not an address */
	bool			 foreign;	/* it has to agree */
	struct domain		 name;		/* where it says so */
	const struct dns_answer	*answer;	/* NULL: not asked */
	bool			 agrees;
};

struct reports {
	struct slice		 record_name;	/* borrowed from the ledger */
	struct report_target	 targets[REPORTS_MAX];
	size_t			 count;
	bool			 more;
};

/* True: all is known.  `v` is a verdict that is done. */
bool	reports_ask(const struct dmarc_verdict *v, struct dns_ledger *ledger,
	    struct reports *out);
void	reports_text(struct text *t, const struct reports *r);
void	reports_json(struct json *j, const char *key,
	    const struct reports *r);
void	reports_lint(const struct reports *r, lint_fn *note, void *arg);

#endif
