/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carry: questions go to c-ares, and its callbacks to their tickets.
 *
 * By TCP it is given the octets of a question.  1.34 takes them apart, writes
 * them, and takes them apart and writes them once more; an answer it takes
 * apart and writes.  By UDP, where nearly all go, it is spared three of these:
 * it gets a record that only the name and type are changed of, and the octets
 * of the answer are those that datagram.c has read.
 *
 * By UDP 1.34 is given names that are no host names in disguise.  By TCP it
 * refuses them: what is truncated for such a name fails.
 */
#ifndef RESOLVER_CARRY_INTERNAL_H
#define RESOLVER_CARRY_INTERNAL_H

#include "resolver/server_internal.h"

void	carry_by_tcp(ares_channel ares, const struct server_question *q,
	    struct flight_ticket *t);
void	carry_by_udp(ares_channel ares, const struct server_question *q,
	    struct flight_ticket *t);
/* What is kept from one question to the next. */
void	carry_free(struct datagram *d);

#endif
