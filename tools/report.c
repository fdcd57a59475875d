/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: see report.h.
 *
 * A file that cannot be read is reported on stderr, and the others are still
 * read; the exit status then says that something was wrong.
 */
#include "tools/report.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "report/page.h"
#include "report/tally.h"
#include "report/unpack.h"
#include "tools/mbox.h"

#define NAMES_MAX 50		/* sources whose reverse name is asked for */
#define SHOWN 50		/* lines of a table in text */

struct read_one {
	struct report	 report;
	const char	*path;
	bool		 repeated;
	struct read_one	*next;
};

struct reading_reports {
	struct tool		*t;
	struct arena		*arena;		/* of what is kept of them */
	struct arena		*one;		/* of one after the other */
	struct tallies		 tallies;
	struct read_one		*first, **last;
	const char		*path;		/* of the current file */
	size_t			 message;	/* of it, an mbox; or 0 */
	bool			 html, no_names;
	size_t			 repeated;
	uint64_t		 bad_rows;
	enum tool_exit		 status;
};

/* ---- for all of assay report ---- */

void
report_add_line(char *out, size_t size, struct slice text)
{
	size_t at = strlen(out), i;
	bool blank = true;

	for (i = 0; i < text.len && at + 1 < size; i++) {
		char c = text.ptr[i];

		if (ascii_is_space(c)) {
			if (!blank)
				out[at++] = ' ';
			blank = true;
			continue;
		}
		out[at++] = ascii_is_vchar(c) ? c : '?';
		blank = false;
	}
	out[at] = '\0';
}

/* ---- files ---- */

static void
complain(struct reading_reports *r, enum report_status status,
    unsigned int line)
{
	char text[200], message[40] = "", at[40] = "";

	if (status == REPORT_NO_MEMORY) {
		r->status = tool_no_memory();
		return;
	}
	if (r->message > 0)
		snprintf(message, sizeof(message), "message %zu: ",
		    r->message);
	if (line > 0)
		snprintf(at, sizeof(at), "line %u: ", line);
	snprintf(text, sizeof(text), "%s%s%s", message, at,
	    report_status_text(status));
	r->status = tool_fail_at(TOOL_REFUSED, r->path, text);
}

/* What is shown of a report; its rows are added up elsewhere. */
static void
keep(struct reading_reports *r, const struct report *p, struct report *out)
{
	*out = (struct report){
		.org_name = arena_dup(r->arena, p->org_name),
		.report_id = arena_dup(r->arena, p->report_id),
		.begin = p->begin, .end = p->end,
		.domain = arena_dup(r->arena, p->domain),
		.p = arena_dup(r->arena, p->p),
		.sp = arena_dup(r->arena, p->sp),
		.np = arena_dup(r->arena, p->np),
		.row_count = p->row_count, .messages = p->messages,
		.bad_rows = p->bad_rows };
}

static void
add_report(struct reading_reports *r, const struct report *report)
{
	struct read_one *one = arena_alloc(r->arena, sizeof(*one));

	if (one == NULL)
		return;
	keep(r, report, &one->report);
	one->path = r->path;
	one->repeated = !tallies_add(&r->tallies, report);
	r->repeated += one->repeated ? 1 : 0;
	r->bad_rows += one->repeated ? 0 : report->bad_rows;
	*r->last = one;
	r->last = &one->next;
}

/* A report_document_fn. */
static bool
read_xml(void *arg, struct slice xml)
{
	struct reading_reports *r = arg;
	struct report report;
	enum report_status status;
	unsigned int line = 0;

	arena_reset(r->one);
	status = report_read_xml(xml, r->one, &report, &line);
	if (status != REPORT_READ) {
		complain(r, status, line);
		return status != REPORT_NO_MEMORY;
	}
	add_report(r, &report);
	if (arena_failed(r->arena))
		complain(r, REPORT_NO_MEMORY, 0);
	return !arena_failed(r->arena);
}

static void
read_text(struct reading_reports *r, struct slice text)
{
	enum report_status status = report_unpack(text, read_xml, r);

	if (status != REPORT_READ)
		complain(r, status, 0);
}

static void
read_messages(struct reading_reports *r, struct mbox *mbox)
{
	struct slice from_line, message;

	for (r->message = 1; mbox_next(mbox, &from_line, &message) &&
	    !arena_failed(r->arena); r->message++)
		read_text(r, message);
	r->message = 0;
}

static void
read_path(struct reading_reports *r, const char *path)
{
	enum tool_exit read;
	struct mbox mbox;
	struct buf b;

	r->path = path;
	read = tool_read_file(path, &b);
	if (read == TOOL_OK)
		mbox_init(&mbox, buf_slice(&b));
	if (read != TOOL_OK)
		r->status = read;
	else if (mbox.is_mbox)
		read_messages(r, &mbox);
	else
		read_text(r, buf_slice(&b));
	buf_fini(&b);
}

