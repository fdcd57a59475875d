/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check: all that the daemon would find out about a message in a file.
 *
 * 1. The file is read, and cut into messages if it is an mbox, whose quoted
 *    lines become what they were; line ends that are LF become CRLF, as a
 *    mail server makes them.  The rest is for each message by itself.
 * 2. Envelope facts that are not given are found in the header.
 * 3. The message goes through message/message.h, as in the daemon.
 * 4. What it found is printed: the checks again, with their steps, then the
 *    decision and the field.
 */
#include "tools/check.h"

#include <getopt.h>
#include <time.h>

#include "base/limits.h"
#include "message/arc.h"
#include "message/dkim.h"
#include "message/dmarc.h"
#include "message/message.h"
#include "message/spf.h"
#include "tools/chain.h"
#include "tools/client.h"
#include "tools/dmarc.h"
#include "tools/envelope.h"
#include "tools/forwarder.h"
#include "tools/mbox.h"
#include "tools/signatures.h"
#include "tools/spf.h"
#include "tools/unquote.h"

#define SUMMARY_MAX 4096	/* octets; domains and the name of a rule */
#define BODY_CHUNK 65535	/* as a milter gets it */

static const struct slice authres_name = SLICE_INIT("Authentication-Results");

struct check {
	struct tool		*t;
	struct buf		 file;
	struct mbox		 mbox;
	struct envelope		 given;		/* on the command line */
	const char		*to;		/* RCPT TO; NULL: not given */

	/* Of one message. */
	size_t			 number;	/* 1, 2 ... of the file */
	struct slice		 from_line;	/* of an mbox */
	struct buf		 body_text;
	struct slice		 head, body;
	struct mail_header	 header;
	struct arena		*header_arena;
	bool			 bare_lf;	/* line ends were LF */
	struct unquoted		 unquoted;
	struct envelope		 envelope;
	int64_t			 now;

	struct message		*message;
	struct message_orders	 orders;
	/* The one that counts, with its reply. */
	struct policy_decision	 decision;
	struct policy_reply	 reply;
	bool			 at_mail;	/* it was made there */
	struct spf_story	*spf, *spf_helo;	/* helo: may be NULL */
	struct dmarc_story	*dmarc;
	struct signatures	 signatures;
};

/* ---- steps 1 and 2 ---- */

static bool
read_body(struct check *c)
{
	const struct quoted_message q = { .ctx = c->t->dkim,
		.header = &c->header, .body = c->body, .crlf = c->bare_lf,
		.now = c->now };

	if (!c->bare_lf && !c->mbox.is_mbox)
		return true;
	if (c->mbox.is_mbox) {
		if (!unquote_body(&q, &c->body_text, &c->unquoted))
			return false;
	} else {
		buf_init(&c->body_text, 2 * LIMIT_TOOL_MESSAGE);
		mbox_unquote(c->body, MBOX_PLAIN, true, &c->body_text);
	}
	c->body = buf_slice(&c->body_text);
	return !buf_failed(&c->body_text);
}

static bool
read_message(struct check *c, struct slice text)
{
	struct slice rest = text, line;

	c->bare_lf = slice_cut(&rest, '\n', &line) &&
	    (line.len == 0 || line.ptr[line.len - 1] != '\r');
	c->header_arena = arena_new(LIMIT_MESSAGE_MEMORY);
	if (c->header_arena == NULL)
		return false;
	mail_header_init(&c->header, c->header_arena);
	if (!mail_header_parse(&c->header, text, &c->body) &&
	    arena_failed(c->header_arena))
		return false;
	c->head = slice_head(text, text.len - c->body.len);
	return read_body(c);
}

static bool
has_8bit(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] > 0x7F)
			return true;
	return false;
}

/* A file does not say whether SMTPUTF8 was asked for. */
static bool
needs_utf8(const struct check *c)
{
	const struct mail_field *f;

	f = mail_header_find(&c->header, SLICE("From"), 1);
	return has_8bit(c->envelope.sender) || (f != NULL &&
	    has_8bit(f->value));
}

/* ---- step 3 ---- */

static void
keep_decision(struct check *c, const struct message_orders *orders)
{
	c->decision = message_results(c->message)->decision;
	c->reply = orders->reply;
}

