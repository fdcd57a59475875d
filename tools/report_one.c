/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_one: one report on its way to its destinations.
 *
 *  1. It is left alone when the configuration does not want it sent, and when
 *     all that is open waits for its next try.
 *  2. DNS says where it goes now, who has agreed (dmarc/destination.h), and
 *     what the Organizational Domain is, which users here may have written
 *     to.  Without an answer it stays, for the next run.
 *  3. Each destination is done with, waits, or gets a mail.  What was decided
 *     for good stays decided.
 *  4. One that is too large for a mail becomes several reports (RFC 9990
 *     section 3.5.1 wants ids of their own), the first of which goes on here.
 *     What was tried for somebody stays as it is, and is given up.
 *  5. Before the mail is submitted, its delivery is noted as in progress, with
 *     a time for the next try: after a crash it is tried again, under the same
 *     report_id.
 *  6. The result is noted.  A host's own trouble means another try, later and
 *     later.  A bounce may come before: it is what counts.
 *  7. When nothing is open any more, the rows are deleted.
 */
#include "tools/report_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/limits.h"
#include "base/mem.h"
#include "report/mail.h"
#include "tools/handover.h"
#include "tools/report.h"

#define RETRY_FIRST	3600	/* s until the second try; then twice that */
#define RETRY_MOST	(16 * 3600)
#define HEADER_MAX	8192
#define SUPPRESS_DAYS	7	/* of a recipient that is none */
#define UNWRITTEN	2000	/* rows that zlib may hold: 16K symbols, and one
				   takes eight or more */
#define CAME_BACK	"it came back"

/* What the store has of a delivery. */
struct known {
	char		 destination[sizeof(((struct mail_mailbox *)0)->text)];
	bool		 final;
	int64_t		 tries, next;
};

struct one {
	struct sending			*s;
	const struct send_report	*r;
	bool				 corresponds;	/* at first: may */
	struct known			 known[LIMIT_REPORT_ADDRESSES];
	size_t				 known_count;
	struct dmarc_destinations	 to;
	bool				 open;		/* something is */
	bool				 kept;		/* by our own choice */
	/* The mail, once it was needed. */
	bool				 composed;
	enum send_outcome		 problem;	/* SEND_SENT: none */
	const char			*why;
	struct report_head		 head;
	struct report_mail		 mail;
	struct report_mail_body		 body;
	struct buf			 text;
	bool				 found, begun, passed;
	bool				 large;		/* was, at first */
	uint64_t			 rows, messages;
	uint64_t			 all_rows;	/* that it has */
	size_t				 limit;		/* of a mail */
	size_t				 parts;		/* split off */
};

/* ---- step 1 ---- */

static bool
goes_to(const struct sending *s, enum config_report_to who)
{
	return (s->config->to & 1u << who) != 0;
}

static bool
is_opted_out(const struct config_report *c, struct slice address,
    struct slice domain)
{
	size_t i;

	for (i = 0; i < c->opt_out_count; i++) {
		const struct config_opt_out *o = &c->opt_out[i];

		if (o->address.len > 0 ? slice_eq(o->address, address) :
		    policy_pattern_matches(&o->domain, domain))
			return true;
	}
	return false;
}

/* A store_delivery_fn. */
static bool
take_known(void *arg, const struct store_delivery *d)
{
	struct one *o = arg;
	struct known *k = &o->known[o->known_count];

	if (o->known_count == LIMIT_REPORT_ADDRESSES ||
	    d->destination.len >= sizeof(k->destination))
		return true;
	memcpy(k->destination, d->destination.ptr, d->destination.len);
	k->destination[d->destination.len] = '\0';
	k->final = !slice_eq(d->state, SLICE("sending")) &&
	    !slice_eq(d->state, SLICE("later"));
	k->tries = d->tries;
	k->next = d->next;
	o->known_count++;
	return true;
}

static bool
is_due(const struct one *o, const struct known *k)
{
	return o->s->retry || k->next <= o->s->now;
}

