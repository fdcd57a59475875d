/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwarder: whether a message is from a known forwarder, and what follows.
 */
#ifndef TOOLS_FORWARDER_H
#define TOOLS_FORWARDER_H

#include "base/json.h"
#include "message/message.h"
#include "tools/text.h"

/* Nothing when the configuration has no forwarders. */
void	forwarder_text(struct text *t, const struct message *m);
void	forwarder_json(struct json *j, const char *key,
	    const struct message *m);
/* A line for a message that is accepted although it fails DMARC. */
void	forwarder_text_override(struct text *t,
	    const struct message_results *r);

#endif
