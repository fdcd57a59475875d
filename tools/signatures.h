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
#include "dkim/verify.h"
#include "dkim/signature.h"
#include "dmarc/dmarc.h"
#include "mail/header.h"
#include "resolver/ledger.h"
#include "tools/text.h"
#include "tools/tool.h"

enum signature_header {
	SIGNATURE_HEADER_UNKNOWN,	/* no key to tell by */
	SIGNATURE_HEADER_GOOD,		/* as it was signed */
	SIGNATURE_HEADER_DIFFERS	/* changed, or another key */
};

/* Besides what struct dkim_signature tells.  Borrowed, or the arena's. */
struct signature_facts {
	const struct dkim_signature	*sig;
	enum dmarc_alignment		 alignment;	/* as DMARC found */
	bool				 usable;	/* `request` is set */
	struct dkim_request		 request;
	int64_t				 signed_at;	/* t=; -1: absent */
	int64_t				 expires_at;	/* x=; -1: absent */
	struct slice			 canonicalization;	/* c= */
	struct slice			 bh;		/* as written */
	struct slice			 length;	/* l= as written */
	const struct dns_answer		*answer;	/* of the key; NULL:
							   not asked */
	bool				 body_known;
	unsigned char			 body_hash[DKIM_SHA256_LEN];
	enum signature_header		 header;
	size_t				 names;		/* in h= */
	size_t				 absent;	/* of them */
};

struct signatures {
	struct signature_facts	*list;
	size_t			 count;
	int64_t			 now;
};

/*
 * Hashes header and body again, and looks at both apart from each other,
 * which the verifier does not: it ends with the first fault.  `alignments`
 * has one for each of the list.  False: no memory.
 */
bool	signatures_read(struct signatures *s, struct tool *t,
	    const struct dkim_signature *list,
	    const enum dmarc_alignment *alignments, size_t count,
	    const struct mail_header *header, struct slice body,
	    const struct dns_ledger *ledger, int64_t now);

void	signatures_text(struct text *t, const struct signatures *s);
void	signatures_json(struct json *j, const char *key,
	    const struct signatures *s);

#endif