/* Something waits, and nothing else is open as far as is known. */
static bool
only_waits(const struct one *o)
{
	bool waits = false;
	size_t i;

	for (i = 0; i < o->known_count; i++) {
		if (o->known[i].final)
			continue;
		if (is_due(o, &o->known[i]))
			return false;
		waits = true;
	}
	return waits;
}

static bool
corresponds(struct one *o, struct slice domain)
{
	struct sending *s = o->s;
	int64_t since = s->now / DATE_DAY - s->config->since / DATE_DAY;

	o->corresponds = false;
	return goes_to(s, CONFIG_REPORT_CORRESPONDENTS) && send_store(s,
	    store_corresponds(s->store, domain, since, &o->corresponds)) &&
	    o->corresponds;
}

/*
 * Might it go to anybody?  What the Organizational Domain is, DNS will say;
 * it has the last two labels at least.
 */
static bool
is_wanted(struct one *o)
{
	struct sending *s = o->s;
	struct slice domain = domain_slice(&o->r->domain);

	while (domain_labels(domain) > 2)
		domain = domain_parent(domain);
	return corresponds(o, domain) || (s->status == STORE_OK &&
	    (goes_to(s, CONFIG_REPORT_ALL) ||
	    (goes_to(s, CONFIG_REPORT_PROCESSORS) &&
	    s->config->processor_count > 0)));
}

/* ---- step 2 ---- */

/* An inquiry_step_fn. */
static bool
find_destinations(void *arg, struct dns_ledger *ledger)
{
	struct one *o = arg;

	return dmarc_destinations(domain_slice(&o->r->domain), ledger,
	    &o->to) == CHECK_DONE;
}

static bool
ask_dns(struct one *o)
{
	struct inquiry *q = tool_inquire(o->s->t, find_destinations, o);

	if (q == NULL) {
		o->s->no_memory = true;
		return false;
	}
	inquiry_free(q);
	return true;
}

/* ---- the mail, and step 4 ---- */

/* A store_row_fn. */
static bool
put_row(void *arg, const struct store_row *r)
{
	struct one *o = arg;

	report_row_write(o->body.writer, r);
	o->rows++;
	o->messages += r->count;
	o->passed = o->passed || r->dkim || r->spf;
	return !buf_failed(&o->text);
}

/* A store_policy_fn. */
static bool
begin_mail(void *arg, const struct store_policy *p)
{
	struct one *o = arg;

	o->found = true;
	o->all_rows = p->rows;
	/* Another part may have the row that did. */
	o->passed = p->part;
	report_head_names(&o->head, o->s->t);
	report_head_fill(&o->head, p);
	/* What the header has as well outlives `p`. */
	o->head.report.domain = domain_slice(&o->r->domain);
	o->mail = (struct report_mail){ .report = &o->head.report,
		.from = o->s->from };
	o->begun = report_mail_begin(&o->mail, slice_str(o->head.error),
	    &o->body, &o->text);
	return false;
}

/* The body: `found` and `begun` say what came of it. */
static enum store_status
write_body(struct one *o)
{
	struct sending *s = o->s;
	enum store_status status = store_policy_find(s->store, o->r->policy,
	    begin_mail, o);

	if (!o->begun)
		return status;
	if (status == STORE_OK)
		status = store_rows(s->store, o->r->policy,
		    s->config->envelope_to, put_row, o);
	o->begun = report_mail_end(&o->body);
	return status;
}

static void
give_up(struct one *o, enum send_outcome outcome, const char *why)
{
	o->problem = outcome;
	o->why = why;
}

