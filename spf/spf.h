/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf: RFC 7208, with RFC 7372 and RFC 8616.
 *
 * spf_check() is a pure function of the request and of the answers in the
 * ledger.  It owns no socket, reads no clock, takes no lock, and keeps
 * nothing between two calls.
 */
#ifndef SPF_SPF_H
#define SPF_SPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/ipaddr.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mail/result.h"
#include "resolver/ledger.h"

enum spf_identity {
	SPF_HELO,	/* RFC 7208 2.3: postmaster@<helo> */
	SPF_MAILFROM	/* RFC 7208 2.4 */
};

struct spf_request {
	enum spf_identity	identity;
	struct ipaddr		ip;	/* family NONE: the result is none */
	/* As the client gave it. */
	struct slice		helo;
	/* SPF_MAILFROM: local-part and domain of the reverse-path.  Both
	   empty means "<>": postmaster@<helo> is checked.  An empty
	   local-part alone becomes "postmaster" (4.3). */
	struct slice		local;
	struct slice		domain;
	/* For %{r} and %{t} of an explanation. */
	struct slice		receiver;
	int64_t			now;	/* seconds since the Epoch */
	unsigned int		max_void;	/* 4.6.4; LIMIT_SPF_VOID is the
						   default of the setting */
};

struct spf_verdict {
	enum auth_result	result;
	/* The identity that was checked: its domain ("" when unusable) and,
	   for "<>", that HELO took its place (RFC 7208 2.4). */
	struct domain		domain;
	bool			helo_for_null;
	/* The term that decided, as it is in the record ("-all",
	   "include:x.example"), and the domain of that record; "" when none
	   matched.  Printable ASCII, cut when long. */
	char			mechanism[128];
	char			record_domain[DOMAIN_MAX + 1];
	/* Why, for none, temperror and permerror: our own short sentence,
	   static. */
	const char		*problem;
	/* Memory ran out, and temperror is no verdict: the caller must defer
	   the message, not judge it. */
	bool			no_memory;
	/* The name that `problem` is about; "" when none. */
	char			problem_name[DOMAIN_MAX + 1];
	/* exp= of a fail (6.2), expanded: foreign text, printable ASCII,
	   cut at LIMIT_SPF_EXPLANATION; "" when there is none. */
	char			explanation[LIMIT_SPF_EXPLANATION + 1];
	/* What was counted (4.6.4), with the one that was too much. */
	unsigned int		terms;		/* of LIMIT_SPF_TERMS */
	unsigned int		voids;		/* terms that found nothing */
	/* Every answer behind the verdict was DNSSEC-authenticated;
	   exp= is none of them.  False when nothing was asked. */
	bool			authenticated;
	/* One of them had expired (dns.h). */
	bool			stale;
};

/*
 * One step of the evaluation, for callers that explain it: called in
 * evaluation order, and only in the call that returns CHECK_DONE.
 *
 * A record is reported as RECORD, TERM for each term up to the one that ended
 * it, RESULT; the record of an include or a redirect comes before the TERM
 * of that include or redirect.  In a record with a syntax error the term at
 * fault is the only TERM, with `fault` set; it is a part of the RECORD's
 * text, which may hold any octets.  A domain of which there
 * is no record to evaluate has no events of its own.
 */
struct spf_event {
	enum {
		SPF_EVENT_RECORD,	/* a record begins: text is all of it */
		SPF_EVENT_TERM,		/* a term was evaluated */
		SPF_EVENT_RESULT	/* a record ends: outcome is set */
	} kind;
	unsigned int		 depth;	/* 0: the first record; one more for
					   each include and redirect */
	struct slice		 domain;	/* of the record */
	struct slice		 text;	/* record or term */
	const char		*fault;	/* TERM: what is wrong with it, a
					   static sentence; NULL: nothing */
	size_t			 at;	/* then where it begins in the text of
					   the RECORD before it */
	/* TERM: the name looked up, "" when none, with its answer. */
	struct slice		 name;
	enum dns_type		 type;
	const struct dns_answer	*answer;	/* NULL: no lookup */
	bool			 matched;
	enum auth_result	 outcome;	/* RESULT */
	unsigned int		 terms, voids;	/* counted so far */
};

typedef void spf_trace_fn(void *arg, const struct spf_event *event);

/*
 * Checks one identity.  CHECK_PENDING: questions are in the ledger, call
 * again when some are answered; `out` is undefined.  CHECK_DONE: `out` is
 * the verdict.  `scratch` is reset at the start and used for the
 * evaluation; when it runs out `no_memory` is set.  `trace` may be
 * NULL.
 *
 * Asks ahead: all that the terms of the current record may need is noted in
 * one call, within the limits of 4.6.4, so the number of calls is the depth
 * of the tree.  A speculative answer never changes a verdict, nor a count.
 */
enum check_state	spf_check(const struct spf_request *request,
			    struct dns_ledger *ledger, struct arena *scratch,
			    spf_trace_fn *trace, void *trace_arg,
			    struct spf_verdict *out);

#endif
