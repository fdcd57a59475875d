/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that are no host names, on their way through c-ares: what it would
 * write is left alone, and all others come out as they went in.
 */
#include "resolver/disguise_internal.h"

#include <string.h>

#include "tests/tap.h"

#define HEADER	12
#define MORE	44

static struct packet_name
name_of(const void *wire, size_t len)
{
	struct packet_name name = { .len = len };

	memcpy(name.wire, wire, len);
	return name;
}

static void
test_needed(void)
{
	struct packet_name name = name_of("\1?\1x", 5);
	char text[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_/*";
	unsigned int octet, wrong = 0;

	for (octet = 0; octet < 256; octet++) {
		name.wire[1] = (unsigned char)octet;
		wrong += disguise_is_needed(&name) == (octet != 0 &&
		    strchr(text, (int)octet) != NULL);
	}
	is_num(wrong, 0, "each octet");
	name = name_of("\1x\1.", 5);
	ok(disguise_is_needed(&name), "the last one");
	name = name_of("", 1);
	ok(!disguise_is_needed(&name), "the root");
}

/* `more` octets: what c-ares might add. */
static void
goes_through(const struct packet_name *name, size_t more, const char *label)
{
	unsigned char query[PACKET_OUTLINE_MAX + MORE];
	unsigned char in[DISGUISE_MAX + MORE], out[PACKET_OUTLINE_MAX];
	struct packet_name shown;
	size_t len, disguised, got;

	len = packet_begin(name, DNS_TYPE_TXT, 0x1234, true, query);
	disguised = disguise_query(query, len, in);
	shown = name_of(in + HEADER, name->len);
	ok(!disguise_is_needed(&shown), "in disguise");
	disguise_question(in);
	ok(memcmp(in + HEADER, shown.wire, shown.len) == 0, "once is enough");
	memset(query + len, 'c', MORE);
	memset(in + disguised, 'c', MORE);
	got = disguise_undo(in, disguised + more, out);
	is_bytes(out, got, query, len, label);
	got = disguise_undo(query, len + more, out);
	is_bytes(out, got, query, len, "and as it is");
	is_num((long long)disguise_undo(query, len - 1, out), 0, "cut");
}

static void
test_through(void)
{
	struct packet_name name = { .len = PACKET_NAME_MAX };
	size_t i;

	for (i = 0; i < sizeof(name.wire) - 1; i++)
		name.wire[i] = (unsigned char)(i * 7);
	name.wire[0] = name.wire[64] = name.wire[128] = 63;
	name.wire[192] = 61;
	name.wire[254] = 0;
	goes_through(&name, 0, "the longest name");
	goes_through(&name, MORE, "with more");
	name = name_of("\1+", 3);
	goes_through(&name, 0, "the shortest");
	goes_through(&name, MORE, "with more");
}

int
main(void)
{
	test_needed();
	test_through();
	return tap_done();
}
