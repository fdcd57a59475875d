/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc: the walk to a DMARC policy, and why the verdict is what it is.
 *
 * As with SPF, a second run over the same answers gives the steps.  A request
 * without identifiers only asks what a domain publishes: it has no result.
 */
#include "tools/dmarc.h"

#include <getopt.h>

#include "base/limits.h"
#include "dmarc/lint.h"
#include "tools/answer.h"
#include "tools/lint.h"

struct dmarc_line {
	struct slice		 name;
	const struct dns_answer	*answer;
	const char		*found;
	struct dmarc_line	*next;
};

struct dmarc_story {
	struct arena			*arena;
	const struct dmarc_request	*request;
	struct dmarc_verdict		 verdict;
	struct dmarc_line		*first, **last;
	bool				 cut;
};

/* A dmarc_trace_fn. */
static void
collect(void *arg, const struct dmarc_step *step)
{
	struct dmarc_story *s = arg;
	struct dmarc_line *line = arena_alloc(s->arena, sizeof(*line));

	if (line == NULL) {
		s->cut = true;
		return;
	}
	line->name = arena_dup(s->arena, step->name);
	line->answer = step->answer;
	line->found = step->found;
	*s->last = line;
	s->last = &line->next;
}

/* A tool_check_fn. */
static enum check_state
run(void *arg, struct dns_ledger *ledger, struct arena *scratch)
{
	struct dmarc_story *s = arg;

	return dmarc_check(s->request, ledger, scratch, collect, s,
	    &s->verdict);
}

