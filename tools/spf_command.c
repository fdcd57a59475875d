/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay spf: an envelope without a message, or the record of a domain.
 */
#include <getopt.h>
#include <time.h>

#include "base/limits.h"
#include "message/message.h"
#include "message/spf.h"
#include "spf/lint.h"
#include "tools/lint.h"
#include "tools/spf.h"

/* ---- an envelope ---- */

struct question {
	struct ipaddr	 client;
	struct slice	 sender, helo;
};

/*
 * RFC 7208 8.4, 8.6, 8.7: the results for which it knows a reply that
 * refuses or defers.
 */
static bool
may_be_refused(enum auth_result r)
{
	return r == AUTH_FAIL || r == AUTH_TEMPERROR || r == AUTH_PERMERROR;
}

static void
tell_json(struct json *j, const struct spf_story *sender,
    const struct spf_story *helo)
{
	json_object(j, NULL);
	json_string(j, "command", "spf");
	spf_story_json(j, "spf", sender);
	if (helo != NULL)
		spf_story_json(j, "spf_helo", helo);
	else
		json_null(j, "spf_helo");
	json_object_end(j);
}

static enum tool_exit
tell(struct tool *t, const struct message *m)
{
	const struct spf_request *helo = message_spf_request(m, SPF_HELO);
	struct spf_story *by_sender, *by_helo = NULL;
	struct dns_ledger *ledger = message_ledger(m);

	by_sender = spf_story_new(t, message_spf_request(m, SPF_MAILFROM),
	    ledger);
	if (helo != NULL)
		by_helo = spf_story_new(t, helo, ledger);
	if (by_sender == NULL || (helo != NULL && by_helo == NULL))
		return tool_no_memory();
	if (t->json) {
		tell_json(&t->out, by_sender, by_helo);
		text_end(&t->text);
	} else {
		spf_story_text(&t->text, by_sender);
		if (by_helo != NULL)
			spf_story_text(&t->text, by_helo);
	}
	return may_be_refused(spf_story_result(by_sender)) ? TOOL_REFUSED :
	    TOOL_OK;
}

/* A message of which only the envelope is there. */
static enum tool_exit
look_up(struct tool *t, const struct question *q)
{
	static const struct inquiry_waiting waiting;
	enum tool_exit status = tool_start(t);
	struct message_orders orders;
	struct message *m;

	if (status != TOOL_OK)
		return status;
	m = message_new(engine_ref(t->engine),
	    &(const struct message_client){ .address = q->client },
	    t->receiver);
	if (m == NULL)
		return tool_no_memory();
	message_helo(m, q->helo);
	message_mail(m, &(const struct message_envelope){ .path = q->sender,
	    .now = (int64_t)time(NULL) });
	message_header_end(m);
	status = message_finish(m, &waiting, &orders) ? tell(t, m) :
	    tool_no_memory();
	message_free(m);
	return status;
}

/* ---- a record, without a message ---- */

struct published {
	struct domain		 domain;
	struct arena		*scratch;
	struct lint_notes	 notes;
	struct spf_lint_sum	 sum;
};

/* An inquiry_step_fn. */
static bool
ask_record(void *arg, struct dns_ledger *ledger)
{
	struct published *p = arg;

	return spf_lint(&p->domain, ledger, p->scratch, NULL, NULL,
	    &p->sum) == CHECK_DONE;
}

/* A tool_check_fn. */
static enum check_state
look_at_record(void *arg, struct dns_ledger *ledger, struct arena *scratch)
{
	struct published *p = arg;

	return spf_lint(&p->domain, ledger, scratch, lint_notes_add,
	    &p->notes, &p->sum);
}

static void
published_text(struct text *t, const struct published *p)
{
	text_title(t, "SPF record of ");
	text_foreign(t, domain_slice(&p->domain));
	text_end(t);
	if (p->sum.record.len > 0) {
		text_item(t, "record");
		text_say(t, "\"");
		text_value(t, p->sum.record);
		text_say(t, "\"\n");
		text_item(t, "lookups");
		text_style(t, p->sum.terms > LIMIT_SPF_TERMS ? TEXT_BAD :
		    TEXT_PLAIN, "%u", p->sum.terms);
		text_say(t, " of %u terms that look something up, ",
		    LIMIT_SPF_TERMS);
		text_style(t, p->sum.voids > LIMIT_SPF_VOID ? TEXT_BAD :
		    TEXT_PLAIN, "%u", p->sum.voids);
		text_say(t, " of %u that find nothing\n", LIMIT_SPF_VOID);
	}
	lint_notes_text(t, &p->notes);
	if (p->notes.first == NULL)
		text_say(t, "  nothing is wrong with it\n");
}

static void
published_json(struct json *j, const struct published *p)
{
	json_object(j, NULL);
	json_string(j, "command", "spf");
	json_slice(j, "domain", domain_slice(&p->domain));
	json_slice_or_null(j, "record", p->sum.record);
	json_number(j, "lookups", p->sum.terms);
	json_number(j, "lookup_limit", LIMIT_SPF_TERMS);
	json_number(j, "voids", p->sum.voids);
	json_number(j, "void_limit", LIMIT_SPF_VOID);
	lint_notes_json(j, "notes", &p->notes);
	json_object_end(j);
}

static enum tool_exit
tell_record(struct tool *t, struct published *p, struct inquiry *inquiry)
{
	lint_notes_init(&p->notes, t->arena);
	if (!tool_check_again(look_at_record, p, inquiry_ledger(inquiry)))
		return tool_no_memory();
	if (t->json) {
		published_json(&t->out, p);
		text_end(&t->text);
	} else {
		published_text(&t->text, p);
	}
	return p->notes.errors > 0 ? TOOL_REFUSED : TOOL_OK;
}

static enum tool_exit
look_up_record(struct tool *t, struct published *p)
{
	enum tool_exit status = tool_start(t);
	struct inquiry *inquiry;

	if (status != TOOL_OK)
		return status;
	p->scratch = arena_new(LIMIT_CHECK_MEMORY);
	if (p->scratch == NULL)
		return tool_no_memory();
	inquiry = tool_inquire(t, ask_record, p);
	status = inquiry != NULL ? tell_record(t, p, inquiry) :
	    tool_no_memory();
	inquiry_free(inquiry);
	arena_free(p->scratch);
	return status;
}

static enum tool_exit
record_command(struct tool *t, const char *name)
{
	struct published p = { .scratch = NULL };

	if (!domain_parse(slice_str(name), &p.domain))
		return tool_fail(TOOL_USAGE, "not a domain name", name);
	return look_up_record(t, &p);
}

static enum tool_exit
spf_run(struct tool *t, int argc, char **argv)
{
	static const struct tool_option none[] = { { .name = NULL } };
	struct question q;

	if (!tool_options(t, argc, argv, none))
		return t->ended;
	if (optind + 1 == argc)
		return record_command(t, argv[optind]);
	if (optind + 3 != argc)
		return tool_usage(t);
	if (!ipaddr_parse(slice_str(argv[optind]), &q.client))
		return tool_fail(TOOL_USAGE, "not an IP address",
		    argv[optind]);
	q.sender = slice_str(argv[optind + 1]);
	q.helo = slice_str(argv[optind + 2]);
	return look_up(t, &q);
}

const struct tool_command spf_command = {
	.name = "spf",
	.run = spf_run,
	.synopsis = "IP SENDER HELO\nDOMAIN",
	.what = "Checks SPF for an envelope, or the SPF record of a domain",
	.example = "assay spf 192.0.2.1 news@example.org mail.example.net\n"
	    "assay spf example.org"
};
