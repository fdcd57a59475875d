/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users: which addresses are whose, from a file (sign: for-user).
 *
 * A line has a user name, as in SMTP AUTH, and addresses after it, separated
 * by blanks or commas; "#" begins a comment.  In both, "*" matches any text,
 * and case does not matter.  A user may have several lines.
 */
#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct users;

/*
 * NULL, and `why` says "FILE:LINE: ..." or "FILE: ...", when it cannot be
 * read, has a line that cannot, or everybody may write it.
 */
struct users	*users_read(const char *path, char *why, size_t why_size);
/* The same for text in memory that is called `name` in messages. */
struct users	*users_parse(struct slice text, const char *name, char *why,
		    size_t why_size);
void		 users_free(struct users *u);

/* May the user write as this address?  `domain` is canonical. */
bool		 users_may(const struct users *u, struct slice user,
		    struct slice local, struct slice domain);
/* Addresses of all users. */
size_t		 users_count(const struct users *u);

#endif
