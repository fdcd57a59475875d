/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * received: whom a Received field (RFC 5321 section 4.4) says a message came
 * from.
 */
#ifndef TOOLS_RECEIVED_H
#define TOOLS_RECEIVED_H

#include <stdbool.h>

#include "base/ipaddr.h"
#include "base/slice.h"

struct received {
	struct ipaddr	client;
	struct slice	helo;	/* borrowed; empty: it does not say */
};

/*
 * Reads the "from" part of the field's value, as Postfix, Sendmail, Exim,
 * qmail and Exchange write it.  An address is taken from brackets, or where
 * it is all of a comment; never from a name, which a client can choose.
 * False when it has no address, or cannot be read.
 */
bool	received_read(struct slice value, struct received *out);

#endif
