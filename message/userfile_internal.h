/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * userfile: a file of users (config/users.h) that is followed.
 *
 * From any thread; the file is read by the caller of userfile_follow().
 */
#ifndef MESSAGE_USERFILE_INTERNAL_H
#define MESSAGE_USERFILE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct userfile;

/* `path` is borrowed.  NULL, and `why`, when it cannot be read or used. */
struct userfile	*userfile_new(const char *path, char *why, size_t why_size);
void		 userfile_free(struct userfile *f);

enum userfile_news {
	USERFILE_SAME,
	USERFILE_TAKEN,		/* it has changed: the new one counts */
	USERFILE_REFUSED	/* it has changed, and is wrong, see `why`: the
				   last good one counts.  Once for a change. */
};
enum userfile_news	userfile_follow(struct userfile *f, char *why,
			    size_t why_size);
/* See users_may(). */
bool			 userfile_may(struct userfile *f, struct slice user,
			    struct slice local, struct slice domain);

#endif
