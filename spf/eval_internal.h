/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eval: what the files of the SPF evaluation share.  For spf/ alone.
 */
#ifndef SPF_EVAL_INTERNAL_H
#define SPF_EVAL_INTERNAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/domain.h"
#include "mail/result.h"
#include "resolver/ledger.h"
#include "spf/macro_internal.h"
#include "spf/record_internal.h"
#include "spf/spf.h"

/*
 * The result of a record or a term is a set: one member when all answers
 * are known, else all that are still possible.
 *
 * Of a record: SPF_SET(AUTH_PASS) and so on.
 * Of a term: whether it matches, and the errors as for a record.
 */
#define SPF_SET(result)		(1u << (result))
#define SPF_MATCH		SPF_SET(AUTH_PASS)
#define SPF_NO_MATCH		SPF_SET(AUTH_NEUTRAL)
#define SPF_TEMPERROR		SPF_SET(AUTH_TEMPERROR)
#define SPF_PERMERROR		SPF_SET(AUTH_PERMERROR)
#define SPF_ERRORS		(SPF_TEMPERROR | SPF_PERMERROR)
#define SPF_ANY_TERM		(SPF_MATCH | SPF_NO_MATCH | SPF_ERRORS)
/* A term whose target-name is no name (4.8). */
#define SPF_NO_TARGET		SPF_SET(AUTH_RESULTS)

/* What a verdict says of the way to it. */
struct spf_tally {
	unsigned int	terms;		/* that look something up, 4.6.4 */
	unsigned int	voids;
	bool		ptr;		/* the PTR query is counted */
	bool		authenticated;	/* all answers used so far */
	bool		stale;		/* one of them */
};

struct spf_eval {
	const struct spf_request	*request;
	struct dns_ledger		*ledger;
	struct arena			*scratch;
	spf_trace_fn			*trace;
	void				*trace_arg;
	struct spf_verdict		*out;
	struct spf_macros		 macros;
	bool				 local_8bit;	/* RFC 8616 */
	/* An answer was missing: nothing is decided any more, the walk goes
	   on to ask ahead. */
	bool				 pending;
	struct spf_tally		 tally;
	/* Validated names of the client, for %{p}; borrowed. */
	bool				 names_known;
	size_t				 name_count;
	struct slice			 names[LIMIT_SPF_PTR];
};

/* The current record. */
struct spf_frame {
	const struct domain	*domain;
	unsigned int		 depth;
	/* Its result is the verdict's: the first record, and those that it
	   redirects to. */
	bool			 final;
};

/* The lookup of a term, kept for the trace.  Zeroed at first. */
struct spf_lookup {
	struct domain		 name;
	enum dns_type		 type;
	bool			 ahead;	/* it may not be needed */
	const struct dns_answer	*answer;
	struct dns_entry	*question;	/* NULL: not put, or not yet */
};

/* ---- eval.c: check_host() of section 4, from step 2 on ---- */

unsigned int	spf_eval_domain(struct spf_eval *e,
		    const struct domain *domain);

/* ---- lookup.c: questions and counters ---- */

/* Says why the verdict is what it is; the first one stays. */
void	spf_problem(struct spf_eval *e, const char *problem,
	    struct slice name);
/* Says that memory ran out: SPF_TEMPERROR. */
unsigned int	spf_no_memory(struct spf_eval *e);
/*
 * The answer to look->name, or NULL when it is not known.  Then nothing is
 * decided any more.
 */
const struct dns_answer	*spf_ask(struct spf_eval *e, struct spf_lookup *look,
			    enum dns_type type);
/*
 * The result of that answer: 0 when it was found, SPF_NO_MATCH when it is
 * void and that is allowed, an error, or SPF_ANY_TERM when it is not known.
 */
unsigned int	spf_settle(struct spf_eval *e, const struct spf_lookup *look);
/* Both. */
unsigned int	spf_look_up(struct spf_eval *e, struct spf_lookup *look,
		    enum dns_type type);

/* Says that an answer is an error: SPF_TEMPERROR. */
unsigned int	spf_failure(struct spf_eval *e, const struct dns_answer *a,
		    struct slice name);

/* A or AAAA, by the family of the client (5). */
enum dns_type	spf_host_type(const struct spf_eval *e);
/* As spf_ask(), for the addresses of a host: one of the first LIMIT_SPF_MX
   records of look->answer. */
const struct dns_answer	*spf_ask_host(struct spf_eval *e,
			    const struct spf_lookup *look, size_t i);
/* True when one of the addresses has the first bits of the client's. */
bool	spf_has_client(const struct spf_eval *e, const struct dns_answer *a,
	    unsigned int bits4, unsigned int bits6);

/* One more term that looks something up; false past the limit. */
bool	spf_count_term(struct spf_eval *e);
/*
 * One more term that does not match and found nothing, at `name`:
 * SPF_NO_MATCH, or past the limit SPF_PERMERROR.
 */
unsigned int	spf_count_void(struct spf_eval *e, struct slice name);
/*
 * The target-name of a term (4.8) in look->name, and 0.  Otherwise the
 * result of the term without it.
 */
unsigned int	spf_target(struct spf_eval *e, const struct spf_frame *f,
		    const struct spf_term *t, struct spf_lookup *look);
/* Puts the name of the client's PTR records into look->name (5.5). */
void	spf_reverse_name(const struct spf_eval *e, struct spf_lookup *look);
/* Sets the value of %{p} in this record; 0, or the result of a term. */
unsigned int	spf_client_name(struct spf_eval *e, const struct spf_frame *f);

/* ---- explain.c ---- */

/*
 * Fetches what `exp` names and puts the explanation into the verdict (6.2).
 * Counters do not change.
 */
void	spf_explain(struct spf_eval *e, const struct spf_frame *f,
	    const struct spf_term *exp);

#endif
