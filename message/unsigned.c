/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unsigned: why a message that one expects to be signed is not.
 *
 *  1. Mail of ours: there are no rules, it did not come to its end, no rule or
 *     key is for it, or it was not accepted.
 *  2. Mail of others whose From is a domain of ours: who handed it in may not
 *     have it signed.
 *  3. For other mail nobody expects it.
 */
#include "message/message_internal.h"

/* Step 1. */
static const char *
why_ours(const struct message *m, bool accepted)
{
	const struct message_results *r = &m->results;

	if (!signing_has_rules(r->engine->signing))
		return "sign has no rules";
	if (m->failed)
		return signing_problem(SIGNING_FAILED);
	if (!r->finished)
		return "it was not read to its end";
	if (signing_problem(r->signing.state) != NULL)
		return signing_problem(r->signing.state);
	return accepted ? NULL : "it was not accepted";
}

/* Step 2. */
static bool
claims_ours(const struct message_results *r)
{
	return mail_from_has_author(&r->from) && config_is_at_home(
	    r->engine->config, domain_slice(&r->from.domain));
}

const char *
message_unsigned_why(const struct message *m, bool accepted)
{
	const struct message_results *r = &m->results;

	if (r->ours)
		return why_ours(m, accepted);
	if (!claims_ours(r))
		return NULL;
	if (r->origin == NULL)
		return r->engine->config->origins_given ?
		    "not from one of origins (a trusted network, or "
		    "authenticated)" :
		    "not from a trusted network nor authenticated";
	return r->origin->relay ? "from a relay, which sends mail from "
	    "strangers" : "its origin has sign: no";
}
