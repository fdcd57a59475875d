/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: what is kept of a message, as octets.
 */
#include "store/record_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/ipaddr.h"
#include "base/limits.h"

/* Texts of an event that are taken as they are, by key. */
static const struct text_row {
	enum record_field	 field;
	const char		*key;
} texts[] = {
	{ RECORD_ACTION, "action" },
	{ RECORD_ARC, "arc" },
	{ RECORD_ARC_SEALERS, "arc-sealers" },
	{ RECORD_ARC_TRUSTED, "arc-trusted" },
	{ RECORD_AUTH_USER, "auth-user" },
	{ RECORD_AUTOMATIC, "auto-submitted" },
	{ RECORD_DECIDED, "decided" },
	{ RECORD_DMARC, "dmarc" },
	{ RECORD_ADKIM, "dmarc-adkim" },
	{ RECORD_ASPF, "dmarc-aspf" },
	{ RECORD_DISCOVERY, "dmarc-discovery" },
	{ RECORD_DISPOSITION, "dmarc-disposition" },
	{ RECORD_DMARC_DKIM, "dmarc-dkim" },
	{ RECORD_POLICY_DOMAIN, "dmarc-domain" },
	{ RECORD_NP, "dmarc-np" },
	{ RECORD_P, "dmarc-p" },
	{ RECORD_PSD, "dmarc-psd" },
	{ RECORD_PUBLISHED, "dmarc-published" },
	{ RECORD_RUA, "dmarc-rua" },
	{ RECORD_SP, "dmarc-sp" },
	{ RECORD_DMARC_SPF, "dmarc-spf" },
	{ RECORD_TESTING, "dmarc-testing" },
	{ RECORD_DNSSEC, "dnssec" },
	{ RECORD_FORWARDER, "forwarder" },
	{ RECORD_FROM, "from" },
	{ RECORD_FROM_DOMAIN, "from-domain" },
	{ RECORD_HELO, "helo" },
	{ RECORD_IPREV, "iprev" },
	{ RECORD_MAIL_FROM_DOMAIN, "mail-from-domain" },
	{ RECORD_OBSERVED, "observed" },
	{ RECORD_OBSERVED_ACTION, "observed-action" },
	{ RECORD_ORIGIN, "origin" },
	{ RECORD_OURS, "ours" },
	{ RECORD_RULE, "rule" },
	{ RECORD_SPF, "spf" },
	{ RECORD_SPF_DOMAIN, "spf-domain" },
	{ RECORD_SPF_HELO, "spf-helo" },
	{ RECORD_STAGE, "stage" },
	{ RECORD_TLS, "tls" },
	{ RECORD_TLS_VERIFIED, "tls-verified" },
	{ RECORD_TOLD, "told" },
	{ RECORD_WHY, "why" }
};

/* The first key of an object begins it; the others belong to it. */
#define MEMBERS 4
static const struct list {
	const char		*key;
	struct {
		enum record_field	 field;
		const char		*key;
	} members[MEMBERS];
} lists[] = {
	{ "dmarc-overrides", {
	    { RECORD_REASON, "type" },
	    { RECORD_REASON_COMMENT, "comment" } } },
	{ "signatures", {
	    { RECORD_SIGNATURE, "result" },
	    { RECORD_SIGNATURE_DOMAIN, "domain" },
	    { RECORD_SIGNATURE_SELECTOR, "selector" },
	    { RECORD_SIGNATURE_ALIGNED, "aligned" } } },
	{ "recipients", {
	    { RECORD_RECIPIENT, "domain" } } }
};

void
record_add(struct buf *b, enum record_field field, struct slice text)
{
	size_t before = b->len, i;

	text = slice_head(text, RECORD_TEXT);
	buf_addc(b, (char)field);
	buf_addc(b, (char)(unsigned char)text.len);
	buf_add(b, text);
	if (buf_failed(b)) {
		buf_cut(b, before);
		return;
	}
	if (field == RECORD_CLIENT)
		return;
	for (i = before + 2; i < b->len; i++)
		if (!ascii_is_printable(b->ptr[i]))
			b->ptr[i] = '?';
}

bool
record_next(struct slice *rest, struct record_part *out)
{
	size_t len;

	if (rest->len < 2)
		return false;
	len = (unsigned char)rest->ptr[1];
	if (rest->len - 2 < len)
		return false;
	out->field = (enum record_field)(unsigned char)rest->ptr[0];
	out->text = (struct slice){ rest->ptr + 2, len };
	*rest = slice_from(*rest, 2 + len);
	return true;
}

struct slice
record_find(struct slice body, enum record_field field)
{
	struct record_part part;

	while (record_next(&body, &part))
		if (part.field == field)
			return part.text;
	return (struct slice){ NULL, 0 };
}

bool
record_has(struct slice body, enum record_field field)
{
	return record_find(body, field).ptr != NULL;
}

bool
record_is_sound(struct slice body)
{
	struct record_part part;

	while (record_next(&body, &part))
		;
	return body.len == 0;
}

static void
add_client(struct buf *b, struct slice text)
{
	struct ipaddr a;

	if (ipaddr_parse(text, &a))
		record_add(b, RECORD_CLIENT, (struct slice){
		    (const char *)a.bytes, a.family == IPADDR_V4 ? 4 : 16 });
}

static int
by_key(const void *key, const void *row)
{
	return strcmp(key, ((const struct text_row *)row)->key);
}

static void
add_text(struct buf *b, const struct event_value *v)
{
	const struct text_row *row;

	if (strcmp(v->key, "client") == 0) {
		add_client(b, v->text);
		return;
	}
	if (strcmp(v->key, "mail-from") == 0) {
		if (slice_eq(v->text, SLICE("<>")))
			record_add(b, RECORD_NULL_SENDER, SLICE(""));
		return;
	}
	row = bsearch(v->key, texts, sizeof(texts) / sizeof(texts[0]),
	    sizeof(texts[0]), by_key);
	if (row != NULL)
		record_add(b, row->field, v->text);
}

static void
add_object(struct buf *b, const struct event_object *o,
    const struct list *list)
{
	const struct event_value *member;
	size_t whole = b->len, i;

	for (i = 0; i < MEMBERS && list->members[i].key != NULL; i++) {
		member = event_object_find(o, list->members[i].key);
		if (member != NULL)
			record_add(b, list->members[i].field, member->text);
	}
	if (buf_failed(b))
		buf_cut(b, whole);
}

static void
add_list(struct buf *b, const struct event *e, const struct list *list)
{
	const struct event_value *v = event_find(e, list->key);
	const struct event_object *o;

	if (v == NULL)
		return;
	STAILQ_FOREACH(o, &v->objects, link) {
		if (buf_failed(b))
			return;
		add_object(b, o, list);
	}
}

void
record_make(const struct event *e, struct buf *b)
{
	const struct event_value *v;
	size_t i;

	/* Room for the last field, which says that something is missing. */
	buf_init(b, LIMIT_STORE_RECORD - 2);
	STAILQ_FOREACH(v, &e->values, link)
		if (v->type == EVENT_TEXT)
			add_text(b, v);
	/* The longest one last. */
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		add_list(b, e, &lists[i]);
	if (!buf_failed(b) && !e->incomplete)
		return;
	b->failed = false;
	b->max = LIMIT_STORE_RECORD;
	record_add(b, RECORD_INCOMPLETE, SLICE(""));
}
