/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: from a configuration to a running milter, and to its end.
 */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#include <stdbool.h>

#include "config/config.h"
#include "process/command.h"

/*
 * Runs until SIGTERM or SIGINT.  SIGHUP reads the configuration's file
 * again, SIGUSR1 logs statistics.  Takes over the reference to `config`.
 * `foreground`: stay in it and log to stderr.
 */
enum daemon_exit	daemon_run(struct config *config, bool foreground);

/*
 * As SIGHUP does, from any thread, and without waiting for it.  `again`: for
 * the same configuration as the last time, which was refused; nothing is
 * logged or counted when it is refused for the same reasons.
 */
void	daemon_ask_reload(bool again);

/* Does the user of the configuration exist?  If not, a sentence in `why`. */
bool	daemon_user_exists(const struct config *config, char *why,
	    size_t why_size);

#endif
