/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iprev of a message: RFC 8601 section 3.
 *
 *  1. The names of the client's address are asked for (PTR), as soon as it
 *     has connected.
 *  2. The addresses of the first LIMIT_IPREV_NAMES of them are asked for,
 *     all at once: A for an IPv4 client, AAAA for an IPv6 one.
 *  3. A name that has the client's address leads back.  One is enough.
 *
 * All answers are waited for, although one that leads back decides: rules may
 * look for any of the client's names.
 */
#include "message/iprev.h"

#include "message/message_internal.h"
#include "message/shown_internal.h"

struct state {
	struct message_iprev	found;
	struct ipaddr		client;
};

/* ---- the check ---- */

static bool
leads_back(const struct dns_answer *a, const struct ipaddr *client)
{
	size_t i;

	for (i = 0; i < a->count; i++) {
		if (ipaddr_eq(&a->records[i].addr, client))
			return true;
	}
	return false;
}

/* Steps 2 and 3. */
static bool
check_names(const struct ipaddr *client, const struct dns_answer *ptr,
    struct dns_ledger *ledger, struct message_iprev *out)
{
	enum dns_type type = client->family == IPADDR_V4 ? DNS_TYPE_A :
	    DNS_TYPE_AAAA;
	const struct dns_answer *a;
	bool done = true, all = true, any = false;
	size_t i;

	for (i = 0; i < ptr->count && i < LIMIT_IPREV_NAMES; i++) {
		/* A name that no host can have leads nowhere. */
		if (ptr->records[i].text.len == 0)
			continue;
		a = dns_ledger_ask(ledger, ptr->records[i].text, type);
		if (a == NULL) {
			done = false;
			continue;
		}
		out->stale = out->stale || a->stale;
		if (!dns_outcome_is_known(a->outcome))
			out->unsure[out->unsure_count++] =
			    ptr->records[i].text;
		all = all && a->authenticated;
		if (!leads_back(a, client))
			continue;
		out->names[out->name_count++] = ptr->records[i].text;
		any = any || a->authenticated;
	}
	/* One that leads back is enough. */
	out->authenticated = out->authenticated &&
	    (out->name_count > 0 ? any : all);
	return done;
}

static void
conclude(struct message_iprev *out, enum auth_result result,
    const char *problem)
{
	out->done = true;
	out->result = result;
	out->problem = problem;
}

bool
iprev_check(const struct ipaddr *client, struct dns_ledger *ledger,
    struct message_iprev *out)
{
	char name[IPADDR_REVERSE];
	const struct dns_answer *ptr;

	*out = (struct message_iprev){ .checked = true };
	ipaddr_reverse(client, name);
	if (name[0] == '\0') {
		conclude(out, AUTH_PERMERROR, "no client address");
		return true;
	}
	ptr = dns_ledger_ask(ledger, slice_str(name), DNS_TYPE_PTR);
	if (ptr == NULL)
		return false;
	out->stale = ptr->stale;
	out->authenticated = ptr->authenticated;
	out->given = ptr->count;
	if (!dns_outcome_is_known(ptr->outcome))
		conclude(out, AUTH_TEMPERROR, "DNS did not answer for the name "
		    "of the address");
	else if (ptr->count == 0)
		conclude(out, AUTH_PERMERROR, "the address has no name");
	else if (!check_names(client, ptr, ledger, out))
		return false;
	else if (out->name_count > 0)
		conclude(out, AUTH_PASS, NULL);
	else if (out->unsure_count > 0)
		conclude(out, AUTH_TEMPERROR, "DNS did not answer for a name "
		    "of the address");
	else
		conclude(out, AUTH_FAIL, out->given > LIMIT_IPREV_NAMES ?
		    "the address has many names; none of those looked up "
		    "resolves back to it" : "no name of the address resolves "
		    "back to it");
	return true;
}

/* ---- the hooks ---- */

static bool
is_wanted(const struct config *c)
{
	return c->iprev;
}

static void
begin(struct message *m, void *arg)
{
	struct state *st = arg;

	if (!is_wanted(m->results.engine->config) || st->found.checked)
		return;
	message_lock(m);
	st->client = m->results.client;
	st->found.checked = true;
	message_unlock(m);
}

static bool
ask(struct message *m, void *arg, struct dns_ledger *ledger)
{
	struct state *st = arg;
	struct message_iprev found;

	(void)m;
	if (!st->found.checked || st->found.done)
		return true;
	if (!iprev_check(&st->client, ledger, &found))
		return false;
	st->found = found;
	return true;
}

/* RFC 8601 section 2.7.3 */
static void
write_result(const struct message *m, const void *arg,
    struct authres_writer *w)
{
	const struct message_iprev *f = &((const struct state *)arg)->found;
	char text[IPADDR_TEXT];

	if (!f->checked)
		return;
	authres_write_result(w, "iprev", auth_result_name(f->result));
	shown_reason(w, f->stale, f->problem);
	if (((const struct state *)arg)->client.family != IPADDR_NONE) {
		ipaddr_format(&((const struct state *)arg)->client, text);
		authres_write_property(w, "policy", "iprev", slice_str(text));
	}
	shown_dnssec(w, &m->results, f->authenticated);
}

static void
facts(const struct message *m, const void *arg, struct policy_facts *f)
{
	const struct message_iprev *found =
	    &((const struct state *)arg)->found;

	(void)m;
	f->iprev_checked = found->done;
	f->iprev = found->result;
}

static void
record(const struct message *m, const void *arg, struct event *e)
{
	const struct message_iprev *f = &((const struct state *)arg)->found;

	(void)m;
	if (!f->done)
		return;
	event_text(e, "iprev", slice_str(auth_result_name(f->result)));
	if (f->problem != NULL)
		event_text(e, "iprev-why", slice_str(f->problem));
	if (f->name_count > 0)
		event_text(e, "iprev-name", f->names[0]);
}

const struct message_method message_method_iprev = {
	.name = "iprev",
	.state_size = sizeof(struct state),
	.at_mail = true,
	.ours = true,
	.at_connect = is_wanted,
	.connect = begin,
	.ask = ask,
	.write = write_result,
	.facts = facts,
	.record = record
};

const struct message_iprev *
message_iprev(const struct message *m)
{
	const struct state *st = message_state(m, &message_method_iprev);

	return &st->found;
}
