/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iprev of a message: the names of the client's address that lead back to
 * it, RFC 8601 section 3.
 */
#ifndef MESSAGE_IPREV_H
#define MESSAGE_IPREV_H

#include <stdbool.h>

#include "base/ipaddr.h"
#include "base/limits.h"
#include "message/message.h"
#include "resolver/ledger.h"

struct message_iprev {
	bool			 checked;	/* asked for */
	bool			 done;
	enum auth_result	 result;	/* pass, fail, temperror or
						   permerror */
	const char		*problem;	/* static, or NULL */
	/* Canonical; those that lead back, out of the first LIMIT_IPREV_NAMES
	   that the address has.  Borrowed from the ledger. */
	struct slice		 names[LIMIT_IPREV_NAMES];
	size_t			 name_count;
	/* Those of which DNS does not say where they lead; likewise. */
	struct slice		 unsure[LIMIT_IPREV_NAMES];
	size_t			 unsure_count;
	size_t			 given;		/* names that it has in all */
	bool			 stale;		/* an expired answer was used */
	bool			 authenticated;	/* all answers that the result
						   rests on, by DNSSEC */
};

/*
 * The check.  False: questions are open; `out` is to be thrown away.
 *
 * permerror: the address has no name; temperror: DNS does not say which, or
 * does not say where one of them leads, and no other leads back; fail: none
 * of them leads back.
 */
bool	iprev_check(const struct ipaddr *client, struct dns_ledger *ledger,
	    struct message_iprev *out);

/* Of a message, after message_finish(). */
const struct message_iprev	*message_iprev(const struct message *m);

#endif
