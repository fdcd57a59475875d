/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: all that the daemon shows of itself: what it has counted, and
 * how things stand now.
 *
 * From any thread, but for figures_start().
 */
#ifndef MILTER_FIGURES_H
#define MILTER_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include "metrics/scrape.h"

/* Before the first message: everything is counted from here on. */
bool		 figures_start(void);
/* A reload has ended: with a new configuration, or refused. */
void		 figures_reloaded(bool taken);
/* A scrape_write_fn. */
scrape_write_fn	 figures_write;
/* "1204 messages, 3 with a temperror, 2 in hand ..." */
void		 figures_line(char *out, size_t size);

#endif
