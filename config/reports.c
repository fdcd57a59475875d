/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports: who sends aggregate reports, to whom, and how.
 */
#include "config/reports_internal.h"

#include <string.h>

#include "base/limits.h"
#include "config/values.h"
#include "mail/mailbox.h"

#define ADDRESS "an address like dmarc@example.org"

/* In the order of enum config_report_to. */
static const struct schema_word recipients[] = {
	{ "correspondents", CONFIG_REPORT_CORRESPONDENTS },
	{ "processors", CONFIG_REPORT_PROCESSORS },
	{ "all", CONFIG_REPORT_ALL },
	{ NULL, 0 }
};

/* ---- addresses ---- */

static bool
read_mailbox(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, struct mail_mailbox *m)
{
	if (schema_has_text(n) && mail_mailbox_parse(n->text, m))
		return true;
	(void)schema_refuse(s, key, n, ADDRESS);
	return false;
}

static bool
put_mailbox(struct schema *s, const struct schema_key *key,
    const struct mail_mailbox *m, void *out)
{
	struct slice copy = arena_dup(s->arena, mail_mailbox_slice(m));

	if (copy.ptr == NULL)
		return schema_no_memory(s);
	schema_put(out, key->field, &copy, sizeof(copy));
	return true;
}

bool
reports_mailbox(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct mail_mailbox m;

	return read_mailbox(s, key, n, &m) && put_mailbox(s, key, &m, out);
}

bool
reports_bounce(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct mail_mailbox m;

	if (!read_mailbox(s, key, n, &m))
		return false;
	if (mail_mailbox_local(&m).len > LIMIT_REPORT_BOUNCE)
		return schema_refuse(s, key, n, "at most 30 characters before "
		    "\"@\", so that the tag of a report fits");
	return put_mailbox(s, key, &m, out);
}

/* An address, or a pattern of domains; a schema_item_fn. */
static bool
read_opt_out(struct slice text, void *item)
{
	struct config_opt_out *o = item;
	struct mail_mailbox m;

	if (slice_find(text, '@') == text.len)
		return policy_pattern_parse(text, &o->domain);
	o->address = text;
	return mail_mailbox_parse(text, &m);
}

bool
reports_opt_out(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct config_opt_out *items;
	size_t count, i;

	if (!schema_list(s, key, n, out, sizeof(*items), read_opt_out,
	    "domain names like example.org, \"*.example.org\" for all below "
	    "it, addresses like dmarc@example.org"))
		return false;
	memcpy(&items, (char *)out + key->field, sizeof(items));
	memcpy(&count, (char *)out + key->count, sizeof(count));
	for (i = 0; i < count; i++)
		if (items[i].address.len > 0 &&
		    !schema_keep(s, &items[i].address, 1))
			return false;
	return true;
}

/* ---- the keys ---- */

#define FIELD(member) .field = offsetof(struct config_report, member)
#define COUNT(member) .count = offsetof(struct config_report, member)

const struct schema_key reports_keys[] = {
	{ .name = "from", .read = reports_mailbox, FIELD(from) },
	{ .name = "org-name", .read = schema_text, FIELD(org_name),
	  .min = 1, .max = LIMIT_REPORT_NAME },
	{ .name = "contact", .read = reports_mailbox, FIELD(contact) },
	{ .name = "extra-contact", .read = schema_text, FIELD(extra_contact),
	  .min = 1, .max = LIMIT_REPORT_NAME },
	{ .name = "bounce", .read = reports_bounce, FIELD(bounce) },
	{ .name = "to", .read = schema_words, .table = recipients, FIELD(to) },
	{ .name = "since", .read = schema_seconds, FIELD(since),
	  .min = 86400, .max = LIMIT_STORE_CORRESPONDENT * 86400 },
	{ .name = "processors", .read = values_patterns, FIELD(processors),
	  COUNT(processor_count), .max = LIMIT_POLICY_LIST },
	{ .name = "opt-out", .read = reports_opt_out, FIELD(opt_out),
	  COUNT(opt_out_count), .max = LIMIT_POLICY_LIST },
	{ .name = "envelope-to", .read = schema_bool, FIELD(envelope_to) },
	{ .name = "sendmail", .read = schema_path, FIELD(sendmail) },
	{ .name = "timeout", .read = schema_duration, FIELD(timeout_ms),
	  .min = 1000, .max = 600000 },
	{ .name = "size-limit", .read = schema_size, FIELD(size_limit),
	  .min = 64u << 10, .max = LIMIT_REPORT_MAIL },
	{ .name = "pause", .read = schema_duration, FIELD(pause_ms),
	  .min = 0, .max = 600000 },
	{ .name = NULL }
};

void
reports_set_defaults(struct config_report *r)
{
	r->to = 1u << CONFIG_REPORT_CORRESPONDENTS |
	    1u << CONFIG_REPORT_PROCESSORS;
	r->since = LIMIT_STORE_CORRESPONDENT * 86400;
	r->sendmail = CONFIG_SENDMAIL;
	r->timeout_ms = 60000;
	r->size_limit = 9u << 20;
	r->pause_ms = 1000;
}
