/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trusted: the text of a file that is believed.
 */
#ifndef CONFIG_TRUSTED_INTERNAL_H
#define CONFIG_TRUSTED_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads a regular file of `size` octets at most.  False, and `why` says
 * "FILE: ...".  Never waits for a writer.  Anyone who can write the file
 * decides about mail, so it is refused when everyone can write it or replace
 * it: a mode with o+w, a folder with o+w and not
 * sticky, or a sticky one in which it belongs to a third user.
 */
bool	trusted_read(const char *path, char *out, size_t size, size_t *len,
	    char *why, size_t why_size);

#endif
