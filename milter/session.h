/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: libmilter's callbacks, one SMTP connection each.
 *
 * Only MAIL and the end of a message are answered; every other step is
 * negotiated away, since answering costs more than all checks together.
 */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include <stdbool.h>

#include "process/listen.h"

/*
 * Registers the callbacks.  `listener` is borrowed forever.  False when
 * libmilter refuses.
 */
bool	session_register(struct listener *listener);
/* How many workers judge a message now, or wait for DNS to.  Any thread. */
int	session_busy(void);

#endif
