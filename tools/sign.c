/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: a message as the daemon would sign it, and why, or why not.
 *
 * 1. The message goes through message/message.h, as in the daemon, from whom
 *    the command line says.
 * 2. When a rule is for it, the records of the rule's keys are looked up, as
 *    the daemon does before it signs, and all is done once more: a rotation
 *    may wait for a record.
 * 3. The signed message is written as the mail server would send it on, with
 *    the line ends that it had.
 */
#include "tools/sign.h"

#include <getopt.h>
#include <time.h>

#include "base/limits.h"
#include "event/log.h"
#include "message/message.h"
#include "tools/mbox.h"
#include "tools/reasons.h"

#define BODY_CHUNK 65535	/* as a milter gets it */
#define PATH_MAX_TEXT (LIMIT_USERS_WORD + DOMAIN_MAX + sizeof("<@>"))

struct sign {
	struct tool		*t;
	struct buf		 file;
	struct slice		 text;		/* of the message */
	struct arena		*arena;		/* of the header */
	struct mail_header	 header;
	struct slice		 body;
	struct buf		 crlf;		/* the body, if it had LF */
	bool			 bare_lf;
	const char		*from;		/* MAIL FROM; NULL: guessed */
	struct buf		 sender;

	struct reasons		 reasons;
	struct message		*message;
	struct message_orders	 orders;
};

/* ---- the message ---- */

static bool
has_8bit(struct slice s)
{
	return !slice_is_ascii(s);
}

/* Return-Path, or the address in From, as most mail has it. */
static void
guess_sender(struct sign *s)
{
	const struct mail_field *f = mail_header_find(&s->header,
	    SLICE("Return-Path"), 1);
	struct mail_from from;

	buf_init(&s->sender, f != NULL ? f->value.len : PATH_MAX_TEXT);
	if (s->from != NULL || f != NULL) {
		if (s->from == NULL)
			buf_add(&s->sender, slice_trim(f->value));
		return;
	}
	mail_from_read(&s->header, &from);
	if (!mail_from_has_author(&from))
		return;
	buf_addc(&s->sender, '<');
	buf_add(&s->sender, from.local);
	buf_addc(&s->sender, '@');
	buf_add(&s->sender, domain_slice(&from.domain));
	buf_addc(&s->sender, '>');
}

static enum tool_exit
read_message(struct sign *s, const char *path)
{
	enum tool_exit status = tool_read_file(path, &s->file);
	struct slice rest, line;
	struct mbox mbox;

	if (status != TOOL_OK)
		return status;
	mbox_init(&mbox, buf_slice(&s->file));
	if (mbox.is_mbox || mbox.mark != MBOX_NO_MARK || mbox.blank > 0)
		return tool_fail(TOOL_NO_INPUT, "this is not one message "
		    "alone: it begins with \"From \", a byte order mark or a "
		    "blank line", path);
	s->text = rest = buf_slice(&s->file);
	s->bare_lf = slice_cut(&rest, '\n', &line) &&
	    (line.len == 0 || line.ptr[line.len - 1] != '\r');
	s->arena = arena_new(LIMIT_MESSAGE_MEMORY);
	if (s->arena == NULL)
		return tool_no_memory();
	mail_header_init(&s->header, s->arena);
	if (!mail_header_parse(&s->header, s->text, &s->body) &&
	    arena_failed(s->arena))
		return tool_no_memory();
	guess_sender(s);
	buf_init(&s->crlf, 2 * LIMIT_TOOL_MESSAGE);
	mbox_unquote(s->body, MBOX_PLAIN, true, &s->crlf);
	return buf_failed(&s->crlf) || buf_failed(&s->sender) ?
	    tool_no_memory() : TOOL_OK;
}

/* ---- steps 1 and 2 ---- */

static void
feed_envelope(struct sign *s)
{
	const struct mail_field *from = mail_header_find(&s->header,
	    SLICE("From"), 1);
	bool utf8 = from != NULL && has_8bit(from->value);

	message_helo(s->message, SLICE("localhost"));
	message_mail(s->message, &(const struct message_envelope){
	    .path = s->from != NULL ? slice_str(s->from) :
	    buf_slice(&s->sender), .utf8 = utf8,
	    .authenticated = s->reasons.user != NULL,
	    .user = slice_str(s->reasons.user),
	    .eight_bit = has_8bit(s->body), .now = s->reasons.now });
}

static bool
run(struct sign *s)
{
	static const struct inquiry_waiting waiting;
	struct slice body = buf_slice(&s->crlf);
	size_t i;

	message_free(s->message);
	/* Sendmail writes addresses anew; nobody does with a file. */
	s->message = message_new(engine_ref(s->t->engine),
	    &(const struct message_client){ .address = s->reasons.client,
	    .mta = SLICE("Postfix") }, s->t->receiver);
	if (s->message == NULL)
		return false;
	feed_envelope(s);
	for (i = 0; i < s->header.count; i++)
		message_field(s->message, s->header.fields[i].name,
		    s->header.fields[i].value);
	/* What was too much to keep here is too much there, too. */
	if (s->header.overflow)
		message_field(s->message, SLICE(""), s->text);
	message_header_end(s->message);
	for (; body.len > 0; body = slice_from(body, BODY_CHUNK))
		message_body(s->message, slice_head(body, BODY_CHUNK));
	s->reasons.message = s->message;
	s->reasons.orders = &s->orders;
	return message_finish(s->message, &waiting, &s->orders);
}

