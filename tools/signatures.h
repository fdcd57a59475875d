/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signatures: what became of each signature, and why.
 */
#ifndef TOOLS_SIGNATURES_H
#define TOOLS_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/slice.h"
#include "dkim/doctor.h"
#include "dkim/trace.h"
#include "dkim/verify.h"
#include "dmarc/dmarc.h"
#include "mail/header.h"
#include "resolver/ledger.h"
#include "tools/text.h"
#include "tools/tool.h"

/* Besides what struct dkim_signature has.  Borrowed, or the arena's. */
struct signature_facts {
	const struct dkim_signature	*sig;
	struct dkim_trace		 trace;
	enum dmarc_alignment		 alignment;	/* as DMARC found */
	const struct dns_answer		*answer;	/* of the key; NULL:
							   not asked */
	/* Which edits broke it; set where that part differs. */
	bool				 header_differs, body_differs;
	struct dkim_cure		 header_cure, body_cure;
};

struct signatures {
	struct signature_facts	*list;
	size_t			 count;
	int64_t			 now;
	const struct mail_header *header;
};

/*
 * Of a message that has its verdicts.  `verifier` is its own, `alignments`
 * has one for each of its signatures.  What edits broke them is searched for
 * in header and `body`.  False: no memory.
 */
bool	signatures_read(struct signatures *s, struct tool *t,
	    const struct dkim_verifier *verifier,
	    const enum dmarc_alignment *alignments,
	    const struct mail_header *header, struct slice body,
	    const struct dns_ledger *ledger, int64_t now);

void	signatures_text(struct text *t, const struct signatures *s);
void	signatures_json(struct json *j, const char *key,
	    const struct signatures *s);

#endif