/* Why the configuration keeps it from this one; SEND_SENT: it does not. */
static enum send_outcome
choice(const struct one *o, const struct mail_mailbox *m)
{
	const struct config_report *c = o->s->config;

	if (is_opted_out(c, mail_mailbox_slice(m), domain_slice(&m->host)))
		return SEND_OPTED_OUT;
	if (o->corresponds || (goes_to(o->s, CONFIG_REPORT_PROCESSORS) &&
	    policy_pattern_find(c->processors, c->processor_count,
	    domain_slice(&m->host)) != NULL))
		return SEND_SENT;
	return goes_to(o->s, CONFIG_REPORT_ALL) && o->passed ? SEND_SENT :
	    SEND_NOT_OURS;
}

/* A store_row_fn. */
static bool
has_passed(void *arg, const struct store_row *r)
{
	struct one *o = arg;

	o->passed = o->passed || r->dkim || r->spf;
	return !o->passed;
}

/* Will anybody get it?  All of its rows count. */
static bool
is_for_somebody(struct one *o)
{
	size_t i;

	if (!o->passed && !send_store(o->s, store_rows(o->s->store,
	    o->r->policy, false, has_passed, o)))
		return false;
	for (i = 0; i < o->to.count; i++)
		if (o->to.items[i].state == DMARC_DESTINATION_GOOD &&
		    choice(o, &o->to.items[i].mailbox) == SEND_SENT)
			return true;
	return false;
}

/* Was it tried for anybody?  What they got, or may have, has to stay. */
static bool
was_tried(const struct one *o)
{
	size_t i;

	for (i = 0; i < o->known_count; i++)
		if (o->known[i].tries > 0)
			return true;
	return false;
}

/* Receivers used to say how much they take (RFC 7489 section 6.4). */
static void
choose_limit(struct one *o)
{
	size_t i;

	o->limit = o->s->config->size_limit;
	for (i = 0; i < o->to.count && !was_tried(o); i++) {
		const struct dmarc_destination *d = &o->to.items[i];

		if (d->state == DMARC_DESTINATION_GOOD &&
		    d->limit >= LIMIT_REPORT_PART && d->limit < o->limit)
			o->limit = (size_t)d->limit;
	}
}

/*
 * How many mails it takes: as many rows as went into one until it was full,
 * less those that were still being compressed, and a tenth.
 */
static size_t
parts_needed(const struct one *o)
{
	uint64_t pending = o->rows / 2 < UNWRITTEN ? o->rows / 2 : UNWRITTEN;
	uint64_t each = (o->rows - pending) * 9 / 10, parts;

	parts = each > 0 ? (o->all_rows + each - 1) / each : o->all_rows;
	if (parts < 2)
		return 2;
	return parts < LIMIT_REPORT_SPLIT ? (size_t)parts : LIMIT_REPORT_SPLIT;
}

/* A store_part_fn. */
static void
take_part(void *arg, uint64_t policy)
{
	struct one *o = arg;

	send_also(o->s, o->r, policy);
	o->parts++;
}

/* Step 4.  False: the store has failed. */
static bool
split(struct one *o)
{
	char why[100];

	o->parts = 0;
	if (!send_store(o->s, store_policy_split(o->s->store, o->r->policy,
	    parts_needed(o), take_part, o)) || o->s->no_memory)
		return false;
	if (o->parts == 0)
		return true;
	snprintf(why, sizeof(why), "into %zu reports, since its mail would "
	    "have more than %zu octets", o->parts + 1, o->limit);
	send_say(o->s, o->r, SLICE(""), SEND_SPLIT, why);
	return true;
}

/* The mail, as far as the limit reaches.  False: the store, or memory. */
static bool
compose_once(struct one *o)
{
	unsigned long failures = mem_failures();

	if (o->composed)
		buf_fini(&o->text);
	o->composed = true;
	o->begun = o->found = o->passed = false;
	o->rows = o->messages = 0;
	buf_init(&o->text, o->limit - HEADER_MAX);
	if (!send_store(o->s, write_body(o)))
		return false;
	if (!o->begun && o->found &&
	    (mem_failures() != failures || !buf_failed(&o->text))) {
		o->s->no_memory = true;
		return false;
	}
	return true;
}

