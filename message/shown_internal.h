/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shown: names and addresses in Authentication-Results (RFC 8601 section 5).
 *
 * A name is written as it was checked, with A-labels, in lower case and
 * without a dot at its end; with U-labels as they were given where the
 * message may have them (SMTPUTF8).  What is no name stays what it is, and
 * what is empty is left out.
 */
#ifndef MESSAGE_SHOWN_INTERNAL_H
#define MESSAGE_SHOWN_INTERNAL_H

#include "mail/authres.h"
#include "message/message.h"

/*
 * The reason of a result: that DNS had nothing better than an expired answer
 * (serve-stale), or else `problem`; nothing when that is NULL.
 */
void	shown_reason(struct authres_writer *w, bool stale,
	    const char *problem);
/*
 * The property dns.sec of RFC 8904, if the configuration asks for it: whether
 * all answers that the result rests on were `authenticated`; "na" when the
 * resolver cannot say that of any.
 */
void	shown_dnssec(struct authres_writer *w,
	    const struct message_results *r, bool authenticated);
/* Any value. */
void	shown_text(struct authres_writer *w, const char *ptype,
	    const char *property, struct slice value);
void	shown_name(struct authres_writer *w, const char *ptype,
	    const char *property, struct slice name);
/* LOCAL@DOMAIN; `local` may be empty. */
void	shown_address(struct authres_writer *w, const char *ptype,
	    const char *property, struct slice local, struct slice domain);

#endif