/*
 * Where a rule rejects before DATA the daemon ends; here the rest is still
 * checked, but no longer decides anything.
 */
static void
feed_envelope(struct check *c, const struct inquiry_waiting *waiting)
{
	struct message_orders orders;

	if (c->envelope.helo_from != ENVELOPE_UNKNOWN)
		message_helo(c->message, c->envelope.helo);
	message_mail(c->message, &(const struct message_envelope){
	    .path = c->envelope.sender, .utf8 = needs_utf8(c),
	    .now = c->now });
	c->at_mail = message_decide_at_mail(c->message, waiting, &orders);
	if (c->at_mail)
		keep_decision(c, &orders);
	if (c->to != NULL)
		message_recipient(c->message, slice_str(c->to));
}

static void
feed(struct check *c)
{
	struct slice body = c->body;
	size_t i;

	for (i = 0; i < c->header.count; i++)
		message_field(c->message, c->header.fields[i].name,
		    c->header.fields[i].value);
	/* What was too much to keep here is too much there, too. */
	if (c->header.overflow)
		message_field(c->message, SLICE(""), c->head);
	message_header_end(c->message);
	for (; body.len > 0; body = slice_from(body, BODY_CHUNK))
		message_body(c->message, slice_head(body, BODY_CHUNK));
}

static bool
run(struct check *c)
{
	static const struct inquiry_waiting waiting;

	c->message = message_new(engine_ref(c->t->engine),
	    &(const struct message_client){ .address = c->envelope.client },
	    c->t->receiver);
	if (c->message == NULL)
		return false;
	feed_envelope(c, &waiting);
	feed(c);
	if (!message_finish(c->message, &waiting, &c->orders))
		return false;
	if (!c->at_mail)
		keep_decision(c, &c->orders);
	return true;
}

/* ---- step 4 ---- */

static bool
explain(struct check *c)
{
	const struct message_dkim *dkim = message_dkim(c->message);
	struct dns_ledger *ledger = message_ledger(c->message);
	const struct spf_request *helo;

	helo = message_spf_request(c->message, SPF_HELO);
	c->spf = spf_story_new(c->t, message_spf_request(c->message,
	    SPF_MAILFROM), ledger);
	if (helo != NULL)
		c->spf_helo = spf_story_new(c->t, helo, ledger);
	c->dmarc = dmarc_story_new(c->t, message_dmarc_request(c->message),
	    ledger);
	return c->spf != NULL && (helo == NULL || c->spf_helo != NULL) &&
	    c->dmarc != NULL && signatures_read(&c->signatures, c->t,
	    dkim->verifier, message_dmarc(c->message)->alignments + 1,
	    message_header(c->message), c->body, ledger, c->now);
}

/* A field's value, one line for each of its own. */
static void
text_field(struct text *t, struct slice value)
{
	struct slice line;
	bool first = true;

	text_foreign(t, authres_name);
	text_say(t, ":");
	while (value.len > 0) {
		slice_cut(&value, '\n', &line);
		if (!first)
			text_say(t, "\n\t");
		text_foreign(t, first ? line : slice_trim(line));
		first = false;
	}
	text_end(t);
}

static void
text_note(struct text *t, const char *note)
{
	text_item(t, "note");
	text_say(t, "%s\n", note);
}

static void
text_file(const struct check *c)
{
	struct text *t = &c->t->text;

	if (c->number == 1 && c->mbox.mark == MBOX_UTF8)
		text_note(t, "the file begins with a byte order mark (BOM) of "
		    "UTF-8, which is skipped");
	if (c->number == 1 && c->mbox.mark == MBOX_UTF16)
		text_note(t, "the file is UTF-16: it has to be converted");
	if (c->number == 1 && c->mbox.blank > 0)
		text_note(t, "the file begins with a blank line, which would "
		    "end the header: skipped");
	if (c->mbox.is_mbox)
		text_note(t, "the line \"From \" of an mbox is skipped");
}

static void
text_unquoted(const struct check *c)
{
	const char *words = unquoted_words(&c->unquoted);
	struct text *t = &c->t->text;

	if (words == NULL)
		return;
	text_item(t, "note");
	text_say(t, "lines that begin with \">From \" (%zu) %s\n",
	    c->unquoted.lines, words);
}

