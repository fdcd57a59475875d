/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounce: what a delivery status notification says (RFC 3464, and RFC 6533).
 *
 * Anybody can send one: what it says is to be believed only together with a
 * tag whose hash is right (report/verp.h).  Text is the sender's, any octets,
 * at most LIMIT_BOUNCE_TEXT of them, and the arena's.  Any thread.
 */
#ifndef REPORT_BOUNCE_H
#define REPORT_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/slice.h"
#include "report/verp.h"

enum bounce_kind {
	BOUNCE_NO_NOTICE,	/* another mail: an answer, or rubbish */
	BOUNCE_NO_FAILURE,	/* delivered, relayed, expanded */
	BOUNCE_DELAYED,		/* it is still tried */
	BOUNCE_FAILED		/* it is not tried any more */
};

struct bounce {
	enum bounce_kind kind;
	/* Of the first recipient of that kind; empty: not told. */
	struct slice	 status;	/* "5.1.1" */
	struct slice	 diagnostic;	/* without its type: "550 5.1.1 ..." */
	/* To whom: without its type, as it is spelled there. */
	struct slice	 final_recipient, original_recipient;
	/* Of the recipient, and of the message that came back, in this order;
	   the same may be there twice. */
	struct verp	 tags[LIMIT_BOUNCE_TAGS];
	size_t		 tag_count;
};

/*
 * Reads a mail, which may be cut short and may have a line "From " in front.
 * `recipient` is whom it was sent to, as far as that is known.  False: no
 * memory.  Time grows with the length.
 */
bool	bounce_read(struct slice mail, struct slice recipient,
	    struct arena *arena, struct bounce *out);

#endif
