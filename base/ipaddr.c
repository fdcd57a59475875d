/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipaddr: IP addresses and networks.
 *
 * The text of an IPv6 address is read by inet_pton(), after its length and
 * its octets were checked.
 */
#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ascii.h"

static unsigned int
width(const struct ipaddr *a)
{
	switch (a->family) {
	case IPADDR_V4:
		return 32;
	case IPADDR_V6:
		return 128;
	case IPADDR_NONE:
		break;
	}
	return 0;
}

static bool
is_mapped(const struct ipaddr *a)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	return a->family == IPADDR_V6 &&
	    memcmp(a->bytes, prefix, sizeof(prefix)) == 0;
}

/* An IPv4-mapped address becomes the IPv4 address. */
static void
unmap(struct ipaddr *a)
{
	if (!is_mapped(a))
		return;
	a->family = IPADDR_V4;
	memmove(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
}

bool
ipaddr_parse(struct slice text, struct ipaddr *out)
{
	if (ipaddr_parse4(text, out))
		return true;
	if (!ipaddr_parse6(text, out))
		return false;
	unmap(out);
	return true;
}

bool
ipaddr_parse4(struct slice text, struct ipaddr *out)
{
	struct ipaddr a = { .family = IPADDR_V4 };
	unsigned long long octet;
	struct slice part;
	size_t i;

	for (i = 0; i < 4; i++) {
		if (slice_cut(&text, '.', &part) != (i < 3))
			return false;
		if (part.len > 1 && part.ptr[0] == '0')
			return false;
		if (!slice_number(part, 255, &octet))
			return false;
		a.bytes[i] = (unsigned char)octet;
	}
	*out = a;
	return true;
}

bool
ipaddr_parse6(struct slice text, struct ipaddr *out)
{
	struct ipaddr a = { .family = IPADDR_V6 };
	char copy[IPADDR_TEXT];
	size_t i;

	if (text.len >= sizeof(copy))
		return false;
	for (i = 0; i < text.len; i++) {
		if (ascii_hex(text.ptr[i]) < 0 && text.ptr[i] != ':' &&
		    text.ptr[i] != '.')
			return false;
		copy[i] = text.ptr[i];
	}
	copy[text.len] = '\0';
	if (inet_pton(AF_INET6, copy, a.bytes) != 1)
		return false;
	*out = a;
	return true;
}

bool
ipaddr_from_sockaddr(const struct sockaddr *sa, struct ipaddr *out)
{
	struct ipaddr a = { .family = IPADDR_NONE };
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET) {
		memcpy(&sin, sa, sizeof(sin));
		a.family = IPADDR_V4;
		memcpy(a.bytes, &sin.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		a.family = IPADDR_V6;
		memcpy(a.bytes, &sin6.sin6_addr, 16);
		unmap(&a);
	} else {
		return false;
	}
	*out = a;
	return true;
}

void
ipaddr_format(const struct ipaddr *a, char out[IPADDR_TEXT])
{
	int family = a->family == IPADDR_V4 ? AF_INET : AF_INET6;

	if (width(a) == 0 ||
	    inet_ntop(family, a->bytes, out, IPADDR_TEXT) == NULL)
		memcpy(out, "unknown", sizeof("unknown"));
}

void
ipaddr_reverse(const struct ipaddr *a, char out[IPADDR_REVERSE])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;
	int i;

	*out = '\0';
	if (a->family == IPADDR_V4)
		snprintf(out, IPADDR_REVERSE, "%u.%u.%u.%u.in-addr.arpa",
		    a->bytes[3], a->bytes[2], a->bytes[1], a->bytes[0]);
	if (a->family != IPADDR_V6)
		return;
	for (i = 15; i >= 0; i--) {
		*p++ = hex[a->bytes[i] & 15];
		*p++ = '.';
		*p++ = hex[a->bytes[i] >> 4];
		*p++ = '.';
	}
	snprintf(p, IPADDR_REVERSE - 64, "ip6.arpa");
}

bool
ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, width(a) / 8) == 0;
}

bool
ipaddr_same_prefix(const struct ipaddr *a, const struct ipaddr *b,
    unsigned int bits)
{
	unsigned int differ;

	if (a->family != b->family || width(a) == 0 || bits > width(a))
		return false;
	if (memcmp(a->bytes, b->bytes, bits / 8) != 0)
		return false;
	if (bits % 8 == 0)
		return true;
	differ = (unsigned int)(a->bytes[bits / 8] ^ b->bytes[bits / 8]);
	return differ >> (8 - bits % 8) == 0;
}

/* 0..max without leading zeros. */
static bool
parse_bits(struct slice text, unsigned int max, unsigned int *out)
{
	unsigned long long bits;

	if (text.len > 1 && text.ptr[0] == '0')
		return false;
	if (!slice_number(text, max, &bits))
		return false;
	*out = (unsigned int)bits;
	return true;
}