/* Several messages have a heading each. */
static void
text_heading(const struct check *c)
{
	struct text *t = &c->t->text;

	if (c->mbox.count == 1)
		return;
	text_title(t, "Message ");
	text_say(t, "%zu of %zu: ", c->number, c->mbox.count);
	text_foreign(t, c->from_line);
	text_end(t);
}

static void
text_message(const struct check *c)
{
	const struct mail_from *from = &message_results(c->message)->from;
	struct text *t = &c->t->text;

	envelope_text(t, &c->envelope);
	text_item(t, "From");
	text_value(t, domain_slice(&from->domain));
	if (from->state != MAIL_FROM_OK)
		text_style(t, TEXT_BAD, "  %s",
		    mail_from_state_name(from->state));
	if (from->problem != NULL)
		text_say(t, ": %s", from->problem);
	text_end(t);
	text_file(c);
	text_unquoted(c);
	if (c->bare_lf)
		text_note(t, "line ends are LF: read as CRLF");
	if (c->header.overflow)
		text_note(t, "the header is too large: part of it is ignored");
}

static void
text_rule(struct text *t, const char *item, const struct policy_rule *r)
{
	text_item(t, item);
	text_say(t, "\"");
	text_foreign(t, r->name);
	text_say(t, "\", line %u: %s\n", r->line,
	    policy_action_name(r->action));
}

static void
text_decision(const struct check *c)
{
	const struct policy_decision *d = &c->decision;
	const struct policy_reply *reply = &c->reply;
	struct text *t = &c->t->text;

	text_title(t, "Decision: ");
	text_style(t, d->action == POLICY_ACCEPT ? TEXT_GOOD : TEXT_BAD,
	    "%s", policy_action_name(d->action));
	text_say(t, "%s\n", c->at_mail ? ", before DATA (stage: mail)" : "");
	if (d->rule != NULL)
		text_rule(t, "rule", d->rule);
	else if (c->t->config_path == NULL)
		text_say(t, "  no -c FILE: there are no rules\n");
	else
		text_say(t, "  no rule matched\n");
	forwarder_text_override(t, message_results(c->message));
	if (d->observed != NULL)
		text_rule(t, "observed", d->observed);
	if (reply->code[0] != '\0') {
		text_item(t, "reply");
		text_say(t, "%s %s ", reply->code, reply->enhanced);
		text_foreign(t, slice_str(reply->text));
		text_end(t);
	}
}

/* The value of the field that the daemon would insert. */
static struct slice
written(const struct check *c)
{
	const struct message_edit *e = message_inserted(&c->orders,
	    authres_name);

	return e != NULL ? e->value : SLICE("");
}

static void
text_field_orders(const struct check *c)
{
	const struct message_edit *e = c->orders.edits;
	struct text *t = &c->t->text;
	size_t i;

	text_title(t, "Header\n");
	for (i = 0; i < c->orders.edit_count; i++)
		if (e[i].kind == MESSAGE_REMOVE)
			text_say(t, "  removed: %.*s, number %u from the top, "
			    "which claims to be ours\n",
			    SLICE_ARG(e[i].name), e[i].index);
	text_field(t, written(c));
}

/* The answer in one line; it has foreign text. */
static void
sum_up(const struct check *c, struct buf *out)
{
	static const char *const words[] = {
		[POLICY_ACCEPT] = "accepted",
		[POLICY_REJECT] = "rejected",
		[POLICY_TEMPFAIL] = "deferred",
		[POLICY_QUARANTINE] = "quarantined",
		[POLICY_DISCARD] = "discarded"
	};
	const struct policy_decision *d = &c->decision;

	buf_init(out, SUMMARY_MAX);
	buf_adds(out, words[d->action]);
	if (d->rule != NULL) {
		buf_adds(out, " by rule \"");
		buf_add(out, d->rule->name);
		buf_adds(out, "\"");
	}
	if (c->at_mail)
		buf_adds(out, ", before DATA");
	buf_adds(out, "; ");
	dmarc_story_sum(c->dmarc, out);
}

static void
text_summary(const struct check *c)
{
	struct text *t = &c->t->text;
	struct buf line;

	sum_up(c, &line);
	t->begun = true;
	text_foreign(t, buf_slice(&line));
	text_end(t);
	buf_fini(&line);
}

