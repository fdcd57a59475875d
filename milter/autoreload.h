/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoreload: have the files of a configuration changed?
 *
 * One thread for one configuration.
 */
#ifndef MILTER_AUTORELOAD_H
#define MILTER_AUTORELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* All zero: no file is watched. */
struct autoreload {
	struct autoreload_file	*files;
	size_t			 count;
	const char		*changed;	/* the first of those that are
						   others; borrowed from the
						   configuration */
	int64_t			 again_us;	/* not before */
};

enum autoreload_step {
	AUTORELOAD_NOTHING,
	AUTORELOAD_CHANGED,	/* a file is another one than was read */
	/* The last reload was refused.  What it wants may be there now: a
	   file that only the new configuration names, a key, a folder. */
	AUTORELOAD_AGAIN
};

/*
 * Watches the files of the configuration if it has auto-reload; ends what was
 * before.  False: there is no memory, and none is watched.
 */
bool	autoreload_begin(struct autoreload *a, const struct config *c);
void	autoreload_end(struct autoreload *a);
/*
 * Call once a second or so.  CHANGED once for a change, and not before the
 * file has been the same for two looks, so that it is complete; AGAIN
 * each 5 s while `refused`.  `c` is that of autoreload_begin().
 */
enum autoreload_step	autoreload_due(struct autoreload *a,
			    const struct config *c, bool refused);

#endif
