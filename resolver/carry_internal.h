/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carry: questions go to c-ares, and its callbacks to their tickets.
 *
 * By TCP it is given the octets of a question.  1.34 takes them apart, writes
 * them, and takes them apart and writes them once more; an answer it takes
 * apart and writes.  Names that are no host names it refuses: what is
 * truncated for such a name fails.
 *
 * By UDP, where nearly all go, it is given a stand-in, as a record of which
 * only the name changes if it wants one, and the octets of the answer are
 * those that datagram.c has read.
 */
#ifndef RESOLVER_CARRY_INTERNAL_H
#define RESOLVER_CARRY_INTERNAL_H

#include "resolver/server_internal.h"

/* By the ticket's channel. */
void	carry_by_tcp(const struct server_question *q,
	    struct flight_ticket *t);
void	carry_by_udp(const struct server_question *q,
	    struct flight_ticket *t);
/* What is kept from one question to the next. */
void	carry_free(struct datagram *d);

#endif
