/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsocket: lines to the local syslog daemon (RFC 3164, /dev/log).
 *
 * Not by syslog(3), which has one lock for the process: libmilter logs with
 * it as well, and would wait where our own line waits.
 */
#ifndef EVENT_LOGSOCKET_INTERNAL_H
#define EVENT_LOGSOCKET_INTERNAL_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * One line with facility and severity as in <syslog.h>; waits as long as
 * the socket is full.  False: nobody listens.  One thread at a time.
 */
bool	logsocket_write(const char *path, int priority, struct slice line);

#endif
