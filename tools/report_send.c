/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_send: see report_send.h.
 *
 * 1. One sender of all that share the store is at work: it has a lease, which
 *    it makes longer before each mail, and which ends by itself.
 * 2. Days that are over, for SETTLE seconds at least, are closed: what comes
 *    later counts for the day after.
 * 3. The reports of the last LIMIT_REPORT_DAYS closed days are looked at, one
 *    after the other (tools/report_one.c).
 * 4. What is older and was begun is given up.
 */
#include "tools/report_send.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/limits.h"
#include "tools/report.h"
#include "tools/stored.h"

#define SETTLE		3600	/* s after a day, for records on their way */
#define OPEN_MAX	(1u << 20) /* octets of addresses of one report */
#define LEASE		"report-send"
#define LEASE_SECONDS	300	/* and what one mail may take */

volatile sig_atomic_t send_stopped;

/* Reports of a day: there may be a million. */
struct listed {
	uint64_t		 policy;
	int64_t			 day;
	struct slice		 domain;
	STAILQ_ENTRY(listed)	 link;
};
STAILQ_HEAD(listed_head, listed);

struct day_list {
	struct arena		*arena;
	struct listed_head	 reports;
	int64_t			 before;	/* of expired deliveries */
};

/* What is asked for. */
struct wish {
	const char	*day, *domain;
	struct domain	 wanted;
	int64_t		 first, last;
};

/* ---- what it says ---- */

static const struct {
	const char	*word, *sum;
	bool		 quiet;		/* but for --dry-run */
} outcomes[SEND_OUTCOMES] = {
	[SEND_SENT] = { "sent", "sent", false },
	[SEND_WOULD] = { "would be sent", "would be sent", false },
	[SEND_LATER] = { "to be tried again", "to be tried again", false },
	[SEND_WAITS] = { "waits for its next try", "waiting", true },
	[SEND_REFUSED] = { "refused", "refused", false },
	[SEND_GIVEN_UP] = { "given up", "given up", false },
	[SEND_NOBODY] = { "for nobody", "for nobody", false },
	[SEND_SUPPRESSED] = { "suppressed", "suppressed", false },
	[SEND_OPTED_OUT] = { "opted out", "opted out", true },
	[SEND_NOT_OURS] = { "not in report.to", "not in report.to", true },
	[SEND_SPLIT] = { "split", "split", false }
};

static void
say_json(struct json *j, const struct send_report *r, const char *day,
    struct slice to, const char *outcome, const char *why)
{
	json_object(j, NULL);
	json_string(j, "day", day);
	json_slice_or_null(j, "domain", domain_slice(&r->domain));
	json_string(j, "report_id", r->id);
	json_slice_or_null(j, "to", to);
	json_string(j, "outcome", outcome);
	json_slice_or_null(j, "why", slice_str(why));
	json_object_end(j);
}

static void
say_text(struct text *t, const struct send_report *r, const char *day,
    struct slice to, const char *outcome, const char *why)
{
	text_say(t, "%s %s %s", day, r->domain.len > 0 ? r->domain.text : "-",
	    r->id);
	if (to.len > 0) {
		text_say(t, " ");
		text_foreign(t, to);
	}
	text_say(t, ": %s", outcome);
	if (why[0] != '\0') {
		text_say(t, ": ");
		text_foreign(t, slice_str(why));
	}
	text_end(t);
}

void
send_say(struct sending *s, const struct send_report *r, struct slice to,
    enum send_outcome outcome, const char *why)
{
	const char *word = outcomes[outcome].word;
	char day[REPORT_DAY];

	s->counts[outcome]++;
	if (outcomes[outcome].quiet && !s->dry_run)
		return;
	report_day(r->day * DATE_DAY, day);
	if (s->t->json)
		say_json(&s->t->out, r, day, to, word, why);
	else
		say_text(&s->t->text, r, day, to, word, why);
	/* A log is to have it before the next one is tried. */
	(void)fflush(stdout);
}

