/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orders: what follows from what was found.
 *
 *  1. The policy decides.
 *  2. Mail of ours is signed, if it is accepted (message/sign.c).
 *  3. The header is changed: what is forged goes, then signatures, a seal
 *     and the results of all methods come on top.
 */
#include <string.h>

#include "dkim/sign.h"
#include "mail/authres.h"
#include "message/arc.h"
#include "message/message_internal.h"

static const struct slice authres_name = SLICE_INIT("Authentication-Results");

/* ---- step 1 ---- */

static void
collect_claims(const struct message_results *r, struct policy_facts *f)
{
	const struct config *c = r->engine->config;
	struct slice name;
	size_t i;

	f->claimed = r->from.domain_count > 0;
	for (i = 0; i < r->from.domain_count; i++) {
		name = r->from.domains[i];
		f->own_domain = f->own_domain ||
		    config_is_own_domain(c, name);
		f->enforce_anyway = f->enforce_anyway ||
		    config_is_enforced(c, name);
	}
}

static void
collect_facts(const struct message *m, struct policy_facts *f)
{
	const struct message_results *r = &m->results;
	size_t i;

	*f = (struct policy_facts){ .at_mail = r->at_mail,
		.client = r->client,
		.helo = r->helo_domain,
		.from = r->from.state,
		.recipient_domains = r->recipient_domains,
		.recipient_domain_count = r->recipient_domain_count,
		.auth_user = r->user };
	if (r->path.has_domain)
		f->mailfrom_domain = domain_slice(&r->path.domain);
	if (mail_from_has_author(&r->from))
		f->from_domain = domain_slice(&r->from.domain);
	collect_claims(r, f);
	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->facts != NULL)
			message_methods[i]->facts(m, m->states[i], f);
}

void
message_decide(struct message *m, bool at_mail,
    struct message_orders *orders)
{
	struct message_results *r = &m->results;
	struct policy_facts facts;

	r->at_mail = at_mail;
	collect_facts(m, &facts);
	policy_decide(&r->engine->config->policy, &facts, &r->decision);
	if (r->engine->config->observes)
		policy_observe(&r->engine->config->observed_policy, &facts,
		    &r->observed);
	if (r->engine->deferrals != NULL)
		deferral_limit(r->engine->deferrals, &r->client, &r->path,
		    m->steady, &r->decision);
	orders->action = r->decision.action;
	if (orders->action == POLICY_REJECT ||
	    orders->action == POLICY_TEMPFAIL)
		policy_reply(&r->decision, &facts, &orders->reply);
}

/* ---- step 3 ---- */

/*
 * One of our hosts, known by its address, passes on what this host wrote
 * before: a content filter, a relay with the same authserv-id.  A client that
 * has only authenticated does not.
 */
static bool
keeps_results(const struct message *m)
{
	const struct config_origin *o = m->results.origin;

	return o != NULL && (o->relay || (o->client_count > 0 && !o->check &&
	    !m->facts.authenticated));
}

/* RFC 8601 section 5: fields that claim to be ours.  False: no memory. */
static bool
find_forged(struct message *m, struct forged_field **list, size_t *count)
{
	*count = 0;
	if (keeps_results(m))
		return true;
	m->forged.keep_arc = message_arc_may_hold(m);
	if (!forged_find(&m->forged, &m->header, m->arena, list, count))
		return false;
	m->results.forged = (unsigned int)*count;
	return true;
}

static size_t
remove_forged(const struct forged_field *list, size_t count,
    struct message_edit *edits)
{
	size_t i;

	for (i = 0; i < count; i++)
		edits[i] = (struct message_edit){ .kind = MESSAGE_REMOVE,
			.name = list[i].name, .index = list[i].instance };
	return count;
}

bool
message_write_results(const struct message *m, bool sealed,
    struct authres_writer *w, struct slice *value)
{
	const struct message_results *r = &m->results;
	size_t i;

	authres_write_begin(w, r->receiver, r->utf8);
	w->sealed = sealed;
	for (i = 0; i < message_method_count; i++)
		if (message_methods[i]->write != NULL &&
		    message_has_method(m, message_methods[i]))
			message_methods[i]->write(m, m->states[i], w);
	return authres_write_end(w, value);
}

/* False: no memory. */
static bool
write_results(struct message *m, struct message_edit *edit)
{
	edit->kind = MESSAGE_INSERT;
	edit->name = authres_name;
	m->writing = true;
	return message_write_results(m, false, &m->writer, &edit->value);
}

/*
 * Does it get a field?  Mail of ours that this host has seen before, and that
 * comes back from a filter, has the one that counts.
 */
static bool
is_annotated(const struct message *m)
{
	return m->checking || (m->annotating && !(keeps_results(m) &&
	    forged_is_ours(&m->forged, &m->header)));
}

static bool
change_header(struct message *m, struct message_orders *orders)
{
	size_t signatures = m->results.signing.options.key_count, forged;
	struct forged_field *list = NULL;
	struct message_edit *edits;

	if (!find_forged(m, &list, &forged))
		return false;
	edits = arena_array(m->arena, forged + signatures + ARC_PARTS + 1,
	    sizeof(*edits));
	if (edits == NULL)
		return false;
	orders->edits = edits;
	orders->edit_count = remove_forged(list, forged, edits);
	if (orders->action == POLICY_ACCEPT) {
		orders->edit_count += message_signatures(m,
		    edits + orders->edit_count);
		orders->edit_count += message_seal(m,
		    edits + orders->edit_count);
	}
	return !is_annotated(m) ||
	    write_results(m, &edits[orders->edit_count++]);
}

bool
message_give_orders(struct message *m, struct message_orders *orders)
{
	if (m->checking)
		message_decide(m, false, orders);
	if (orders->action == POLICY_ACCEPT)
		message_sign(m, orders);
	return change_header(m, orders);
}

const struct message_edit *
message_inserted(const struct message_orders *o, struct slice name)
{
	size_t i;

	for (i = o->edit_count; i > 0; i--)
		if (o->edits[i - 1].kind == MESSAGE_INSERT &&
		    slice_eq_nocase(o->edits[i - 1].name, name))
			return &o->edits[i - 1];
	return NULL;
}
