/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: from a configuration to a running milter, and to its end.
 */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#include <stdbool.h>

#include "config/config.h"

/* Exit statuses of sysexits(3) that assay-milter uses. */
enum daemon_exit {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_USAGE = 64,
	DAEMON_EXIT_UNAVAILABLE = 69,	/* socket, user, resolver, memory */
	DAEMON_EXIT_CONFIG = 78
};

/*
 * Runs until SIGTERM or SIGINT.  SIGHUP reads the configuration's file
 * again, SIGUSR1 logs statistics.  Takes over the reference to `config`.
 * `foreground`: stay in it and log to stderr.
 */
enum daemon_exit	daemon_run(struct config *config, bool foreground);

/* Does the user of the configuration exist?  If not, a sentence in `why`. */
bool	daemon_user_exists(const struct config *config, char *why,
	    size_t why_size);

#endif
