/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eval: check_host(), RFC 7208 section 4, from its second step on.
 *
 * 2. One TXT query (4.4).  An error is temperror, nothing is none.
 * 3. The one record among the answers is chosen (4.5).
 * 4. All of it is parsed before anything else is looked up (4.6).
 * 5. The mechanisms are evaluated from left to right; the first that
 *    matches decides (4.6.2).
 * 6. When that is a fail, the explanation is fetched (6.2).
 * 7. When none matched, redirect= is followed (6.1); a record with "all"
 *    never comes that far.
 * 8. Otherwise the result is neutral (4.7).
 *
 * The walk goes through the tree in this order once in each call, and does
 * two things at a time.  The result of a term is a set: as long as every
 * answer is known it has one member, and the walk decides, with exact
 * counts.  The first answer that is missing leaves a set of several, and from
 * there on nothing is decided.  The walk continues only as long as "no match"
 * is possible, and so asks ahead just those questions that an evaluation may
 * still need if nothing matches.  The term limit, the void limit, a known
 * match and a known error end it as they would end the evaluation, since an
 * unknown answer counts for nothing.
 *
 * A walk that starts again does not read a record again: what was read of it
 * is kept in the ledger, with the answer, and the question of a term that
 * has no macros with the term.
 *
 * A target-name that is no DNS name after expansion is undefined in 4.8.
 * Here such an a, mx, ptr or exists does not match, and such an include or
 * redirect is a permerror: check_host() of that name would be none (4.3,
 * 5.2, 6.1).
 */
#include "spf/eval_internal.h"

#include <string.h>

#include "base/limits.h"

/* Of a record: no mechanism has matched. */
#define NONE_MATCHED	SPF_SET(AUTH_RESULTS)
#define ANY_RESULT	(SPF_SET(AUTH_PASS) | SPF_SET(AUTH_FAIL) | \
    SPF_SET(AUTH_SOFTFAIL) | SPF_SET(AUTH_NEUTRAL) | SPF_ERRORS)

static unsigned int	eval_record(struct spf_eval *e,
			    const struct spf_frame *f,
			    const struct spf_lookup *look);

/* ---- trace ---- */

/* The callers make sure that there is a trace function. */
static void
trace(const struct spf_eval *e, const struct spf_frame *f,
    struct spf_event *event)
{
	event->depth = f->depth;
	event->domain = domain_slice(f->domain);
	event->terms = e->tally.terms;
	event->voids = e->tally.voids;
	e->trace(e->trace_arg, event);
}

static void
trace_record(const struct spf_eval *e, const struct spf_frame *f,
    struct slice text)
{
	struct spf_event event = { .kind = SPF_EVENT_RECORD, .text = text };

	trace(e, f, &event);
}

static void
trace_term(const struct spf_eval *e, const struct spf_frame *f,
    const struct spf_term *t, const struct spf_lookup *look, bool matched)
{
	struct spf_event event = { .kind = SPF_EVENT_TERM, .text = t->text,
		.matched = matched };

	if (look->answer != NULL) {
		event.name = domain_slice(&look->name);
		event.type = look->type;
		event.answer = look->answer;
	}
	trace(e, f, &event);
}

static void
trace_fault(const struct spf_eval *e, const struct spf_frame *f,
    const struct spf_record *r)
{
	struct spf_event event = { .kind = SPF_EVENT_TERM, .text = r->fault,
		.fault = r->why,
		.at = (size_t)(r->fault.ptr - r->text.ptr) };

	trace(e, f, &event);
}

static void
trace_result(const struct spf_eval *e, const struct spf_frame *f,
    unsigned int results)
{
	struct spf_event event = { .kind = SPF_EVENT_RESULT };

	while (event.outcome < AUTH_PERMERROR &&
	    SPF_SET(event.outcome) != results)
		event.outcome++;
	trace(e, f, &event);
}

static unsigned int
permerror(struct spf_eval *e, const char *problem, struct slice name)
{
	spf_problem(e, problem, name);
	return SPF_PERMERROR;
}

/* ---- mechanisms ---- */

/* 5.6; a network of the other family never matches. */
static unsigned int
eval_network(const struct spf_eval *e, const struct spf_term *t)
{
	return ipnet_contains(&t->net, &e->request->ip) ? SPF_MATCH :
	    SPF_NO_MATCH;
}

/* 5.3 */
static unsigned int
eval_a(struct spf_eval *e, const struct spf_term *t, struct spf_lookup *look)
{
	unsigned int set = spf_look_up(e, look, spf_host_type(e));

	if (set != 0)
		return set;
	return spf_has_client(e, look->answer, t->bits4, t->bits6) ?
	    SPF_MATCH : SPF_NO_MATCH;
}

