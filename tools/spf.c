/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf: why an SPF check came to its verdict.
 *
 * The check reports its steps in the order of evaluation, in which an include
 * comes after the record that it leads to.  A human reads it the other way
 * round: the term, the record below it, the result.
 *
 * Steps are reported again by a second run over the same answers, which has
 * the same verdict: a check is a pure function of them.
 */
#include "tools/spf.h"

#include "base/limits.h"
#include "tools/answer.h"

struct spf_step {
	struct spf_event	 event;
	struct spf_step		*next;
	/* TERM: it led to the record of the steps before. */
	bool			 has_record;
	/* RECORD: the term that led to it. */
	struct spf_step		*cause;
};

struct spf_story {
	struct arena		*arena;
	const struct spf_request *request;
	struct dns_ledger	*ledger;
	struct spf_verdict	 verdict;
	struct spf_step		*first, **last;
	bool			 cut;	/* memory was short for the steps */
	/* Records whose term has not been reported yet, by depth. */
	struct spf_step		*open[LIMIT_SPF_TERMS + 2];
};

/* ---- collecting ---- */

/* Ties the record at `depth` + 1 to the term that led to it. */
static void
tie(struct spf_story *s, struct spf_step *step)
{
	unsigned int depth = step->event.depth;
	struct spf_step **open;

	if (depth + 1 >= sizeof(s->open) / sizeof(s->open[0]))
		return;
	open = &s->open[depth];
	if (step->event.kind == SPF_EVENT_RECORD)
		*open = step;
	open = &s->open[depth + 1];
	if (step->event.kind != SPF_EVENT_TERM || *open == NULL)
		return;
	(*open)->cause = step;
	step->has_record = true;
	*open = NULL;
}

/* An spf_trace_fn: what an event borrows does not outlive it. */
static void
collect(void *arg, const struct spf_event *event)
{
	struct spf_story *s = arg;
	struct spf_step *step = arena_alloc(s->arena, sizeof(*step));

	if (step == NULL) {
		s->cut = true;
		return;
	}
	step->event = *event;
	step->event.domain = arena_dup(s->arena, event->domain);
	step->event.text = arena_dup(s->arena, event->text);
	step->event.name = arena_dup(s->arena, event->name);
	*s->last = step;
	s->last = &step->next;
	tie(s, step);
}

/* A tool_check_fn. */
static enum check_state
run(void *arg, struct dns_ledger *ledger, struct arena *scratch)
{
	struct spf_story *s = arg;

	return spf_check(s->request, ledger, scratch, collect, s,
	    &s->verdict);
}

