/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta: what a callback asks of the mail server, and answers, by libmilter.
 *
 * In the callback's thread, with its context.
 */
#ifndef MILTER_MTA_H
#define MILTER_MTA_H

#include <libmilter/mfapi.h>
#include <stdbool.h>

#include "message/message.h"

/* Of a macro like "i" or "{auth_type}"; NULL: not sent.  Borrowed. */
const char	*mta_macro(SMFICTX *ctx, const char *name);

/* Text, code and all; `id` names the message if it is not taken. */
void	mta_set_reply(SMFICTX *ctx, const char *id,
	    const struct policy_reply *reply);

/*
 * Carries out the edits of the header in their order.  `leading_space`: the
 * mail server keeps the blank after the colon and adds none
 * (SMFIP_HDR_LEADSPC).
 */
bool	mta_change_header(SMFICTX *ctx, bool leading_space,
	    const struct message_orders *o);
/* With the name of the rule as the reason. */
bool	mta_quarantine(SMFICTX *ctx, struct slice rule);

#endif
