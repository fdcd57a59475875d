/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine: what the process may ask of the kernel once it has started.
 */
#ifndef PROCESS_CONFINE_H
#define PROCESS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Landlock: no program is executed, and nothing is written or made in the
 * file system but below `writable` (NULL-terminated, as many as are there).
 * A kernel without Landlock changes nothing.  Then seccomp: system calls
 * that are on no list of ours fail with ENOSYS, which the audit log shows.
 * Both apply to this thread and those that it starts, forever.
 *
 * Writes what is in force to `what`, e.g. "seccomp, Landlock" or "nothing".
 * False, with a sentence there, when a filter could not be loaded though the
 * kernel has it.
 */
bool	confine(const char *const *writable, char *what, size_t what_size);
/* The folder of a path, "" for none (NULL); PATH_MAX octets of room. */
void	confine_folder_of(const char *path, char *folder);

#endif
