/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace: what a verifier found of each signature, for those who explain it.
 *
 * The verdict is that of the first fault (struct dkim_signature); a trace has
 * header and body each by itself, so that it is known which was changed.
 */
#ifndef DKIM_TRACE_H
#define DKIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim/crypto.h"
#include "dkim/signature.h"
#include "dkim/verify.h"

enum dkim_trace_header {
	DKIM_TRACE_UNKNOWN,	/* no key, or no memory, to check it with */
	DKIM_TRACE_GOOD,	/* as it was signed */
	DKIM_TRACE_DIFFERS	/* changed, or signed with another key */
};

struct dkim_trace {
	/* What the field asks for; the verifier's.  Times and texts are there
	   as far as they could be read. */
	const struct dkim_request	*request;
	/* It was checked, else nothing below is set. */
	bool				 checked;
	enum dkim_trace_header		 header;
	bool				 body_known;
	unsigned char			 body_hash[DKIM_SHA256_LEN];
	size_t				 names;		/* in h= */
	size_t				 absent;	/* of them: no field
							   left for it */
};

/*
 * Of the signature with this index, after dkim_verifier_finish(), with the
 * same header and ledger.  Costs up to LIMIT_DKIM_KEY_RECORDS checks of a
 * signature.
 */
void	dkim_verifier_trace(const struct dkim_verifier *v, size_t i,
	    const struct mail_header *header,
	    const struct dns_ledger *ledger, struct dkim_trace *out);

#endif
