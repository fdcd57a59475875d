/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keylayout: where keys are in a folder, by a pattern of their paths.
 *
 * The pattern (message/keypath_internal.h) has "%{domain}", and "%{selector}"
 * unless there is one for all domains.
 *
 * From any thread.
 */
#ifndef MESSAGE_KEYLAYOUT_INTERNAL_H
#define MESSAGE_KEYLAYOUT_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/domain.h"
#include "base/limits.h"
#include "config/config.h"

struct keylayout;

/* `c` is borrowed.  NULL: no memory. */
struct keylayout	*keylayout_new(const struct config_sign_directory *c);
/* NULL is harmless. */
void			 keylayout_free(struct keylayout *l);

struct keylayout_file {
	struct domain	selector;
	struct stat	st;		/* a regular file */
	char		path[PATH_MAX];
};
struct keylayout_files {
	size_t			count;
	struct keylayout_file	files[LIMIT_SIGN_KEYS];
	int			error;	/* errno of what could not be seen,
					   the folder of all keys above all */
};
/*
 * The files of a domain, the newest first; of more than LIMIT_SIGN_KEYS the
 * newest.  False: memory or descriptors have run out.
 */
bool	keylayout_find(struct keylayout *l, struct slice domain,
	    struct keylayout_files *out);

/* Puts one more into its place. */
void	keylayout_insert(struct keylayout_files *out,
	    const struct keylayout_file *f);

typedef void	keylayout_fn(void *arg, const char *path);
/* Calls fn for each key of all domains.  0, or the errno of the folder. */
int	keylayout_each(const struct keylayout *l, keylayout_fn *fn, void *arg);

#endif
