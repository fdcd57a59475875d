/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command: the command line that all daemons have.
 */
#ifndef PROCESS_COMMAND_H
#define PROCESS_COMMAND_H

#include <limits.h>
#include <stdbool.h>

/* Exit statuses of sysexits(3) that the daemons use. */
enum daemon_exit {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_USAGE = 64,
	DAEMON_EXIT_UNAVAILABLE = 69,	/* socket, user, resolver, memory */
	DAEMON_EXIT_CONFIG = 78
};

struct command {
	const char	*program;	/* "assay-milter" */
	const char	*path;		/* -c; at first the default */
	bool		 foreground;	/* -f */
	bool		 check;		/* -t */
	/* private: where `path` points when it was made absolute */
	char		 absolute[PATH_MAX];
};

/*
 * Reads the options; `program` and `path` are set.  A path is made absolute
 * for a daemon that goes into the background, where "/" is the working
 * folder, since a reload needs it.  -1: continue; else the exit status, and
 * all messages are printed.
 */
int	command_read(int argc, char **argv, struct command *c);

#endif
