/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * destination: where the aggregate reports about a domain go (RFC 9990).
 */
#ifndef DMARC_DESTINATION_H
#define DMARC_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"
#include "dmarc/dmarc.h"
#include "mail/mailbox.h"
#include "resolver/ledger.h"

/*
 * The address of a "mailto:" URI (RFC 6068), its escapes resolved; header
 * fields after "?" and an obsolete size after "!" are left out.  False for
 * another scheme, for several addresses, and for anything that
 * mail_mailbox_parse() does not take; `out` is then all zero.
 */
bool	dmarc_mailto(struct slice uri, struct mail_mailbox *out);

enum dmarc_destination_state {
	DMARC_DESTINATION_GOOD,
	DMARC_DESTINATION_REFUSED,	/* the host does not want them */
	DMARC_DESTINATION_LATER		/* DNS did not say */
};

struct dmarc_destination {
	struct mail_mailbox		mailbox;
	enum dmarc_destination_state	state;
	const char			*why;	/* static; NULL: good */
	/* Octets of a mail that its URI asks for at most ("!10m"): RFC 7489 has
	   it, RFC 9990 leaves it out.  0: none. */
	uint64_t			limit;
};

struct dmarc_destinations {
	/* The Organizational Domain of the policy domain (RFC 9989 4.10.2);
	   empty: DNS did not say. */
	struct domain			organization;
	/* DNS did not say whether there is a record. */
	bool				later;
	bool				has_record;
	/* Different ones; further ones are left out. */
	struct dmarc_destination	items[LIMIT_DMARC_RUA];
	size_t				count;
	size_t				unusable;	/* other URIs */
};

/*
 * What the record of the policy domain says now, and which destinations at
 * other organizations have agreed (RFC 9990 section 4).  A pure function of
 * the answers, as dmarc_check().
 */
enum check_state	dmarc_destinations(struct slice policy_domain,
			    struct dns_ledger *ledger,
			    struct dmarc_destinations *out);

#endif
