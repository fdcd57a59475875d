/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwarder: whether a message is from a known forwarder, and what follows.
 */
#include "tools/forwarder.h"

#include "message/forwarder.h"

static bool
has_forwarders(const struct message *m)
{
	return message_results(m)->engine->config->forwarder_count > 0;
}

/* A host of one, but not a message for it. */
static void
text_host(struct text *t, const struct message *m,
    const struct config_forwarder *f)
{
	text_item(t, "note");
	text_say(t, "the client is a host of ");
	text_foreign(t, f->name);
	text_say(t, ", line %u, but %s\n", f->line,
	    message_forwarder_problem(m, f));
	if (f->recipient_count == 0 ||
	    message_results(m)->recipient_domain_count > 0)
		return;
	text_item(t, "note");
	text_say(t, "a file does not name recipients: see --to\n");
}

void
forwarder_text(struct text *t, const struct message *m)
{
	const struct message_forwarder *w = message_forwarder(m);

	if (!has_forwarders(m))
		return;
	text_title(t, "Forwarder: ");
	if (w->found != NULL) {
		text_style(t, TEXT_GOOD, "%.*s", SLICE_ARG(w->found->name));
		text_say(t, ", line %u\n", w->found->line);
		text_item(t, "SPF");
		text_say(t, "fail and softfail are not held against the "
		    "message\n");
		return;
	}
	text_style(t, TEXT_DOUBT, w->unknown ? "unknown" : "none");
	if (w->unknown)
		text_say(t, ": DNS did not answer for the name of the client, "
		    "which may be one");
	text_end(t);
	if (w->host != NULL)
		text_host(t, m, w->host);
}

void
forwarder_json(struct json *j, const char *key, const struct message *m)
{
	const struct message_forwarder *w = message_forwarder(m);

	if (!has_forwarders(m)) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_slice_or_null(j, "name", w->found != NULL ? w->found->name :
	    SLICE(""));
	json_slice_or_null(j, "host_of", w->host != NULL ? w->host->name :
	    SLICE(""));
	json_string(j, "problem", w->found == NULL && w->host != NULL ?
	    message_forwarder_problem(m, w->host) : NULL);
	json_bool(j, "unknown", w->unknown);
	json_object_end(j);
}

void
forwarder_text_override(struct text *t, const struct message_results *r)
{
	const struct message_override *o = &r->override;

	if (o->kind == MESSAGE_NO_OVERRIDE ||
	    r->decision.action != POLICY_ACCEPT)
		return;
	text_item(t, "although");
	text_say(t, "DMARC fails: %s ", o->kind == MESSAGE_FORWARDER ?
	    "the known forwarder" : "the trusted sealer");
	text_foreign(t, o->name);
	text_say(t, " answers for it\n");
}
