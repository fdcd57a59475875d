/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: DNS messages as octets (RFC 1035 section 4): writes a query, reads
 * an answer.  No sockets, no clock, no heap; bounded in time and strict, for
 * what it reads comes from anyone.
 */
#ifndef RESOLVER_PACKET_INTERNAL_H
#define RESOLVER_PACKET_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/slice.h"
#include "resolver/dns.h"

#define PACKET_NAME_MAX	255	/* RFC 1035 section 2.3.4 */
/* Header, one question, OPT. */
#define PACKET_QUERY_MAX (12 + PACKET_NAME_MAX + 4 + 11)

/* A name as on the wire, uncompressed, in lower case: equal names are equal
   octets, whatever their labels hold. */
struct packet_name {
	size_t		len;		/* with the root's octet */
	unsigned char	wire[PACKET_NAME_MAX];
};

/* From the form of domain_parse_dns(); false when it is none. */
bool	packet_name_from_text(struct slice text, struct packet_name *out);
/* False, and `out` empty, for the root and for what domain_parse_dns()
   refuses. */
bool	packet_name_to_text(const struct packet_name *name,
	    struct domain *out);
bool	packet_name_eq(const struct packet_name *a,
	    const struct packet_name *b);

/*
 * Writes a query with RD and AD set (RFC 6840 section 5.7), and with OPT
 * (LIMIT_DNS_EDNS_SIZE) when `edns`.  Returns its length.
 */
size_t	packet_query(const struct packet_name *name, enum dns_type type,
	    uint16_t id, bool edns, unsigned char out[PACKET_QUERY_MAX]);

enum packet_kind {
	PACKET_FOUND,
	PACKET_NO_DATA,
	PACKET_NO_NAME,
	PACKET_FOLLOW,		/* CNAMEs alone: ask on for `target` */
	PACKET_TRUNCATED,	/* TC: ask by TCP */
	PACKET_FAILURE,		/* another RCODE, or a referral */
	PACKET_BROKEN,		/* breaks RFC 1035, or answers another
				   question: another server may do better */
	PACKET_EXCESS		/* past a limit of ours, or a loop of CNAMEs:
				   the data are so at every server */
};

struct packet_reply {
	enum packet_kind	kind;
	unsigned int		rcode;		/* with the bits of OPT */
	bool			authenticated;	/* AD */
	bool			edns;		/* has an OPT record */
	/* Least of all records used, clamped; 0: do not keep. */
	uint32_t		ttl;
	unsigned int		links;		/* CNAMEs followed */
	struct packet_name	target;		/* where they led */
	/* PACKET_FOUND: the records, and octets of text in them. */
	size_t			count;
	size_t			bytes;
};

/*
 * Reads an answer to (name, type).  At most `max_links` CNAMEs are followed.
 * Whether the id is right is for the caller to know.
 */
void	packet_read(struct slice packet, const struct packet_name *name,
	    enum dns_type type, unsigned int max_links,
	    struct packet_reply *out);
/*
 * Copies the records of an answer that packet_read() found PACKET_FOUND to
 * a draft made with reply->count and reply->bytes.
 */
void	packet_fill(struct slice packet, enum dns_type type,
	    const struct packet_reply *reply, const struct dns_draft *draft);

struct packet_question {
	uint16_t		id;
	unsigned int		type;
	struct packet_name	name;
};

/* What is answered, whatever the answer is.  False: it is no answer to one
   question of class IN. */
bool	packet_asked(struct slice packet, struct packet_question *out);

#endif
