/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: all that the daemon shows of itself: what it has counted, and
 * how things are now.
 *
 * From any thread, but for figures_start().
 */
#ifndef MILTER_FIGURES_H
#define MILTER_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "metrics/outlet.h"

/* Before the first message: everything is counted from here on. */
bool		 figures_start(void);
/* Where the configuration wants them shown; borrowed from it. */
struct outlet_options	figures_outlet(const struct config *c);
/* "1204 messages, 3 with a temperror, 2 in progress ..." */
void		 figures_line(char *out, size_t size);

#endif