/* ---- reverse names ---- */

/* An inquiry_step_fn: all at once. */
static bool
ask_names(void *arg, struct dns_ledger *ledger)
{
	struct reading_reports *r = arg;
	struct tally_table *sources = &r->tallies.sources;
	char name[IPADDR_REVERSE];
	bool done = true;
	size_t i;

	for (i = 0; i < sources->count && i < NAMES_MAX; i++) {
		const struct dns_answer *a;

		ipaddr_reverse(&sources->lines[i].source, name);
		a = dns_ledger_ask(ledger, slice_str(name), DNS_TYPE_PTR);
		if (a == NULL)
			done = false;
		else if (a->outcome == DNS_FOUND && a->count > 0)
			sources->lines[i].name = arena_dup(r->arena,
			    a->records[0].text);
	}
	return done;
}

/* What DNS does not say is left out: the table is without it. */
static enum tool_exit
find_names(struct reading_reports *r)
{
	enum tool_exit status = tool_start(r->t);
	struct inquiry *q;

	if (status != TOOL_OK)
		return status;
	q = tool_inquire(r->t, ask_names, r);
	if (q == NULL)
		return tool_no_memory();
	inquiry_free(q);
	return TOOL_OK;
}

/* ---- text ---- */

static void
text_share(struct text *t, uint64_t part, uint64_t whole)
{
	text_say(t, "%12" PRIu64 "  %5.1f %%", part,
	    whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole);
}

void
report_text_table(struct text *t, const char *title,
    const struct tally_table *y)
{
	size_t i;

	text_title(t, title);
	text_end(t);
	text_style(t, TEXT_DIM, "  %10s %10s %10s %10s", "messages", "passed",
	    "DKIM", "SPF");
	text_end(t);
	for (i = 0; i < y->count && i < SHOWN; i++) {
		const struct tally_line *l = &y->lines[i];

		text_say(t, "  %10" PRIu64 " ", l->messages);
		text_style(t, l->passed == l->messages ? TEXT_GOOD :
		    l->passed == 0 ? TEXT_BAD : TEXT_DOUBT, "%10" PRIu64,
		    l->passed);
		text_say(t, " %10" PRIu64 " %10" PRIu64 "  ", l->dkim, l->spf);
		text_value(t, l->key);
		if (l->name.len > 0) {
			text_say(t, "  ");
			text_foreign(t, l->name);
		}
		text_end(t);
	}
	if (i < y->count) {
		text_say(t, "  and %zu more", y->count - i);
		text_end(t);
	}
}

static void
text_head(struct text *t, const struct reading_reports *r)
{
	const struct tally_line *all = &r->tallies.all;
	char begin[TEXT_TIME], end[TEXT_TIME];

	text_time(r->tallies.begin, begin);
	text_time(r->tallies.end, end);
	text_say(t, "%" PRIu64 " messages in %zu reports, %s to %s",
	    all->messages, r->tallies.reports, begin, end);
	text_end(t);
	text_item(t, "passed");
	text_share(t, all->passed, all->messages);
	text_end(t);
	text_item(t, "failed");
	text_share(t, all->messages - all->passed, all->messages);
	text_say(t, ", of all quarantined %" PRIu64 ", rejected %" PRIu64,
	    all->dispositions[REPORT_QUARANTINE],
	    all->dispositions[REPORT_REJECT]);
	text_end(t);
	if (r->repeated > 0) {
		text_say(t, "%zu duplicate reports count once",
		    r->repeated);
		text_end(t);
	}
	if (r->bad_rows > 0) {
		text_say(t, "%" PRIu64 " rows without a usable address or "
		    "count were left out", r->bad_rows);
		text_end(t);
	}
}

static void
show_text(struct reading_reports *r)
{
	struct text *t = &r->t->text;

	text_head(t, r);
	report_text_table(t, "Sources", &r->tallies.sources);
	report_text_table(t, "Domains in From", &r->tallies.froms);
	report_text_table(t, "Days", &r->tallies.days);
	report_text_table(t, "Reporters", &r->tallies.reporters);
}

/* ---- JSON ---- */

void
report_json_line(struct json *j, const struct tally_line *l)
{
	unsigned int d;

	json_number(j, "messages", (long long)l->messages);
	json_number(j, "passed", (long long)l->passed);
	json_number(j, "dkim", (long long)l->dkim);
	json_number(j, "spf", (long long)l->spf);
	json_object(j, "dispositions");
	for (d = 0; d <= REPORT_OTHER_DISPOSITION; d++)
		json_number(j, report_disposition_name(
		    (enum report_disposition)d), (long long)l->dispositions[d]);
	json_object_end(j);
}

