/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carry: a question in the form that each version of c-ares wants, and from
 * the form of its callbacks back to the ticket's.
 */
#include "resolver/carry_internal.h"

#include <string.h>

#include "resolver/datagram_internal.h"
#include "resolver/disguise_internal.h"
#include "resolver/packet_internal.h"

static const struct slice nothing = { NULL, 0 };

static void
tcp_back(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct flight_ticket *t = arg;

	(void)timeouts;
	t->landed(t, status, bytes == NULL || len <= 0 ? nothing :
	    (struct slice){ (const char *)bytes, (size_t)len });
}

void
carry_by_tcp(ares_channel ares, const struct server_question *q,
    struct flight_ticket *t)
{
	unsigned char packet[PACKET_QUERY_MAX];
	size_t len = packet_query(q->name, q->type, q->id, q->edns, packet);

	ares_send(ares, packet, (int)len, tcp_back, t);
}

#if ARES_VERSION >= 0x011c00		/* ares_send_dnsrec() */

/* Of a name that needs no disguise: with no backslash. */
static void
to_text(const struct packet_name *name, char text[PACKET_NAME_MAX])
{
	const unsigned char *wire = name->wire;
	unsigned int len;
	char *p = text;

	while ((len = *wire++) > 0) {
		if (p > text)
			*p++ = '.';
		memcpy(p, wire, len);
		p += len;
		wire += len;
	}
	*p = '\0';
}

static void
udp_back(void *arg, ares_status_t status, size_t timeouts,
    const ares_dns_record_t *outline)
{
	struct flight_ticket *t = arg;
	struct datagram *d = t->channel->server->datagram;
	bool by_tcp = d->wants_tcp;

	(void)timeouts;
	d->wants_tcp = false;
	if (outline != NULL)
		t->landed(t, (int)status, datagram_packet(d));
	else
		t->landed(t, by_tcp ? SERVER_BY_TCP : (int)status, nothing);
}

/* A new one, NULL: no memory. */
static ares_dns_record_t *
make_record(const struct server_question *q, bool disguise)
{
	unsigned char packet[PACKET_OUTLINE_MAX], disguised[DISGUISE_MAX];
	size_t len = packet_begin(q->name, q->type, 0, q->edns, packet);
	ares_dns_record_t *record;

	if (disguise)
		len = disguise_query(packet, len, disguised);
	if (ares_dns_parse(disguise ? disguised : packet, len, 0, &record) !=
	    ARES_SUCCESS)
		return NULL;
	return record;
}

/* That of the server, NULL: no memory. */
static ares_dns_record_t *
kept_record(const struct server_question *q, struct datagram *d)
{
	ares_dns_record_t **record = &d->records[q->edns];
	char text[PACKET_NAME_MAX];

	if (*record == NULL)
		return *record = make_record(q, false);
	to_text(q->name, text);
	if (ares_dns_record_query_set_name(*record, 0, text) !=
	    ARES_SUCCESS || ares_dns_record_query_set_type(*record, 0,
	    (ares_dns_rec_type_t)q->type) != ARES_SUCCESS)
		return NULL;
	return *record;
}

void
carry_by_udp(ares_channel ares, const struct server_question *q,
    struct flight_ticket *t)
{
	struct datagram *d = t->channel->server->datagram;
	bool disguise = disguise_is_needed(q->name);
	ares_dns_record_t *record = disguise ? make_record(q, true) :
	    kept_record(q, d);

	if (record != NULL)
		(void)ares_send_dnsrec(ares, record, udp_back, t, NULL);
	else
		t->landed(t, ARES_ENOMEM, nothing);
	if (disguise)
		ares_dns_record_destroy(record);
}

void
carry_free(struct datagram *d)
{
	ares_dns_record_destroy(d->records[false]);
	ares_dns_record_destroy(d->records[true]);
	d->records[false] = d->records[true] = NULL;
}

#else

static void
udp_back(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct flight_ticket *t = arg;

	(void)timeouts;
	(void)len;
	t->landed(t, status, bytes == NULL ? nothing :
	    datagram_packet(t->channel->server->datagram));
}

void
carry_by_udp(ares_channel ares, const struct server_question *q,
    struct flight_ticket *t)
{
	unsigned char packet[PACKET_OUTLINE_MAX];
	size_t len = packet_begin(q->name, q->type, q->id, q->edns, packet);

	ares_send(ares, packet, (int)len, udp_back, t);
}

void
carry_free(struct datagram *d)
{
	(void)d;
}

#endif