/* The hosts of MX records, the most preferred first; null MX left out. */
static size_t
sort_hosts(const struct dns_answer *mx,
    const struct dns_record *hosts[LIMIT_SPF_MX])
{
	size_t i, j, n = 0;

	for (i = 0; i < mx->count; i++) {
		if (mx->records[i].text.len == 0)
			continue;
		for (j = n++; j > 0 && hosts[j - 1]->preference >
		    mx->records[i].preference; j--)
			hosts[j] = hosts[j - 1];
		hosts[j] = &mx->records[i];
	}
	return n;
}

/*
 * The result of a term that has hosts of which none matched: `set` for the
 * ones that are not known; `empty` is the name of one without an address,
 * "" when there is none.
 */
static unsigned int
no_host_matched(struct spf_eval *e, unsigned int set, struct slice empty)
{
	if (empty.len == 0)
		return set | SPF_NO_MATCH;
	if (spf_count_void(e, empty) == SPF_PERMERROR)
		return SPF_PERMERROR;
	return set | SPF_NO_MATCH;
}

static bool
is_void(const struct dns_answer *a)
{
	return a->outcome == DNS_NO_DATA || a->outcome == DNS_NO_NAME;
}

/*
 * 5.4.  The limit counts MX records, before any address is looked up.
 */
static unsigned int
eval_mx(struct spf_eval *e, const struct spf_term *t, struct spf_lookup *look)
{
	const struct dns_record *hosts[LIMIT_SPF_MX];
	unsigned int set = spf_look_up(e, look, DNS_TYPE_MX);
	struct slice empty = { NULL, 0 };
	const struct dns_answer *host;
	size_t i, n;

	if (set != 0)
		return set;
	if (look->answer->count > LIMIT_SPF_MX)
		return permerror(e, "too many MX records",
		    domain_slice(&look->name));
	n = sort_hosts(look->answer, hosts);
	for (i = 0; i < n; i++) {
		host = spf_ask_host(e, look,
		    (size_t)(hosts[i] - look->answer->records));
		if (host == NULL)
			set |= SPF_MATCH | SPF_TEMPERROR;
		else if (!dns_outcome_is_known(host->outcome))
			return set | spf_failure(e, host, hosts[i]->text);
		else if (is_void(host))
			empty = hosts[i]->text;
		else if (spf_has_client(e, host, t->bits4, t->bits6))
			return set | SPF_MATCH;
	}
	return no_host_matched(e, set, empty);
}

/*
 * 5.5.  Only names at or below the target can match, so only their
 * addresses are looked up.  A PTR query that fails is no match, and a name
 * whose addresses cannot be had is passed over.
 */
static unsigned int
eval_ptr(struct spf_eval *e, struct spf_lookup *look)
{
	const struct domain target = look->name;
	const struct dns_answer *ptr, *host;
	struct slice name, empty = { NULL, 0 };
	unsigned int set = 0;
	size_t i;

	e->tally.ptr = true;
	spf_reverse_name(e, look);
	ptr = spf_ask(e, look, DNS_TYPE_PTR);
	if (ptr != NULL && !dns_outcome_is_known(ptr->outcome))
		return SPF_NO_MATCH;
	if (ptr == NULL || ptr->outcome != DNS_FOUND)
		return spf_settle(e, look);
	for (i = 0; i < ptr->count && i < LIMIT_SPF_PTR; i++) {
		name = ptr->records[i].text;
		if (!domain_is_at_or_below(name, domain_slice(&target)))
			continue;
		host = spf_ask_host(e, look, i);
		if (host == NULL)
			set |= SPF_MATCH;
		else if (is_void(host))
			empty = name;
		else if (spf_has_client(e, host, 32, 128))
			return set | SPF_MATCH;
	}
	return no_host_matched(e, set, empty);
}

/*
 * 5.7: type A for any client.  While the answer is not known, "no
 * match" means that it is void.
 */
static unsigned int
eval_exists(struct spf_eval *e, struct spf_lookup *look)
{
	unsigned int set = spf_look_up(e, look, DNS_TYPE_A);

	if (look->answer == NULL &&
	    ++e->tally.voids > e->request->max_void)
		set &= ~SPF_NO_MATCH;
	return set == 0 ? SPF_MATCH : set;
}

/*
 * The record of another domain, for include and redirect: a name that
 * check_host() would refuse (4.3) and one without a record are permerror
 * for both (5.2, 6.1).
 */
static unsigned int
eval_other(struct spf_eval *e, const struct spf_frame *f, bool final,
    struct spf_lookup *look)
{
	struct spf_frame other = { &look->name, f->depth + 1, final };
	unsigned int set = SPF_NO_MATCH;