struct spf_story *
spf_story_new(struct tool *t, const struct spf_request *request,
    struct dns_ledger *ledger)
{
	struct spf_story *s = arena_alloc(t->arena, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->arena = t->arena;
	s->request = request;
	s->ledger = ledger;
	s->last = &s->first;
	if (!tool_check_again(run, s, ledger))
		return NULL;
	s->cut |= arena_failed(t->arena);
	return s;
}

enum auth_result
spf_story_result(const struct spf_story *s)
{
	return s->verdict.result;
}

/* ---- as text ---- */

static void
text_counters(struct text *t, const struct spf_story *s,
    const struct spf_event *e)
{
	text_style(t, TEXT_DIM, "  [lookups %u/%u, void %u/%u]", e->terms,
	    LIMIT_SPF_TERMS, e->voids, s->request->max_void);
}

static bool
is_mx(const struct spf_event *e)
{
	return e->type == DNS_TYPE_MX && e->answer->outcome == DNS_FOUND;
}

/* The addresses of the hosts of an MX answer, as far as they were asked. */
static void
text_hosts(struct text *t, const struct spf_story *s,
    const struct spf_event *e, unsigned int levels)
{
	enum dns_type type = s->request->ip.family == IPADDR_V6 ?
	    DNS_TYPE_AAAA : DNS_TYPE_A;
	const struct dns_answer *a;
	size_t i;

	for (i = 0; i < e->answer->count && i < LIMIT_SPF_MX; i++) {
		a = dns_ledger_peek(s->ledger, e->answer->records[i].text,
		    type);
		if (a == NULL)
			continue;
		text_indent(t, levels);
		answer_text(t, type, e->answer->records[i].text, a);
		text_end(t);
	}
}

/* A record's text is below the term, so its lookup is kept short. */
static void
text_look_up(struct text *t, const struct spf_event *e)
{
	if (e->answer == NULL)
		return;
	text_say(t, "   ");
	if (e->type == DNS_TYPE_TXT)
		answer_text_short(t, e->type, e->name, e->answer);
	else
		answer_text(t, e->type, e->name, e->answer);
}

/* A redirect is no mechanism: its result is taken as it is (6.1). */
static void
text_match(struct text *t, const struct spf_event *e)
{
	if (e->fault == NULL &&
	    slice_starts_nocase(e->text, SLICE("redirect=")))
		return;
	text_say(t, "   ");
	if (e->fault != NULL) {
		text_style(t, TEXT_BAD, "syntax error: %s", e->fault);
		return;
	}
	text_style(t, e->matched ? TEXT_BOLD : TEXT_PLAIN, "%s",
	    e->matched ? "match" : "no match");
}

static void
text_record(struct text *t, const struct spf_step *step, unsigned int levels)
{
	const struct spf_event *e = &step->event;

	if (step->cause != NULL) {
		text_indent(t, levels - 1);
		text_value(t, step->cause->event.text);
		text_look_up(t, &step->cause->event);
		text_end(t);
	}
	text_indent(t, levels);
	text_foreign(t, e->domain);
	text_say(t, ": \"");
	text_value(t, e->text);
	text_say(t, "\"\n");
}

static void
text_term(struct text *t, const struct spf_story *s,
    const struct spf_step *step, unsigned int levels)
{
	const struct spf_event *e = &step->event;

	text_indent(t, levels);
	text_value(t, e->text);
	if (!step->has_record)
		text_look_up(t, e);
	text_match(t, e);
	if (e->fault == NULL)
		text_counters(t, s, e);
	text_end(t);
	if (e->answer != NULL && is_mx(e))
		text_hosts(t, s, e, levels + 1);
}

/* Marks a term at fault below the line of its record, the step before. */
static void
mark_fault(struct text *t, const struct spf_event *e,
    const struct spf_event *record)
{
	size_t levels = 1 + 2 * (size_t)record->depth;

	if (e->at + e->text.len > TEXT_VALUE_MAX)
		return;		/* not shown */
	text_mark(t, 2 * levels + text_width(record->domain) + 3 +
	    text_width(slice_head(record->text, e->at)),
	    text_width(e->text));
	text_end(t);
}

static void
text_step(struct text *t, const struct spf_story *s,
    const struct spf_step *step, const struct spf_step *before)
{
	unsigned int levels = 1 + 2 * step->event.depth;

	if (step->event.fault != NULL && before != NULL)
		mark_fault(t, &step->event, &before->event);

	switch (step->event.kind) {
	case SPF_EVENT_RECORD:
		text_record(t, step, levels);
		return;
	case SPF_EVENT_TERM:
		text_term(t, s, step, levels + 1);
		return;
	case SPF_EVENT_RESULT:
		text_indent(t, levels + 1);
		text_say(t, "= ");
		text_result(t, step->event.outcome);
		text_end(t);
		return;
	}
}

/* Without a record there are no steps, but there was a question. */
static void
text_no_record(struct text *t, const struct spf_story *s)
{
	struct slice name = domain_slice(&s->verdict.domain);
	const struct dns_answer *a;

	a = dns_ledger_peek(s->ledger, name, DNS_TYPE_TXT);
	if (name.len == 0 || a == NULL)
		return;
	text_indent(t, 1);
	answer_text(t, DNS_TYPE_TXT, name, a);
	text_end(t);
}

static void
text_why(struct text *t, const struct spf_verdict *v)
{
	if (v->mechanism[0] != '\0') {
		text_item(t, "decided");
		text_foreign(t, slice_str(v->mechanism));
		text_say(t, " in the record of ");
		text_foreign(t, slice_str(v->record_domain));
		text_end(t);
	}
	if (v->problem != NULL) {
		text_item(t, "because");
		text_say(t, "%s", v->problem);
		if (v->problem_name[0] != '\0') {
			text_say(t, ": ");
			text_foreign(t, slice_str(v->problem_name));
		}
		text_end(t);
	}
	if (v->explanation[0] != '\0') {
		text_item(t, "they say");
		text_say(t, "\"");
		text_foreign(t, slice_str(v->explanation));
		text_say(t, "\"\n");
	}
}

void
spf_story_text(struct text *t, const struct spf_story *s)
{
	const struct spf_verdict *v = &s->verdict;
	const struct spf_step *step, *before = NULL;

	text_title(t, s->request->identity == SPF_HELO ?
	    "SPF of the HELO name: " : "SPF of the sender: ");
	text_result(t, v->result);
	text_end(t);
	text_item(t, "domain");
	text_value(t, domain_slice(&v->domain));
	if (v->helo_for_null)
		text_say(t, " (the HELO name: the sender is <>)");
	if (v->authenticated)
		text_say(t, " (DNSSEC)");
	text_end(t);
	if (s->first == NULL)
		text_no_record(t, s);
	for (step = s->first; step != NULL; before = step, step = step->next)
		text_step(t, s, step, before);
	if (s->cut)
		text_say(t, "  ... (too much to show)\n");
	text_why(t, v);
}

/* ---- as JSON ---- */

static void
json_step(struct json *j, const struct spf_event *e)
{
	static const char *const kinds[] = {
		[SPF_EVENT_RECORD] = "record",
		[SPF_EVENT_TERM] = "term",
		[SPF_EVENT_RESULT] = "result"
	};

	json_object(j, NULL);
	json_string(j, "kind", kinds[e->kind]);
	json_number(j, "depth", e->depth);
	json_slice(j, "domain", e->domain);
	if (e->kind != SPF_EVENT_RESULT)
		json_slice(j, "text", e->text);
	else
		json_string(j, "result", auth_result_name(e->outcome));
	if (e->kind == SPF_EVENT_TERM) {
		json_bool(j, "matched", e->matched);
		json_string(j, "fault", e->fault);
		if (e->fault != NULL)
			json_number(j, "at", (long long)e->at);
		if (e->answer != NULL)
			answer_json(j, "lookup", e->type, e->name, e->answer);
		else
			json_null(j, "lookup");
	}
	json_number(j, "lookups", e->terms);
	json_number(j, "voids", e->voids);
	json_object_end(j);
}

static void
json_verdict(struct json *j, const struct spf_verdict *v)
{
	json_string(j, "result", auth_result_name(v->result));
	json_slice_or_null(j, "domain", domain_slice(&v->domain));
	json_bool(j, "helo_for_null", v->helo_for_null);
	json_slice_or_null(j, "mechanism", slice_str(v->mechanism));
	json_slice_or_null(j, "record_domain", slice_str(v->record_domain));
	json_string(j, "problem", v->problem);
	json_slice_or_null(j, "problem_name", slice_str(v->problem_name));
	json_slice_or_null(j, "explanation", slice_str(v->explanation));
	json_number(j, "lookups", v->terms);
	json_number(j, "voids", v->voids);
	json_bool(j, "dnssec", v->authenticated);
}

void
spf_story_json(struct json *j, const char *key, const struct spf_story *s)
{
	struct slice name = domain_slice(&s->verdict.domain);
	const struct spf_step *step;

	json_object(j, key);
	json_string(j, "identity", s->request->identity == SPF_HELO ?
	    "helo" : "mailfrom");
	json_verdict(j, &s->verdict);
	json_number(j, "lookup_limit", LIMIT_SPF_TERMS);
	json_number(j, "void_limit", s->request->max_void);
	if (name.len > 0)
		answer_json(j, "lookup", DNS_TYPE_TXT, name,
		    dns_ledger_peek(s->ledger, name, DNS_TYPE_TXT));
	else
		json_null(j, "lookup");
	json_array(j, "steps");
	for (step = s->first; step != NULL; step = step->next)
		json_step(j, &step->event);
	json_array_end(j);
	json_bool(j, "steps_cut", s->cut);
	json_object_end(j);
}
