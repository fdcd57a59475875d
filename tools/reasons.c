/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reasons: which rule and which keys sign a message and why, or why none.
 *
 * All of it is what the life of the message has decided; only DNS is asked
 * once more, for the record that each key needs for this d=.
 */
#include "tools/reasons.h"

#include <stdio.h>

#include "dkim/sign.h"

#define PATTERNS_SHOWN 5

static const struct signing_plan *
plan_of(const struct reasons *r)
{
	return &message_results(r->message)->signing;
}

bool
reasons_is_signed(const struct reasons *r)
{
	return message_results(r->message)->ours &&
	    plan_of(r)->state == SIGNING_READY &&
	    r->orders->action == POLICY_ACCEPT;
}

/* The pattern of the rule that has the domain in From, or NULL. */
static const struct policy_pattern *
pattern_of(const struct reasons *r)
{
	const struct config_sign *rule = plan_of(r)->rule;
	const struct mail_from *from = &message_results(r->message)->from;

	return mail_from_has_author(from) ? policy_pattern_find(rule->domains,
	    rule->domain_count, domain_slice(&from->domain)) : NULL;
}

/* By From, and not as a bounce?  A rule without patterns is for all. */
static bool
is_by_from(const struct reasons *r)
{
	return pattern_of(r) != NULL ||
	    (plan_of(r)->rule->domain_count == 0 &&
	    mail_from_has_author(&message_results(r->message)->from));
}

/* ---- the records of the keys ---- */


static bool
name_of(const struct signing_plan *plan, size_t key, struct domain *name)
{
	char text[2 * DOMAIN_MAX + sizeof("._domainkey.")];

	snprintf(text, sizeof(text), "%.*s._domainkey.%.*s",
	    SLICE_ARG(plan->keys[key].selector),
	    SLICE_ARG(plan->options.domain));
	return domain_parse(slice_str(text), name);
}

/* An inquiry_step_fn. */
static bool
ask(void *arg, struct dns_ledger *ledger)
{
	const struct signing_plan *plan = arg;
	struct domain name;
	bool all = true;
	size_t i;

	for (i = 0; i < plan->options.key_count; i++)
		if (name_of(plan, i, &name) && dns_ledger_ask(ledger,
		    domain_slice(&name), DNS_TYPE_TXT) == NULL)
			all = false;
	return all;
}

static const struct {
	const char	*text, *word;
	enum text_style	 style;
} matches[] = {
	[DKIM_KEY_MATCHES] = { "the record in DNS matches", "matches",
		TEXT_GOOD },
	[DKIM_KEY_DIFFERS] = { "the record in DNS does not match, so it will "
		"not verify", "differs", TEXT_BAD },
	[DKIM_KEY_ABSENT] = { "there is no record in DNS, so it will not "
		"verify", "absent", TEXT_BAD },
	[DKIM_KEY_UNKNOWN] = { "DNS did not answer", "unknown",
		TEXT_DOUBT }
};

static enum dkim_key_match
match_of(const struct signing_plan *plan, size_t key, struct inquiry *q)
{
	struct domain name;
	const char *problem;

	if (!name_of(plan, key, &name))
		return DKIM_KEY_UNKNOWN;
	return dkim_private_key_examine(plan->keys[key].key, dns_ledger_peek(
	    inquiry_ledger(q), domain_slice(&name), DNS_TYPE_TXT), &problem);
}

/* ---- as text ---- */

static void
text_sender(struct text *t, const struct reasons *r)
{
	const struct message_results *m = message_results(r->message);
	char client[IPADDR_TEXT];

	ipaddr_format(&r->client, client);
	text_item(t, "client");
	text_say(t, "%s", client);
	if (r->user != NULL) {
		text_say(t, ", authenticated as ");
		text_value(t, slice_str(r->user));
	}
	text_end(t);
	text_item(t, "origin");
	if (m->origin != NULL)
		text_value(t, m->origin->name);
	else
		text_say(t, "none: a stranger");
	text_end(t);
	text_item(t, "From");
	text_value(t, m->from.has_domain ? domain_slice(&m->from.domain) :
	    SLICE(""));
	text_end(t);
}

