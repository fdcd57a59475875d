/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vitals: what every daemon shows of itself: its version, its reloads, its log
 * and its process.
 *
 * Any thread, but for vitals_start().
 */
#ifndef METRICS_VITALS_H
#define METRICS_VITALS_H

#include <stdbool.h>

#include "metrics/exposition.h"

/* Before other threads. */
void	vitals_start(void);
/* A reload has ended: with a new configuration, or refused. */
void	vitals_reloaded(bool taken);
bool	vitals_last_refused(void);

void	vitals_write_daemon(struct exposition *x);
void	vitals_write_process(struct exposition *x);

#endif
