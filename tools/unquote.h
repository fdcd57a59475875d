/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unquote: which body the signatures of a message in an mbox were made over.
 */
#ifndef TOOLS_UNQUOTE_H
#define TOOLS_UNQUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "dkim/context.h"
#include "mail/header.h"
#include "tools/mbox.h"

/* Borrowed. */
struct quoted_message {
	struct dkim_context		*ctx;
	const struct mail_header	*header;
	struct slice			 body;
	bool				 crlf;	/* LF alone is to become it */
	int64_t				 now;	/* seconds since the Epoch */
};

struct unquoted {
	size_t			lines;	/* that are quoted; 0: none */
	enum mbox_quoting	how;
	bool			proved;	/* by the body hash of a signature */
};

/*
 * Makes what was sent of the body, in `out`, which it initialises.  Where
 * lines are quoted, the way to undo it is taken that brings most signatures
 * their body hash; MBOX_RD when there is none.  No key is asked for.  False:
 * no memory.
 */
bool	unquote_body(const struct quoted_message *q, struct buf *out,
	    struct unquoted *what);

/* What was done, as a sentence of ours; NULL: nothing. */
const char	*unquoted_words(const struct unquoted *what);
/* "plain", "mboxrd", "mboxo". */
const char	*mbox_quoting_name(enum mbox_quoting how);

#endif
