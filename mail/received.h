/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * received: whom a Received field (RFC 5321 section 4.4) says a message came
 * from.
 *
 * Nothing in such a field is proved.  received_read() is for a person who
 * asks about a message at hand; received_read_exact() for a field that one
 * of our hosts wrote, and that its client must not be able to shape.
 */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

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
/*
 * Reads only what Postfix, Sendmail and Exim write, from the first octet to
 * the word "by" (see the grammar in received.c).  False for anything else.
 */
bool	received_read_exact(struct slice value, struct received *out);

#endif
