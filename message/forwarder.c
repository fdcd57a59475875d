/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The known forwarder of a message: by the client's address, and by its
 * names that lead back to it, which iprev has found.
 *
 *  1. Of all forwarders that have the host the first one counts whose other
 *     conditions are met: all recipients, and the Author Domain.
 *  2. When none counts, but one could if DNS said the client's names, or that
 *     one of them leads back, it is not known: someone who breaks his own
 *     zone gains nothing by that, but a forwarder is not taken for a
 *     stranger.
 *  3. At MAIL only the host is known.  SPF is not held against it yet: the
 *     rules of that stage are looked at again at the end.
 */
#include "message/forwarder.h"

#include "base/limits.h"
#include "message/iprev.h"
#include "message/message_internal.h"

struct state {
	struct message_forwarder	found;
};

/* ---- step 1 ---- */

/* Those that are not remembered could be somewhere else. */
static bool
has_recipients(const struct message_results *r,
    const struct config_forwarder *f)
{
	size_t i;

	if (r->recipient_domain_count == 0 ||
	    r->recipient_domain_count == LIMIT_RECIPIENT_DOMAINS)
		return false;
	for (i = 0; i < r->recipient_domain_count; i++) {
		if (policy_pattern_find(f->recipients, f->recipient_count,
		    r->recipient_domains[i]) == NULL)
			return false;
	}
	return true;
}

const char *
message_forwarder_problem(const struct message *m,
    const struct config_forwarder *f)
{
	const struct message_results *r = &m->results;

	if (f->from_domain_count > 0 && !(mail_from_has_author(&r->from) &&
	    policy_pattern_find(f->from_domains, f->from_domain_count,
	    domain_slice(&r->from.domain)) != NULL))
		return "the domain in From is not one of its from-domain";
	if (f->recipient_count > 0 && !has_recipients(r, f))
		return "not all recipients are in its for";
	return NULL;
}

/* The first forwarder so far; `any`: whatever its other conditions. */
struct search {
	const struct message	*m;
	bool			 any;
	size_t			 best;
};

/* A hosts_owner_fn. */
static bool
is_better(void *arg, unsigned int owner)
{
	struct search *s = arg;
	const struct config *c = s->m->results.engine->config;

	if (owner < s->best && (s->any ||
	    message_forwarder_problem(s->m, &c->forwarders[owner]) == NULL))
		s->best = owner;
	return s->best == 0;
}

static const struct config_forwarder *
find(const struct message *m, bool any)
{
	const struct config *c = m->results.engine->config;
	const struct message_iprev *iprev = message_iprev(m);
	struct search s = { .m = m, .any = any, .best = c->forwarder_count };
	bool done = hosts_find_address(c->forwarder_hosts,
	    &m->results.client, is_better, &s);
	size_t i;

	for (i = 0; !done && iprev->done && i < iprev->name_count; i++)
		done = hosts_find_name(c->forwarder_hosts, iprev->names[i],
		    is_better, &s);
	return s.best < c->forwarder_count ? &c->forwarders[s.best] : NULL;
}

/* Is there one that is known by names, and whose other conditions are met? */
static bool
may_have_name(const struct message *m, bool any)
{
	const struct config *c = m->results.engine->config;
	const struct config_forwarder *f = c->forwarders;

	for (; f < c->forwarders + c->forwarder_count; f++) {
		if ((f->name_count > 0 || f->file != NULL) &&
		    (any || message_forwarder_problem(m, f) == NULL))
			return hosts_has_names(c->forwarder_hosts);
	}
	return false;
}

/* Step 2. */
static bool
is_unknown(const struct message *m, bool any)
{
	const struct config *c = m->results.engine->config;
	const struct message_iprev *iprev = message_iprev(m);
	struct search s = { .m = m, .any = any, .best = c->forwarder_count };
	size_t i;

	if (!iprev->checked)
		return false;
	if (!iprev->done || (iprev->result == AUTH_TEMPERROR &&
	    iprev->unsure_count == 0))
		return may_have_name(m, any);
	for (i = 0; i < iprev->unsure_count; i++)
		(void)hosts_find_name(c->forwarder_hosts, iprev->unsure[i],
		    is_better, &s);
	return s.best < c->forwarder_count;
}

static bool
has_forwarders(const struct message *m)
{
	return m->results.engine->config->forwarder_count > 0;
}

static void
finish(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct message_forwarder *f = &((struct state *)arg)->found;

	(void)ledger;
	if (!has_forwarders(m))
		return;
	f->host = find(m, true);
	if (f->host != NULL)
		f->found = find(m, false);
	f->unknown = f->found == NULL && is_unknown(m, false);
}

/* ---- what was found ---- */

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct message_forwarder *w =
	    &((const struct state *)arg)->found;

	if (m->results.at_mail) {
		/* Step 3. */
		f->spf_excused = has_forwarders(m) && m->checking &&
		    (find(m, true) != NULL || is_unknown(m, true));
		return;
	}
	f->spf_excused = w->found != NULL;
	f->forwarder_count = 1;
	f->forwarder[0] = w->unknown ? SLICE("unknown") : SLICE("no");
	if (w->found == NULL)
		return;
	f->forwarder[0] = SLICE("yes");
	f->forwarder[f->forwarder_count++] = w->found->name;
}

static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct message_forwarder *w =
	    &((const struct state *)arg)->found;

	(void)m;
	if (w->found != NULL)
		event_text(e, "forwarder", w->found->name);
	else if (w->unknown)
		event_text(e, "forwarder", SLICE("unknown"));
}

const struct message_method message_method_forwarder = {
	.name = "forwarder",
	.state_size = sizeof(struct state),
	.finish = finish,
	.facts = facts,
	.record = record
};

const struct message_forwarder *
message_forwarder(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_forwarder);

	return &st->found;
}
