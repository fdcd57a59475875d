/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog: shows the service manager that mail would be served.
 */
#ifndef MILTER_WATCHDOG_H
#define MILTER_WATCHDOG_H

#include <stdbool.h>

#include "process/listen.h"

/*
 * When the service manager asks for it (sd_watchdog_enabled(3)), a thread
 * connects to our own socket three times in the interval, negotiates as a
 * mail server does, and sends WATCHDOG=1 only when libmilter has answered.
 * False: no thread.
 */
bool	watchdog_start(struct listener *l);

#endif
