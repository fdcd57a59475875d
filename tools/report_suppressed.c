/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_suppressed: assay report suppressed, the destinations that get no
 * reports for a while, since some came back.
 */
#include "tools/report.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "mail/mailbox.h"
#include "tools/stored.h"

struct listing {
	struct tool	*t;
	struct store	*store;
	const char	*end;
	int64_t		 now;
	size_t		 count;
};

/* A store_suppression_fn. */
static bool
list_one(void *arg, const struct store_suppression *x)
{
	struct listing *l = arg;
	struct json *j = &l->t->out;
	struct text *t = &l->t->text;
	char when[TEXT_TIME];

	l->count++;
	if (l->t->json) {
		json_object(j, NULL);
		json_slice(j, "destination", x->destination);
		json_number(j, "until", x->until);
		json_bool(j, "over", x->until <= l->now);
		json_number(j, "times", x->hits);
		json_slice(j, "why", x->why);
		json_object_end(j);
		return true;
	}
	text_time(x->until, when);
	text_foreign(t, x->destination);
	text_style(t, x->until > l->now ? TEXT_BAD : TEXT_DIM,
	    "  %ssuppressed until %s", x->until > l->now ? "" : "was ", when);
	text_say(t, ", %" PRId64 " %s  ", x->hits,
	    x->hits == 1 ? "time" : "times");
	text_foreign(t, x->why);
	text_end(t);
	return true;
}

static enum tool_exit
list_all(struct listing *l)
{
	enum store_status status;

	if (l->t->json)
		json_array(&l->t->out, NULL);
	status = store_suppressions(l->store, SLICE(""), list_one, l);
	if (l->t->json) {
		json_array_end(&l->t->out);
		puts("");
	} else if (status == STORE_OK && l->count == 0)
		puts("no destination is suppressed");
	return stored_failed(l->store, status);
}

/* A store_suppression_fn. */
static bool
count_one(void *arg, const struct store_suppression *x)
{
	(void)x;
	++*(size_t *)arg;
	return true;
}

static enum tool_exit
end_one(struct listing *l)
{
	struct slice to = slice_str(l->end);
	struct mail_mailbox m;
	enum store_status status;

	if (mail_mailbox_parse(to, &m))
		to = mail_mailbox_slice(&m);
	status = store_suppressions(l->store, to, count_one, &l->count);
	if (status == STORE_OK && l->count == 0)
		return tool_fail(TOOL_REFUSED, "this destination is not "
		    "suppressed", l->end);
	if (status == STORE_OK)
		status = store_suppress_end(l->store, to);
	return stored_failed(l->store, status);
}

static enum tool_exit
run_suppressed(struct tool *t, int argc, char **argv)
{
	struct listing l = { .t = t, .now = (int64_t)time(NULL) };
	const struct tool_option own[] = {
		{ .name = "end", .value = &l.end, .argument = "DESTINATION",
		  .what = "reports go to this one again" },
		{ .name = NULL }
	};
	enum tool_exit status;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind != argc || (l.end != NULL && l.end[0] == '\0'))
		return tool_usage(t);
	status = stored_start(t);
	if (status == TOOL_OK)
		status = stored_open(t, l.end != NULL ? STORE_WRITE :
		    STORE_READ, &l.store);
	if (status != TOOL_OK)
		return status;
	status = l.end != NULL ? end_one(&l) : list_all(&l);
	store_close(l.store);
	return status;
}

const struct tool_command report_suppressed_command = {
	.name = "report suppressed",
	.run = run_suppressed,
	.synopsis = "[--json] [--end DESTINATION]",
	.what = "Lists destinations that get no reports for a while",
	.example = "assay report suppressed\n"
	    "assay report suppressed --end dmarc@example.net"
};