static void
say_sums(struct sending *s)
{
	bool any = false;
	size_t i;

	for (i = 0; i < SEND_OUTCOMES; i++) {
		if (s->t->json) {
			json_number(&s->t->out, outcomes[i].sum,
			    (long long)s->counts[i]);
			continue;
		}
		if (s->counts[i] == 0)
			continue;
		text_say(&s->t->text, "%s%lu %s", any ? ", " : "reports: ",
		    s->counts[i], outcomes[i].sum);
		any = true;
	}
	if (!s->t->json)
		text_say(&s->t->text, "%s", any ? "" :
		    "reports: nothing to send");
}

/* ---- the store ---- */

bool
send_store(struct sending *s, enum store_status status)
{
	if (status != STORE_OK && s->status == STORE_OK) {
		s->status = status;
		(void)stored_failed(s->store, status);
	}
	return status == STORE_OK;
}

bool
send_note(struct sending *s, const struct store_delivery *d, bool *put)
{
	return send_store(s, store_delivery_put(s->store, d,
	    SLICE("refused"), put));
}

/* Step 1. */
bool
send_lease(struct sending *s)
{
	int64_t now = (int64_t)time(NULL), until = now + LEASE_SECONDS +
	    (s->config->timeout_ms + s->config->pause_ms) / 1000;
	bool got = false;

	if (!send_store(s, store_lease(s->store, LEASE, s->owner, now, until,
	    &got)))
		return false;
	s->lost = !got;
	return got;
}

static void
make_owner(struct sending *s)
{
	uint64_t token = 0;

	if (getrandom(&token, sizeof(token), 0) != sizeof(token))
		token = (uint64_t)s->now;
	snprintf(s->owner, sizeof(s->owner), "%.*s %ld %016" PRIx64,
	    (int)(s->t->receiver.len < 200 ? s->t->receiver.len : 200),
	    s->t->receiver.ptr, (long)getpid(), token);
}

/* ---- steps 2 and 3 ---- */

static bool
add_listed(struct day_list *l, uint64_t policy, int64_t day,
    struct slice domain)
{
	struct listed *x = arena_alloc(l->arena, sizeof(*x));

	if (x == NULL)
		return false;
	x->policy = policy;
	x->day = day;
	x->domain = arena_dup(l->arena, domain);
	STAILQ_INSERT_TAIL(&l->reports, x, link);
	return true;
}

/* A store_policy_fn. */
static bool
list_policy(void *arg, const struct store_policy *p)
{
	struct domain domain;

	/* It names a file: nothing else may be in it. */
	return !domain_parse(p->domain, &domain) || add_listed(arg, p->id,
	    p->day, domain_slice(&domain));
}

void
send_also(struct sending *s, const struct send_report *r, uint64_t policy)
{
	if (!add_listed(s->list, policy, r->day, domain_slice(&r->domain)))
		s->no_memory = true;
}

/* A store_delivery_fn: what is open and too old. */
static bool
list_expired(void *arg, const struct store_delivery *d)
{
	struct day_list *l = arg;

	if (d->day >= l->before)
		return false;
	if (!slice_eq(d->state, SLICE("sending")) &&
	    !slice_eq(d->state, SLICE("later")))
		return true;
	return add_listed(l, d->policy, d->day, SLICE(""));
}

static bool
list_whole(struct sending *s, const struct day_list *l)
{
	s->no_memory = s->no_memory || arena_failed(l->arena);
	return !s->no_memory;
}

static void
begin_list(struct day_list *l)
{
	STAILQ_INIT(&l->reports);
	arena_reset(l->arena);
}

static void
read_listed(const struct listed *x, struct send_report *out)
{
	*out = (struct send_report){ .policy = x->policy, .day = x->day };
	(void)domain_parse(x->domain, &out->domain);
	report_id_make(x->policy, out->id);
}

/* False: the run is over. */
static bool
send_day(struct sending *s, struct day_list *l, int64_t day,
    struct slice domain)
{
	struct send_report r;
	const struct listed *x;

	begin_list(l);
	if (!send_store(s, store_policies(s->store, day, day, domain,
	    list_policy, l)) || !list_whole(s, l))
		return false;
	/* The list may grow meanwhile. */
	STAILQ_FOREACH(x, &l->reports, link) {
		read_listed(x, &r);
		if ((!s->dry_run && !send_lease(s)) || !send_one(s, &r))
			return false;
	}
	return true;
}

/* ---- step 4 ---- */

