/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope: client, HELO and sender of a message that is only a file.
 */
#include "tools/envelope.h"

#include "mail/received.h"

bool
envelope_give_client(struct envelope *e, const char *text)
{
	e->client_from = ENVELOPE_GIVEN;
	return ipaddr_parse(slice_str(text), &e->client);
}


/* RFC 1918, 6598, 3927, 1122 3.2.1.3; RFC 4291, 4193. */
static bool
is_inside(const struct ipaddr *a)
{
	static const struct ipnet nets[] = {
		{ { IPADDR_V4, { 0 } }, 8 },
		{ { IPADDR_V4, { 10 } }, 8 },
		{ { IPADDR_V4, { 100, 64 } }, 10 },
		{ { IPADDR_V4, { 127 } }, 8 },
		{ { IPADDR_V4, { 169, 254 } }, 16 },
		{ { IPADDR_V4, { 172, 16 } }, 12 },
		{ { IPADDR_V4, { 192, 168 } }, 16 },
		{ { IPADDR_V6, { 0 } }, 127 },		/* :: and ::1 */
		{ { IPADDR_V6, { 0xfc } }, 7 },
		{ { IPADDR_V6, { 0xfe, 0x80 } }, 10 }
	};

	return ipnet_any_contains(nets, sizeof(nets) / sizeof(nets[0]), a);
}

static void
use_received(struct envelope *e, const struct received *r, unsigned int n)
{
	e->received = n;
	if (e->client_from == ENVELOPE_UNKNOWN) {
		e->client = r->client;
		e->client_from = ENVELOPE_RECEIVED;
	}
	if (e->helo_from == ENVELOPE_UNKNOWN && r->helo.len > 0) {
		e->helo = r->helo;
		e->helo_from = ENVELOPE_RECEIVED;
	}
}

static void
read_received(struct envelope *e, const struct tool *t,
    const struct mail_header *h)
{
	bool given = e->client_from == ENVELOPE_GIVEN;
	const struct mail_field *f;
	struct received r;
	unsigned int n;

	if (given && e->helo_from == ENVELOPE_GIVEN)
		return;
	for (n = 1; (f = mail_header_find(h, SLICE("Received"), n)) != NULL;
	    n++) {
		if (!received_read(f->value, &r))
			continue;
		if (given ? !ipaddr_eq(&r.client, &e->client) :
		    is_inside(&r.client) ||
		    ipnet_any_contains(t->trusted, t->trusted_count,
		    &r.client))
			continue;
		use_received(e, &r, n);
		return;
	}
}

void
envelope_complete(struct envelope *e, const struct tool *t,
    const struct mail_header *h)
{
	const struct mail_field *f;

	read_received(e, t, h);
	e->trusted = ipnet_any_contains(t->trusted, t->trusted_count,
	    &e->client);
	f = mail_header_find(h, SLICE("Return-Path"), 1);
	if (e->sender_from != ENVELOPE_UNKNOWN || f == NULL)
		return;
	e->sender = slice_trim(f->value);
	e->sender_from = ENVELOPE_RETURN_PATH;
}

static void
text_source(struct text *t, const struct envelope *e,
    enum envelope_source source, const char *unknown)
{
	switch (source) {
	case ENVELOPE_UNKNOWN:
		text_style(t, TEXT_DOUBT, "  (%s)", unknown);
		break;
	case ENVELOPE_GIVEN:
		text_style(t, TEXT_DIM, "  (given)");
		break;
	case ENVELOPE_RECEIVED:
		text_style(t, TEXT_DIM, "  (from Received, number %u from "
		    "the top)", e->received);
		break;
	case ENVELOPE_RETURN_PATH:
		text_style(t, TEXT_DIM, "  (from Return-Path)");
		break;
	}
	text_end(t);
}

void
envelope_text(struct text *t, const struct envelope *e)
{
	char address[IPADDR_TEXT];

	text_title(t, "Envelope\n");
	ipaddr_format(&e->client, address);
	text_item(t, "client");
	text_say(t, "%s", address);
	text_source(t, e, e->client_from, "not given, and no Received field "
	    "names one: no SPF result");
	text_item(t, "HELO");
	text_value(t, e->helo);
	text_source(t, e, e->helo_from, "not given, and not found");
	text_item(t, "sender");
	if (e->sender.len == 0)
		text_say(t, "<>");
	else
		text_value(t, e->sender);
	text_source(t, e, e->sender_from,
	    "not given, and no Return-Path: taken as <>");
	if (e->trusted) {
		text_item(t, "note");
		text_style(t, TEXT_DOUBT, "the configuration trusts this "
		    "client: the daemon would not check the message");
		text_end(t);
	}
}

static const char *
source_name(enum envelope_source source)
{
	static const char *const names[] = {
		[ENVELOPE_UNKNOWN] = "unknown",
		[ENVELOPE_GIVEN] = "given",
		[ENVELOPE_RECEIVED] = "Received",
		[ENVELOPE_RETURN_PATH] = "Return-Path"
	};

	return names[source];
}

void
envelope_json(struct json *j, const char *key, const struct envelope *e)
{
	char address[IPADDR_TEXT];

	ipaddr_format(&e->client, address);
	json_object(j, key);
	json_string(j, "client", e->client.family == IPADDR_NONE ? NULL :
	    address);
	json_string(j, "client_from", source_name(e->client_from));
	json_bool(j, "client_trusted", e->trusted);
	json_slice(j, "helo", e->helo);
	json_string(j, "helo_from", source_name(e->helo_from));
	json_slice(j, "sender", e->sender);
	json_string(j, "sender_from", source_name(e->sender_from));
	json_number(j, "received", e->received);
	json_object_end(j);
}
