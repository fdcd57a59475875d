/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper: the store of the configuration, if it names one.
 */
#ifndef MILTER_KEEPER_H
#define MILTER_KEEPER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "metrics/exposition.h"

/* False, with a sentence, for a store that this assay cannot have. */
bool	keeper_check(const struct config *c, char *why, size_t why_size);
/* Where it writes, for confine(): two folders, or "". */
void	keeper_folders(const struct config *c, char database[PATH_MAX],
	    char spool[PATH_MAX]);
/* Before the first message.  False: no memory, no thread. */
bool	keeper_start(const struct config *c);
/* At the end of the process; waits at most `ms` for the database. */
void	keeper_end(int ms);
/* Any thread.  Is there a store, and can it not be used now? */
bool	keeper_is_away(void);
/* Likewise. */
void	keeper_write(struct exposition *x);

#endif
