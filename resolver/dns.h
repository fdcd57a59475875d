/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns: what can be asked, and what an answer is.
 *
 * An answer is immutable and reference-counted; cache, messages and threads
 * share it.  Its outcome is one of seven that are never collapsed: DNS may
 * be shut, and what is not known is not the same as what is not there.
 */
#ifndef RESOLVER_DNS_H
#define RESOLVER_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/slice.h"

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,	/* that of the name itself, not followed */
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_TLSA = 52,	/* RFC 6698 */
	DNS_TYPE_SMIMEA = 53	/* RFC 8162 */
};

enum dns_outcome {
	DNS_FOUND,		/* RCODE 0 and at least one record */
	DNS_NO_DATA,		/* RCODE 0, the name has no such record */
	DNS_NO_NAME,		/* RCODE 3, NXDOMAIN */
	DNS_SERVER_FAILURE,	/* any other RCODE, or no server reachable */
	DNS_TIMEOUT,		/* no answer in all tries, or by the deadline */
	DNS_MALFORMED,		/* an answer that breaks RFC 1035, answers
				   another question, or is past a limit */
	DNS_NOT_ASKED		/* a budget was spent, or no descriptor was
				   left: nothing was sent */
};

struct dns_record {
	/* TXT: the strings of the record joined without anything between
	   (RFC 7208 3.3, RFC 6376 3.6.2.2); any octets.  MX, PTR, CNAME: the
	   name in the form of domain_parse_dns(), "" for the root and for a
	   name that it refuses: such a record counts, but matches nothing.
	   TLSA, SMIMEA: the data as on the wire (RFC 6698 2.1): usage,
	   selector, matching type, one octet each, and what they ask for. */
	struct slice	text;
	struct ipaddr	addr;		/* A, AAAA */
	uint16_t	preference;	/* MX */
};

struct dns_answer {
	enum dns_outcome	outcome;
	enum dns_type		type;
	struct slice		name;	/* as asked, lower case */
	/* DNS_FOUND: the owner of the records, where CNAMEs led from `name`;
	   "" if domain_parse_dns() refuses it.  Else `name`. */
	struct slice		owner;
	unsigned int		rcode;	/* of the last answer, 0 if none came */
	/* DNSSEC: the resolver vouched for it (AD, RFC 6840 5.8), and the
	   configuration believes this resolver. */
	bool			authenticated;
	/* It has run out, and no server gave a new one (RFC 8767). */
	bool			stale;
	/* Seconds, clamped, as they were when the answer came: one from the
	   cache has been there for a while.  0 for failures. */
	uint32_t		ttl;
	size_t			count;	/* records; 0 unless DNS_FOUND */
	const struct dns_record	*records;
};

/*
 * Makes an answer with room for `count` records and `bytes` octets of text,
 * zeroed; DNS_FOUND when `count` is not 0, else DNS_NO_DATA.
 * The maker fills it through the draft and must not change it after the
 * first other thread can see it.  NULL: no memory.
 */
struct dns_draft {
	struct dns_answer	*answer;
	struct dns_record	*records;	/* `count` of them */
	char			*text;		/* `bytes` octets to fill */
};
bool	dns_answer_new(enum dns_type type, struct slice name, size_t count,
	    size_t bytes, struct dns_draft *out);

/*
 * A copy that is stale, not authenticated, and holds for `ttl`; "no such name"
 * becomes the answer to another type.  NULL: no memory.
 */
const struct dns_answer	*dns_answer_stale(const struct dns_answer *a,
			    enum dns_type type, uint32_t ttl);

const struct dns_answer	*dns_answer_ref(const struct dns_answer *a);
/* The last reference frees.  NULL and the static answers are harmless. */
void	dns_answer_unref(const struct dns_answer *a);
/* Octets of heap that it holds; 0 for the static ones. */
size_t	dns_answer_size(const struct dns_answer *a);
/*
 * A static answer without name and records that says just `outcome` (not
 * DNS_FOUND); it is never freed.
 */
const struct dns_answer	*dns_answer_of(enum dns_outcome outcome);

/*
 * The same for lack of memory: its outcome is DNS_NOT_ASKED, and a ledger that
 * is given it says so (dns_ledger_failed()).
 */
const struct dns_answer	*dns_answer_no_memory(void);

/* "TXT"; "TYPE" for a value that is none of ours. */
const char	*dns_type_name(enum dns_type type);
/* "found", "no data", "no such name", "server failure", "timeout",
   "malformed", "not asked". */
const char	*dns_outcome_name(enum dns_outcome outcome);
/*
 * True for the outcomes by which a check can tell what is there: found, no
 * data, no such name.  All others make it temperror.
 */
bool		 dns_outcome_is_known(enum dns_outcome outcome);

#endif
