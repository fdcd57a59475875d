/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain: how many messages are in progress, and the wait for them at the end.
 *
 * A message is in progress from MAIL until the reply that ends it has been
 * written, or until its connection or transaction has ended.  Every
 * function may be called from any thread.
 */
#ifndef MILTER_DRAIN_H
#define MILTER_DRAIN_H

#include <stdbool.h>

/* One more.  False when the process is about to end and takes no more. */
bool	drain_begin(void);
/* One less, now. */
void	drain_end(void);
/*
 * One less as soon as this thread has written its next reply: a process
 * that ended before that would leave the mail server without the outcome.
 * At once where replies are not seen (wire.h).
 */
void	drain_end_with_reply(void);
/* This thread has written a final reply, or could not. */
void	drain_replied(void);

/* A connection of a mail server's is accepted, and has ended. */
void	drain_connected(void);
void	drain_disconnected(void);
/* How many messages are in progress, and how many connections there are. */
void	drain_counts(unsigned int *messages, unsigned int *connected);
/*
 * Waits until there is no connection, at most `seconds`, or until
 * drain_hurry() is called.  Messages may still begin.
 */
void	drain_wait_for_connections(unsigned int seconds);
/*
 * From now on drain_begin() refuses.  Waits until nothing is in progress, at
 * most `seconds`, or until drain_hurry() is called.  False when something
 * is left.
 */
bool	drain_wait(unsigned int seconds);
void	drain_hurry(void);
/* Has drain_wait() been called? */
bool	drain_began(void);

#endif
