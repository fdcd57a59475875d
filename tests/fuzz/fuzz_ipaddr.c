/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: addresses and networks from SPF records and configuration.
 *
 * The parsers agree with inet_pton(), a text is one family's only, what is
 * formatted is parsed to the same address, and a network has its own
 * address in it.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/ipaddr.h"
#include "tests/fuzz/fuzz.h"

#define ROOM 256

/* What the C library makes of it; a NUL is no part of an address. */
static bool
library_takes(int family, struct slice in, unsigned char *out)
{
	char copy[ROOM + 1];

	if (slice_find(in, '\0') < in.len)
		return false;
	if (in.len > 0)
		memcpy(copy, in.ptr, in.len);
	copy[in.len] = '\0';
	return inet_pton(family, copy, out) == 1;
}

static void
check_format(const struct ipaddr *a)
{
	char text[IPADDR_TEXT];
	struct ipaddr again;

	ipaddr_format(a, text);
	must(a->family == IPADDR_V4 ?
	    ipaddr_parse4(slice_str(text), &again) :
	    ipaddr_parse6(slice_str(text), &again));
	must(ipaddr_eq(a, &again));
}

static void
check_net(struct slice in)
{
	struct ipnet net;
	struct ipaddr other;

	if (!ipnet_parse(in, &net))
		return;
	must(net.bits <= (net.addr.family == IPADDR_V4 ? 32u : 128u));
	must(ipnet_contains(&net, &net.addr));
	if (net.bits == 0)
		return;
	other = net.addr;
	other.bytes[(net.bits - 1) / 8] ^=
	    (unsigned char)(0x80 >> (net.bits - 1) % 8);
	must(!ipnet_contains(&net, &other));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	unsigned char bytes[16];
	struct ipaddr a, b;
	bool is4, is6;

	if (size > ROOM)
		return 0;
	is4 = ipaddr_parse4(in, &a);
	must(is4 == library_takes(AF_INET, in, bytes));
	if (is4) {
		must(memcmp(a.bytes, bytes, 4) == 0);
		check_format(&a);
	}
	is6 = ipaddr_parse6(in, &b);
	must(is6 == library_takes(AF_INET6, in, bytes));
	if (is6) {
		must(memcmp(b.bytes, bytes, 16) == 0);
		check_format(&b);
	}
	must(!(is4 && is6));
	must(ipaddr_parse(in, &a) == (is4 || is6));
	must(!(is4 || is6) || ipnet_parse(in, &(struct ipnet){ .bits = 0 }));
	check_net(in);
	return 0;
}
