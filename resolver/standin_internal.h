/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standin: what c-ares is given by UDP in place of a question.
 *
 * c-ares 1.34 copies, writes and takes apart each question and each answer,
 * with some memory for each label, and adds a cookie to an OPT.  It refuses
 * names that are no host names, such as the local part of an address in a name
 * of SPF ("exists:%{l}.example.org", RFC 7208 section 7).  So:
 *
 * 1. A question takes a slot of its channel.  c-ares is asked for an address
 *    of the slot's number, which is a name of two letters.
 * 2. When c-ares sends that, by whatever socket, the question goes out in its
 *    place, with the id that c-ares has chosen.
 * 3. Of what comes in, c-ares is shown what has the id and the question of a
 *    slot, as a failure (SERVFAIL) about its number; all else is dropped.
 *    1.34 does not learn from failures how long to wait.
 */
#ifndef RESOLVER_STANDIN_INTERNAL_H
#define RESOLVER_STANDIN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/packet_internal.h"

/* Questions of a channel at a time: SERVER_CHANNEL_QUERIES. */
#define STANDIN_SLOTS	128
/* Two letters and a NUL. */
#define STANDIN_NAME	3
/* Header, a name of two letters and the root, type and class. */
#define STANDIN_LEN	(12 + 1 + 2 + 1 + 4)

/* A question, its name in the letters to be sent. */
struct standin {
	struct packet_name	name;
	enum dns_type		type;
	bool			edns;
	unsigned int		slot;
};

/* Of one channel; zeroed: all are free. */
struct standins {
	struct standin	*slots[STANDIN_SLOTS];
	uint16_t	 ids[STANDIN_SLOTS];
};

/* Step 1, but for the letters; the question stays where it is until it is
   given back.  False: all slots are taken. */
bool	standin_take(struct standins *all, struct standin *q);
void	standin_give_back(struct standins *all, const struct standin *q);
void	standin_name(const struct standin *q, char out[STANDIN_NAME]);
/* What c-ares is given, if it wants octets. */
void	standin_query(const struct standin *q, uint16_t id,
	    unsigned char out[STANDIN_LEN]);

/* Step 2: the length, or 0 when that is nobody's. */
size_t	standin_replace(struct standins *all, const unsigned char *packet,
	    size_t len, unsigned char out[PACKET_QUERY_MAX]);
/* Step 3: false: nothing to show. */
bool	standin_show(const struct standins *all, struct slice packet,
	    unsigned char out[STANDIN_LEN]);

#endif
