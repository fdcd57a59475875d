/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pidfile: the file that says which process the daemon is.
 */
#ifndef PROCESS_PIDFILE_H
#define PROCESS_PIDFILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes the process id to a new file.  A stale one is replaced; a symbolic
 * link, or anything else but a file, is an error.
 * False, with a sentence in `why`.
 */
bool	pidfile_write(const char *path, char *why, size_t why_size);
/* Removes the file if it is still ours. */
void	pidfile_remove(void);

#endif