	if (domain_labels(domain_slice(&look->name)) >= 2)
		set = spf_look_up(e, look, DNS_TYPE_TXT);
	if (set == 0)
		set = eval_record(e, &other, look);
	else if (set == SPF_ANY_TERM)
		set = ANY_RESULT;
	else if (set == SPF_NO_MATCH)
		set = SPF_SET(AUTH_NONE);
	if ((set & SPF_SET(AUTH_NONE)) != 0)
		set = permerror(e, "no SPF record at a name that is included "
		    "or redirected to", domain_slice(&look->name));
	return set;
}

/* 5.2, the table. */
static unsigned int
eval_include(struct spf_eval *e, const struct spf_frame *f,
    struct spf_lookup *look)
{
	unsigned int results = eval_other(e, f, false, look);
	unsigned int set = results & SPF_ERRORS;

	if ((results & SPF_SET(AUTH_PASS)) != 0)
		set |= SPF_MATCH;
	if ((results & (SPF_SET(AUTH_FAIL) | SPF_SET(AUTH_SOFTFAIL) |
	    SPF_SET(AUTH_NEUTRAL))) != 0)
		set |= SPF_NO_MATCH;
	return set;
}

static unsigned int
bad_target(struct spf_eval *e, const struct spf_term *t)
{
	if (t->kind != SPF_TERM_INCLUDE && t->kind != SPF_TERM_REDIRECT)
		return SPF_NO_MATCH;
	return permerror(e, "an include or redirect names no domain",
	    SLICE(""));
}

static unsigned int
eval_kind(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_term *t, struct spf_lookup *look)
{
	if (t->kind == SPF_TERM_INCLUDE)
		return eval_include(e, f, look);
	if (t->kind == SPF_TERM_A)
		return eval_a(e, t, look);
	if (t->kind == SPF_TERM_MX)
		return eval_mx(e, t, look);
	return t->kind == SPF_TERM_PTR ? eval_ptr(e, look) :
	    eval_exists(e, look);
}

/* For the next walk.  That of a ptr is not about its target. */
static void
keep_question(struct spf_term *t, const struct spf_lookup *look)
{
	if (t->letters == 0 && t->kind != SPF_TERM_PTR)
		t->question = look->question;
}

/* Terms that look something up: counted first, with any result. */
static unsigned int
eval_look_up(struct spf_eval *e, const struct spf_frame *f,
    struct spf_term *t, struct spf_lookup *look)
{
	unsigned int set;

	if (!spf_count_term(e))
		return SPF_PERMERROR;
	set = spf_target(e, f, t, look);
	if (set == SPF_NO_TARGET)
		return bad_target(e, t);
	if (set != 0)
		return set;
	set = eval_kind(e, f, t, look);
	keep_question(t, look);
	return set;
}

static unsigned int
eval_term(struct spf_eval *e, const struct spf_frame *f,
    struct spf_term *t, struct spf_lookup *look)
{
	look->answer = NULL;
	look->question = NULL;
	if (t->kind == SPF_TERM_ALL)
		return SPF_MATCH;
	if (t->kind == SPF_TERM_IP4 || t->kind == SPF_TERM_IP6)
		return eval_network(e, t);
	return eval_look_up(e, f, t, look);
}

/* ---- a record ---- */

