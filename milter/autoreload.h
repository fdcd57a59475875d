/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoreload: have the files of a configuration changed?
 *
 * One thread for one configuration.
 */
#ifndef MILTER_AUTORELOAD_H
#define MILTER_AUTORELOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "config/config.h"

struct autoreload {
	struct stat	taken[CONFIG_FILES];	/* what has been read */
	struct stat	last[CONFIG_FILES];	/* what the last look saw */
	int64_t		again_us;	/* not before */
};

enum autoreload_step {
	AUTORELOAD_NOTHING,
	AUTORELOAD_CHANGED,	/* a file is another one than was read */
	/* The last reload was refused.  What it wants may be there now: a
	   file that only the new configuration names, a key, a folder. */
	AUTORELOAD_AGAIN
};

void	autoreload_begin(struct autoreload *a, const struct config *c);
/*
 * Call once a second or so.  CHANGED once for a change, and not before the
 * file has been the same for two looks, so that it is complete; AGAIN
 * each 5 s while `refused`.
 */
enum autoreload_step	autoreload_due(struct autoreload *a,
			    const struct config *c, bool refused);

#endif
