/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netstring: "<length>:<octets>,", as socketmap has it.
 */
#ifndef TLSPOL_NETSTRING_H
#define TLSPOL_NETSTRING_H

#include "base/buf.h"
#include "base/slice.h"

enum netstring_state {
	NETSTRING_WHOLE,	/* `out` has it, `rest` is after it */
	NETSTRING_PART,		/* more has to come */
	NETSTRING_BAD		/* it never will be one, or is too long */
};

/*
 * Takes the first one.  The length has no leading zeros and is `max` at most:
 * what is longer is bad as soon as its length is there.
 */
enum netstring_state	netstring_take(struct slice *rest, size_t max,
			    struct slice *out);
void			netstring_put(struct slice text, struct buf *out);

#endif
