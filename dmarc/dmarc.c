/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc: one evaluation, from the From field to the verdict (RFC 9989 5.3).
 *
 * 1. The Author Domain (5.3.1).  None, or more than one: permerror.
 * 2. One walk from it serves policy discovery and alignment (4.10.2); all
 *    its names are asked in one call.
 * 3. Policy discovery (4.10.1).  The policy record is that of the Author
 *    Domain, else of its Organizational Domain, else of the public suffix.
 *    None, or none that can be used: none.  A failed lookup may only be
 *    passed over when the Author Domain has a record itself.
 * 4. p, sp or np (4.10.1).  The existence of the Author Domain is asked for
 *    when np is known and says something else than sp and p.
 * 5. Alignment of each identifier (4.4, 4.10.2), passed or not, record or
 *    not: what reads it may ask for the one that did not pass, too.
 *    a. The same name is aligned.
 *    b. In strict mode no other is.
 *    c. An Organizational Domain is the name itself or is above it, so
 *       no name is aligned that is not at or below that of the Author
 *       Domain.
 *    d. Without any record in its walk the Author Domain is its own
 *       Organizational Domain, and no name below can have it for theirs.
 *    e. The others have walks of their own, the short ones first, as long
 *       as there are lookups left (LIMIT_DMARC_NAMES).
 * 6. The result (5.3.5, 5.3.6), if step 3 has not settled it.  Aligned and
 *    passed: pass, even if others failed.  Aligned as far as is known, and
 *    passed as far as is known, but one of both is not known: temperror.
 *    Else fail, if the policy is known.
 *
 * Questions are noted in steps 2, 4 and 5; when one is open the evaluation
 * ends after that step.  No question depends on which identifiers passed.
 */
#include "dmarc/dmarc.h"

#include <string.h>

#include "dmarc/walk_internal.h"

struct dmarc_eval {
	const struct dmarc_request	*request;
	struct dns_ledger		*ledger;
	struct arena			*scratch;
	struct dmarc_verdict		*out;
	struct slice			 author;
	struct dmarc_walk		 walk;		/* from the author */
	const struct dmarc_place	*policy;	/* its record */
	bool				 asked_existence;
	const struct dns_answer		*existence;
	size_t				 count;		/* of identifiers */
	/* For each identifier, NULL: none was needed. */
	const struct dmarc_walk		*walks[LIMIT_DMARC_IDENTIFIERS];
	bool				 settled;	/* by step 3 */
};

/* Ends a step: the result is settled. */
static bool
settle(struct dmarc_eval *e, enum auth_result result, const char *problem)
{
	e->out->result = result;
	e->out->problem = problem;
	return false;
}

/* ---- step 1 ---- */

static const char *
from_problem(const struct mail_from *from)
{
	if (from->problem != NULL)
		return from->problem;
	switch (from->state) {
	case MAIL_FROM_ABSENT:
		return "there is no From field";
	case MAIL_FROM_MULTIPLE:
		return "From has more than one domain";
	case MAIL_FROM_OK:
	case MAIL_FROM_SLOPPY:
	case MAIL_FROM_UNPARSABLE:
		break;
	}
	return "From has no domain that can be read";
}

static bool
find_author(struct dmarc_eval *e)
{
	const struct mail_from *from = e->request->from;

	if (!mail_from_has_author(from) || from->domain.len == 0)
		return settle(e, AUTH_PERMERROR, from_problem(from));
	e->out->from_domain = from->domain;
	e->author = domain_slice(&from->domain);
	return true;
}

/* ---- step 3 ---- */

static void
copy_domain(struct slice name, struct domain *out)
{
	if (name.len > DOMAIN_MAX)
		name.len = 0;
	if (name.len > 0)
		memcpy(out->text, name.ptr, name.len);
	out->text[name.len] = '\0';
	out->len = name.len;
}

static const struct dmarc_place *
record_at(const struct dmarc_walk *w, struct slice name)
{
	size_t i;

	for (i = 0; i < w->end; i++) {
		if (w->places[i].found == DMARC_FOUND_RECORD &&
		    slice_eq(w->places[i].name, name))
			return &w->places[i];
	}
	return NULL;
}

/* The record that ended the walk as that of a public suffix. */
static const struct dmarc_place *
suffix_record(const struct dmarc_walk *w)
{
	const struct dmarc_place *last = &w->places[w->end - 1];

	return last->found == DMARC_FOUND_RECORD &&
	    last->record.psd == DMARC_PSD_Y ? last : NULL;
}

/* 4.10.1: without a good policy it takes an address that wants reports. */
static bool
is_usable(const struct dmarc_record *r)
{
	return !r->bad_policy || r->has_rua;
}

