/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: the text of a file that is believed.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads up to `size` octets of a regular file; the number of them, or -1 and
 * `why` says "FILE: ...".  Never waits for a writer.  Whoever may write the
 * file decides what becomes of mail, so it is refused when everybody may
 * write it or put another one in its place: a mode with o+w, a folder with
 * o+w and not sticky, or a sticky one in which it belongs to a third user.
 */
ssize_t	file_read(const char *path, char *out, size_t size, char *why,
	    size_t why_size);

#endif