/* What is done with a mail that is too large: step 4.  False: as compose(). */
static bool
make_smaller(struct one *o)
{
	bool one_row = o->rows <= 1;

	o->parts = 0;
	if (!one_row && !was_tried(o) && !split(o))
		return false;
	if (o->parts > 0)
		return compose_once(o);
	give_up(o, SEND_GIVEN_UP, one_row ? "one row of it is larger than "
	    "report.size-limit" : "larger than report.size-limit");
	return true;
}

/* False: the store has failed, or memory. */
static bool
compose(struct one *o)
{
	if (o->composed)
		return true;
	choose_limit(o);
	if (!compose_once(o))
		return false;
	o->large = o->found && !o->begun;
	if (o->large && !is_for_somebody(o))
		return o->s->status == STORE_OK;
	while (o->found && !o->begun && o->problem == SEND_SENT &&
	    (!o->s->dry_run || was_tried(o)))
		if (!make_smaller(o))
			return false;
	if (!o->found || (o->begun && o->rows == 0))
		give_up(o, SEND_NOBODY, "it has gone meanwhile");
	return true;
}

/* ---- steps 5 and 6 ---- */

static int64_t
distance(int64_t tries)
{
	int64_t wait = RETRY_FIRST;

	for (; tries > 1 && wait < RETRY_MOST; tries--)
		wait *= 2;
	return wait;
}

/* False: the store failed.  `*put` as of send_note(). */
static bool
note(struct one *o, struct slice to, const char *state, int64_t tries,
    const char *error, bool *put)
{
	int64_t now = (int64_t)time(NULL);
	const struct store_delivery d = { .policy = o->r->policy,
		.day = o->r->day, .destination = to,
		.domain = domain_slice(&o->r->domain),
		.messages = (int64_t)o->messages,
		.state = slice_str(state), .tries = tries, .at = now,
		.next = now + distance(tries), .error = slice_str(error) };

	*put = true;
	return o->s->dry_run || send_note(o->s, &d, put);
}

/* A mail after another keeps its distance. */
static void
keep_distance(struct sending *s)
{
	unsigned int ms = s->config->pause_ms;
	struct timespec wait = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	if (s->paused && ms > 0 && send_stopped == 0)
		(void)nanosleep(&wait, NULL);
	s->paused = true;
}

/* Step 6.  What the hand-over says, unless the report came back already. */
static enum send_outcome
take_result(struct one *o, struct slice to, int64_t tries,
    enum handover_status status, char why[HANDOVER_WHY])
{
	static const struct {
		const char		*state;
		enum send_outcome	 outcome;
	} results[] = {
		[HANDOVER_TAKEN] = { "sent", SEND_SENT },
		[HANDOVER_LATER] = { "later", SEND_LATER },
		[HANDOVER_REFUSED] = { "refused", SEND_REFUSED },
		[HANDOVER_NOBODY] = { "refused", SEND_REFUSED }
	};
	struct sending *s = o->s;
	bool put;

	if (status == HANDOVER_NOBODY)
		(void)send_store(s, store_suppress(s->store, to, s->now +
		    SUPPRESS_DAYS * DATE_DAY, slice_str(why)));
	if (!note(o, to, results[status].state, tries, why, &put) || put)
		return results[status].outcome;
	snprintf(why, HANDOVER_WHY, CAME_BACK);
	return SEND_REFUSED;
}

/* The envelope sender; `out` for one with a tag. */
static const char *
sender_of(const struct one *o, struct slice to, struct mail_mailbox *out)
{
	const struct sending *s = o->s;

	if (s->config->bounce.len == 0 || !verp_make(&s->bounce, s->key,
	    o->r->policy, to, out))
		return s->from.text;
	return out->text;
}

