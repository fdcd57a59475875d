/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * starttls: what certificate a mail server shows.
 *
 * One connection: greeting, EHLO, STARTTLS (RFC 3207), the handshake, QUIT.
 * No message is begun.  The server is not trusted: it has until
 * the deadline for all of that, and LIMIT_TOOL_SMTP octets before the
 * handshake.
 */
#ifndef TOOLS_STARTTLS_H
#define TOOLS_STARTTLS_H

#include <stdint.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "tools/certificate.h"

struct starttls_request {
	struct ipaddr	 address;
	unsigned int	 port;
	struct slice	 helo;		/* what we call ourselves */
	struct slice	 sni;		/* the name that is asked for */
	int64_t		 deadline;	/* clock_us() */
};

enum starttls_status {
	STARTTLS_DONE,
	STARTTLS_UNREACHABLE,	/* no answer, or not in time */
	STARTTLS_REFUSED,	/* it answers, but not as a mail server */
	STARTTLS_NOT_OFFERED,	/* it has no STARTTLS, or refuses it */
	STARTTLS_FAILED,	/* the handshake */
	STARTTLS_NO_MEMORY
};
const char	*starttls_status_name(enum starttls_status s);

struct starttls_result {
	enum starttls_status	 status;
	/* Not DONE: what happened; may contain text of the server. */
	char			 problem[200];
	char			 version[16], cipher[64];
	struct certificates	*chain;		/* DONE; the caller frees */
};

/* Blocks. */
void	starttls_look(const struct starttls_request *request,
	    struct starttls_result *out);

#endif