static void
text_pattern(struct text *t, const struct policy_pattern *p)
{
	text_say(t, p->below ? "\"*." : "\"");
	text_foreign(t, domain_slice(&p->domain));
	text_say(t, "\"");
}

/* What there would be to sign by. */
static void
text_rules(struct text *t, const struct config *c)
{
	const struct config_sign *rule;
	size_t n, i, shown = 0;

	text_item(t, "rules");
	for (n = 0; n < c->sign_count; n++) {
		rule = &c->sign[n];
		for (i = 0; i < rule->domain_count; i++) {
			if (shown++ == PATTERNS_SHOWN) {
				text_say(t, ", ...\n");
				return;
			}
			text_say(t, shown > 1 ? ", " : "are for ");
			text_pattern(t, &rule->domains[i]);
		}
	}
	text_end(t);
}

static void
text_hint(struct text *t, const struct reasons *r)
{
	const struct message_results *m = message_results(r->message);

	if (m->origin == NULL) {
		text_item(t, "note");
		text_say(t, "see --as-client and --authenticated; which "
		    "clients are ours is in trusted-networks or origins\n");
	} else if (m->ours && m->signing.state == SIGNING_NO_RULE &&
	    m->engine->config->sign_count > 0) {
		text_rules(t, m->engine->config);
	}
	if (!signing_is_missed(m->signing.state) || !m->ours ||
	    m->engine->config->unsigned_mail != CONFIG_UNSIGNED_TEMPFAIL)
		return;
	text_item(t, "note");
	text_say(t, "the daemon defers it: unsigned is tempfail\n");
}

static void
text_rule(struct text *t, const struct reasons *r)
{
	const struct signing_plan *plan = plan_of(r);
	const struct policy_pattern *p;

	if (plan->rule == NULL)
		return;
	p = pattern_of(r);
	text_item(t, "rule");
	text_foreign(t, slice_str(plan->rule->path));
	text_say(t, ", line %u: ", plan->rule->line);
	if (p != NULL) {
		text_say(t, "the first with the domain in From, as ");
		text_pattern(t, p);
	} else if (is_by_from(r)) {
		text_say(t, "the first with keys for the domain in From");
	} else {
		text_say(t, "null-sender, as it is a bounce of this host");
	}
	text_end(t);
}

static bool
is_used(const struct signing_plan *plan, const struct config_sign_key *key)
{
	size_t i;

	for (i = 0; i < plan->options.key_count; i++)
		if (slice_eq(plan->keys[i].selector, key->selector))
			return true;
	return false;
}

/* Of a key that does not sign. */
static const char *
why_idle(const struct reasons *r, const struct config_sign_key *key)
{
	const struct signing_plan *plan = plan_of(r);

	if (key->from > r->now)
		return "its time has not come";
	if (key->until <= r->now)
		return "its time is over";
	if (plan->state == SIGNING_DONE_BEFORE || (!plan->rule->resign &&
	    dkim_sign_is_signed(message_header(r->message),
	    plan->options.domain, key->selector)))
		return "the message has its signature already";
	return "its record is not in DNS yet, and the key before it is";
}

static void
text_idle(struct text *t, const struct reasons *r)
{
	const struct signing_plan *plan = plan_of(r);
	const struct config_sign_key *key;
	size_t i;

	if (plan->rule == NULL || plan->options.domain.len == 0)
		return;
	for (i = 0; i < plan->rule->key_count; i++) {
		key = &plan->rule->keys[i];
		if (is_used(plan, key))
			continue;
		text_item(t, "not with");
		text_foreign(t, key->selector);
		text_say(t, ": %s\n", why_idle(r, key));
	}
}