struct dmarc_story *
dmarc_story_new(struct tool *t, const struct dmarc_request *request,
    struct dns_ledger *ledger)
{
	struct dmarc_story *s = arena_alloc(t->arena, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->arena = t->arena;
	s->request = request;
	s->last = &s->first;
	if (!tool_check_again(run, s, ledger))
		return NULL;
	s->cut |= arena_failed(t->arena);
	return s;
}

/* ---- as text ---- */

static void
text_walk(struct text *t, const struct dmarc_story *s)
{
	const struct dmarc_line *line;

	for (line = s->first; line != NULL; line = line->next) {
		text_indent(t, 1);
		if (line->answer != NULL)
			answer_text(t, DNS_TYPE_TXT, line->name,
			    line->answer);
		else
			text_foreign(t, line->name);
		text_style(t, TEXT_BOLD, "   %s", line->found);
		text_end(t);
	}
	if (s->cut)
		text_say(t, "  ... (too much to show)\n");
}

static const char *
certainty_name(enum dmarc_certainty c)
{
	switch (c) {
	case DMARC_IS_PASS:
		return "passed";
	case DMARC_IS_NOT_PASS:
		return "did not pass";
	case DMARC_IS_TEMPERROR:
		return "could not be checked";
	case DMARC_IS_OPEN:
		break;
	}
	return "open";
}

/* Of identifier `i`, with what it is that parts them. */
static const char *
alignment_text(const struct dmarc_story *s, size_t i)
{
	const struct dmarc_verdict *v = &s->verdict;
	const struct dmarc_identifier *id = &s->request->identifiers[i];
	struct slice shared = domain_slice(&v->from_domain);
	bool spf = id->method == DMARC_SPF;

	while (shared.len > 0 && !domain_is_at_or_below(id->domain, shared))
		shared = domain_parent(shared);
	switch (v->alignments[i]) {
	case DMARC_ALIGNED_STRICT:
		return "aligned: the same domain";
	case DMARC_ALIGNED_RELAXED:
		return domain_labels(domain_slice(
		    &v->organizational_domain)) < 2 ? "aligned: the same "
		    "organization (relaxed), by the record of a top-level "
		    "domain; by a list of public suffixes (RFC 7489) it would "
		    "not be" : "aligned: the same organization (relaxed)";
	case DMARC_NOT_KNOWN:
		return "DNS failed, so it is not known whether it is aligned";
	case DMARC_NOT_ALIGNED:
		break;
	}
	if (v->from_domain.len == 0)
		return "not aligned: From does not have exactly one domain";
	if (id->domain.len == 0)
		return "not aligned: no domain";
	if (spf ? v->record.strict_spf : v->record.strict_dkim)
		return spf ? "not aligned (strict): not the same domain "
		    "(aspf=s)" : "not aligned (strict): not the same domain "
		    "(adkim=s)";
	/* RFC 7489 went by a list of public suffixes there. */
	return domain_labels(shared) >= 2 ? "not aligned (relaxed): no DMARC "
	    "record joins the two; by a list of public suffixes (RFC 7489) "
	    "they may be aligned" :
	    "not aligned (relaxed): another organization";
}

static void
text_identifiers(struct text *t, const struct dmarc_story *s)
{
	const struct dmarc_identifier *id;
	enum dmarc_alignment aligned;
	size_t i;

	for (i = 0; i < s->request->count; i++) {
		id = &s->request->identifiers[i];
		aligned = s->verdict.alignments[i];
		text_item(t, id->method == DMARC_SPF ? "spf" : "dkim");
		text_value(t, id->domain);
		text_say(t, "  %s", certainty_name(id->certainty));
		text_style(t, dmarc_is_aligned(aligned) ? TEXT_GOOD :
		    aligned == DMARC_NOT_KNOWN ? TEXT_DOUBT : TEXT_BAD,
		    ", %s", alignment_text(s, i));
		text_end(t);
	}
}

static void
text_domain(struct text *t, const char *name, const struct domain *d)
{
	if (d->len == 0)
		return;
	text_item(t, name);
	text_foreign(t, domain_slice(d));
	text_end(t);
}

static void
text_policy(struct text *t, const struct dmarc_verdict *v)
{
	if (!v->has_record)
		return;
	text_item(t, "policy");
	text_style(t, TEXT_BOLD, "%s", dmarc_policy_name(v->published));
	text_say(t, " by %s= at ", v->tag);
	text_foreign(t, domain_slice(&v->policy_domain));
	if (v->record.testing)
		text_say(t, "; test mode (t=y): %s applies",
		    dmarc_policy_name(v->applied));
	if (v->authenticated)
		text_say(t, " (DNSSEC)");
	text_end(t);
}

void
dmarc_story_text(struct text *t, const struct dmarc_story *s)
{
	const struct dmarc_verdict *v = &s->verdict;

	text_title(t, "DMARC");
	if (s->request->count > 0) {
		text_style(t, TEXT_BOLD, ": ");
		text_result(t, v->result);
	}
	text_end(t);
	text_domain(t, "From", &v->from_domain);
	text_domain(t, "organization", &v->organizational_domain);
	text_walk(t, s);
	text_policy(t, v);
	text_identifiers(t, s);
	if (v->problem == NULL)
		return;
	text_item(t, "because");
	text_say(t, "%s\n", v->problem);
}

/* ---- in a few words ---- */

#define SUM_SHOWN 3	/* identifiers that are named */

/* Several signatures of a domain are named once. */
static bool
was_named(const struct dmarc_story *s, size_t i)
{
	const struct dmarc_identifier *id = s->request->identifiers;
	size_t j;

	for (j = 0; j < i; j++)
		if (id[j].method == id[i].method &&
		    id[j].certainty == id[i].certainty &&
		    slice_eq(id[j].domain, id[i].domain))
			return true;
	return false;
}

/* Adds those that passed, and are aligned or not; how many. */
static size_t
sum_passed(const struct dmarc_story *s, bool aligned, struct buf *out)
{
	const struct dmarc_identifier *id;
	size_t i, n = 0;

	for (i = 0; i < s->request->count; i++) {
		id = &s->request->identifiers[i];
		if (id->certainty != DMARC_IS_PASS ||
		    dmarc_is_aligned(s->verdict.alignments[i]) != aligned ||
		    was_named(s, i) || n++ >= SUM_SHOWN)
			continue;
		buf_adds(out, n > 1 ? " and " : aligned ? " by " : ", ");
		buf_adds(out, id->method == DMARC_SPF ? "SPF " : "DKIM ");
		buf_add(out, id->domain);
	}
	return n;
}

void
dmarc_story_sum(const struct dmarc_story *s, struct buf *out)
{
	const struct dmarc_verdict *v = &s->verdict;

	buf_addf(out, "DMARC %s", auth_result_name(v->result));
	if (v->result == AUTH_PASS) {
		(void)sum_passed(s, true, out);
		return;
	}
	if (v->from_domain.len > 0) {
		buf_adds(out, " for ");
		buf_add(out, domain_slice(&v->from_domain));
	}
	if (v->has_record)
		buf_addf(out, " (p=%s)", dmarc_policy_name(v->published));
	if (v->result != AUTH_FAIL && v->result != AUTH_NONE) {
		if (v->problem != NULL)
			buf_addf(out, ": %s", v->problem);
	} else if (sum_passed(s, true, out) == 0) {
		if (sum_passed(s, false, out) > 0)
			buf_adds(out, " passed but not aligned");
		else
			buf_adds(out, ", neither SPF nor DKIM passed");
	}
}

/* ---- as JSON ---- */

static void
json_walk(struct json *j, const struct dmarc_story *s)
{
	const struct dmarc_line *line;

	json_array(j, "walk");
	for (line = s->first; line != NULL; line = line->next) {
		json_object(j, NULL);
		answer_json(j, "lookup", DNS_TYPE_TXT, line->name,
		    line->answer);
		json_string(j, "found", line->found);
		json_object_end(j);
	}
	json_array_end(j);
	json_bool(j, "walk_cut", s->cut);
}

static void
json_identifiers(struct json *j, const struct dmarc_story *s)
{
	const struct dmarc_identifier *id;
	size_t i;

	json_array(j, "identifiers");
	for (i = 0; i < s->request->count; i++) {
		id = &s->request->identifiers[i];
		json_object(j, NULL);
		json_string(j, "method", id->method == DMARC_SPF ? "spf" :
		    "dkim");
		json_slice_or_null(j, "domain", id->domain);
		json_string(j, "state", certainty_name(id->certainty));
		json_string(j, "alignment", dmarc_alignment_name(
		    s->verdict.alignments[i]));
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_policy(struct json *j, const struct dmarc_verdict *v)
{
	if (!v->has_record) {
		json_null(j, "policy");
		return;
	}
	json_object(j, "policy");
	json_slice(j, "domain", domain_slice(&v->policy_domain));
	json_string(j, "published", dmarc_policy_name(v->published));
	json_string(j, "applied", dmarc_policy_name(v->applied));
	json_string(j, "tag", v->tag);
	json_bool(j, "testing", v->record.testing);
	json_object_end(j);
}

void
dmarc_story_json(struct json *j, const char *key, const struct dmarc_story *s)
{
	const struct dmarc_verdict *v = &s->verdict;

	json_object(j, key);
	json_string(j, "result", s->request->count > 0 ?
	    auth_result_name(v->result) : NULL);
	json_slice_or_null(j, "from_domain", domain_slice(&v->from_domain));
	json_slice_or_null(j, "organizational_domain",
	    domain_slice(&v->organizational_domain));
	json_policy(j, v);
	json_string(j, "problem", v->problem);
	json_bool(j, "dnssec", v->authenticated);
	json_walk(j, s);
	json_identifiers(j, s);
	json_object_end(j);
}

/* ---- the command ---- */

struct question {
	struct dmarc_request	 request;
	struct mail_from	 from;
	struct arena		*scratch;
	struct dmarc_verdict	 verdict;
};

/* An inquiry_step_fn. */
static bool
ask(void *arg, struct dns_ledger *ledger)
{
	struct question *q = arg;

	return dmarc_check(&q->request, ledger, q->scratch, NULL, NULL,
	    &q->verdict) == CHECK_DONE;
}

/* The records on the way to the policy, or that there is none. */
void
dmarc_story_lint(const struct dmarc_story *s, lint_fn *note, void *arg)
{
	const struct dmarc_line *line;

	for (line = s->first; line != NULL; line = line->next) {
		if (line->answer == NULL ||
		    !dns_outcome_is_known(line->answer->outcome) ||
		    !slice_starts(line->name, SLICE("_dmarc.")))
			continue;
		if ((line == s->first && (line->answer->count > 0 ||
		    !s->verdict.has_record)) ||
		    !slice_eq(slice_str(line->found), SLICE("no record")))
			dmarc_lint(line->name, line->answer, note, arg);
	}
}

const struct dmarc_verdict *
dmarc_story_verdict(const struct dmarc_story *s)
{
	return &s->verdict;
}

static enum tool_exit
tell(struct tool *t, struct question *q, struct inquiry *inquiry)
{
	struct lint_notes notes;
	struct dmarc_story *s;

	s = dmarc_story_new(t, &q->request, inquiry_ledger(inquiry));
	if (s == NULL)
		return tool_no_memory();
	lint_notes_init(&notes, t->arena);
	dmarc_story_lint(s, lint_notes_add, &notes);
	if (t->json) {
		json_object(&t->out, NULL);
		json_string(&t->out, "command", "dmarc");
		dmarc_story_json(&t->out, "dmarc", s);
		lint_notes_json(&t->out, "notes", &notes);
		json_object_end(&t->out);
		text_end(&t->text);
	} else {
		dmarc_story_text(&t->text, s);
		lint_notes_text(&t->text, &notes);
	}
	return s->verdict.result == AUTH_TEMPERROR || notes.errors > 0 ?
	    TOOL_REFUSED : TOOL_OK;
}

static enum tool_exit
look_up(struct tool *t, struct question *q)
{
	enum tool_exit status = tool_start(t);
	struct inquiry *inquiry;

	if (status != TOOL_OK)
		return status;
	q->scratch = arena_new(LIMIT_CHECK_MEMORY);
	if (q->scratch == NULL)
		return tool_no_memory();
	inquiry = tool_inquire(t, ask, q);
	status = inquiry != NULL ? tell(t, q, inquiry) : tool_no_memory();
	inquiry_free(inquiry);
	arena_free(q->scratch);
	return status;
}

static enum tool_exit
dmarc_run(struct tool *t, int argc, char **argv)
{
	static const struct tool_option none[] = { { .name = NULL } };
	struct question q = { .from = { .state = MAIL_FROM_OK,
		.has_domain = true } };

	if (!tool_options(t, argc, argv, none))
		return t->ended;
	if (optind + 1 != argc)
		return tool_usage(t);
	if (!domain_parse(slice_str(argv[optind]), &q.from.domain))
		return tool_fail(TOOL_USAGE, "not a domain name",
		    argv[optind]);
	q.request.from = &q.from;
	return look_up(t, &q);
}

const struct tool_command dmarc_command = {
	.name = "dmarc",
	.run = dmarc_run,
	.synopsis = "DOMAIN",
	.what = "Shows which DMARC policy applies, and checks the records",
	.example = "assay dmarc example.org"
};
