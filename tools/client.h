/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: what is known of the host that a message came from.
 */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include "base/json.h"
#include "message/message.h"
#include "resolver/ledger.h"
#include "tools/text.h"

/* Nothing when the names of the client's address were not looked up. */
void	client_text(struct text *t, const struct message *m);
void	client_json(struct json *j, const char *key, const struct message *m);

#endif
