/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions and their stand-ins: each slot of a channel, what leaves for it,
 * and which answers are shown to c-ares.
 */
#include "resolver/standin_internal.h"

#include <string.h>

#include "tests/resolver/dnsmsg.h"
#include "tests/tap.h"

#define ID	0x1234
#define TYPE	DNS_TYPE_TXT

static struct standins all;
static struct dnsmsg m;

static struct standin
question(const char *name)
{
	struct standin q = { .type = TYPE, .edns = true };

	ok(packet_name_from_text(slice_str(name), &q.name), "%s", name);
	return q;
}

static void
begin(void)
{
	memset(&all, 0, sizeof(all));
}

/* As c-ares does. */
static size_t
send_it(const struct standin *q, uint16_t id,
    unsigned char out[PACKET_QUERY_MAX])
{
	unsigned char packet[STANDIN_LEN];

	standin_query(q, id, packet);
	return standin_replace(&all, packet, sizeof(packet), out);
}

static void
test_slots(void)
{
	static struct standin q[STANDIN_SLOTS + 1];
	char names[STANDIN_SLOTS][STANDIN_NAME];
	size_t i, j, taken = 0, same = 0;

	begin();
	for (i = 0; i < STANDIN_SLOTS; i++)
		taken += standin_take(&all, &q[i]);
	is_num((long long)taken, STANDIN_SLOTS, "all slots");
	ok(!standin_take(&all, &q[STANDIN_SLOTS]), "one past");
	for (i = 0; i < STANDIN_SLOTS; i++) {
		standin_name(&q[i], names[i]);
		for (j = 0; j < i; j++)
			same += strcmp(names[i], names[j]) == 0;
	}
	is_num((long long)same, 0, "each has a name of its own");
	is_str(names[STANDIN_SLOTS - 1], "hp", "the last one's");
	standin_give_back(&all, &q[77]);
	ok(standin_take(&all, &q[STANDIN_SLOTS]), "one given back");
	is_num(q[STANDIN_SLOTS].slot, 77, "is taken again");
}

static void
test_query(void)
{
	static const char want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\2ab\0\0\1\0\1";
	struct standin first = question("first.example");
	struct standin q = question("a.example");
	unsigned char out[STANDIN_LEN];

	begin();
	(void)standin_take(&all, &first);
	(void)standin_take(&all, &q);
	standin_query(&q, ID, out);
	is_bytes(out, sizeof(out), want, sizeof(want) - 1, "for c-ares");
}

static void
test_replace(void)
{
	unsigned char want[PACKET_QUERY_MAX], out[PACKET_QUERY_MAX];
	struct standin q = question("user+tag.example");
	unsigned char packet[STANDIN_LEN];
	unsigned int i, wrong = 0;
	size_t len;

	begin();
	(void)standin_take(&all, &q);
	len = packet_query(&q.name, TYPE, ID, true, want);
	is_bytes(out, send_it(&q, ID, out), want, len, "what leaves");
	q.edns = false;
	len = packet_query(&q.name, TYPE, ID + 1, false, want);
	is_bytes(out, send_it(&q, ID + 1, out), want, len,
	    "again, with another id and without OPT");
	standin_query(&q, ID, packet);
	is_num((long long)standin_replace(&all, packet, sizeof(packet) - 1,
	    out), 0, "cut");
	for (i = 0; i < 0x10000; i++) {
		packet[13] = (unsigned char)(i >> 8);
		packet[14] = (unsigned char)i;
		wrong += (standin_replace(&all, packet, sizeof(packet), out) >
		    0) != (i == ('a' << 8 | 'a'));
	}
	is_num(wrong, 0, "any other name is nobody's");
	standin_give_back(&all, &q);
	is_num((long long)send_it(&q, ID, out), 0, "nor is a free slot");
}

static bool
shows(uint16_t id, const char *name, enum dns_type type)
{
	unsigned char out[STANDIN_LEN];

	dnsmsg_begin(&m, id, 0, name, type);
	dnsmsg_txt(&m, name, 60, "v=spf1 -all", 11);
	return standin_show(&all, (struct slice){ (const char *)m.bytes,
		m.len }, out);
}

static void
test_show(void)
{
	static const char want[] = "\x12\x34\x80\2\0\1\0\0\0\0\0\0"
	    "\2aa\0\0\1\0\1";
	struct standin q = question("a.example");
	struct standin other = question("b.example");
	unsigned char out[STANDIN_LEN], query[PACKET_QUERY_MAX];

	begin();
	q.name.wire[1] = 'A';
	(void)standin_take(&all, &q);
	(void)standin_take(&all, &other);
	(void)send_it(&q, ID, query);
	(void)send_it(&other, ID + 1, query);
	ok(shows(ID, "a.example", TYPE), "the answer");
	(void)standin_show(&all, (struct slice){ (const char *)m.bytes,
		m.len }, out);
	is_bytes(out, sizeof(out), want, sizeof(want) - 1,
	    "what is shown of it");
	ok(shows(ID, "A.EXAMPLE", TYPE), "in other letters");
	ok(shows(ID + 1, "b.example", TYPE), "another's");
	ok(!shows(ID + 2, "a.example", TYPE), "with nobody's id");
	ok(!shows(ID + 1, "a.example", TYPE), "with another's id");
	ok(!shows(ID, "c.example", TYPE), "for another name");
	ok(!shows(ID, "a.example.test", TYPE), "for a longer one");
	ok(!shows(ID, "a.example", DNS_TYPE_MX), "of another type");
	m.len = 5;
	ok(!standin_show(&all, (struct slice){ (const char *)m.bytes, m.len },
	    out), "no packet");
	standin_give_back(&all, &q);
	ok(!shows(ID, "a.example", TYPE), "too late");
}

int
main(void)
{
	test_slots();
	test_query();
	test_replace();
	test_show();
	return tap_done();
}
