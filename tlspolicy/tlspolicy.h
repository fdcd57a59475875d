/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlspolicy: the answer to a mail server about the TLS of a domain that it
 * sends to.
 *
 * The answer may only strengthen: what is not known is "no policy", so that
 * mail flows as it would without us, and Postfix's own DANE still protects.
 * Pure; no clock.
 */
#ifndef TLSPOLICY_TLSPOLICY_H
#define TLSPOLICY_TLSPOLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/domain.h"
#include "base/slice.h"
#include "tlspolicy/dane.h"
#include "tlspolicy/sts.h"

/* Who asks, by the name of the map. */
enum tlspolicy_dialect {
	TLSPOLICY_POSTFIX,		/* "postfix", "QUERY" */
	TLSPOLICY_POSTFIX_TLSRPT,	/* "QUERYwithTLSRPT": 3.10 and later */
	TLSPOLICY_SENDMAIL		/* "sts" */
};
/* False: no map of ours. */
bool		 tlspolicy_dialect_parse(struct slice map,
		    enum tlspolicy_dialect *out);

/* Where mail goes by a key. */
struct tlspolicy_hop {
	struct domain	 domain;	/* whose policy it is */
	bool		 is_host;	/* "[HOST]": MX records do not count */
	bool		 is_smart;	/* in brackets, or with a port */
	uint16_t	 port;		/* 25 unless given */
};

/*
 * Reads "DOMAIN", "DOMAIN:PORT", "[HOST]", "[HOST]:PORT".  False: it is none,
 * and the answer is NOTFOUND: ".parent" forms, addresses, one label, anything
 * else.
 */
bool		 tlspolicy_key(struct slice key, struct tlspolicy_hop *out);
/*
 * The one spelling of it, without port 25, in `text`, which has room for
 * TLSPOLICY_HOP_MAX octets; with a NUL after it.
 */
#define TLSPOLICY_HOP_MAX	(DOMAIN_MAX + sizeof("[]:65535"))
struct slice	 tlspolicy_hop_text(const struct tlspolicy_hop *hop,
		    char *text);

enum tlspolicy_answer {
	TLSPOLICY_NOTFOUND,
	TLSPOLICY_DANE,
	TLSPOLICY_DANE_ONLY,
	TLSPOLICY_SECURE,	/* with the names of the MTA-STS policy */
	TLSPOLICY_TEMP		/* the message waits */
};

struct tlspolicy_facts {
	/* The MTA-STS policy that is valid now; NULL: none is known. */
	const struct sts_policy	*sts;
	/* What DANE is there now, and what it was when DNS last said. */
	enum dane_summary	 dane;
	enum dane_summary	 last_dane;
	/* Seconds since DNS began not to say it (DANE_FAILED). */
	int64_t			 failing;
	/* Option: "dane-only" when every host has it. */
	bool			 dane_only;
};

/* The table.  `*why` is static; it may be NULL. */
enum tlspolicy_answer	tlspolicy_decide(const struct tlspolicy_facts *facts,
			    enum tlspolicy_dialect dialect,
			    const char **why);
/*
 * The reply of a socketmap, without its length: "OK secure match=...",
 * "NOTFOUND ", "TEMP ...".  `sts` is needed for TLSPOLICY_SECURE alone.
 * LIMIT_TLSPOLICY_REPLY octets are enough.
 */
void	tlspolicy_write(enum tlspolicy_answer answer,
	    enum tlspolicy_dialect dialect, struct slice domain,
	    const struct sts_policy *sts, struct buf *out);

#endif
