/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which known forwarder a message is from (forwarders of the configuration).
 */
#ifndef MESSAGE_FORWARDER_H
#define MESSAGE_FORWARDER_H

#include <stdbool.h>

#include "config/config.h"

struct message;

struct message_forwarder {
	/* The first one that has the host, and whose conditions are met; NULL:
	   none. */
	const struct config_forwarder	*found;
	/* Without that, the first one that has the host, or NULL. */
	const struct config_forwarder	*host;
	/* A name of the client might be of one, but DNS did not say. */
	bool				 unknown;
};

/* Of a message, after message_finish(). */
const struct message_forwarder	*message_forwarder(const struct message *m);

/* Why the message is not one for it to forward: static; NULL: it is. */
const char	*message_forwarder_problem(const struct message *m,
		    const struct config_forwarder *f);

#endif
