/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: a message as the event that is published at its end: who sent it,
 * what every method found, the decision, and the answer.
 */
#include <stdio.h>

#include "base/buf.h"
#include "event/log.h"
#include "mail/lex.h"
#include "message/message_internal.h"

#define LIST_MAX 200		/* octets of a value that is a list */

static const struct {
	const char		*name;
	/* As `action`, in the policy's words. */
	const char		*action;
} outcomes[] = {
	[MESSAGE_ACCEPTED] = { "accepted", "accept" },
	[MESSAGE_REJECTED] = { "rejected", "reject" },
	[MESSAGE_DEFERRED] = { "deferred", "tempfail" },
	[MESSAGE_QUARANTINED] = { "quarantined", "quarantine" },
	[MESSAGE_DISCARDED] = { "discarded", "discard" },
	[MESSAGE_ABORTED] = { "aborted", "none" },
	[MESSAGE_LOST] = { "lost", "none" },
	[MESSAGE_SHUT_DOWN] = { "shut-down", "none" }
};

static void
record_origin(const struct message_results *r, struct event *e)
{
	char relay[IPADDR_TEXT];

	if (r->ours)
		event_detail_text(e, "ours", SLICE("yes"));
	if (r->origin == NULL)
		return;
	event_text(e, "origin", r->origin->name);
	if (!r->relayed)
		return;
	ipaddr_format(&r->relay, relay);
	event_text(e, "relay", slice_str(relay));
	if (r->client.family == IPADDR_NONE)
		event_text(e, "relay-client", SLICE("unknown"));
}

static void
record_sender(const struct message *m, struct event *e)
{
	const struct message_results *r = &m->results;
	char client[IPADDR_TEXT];

	ipaddr_format(&r->client, client);
	event_text(e, "id", slice_str(m->queue_id));
	event_text(e, "client", slice_str(client));
	record_origin(r, e);
	if (r->user.len > 0)
		event_text(e, "auth-user", r->user);
	event_text(e, "helo", r->helo);
	event_text(e, "mail-from", r->mail);
	if (r->path.has_domain)
		event_detail_text(e, "mail-from-domain",
		    domain_slice(&r->path.domain));
	if (r->from.has_domain)
		event_text(e, "from-domain", domain_slice(&r->from.domain));
	if (!r->checked || r->at_mail || r->from.problem == NULL)
		return;
	event_text(e, "from", slice_str(mail_from_state_name(r->from.state)));
	event_text(e, "from-why", slice_str(r->from.problem));
}

/* RFC 3834 section 5: a program sent it, and nobody wrote it. */
static void
record_automatic(const struct message *m, struct event *e)
{
	const struct mail_field *f = mail_header_find(&m->header,
	    SLICE("Auto-Submitted"), 1);
	struct slice word;
	struct cursor c;

	if (f == NULL)
		return;
	c = cursor_of(f->value);
	(void)lex_cfws(&c);
	if (!lex_token(&c, &word) || !slice_eq_nocase(word, SLICE("no")))
		event_text(e, "auto-submitted", SLICE("yes"));
}

/* The methods may be at work in the thread of the steps still. */
static void
record_methods(const struct message *m, struct event *e)
{
	const struct message_results *r = &m->results;
	const struct message_method *method;
	size_t i;

	if (m->inquiry != NULL)
		inquiry_lock(m->inquiry);
	for (i = 0; i < message_method_count; i++) {
		method = message_methods[i];
		if (method->record != NULL && (r->checked || method->ours) &&
		    (r->finished || method->at_mail))
			method->record(m, m->states[i], e);
	}
	if (m->inquiry != NULL)
		inquiry_unlock(m->inquiry);
	if (r->at_mail)
		event_text(e, "stage", SLICE("mail"));
	if (!r->finished || m->inquiry == NULL)
		return;
	event_number(e, "lookups", (long long)r->questions);
	if (r->unanswered > 0)
		event_number(e, "unanswered", (long long)r->unanswered);
	if (r->stale > 0)
		event_number(e, "stale", (long long)r->stale);
	event_us(e, "dns-ms", r->dns_us);
	event_us(e, "waited-ms", r->waited_us);
}

/* "example.org:s1,example.org:s2", or "no" */
static void
record_keys(const struct signing_plan *plan, struct event *e)
{
	struct event_object *o;
	struct buf list;
	size_t i;

	buf_init(&list, LIST_MAX);
	for (i = 0; i < plan->options.key_count; i++) {
		buf_adds(&list, i > 0 ? "," : "");
		buf_add(&list, plan->options.domain);
		buf_addc(&list, ':');
		buf_add(&list, plan->keys[i].selector);
		o = event_object(e, "signed-by");
		event_object_text(e, o, "domain", plan->options.domain);
		event_object_text(e, o, "selector", plan->keys[i].selector);
	}
	event_text(e, "signed", list.len > 0 ? buf_slice(&list) :
	    SLICE("no"));
	buf_fini(&list);
}

static void
record_hazards(unsigned int hazards, struct event *e)
{
	struct buf list;
	size_t i;

	buf_init(&list, LIST_MAX);
	for (i = 0; i < DKIM_HAZARDS; i++) {
		if ((hazards & (1u << i)) == 0)
			continue;
		buf_adds(&list, list.len > 0 ? ", " : "");
		buf_adds(&list, dkim_hazard_name((enum dkim_hazard)(1u << i)));
	}
	if (list.len > 0)
		event_text(e, "hazards", buf_slice(&list));
	buf_fini(&list);
}

/*
 * From the rule, not from the message: so counters have no more values than
 * the configuration.
 */