static bool
find_policy(struct dmarc_eval *e)
{
	struct slice org = dmarc_walk_organization(&e->walk);
	bool failed = dmarc_walk_has_failed(&e->walk);

	if (!failed)
		copy_domain(org, &e->out->organizational_domain);
	e->policy = record_at(&e->walk, e->author);
	if (e->policy == NULL && failed)
		return settle(e, AUTH_TEMPERROR,
		    "DNS failed on the way to the policy record");
	if (e->policy == NULL)
		e->policy = record_at(&e->walk, org);
	if (e->policy == NULL)
		e->policy = suffix_record(&e->walk);
	if (e->policy == NULL)
		return settle(e, AUTH_NONE, "no policy record");
	if (!is_usable(&e->policy->record))
		return settle(e, AUTH_NONE,
		    "the policy record has no valid policy");
	e->out->has_record = true;
	e->out->record = e->policy->record;
	copy_domain(e->policy->name, &e->out->policy_domain);
	return true;
}

/* ---- step 4 ---- */

static void
set_policy(struct dmarc_eval *e, enum dmarc_policy p, const char *tag)
{
	e->out->published = p;
	e->out->tag = tag;
}

/* p, and sp for a domain below the policy record's. */
static void
set_existing_policy(struct dmarc_eval *e)
{
	const struct dmarc_record *r = &e->policy->record;

	if (r->bad_policy)
		set_policy(e, DMARC_POLICY_NONE, "p");
	else if (r->has_sp && !slice_eq(e->policy->name, e->author))
		set_policy(e, r->sp, "sp");
	else
		set_policy(e, r->p, "p");
}

/* 4.7, t: one step lower. */
static enum dmarc_policy
soften(enum dmarc_policy p)
{
	return p == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE :
	    DMARC_POLICY_NONE;
}

/* 4.10.1: any type will do, and SPF has often asked for TXT. */
static void
choose_policy(struct dmarc_eval *e)
{
	const struct dmarc_record *r = &e->policy->record;
	struct dmarc_verdict *out = e->out;

	set_existing_policy(e);
	if (!r->bad_policy && r->has_np && r->np != out->published &&
	    !slice_eq(e->policy->name, e->author)) {
		e->asked_existence = true;
		e->existence = dns_ledger_ask(e->ledger, e->author,
		    DNS_TYPE_TXT);
		if (e->existence != NULL &&
		    e->existence->outcome == DNS_NO_NAME)
			set_policy(e, r->np, "np");
	}
	out->applied = r->testing ? soften(out->published) : out->published;
}

/* ---- step 5 ---- */

const char *
dmarc_alignment_name(enum dmarc_alignment a)
{
	switch (a) {
	case DMARC_NOT_ALIGNED:
		return "none";
	case DMARC_ALIGNED_STRICT:
		return "strict";
	case DMARC_ALIGNED_RELAXED:
		return "relaxed";
	case DMARC_NOT_KNOWN:
		break;
	}
	return "unknown";
}

static bool
is_strict(const struct dmarc_eval *e, enum dmarc_method method)
{
	return method == DMARC_SPF ? e->out->record.strict_spf :
	    e->out->record.strict_dkim;
}

/* 5a to 5d.  What is left to a walk is not known yet. */
static enum dmarc_alignment
align_by_name(const struct dmarc_eval *e, const struct dmarc_identifier *id)
{
	if (id->domain.len == 0)
		return DMARC_NOT_ALIGNED;
	if (slice_eq(id->domain, e->author))
		return DMARC_ALIGNED_STRICT;
	if (is_strict(e, id->method) || !domain_is_at_or_below(id->domain,
	    dmarc_walk_organization(&e->walk)))
		return DMARC_NOT_ALIGNED;
	return dmarc_walk_has_record(&e->walk) ||
	    dmarc_walk_has_failed(&e->walk) ? DMARC_NOT_KNOWN :
	    DMARC_NOT_ALIGNED;
}

/* The walk of an earlier identifier from the same name, or NULL. */
static const struct dmarc_walk *
same_walk(const struct dmarc_eval *e, struct slice domain)
{
	size_t i;

	for (i = 0; i < e->count; i++) {
		if (e->walks[i] != NULL &&
		    slice_eq(e->walks[i]->places[0].name, domain))
			return e->walks[i];
	}
	return NULL;
}

static const struct dmarc_walk *
new_walk(struct dmarc_eval *e, struct slice domain)
{
	struct dmarc_walk *w = arena_alloc(e->scratch, sizeof(*w));

	if (w != NULL)
		dmarc_walk_read(w, domain, &e->walk, e->ledger);
	return w;
}

/*
 * 5e for identifier `i`, with `own` names of its own; `*left` is what is
 * left of LIMIT_DMARC_NAMES.  False: no memory.
 */
