/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: from the settings to a running assay-tlspol, and to its end.
 */
#ifndef TLSPOL_DAEMON_H
#define TLSPOL_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "process/command.h"
#include "tlspol/settings.h"

/*
 * What the settings alone do not show: sockets for strangers, no such user, no
 * library for the metrics.
 */
bool	daemon_check(const struct settings *s, char *why, size_t why_size);
/* Returns when the start fails; else the process ends in it. */
enum daemon_exit	daemon_run(struct settings *s, bool foreground);

#endif