void
report_json_tally(struct json *j, const char *name, const char *key,
    const struct tally_table *y)
{
	size_t i;

	json_array(j, name);
	for (i = 0; i < y->count; i++) {
		json_object(j, NULL);
		json_slice(j, key, y->lines[i].key);
		if (y->lines[i].name.len > 0)
			json_slice(j, "name", y->lines[i].name);
		report_json_line(j, &y->lines[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_report(struct json *j, const struct read_one *one)
{
	const struct report *p = &one->report;

	json_object(j, NULL);
	json_string(j, "file", one->path);
	json_slice(j, "reporter", p->org_name);
	json_slice(j, "report_id", p->report_id);
	json_number(j, "begin", p->begin);
	json_number(j, "end", p->end);
	json_slice(j, "domain", p->domain);
	json_slice_or_null(j, "p", p->p);
	json_slice_or_null(j, "sp", p->sp);
	json_slice_or_null(j, "np", p->np);
	json_number(j, "messages", (long long)p->messages);
	json_number(j, "rows", (long long)p->row_count);
	json_number(j, "bad_rows", (long long)p->bad_rows);
	json_bool(j, "repeated", one->repeated);
	json_object_end(j);
}

static void
show_json(struct reading_reports *r)
{
	struct json *j = &r->t->out;
	const struct read_one *one;

	json_object(j, NULL);
	json_array(j, "reports");
	for (one = r->first; one != NULL; one = one->next)
		json_report(j, one);
	json_array_end(j);
	report_json_line(j, &r->tallies.all);
	report_json_tally(j, "sources", "source", &r->tallies.sources);
	report_json_tally(j, "from_domains", "domain", &r->tallies.froms);
	report_json_tally(j, "days", "day", &r->tallies.days);
	report_json_tally(j, "reporters", "reporter", &r->tallies.reporters);
	json_object_end(j);
	puts("");
}

/* ---- HTML ---- */

static void
show_html(struct reading_reports *r)
{
	struct page page = { .title = "DMARC aggregate reports" };
	struct buf about, b;
	size_t i;

	buf_init(&about, 16384);
	for (i = 0; i < r->tallies.policies.count && i < 10; i++) {
		buf_adds(&about, i > 0 ? ", " : "");
		buf_add(&about, r->tallies.policies.lines[i].key);
	}
	buf_init(&b, PAGE_MAX);
	page.about = buf_slice(&about);
	page_write(&b, &page, &r->tallies);
	if (buf_failed(&b) || buf_failed(&about))
		r->status = tool_no_memory();
	else
		fputs(buf_cstr(&b), stdout);
	buf_fini(&b);
	buf_fini(&about);
}

static void
show(struct reading_reports *r)
{
	tallies_sort(&r->tallies);
	if (!r->no_names && r->tallies.sources.count > 0) {
		enum tool_exit status = find_names(r);

		if (status != TOOL_OK) {
			r->status = status;
			return;
		}
	}
	if (r->t->json)
		show_json(r);
	else if (r->html)
		show_html(r);
	else
		show_text(r);
}

static enum tool_exit
read_reports(struct tool *t, int argc, char **argv)
{
	struct reading_reports r = { .t = t, .status = TOOL_OK };
	const struct tool_option own[] = {
		{ .name = "html", .flag = &r.html,
		  .what = "write one page of HTML" },
		{ .name = "no-names", .flag = &r.no_names,
		  .what = "do not look up the names of the sources" },
		{ .name = NULL }
	};
	int i;

	r.last = &r.first;
	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind == argc)
		return tool_usage(t);
	r.arena = arena_new(LIMIT_REPORT_MEMORY);
	r.one = arena_new(LIMIT_REPORT_MEMORY);
	if (r.arena == NULL || r.one == NULL) {
		arena_free(r.arena);
		arena_free(r.one);
		return tool_no_memory();
	}
	tallies_init(&r.tallies, r.arena);
	for (i = optind; i < argc && !arena_failed(r.arena); i++)
		read_path(&r, argv[i]);
	if (!arena_failed(r.arena))
		show(&r);
	arena_free(r.arena);
	arena_free(r.one);
	return r.status;
}

const struct tool_command report_read_command = {
	.name = "report read",
	.run = read_reports,
	.synopsis = "[--json | --html] [--no-names] FILE...",
	.what = "Sums up DMARC aggregate reports that others sent",
	.example = "assay report read ~/Maildir/.DMARC/cur/*\n"
	    "assay report read --html *.xml.gz > report.html"
};
