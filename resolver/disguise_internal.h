/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disguise: questions for names that are no host names.
 *
 * c-ares 1.34 writes no other, so the local part of an address in a name of
 * SPF ("exists:%{l}.example.org", RFC 7208 section 7) or the target of a CNAME
 * could not be asked.
 *
 * 1. It is given the name with '*' for each octet that it would not write, and
 *    the name itself as data of a record, the first after the question.
 * 2. When it sends that, the name goes to its place, and the record away.
 * 3. What it is shown of an answer has '*' at the same places.  Two names that
 *    are then alike differ in their ids; and whether it is the answer to the
 *    name itself is read later, from the packet as it came.
 */
#ifndef RESOLVER_DISGUISE_INTERNAL_H
#define RESOLVER_DISGUISE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/packet_internal.h"

#define DISGUISE_RR	11	/* octets before the data */
#define DISGUISE_MAX	(PACKET_OUTLINE_MAX + DISGUISE_RR + PACKET_NAME_MAX)

bool	disguise_is_needed(const struct packet_name *name);
/* Step 1, of what packet_begin() has written; returns the length. */
size_t	disguise_query(const unsigned char *query, size_t len,
	    unsigned char out[DISGUISE_MAX]);
/* Step 2, of what c-ares sends, in disguise or not: what packet_begin() had
   written, without what c-ares may have added.  Returns the length, or 0 when
   it is cut or too long. */
size_t	disguise_undo(const unsigned char *packet, size_t len,
	    unsigned char out[PACKET_OUTLINE_MAX]);
/* Step 3, of an outline. */
void	disguise_question(unsigned char *packet);

#endif
