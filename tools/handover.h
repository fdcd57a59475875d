/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover: a message to the mail server of this host, by its program
 * sendmail: "PROGRAM -i -f SENDER -- RECIPIENT", without a shell.
 *
 * The program gets the message on its standard input, and a process group of
 * its own, which is killed when the time is over.  SIGPIPE has to be ignored.
 */
#ifndef TOOLS_HANDOVER_H
#define TOOLS_HANDOVER_H

#include <stddef.h>

#include "base/slice.h"

enum handover_status {
	HANDOVER_TAKEN,		/* exit status 0, all of it was read */
	HANDOVER_LATER,		/* the host is to blame: try again */
	HANDOVER_REFUSED,	/* this message is not wanted */
	HANDOVER_NOBODY		/* no such recipient */
};

struct handover {
	const char	*program;	/* absolute */
	unsigned int	 timeout_ms;	/* for all of it */
	const char	*sender, *recipient;
	struct slice	 header, body;
};

#define HANDOVER_WHY 400	/* room for a sentence */

/* `why` is what went wrong and what the program printed, which may be any
   octets; empty when all is well. */
enum handover_status	handover(const struct handover *h,
			    char why[HANDOVER_WHY]);

#endif