/* The file, or the folder that it was found in. */
static const char *
file_of(const struct signing_plan *plan, size_t i)
{
	const struct config_sign *rule = plan->rule;
	size_t k = 0;

	while (k < rule->key_count && !slice_eq(rule->keys[k].selector,
	    plan->keys[i].selector))
		k++;
	return k < rule->key_count ? rule->keys[k].file :
	    rule->directory.path;
}

static void
text_key(struct text *t, const struct signing_plan *plan, size_t i,
    struct inquiry *q)
{
	enum dkim_key_match match = match_of(plan, i, q);

	text_item(t, "key");
	text_foreign(t, plan->keys[i].selector);
	text_say(t, ", ");
	text_foreign(t, slice_str(file_of(plan, i)));
	text_say(t, ": ");
	text_style(t, matches[match].style, "%s\n", matches[match].text);
}

static const char *
why_domain(const struct reasons *r)
{
	const struct signing_plan *plan = plan_of(r);

	if (plan->rule->identity.len > 0)
		return "the identity of the rule";
	if (!is_by_from(r))
		return "the first domain of the rule";
	return slice_eq(plan->options.domain, domain_slice(
	    &message_results(r->message)->from.domain)) ?
	    "the domain in From" : "a domain above the one in From, which "
	    "has no key of its own";
}

static void
text_keys(struct text *t, const struct reasons *r, struct inquiry *q)
{
	const struct message_results *m = message_results(r->message);
	const struct signing_plan *plan = plan_of(r);
	unsigned int i;

	text_item(t, "d=");
	text_foreign(t, plan->options.domain);
	text_say(t, ", %s\n", why_domain(r));
	for (i = 0; i < plan->options.key_count; i++)
		text_key(t, plan, i, q);
	if (m->left_out.len > 0) {
		text_item(t, "left out");
		text_foreign(t, m->left_out);
		text_say(t, ": a mail server would change it\n");
	}
	for (i = 0; i < DKIM_HAZARDS; i++) {
		if ((m->hazards & 1u << i) == 0)
			continue;
		text_item(t, "hazard");
		text_style(t, TEXT_DOUBT, "%s\n",
		    dkim_hazard_name((enum dkim_hazard)(1u << i)));
	}
}

static void
text_refusal(struct text *t, const struct reasons *r)
{
	const struct policy_decision *d =
	    &message_results(r->message)->decision;

	if (r->orders->action == POLICY_ACCEPT || d->rule == NULL)
		return;
	text_item(t, "policy");
	text_say(t, "rule \"");
	text_foreign(t, d->rule->name);
	text_say(t, "\": %s\n", policy_action_name(r->orders->action));
}

bool
reasons_text(struct tool *t, const struct reasons *r)
{
	struct signing_plan plan = *plan_of(r);
	bool is_signed = reasons_is_signed(r);
	const char *why = message_unsigned_why(r->message, is_signed);
	struct inquiry *q;

	text_title(&t->text, "Signed: ");
	text_style(&t->text, is_signed ? TEXT_GOOD : TEXT_BAD, "%s",
	    is_signed ? "yes" : "no");
	if (!is_signed)
		text_say(&t->text, ": %s", why != NULL ? why : "neither the "
		    "sender nor the domain in From is ours");
	text_end(&t->text);
	text_sender(&t->text, r);
	text_rule(&t->text, r);
	if (is_signed) {
		q = tool_inquire(t, ask, &plan);
		if (q == NULL)
			return false;
		text_keys(&t->text, r, q);
		inquiry_free(q);
	}
	text_idle(&t->text, r);
	if (!is_signed)
		text_hint(&t->text, r);
	text_refusal(&t->text, r);
	return true;
}

/* ---- as JSON ---- */