/* Step 5.  False: there is no mail to be sent. */
static bool
begin_delivery(struct one *o, struct slice to, int64_t tries)
{
	bool put;

	if (o->s->no_memory || send_stopped != 0 || !send_lease(o->s) ||
	    !note(o, to, "sending", tries, "", &put)) {
		o->open = true;
		return false;
	}
	if (!put)
		send_say(o->s, o->r, to, SEND_REFUSED, CAME_BACK);
	return put;
}

static void
submit(struct one *o, const struct mail_mailbox *to, struct slice header,
    int64_t tries)
{
	struct sending *s = o->s;
	struct slice address = mail_mailbox_slice(to);
	struct mail_mailbox sender;
	char said[HANDOVER_WHY], why[HANDOVER_WHY] = "";
	enum handover_status status;
	enum send_outcome outcome;

	status = handover(&(struct handover){ .program = s->config->sendmail,
	    .timeout_ms = s->config->timeout_ms,
	    .sender = sender_of(o, address, &sender),
	    .recipient = to->text, .header = header,
	    .body = buf_slice(&o->text) }, said);
	/* A database and a log take it. */
	report_add_line(why, sizeof(why), slice_str(said));
	outcome = take_result(o, address, tries, status, why);
	send_say(s, o->r, address, outcome, why);
	o->open = o->open || outcome == SEND_LATER;
}

static void
hand_over(struct one *o, const struct mail_mailbox *to, int64_t tries)
{
	struct sending *s = o->s;
	struct slice address = mail_mailbox_slice(to);
	char tag[VERP_TAG];
	struct buf header;

	verp_tag_make(s->key, o->r->policy, address, tag);
	buf_init(&header, HEADER_MAX);
	report_mail_header(&o->mail, address, tag, (int64_t)time(NULL),
	    &header);
	s->no_memory = s->no_memory || buf_failed(&header);
	keep_distance(s);
	if (begin_delivery(o, address, tries))
		submit(o, to, buf_slice(&header), tries);
	buf_fini(&header);
}

/* ---- step 3 ---- */

static struct known *
find_known(struct one *o, struct slice address)
{
	size_t i;

	for (i = 0; i < o->known_count; i++)
		if (slice_eq(slice_str(o->known[i].destination), address))
			return &o->known[i];
	return NULL;
}

/* A store_suppression_fn. */
static bool
take_until(void *arg, const struct store_suppression *x)
{
	int64_t *until = arg;

	*until = x->until > *until ? x->until : *until;
	return true;
}

/* Its address, or all of its host. */
static bool
is_suppressed(struct one *o, const struct mail_mailbox *m)
{
	struct sending *s = o->s;
	int64_t until = 0;

	return send_store(s, store_suppressions(s->store,
	    mail_mailbox_slice(m), take_until, &until)) &&
	    send_store(s, store_suppressions(s->store,
	    domain_slice(&m->host), take_until, &until)) && until > s->now;
}

static void
say_done(struct one *o, const struct mail_mailbox *m,
    enum send_outcome outcome, const char *why)
{
	o->kept = o->kept || outcome == SEND_OPTED_OUT ||
	    outcome == SEND_NOT_OURS;
	send_say(o->s, o->r, mail_mailbox_slice(m), outcome, why);
}

static void
say_size(const struct one *o, char *out, size_t size)
{
	if (o->large)
		snprintf(out, size, "%" PRIu64 " rows, in about %zu reports",
		    o->all_rows, parts_needed(o));
	else
		snprintf(out, size, "%" PRIu64 " rows, %" PRIu64
		    " messages, %zu octets", o->rows, o->messages,
		    o->text.len);
}

/* It is to be sent to this one. */
static void
try(struct one *o, const struct mail_mailbox *m, int64_t tries)
{
	struct slice address = mail_mailbox_slice(m);
	char size[80];
	bool put;

	if (o->problem != SEND_SENT) {
		(void)note(o, address, "refused", tries, o->why, &put);
		say_done(o, m, o->problem, o->why);
	} else if (o->s->dry_run) {
		say_size(o, size, sizeof(size));
		send_say(o->s, o->r, address, SEND_WOULD, size);
	} else {
		hand_over(o, m, tries);
	}
}

