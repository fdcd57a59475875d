/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoreload: have the files of a configuration changed?
 *
 * One thread for one configuration.
 */
#ifndef MILTER_AUTORELOAD_H
#define MILTER_AUTORELOAD_H

#include <stdbool.h>
#include <sys/stat.h>

#include "config/config.h"

struct autoreload {
	struct stat	taken[CONFIG_FILES];	/* what has been read */
	struct stat	last[CONFIG_FILES];	/* what the last look saw */
};

void	autoreload_begin(struct autoreload *a, const struct config *c);
/*
 * Call once a second or so.  True once for a change: a file is another one
 * than was read, and has been the same for two looks, so that nobody is
 * writing it.
 */
bool	autoreload_due(struct autoreload *a, const struct config *c);

#endif
