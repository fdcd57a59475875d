/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolvconf: says when resolv.conf may have changed, by inotify(7).
 *
 * The file is often a symbolic link to one that a program rewrites, and is
 * written in place as well as replaced; a folder on the way may be a link, or
 * come later.  What is watched is the file, and each name on the way to it, in
 * the folder where it is.
 */
#ifndef MILTER_RESOLVCONF_H
#define MILTER_RESOLVCONF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Names on the way, links included; what is further is not watched (ours). */
#define RESOLVCONF_NAMES 32

struct resolvconf_name {
	int	folder;			/* inotify's number of it */
	char	name[NAME_MAX + 1];
};

struct resolvconf {
	const char		*path;	/* borrowed */
	int			 fd;	/* -1: inotify is not available */
	int			 file;	/* inotify's number of it, or -1 */
	size_t			 count;
	struct resolvconf_name	 names[RESOLVCONF_NAMES];
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
