/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipaddr: IP addresses and networks.
 *
 * An IPv4-mapped IPv6 address (::ffff:192.0.2.1) becomes the IPv4 address
 * wherever one is made from a socket or from a client's text (RFC 7208
 * section 5); ipaddr_parse6() alone keeps it as it is.
 */
#ifndef BASE_IPADDR_H
#define BASE_IPADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct sockaddr;

enum ipaddr_family {
	IPADDR_NONE = 0,
	IPADDR_V4 = 4,
	IPADDR_V6 = 6
};

struct ipaddr {
	enum ipaddr_family	family;
	unsigned char		bytes[16];	/* network order; v4: 4 */
};

struct ipnet {
	struct ipaddr	addr;
	unsigned int	bits;		/* 0..32 or 0..128 */
};

#define IPADDR_TEXT 46		/* room for the longest text and a NUL */

/* Either family; mapped addresses become IPv4. */
bool	ipaddr_parse(struct slice text, struct ipaddr *out);
/* Four decimal octets, each 0..255 without leading zeros. */
bool	ipaddr_parse4(struct slice text, struct ipaddr *out);
/* RFC 4291 section 2.2, dotted-quad tail allowed, no zone index. */
bool	ipaddr_parse6(struct slice text, struct ipaddr *out);
/* False for NULL and for families other than IP. */
bool	ipaddr_from_sockaddr(const struct sockaddr *sa, struct ipaddr *out);
/* Canonical text of RFC 5952, NUL-terminated; "unknown" for no family. */
void	ipaddr_format(const struct ipaddr *a, char out[IPADDR_TEXT]);

#define IPADDR_REVERSE 74	/* room for the longest name below and a NUL */

/*
 * The name whose PTR record has the address's host: "1.2.0.192.in-addr.arpa"
 * (RFC 1035 3.5), or nibbles below ip6.arpa (RFC 3596 2.5).  "" for no family.
 */
void	ipaddr_reverse(const struct ipaddr *a, char out[IPADDR_REVERSE]);

bool	ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b);
/*
 * True when both are of one family and the first `bits` bits are equal;
 * false when the family has fewer bits.
 */
bool	ipaddr_same_prefix(const struct ipaddr *a, const struct ipaddr *b,
	    unsigned int bits);

/*
 * False for what the public Internet does not route (RFC 6890 and its
 * registries): loopback, private and link-local networks, multicast, and the
 * like; also when such an IPv4 address is within an IPv6 one (mapped, 6to4,
 * NAT64).
 */
bool	ipaddr_is_public(const struct ipaddr *a);

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address alone (all its bits).  Bits
 * after the prefix may be set, the length has no leading zeros.  A mapped
 * network becomes IPv4 (::ffff:192.0.2.0/120 is 192.0.2.0/24); one that
 * reaches beyond the mapped addresses (less than 96 bits) is refused.
 */
bool	ipnet_parse(struct slice text, struct ipnet *out);
bool	ipnet_contains(const struct ipnet *net, const struct ipaddr *a);
/* Is the address in any of them, or all of `net` in one? */
bool	ipnet_any_contains(const struct ipnet *nets, size_t count,
	    const struct ipaddr *a);
bool	ipnet_any_covers(const struct ipnet *nets, size_t count,
	    const struct ipnet *net);
/* Its first address: the bits after the prefix are cleared. */
struct ipaddr	ipnet_first(const struct ipnet *net);

#endif