struct giving_up {
	struct sending			*s;
	const struct send_report	*r;
	struct buf			 open;	/* addresses, a line each */
	int64_t				 tries;
};

/* A store_delivery_fn. */
static bool
list_open(void *arg, const struct store_delivery *d)
{
	struct giving_up *g = arg;

	if (slice_eq(d->state, SLICE("sending")) ||
	    slice_eq(d->state, SLICE("later"))) {
		buf_add(&g->open, d->destination);
		buf_addc(&g->open, '\n');
		g->tries = d->tries;
	}
	return true;
}

static bool
give_up_report(struct sending *s, const struct send_report *r)
{
	static const char why[] = "its time is over";
	struct giving_up g = { .s = s, .r = r };
	struct slice rest, to;
	bool good, put;

	buf_init(&g.open, OPEN_MAX);
	good = send_store(s, store_deliveries(s->store, r->policy, list_open,
	    &g));
	for (rest = buf_slice(&g.open); good &&
	    slice_cut(&rest, '\n', &to); ) {
		const struct store_delivery d = { .policy = r->policy,
			.day = r->day, .destination = to,
			.state = SLICE("refused"), .tries = g.tries,
			.at = s->now, .next = s->now,
			.error = slice_str(why) };

		good = send_note(s, &d, &put);
		if (put)
			send_say(s, r, to, SEND_GIVEN_UP, why);
	}
	/* An address that is not noted would be lost. */
	if (buf_failed(&g.open))
		s->no_memory = true;
	good = good && !s->no_memory;
	buf_fini(&g.open);
	return good && send_store(s, store_policy_done(s->store, r->policy));
}

static bool
give_up_old(struct sending *s, struct day_list *l, int64_t before)
{
	struct send_report r;
	const struct listed *x;
	uint64_t last = 0;

	begin_list(l);
	l->before = before;
	if (!send_store(s, store_deliveries(s->store, 0, list_expired, l)) ||
	    !list_whole(s, l))
		return false;
	STAILQ_FOREACH(x, &l->reports, link) {
		read_listed(x, &r);
		if (r.policy != last && !give_up_report(s, &r))
			return false;
		last = r.policy;
	}
	return true;
}

/* ---- the run ---- */

static void
send_days(struct sending *s, const struct wish *w)
{
	struct day_list l = { .arena = arena_new(LIMIT_REPORT_LIST) };
	struct slice domain = w->domain != NULL ? domain_slice(&w->wanted) :
	    SLICE("");
	int64_t day;
	bool on = l.arena != NULL;

	s->no_memory = !on;
	s->list = &l;
	if (on && !s->dry_run)
		on = send_store(s, store_day_close(s->store, w->last));
	for (day = w->first; on && day <= w->last; day++)
		on = send_day(s, &l, day, domain);
	if (on && !s->dry_run && w->day == NULL && w->domain == NULL)
		(void)give_up_old(s, &l, w->first);
	s->list = NULL;
	arena_free(l.arena);
}

static void
stop(int number)
{
	(void)number;
	send_stopped = 1;
}

/* The mail in hand is not left behind; its program is no child of a signal
   handler, and a pipe that it closes is no end. */
static void
set_signals(void)
{
	struct sigaction end = { .sa_handler = stop },
	    ignored = { .sa_handler = SIG_IGN },
	    usual = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGINT, &end, NULL);
	(void)sigaction(SIGPIPE, &ignored, NULL);
	(void)sigaction(SIGCHLD, &usual, NULL);
}

static enum tool_exit
exit_of(const struct sending *s)
{
	if (s->no_memory)
		return tool_no_memory();
	if (s->status != STORE_OK)
		return s->status == STORE_NO_MEMORY ? TOOL_UNAVAILABLE :
		    TOOL_TEMPORARY;
	if (s->lost)
		return tool_fail(TOOL_TEMPORARY, "another sender has taken "
		    "over", NULL);
	if (s->counts[SEND_REFUSED] + s->counts[SEND_GIVEN_UP] > 0)
		return TOOL_REFUSED;
	return s->counts[SEND_LATER] > 0 || send_stopped != 0 ?
	    TOOL_TEMPORARY : TOOL_OK;
}

