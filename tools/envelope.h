/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope: client, HELO and sender of a message that is only a file, as
 * given or, where nothing is given, as its trace fields tell.
 */
#ifndef TOOLS_ENVELOPE_H
#define TOOLS_ENVELOPE_H

#include <stdbool.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "mail/header.h"
#include "tools/tool.h"

enum envelope_source {
	ENVELOPE_UNKNOWN,
	ENVELOPE_GIVEN,
	ENVELOPE_RECEIVED,
	ENVELOPE_RETURN_PATH
};

struct envelope {
	struct ipaddr		 client;	/* family NONE: not known */
	struct slice		 helo;
	struct slice		 sender;	/* as after MAIL FROM: */
	enum envelope_source	 client_from, helo_from, sender_from;
	unsigned int		 received;	/* from the top; 0: none */
	bool			 trusted;	/* by the configuration */
};

/*
 * What is given goes in first: client, helo or sender, with its source
 * ENVELOPE_GIVEN.  The rest is found in the header:
 *
 *  - the sender in the topmost Return-Path; without one it is <>;
 *  - the client in the topmost Received field that names an address which
 *    is neither trusted by the configuration nor private (RFC 1918, 4193,
 *    6598) nor of the host or link itself;
 *  - HELO in that field; when the client is given, in the topmost field
 *    that names it.
 */
void	envelope_complete(struct envelope *e, const struct tool *t,
	    const struct mail_header *h);

/* Text is checked; false: it is no address. */
bool	envelope_give_client(struct envelope *e, const char *text);

void	envelope_text(struct text *t, const struct envelope *e);
void	envelope_json(struct json *j, const char *key,
	    const struct envelope *e);

#endif