static bool
align_by_walk(struct dmarc_eval *e, size_t i, size_t own, size_t *left)
{
	enum dmarc_alignment *aligned = &e->out->alignments[i];
	struct slice domain = e->request->identifiers[i].domain;
	const struct dmarc_walk *w = same_walk(e, domain);

	if (w == NULL && own > *left) {
		*aligned = DMARC_NOT_ALIGNED;
		return true;
	}
	if (w == NULL) {
		w = new_walk(e, domain);
		*left -= own;
	}
	if (w != NULL && !dmarc_walk_is_open(w))
		*aligned = dmarc_walk_align(&e->walk, w);
	e->walks[i] = w;
	return w != NULL;
}

#define NO_WALK (LIMIT_DMARC_WALK + 1)

/*
 * Without a policy record the mode is not known, or there is nothing to be
 * known by a walk.  False: no memory.
 */
static bool
align_all(struct dmarc_eval *e)
{
	size_t own[LIMIT_DMARC_IDENTIFIERS];
	size_t i, n, left = LIMIT_DMARC_NAMES;

	for (i = 0; i < e->count; i++) {
		e->out->alignments[i] = align_by_name(e,
		    &e->request->identifiers[i]);
		own[i] = NO_WALK;
		if (e->policy != NULL &&
		    e->out->alignments[i] == DMARC_NOT_KNOWN)
			own[i] = dmarc_walk_own(
			    e->request->identifiers[i].domain, &e->walk);
	}
	for (n = 0; n < NO_WALK; n++) {
		for (i = 0; i < e->count; i++) {
			if (own[i] == n && !align_by_walk(e, i, n, &left))
				return false;
		}
	}
	return true;
}

static bool
is_open(const struct dmarc_eval *e)
{
	size_t i;

	if (e->asked_existence && e->existence == NULL)
		return true;
	for (i = 0; i < e->count; i++) {
		if (e->walks[i] != NULL && dmarc_walk_is_open(e->walks[i]))
			return true;
	}
	return false;
}

/* ---- step 6 ---- */

