/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc: RFC 9989.
 *
 * dmarc_check() is a pure function of the Author Domain, of the identifiers
 * that other checks authenticated, and of the answers in the ledger.  It
 * knows neither SPF nor DKIM.
 */
#ifndef DMARC_DMARC_H
#define DMARC_DMARC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mail/address.h"
#include "mail/result.h"
#include "resolver/ledger.h"

enum dmarc_method {
	DMARC_SPF,	/* domain of MAIL FROM, never HELO's own check */
	DMARC_DKIM	/* d= */
};

enum dmarc_certainty {
	DMARC_IS_PASS,		/* authenticated */
	DMARC_IS_NOT_PASS,	/* not authenticated, for good */
	DMARC_IS_TEMPERROR,	/* could not be found out: DNS */
	DMARC_IS_OPEN		/* not known yet: asks ahead as if it passed */
};

/* An identifier that may be aligned with the Author Domain (4.4). */
struct dmarc_identifier {
	enum dmarc_method	method;
	enum dmarc_certainty	certainty;
	struct slice		domain;	/* in the form of domain_parse() */
};

struct dmarc_request {
	const struct mail_from		*from;
	/* What is past LIMIT_DMARC_IDENTIFIERS is left out. */
	const struct dmarc_identifier	*identifiers;
	size_t				 count;
};

enum dmarc_policy {
	DMARC_POLICY_NONE,
	DMARC_POLICY_QUARANTINE,
	DMARC_POLICY_REJECT
};

/*
 * Of an identifier with the Author Domain (4.4, 4.10.2), whether it passed
 * or not: found by the Tree Walk alone.
 */
enum dmarc_alignment {
	DMARC_NOT_ALIGNED,
	DMARC_ALIGNED_STRICT,	/* the same name: in either mode */
	DMARC_ALIGNED_RELAXED,	/* the same Organizational Domain, and the
				   mode is relaxed */
	DMARC_NOT_KNOWN		/* a lookup that it takes has failed */
};

/* What a record says (RFC 9989 4.7); what is not there is false: relaxed. */
enum dmarc_psd { DMARC_PSD_U, DMARC_PSD_Y, DMARC_PSD_N };

struct dmarc_record {
	bool			has_p, has_sp, has_np;	/* with a good value */
	bool			bad_policy;	/* p, sp or np not valid */
	bool			has_rua;	/* a syntactically valid URI */
	enum dmarc_policy	p, sp, np;
	bool			strict_dkim, strict_spf;
	bool			testing;
	enum dmarc_psd		psd;
	size_t			errors;		/* tags ignored as wrong */
};

struct dmarc_verdict {
	/* none, pass, fail, temperror, permerror */
	enum auth_result	result;
	struct domain		from_domain;	/* len 0: none usable */
	/* Where the policy was found (4.10.1), and the Organizational
	   Domain of the Author Domain (4.10.2); len 0: not found out. */
	struct domain		policy_domain;
	struct domain		organizational_domain;
	bool			has_record;
	struct dmarc_record	record;	/* all false without one */
	/* What p, or sp or np where they apply, says; and what is left of it
	   after t=y.  np only where it says something else than sp and p
	   would: otherwise the Author Domain is not looked up.  With a
	   pass although that could not be found out: what existing domains
	   get. */
	enum dmarc_policy	published;
	enum dmarc_policy	applied;
	const char		*tag;	/* "p", "sp", "np"; NULL: no record */
	/* One for each identifier of the request, in its order, also when
	   there is no record.  All are "not aligned" when From does not name
	   one domain. */
	enum dmarc_alignment	alignments[LIMIT_DMARC_IDENTIFIERS];
	/* The identifiers that made it pass; index in the request, -1: none
	   of this method, or the result is another.  Of several: the first
	   that is the Author Domain itself, or else the first. */
	int			aligned_spf;
	int			aligned_dkim;
	/* Why: a static sentence of ours, for permerror, temperror, none. */
	const char		*problem;
	/* Memory ran out, and temperror is no verdict: who asks has to defer
	   the message, not to judge it. */
	bool			no_memory;
	/* All answers that were needed for it were DNSSEC-authenticated;
	   false when none was.  Those about identifiers that did not pass
	   are not needed. */
	bool			authenticated;
	/* One of them had expired (dns.h). */
	bool			stale;
};

/*
 * One lookup, for who wants to explain them: the walk from the Author Domain
 * up to where it stops (4.10), then the Author Domain itself when its
 * existence was asked for (4.10.1), then for each identifier that needs a
 * walk the names that are not in the first walk.
 */
struct dmarc_step {
	struct slice		 name;	/* "_dmarc.example.com" */
	const struct dns_answer	*answer;	/* NULL: too long to ask */
	const char		*found;	/* "policy record", "no record",
					   "several records: ignored" ... */
};
typedef void dmarc_trace_fn(void *arg, const struct dmarc_step *step);

const char	*dmarc_policy_name(enum dmarc_policy p);

/* "none", "strict", "relaxed", "unknown" */
const char	*dmarc_alignment_name(enum dmarc_alignment a);

/* Aligned in the mode that counts; false for what is not known. */
static inline bool
dmarc_is_aligned(enum dmarc_alignment a)
{
	return a == DMARC_ALIGNED_STRICT || a == DMARC_ALIGNED_RELAXED;
}

/*
 * CHECK_PENDING: questions are in the ledger; call again.  CHECK_DONE:
 * `out` is the verdict.  Open identifiers count as not passed; when they are
 * not open any more a further call is done at once: what is asked does not
 * depend on who passed.
 *
 * Asks all names of the walk from the Author Domain in one call, then the
 * further names that identifiers below its Organizational Domain need, which
 * are LIMIT_DMARC_NAMES at most: those that need few come first, then the
 * order of the request.  One that has no part in them is not aligned.
 *
 * `scratch` is reset at the start and used for the evaluation; when it runs
 * out `no_memory` is set.  `trace` may be NULL; it is called in the
 * call that returns CHECK_DONE, and what it is given lives as long as that
 * call.
 */
enum check_state	dmarc_check(const struct dmarc_request *request,
			    struct dns_ledger *ledger, struct arena *scratch,
			    dmarc_trace_fn *trace, void *trace_arg,
			    struct dmarc_verdict *out);

/* ---- records, for those who look at one (RFC 9989 4.7, 4.8) ---- */

/* It begins with a good v tag: one of the records that 4.10 counts. */
bool	dmarc_record_is(struct slice text);
/*
 * False: it is no DMARC record, or one past LIMIT_DMARC_RECORD or
 * LIMIT_DMARC_TAGS, which is none for us.
 */
bool	dmarc_record_parse(struct slice text, struct dmarc_record *out);

/* A URI of a record, borrowed; false: no more of them. */
typedef bool	dmarc_uri_fn(void *arg, struct slice uri);
/* The syntactically valid URIs of the rua of a record, in their order. */
void	dmarc_record_rua(struct slice text, dmarc_uri_fn *fn, void *arg);

#endif
