/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oldconf: the configuration files of OpenDKIM and OpenDMARC.
 *
 * Lines of "Name value"; what follows a '#' is a comment.  Names are compared
 * without regard to case, and of several settings with one name the last
 * counts.  A data set is a list, a file with an item in each line, or such a
 * file whose items are patterns; no other kind is read.  All memory is the
 * arena's, and short memory shows in arena_failed().
 */
#ifndef TOOLS_OLDCONF_H
#define TOOLS_OLDCONF_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "tools/tool.h"

/* How deep OpenDKIM follows its setting Include. */
#define OLDCONF_DEPTH 5

struct oldconf_setting {
	struct slice		 name, value;
	const char		*path;
	unsigned int		 line;
	/* It was looked up: it has a counterpart. */
	bool			 used;
	struct oldconf_setting	*next;
};

struct oldconf {
	struct arena		*arena;
	const char		*program;	/* "OpenDKIM" */
	struct oldconf_setting	*first, **last;
};

enum oldset_kind { OLDSET_LIST, OLDSET_FILE, OLDSET_PATTERNS };

struct oldset_item {
	struct slice		 key;
	struct slice		 value;		/* empty: none */
	struct oldset_item	*next;
};

struct oldset {
	enum oldset_kind	 kind;
	struct oldset_item	*first;
};

/* Reads the file and those that it includes.  Reports failures on stderr. */
enum tool_exit	 oldconf_read(struct oldconf *c, struct arena *arena,
		    const char *program, const char *path);

/* NULL when it is not set.  Marks all of that name as used. */
struct oldconf_setting *oldconf_find(struct oldconf *c, const char *name);
/* Its value, or an empty slice. */
struct slice	 oldconf_value(struct oldconf *c, const char *name);
bool		 oldconf_bool(struct oldconf *c, const char *name,
		    bool fallback);
/* False: not set, or not a number from 0 to `max`. */
bool		 oldconf_number(struct oldconf *c, const char *name,
		    unsigned long long max, unsigned long long *out);

/*
 * The items of the data set `name`, in their order.  `out` is empty when it
 * is not set.  When the set is of a kind that is not read, `*why` says so and
 * the result is TOOL_OK; a file that cannot be read is reported on stderr.
 */
enum tool_exit	 oldset_read(struct oldconf *c, const char *name,
		    struct oldset *out, const char **why);
/* The items of "a, b=c". */
enum tool_exit	 oldset_list(struct oldconf *c, struct slice text,
		    struct oldset *out);

#endif