static int
first_aligned(const struct dmarc_eval *e, enum dmarc_method method)
{
	const struct dmarc_identifier *id;
	int found = -1;
	size_t i;

	for (i = 0; i < e->count; i++) {
		id = &e->request->identifiers[i];
		if (id->method != method || id->certainty != DMARC_IS_PASS ||
		    !dmarc_is_aligned(e->out->alignments[i]))
			continue;
		if (e->out->alignments[i] == DMARC_ALIGNED_STRICT)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found;
}

/* An identifier that might have given a pass, or NULL. */
static const char *
undetermined(const struct dmarc_eval *e)
{
	enum dmarc_certainty certainty;
	size_t i;

	for (i = 0; i < e->count; i++) {
		certainty = e->request->identifiers[i].certainty;
		if (certainty == DMARC_IS_TEMPERROR &&
		    e->out->alignments[i] != DMARC_NOT_ALIGNED)
			return "an identifier that may be aligned could not "
			    "be checked";
		if (certainty == DMARC_IS_PASS &&
		    e->out->alignments[i] == DMARC_NOT_KNOWN)
			return "DNS failed for an identifier that may be "
			    "aligned";
	}
	return NULL;
}

static void
conclude(struct dmarc_eval *e)
{
	struct dmarc_verdict *out = e->out;
	const char *problem = undetermined(e);

	out->aligned_spf = first_aligned(e, DMARC_SPF);
	out->aligned_dkim = first_aligned(e, DMARC_DKIM);
	if (out->aligned_spf >= 0 || out->aligned_dkim >= 0)
		(void)settle(e, AUTH_PASS, NULL);
	else if (problem != NULL)
		(void)settle(e, AUTH_TEMPERROR, problem);
	else if (e->asked_existence &&
	    !dns_outcome_is_known(e->existence->outcome))
		(void)settle(e, AUTH_TEMPERROR,
		    "DNS failed for the existence of the From domain");
	else
		(void)settle(e, AUTH_FAIL, NULL);
}

/* ---- what was looked up ---- */

static const char *
describe(const struct dmarc_eval *e, const struct dmarc_place *p)
{
	switch (p->found) {
	case DMARC_FOUND_OPEN:
	case DMARC_FOUND_FAILED:
		return "lookup failed";
	case DMARC_FOUND_NOTHING:
		return "no record";
	case DMARC_FOUND_TOO_LONG:
		return "no record: the name is too long";
	case DMARC_FOUND_SEVERAL:
		return "several records: ignored";
	case DMARC_FOUND_OVERSIZE:
		return "record past a limit: ignored";
	case DMARC_FOUND_RECORD:
		break;
	}
	if (p == e->policy)
		return e->out->has_record ? "policy record" :
		    "policy record without a valid policy";
	switch (p->record.psd) {
	case DMARC_PSD_Y:
		return "record of a public suffix";
	case DMARC_PSD_N:
		return "record of an Organizational Domain";
	case DMARC_PSD_U:
		break;
	}
	return "record";
}

static void
visit_places(const struct dmarc_eval *e, const struct dmarc_walk *w,
    size_t end, dmarc_trace_fn *visit, void *arg)
{
	struct dmarc_step step;
	struct domain query;
	size_t i;

	for (i = 0; i < end && i < w->end; i++) {
		step.name = w->places[i].name;
		if (dmarc_walk_query(step.name, &query))
			step.name = domain_slice(&query);
		step.answer = w->places[i].answer;
		step.found = describe(e, &w->places[i]);
		visit(arg, &step);
	}
}

static void
visit_existence(const struct dmarc_eval *e, dmarc_trace_fn *visit, void *arg)
{
	struct dmarc_step step = { .name = e->author, .answer = e->existence };

	if (!dns_outcome_is_known(e->existence->outcome))
		step.found = "lookup failed";
	else if (e->existence->outcome == DNS_NO_NAME)
		step.found = "the domain does not exist";
	else
		step.found = "the domain exists";
	visit(arg, &step);
}

/* An earlier identifier has the same walk, and was `passed` as well. */
static bool
is_visited(const struct dmarc_eval *e, size_t i, bool passed)
{
	size_t j;

	for (j = 0; j < i; j++) {
		if (e->walks[j] == e->walks[i] && (!passed ||
		    e->request->identifiers[j].certainty !=
		    DMARC_IS_NOT_PASS))
			return true;
	}
	return false;
}

/*
 * All lookups that count, in the order of dmarc.h; `passed`: without those
 * about identifiers that did not pass.
 */
static void
visit_all(const struct dmarc_eval *e, bool passed, dmarc_trace_fn *visit,
    void *arg)
{
	const struct dmarc_walk *w;
	size_t i;

	visit_places(e, &e->walk, e->walk.end, visit, arg);
	if (e->existence != NULL)
		visit_existence(e, visit, arg);
	for (i = 0; i < e->count; i++) {
		w = e->walks[i];
		if (w == NULL || is_visited(e, i, passed) || (passed &&
		    e->request->identifiers[i].certainty ==
		    DMARC_IS_NOT_PASS))
			continue;
		visit_places(e, w, w->shared, visit, arg);
	}
}

struct tally {
	bool	answered;
	bool	authenticated;
	bool	stale;
};

static void
count_answer(void *arg, const struct dmarc_step *step)
{
	struct tally *t = arg;

	if (step->answer == NULL)
		return;
	t->answered = true;
	t->authenticated &= step->answer->authenticated;
	t->stale |= step->answer->stale;
}

/* Of the answers that the verdict rests on. */
static void
tally_answers(const struct dmarc_eval *e)
{
	struct tally t = { .authenticated = true };

	visit_all(e, true, count_answer, &t);
	e->out->authenticated = t.answered && t.authenticated;
	e->out->stale = t.stale;
}

/* ---- all of it ---- */

/* Steps 1 to 6. */
static enum check_state
evaluate(struct dmarc_eval *e)
{
	if (!find_author(e))
		return CHECK_DONE;
	dmarc_walk_read(&e->walk, e->author, NULL, e->ledger);
	if (dmarc_walk_is_open(&e->walk))
		return CHECK_PENDING;
	e->settled = !find_policy(e);
	if (!e->settled)
		choose_policy(e);
	if (!align_all(e)) {
		(void)settle(e, AUTH_TEMPERROR, "out of memory");
		e->out->no_memory = true;
		return CHECK_DONE;
	}
	if (is_open(e))
		return CHECK_PENDING;
	if (!e->settled)
		conclude(e);
	return CHECK_DONE;
}

enum check_state
dmarc_check(const struct dmarc_request *request, struct dns_ledger *ledger,
    struct arena *scratch, dmarc_trace_fn *trace, void *trace_arg,
    struct dmarc_verdict *out)
{
	struct dmarc_eval e = {
		.request = request,
		.ledger = ledger,
		.scratch = scratch,
		.out = out,
		.count = request->count < LIMIT_DMARC_IDENTIFIERS ?
		    request->count : LIMIT_DMARC_IDENTIFIERS,
	};

	arena_reset(scratch);
	*out = (struct dmarc_verdict){ .aligned_spf = -1, .aligned_dkim = -1 };
	if (evaluate(&e) == CHECK_PENDING)
		return CHECK_PENDING;
	tally_answers(&e);
	if (trace != NULL)
		visit_all(&e, false, trace, trace_arg);
	return CHECK_DONE;
}