static void
serve(struct one *o, const struct dmarc_destination *d)
{
	const struct mail_mailbox *m = &d->mailbox;
	const struct known *k = find_known(o, mail_mailbox_slice(m));
	enum send_outcome ours;
	bool put;

	if (k != NULL && k->final)
		return;
	if (k == NULL && o->known_count == LIMIT_REPORT_ADDRESSES) {
		say_done(o, m, SEND_GIVEN_UP, "it went to too many addresses "
		    "already");
	} else if (d->state == DMARC_DESTINATION_REFUSED) {
		say_done(o, m, SEND_NOBODY, d->why);
	} else if (d->state == DMARC_DESTINATION_LATER) {
		o->open = true;
		send_say(o->s, o->r, mail_mailbox_slice(m), SEND_LATER,
		    d->why);
	} else if (k != NULL && !is_due(o, k)) {
		o->open = true;
		send_say(o->s, o->r, mail_mailbox_slice(m), SEND_WAITS, "");
	} else if (is_suppressed(o, m)) {
		(void)note(o, mail_mailbox_slice(m), "suppressed", 0, "",
		    &put);
		say_done(o, m, SEND_SUPPRESSED, "");
	} else if (o->s->status != STORE_OK || !compose(o)) {
		o->open = true;
	} else if ((ours = choice(o, m)) != SEND_SENT) {
		say_done(o, m, ours, "");
	} else {
		try(o, m, k != NULL ? k->tries + 1 : 1);
	}
}

/* ---- all of it ---- */

static bool
goes_on(const struct sending *s)
{
	return s->status == STORE_OK && !s->no_memory && !s->lost &&
	    send_stopped == 0;
}

/* Step 7. */
static void
finish(struct one *o)
{
	if (!o->open && !o->kept && !o->s->dry_run && goes_on(o->s))
		(void)send_store(o->s, store_policy_done(o->s->store,
		    o->r->policy));
}

/* Steps 2 to 7. */
static void
deliver(struct one *o)
{
	size_t i;

	if (!ask_dns(o))
		return;
	if (o->to.later) {
		send_say(o->s, o->r, SLICE(""), SEND_LATER,
		    "DNS did not say who gets it");
		return;
	}
	if (o->corresponds && !corresponds(o, o->to.organization.len > 0 ?
	    domain_slice(&o->to.organization) : domain_slice(&o->r->domain)) &&
	    o->s->status != STORE_OK)
		return;
	if (o->to.count == 0)
		send_say(o->s, o->r, SLICE(""), SEND_NOBODY,
		    o->to.has_record ? "its record has no usable address in "
		    "rua" : "the domain has no record any more");
	for (i = 0; i < o->to.count; i++) {
		if (!goes_on(o->s))
			return;
		serve(o, &o->to.items[i]);
	}
	finish(o);
}

static void
consider(struct one *o)
{
	struct sending *s = o->s;
	struct slice domain = domain_slice(&o->r->domain);

	if (is_opted_out(s->config, SLICE(""), domain))
		send_say(s, o->r, SLICE(""), SEND_OPTED_OUT, "");
	else if (!send_store(s, store_deliveries(s->store, o->r->policy,
	    take_known, o)))
		return;
	else if (only_waits(o))
		send_say(s, o->r, SLICE(""), SEND_WAITS, "");
	else if (is_wanted(o))
		deliver(o);
	else if (s->status == STORE_OK)
		send_say(s, o->r, SLICE(""), SEND_NOT_OURS, "");
}

bool
send_one(struct sending *s, const struct send_report *r)
{
	struct one *o = mem_alloc(sizeof(*o));

	if (o == NULL) {
		s->no_memory = true;
		return false;
	}
	o->s = s;
	o->r = r;
	consider(o);
	if (o->composed)
		buf_fini(&o->text);
	mem_free(o);
	return goes_on(s);
}
