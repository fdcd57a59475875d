/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: every domain that some program may read in a From field, for
 * mail/address.c alone.
 */
#ifndef MAIL_SCAN_INTERNAL_H
#define MAIL_SCAN_INTERNAL_H

#include "mail/address.h"

/*
 * Adds to `out` each domain of the field that is new there.  False when the
 * field has something that two programs may read differently, so that the
 * list may not be complete.
 */
bool	scan_domains(struct slice value, struct mail_from *out);
/* Is there an encoded word that has "@" or an angle bracket in what it encodes,
   or may have? */
bool	scan_encodes_at(struct slice value);
/*
 * Is there one that is not a word by itself?  Some programs decode it in a
 * well-formed field and then read another address.
 */
bool	scan_joins_at(struct slice value);
/* Adds one domain, unless it is there; sets `more_domains` past the limit, or
   when the arena has no memory. */
void	scan_add(struct mail_from *out, struct slice domain);

#endif
