/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone: answers from a table in memory, before the DNS or instead of
 * it (try-outs and tests).  Built once, then immutable: any thread may ask.
 */
#ifndef RESOLVER_ZONE_H
#define RESOLVER_ZONE_H

#include <stdbool.h>

#include "base/slice.h"
#include "resolver/dns.h"

struct dns_zone;

struct dns_zone	*dns_zone_new(void);
void		 dns_zone_free(struct dns_zone *z);

/*
 * Building.  `name` is an owner name; for dns_zone_add() `value` is the
 * text of a TXT record, the name of MX or PTR ("" for the root), the text of
 * an address, or the octets of a TLSA record (struct dns_record).  False: bad
 * name, bad value, more than LIMIT_DNS_RECORDS of one name, a second CNAME of
 * it, or no memory.
 * A CNAME is followed by dns_zone_answer() (LIMIT_DNS_CNAMES links; more,
 * or a loop, is DNS_MALFORMED).
 */
bool	dns_zone_add(struct dns_zone *z, struct slice name,
	    enum dns_type type, uint16_t preference, struct slice value);
bool	dns_zone_add_cname(struct dns_zone *z, struct slice name,
	    struct slice target);
/* The name exists, without records of its own. */
bool	dns_zone_add_name(struct dns_zone *z, struct slice name);
/*
 * Questions of this name that no record answers end with `outcome`
 * (TIMEOUT or an RCODE in a zone file).
 */
bool	dns_zone_add_outcome(struct dns_zone *z, struct slice name,
	    enum dns_outcome outcome, unsigned int rcode);

/*
 * DNSSEC vouches for what is said of this name and of all below it, or it does
 * not, up to names of which the other was said.  Nothing said: it does not.
 */
bool	dns_zone_add_dnssec(struct dns_zone *z, struct slice name,
	    bool secure);

/*
 * The answer, a reference owned by the caller; never NULL.  A name that is
 * not there is DNS_NO_NAME, unless a name below it is (empty non-terminal:
 * DNS_NO_DATA).  The TTL is 0.  It is authenticated when DNSSEC
 * vouches for every name on the way to it, and it is no failure.  With no
 * memory, and for a name that domain_parse_dns() refuses: DNS_NOT_ASKED.
 */
const struct dns_answer	*dns_zone_answer(const struct dns_zone *z,
			    struct slice name, enum dns_type type);

#endif
