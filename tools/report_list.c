/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_list: assay report list, what became of the reports that were sent:
 * when, to whom, and what the answer was.
 */
#include "tools/report.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/date.h"
#include "report/verp.h"
#include "tools/stored.h"

#define DAYS 7			/* without --since */

enum list_state {
	LIST_SENT,
	LIST_SENDING,
	LIST_LATER,
	LIST_REFUSED,
	LIST_SUPPRESSED,
	LIST_STATES
};

static const struct {
	struct slice	 name;		/* in the store, and as JSON */
	const char	*text;
	enum text_style	 style;
	bool		 again;		/* there is another try */
} states[LIST_STATES] = {
	[LIST_SENT] = { SLICE_INIT("sent"), "sent", TEXT_GOOD, false },
	[LIST_SENDING] = { SLICE_INIT("sending"), "was being sent",
	    TEXT_DOUBT, true },
	[LIST_LATER] = { SLICE_INIT("later"), "to be tried again",
	    TEXT_DOUBT, true },
	[LIST_REFUSED] = { SLICE_INIT("refused"), "refused", TEXT_BAD,
	    false },
	[LIST_SUPPRESSED] = { SLICE_INIT("suppressed"), "suppressed",
	    TEXT_DIM, false }
};

struct report_list {
	struct tool	*t;
	struct store	*store;
	const char	*since, *domain;
	struct domain	 wanted;
	int64_t		 first;		/* day */
	unsigned long	 counts[LIST_STATES];
	unsigned long	 open;		/* reports without a delivery */
};

/* ---- one delivery ---- */

static void
list_json(struct json *j, const struct store_delivery *d, const char *day,
    const char *id, enum list_state state)
{
	json_object(j, NULL);
	json_string(j, "day", day);
	json_slice_or_null(j, "domain", d->domain);
	json_string(j, "report_id", id);
	json_slice(j, "to", d->destination);
	json_slice(j, "state", d->state);
	json_number(j, "messages", d->messages);
	json_number(j, "tries", d->tries);
	json_number(j, "at", d->at);
	if (states[state].again)
		json_number(j, "next", d->next);
	json_slice_or_null(j, "why", d->error);
	json_object_end(j);
}

static void
list_text(struct text *t, const struct store_delivery *d, const char *day,
    const char *id, enum list_state state)
{
	char when[TEXT_TIME];

	text_say(t, "%s ", day);
	text_foreign(t, d->domain.len > 0 ? d->domain : SLICE("-"));
	text_say(t, " %s ", id);
	text_foreign(t, d->destination);
	text_say(t, ": ");
	text_style(t, states[state].style, "%s", states[state].text);
	text_time(d->at, when);
	text_say(t, " %s", when);
	if (d->messages > 0)
		text_say(t, ", %" PRId64 " %s", d->messages,
		    d->messages == 1 ? "message" : "messages");
	if (d->tries > 1)
		text_say(t, ", %" PRId64 " tries", d->tries);
	if (states[state].again) {
		text_time(d->next, when);
		text_say(t, ", next %s", when);
	}
	if (d->error.len > 0) {
		text_say(t, ": ");
		text_foreign(t, d->error);
	}
	text_end(t);
}

static enum list_state
state_of(struct slice word)
{
	enum list_state s;

	for (s = LIST_SENT; s < LIST_STATES; s++)
		if (slice_eq(word, states[s].name))
			return s;
	return LIST_SENDING;
}

/* A store_delivery_fn. */
static bool
list_delivery(void *arg, const struct store_delivery *d)
{
	struct report_list *l = arg;
	enum list_state state = state_of(d->state);
	char day[REPORT_DAY], id[REPORT_ID];

	if (d->day < l->first || (l->domain != NULL && !slice_eq(d->domain,
	    domain_slice(&l->wanted))))
		return true;
	l->counts[state]++;
	report_day(d->day * DATE_DAY, day);
	report_id_make(d->policy, id);
	if (l->t->json)
		list_json(&l->t->out, d, day, id, state);
	else
		list_text(&l->t->text, d, day, id, state);
	return true;
}

/* ---- all of them ---- */

/* A store_policy_fn. */
static bool
count_policy(void *arg, const struct store_policy *p)
{
	(void)p;
	((struct report_list *)arg)->open++;
	return true;
}

/* Of the days that are over. */
static enum store_status
count_open(struct report_list *l)
{
	int64_t yesterday = (int64_t)time(NULL) / DATE_DAY - 1;

	return store_policies(l->store, l->first, yesterday,
	    l->domain != NULL ? domain_slice(&l->wanted) : SLICE(""),
	    count_policy, l);
}

static void
say_sums(struct report_list *l)
{
	struct json *j = &l->t->out;
	struct text *t = &l->t->text;
	enum list_state s;
	bool any = false;

	for (s = LIST_SENT; s < LIST_STATES; s++) {
		if (l->t->json)
			json_number(j, states[s].name.ptr,
			    (long long)l->counts[s]);
		else if (l->counts[s] > 0)
			text_say(t, "%s%lu %s", any ? ", " : "deliveries: ",
			    l->counts[s], states[s].text);
		any = any || l->counts[s] > 0;
	}
	if (l->t->json) {
		json_number(j, "open_reports", (long long)l->open);
		return;
	}
	text_say(t, "%s", any ? "" : "no report was sent");
	text_end(t);
	if (l->open > 0) {
		text_say(t, "%lu %s in the store: assay report send --dry-run "
		    "says why", l->open, l->open == 1 ? "report is still" :
		    "reports are still");
		text_end(t);
	}
}

static enum tool_exit
list_all(struct report_list *l)
{
	struct json *j = &l->t->out;
	enum store_status status;

	if (l->t->json) {
		json_object(j, NULL);
		json_array(j, "deliveries");
	}
	status = store_deliveries(l->store, 0, list_delivery, l);
	if (status == STORE_OK)
		status = count_open(l);
	if (l->t->json)
		json_array_end(j);
	if (l->t->json || status == STORE_OK)
		say_sums(l);
	if (l->t->json) {
		json_object_end(j);
		puts("");
	}
	return stored_failed(l->store, status);
}

/* ---- the command ---- */

static enum tool_exit
run_list(struct tool *t, int argc, char **argv)
{
	struct report_list l = { .t = t };
	const struct tool_option own[] = {
		{ .name = "since", .value = &l.since, .argument = "TIME",
		  .what = "reports of the days since then, as 30d; 7d without "
		  "it" },
		{ .name = "domain", .value = &l.domain, .argument = "DOMAIN",
		  .what = "only those about this domain" },
		{ .name = NULL }
	};
	enum tool_exit status;
	int64_t begin;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind != argc)
		return tool_usage(t);
	if (l.domain != NULL && !domain_parse(slice_str(l.domain), &l.wanted))
		return tool_fail(TOOL_USAGE, "--domain is no domain name",
		    l.domain);
	status = stored_since(l.since, DAYS, &begin);
	if (status == TOOL_OK)
		status = stored_open(t, STORE_READ, &l.store);
	if (status != TOOL_OK)
		return status;
	l.first = begin / DATE_DAY;
	status = list_all(&l);
	store_close(l.store);
	return status;
}

const struct tool_command report_list_command = {
	.name = "report list",
	.run = run_list,
	.synopsis = "[--since TIME] [--domain DOMAIN] [--json]",
	.what = "Lists what became of the aggregate reports that were sent",
	.example = "assay report list\n"
	    "assay report list --since 30d --domain example.net --json"
};
