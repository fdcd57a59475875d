/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlsrpt: where a domain wants reports about TLS (RFC 8460), the record alone.
 *
 * Pure.
 */
#ifndef TLSPOLICY_TLSRPT_H
#define TLSPOLICY_TLSRPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/slice.h"
#include "resolver/dns.h"

enum tlsrpt_found {
	TLSRPT_FOUND,
	TLSRPT_NONE,		/* none, several, or a bad one: no reports */
	TLSRPT_UNKNOWN		/* DNS did not say */
};

struct tlsrpt_record {
	enum tlsrpt_found	 found;
	struct slice		 rua;		/* borrowed */
	size_t			 uris;		/* in it */
	const char		*problem;	/* static; NULL: none */
};

/* "_smtp._tls.DOMAIN"; false when that is too long to ask. */
bool	tlsrpt_record_name(struct slice domain, struct domain *out);
/* The answer to the TXT question for it (section 3). */
void	tlsrpt_record_read(const struct dns_answer *answer,
	    struct tlsrpt_record *out);
/*
 * One text.  False: it does not begin as a record of this version, and is
 * ignored.
 */
bool	tlsrpt_record_parse(struct slice text, struct tlsrpt_record *out);

#endif
