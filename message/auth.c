/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth of a message: whether the client has authenticated itself (SMTP AUTH),
 * RFC 8601 section 2.7.4.
 *
 * All that is known comes with MAIL, and only success is: the mail server
 * lets nobody send who has tried in vain.  In mail that is checked a client
 * that has not authenticated is the rule, and nothing is said of it.
 */
#include <stdio.h>

#include "message/message_internal.h"
#include "message/shown_internal.h"

extern const struct message_method message_method_auth;

#define MECHANISM_MAX 20	/* RFC 4422 3.1 */

/* The name of a SASL mechanism, RFC 4422 section 3.1. */
static bool
is_mechanism(struct slice s)
{
	size_t i;
	char c;

	for (i = 0; i < s.len; i++) {
		c = s.ptr[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_')
			return false;
	}
	return s.len > 0 && s.len <= MECHANISM_MAX;
}

static void
write_result(const struct message *m, const void *state,
    struct authres_writer *w)
{
	const struct message_results *r = &m->results;
	char mechanism[MECHANISM_MAX + 1];

	(void)state;
	if (m->checking && !m->facts.authenticated)
		return;
	authres_write_result(w, "auth", auth_result_name(
	    m->facts.authenticated ? AUTH_PASS : AUTH_NONE));
	if (!m->facts.authenticated)
		return;
	if (is_mechanism(r->mechanism)) {
		snprintf(mechanism, sizeof(mechanism), "%.*s",
		    SLICE_ARG(r->mechanism));
		authres_write_comment(w, mechanism);
	}
	if (r->engine->config->show_auth_name)
		shown_text(w, "smtp", "auth", r->user);
}

static bool
is_of_ours(struct slice method)
{
	size_t i;

	for (i = 0; i < message_method_count; i++) {
		if (message_methods[i]->ours && slice_eq_nocase(method,
		    slice_str(message_methods[i]->name)))
			return true;
	}
	return false;
}

/* Mail of ours always has a result of this method. */
bool
message_is_annotation(struct slice value, struct arena *arena)
{
	struct authres read;
	bool found = false;
	size_t i;

	if (authres_read(value, arena, &read) != AUTHRES_OK)
		return false;
	for (i = 0; i < read.result_count; i++) {
		if (!is_of_ours(read.results[i].method))
			return false;
		found = found || slice_eq_nocase(read.results[i].method,
		    slice_str(message_method_auth.name));
	}
	return found;
}

static void
record(const struct message *m, const void *state, struct event *e)
{
	const struct message_results *r = &m->results;

	(void)state;
	if (m->facts.authenticated)
		event_text(e, "auth", slice_str(auth_result_name(AUTH_PASS)));
	if (is_mechanism(r->mechanism))
		event_text(e, "auth-type", r->mechanism);
}

const struct message_method message_method_auth = {
	.name = "auth",
	.at_mail = true,
	.ours = true,
	.write = write_result,
	.record = record
};