static enum tool_exit
send_reports(struct sending *s, const struct wish *w)
{
	struct json *j = &s->t->out;

	if (s->t->json) {
		json_object(j, NULL);
		json_array(j, "reports");
	}
	send_days(s, w);
	if (s->t->json)
		json_array_end(j);
	say_sums(s);
	if (s->t->json) {
		json_object_end(j);
		puts("");
	} else {
		text_end(&s->t->text);
	}
	if (!s->dry_run && !s->lost)
		(void)store_lease_end(s->store, LEASE, s->owner);
	return exit_of(s);
}

/* ---- the command ---- */

static enum tool_exit
read_wish(struct wish *w, int64_t now)
{
	int64_t today = now / DATE_DAY;

	w->last = today - (now % DATE_DAY < SETTLE ? 2 : 1);
	w->first = w->last - LIMIT_REPORT_DAYS + 1;
	if (w->domain != NULL &&
	    !domain_parse(slice_str(w->domain), &w->wanted))
		return tool_fail(TOOL_USAGE, "--domain is no domain name",
		    w->domain);
	if (w->day == NULL)
		return TOOL_OK;
	if (!report_day_read(w->day, &w->first))
		return tool_fail(TOOL_USAGE, "--day is not a date; allowed: "
		    "YYYY-MM-DD", w->day);
	if (w->first >= today)
		return tool_fail(TOOL_USAGE, "--day is not over; allowed: a "
		    "day before this one, in UTC", w->day);
	w->last = w->first;
	return TOOL_OK;
}

/* What the configuration says of it. */
static enum tool_exit
prepare(struct sending *s)
{
	const struct config *c = s->t->engine->config;

	s->config = &c->report;
	if (s->config->from.len == 0)
		return tool_fail_at(TOOL_CONFIG, c->path, "report.from is not "
		    "set: no reports are sent");
	(void)mail_mailbox_parse(s->config->from, &s->from);
	(void)mail_mailbox_parse(s->config->bounce, &s->bounce);
	if (!config_report_is_signed(c))
		(void)tool_fail_at(TOOL_OK, c->path, "no rule of sign has the "
		    "domain of report.from: reports are not signed here");
	store_key(s->store, VERP_PURPOSE, s->key);
	make_owner(s);
	set_signals();
	return TOOL_OK;
}

static enum tool_exit
open_and_send(struct sending *s, const struct wish *w)
{
	enum tool_exit result = stored_open(s->t, s->dry_run ?
	    STORE_READ : STORE_WRITE, &s->store);

	if (result != TOOL_OK)
		return result;
	result = prepare(s);
	if (result == TOOL_OK && !s->dry_run && !send_lease(s))
		result = s->status != STORE_OK ? exit_of(s) :
		    tool_fail(TOOL_OK, "another sender is at work", NULL);
	else if (result == TOOL_OK)
		result = send_reports(s, w);
	store_close(s->store);
	return result;
}

static enum tool_exit
run(struct tool *t, int argc, char **argv)
{
	struct sending s = { .t = t, .now = (int64_t)time(NULL) };
	struct wish w = { .day = NULL };
	const struct tool_option own[] = {
		{ .name = "day", .value = &w.day, .argument = "YYYY-MM-DD",
		  .what = "only the reports of this day, in UTC" },
		{ .name = "domain", .value = &w.domain, .argument = "DOMAIN",
		  .what = "only those about this domain" },
		{ .name = "retry", .flag = &s.retry,
		  .what = "do not wait for the time of the next try" },
		{ .name = "dry-run", .flag = &s.dry_run,
		  .what = "say what would be sent, and send nothing" },
		{ .name = NULL }
	};
	enum tool_exit result;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind != argc)
		return tool_usage(t);
	result = read_wish(&w, s.now);
	return result == TOOL_OK ? open_and_send(&s, &w) : result;
}

const struct tool_command report_send_command = {
	.name = "report send",
	.run = run,
	.synopsis = "[--day YYYY-MM-DD] [--domain DOMAIN] [--retry]\n"
	    "    [--dry-run] [--json]",
	.what = "Sends the DMARC aggregate reports that are due",
	.example = "assay report send --dry-run\n"
	    "assay report send --day 2026-11-28 --domain example.org"
};
