/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_bounce: assay report bounce, a program that a mail server hands the
 * bounces of our reports to.
 *
 * 1. The first LIMIT_BOUNCE_MAIL octets of the mail are read, the rest is
 *    passed over.
 * 2. A tag counts when its hash is that of a delivery of its report, or of a
 *    recipient that the notice names.  Nobody can make one but whoever got the
 *    report.
 * 3. A failure marks the delivery as refused.  The destination is left alone
 *    for a week, after that for a month, then for a quarter.  It counts once
 *    while that lasts: several reports may come back.
 *
 * A mail server makes a bounce of whatever fails, so rubbish is no failure.
 * Where the store or the configuration is in the way, the mail server is asked
 * to try again.
 */
#include "tools/report.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "report/bounce.h"
#include "tools/stored.h"

#define BOUNCE_MEMORY	(64u << 10)
#define WHY_MAX		400
#define SAYING_MAX	1200

/* Days that a destination is left alone: at the first time, the second ... */
static const int64_t days_alone[] = { 7, 30, 90 };
#define TIMES (sizeof(days_alone) / sizeof(days_alone[0]))

/* One that the bounce is about. */
struct returned {
	bool			 known;
	/* False: the store has no delivery of it any more. */
	bool			 stored;
	struct mail_mailbox	 destination;
	struct store_delivery	 delivery;	/* less its texts */
	bool			 refused;	/* before */
};

struct bouncing {
	struct tool		*t;
	const char		*recipient;
	struct store		*store;
	struct bounce		 bounce;
	uint64_t		 key[2];
	const struct verp	*tag;		/* the one that is looked for */
	struct returned		 it;
	char			 why[WHY_MAX];
	int64_t			 now;
};

/* ---- what is said ---- */

