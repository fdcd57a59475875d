/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reasons: which rule and which keys sign a message and why, or why none.
 */
#ifndef TOOLS_REASONS_H
#define TOOLS_REASONS_H

#include "message/message.h"
#include "tools/tool.h"

struct reasons {
	const struct message		*message;
	const struct message_orders	*orders;
	struct ipaddr			 client;
	const char			*user;	/* NULL: no login */
	int64_t				 now;
};

/* Is it signed? */
bool	reasons_is_signed(const struct reasons *r);
/*
 * Looks up the records of the keys.  False: no memory.  `t->text` and
 * `t->out` say where it goes.
 */
bool	reasons_text(struct tool *t, const struct reasons *r);
bool	reasons_json(struct tool *t, const struct reasons *r);

#endif
