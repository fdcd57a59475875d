/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate_policy: the rules that OpenDMARC's settings and the On- settings of
 * OpenDKIM come to.
 */
#include "tools/migrate_internal.h"

#include "base/ascii.h"
#include "policy/policy.h"

/* The head of the section comes with its first rule. */
static void
write_rule(struct migrate *m, bool *begun, const char *name, const char *when,
    const char *action)
{
	if (!*begun)
		buf_adds(&m->out, "\n# Tried in order; the first that matches "
		    "decides.\npolicy:\n");
	*begun = true;
	buf_addf(&m->out, "  - name: %s\n    when: {%s}\n    action: %s\n",
	    name, when, action);
}

/* Mail that the program leaves alone, by the domain in From. */
static enum tool_exit
write_exempt(struct migrate *m, struct oldconf *c, const char *setting,
    bool *begun)
{
	struct oldset set;
	const struct oldset_item *item;
	const char *why;
	enum tool_exit status = oldset_read(c, setting, &set, &why);
	struct buf when;
	bool first = true;

	buf_init(&when, MIGRATE_TEXT_MAX);
	buf_adds(&when, "from-domain: [");
	for (item = set.first; status == TOOL_OK && item != NULL;
	    item = item->next) {
		struct policy_pattern parsed;

		if (!policy_pattern_parse(item->key, &parsed)) {
			migrate_left(m, c, setting, item->key,
			    "is not a domain");
			continue;
		}
		migrate_list_item(&when, item->key, first);
		first = false;
	}
	buf_adds(&when, "]");
	if (!first)
		write_rule(m, begun, setting, buf_cstr(&when), "accept");
	if (buf_failed(&when))
		status = tool_no_memory();
	buf_fini(&when);
	return status;
}

/* RejectString with "%s" for the domain, as a reply of ours. */
static void
write_reply(struct migrate *m)
{
	struct slice text = oldconf_value(&m->dmarc, "RejectString"), head;
	struct buf b;
	bool more;

	if (text.len == 0)
		text = SLICE("rejected by DMARC policy for %s");
	buf_init(&b, 4096);
	buf_adds(&b, "550 5.7.1 ");
	do {
		more = slice_cut(&text, '%', &head);
		buf_add(&b, head);
		if (more && slice_starts(text, SLICE("s"))) {
			buf_adds(&b, "%{from-domain}");
			text = slice_from(text, 1);
		} else if (more)
			buf_adds(&b, "%%");
	} while (more);
	buf_adds(&m->out, "    reply: ");
	migrate_scalar(&m->out, buf_slice(&b));
	buf_adds(&m->out, "\n");
	buf_fini(&b);
}

static void
write_dmarc(struct migrate *m, bool *begun)
{
	struct oldconf *c = &m->dmarc;
	bool hold = oldconf_bool(c, "HoldQuarantinedMessages", false);

	if (oldconf_bool(c, "RequiredHeaders", false))
		write_rule(m, begun, "from-unusable",
		    "from: [absent, multiple, unparsable]", "reject");
	else if (oldconf_bool(c, "RejectMultiValueFrom", false))
		write_rule(m, begun, "from-several", "from: multiple",
		    "reject");
	(void)oldconf_bool(c, "RejectMultiValueFrom", false);
	if (oldconf_bool(c, "RejectFailures", false)) {
		write_rule(m, begun, "dmarc-reject", "dmarc: fail, "
		    "dmarc-policy: reject, dmarc-testing: no", "reject");
		write_reply(m);
		write_rule(m, begun, "dmarc-temperror", "dmarc: temperror",
		    "tempfail");
	}
	if (hold)
		write_rule(m, begun, "dmarc-quarantine",
		    "dmarc: fail, dmarc-policy: quarantine", "quarantine");
}

static const struct on_setting {
	const char	*setting;
	const char	*when;
} on_settings[] = {
	{ "On-BadSignature", "dkim: fail" },
	{ "On-KeyNotFound", "dkim: permerror" },
	{ "On-DNSError", "dkim: temperror" },
	{ "On-NoSignature", "dkim: none" }
};

/* Its first letter is enough for OpenDKIM. */
static const char *
on_action(struct slice value)
{
	static const char *const actions[] = { "discard", "quarantine",
	    "reject", "tempfail" };
	size_t i;

	for (i = 0; value.len > 0 && i < 4; i++)
		if (ascii_lower(value.ptr[0]) == actions[i][0])
			return actions[i];
	return NULL;
}

static void
write_on(struct migrate *m, bool *begun)
{
	size_t i;

	for (i = 0; i < sizeof(on_settings) / sizeof(on_settings[0]); i++) {
		const struct on_setting *on = &on_settings[i];
		const char *action = on_action(oldconf_value(&m->dkim,
		    on->setting));

		if (action != NULL)
			write_rule(m, begun, on->setting, on->when, action);
	}
}

enum tool_exit
migrate_policy(struct migrate *m)
{
	bool begun = false;
	enum tool_exit status;

	status = write_exempt(m, &m->dmarc, "IgnoreMailFrom", &begun);
	if (status == TOOL_OK)
		status = write_exempt(m, &m->dkim, "ExemptDomains", &begun);
	write_dmarc(m, &begun);
	write_on(m, &begun);
	return status;
}
