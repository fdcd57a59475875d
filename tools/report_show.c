/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_show: assay report show, the aggregate report that a store holds
 * about a domain, on stdout.  Nothing is sent, and the store stays as it is.
 */
#include "tools/report.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/domain.h"
#include "base/limits.h"
#include "dmarc/destination.h"
#include "tools/report_rows.h"
#include "tools/stored.h"

#define POLICIES_SHOWN	20	/* reports of one day that are listed */

struct showing {
	struct tool		*t;
	struct store		*store;
	const char		*domain, *day, *name, *org_name, *email, *id;
	bool			 envelope_to, destinations;
	struct domain		 wanted;
	int64_t			 when;
	uint64_t		 ids[POLICIES_SHOWN];
	size_t			 count;		/* all of that day */
	uint64_t		 chosen;
	struct report_writer	*writer;
	bool			 found, written;
	struct dmarc_destinations to;
};

/* ---- which one ---- */

/* A store_policy_fn. */
static bool
list_policy(void *arg, const struct store_policy *p)
{
	struct showing *s = arg;

	if (s->count < POLICIES_SHOWN)
		s->ids[s->count] = p->id;
	s->count++;
	return true;
}

static enum tool_exit
choose(struct showing *s)
{
	char text[24 * POLICIES_SHOWN + 200];
	unsigned long long id;
	size_t i, at;

	if (s->count == 0)
		return tool_fail(TOOL_REFUSED, "no message of that day counts "
		    "for a report about", s->domain);
	if (s->id != NULL) {
		for (i = 0; i < s->count && i < POLICIES_SHOWN; i++)
			if (slice_number(slice_str(s->id), UINT64_MAX, &id) &&
			    id == s->ids[i]) {
				s->chosen = id;
				return TOOL_OK;
			}
		return tool_fail(TOOL_USAGE,
		    "no report of that day has this --id", s->id);
	}
	s->chosen = s->ids[0];
	if (s->count == 1)
		return TOOL_OK;
	at = (size_t)snprintf(text, sizeof(text), "there are several reports "
	    "of that day, since the record changed or one was too large; "
	    "choose with --id");
	for (i = 0; i < s->count && i < POLICIES_SHOWN; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    " %" PRIu64, s->ids[i]);
	return tool_fail(TOOL_USAGE, text, NULL);
}

/* ---- what is in it ---- */

static bool
write_stdout(void *arg, const char *ptr, size_t len)
{
	(void)arg;
	return fwrite(ptr, 1, len, stdout) == len;
}

/* A store_row_fn. */
static bool
show_row(void *arg, const struct store_row *r)
{
	struct showing *s = arg;

	report_row_write(s->writer, r);
	return true;
}

/* A store_policy_fn: begins the report of the chosen one. */
static bool
begin_report(void *arg, const struct store_policy *p)
{
	struct showing *s = arg;
	struct report_head head;

	s->found = true;
	report_head_names(&head, s->t);
	if (s->org_name != NULL)
		head.report.org_name = slice_str(s->org_name);
	if (s->email != NULL)
		head.report.email = slice_str(s->email);
	report_head_fill(&head, p);
	s->writer = report_writer_new(&head.report, slice_str(head.error),
	    write_stdout, NULL);
	return false;
}

static enum tool_exit
show_chosen(struct showing *s)
{
	enum store_status status = store_policy_find(s->store, s->chosen,
	    begin_report, s);
	bool good;

	if (status != STORE_OK)
		return stored_failed(s->store, status);
	/* Forgotten since it was listed, or no memory. */
	if (s->writer == NULL)
		return s->found ? tool_no_memory() : tool_fail(TOOL_TEMPORARY,
		    "the report no longer exists", NULL);
	status = store_rows(s->store, s->chosen, s->envelope_to, show_row, s);
	good = report_writer_end(s->writer);
	if (status != STORE_OK)
		return stored_failed(s->store, status);
	return good ? TOOL_OK : tool_fail(TOOL_OUTPUT, "stdout", "the report "
	    "could not be written");
}

static enum tool_exit
show_report(struct showing *s)
{
	enum store_status status;
	enum tool_exit result;

	status = store_policies(s->store, s->when, s->when,
	    domain_slice(&s->wanted), list_policy, s);
	if (status != STORE_OK)
		return stored_failed(s->store, status);
	result = choose(s);
	return result == TOOL_OK ? show_chosen(s) : result;
}