static void
record_sign_domain(const struct config_sign *rule,
    const struct mail_from *from, struct event *e)
{
	const struct policy_pattern *p = policy_pattern_find(rule->domains,
	    rule->domain_count, domain_slice(&from->domain));
	/* Of a bounce, whose From no pattern has. */
	struct slice d = config_sign_null_domain(rule);
	char name[DOMAIN_MAX + sizeof("*.")];

	if (p != NULL && rule->identity.len == 0)
		d = domain_slice(&p->domain);
	snprintf(name, sizeof(name), "%s%.*s",
	    p != NULL && rule->identity.len == 0 && p->below ? "*." : "",
	    SLICE_ARG(d.len > 0 ? d : SLICE("*")));
	event_detail_text(e, "sign-domain", slice_str(name));
}

/* Who signed, and what may still break the signature (RFC 6376 5.3). */
static void
record_signing(const struct message_results *r,
    const struct message_answer *answer, struct event *e)
{
	const struct signing_plan *plan = &r->signing;
	bool left = answer->outcome == MESSAGE_ACCEPTED;

	if (left && plan->state == SIGNING_READY)
		record_keys(plan, e);
	else
		event_text(e, "signed", SLICE("no"));
	if (plan->rule != NULL)
		record_sign_domain(plan->rule, &r->from, e);
	record_hazards(r->hazards, e);
	if (r->left_out.len > 0)
		event_text(e, "left-out", r->left_out);
	/* Mail that is not signed as it should be, or may break, is for the
	   postmaster to see. */
	if (r->hazards != 0 || (plan->state != SIGNING_NO_RULE &&
	    plan->state != SIGNING_READY))
		e->level = CONFIG_LOG_WARNING;
}

static void
record_rule(const struct message_results *r, struct event *e)
{
	const struct policy_decision *d = &r->decision;

	if (d->rule != NULL)
		event_text(e, "rule", d->rule->name);
	if (d->deferral_over)
		event_text(e, "why", SLICE("deferred long enough"));
	else if (d->rule == NULL && (r->finished || r->at_mail))
		event_text(e, "why", r->checked ? SLICE("no rule matched") :
		    SLICE("not checked"));
}

static void
record_reply(const struct policy_reply *reply, struct event *e)
{
	struct buf b;

	if (reply == NULL)
		return;
	buf_init(&b, LIMIT_REPLY_TEXT + sizeof(*reply));
	buf_addf(&b, "%s %s", reply->code, reply->enhanced);
	event_text(e, "reply", buf_slice(&b));
	buf_adds(&b, " ");
	buf_adds(&b, reply->text);
	event_detail_text(e, "reply-text", buf_slice(&b));
	buf_fini(&b);
}

/* What the policy would have done that does not rule. */
static void
record_observed_policy(const struct message_results *r, struct event *e)
{
	const struct policy_decision *d = &r->observed;

	/* At MAIL its other rules have not had their turn. */
	if (!r->engine->config->observes || !r->checked ||
	    !(r->finished || (r->at_mail && d->rule != NULL)))
		return;
	event_text(e, "observe-policy-action",
	    slice_str(policy_action_name(d->action)));
	if (d->rule != NULL)
		event_text(e, "observe-policy-rule", d->rule->name);
}

static void
record_end(const struct message_results *r,
    const struct message_answer *answer, struct event *e)
{
	const struct policy_decision *d = &r->decision;

	if (r->forged > 0)
		event_number(e, "forged-removed", r->forged);
	if (d->observed != NULL) {
		event_text(e, "observed", d->observed->name);
		event_text(e, "observed-action",
		    slice_str(policy_action_name(d->observed->action)));
	}
	record_observed_policy(r, e);
	event_text(e, "action", slice_str(outcomes[answer->outcome].action));
	record_rule(r, e);
	event_text(e, "told", slice_str(outcomes[answer->outcome].name));
	record_reply(answer->reply, e);
	if (answer->why == NULL)
		return;
	event_text(e, "told-why", slice_str(answer->why));
	if (r->finished || r->at_mail)
		event_text(e, "decided",
		    slice_str(policy_action_name(d->action)));
	if (answer->outcome == MESSAGE_DEFERRED)
		e->level = CONFIG_LOG_ERROR;
}

/* They may take all memory that is left, and so come last. */
static void
record_recipients(const struct message_results *r, struct event *e)
{
	size_t i;

	for (i = 0; i < r->recipient_domain_count && !e->incomplete; i++)
		event_object_text(e, event_object(e, "recipients"), "domain",
		    r->recipient_domains[i]);
}

void
message_record(const struct message *m, const struct message_answer *answer)
{
	const struct message_results *r = &m->results;
	struct event *e = event_new("message", m->now);
	const char *why;

	if (e == NULL) {
		log_line(CONFIG_LOG_ERROR, "%s: no memory for the record of "
		    "a message: %s", message_queue_id(m),
		    outcomes[answer->outcome].name);
		return;
	}
	record_sender(m, e);
	record_automatic(m, e);
	record_methods(m, e);
	if (r->ours && signing_has_rules(r->engine->signing))
		record_signing(r, answer, e);
	why = message_unsigned_why(m, answer->outcome == MESSAGE_ACCEPTED);
	if (why != NULL)
		event_text(e, "unsigned-why", slice_str(why));
	message_record_seal(m, e);
	record_end(r, answer, e);
	if (r->checked && r->finished)
		message_record_disposition(m, answer, e);
	record_recipients(r, e);
	event_publish(e);
	event_free(e);
}
