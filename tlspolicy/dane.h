/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dane: which mail servers of a domain can be authenticated by DANE for SMTP
 * (RFC 7672), as far as DNS says.
 *
 * Pure: what is needed is asked through the ledger.  An answer counts as
 * secure when it is `authenticated`, that is, when a resolver that we trust
 * says so (section 2.1.1).
 */
#ifndef TLSPOLICY_DANE_H
#define TLSPOLICY_DANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mail/result.h"
#include "resolver/ledger.h"

/*
 * The data of a TLSA record (struct dns_record).  NULL: it can authenticate
 * a mail server (section 3.1); else why not, a static sentence.
 */
const char	*dane_tlsa_problem(struct slice data);

enum dane_mx {
	DANE_MX_FOUND,
	DANE_MX_IMPLICIT,	/* none: the domain itself is the host */
	DANE_MX_NULL,		/* RFC 7505: it takes no mail */
	DANE_MX_NO_DOMAIN,	/* there is no such name */
	DANE_MX_FAILED		/* DNS did not say */
};

enum dane_status {
	DANE_HOST_NOT_ASKED,	/* the MX records are not secure */
	DANE_HOST_DEAD,		/* no address is known */
	DANE_HOST_INSECURE,	/* addresses not secure: TLSA not asked */
	DANE_HOST_NO_TLSA,	/* none, or not secure: opportunistic TLS */
	DANE_HOST_UNUSABLE,	/* secure TLSA, none usable: TLS needed */
	DANE_HOST_USABLE,	/* TLS and authentication needed */
	DANE_HOST_FAILED	/* DNS did not say: must not be used */
};

struct dane_host {
	struct slice		 name;
	uint16_t		 preference;	/* the best of several */
	enum dane_status	 status;
	const char		*why;		/* static */
	/* "_PORT._tcp.BASE", the name of `tlsa`; BASE is what a certificate
	   and SNI are about (sections 2.2.3, 8.1).  Empty: not asked. */
	struct slice		 tlsa_name;
	struct slice		 base;
	size_t			 usable;	/* of the records of `tlsa` */
	/* Borrowed from the ledger; NULL: not asked. */
	const struct dns_answer	*a, *aaaa, *cname, *tlsa;
};

struct dane_domain {
	enum dane_mx		 mx;
	bool			 secure;	/* the MX answer, or a host */
	const struct dns_answer	*answer;	/* of MX; NULL: a host */
	/* By preference, no name twice, LIMIT_DANE_HOSTS at most. */
	struct dane_host	*hosts;
	size_t			 count;
	bool			 more;		/* hosts were left out */
	bool			 no_memory;	/* nothing here is a result */
};

struct dane_request {
	struct slice	domain;		/* canonical */
	/* Look at the hosts although the MX records are not secure, for who
	   wants to explain; a sender need not (section 2.2.1). */
	bool		all;
	/* The domain is the host, even if it has MX records. */
	bool		is_host;
	uint16_t	port;		/* of the TLSA records; 0: 25 */
};

/* Questions of one domain at most. */
#define DANE_QUESTIONS	(1 + LIMIT_DANE_HOSTS * 5)

/*
 * CHECK_PENDING: questions are in the ledger; call again.  CHECK_DONE:
 * `out` is filled, from `scratch`, which is reset at the start.
 */
enum check_state	dane_check(const struct dane_request *request,
			    struct dns_ledger *ledger, struct arena *scratch,
			    struct dane_domain *out);

/* All hosts in a word, for the decision (tlspolicy.h). */
enum dane_summary {
	DANE_UNKNOWN,		/* not asked yet */
	DANE_NONE,		/* no host: insecure, absent, unusable */
	DANE_SOME,		/* secure MX, at least one host usable */
	DANE_ALL,		/* secure MX, every host usable */
	DANE_FAILED		/* it depends on what DNS did not say */
};
enum dane_summary	dane_sum(const struct dane_domain *d);
const char		*dane_summary_name(enum dane_summary s);
const char		*dane_status_name(enum dane_status s);
/* Seconds for which all that was found holds; 0 after a failure. */
uint32_t		 dane_ttl(const struct dane_domain *d);

#endif
