/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS of the hop on which a message came: as the mail server reports it.
 *
 * There is no result for it in Authentication-Results; the policy and the
 * record have it.
 */
#include "message/message_internal.h"

/* As OpenSSL names them, which both mail servers hand on. */
static const struct {
	struct slice	name;
	enum policy_tls	version;
} versions[] = {
	{ SLICE_INIT("TLSv1"), POLICY_TLS_1_0 },
	{ SLICE_INIT("TLSv1.0"), POLICY_TLS_1_0 },
	{ SLICE_INIT("TLSv1.1"), POLICY_TLS_1_1 },
	{ SLICE_INIT("TLSv1.2"), POLICY_TLS_1_2 },
	{ SLICE_INIT("TLSv1.3"), POLICY_TLS_1_3 }
};

/* An older or a newer version is still TLS. */
static void
facts(const struct message *m, const void *state, struct policy_facts *f)
{
	const struct message_tls *tls = &m->results.tls;
	size_t i;

	(void)state;
	f->tls = 1u << (tls->version.len > 0 ? POLICY_TLS_YES :
	    POLICY_TLS_NONE);
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (slice_eq(tls->version, versions[i].name))
			f->tls |= 1u << versions[i].version;
	}
	if (tls->verified)
		f->tls |= 1u << POLICY_TLS_VERIFIED;
}

static void
record(const struct message *m, const void *state, struct event *e)
{
	const struct message_tls *tls = &m->results.tls;

	(void)state;
	if (tls->version.len == 0)
		return;
	event_text(e, "tls", tls->version);
	if (tls->cipher.len > 0)
		event_text(e, "tls-cipher", tls->cipher);
	event_text(e, "tls-verified", tls->verified ? SLICE("yes") :
	    SLICE("no"));
	if (tls->certificate.len > 0)
		event_text(e, "tls-certificate", tls->certificate);
}

const struct message_method message_method_tls = {
	.name = "tls",
	.at_mail = true,
	.ours = true,
	.facts = facts,
	.record = record
};