static void
copy_text(char *out, size_t size, struct slice text)
{
	text = slice_head(text, size - 1);
	if (text.len > 0)
		memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

/* The verdict names the term that decided. */
static void
note_match(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_term *t)
{
	if (e->pending || !f->final)
		return;
	copy_text(e->out->mechanism, sizeof(e->out->mechanism), t->text);
	copy_text(e->out->record_domain, sizeof(e->out->record_domain),
	    domain_slice(f->domain));
}

/* Step 5. */
static unsigned int
eval_terms(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_record *r)
{
	unsigned int set, results = 0;
	struct spf_term *t;
	struct spf_lookup look;

	for (t = r->first; t != NULL; t = t->next) {
		set = eval_term(e, f, t, &look);
		if (e->trace != NULL)
			trace_term(e, f, t, &look, set == SPF_MATCH);
		results |= set & SPF_ERRORS;
		if ((set & SPF_MATCH) != 0) {
			results |= SPF_SET(t->result);
			note_match(e, f, t);
		}
		if ((set & SPF_NO_MATCH) == 0)
			return results;
	}
	return results | NONE_MATCHED;
}

/*
 * Step 7.  A redirect that RFC 8616 keeps from matching is not followed.
 */
static unsigned int
eval_redirect(struct spf_eval *e, const struct spf_frame *f,
    struct spf_term *t)
{
	struct spf_lookup look = { .answer = NULL };
	unsigned int set = SPF_PERMERROR;

	if (spf_count_term(e))
		set = spf_target(e, f, t, &look);
	if (set == 0) {
		set = eval_other(e, f, f->final, &look);
		keep_question(t, &look);
	} else if (set == SPF_NO_TARGET) {
		set = bad_target(e, t);
	} else if (set == SPF_ANY_TERM) {
		set = ANY_RESULT;
	}
	if (e->trace != NULL)
		trace_term(e, f, t, &look, false);
	return set;
}

/* Steps 5 to 8. */
static unsigned int
eval_parsed(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_record *r)
{
	unsigned int results = eval_terms(e, f, r);

	if ((results & SPF_SET(AUTH_FAIL)) != 0 && f->final &&
	    r->exp != NULL)
		spf_explain(e, f, r->exp);
	if ((results & NONE_MATCHED) == 0)
		return results;
	results &= ~NONE_MATCHED;
	if (r->redirect != NULL)
		return results | eval_redirect(e, f, r->redirect);
	return results | SPF_SET(AUTH_NEUTRAL);
}

/* ---- reading a record, once ---- */

/* What the answer to a TXT query says, to one client. */
struct reading {
	struct ipaddr		 client;	/* family NONE: to any */
	enum spf_record_status	 status;	/* of the only record */
	size_t			 count;		/* of SPF records */
	struct spf_record	 record;	/* the text is that of the
						   last */
};

/*
 * Steps 3 and 4.  A trace shows all terms, also those that the client makes
 * needless.  NULL: no memory in `a`.
 */
static struct reading *
read_answer(const struct spf_eval *e, const struct dns_answer *txt,
    struct arena *a)
{
	struct reading *r = a != NULL ? arena_alloc(a, sizeof(*r)) : NULL;
	const bool all = e->trace != NULL;
	struct slice text = { NULL, 0 };
	size_t i;

	if (r == NULL)
		return NULL;
	for (i = 0; i < txt->count; i++) {
		if (spf_record_is(txt->records[i].text)) {
			text = txt->records[i].text;
			r->count++;
		}
	}
	if (!all)
		r->client = e->request->ip;
	if (r->count == 1)
		r->status = spf_record_parse(text, all ? NULL : &r->client, a,
		    &r->record);
	return r->status == SPF_RECORD_NO_MEMORY ? NULL : r;
}

static bool
is_for(const struct spf_eval *e, const struct reading *r)
{
	return r->client.family == IPADDR_NONE ||
	    (e->trace == NULL && ipaddr_eq(&r->client, &e->request->ip));
}

/*
 * The same, kept with the answer.  When there is no room for it there, it
 * is read again each time.
 */
static struct reading *
read_once(struct spf_eval *e, const struct spf_lookup *look)
{
	void **kept = &look->question->kept[DNS_KEEPER_SPF];
	struct reading *r = *kept;

	if (r != NULL && is_for(e, r))
		return r;
	r = read_answer(e, look->answer, dns_ledger_arena(e->ledger));
	if (r == NULL)
		return read_answer(e, look->answer, e->scratch);
	*kept = r;
	return r;
}

/* Step 4. */
static unsigned int
eval_read(struct spf_eval *e, const struct spf_frame *f,
    const struct reading *r)
{
	if (r->status == SPF_RECORD_OK)
		return eval_parsed(e, f, &r->record);
	if (r->status == SPF_RECORD_TOO_LONG)
		return permerror(e, "SPF record too long",
		    domain_slice(f->domain));
	if (e->trace != NULL)
		trace_fault(e, f, &r->record);
	return permerror(e, "syntax error in an SPF record",
	    domain_slice(f->domain));
}

/* Step 3. */
static unsigned int
eval_record(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_lookup *look)
{
	const struct reading *r = read_once(e, look);
	unsigned int results;

	if (r == NULL)
		return spf_no_memory(e);
	if (r->count == 0)
		return SPF_SET(AUTH_NONE);
	if (r->count > 1)
		return permerror(e, "more than one SPF record",
		    domain_slice(f->domain));
	if (e->trace != NULL)
		trace_record(e, f, r->record.text);
	results = eval_read(e, f, r);
	if (e->trace != NULL)
		trace_result(e, f, results);
	return results;
}

/* Step 2. */
unsigned int
spf_eval_domain(struct spf_eval *e, const struct domain *domain)
{
	struct spf_frame f = { domain, 0, true };
	struct spf_lookup look = { .question = NULL };
	unsigned int results = SPF_SET(AUTH_NONE);

	look.name = *domain;
	if (spf_ask(e, &look, DNS_TYPE_TXT) == NULL)
		return ANY_RESULT;
	if (!dns_outcome_is_known(look.answer->outcome))
		return spf_failure(e, look.answer, domain_slice(domain));
	results = eval_record(e, &f, &look);
	if (results == SPF_SET(AUTH_NONE))
		spf_problem(e, look.answer->outcome == DNS_NO_NAME ?
		    "no such domain" : "no SPF record", domain_slice(domain));
	return results;
}