/* On stdout and, where the daemon's goes there, in the log. */
__attribute__((format(printf, 3, 4))) static void
say(const struct bouncing *b, int priority, const char *fmt, ...)
{
	char line[SAYING_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (b->t->engine->config->log.target == CONFIG_LOG_SYSLOG)
		syslog(LOG_MAIL | priority, "report bounce: %s", line);
	if (!b->t->json)
		puts(line);
}

/* "5.1.1: 550 5.1.1 no such user" */
static void
make_why(struct bouncing *b)
{
	report_add_line(b->why, sizeof(b->why), b->bounce.status.len > 0 ?
	    b->bounce.status : SLICE("no status"));
	if (b->bounce.diagnostic.len == 0)
		return;
	report_add_line(b->why, sizeof(b->why), SLICE(": "));
	report_add_line(b->why, sizeof(b->why), b->bounce.diagnostic);
}

static enum tool_exit
later(enum tool_exit status)
{
	return status == TOOL_OK || status == TOOL_USAGE ? status :
	    TOOL_TEMPORARY;
}

/* ---- which report to whom ---- */

/* A store_delivery_fn. */
static bool
is_it(void *arg, const struct store_delivery *d)
{
	struct bouncing *b = arg;

	if (!verp_is_to(b->tag, b->key, d->destination) ||
	    !mail_mailbox_parse(d->destination, &b->it.destination))
		return true;
	b->it.known = b->it.stored = true;
	b->it.delivery = *d;
	b->it.refused = slice_eq(d->state, SLICE("refused"));
	return false;
}

static void
try_recipient(struct bouncing *b, struct slice address)
{
	struct mail_mailbox m;

	if (b->it.known || !mail_mailbox_parse(address, &m) ||
	    !verp_is_to(b->tag, b->key, mail_mailbox_slice(&m)))
		return;
	b->it.known = true;
	b->it.destination = m;
}

/* Step 2. */
static enum store_status
find_report(struct bouncing *b)
{
	enum store_status status = STORE_OK;
	size_t i;

	store_key(b->store, VERP_PURPOSE, b->key);
	for (i = 0; i < b->bounce.tag_count && !b->it.known &&
	    status == STORE_OK; i++) {
		b->tag = &b->bounce.tags[i];
		status = store_deliveries(b->store, b->tag->policy, is_it, b);
		try_recipient(b, b->bounce.original_recipient);
		try_recipient(b, b->bounce.final_recipient);
	}
	return status;
}

/* ---- what follows from it ---- */

/* A store_suppression_fn. */
static bool
take_suppression(void *arg, const struct store_suppression *x)
{
	struct store_suppression *out = arg;

	out->until = x->until;
	out->hits = x->hits;
	return false;
}

/* Step 3, of the destination; `*until` is how long it is left alone. */
static enum store_status
leave_alone(struct bouncing *b, int64_t *until)
{
	struct slice to = mail_mailbox_slice(&b->it.destination);
	struct store_suppression old = { .hits = 0 };
	enum store_status status;
	size_t times;

	status = store_suppressions(b->store, to, take_suppression, &old);
	*until = old.until;
	if (status != STORE_OK || old.until > b->now)
		return status;
	/* A quarter without a bounce: it begins anew. */
	if (old.hits > 0 && old.until < b->now -
	    LIMIT_STORE_SUPPRESSION * DATE_DAY) {
		status = store_suppress_end(b->store, to);
		if (status != STORE_OK)
			return status;
		old.hits = 0;
	}
	times = (size_t)old.hits < TIMES ? (size_t)old.hits : TIMES - 1;
	*until = b->now + days_alone[times] * DATE_DAY;
	return store_suppress(b->store, to, *until, slice_str(b->why));
}

/* The suppression first: if this is all that is done, it is done again. */
static enum store_status
mark_refused(struct bouncing *b, int64_t *until)
{
	struct store_delivery d = b->it.delivery;
	enum store_status status = leave_alone(b, until);
	bool put;

	if (status != STORE_OK || !b->it.stored)
		return status;
	d.destination = mail_mailbox_slice(&b->it.destination);
	d.domain = SLICE("");
	d.state = SLICE("refused");
	d.at = b->now;
	d.next = 0;
	d.error = slice_str(b->why);
	/* Whatever the sender of reports notes at this moment. */
	return store_delivery_put(b->store, &d, SLICE(""), &put);
}

static void
write_json(struct bouncing *b, const char *outcome, int64_t until)
{
	struct json *j = &b->t->out;
	char id[REPORT_ID];

	if (!b->t->json)
		return;
	json_object(j, NULL);
	json_string(j, "outcome", outcome);
	if (b->it.known) {
		report_id_make(b->tag->policy, id);
		json_string(j, "report_id", id);
		json_slice(j, "destination",
		    mail_mailbox_slice(&b->it.destination));
		json_string(j, "why", b->why);
	}
	if (until > 0)
		json_number(j, "until", until);
	json_object_end(j);
	puts("");
}

static enum store_status
act_on_failure(struct bouncing *b, const char *id)
{
	enum store_status status;
	char when[TEXT_TIME];
	int64_t until = 0;

	if (b->it.refused) {
		say(b, LOG_INFO, "report %s to %s was refused before (%s)",
		    id, b->it.destination.text, b->why);
		write_json(b, "repeated", 0);
		return STORE_OK;
	}
	status = mark_refused(b, &until);
	if (status != STORE_OK)
		return status;
	text_time(until, when);
	say(b, LOG_NOTICE, "report %s to %s was refused (%s); no report goes "
	    "there until %s", id, b->it.destination.text, b->why, when);
	write_json(b, "refused", until);
	return STORE_OK;
}

static enum store_status
act(struct bouncing *b)
{
	enum store_status status = find_report(b);
	char id[REPORT_ID];

	if (status != STORE_OK)
		return status;
	if (!b->it.known) {
		say(b, LOG_NOTICE, "ignored: %s", b->bounce.tag_count > 0 ?
		    "the hash in its address is not ours" :
		    "no address in it is that of a report of ours");
		write_json(b, "ignored", 0);
		return STORE_OK;
	}
	make_why(b);
	report_id_make(b->tag->policy, id);
	if (b->bounce.kind == BOUNCE_FAILED)
		return act_on_failure(b, id);
	say(b, LOG_INFO, "report %s to %s %s (%s)", id,
	    b->it.destination.text, b->bounce.kind == BOUNCE_DELAYED ?
	    "is delayed" : "is no failure", b->why);
	write_json(b, b->bounce.kind == BOUNCE_DELAYED ? "delayed" :
	    "no failure", 0);
	return STORE_OK;
}

/* ---- the command ---- */

/* Step 1.  NULL: it said why, and `*status` is how it ends. */
static char *
read_mail(const char *path, size_t *len, enum tool_exit *status)
{
	struct file f = { .path = path };
	char *mail = mem_alloc(LIMIT_BOUNCE_MAIL), rest[4096];

	*status = TOOL_TEMPORARY;
	if (mail == NULL) {
		(void)tool_no_memory();
		return NULL;
	}
	if (path == NULL || strcmp(path, "-") == 0)
		f = (struct file){ .fd = STDIN_FILENO };
	switch (file_read(&f, mail, LIMIT_BOUNCE_MAIL, len)) {
	case FILE_READ:
		return mail;
	case FILE_LARGE:
		/* The mail server shall not see that nobody reads it. */
		while (f.path == NULL && read(f.fd, rest, sizeof(rest)) > 0)
			;
		return mail;
	case FILE_FAILED:
	case FILE_KIND:
	case FILE_REFUSED:
	default:
		*status = tool_fail(f.path == NULL ? TOOL_TEMPORARY :
		    TOOL_NO_INPUT, strerror(errno), path);
		mem_free(mail);
		return NULL;
	}
}

/* A notice of ours, as far as can be said without the store. */
static enum tool_exit
act_on_notice(struct bouncing *b)
{
	enum store_status status;
	enum tool_exit opened;

	if (b->bounce.kind == BOUNCE_NO_NOTICE) {
		say(b, LOG_NOTICE, "ignored: it is no delivery status "
		    "notification");
		write_json(b, "ignored", 0);
		return TOOL_OK;
	}
	opened = stored_open(b->t, STORE_WRITE, &b->store);
	if (opened != TOOL_OK)
		return later(opened);
	status = act(b);
	if (status != STORE_OK)
		(void)stored_failed(b->store, status);
	store_close(b->store);
	return status == STORE_OK ? TOOL_OK : TOOL_TEMPORARY;
}

static enum tool_exit
take_mail(struct bouncing *b, struct slice mail)
{
	struct arena *arena = arena_new(BOUNCE_MEMORY);
	enum tool_exit status = TOOL_TEMPORARY;

	if (arena == NULL || !bounce_read(mail, slice_str(b->recipient), arena,
	    &b->bounce))
		(void)tool_no_memory();
	else
		status = act_on_notice(b);
	arena_free(arena);
	return status;
}

static enum tool_exit
run_bounce(struct tool *t, int argc, char **argv)
{
	struct bouncing b = { .t = t, .now = (int64_t)time(NULL) };
	const struct tool_option own[] = {
		{ .name = "recipient", .value = &b.recipient,
		  .argument = "ADDRESS", .what = "whom the mail is for, if "
		  "its header does not say so" },
		{ .name = NULL }
	};
	enum tool_exit status;
	size_t len;
	char *mail;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (argc - optind > 1)
		return tool_usage(t);
	mail = read_mail(argv[optind], &len, &status);
	if (mail == NULL)
		return status;
	openlog("assay", LOG_PID, LOG_MAIL);
	status = later(stored_start(t));
	if (status == TOOL_OK)
		status = take_mail(&b, (struct slice){ mail, len });
	mem_free(mail);
	return status;
}

const struct tool_command report_bounce_command = {
	.name = "report bounce",
	.run = run_bounce,
	.synopsis = "[--json] [--recipient ADDRESS] [FILE]",
	.what = "Takes a bounce of an aggregate report from the mail server",
	.example = "assay report bounce bounce.eml"
};
