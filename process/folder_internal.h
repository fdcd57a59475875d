/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folder: the folder of a file that root makes, held by a descriptor.
 *
 * The socket and the pid file may be in a folder of another user, who could
 * replace a name with a symbolic link between two calls.  So
 * the folder is opened once, and names are looked up in it and never
 * followed.
 */
#ifndef PROCESS_FOLDER_INTERNAL_H
#define PROCESS_FOLDER_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct folder {
	int	fd;			/* O_PATH; -1: none */
	char	name[NAME_MAX + 1];	/* of the file in it */
};

/*
 * Opens the folder of `path`.  False, with a sentence in `why`, when it is
 * not there or when everybody may write to it and remove what others made.
 */
bool	folder_open(struct folder *f, const char *path, char *why,
	    size_t why_size);
void	folder_close(struct folder *f);
/* Removes the file if it is still the one that `made` describes. */
void	folder_remove(const struct folder *f, const struct stat *made);

#endif
