/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the input as an answer to the question that is in it, of each
 * type in turn.  What must hold:
 *
 * - the same octets give the same reply;
 * - with one octet less or more an answer is no answer any more;
 * - counts and times keep to their limits;
 * - the records fill exactly what was measured, and names in them are in
 *   the one form of names;
 * - who asked is found, and no version of c-ares is upset by what it is shown.
 */
#include <ares.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "resolver/packet_internal.h"
#include "resolver/standin_internal.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

/* The first name after the header, as far as it is plain text. */
static bool
question_name(struct slice packet, struct packet_name *out)
{
	char text[PACKET_NAME_MAX + 1];
	size_t at = 12, len = 0, label;

	while (at < packet.len && packet.ptr[at] != 0) {
		label = (unsigned char)packet.ptr[at++];
		if (label > 63 || label > packet.len - at ||
		    len + label + 1 > PACKET_NAME_MAX)
			return false;
		memcpy(text + len, packet.ptr + at, label);
		at += label;
		len += label;
		text[len++] = '.';
	}
	return packet_name_from_text((struct slice){ text, len }, out);
}

static void
check_records(struct slice packet, enum dns_type type,
    const struct packet_reply *reply)
{
	struct dns_draft d;
	struct domain name;
	size_t i, bytes = 0;

	if (!dns_answer_new(type, SLICE("x"), reply->count, reply->bytes,
	    &d))
		return;
	packet_fill(packet, type, reply, &d);
	for (i = 0; i < reply->count; i++) {
		const struct dns_record *r = &d.records[i];

		CHECK(r->text.ptr == d.text + bytes);
		bytes += r->text.len;
		if ((type == DNS_TYPE_MX || type == DNS_TYPE_PTR ||
		    type == DNS_TYPE_CNAME) && r->text.len > 0)
			CHECK(domain_parse_dns(r->text, &name) &&
			    slice_eq(domain_slice(&name), r->text));
		CHECK(type != DNS_TYPE_TLSA || r->text.len >= 3);
		CHECK((r->addr.family == IPADDR_V4) == (type == DNS_TYPE_A));
		CHECK((r->addr.family == IPADDR_V6) ==
		    (type == DNS_TYPE_AAAA));
	}
	CHECK(bytes == reply->bytes);
	dns_answer_unref(d.answer);
}

static bool
is_answer(enum packet_kind kind)
{
	return kind == PACKET_FOUND || kind == PACKET_NO_DATA ||
	    kind == PACKET_NO_NAME || kind == PACKET_FOLLOW;
}

static void
check_length(struct slice packet, const struct packet_name *name,
    enum dns_type type)
{
	struct packet_reply reply;
	char *longer = malloc(packet.len + 1);

	if (longer == NULL)
		return;
	memcpy(longer, packet.ptr, packet.len);
	longer[packet.len] = 0;
	packet_read((struct slice){ longer, packet.len + 1 }, name, type,
	    LIMIT_DNS_CNAMES, &reply);
	CHECK(!is_answer(reply.kind));
	packet_read((struct slice){ longer, packet.len - 1 }, name, type,
	    LIMIT_DNS_CNAMES, &reply);
	CHECK(!is_answer(reply.kind));
	free(longer);
}

static void
check(struct slice packet, const struct packet_name *name,
    enum dns_type type)
{
	struct packet_reply reply, again;

	packet_read(packet, name, type, LIMIT_DNS_CNAMES, &reply);
	packet_read(packet, name, type, LIMIT_DNS_CNAMES, &again);
	CHECK(reply.kind == again.kind && reply.ttl == again.ttl &&
	    reply.count == again.count && reply.bytes == again.bytes);
	CHECK(reply.ttl <= LIMIT_DNS_TTL_MAX);
	CHECK(reply.links <= LIMIT_DNS_CNAMES);
	CHECK(reply.target.len > 0 && reply.target.len <= PACKET_NAME_MAX &&
	    reply.target.wire[reply.target.len - 1] == 0);
	if (!is_answer(reply.kind))
		return;
	CHECK(reply.count <= LIMIT_DNS_RECORDS);
	CHECK((reply.count > 0) == (reply.kind == PACKET_FOUND));
	CHECK(reply.rcode == (reply.kind == PACKET_NO_NAME ? 3u : 0u));
	check_length(packet, name, type);
	if (reply.kind == PACKET_FOUND)
		check_records(packet, type, &reply);
}

/* An answer to our question is one. */
static void
check_shown(struct slice packet)
{
	unsigned char shown[STANDIN_LEN], query[PACKET_QUERY_MAX];
	struct standins all = { .ids = { 0 } };
	struct packet_question asked;
	struct standin q = { .edns = true };

	if (!packet_asked(packet, &asked))
		return;
	q.name = asked.name;
	q.type = (enum dns_type)asked.type;
	CHECK(standin_take(&all, &q));
	standin_query(&q, asked.id, shown);
	CHECK(standin_replace(&all, shown, sizeof(shown), query) > 0);
	CHECK(standin_show(&all, packet, shown));
#if ARES_VERSION >= 0x011c00
	ares_dns_record_t *record;

	CHECK(ares_dns_parse(shown, sizeof(shown), 0, &record) ==
	    ARES_SUCCESS);
	ares_dns_record_destroy(record);
#endif
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {
		DNS_TYPE_A, DNS_TYPE_PTR, DNS_TYPE_MX, DNS_TYPE_TXT,
		DNS_TYPE_AAAA, DNS_TYPE_CNAME, DNS_TYPE_TLSA
	};
	struct slice packet = { (const char *)data, size };
	struct packet_name name;
	size_t i;

	check_shown(packet);
	if (!question_name(packet, &name) &&
	    !packet_name_from_text(SLICE("a.example"), &name))
		return 0;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		check(packet, &name, types[i]);
	return 0;
}