static bool
run_twice(struct sign *s)
{
	const struct engine *e = s->t->engine;
	const struct config_sign *rule;

	if (!run(s))
		return false;
	rule = message_results(s->message)->signing.rule;
	if (rule == NULL)
		return true;
	signing_preflight(e->signing, rule, e->resolver, s->reasons.now,
	    e->config->limits.deadline_ms, NULL, NULL);
	if (rule->directory.path != NULL)
		signing_look_up(e->signing, e->resolver, s->reasons.now,
		    e->config->limits.deadline_ms, NULL, NULL);
	return run(s);
}

/* ---- step 3 ---- */

/* Folds are LF TAB, or as they were: each line end becomes ours. */
static void
write_text(const struct sign *s, struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\r' && i + 1 < text.len &&
		    text.ptr[i + 1] == '\n')
			continue;
		if (text.ptr[i] == '\n' && !s->bare_lf)
			(void)putchar('\r');
		(void)putchar((unsigned char)text.ptr[i]);
	}
}

static void
write_field(const struct sign *s, struct slice name, struct slice value)
{
	write_text(s, name);
	write_text(s, SLICE(":"));
	write_text(s, value);
	write_text(s, SLICE("\n"));
}

/* Which fields go; NULL: no memory. */
static bool *
find_removed(const struct sign *s)
{
	const struct mail_header *h = &s->header;
	bool *removed = arena_array(s->arena, h->count + 1, sizeof(*removed));
	const struct message_edit *e = s->orders.edits;
	const struct mail_field *f;
	size_t i;

	for (i = 0; removed != NULL && i < s->orders.edit_count; i++) {
		f = e[i].kind != MESSAGE_REMOVE ? NULL :
		    mail_header_find(h, e[i].name, e[i].index);
		if (f != NULL)
			removed[f - h->fields] = true;
	}
	return removed;
}

static bool
removes(const struct message_orders *o)
{
	size_t i;

	for (i = 0; i < o->edit_count; i++)
		if (o->edits[i].kind == MESSAGE_REMOVE)
			return true;
	return false;
}

/* As it came, unless something is taken out of the header. */
static bool
write_message(const struct sign *s)
{
	const struct mail_header *h = &s->header;
	bool *removed = find_removed(s);
	size_t i;

	if (removed == NULL)
		return false;
	for (i = s->orders.edit_count; i > 0; i--)
		if (s->orders.edits[i - 1].kind == MESSAGE_INSERT)
			write_field(s, s->orders.edits[i - 1].name,
			    s->orders.edits[i - 1].value);
	if (!removes(&s->orders)) {
		(void)fwrite(s->text.ptr, 1, s->text.len, stdout);
		return true;
	}
	for (i = 0; i < h->count; i++)
		if (!removed[i])
			write_field(s, h->fields[i].name, h->fields[i].value);
	write_text(s, SLICE("\n"));
	(void)fwrite(s->body.ptr, 1, s->body.len, stdout);
	return true;
}

/* ---- the command ---- */

/* Without --explain and --json the message has the standard output. */
static enum tool_exit
tell(struct sign *s, bool explain)
{
	struct tool *t = s->t;
	bool good;

	if (!explain && !t->json)
		text_init(&t->text, stderr, t->no_color);
	good = t->json ? reasons_json(t, &s->reasons) :
	    reasons_text(t, &s->reasons);
	if (!good)
		return tool_no_memory();
	if (!reasons_is_signed(&s->reasons))
		return TOOL_REFUSED;
	return explain || t->json || write_message(s) ? TOOL_OK :
	    tool_no_memory();
}

static enum tool_exit
sign(struct sign *s, const char *path, bool explain)
{
	enum tool_exit status = read_message(s, path);

	/* What the daemon logs of keys is among the reasons. */
	log_configure(CONFIG_LOG_STDERR, CONFIG_LOG_ERROR, CONFIG_LOG_TEXT);
	s->t->keeps_origins = true;
	if (status == TOOL_OK)
		status = tool_start(s->t);
	if (status == TOOL_OK)
		status = tool_load_keys(s->t);
	if (status != TOOL_OK)
		return status;
	s->reasons.now = (int64_t)time(NULL);
	return run_twice(s) ? tell(s, explain) : tool_no_memory();
}

static void
release(struct sign *s)
{
	message_free(s->message);
	arena_free(s->arena);
	buf_fini(&s->sender);
	buf_fini(&s->crlf);
	buf_fini(&s->file);
}

static enum tool_exit
sign_run(struct tool *t, int argc, char **argv)
{
	struct sign s = { .t = t };
	const char *client = "127.0.0.1";
	bool explain = false;
	enum tool_exit status;
	const struct tool_option own[] = {
		{ .name = "as-client", .value = &client,
		  .argument = "ADDRESS",
		  .what = "the client that submits it (default 127.0.0.1)" },
		{ .name = "authenticated", .value = &s.reasons.user,
		  .argument = "NAME", .what = "the user who has logged in "
		      "(SMTP AUTH)" },
		{ .name = "from", .value = &s.from, .argument = "SENDER",
		  .what = "the address in MAIL FROM" },
		{ .name = "explain", .flag = &explain,
		  .what = "print the reasons instead of the message" },
		{ .name = NULL }
	};

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind + 1 != argc)
		return tool_usage(t);
	if (!ipaddr_parse(slice_str(client), &s.reasons.client))
		return tool_fail(TOOL_USAGE, "not an IP address", client);
	status = sign(&s, argv[optind], explain);
	release(&s);
	return status;
}

const struct tool_command sign_command = {
	.name = "sign",
	.run = sign_run,
	.synopsis = "[--as-client IP | --authenticated NAME] "
	    "[--explain] MESSAGE",
	.what = "Signs a message as the daemon would, and says why or why not",
	.example = "assay sign message.eml > signed.eml\n"
	    "assay sign --explain --authenticated joe message.eml"
};