bool
ipnet_parse(struct slice text, struct ipnet *out)
{
	struct ipnet net = { .bits = 0 };
	struct slice addr;
	bool has_bits;

	has_bits = slice_cut(&text, '/', &addr);
	if (!ipaddr_parse4(addr, &net.addr) &&
	    !ipaddr_parse6(addr, &net.addr))
		return false;
	net.bits = width(&net.addr);
	if (has_bits && !parse_bits(text, net.bits, &net.bits))
		return false;
	if (is_mapped(&net.addr)) {
		if (net.bits < 96)
			return false;
		net.bits -= 96;
		unmap(&net.addr);
	}
	*out = net;
	return true;
}

struct ipaddr
ipnet_first(const struct ipnet *net)
{
	struct ipaddr first = net->addr;
	unsigned int i;

	for (i = net->bits; i < width(&first); i++)
		first.bytes[i / 8] &= (unsigned char)~(0x80u >> i % 8);
	return first;
}

bool
ipnet_contains(const struct ipnet *net, const struct ipaddr *a)
{
	return ipaddr_same_prefix(&net->addr, a, net->bits);
}

bool
ipnet_any_contains(const struct ipnet *nets, size_t count,
    const struct ipaddr *a)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ipnet_contains(&nets[i], a))
			return true;
	return false;
}

bool
ipnet_any_covers(const struct ipnet *nets, size_t count,
    const struct ipnet *net)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (nets[i].bits <= net->bits &&
		    ipnet_contains(&nets[i], &net->addr))
			return true;
	return false;
}

/* ---- what is not routed ---- */

static const struct ipnet not_public[] = {
	{ { IPADDR_V4, { 0 } }, 8 },
	{ { IPADDR_V4, { 10 } }, 8 },
	{ { IPADDR_V4, { 100, 64 } }, 10 },
	{ { IPADDR_V4, { 127 } }, 8 },
	{ { IPADDR_V4, { 169, 254 } }, 16 },
	{ { IPADDR_V4, { 172, 16 } }, 12 },
	{ { IPADDR_V4, { 192, 0, 0 } }, 24 },
	{ { IPADDR_V4, { 192, 0, 2 } }, 24 },
	{ { IPADDR_V4, { 192, 168 } }, 16 },
	{ { IPADDR_V4, { 198, 18 } }, 15 },
	{ { IPADDR_V4, { 198, 51, 100 } }, 24 },
	{ { IPADDR_V4, { 203, 0, 113 } }, 24 },
	{ { IPADDR_V4, { 224 } }, 3 },		/* multicast, reserved */
	{ { IPADDR_V6, { 0x00, 0x64, 0xff, 0x9b, 0, 1 } }, 48 },
	{ { IPADDR_V6, { 0x01 } }, 64 },
	{ { IPADDR_V6, { 0x20, 0x01, 0 } }, 23 },
	{ { IPADDR_V6, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 },
	{ { IPADDR_V6, { 0x3f, 0xff } }, 20 },
	{ { IPADDR_V6, { 0x5f } }, 16 },
	{ { IPADDR_V6, { 0xfc } }, 7 },
	{ { IPADDR_V6, { 0xfe, 0x80 } }, 10 },
	{ { IPADDR_V6, { 0xfe, 0xc0 } }, 10 },
	{ { IPADDR_V6, { 0xff } }, 8 }
};

/* IPv6 networks with an IPv4 address within, at that octet. */
static const struct {
	struct ipnet	net;
	size_t		at;
} holding_v4[] = {
	{ { { IPADDR_V6, { 0 } }, 96 }, 12 },	/* also ::, ::1 */
	{ { { IPADDR_V6, { [10] = 0xff, [11] = 0xff } }, 96 }, 12 },
	{ { { IPADDR_V6, { 0x00, 0x64, 0xff, 0x9b } }, 96 }, 12 },
	{ { { IPADDR_V6, { 0x20, 0x02 } }, 16 }, 2 }
};

bool
ipaddr_is_public(const struct ipaddr *a)
{
	struct ipaddr v4 = { .family = IPADDR_V4 };
	size_t i;

	if (ipnet_any_contains(not_public, sizeof(not_public) /
	    sizeof(not_public[0]), a))
		return false;
	for (i = 0; i < sizeof(holding_v4) / sizeof(holding_v4[0]); i++) {
		if (!ipnet_contains(&holding_v4[i].net, a))
			continue;
		memcpy(v4.bytes, a->bytes + holding_v4[i].at, 4);
		return ipaddr_is_public(&v4);
	}
	return a->family != IPADDR_NONE;
}
