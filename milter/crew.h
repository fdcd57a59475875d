/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crew: libmilter's workers, and that one of them is always free.
 *
 * When several commands come at once libmilter may count on sleeping workers
 * that are about to take others.  Who is left waits until a worker looks
 * again, which takes as long as DNS does for the messages that these have
 * taken.  A connection makes libmilter wake a worker or start one ("nudge"),
 * and costs a dozen system calls; it is needed only when no worker is free.
 */
#ifndef MILTER_CREW_H
#define MILTER_CREW_H

#include <stdbool.h>

/* How libmilter is made to wake a worker or to start one; before any thread
   joins. */
void	crew_set_nudge(void (*nudge)(void));
/* This thread reads packets: it is a worker until it ends. */
void	crew_join(void);
/*
 * This worker is about to block.  True: crew_unblock() is due; false: it is
 * blocked already.  Of a thread that has not joined nothing is known.
 */
bool	crew_block(void);
/* Harmless when it is not blocked. */
void	crew_unblock(void);

#endif
