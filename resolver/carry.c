/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carry: a question in the form that each version of c-ares wants, and from
 * the form of its callbacks back to the ticket's.
 */
#include "resolver/carry_internal.h"

#include "resolver/datagram_internal.h"
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
carry_by_tcp(const struct server_question *q, struct flight_ticket *t)
{
	unsigned char packet[PACKET_QUERY_MAX];
	size_t len = packet_query(q->name, q->type, q->id, q->edns, packet);

	ares_send(t->channel->ares, packet, (int)len, tcp_back, t);
}

/* The ticket has its place with c-ares until it is called back. */
static bool
begin(const struct server_question *q, struct flight_ticket *t)
{
	t->standin = (struct standin){
		.name = *q->name, .type = q->type, .edns = q->edns
	};
	return standin_take(&t->channel->standins, &t->standin);
}

static void
end(struct flight_ticket *t, int status, struct slice packet)
{
	standin_give_back(&t->channel->standins, &t->standin);
	t->landed(t, status, packet);
}

#if ARES_VERSION >= 0x011c00		/* ares_send_dnsrec() */

static void
udp_back(void *arg, ares_status_t status, size_t timeouts,
    const ares_dns_record_t *shown)
{
	struct flight_ticket *t = arg;
	struct datagram *d = t->channel->server->datagram;
	bool by_tcp = d->wants_tcp;

	(void)timeouts;
	d->wants_tcp = false;
	if (shown != NULL)
		end(t, (int)status, datagram_packet(d));
	else
		end(t, by_tcp ? SERVER_BY_TCP : (int)status, nothing);
}

/* NULL: no memory. */
static ares_dns_record_t *
record_of(const struct standin *q, struct datagram *d)
{
	unsigned char packet[STANDIN_LEN];
	char name[STANDIN_NAME];

	if (d->record == NULL) {
		standin_query(q, 0, packet);
		return ares_dns_parse(packet, sizeof(packet), 0, &d->record)
		    == ARES_SUCCESS ? d->record : NULL;
	}
	standin_name(q, name);
	return ares_dns_record_query_set_name(d->record, 0, name) ==
	    ARES_SUCCESS ? d->record : NULL;
}

static void
give(struct flight_ticket *t, uint16_t id)
{
	const ares_dns_record_t *record = record_of(&t->standin,
	    t->channel->server->datagram);

	(void)id;
	if (record != NULL)
		(void)ares_send_dnsrec(t->channel->ares, record, udp_back, t,
		    NULL);
	else
		end(t, ARES_ENOMEM, nothing);
}

void
carry_free(struct datagram *d)
{
	ares_dns_record_destroy(d->record);
	d->record = NULL;
}

#else

static void
udp_back(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct flight_ticket *t = arg;

	(void)timeouts;
	(void)len;
	end(t, status, bytes == NULL ? nothing :
	    datagram_packet(t->channel->server->datagram));
}

static void
give(struct flight_ticket *t, uint16_t id)
{
	unsigned char packet[STANDIN_LEN];

	standin_query(&t->standin, id, packet);
	ares_send(t->channel->ares, packet, sizeof(packet), udp_back, t);
}

void
carry_free(struct datagram *d)
{
	(void)d;
}

#endif

void
carry_by_udp(const struct server_question *q, struct flight_ticket *t)
{
	if (begin(q, t))
		give(t, q->id);
	else
		t->landed(t, ARES_ENOMEM, nothing);
}
