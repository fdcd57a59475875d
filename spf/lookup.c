/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup: the questions of an SPF evaluation, and what it counts.
 *
 * Void lookups.  RFC 7208 4.6.4 limits "the number of 'terms' for which
 * DNS queries return" nothing, so what is counted are terms: one that does
 * not match counts once, when any query that it made came back empty.  These
 * are A or AAAA of "a", MX of "mx" and then the addresses of its hosts, A of
 * "exists", PTR of "ptr" and then the addresses of its names, TXT of
 * "include" and "redirect".  Ten hosts of one "mx" are one term: a sender
 * whose hosts have no IPv6 address must not fail for it at the third of
 * them.  Not counted: the TXT query of the first domain and the one of
 * exp=, which no counted term causes, and those for %{p}, which becomes
 * "unknown".
 *
 * %{p} needs the PTR query, which 4.6.4 includes in the ten terms.  It is
 * made once: the first term that uses %{p} counts one more, unless a "ptr"
 * has made that query before.
 */
#include "spf/eval_internal.h"

#include <string.h>

#include "base/limits.h"

void
spf_problem(struct spf_eval *e, const char *problem, struct slice name)
{
	struct slice kept = slice_head(name, DOMAIN_MAX);

	if (e->pending || e->out->problem != NULL)
		return;
	e->out->problem = problem;
	if (kept.len > 0)
		memcpy(e->out->problem_name, kept.ptr, kept.len);
	e->out->problem_name[kept.len] = '\0';
}

unsigned int
spf_no_memory(struct spf_eval *e)
{
	spf_problem(e, "out of memory", SLICE(""));
	e->out->no_memory = true;
	return SPF_TEMPERROR;
}

/*
 * Ahead of its need a question is put only while the ledger has few: what
 * is asked for nothing must not use up what will be needed.  Past that, what
 * has not been met before is not looked for: a record of hundreds of hosts
 * is walked through as often as it has answers.  The hosts of the term that
 * the evaluation has come to are asked together: most often none matches, and
 * all of them are needed.
 */
static const struct dns_answer *
find_answer(const struct spf_eval *e, struct slice name, enum dns_type type,
    bool ahead, struct dns_entry **question)
{
	ahead = ahead && dns_ledger_count(e->ledger) >= LIMIT_SPF_AHEAD;

	/* One of the other family of addresses is another question. */
	if (*question != NULL && (*question)->type != type)
		*question = NULL;
	if (*question == NULL && !ahead)
		*question = dns_ledger_enter(e->ledger, name, type);
	if (*question != NULL)
		return (*question)->answer;
	return ahead ? NULL : dns_answer_of(DNS_NOT_ASKED);
}

static const struct dns_answer *
ask(struct spf_eval *e, struct slice name, enum dns_type type, bool ahead,
    struct dns_entry **question)
{
	const struct dns_answer *a = find_answer(e, name, type, ahead,
	    question);

	if (a == NULL)
		e->pending = true;
	else if (!a->authenticated)
		e->tally.authenticated = false;
	if (a != NULL && a->stale)
		e->tally.stale = true;
	return a;
}

const struct dns_answer *
spf_ask(struct spf_eval *e, struct spf_lookup *look, enum dns_type type)
{
	look->type = type;
	look->ahead = e->pending;
	look->answer = ask(e, domain_slice(&look->name), type, look->ahead,
	    &look->question);
	return look->answer;
}

enum dns_type
spf_host_type(const struct spf_eval *e)
{
	return e->request->ip.family == IPADDR_V4 ? DNS_TYPE_A :
	    DNS_TYPE_AAAA;
}

/*
 * The questions for hosts of an answer, kept with it: MX or PTR, which nobody
 * else keeps something with.  NULL: no memory, do without.
 */
static struct dns_entry **
host_questions(const struct spf_eval *e, struct dns_entry *names)
{
	struct arena *arena;
	void **kept;

	if (names == NULL)
		return NULL;
	kept = &names->kept[DNS_KEEPER_SPF];
	arena = *kept == NULL ? dns_ledger_arena(e->ledger) : NULL;
	if (arena != NULL)
		*kept = arena_array(arena, LIMIT_SPF_MX,
		    sizeof(struct dns_entry *));
	return *kept;
}

_Static_assert(LIMIT_SPF_PTR <= LIMIT_SPF_MX, "room for both");

const struct dns_answer *
spf_ask_host(struct spf_eval *e, const struct spf_lookup *look, size_t i)
{
	struct dns_entry *question = NULL;
	struct dns_entry **all = host_questions(e, look->question);

	return ask(e, look->answer->records[i].text, spf_host_type(e),
	    look->ahead, all != NULL ? &all[i] : &question);
}

bool
spf_has_client(const struct spf_eval *e, const struct dns_answer *a,
    unsigned int bits4, unsigned int bits6)
{
	const struct ipaddr *ip = &e->request->ip;
	unsigned int bits = ip->family == IPADDR_V4 ? bits4 : bits6;
	size_t i;

	for (i = 0; i < a->count; i++) {
		if (ipaddr_same_prefix(&a->records[i].addr, ip, bits))
			return true;
	}
	return false;
}