static void
json_summary(const struct check *c)
{
	struct buf line;

	sum_up(c, &line);
	json_slice(&c->t->out, "summary", buf_slice(&line));
	buf_fini(&line);
}

static void
tell_text(const struct check *c)
{
	struct text *t = &c->t->text;

	text_heading(c);
	text_summary(c);
	text_message(c);
	client_text(t, c->message);
	forwarder_text(t, c->message);
	spf_story_text(t, c->spf);
	if (c->spf_helo != NULL)
		spf_story_text(t, c->spf_helo);
	signatures_text(t, &c->signatures);
	chain_text(t, message_arc(c->message),
	    message_arc_trusted_sealer(c->message), c->now, c->t->arena);
	dmarc_story_text(t, c->dmarc);
	text_decision(c);
	text_field_orders(c);
}

static void
json_from(struct json *j, const struct mail_from *from)
{
	json_object(j, "from");
	json_string(j, "state", mail_from_state_name(from->state));
	json_slice_or_null(j, "domain", domain_slice(&from->domain));
	json_string(j, "problem", from->problem);
	json_object_end(j);
}

static void
json_rule(struct json *j, const char *key, const struct policy_rule *r)
{
	if (r == NULL) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_slice(j, "name", r->name);
	json_number(j, "line", r->line);
	json_string(j, "action", policy_action_name(r->action));
	json_object_end(j);
}

static void
json_decision(const struct check *c)
{
	const struct policy_decision *d = &c->decision;
	const struct policy_reply *reply = &c->reply;
	struct json *j = &c->t->out;

	json_object(j, "decision");
	json_string(j, "action", policy_action_name(d->action));
	json_bool(j, "at_mail", c->at_mail);
	json_string(j, "configuration", c->t->config_path);
	json_rule(j, "rule", d->rule);
	json_rule(j, "observed", d->observed);
	if (reply->code[0] != '\0') {
		json_object(j, "reply");
		json_string(j, "code", reply->code);
		json_string(j, "enhanced", reply->enhanced);
		json_string(j, "text", reply->text);
		json_object_end(j);
	} else {
		json_null(j, "reply");
	}
	json_object_end(j);
}

static void
json_field_orders(const struct check *c)
{
	const struct message_edit *e = c->orders.edits;
	struct json *j = &c->t->out;
	size_t i;

	json_object(j, "header");
	json_slice(j, "name", authres_name);
	json_slice(j, "value", written(c));
	json_array(j, "removed");
	for (i = 0; i < c->orders.edit_count; i++)
		if (e[i].kind == MESSAGE_REMOVE)
			json_number(j, NULL, e[i].index);
	json_array_end(j);
	json_object_end(j);
}

static void
json_dns(struct json *j, const struct message_results *r)
{
	json_object(j, "dns");
	json_number(j, "questions", (long long)r->questions);
	json_number(j, "unanswered", (long long)r->unanswered);
	json_number(j, "slowest_us", r->dns_us);
	json_object_end(j);
}

static void
json_file(const struct check *c)
{
	struct json *j = &c->t->out;

	json_number(j, "message", (long long)c->number);
	json_number(j, "messages", (long long)c->mbox.count);
	json_bool(j, "mbox", c->mbox.is_mbox);
	json_slice_or_null(j, "from_line", c->from_line);
	json_number(j, "quoted_lines", (long long)c->unquoted.lines);
	json_string(j, "quoting", c->unquoted.lines > 0 ?
	    mbox_quoting_name(c->unquoted.how) : NULL);
	json_bool(j, "quoting_proved", c->unquoted.proved);
	json_string(j, "byte_order_mark", c->mbox.mark == MBOX_UTF8 ?
	    "UTF-8" : c->mbox.mark == MBOX_UTF16 ? "UTF-16" : NULL);
	json_number(j, "blank_lines", (long long)c->mbox.blank);
}

