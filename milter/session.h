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

#include "milter/listen.h"

/*
 * Registers the callbacks.  `listener` is borrowed for ever.  False when
 * libmilter refuses.
 */
bool	session_register(const struct listener *listener);

/*
 * Waits until the messages that are in hand now have ended, at most
 * `seconds`, or until session_hurry() is called.  Messages that begin later
 * are deferred.  False when some are left.
 */
bool	session_drain(unsigned int seconds);
void	session_hurry(void);

#endif
