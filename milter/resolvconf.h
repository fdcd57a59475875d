/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolvconf: says when resolv.conf may have changed, by inotify(7).
 *
 * The file is often a symbolic link to one that a program rewrites, and is
 * written in place as well as replaced: what is watched is the file, the
 * folder of its name, and the folder that the link leads to.
 */
#ifndef MILTER_RESOLVCONF_H
#define MILTER_RESOLVCONF_H

#include <limits.h>
#include <stdbool.h>

struct resolvconf {
	const char	*path;		/* borrowed */
	int		 fd;		/* -1: inotify is not available */
	char		 target[PATH_MAX];	/* without links */
};

/* `path` NULL: /etc/resolv.conf. */
void	resolvconf_open(struct resolvconf *w, const char *path);
void	resolvconf_close(struct resolvconf *w);
/*
 * Waits for `ms`, or until the file has changed and has then stayed the same
 * for a moment.  True when it may be another one now; without inotify always
 * true, after the time.
 */
bool	resolvconf_wait(struct resolvconf *w, int ms);

#endif