static void
tell_json(const struct check *c)
{
	const struct message_results *r = message_results(c->message);
	struct json *j = &c->t->out;

	json_to_stream(j, c->t->text.out);
	json_object(j, NULL);
	json_string(j, "command", "check");
	json_summary(c);
	envelope_json(j, "envelope", &c->envelope);
	json_from(j, &r->from);
	json_file(c);
	json_bool(j, "bare_lf", c->bare_lf);
	json_bool(j, "header_cut", c->header.overflow);
	client_json(j, "iprev", c->message);
	forwarder_json(j, "forwarder", c->message);
	spf_story_json(j, "spf", c->spf);
	if (c->spf_helo != NULL)
		spf_story_json(j, "spf_helo", c->spf_helo);
	else
		json_null(j, "spf_helo");
	signatures_json(j, "dkim", &c->signatures);
	chain_json(j, "arc", message_arc(c->message),
	    message_arc_trusted_sealer(c->message), c->t->arena);
	dmarc_story_json(j, "dmarc", c->dmarc);
	json_decision(c);
	json_field_orders(c);
	json_dns(j, r);
	json_object_end(j);
	text_end(&c->t->text);
}

static void
release(struct check *c)
{
	message_free(c->message);
	arena_free(c->header_arena);
	buf_fini(&c->body_text);
	arena_reset(c->t->arena);
}

/* Steps 2 to 4. */
static enum tool_exit
check_message(struct check *c, struct slice text)
{
	c->envelope = c->given;
	c->now = (int64_t)time(NULL);
	if (!read_message(c, text))
		return tool_no_memory();
	envelope_complete(&c->envelope, c->t, &c->header);
	if (!run(c) || !explain(c))
		return tool_no_memory();
	if (c->t->json)
		tell_json(c);
	else
		tell_text(c);
	return c->decision.action == POLICY_REJECT ||
	    c->decision.action == POLICY_TEMPFAIL ? TOOL_REFUSED : TOOL_OK;
}

/* The worst of the messages counts; without memory there is no next one. */
static enum tool_exit
check(const struct check *file)
{
	struct mbox messages = file->mbox;
	enum tool_exit status = TOOL_OK, one;
	struct slice from_line, text;
	size_t number = 0;

	while (status <= TOOL_REFUSED &&
	    mbox_next(&messages, &from_line, &text)) {
		struct check c = *file;

		c.number = ++number;
		c.from_line = from_line;
		buf_init(&c.body_text, 0);
		one = check_message(&c, text);
		release(&c);
		if (one > status)
			status = one;
	}
	return status;
}

static bool
give(struct envelope *e, const char *ip, const char *helo, const char *from)
{
	if (helo != NULL) {
		e->helo = slice_str(helo);
		e->helo_from = ENVELOPE_GIVEN;
	}
	if (from != NULL) {
		e->sender = slice_str(from);
		e->sender_from = ENVELOPE_GIVEN;
	}
	return ip == NULL || envelope_give_client(e, ip);
}

static enum tool_exit
check_run(struct tool *t, int argc, char **argv)
{
	const char *ip = NULL, *helo = NULL, *from = NULL;
	struct check c = { .t = t };
	const struct tool_option own[] = {
		{ .name = "ip", .value = &ip, .argument = "ADDRESS",
		  .what = "the client's address" },
		{ .name = "helo", .value = &helo, .argument = "NAME",
		  .what = "the name that the client sent in HELO" },
		{ .name = "from", .value = &from, .argument = "SENDER",
		  .what = "the address in MAIL FROM" },
		{ .name = "to", .value = &c.to, .argument = "RECIPIENT",
		  .what = "the address in RCPT TO" },
		{ .name = NULL }
	};
	enum tool_exit status;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind + 1 != argc)
		return tool_usage(t);
	if (!give(&c.given, ip, helo, from))
		return tool_fail(TOOL_USAGE, "not an IP address", ip);
	status = tool_read_file(argv[optind], &c.file);
	if (status == TOOL_OK)
		status = tool_start(t);
	if (status == TOOL_OK) {
		mbox_init(&c.mbox, buf_slice(&c.file));
		status = check(&c);
	}
	buf_fini(&c.file);
	return status;
}

const struct tool_command check_command = {
	.name = "check",
	.run = check_run,
	.synopsis = "[--ip IP] [--helo NAME] [--from SENDER] [--to RCPT] "
	    "MESSAGE",
	.what = "Checks a message and explains the results",
	.example = "assay check ~/Maildir/.Spam/cur/1795341600.M1P1.mx\n"
	    "assay check -c new.yaml --ip 192.0.2.1 - < message"
};