/* ---- to whom it would go ---- */

/* An inquiry_step_fn. */
static bool
find_destinations(void *arg, struct dns_ledger *ledger)
{
	struct showing *s = arg;

	return dmarc_destinations(domain_slice(&s->wanted), ledger,
	    &s->to) == CHECK_DONE;
}

/* On stderr: the report itself is on stdout. */
static enum tool_exit
show_destinations(struct showing *s)
{
	struct inquiry *q = tool_inquire(s->t, find_destinations, s);
	char text[200];
	size_t i;

	if (q == NULL)
		return tool_no_memory();
	inquiry_free(q);
	if (s->to.count == 0)
		(void)tool_fail(TOOL_OK, s->to.later ? "DNS did not say who "
		    "gets the report" : "the report has no recipient: "
		    "the domain has no usable address in rua now", NULL);
	for (i = 0; i < s->to.count; i++) {
		const struct dmarc_destination *d = &s->to.items[i];

		snprintf(text, sizeof(text), "%s%s",
		    d->why == NULL ? "the report is for" : "not for, since ",
		    d->why == NULL ? "" : d->why);
		(void)tool_fail(TOOL_OK, text, d->mailbox.text);
	}
	return TOOL_OK;
}

/* ---- the command ---- */

static enum tool_exit
open_and_show(struct showing *s)
{
	const struct config *c = s->t->engine->config;
	enum tool_exit result;

	if (s->name == NULL)
		s->name = c->store;
	if (s->name == NULL)
		return tool_fail(TOOL_USAGE, "no store: the configuration "
		    "names none; allowed: --store sqlite:/PATH or "
		    "postgresql://...", NULL);
	result = stored_open_as(s->name, STORE_READ, &s->store);
	if (result != TOOL_OK)
		return result;
	result = show_report(s);
	store_close(s->store);
	return result == TOOL_OK && s->destinations ? show_destinations(s) :
	    result;
}

static enum tool_exit
run(struct tool *t, int argc, char **argv)
{
	struct showing s = { .t = t };
	const struct tool_option own[] = {
		{ .name = "domain", .value = &s.domain, .argument = "DOMAIN",
		  .what = "the domain whose DMARC record was found" },
		{ .name = "day", .value = &s.day, .argument = "YYYY-MM-DD",
		  .what = "a day in UTC; yesterday without it" },
		{ .name = "id", .value = &s.id, .argument = "NUMBER",
		  .what = "which report, if that day has several" },
		{ .name = "store", .value = &s.name, .argument = "STORE",
		  .what = "another store than the configuration's" },
		{ .name = "org-name", .value = &s.org_name,
		  .argument = "NAME", .what = "who reports, if not the "
		  "configuration's" },
		{ .name = "email", .value = &s.email, .argument = "ADDRESS",
		  .what = "whom to ask, likewise" },
		{ .name = "envelope-to", .flag = &s.envelope_to,
		  .what = "with the domains of recipients" },
		{ .name = "destinations", .flag = &s.destinations,
		  .what = "say on stderr whom it is for" },
		{ .name = NULL }
	};
	enum tool_exit result;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind != argc || s.domain == NULL)
		return tool_usage(t);
	if (!domain_parse(slice_str(s.domain), &s.wanted))
		return tool_fail(TOOL_USAGE, "--domain is no domain name",
		    s.domain);
	s.when = (int64_t)time(NULL) / DATE_DAY - 1;
	if (s.day != NULL && !report_day_read(s.day, &s.when))
		return tool_fail(TOOL_USAGE, "--day is not a date; allowed: "
		    "YYYY-MM-DD", s.day);
	result = tool_start(t);
	return result == TOOL_OK ? open_and_show(&s) : result;
}

const struct tool_command report_show_command = {
	.name = "report show",
	.run = run,
	.synopsis = "--domain DOMAIN [--day YYYY-MM-DD] [--id NUMBER]\n"
	    "    [--store STORE] [--org-name NAME] [--email ADDRESS] "
	    "[--envelope-to]\n"
	    "    [--destinations]",
	.what = "Shows the DMARC aggregate report about a domain",
	.example = "assay report show --domain example.org\n"
	    "assay report show --domain example.org --day 2026-11-28 |\n"
	    "    assay report read -"
};