static void
json_sender(struct json *j, const struct reasons *r)
{
	const struct message_results *m = message_results(r->message);
	char client[IPADDR_TEXT];

	ipaddr_format(&r->client, client);
	json_string(j, "client", client);
	json_string(j, "authenticated", r->user);
	json_slice_or_null(j, "origin", m->origin != NULL ? m->origin->name :
	    SLICE(""));
	json_slice_or_null(j, "from_domain", m->from.has_domain ?
	    domain_slice(&m->from.domain) : SLICE(""));
}

static void
json_rule(struct json *j, const struct reasons *r)
{
	const struct config_sign *rule = plan_of(r)->rule;
	const struct policy_pattern *p;
	char pattern[DOMAIN_MAX + sizeof("*.")] = "";

	if (rule == NULL) {
		json_null(j, "rule");
		return;
	}
	p = pattern_of(r);
	if (p != NULL)
		snprintf(pattern, sizeof(pattern), "%s%s", p->below ? "*." :
		    "", p->domain.text);
	json_object(j, "rule");
	json_string(j, "file", rule->path);
	json_number(j, "line", rule->line);
	json_string(j, "pattern", p != NULL ? pattern : NULL);
	json_bool(j, "null_sender", !is_by_from(r));
	json_object_end(j);
}

static void
json_keys(struct json *j, const struct reasons *r, struct inquiry *q)
{
	const struct signing_plan *plan = plan_of(r);
	const struct config_sign_key *key;
	size_t i;

	json_array(j, "keys");
	for (i = 0; q != NULL && i < plan->options.key_count; i++) {
		json_object(j, NULL);
		json_slice(j, "selector", plan->keys[i].selector);
		json_string(j, "file", file_of(plan, i));
		json_string(j, "record", matches[match_of(plan, i, q)].word);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "idle_keys");
	key = plan->rule != NULL && plan->options.domain.len > 0 ?
	    plan->rule->keys : NULL;
	for (i = 0; key != NULL && i < plan->rule->key_count; i++) {
		if (is_used(plan, &key[i]))
			continue;
		json_object(j, NULL);
		json_slice(j, "selector", key[i].selector);
		json_string(j, "why", why_idle(r, &key[i]));
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_hazards(struct json *j, const struct message_results *m)
{
	unsigned int i;

	json_array(j, "hazards");
	for (i = 0; i < DKIM_HAZARDS; i++)
		if ((m->hazards & 1u << i) != 0)
			json_string(j, NULL, dkim_hazard_name(
			    (enum dkim_hazard)(1u << i)));
	json_array_end(j);
	json_slice_or_null(j, "left_out", m->left_out);
}

static void
json_fields(struct json *j, const struct reasons *r)
{
	const struct message_edit *e = r->orders->edits;
	size_t i;

	json_array(j, "fields");
	for (i = r->orders->edit_count; i > 0; i--) {
		if (e[i - 1].kind != MESSAGE_INSERT)
			continue;
		json_object(j, NULL);
		json_slice(j, "name", e[i - 1].name);
		json_slice(j, "value", e[i - 1].value);
		json_object_end(j);
	}
	json_array_end(j);
}

bool
reasons_json(struct tool *t, const struct reasons *r)
{
	struct signing_plan plan = *plan_of(r);
	bool is_signed = reasons_is_signed(r);
	struct json *j = &t->out;
	struct inquiry *q = NULL;

	if (is_signed && (q = tool_inquire(t, ask, &plan)) == NULL)
		return false;
	json_object(j, NULL);
	json_string(j, "command", "sign");
	json_bool(j, "signed", is_signed);
	json_string(j, "why", message_unsigned_why(r->message, is_signed));
	json_sender(j, r);
	json_rule(j, r);
	json_slice_or_null(j, "domain", plan.options.domain);
	json_keys(j, r, q);
	json_hazards(j, message_results(r->message));
	json_string(j, "action", policy_action_name(r->orders->action));
	json_fields(j, r);
	json_object_end(j);
	text_end(&t->text);
	if (q != NULL)
		inquiry_free(q);
	return true;
}
