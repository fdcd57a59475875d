/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overview: see overview.h.
 *
 * Each message is added up as a row of a report would be; the page and the
 * tables are those of `assay report read`, whose reporters are here what was
 * done with a message.
 */
#include "tools/overview.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "report/page.h"
#include "report/tally.h"
#include "tools/report.h"
#include "tools/stored.h"

#define DAYS 30			/* default of --since */

struct looking {
	struct tool	*t;
	struct store	*store;
	struct arena	*arena;
	struct tallies	 tallies;
	int64_t		 first, last;
	bool		 html;
};

static enum report_disposition
disposition_of(struct slice word)
{
	unsigned int d;

	for (d = REPORT_NONE; d < REPORT_OTHER_DISPOSITION; d++)
		if (slice_eq(word, slice_str(report_disposition_name(
		    (enum report_disposition)d))))
			return (enum report_disposition)d;
	return word.len == 0 ? REPORT_NONE : REPORT_OTHER_DISPOSITION;
}

/* A store_message_fn. */
static bool
take_message(void *arg, const struct store_message *m)
{
	struct looking *l = arg;
	const struct report_row row = { .source = m->client, .count = 1,
		.disposition = disposition_of(m->disposition),
		.dkim = slice_eq(m->dmarc_dkim, SLICE("pass")),
		.spf = slice_eq(m->dmarc_spf, SLICE("pass")),
		.header_from = m->from_domain.len > 0 ? m->from_domain :
		    SLICE("(none)") };

	if (slice_eq(m->why, SLICE("not checked")))
		return true;
	if (l->first == 0 || m->time < l->first)
		l->first = m->time;
	if (m->time > l->last)
		l->last = m->time;
	tallies_add_row(&l->tallies, m->time, &row, m->told,
	    m->policy_domain);
	return !arena_failed(l->arena);
}

/* ---- what is shown ---- */

static enum tool_exit
show_html(struct looking *l)
{
	struct page page = { .title = "What this host saw",
		.last_title = "What was done", .last_key = "outcome" };
	enum tool_exit status = TOOL_OK;
	struct buf b;

	page.about = l->t->receiver;
	l->tallies.begin = l->first;
	l->tallies.end = l->last;
	buf_init(&b, PAGE_MAX);
	page_write(&b, &page, &l->tallies);
	if (buf_failed(&b))
		status = tool_no_memory();
	else
		fputs(buf_cstr(&b), stdout);
	buf_fini(&b);
	return status;
}

static void
show_json(const struct looking *l)
{
	struct json *j = &l->t->out;

	json_object(j, NULL);
	json_number(j, "first", l->first);
	json_number(j, "last", l->last);
	report_json_line(j, &l->tallies.all);
	report_json_tally(j, "sources", "source", &l->tallies.sources);
	report_json_tally(j, "from_domains", "domain", &l->tallies.froms);
	report_json_tally(j, "days", "day", &l->tallies.days);
	report_json_tally(j, "outcomes", "outcome", &l->tallies.reporters);
	json_object_end(j);
	puts("");
}

static void
show_text(const struct looking *l)
{
	char first[TEXT_TIME], last[TEXT_TIME];
	struct text *t = &l->t->text;

	text_time(l->first, first);
	text_time(l->last, last);
	text_say(t, "%" PRIu64 " messages", l->tallies.all.messages);
	if (l->last > 0)
		text_say(t, ", %s to %s", first, last);
	text_say(t, "; %" PRIu64 " passed", l->tallies.all.passed);
	text_end(t);
	report_text_table(t, "Sources", &l->tallies.sources);
	report_text_table(t, "Domains in From", &l->tallies.froms);
	report_text_table(t, "Days", &l->tallies.days);
	report_text_table(t, "What was done", &l->tallies.reporters);
}

static enum tool_exit
show(struct looking *l)
{
	tallies_sort(&l->tallies);
	if (l->html)
		return show_html(l);
	if (l->t->json)
		show_json(l);
	else
		show_text(l);
	return TOOL_OK;
}

static enum tool_exit
look(struct looking *l, int64_t since)
{
	enum store_status status;
	enum tool_exit opened = stored_open(l->t, STORE_READ,
	    &l->store);

	if (opened != TOOL_OK)
		return opened;
	status = store_messages(l->store, since, take_message, l);
	if (arena_failed(l->arena))
		return tool_no_memory();
	return status == STORE_OK ? show(l) :
	    stored_failed(l->store, status);
}

static enum tool_exit
run(struct tool *t, int argc, char **argv)
{
	struct looking l = { .t = t };
	const char *since = NULL;
	const struct tool_option options[] = {
		{ .name = "since", .value = &since, .argument = "TIME",
		  .what = "only messages of this time: 30d (default), 12h, "
		  "30m" },
		{ .name = "html", .flag = &l.html, .what = "one HTML page" },
		{ .name = NULL }
	};
	enum tool_exit status;
	int64_t begin = 0;

	if (!tool_options(t, argc, argv, options))
		return t->ended;
	if (optind < argc || (l.html && t->json))
		return tool_usage(t);
	status = stored_since(since, DAYS, &begin);
	if (status != TOOL_OK)
		return status;
	l.arena = arena_new(LIMIT_REPORT_MEMORY);
	if (l.arena == NULL)
		return tool_no_memory();
	tallies_init(&l.tallies, l.arena);
	status = look(&l, begin);
	store_close(l.store);
	arena_free(l.arena);
	return status;
}

const struct tool_command overview_command = {
	.name = "overview",
	.run = run,
	.synopsis = "[--html] [--since TIME]",
	.what = "Shows what the store has of mail that was checked",
	.example = "assay overview --html >overview.html"
};