/* ---- counters ---- */

bool
spf_count_term(struct spf_eval *e)
{
	if (++e->tally.terms <= LIMIT_SPF_TERMS)
		return true;
	spf_problem(e, "too many terms that look something up", SLICE(""));
	return false;
}

unsigned int
spf_count_void(struct spf_eval *e, struct slice name)
{
	if (++e->tally.voids <= e->request->max_void)
		return SPF_NO_MATCH;
	spf_problem(e, "too many void lookups", name);
	return SPF_PERMERROR;
}

unsigned int
spf_failure(struct spf_eval *e, const struct dns_answer *a, struct slice name)
{
	const char *problem = "DNS lookup failed";

	if (a->outcome == DNS_TIMEOUT)
		problem = "DNS lookup timed out";
	else if (a->outcome == DNS_MALFORMED)
		problem = "malformed DNS answer";
	else if (a->outcome == DNS_NOT_ASKED)
		problem = "DNS lookup not made";
	spf_problem(e, problem, name);
	return SPF_TEMPERROR;
}

unsigned int
spf_settle(struct spf_eval *e, const struct spf_lookup *look)
{
	const struct dns_answer *a = look->answer;

	if (a == NULL)
		return SPF_ANY_TERM;
	if (a->outcome == DNS_FOUND)
		return 0;
	if (!dns_outcome_is_known(a->outcome))
		return spf_failure(e, a, domain_slice(&look->name));
	return spf_count_void(e, domain_slice(&look->name));
}

unsigned int
spf_look_up(struct spf_eval *e, struct spf_lookup *look, enum dns_type type)
{
	(void)spf_ask(e, look, type);
	return spf_settle(e, look);
}

/* ---- names ---- */

void
spf_reverse_name(const struct spf_eval *e, struct spf_lookup *look)
{
	(void)spf_macro_domain(&e->macros, SLICE("%{ir}.%{v}.arpa"),
	    &look->name);
}

/* The validated names of the client (5.5); false when not known yet. */
static bool
find_client_names(struct spf_eval *e)
{
	const struct dns_answer *a, *host;
	struct spf_lookup look = { .question = NULL };
	bool known = true, error = false;
	size_t i;

	spf_reverse_name(e, &look);
	a = spf_ask(e, &look, DNS_TYPE_PTR);
	e->name_count = 0;
	for (i = 0; a != NULL && i < a->count && i < LIMIT_SPF_PTR; i++) {
		if (a->records[i].text.len == 0)
			continue;
		host = spf_ask_host(e, &look, i);
		if (host == NULL)
			known = false;
		else if (!dns_outcome_is_known(host->outcome))
			error = true;
		else if (spf_has_client(e, host, 32, 128))
			e->names[e->name_count++] = a->records[i].text;
	}
	if (error)
		e->name_count = 0;
	e->names_known = a != NULL && known;
	return e->names_known;
}

/* 7.3: the domain itself, else a name below it, else any. */
static struct slice
preferred_name(const struct spf_eval *e, struct slice domain)
{
	struct slice below = { NULL, 0 };
	size_t i;

	for (i = 0; i < e->name_count; i++) {
		if (slice_eq(e->names[i], domain))
			return domain;
		if (below.len == 0 &&
		    domain_is_at_or_below(e->names[i], domain))
			below = e->names[i];
	}
	return below.len > 0 || e->name_count == 0 ? below : e->names[0];
}

unsigned int
spf_client_name(struct spf_eval *e, const struct spf_frame *f)
{
	if (!e->tally.ptr) {
		e->tally.ptr = true;
		if (!spf_count_term(e))
			return SPF_PERMERROR;
	}
	if (!e->names_known && !find_client_names(e))
		return SPF_ANY_TERM;
	e->macros.client_name = preferred_name(e, domain_slice(f->domain));
	return 0;
}

/*
 * RFC 8616 4: with a local-part that is not ASCII, a term that uses it does
 * not match.
 */
static bool
uses_8bit(const struct spf_eval *e, const struct spf_term *t)
{
	const unsigned int letters = SPF_MACRO_LETTER('s') |
	    SPF_MACRO_LETTER('l');

	return e->local_8bit && (t->letters & letters) != 0;
}

static void
set_name(struct domain *d, struct slice name)
{
	memcpy(d->text, name.ptr, name.len);
	d->text[name.len] = '\0';
	d->len = name.len;
}

unsigned int
spf_target(struct spf_eval *e, const struct spf_frame *f,
    const struct spf_term *t, struct spf_lookup *look)
{
	unsigned int set = 0;

	look->question = t->question;
	if (t->question != NULL) {
		set_name(&look->name, t->question->name);
		return 0;
	}
	if (t->domain_spec.len == 0) {
		look->name = *f->domain;
		return 0;
	}
	if (uses_8bit(e, t))
		return SPF_NO_MATCH;
	if ((t->letters & SPF_MACRO_LETTER('p')) != 0)
		set = spf_client_name(e, f);
	if (set != 0)
		return set;
	e->macros.domain = domain_slice(f->domain);
	return spf_macro_domain(&e->macros, t->domain_spec, &look->name) ? 0 :
	    SPF_NO_TARGET;
}
