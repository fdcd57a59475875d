/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: the socket at which the metrics are read, as the configuration
 * wants it.
 *
 * One thread at a time: the one that starts the daemon, then the one that
 * reloads.
 */
#ifndef MILTER_OUTLET_H
#define MILTER_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/*
 * At the start, still with the rights to make the socket: binds it, if the
 * configuration asks for one.  False, with a sentence in `why`.
 */
bool	outlet_open(const struct config *c, char *why, size_t why_size);
/* Once there may be threads: serves it. */
bool	outlet_serve(char *why, size_t why_size);

/*
 * A reload: opens and serves the socket of the new configuration, if that
 * is another one.  False, with a sentence in `why`, and nothing has changed.
 */
bool	outlet_prepare(const struct config *old, const struct config *new,
	    char *why, size_t why_size);
/* What was prepared takes the place of the old one, or is given up. */
void	outlet_commit(void);
void	outlet_cancel(void);

/* The end of the process: removes a local socket. */
void	outlet_remove(void);

/* Who can read them, if that is more than this host: a sentence in `text`. */
bool	outlet_warning(const struct config *c, char *text, size_t size);

#endif
