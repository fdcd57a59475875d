/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing: see signing.h.
 */
#include "tests/dkim/signing.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/domain.h"

/* As a mail server sends what a milter gave it: LF becomes CRLF. */
static void
add_field(struct text *t, struct slice value)
{
	size_t i;

	text_adds(t, "DKIM-Signature:");
	for (i = 0; i < value.len; i++) {
		if (value.ptr[i] == '\n')
			text_adds(t, "\r");
		text_add(t, value.ptr + i, 1);
	}
	text_adds(t, "\r\n");
}

static bool
run(struct signing_result *r, struct dkim_signer *s,
    const struct dkim_sign_options *options,
    const struct mail_header *header, struct slice body, size_t chunk)
{
	struct slice values[SIGNING_KEYS];
	size_t i;

	for (; body.len > 0; body = slice_from(body, chunk))
		dkim_signer_body(s, slice_head(body, chunk));
	r->hazards = dkim_signer_hazards(s, header, false);
	if (!dkim_signer_finish(s, header, values))
		return false;
	r->count = options->key_count;
	for (i = 0; i < r->count; i++)
		add_field(&r->fields, values[i]);
	return true;
}

bool
signing_run(struct signing_result *r, struct dkim_context *ctx,
    const struct dkim_sign_options *options, struct slice message,
    size_t chunk)
{
	struct arena *arena = arena_new(LIMIT_MESSAGE_MEMORY);
	struct mail_header header;
	struct dkim_signer *s;
	struct slice body;
	bool good = false;

	*r = (struct signing_result){ .count = 0 };
	if (arena == NULL)
		return false;
	mail_header_init(&header, arena);
	(void)mail_header_parse(&header, message, &body);
	s = dkim_signer_new(ctx, options, arena);
	if (s != NULL)
		good = run(r, s, options, &header, body, chunk);
	dkim_signer_fini(s);
	arena_free(arena);
	if (!good)
		return false;
	text_add(&r->message, "", 0);
	if (r->fields.len > 0)
		text_add(&r->message, r->fields.ptr, r->fields.len);
	/* Without a header there may be no line to end it. */
	if (body.ptr == message.ptr)
		text_adds(&r->message, "\r\n");
	text_add(&r->message, message.ptr, message.len);
	return true;
}

void
signing_fini(struct signing_result *r)
{
	text_free(&r->fields);
	text_free(&r->message);
}

bool
signing_publish(struct dns_zone *zone, const struct dkim_private_key *k,
    struct slice selector, struct slice domain)
{
	char name[2 * DOMAIN_MAX + 32];
	struct buf record;
	bool good;
	int n;

	n = snprintf(name, sizeof(name), "%.*s._domainkey.%.*s",
	    SLICE_ARG(selector), SLICE_ARG(domain));
	buf_init(&record, LIMIT_DKIM_KEY_RECORD);
	good = dkim_private_key_record(k, &record) && dns_zone_add(zone,
	    (struct slice){ name, (size_t)n }, DNS_TYPE_TXT, 0,
	    buf_slice(&record));
	buf_fini(&record);
	return good;
}
