/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate_internal: the parts of assay migrate.
 *
 * The new configuration is written in one pass into `out`; what has no
 * counterpart becomes a line of `left`, which the head of the file shows.
 */
#ifndef TOOLS_MIGRATE_INTERNAL_H
#define TOOLS_MIGRATE_INTERNAL_H

#include "base/buf.h"
#include "tools/oldconf.h"

#define MIGRATE_TEXT_MAX (64U << 20)

struct migrate {
	struct arena	*arena;
	struct oldconf	 dkim, dmarc;	/* without settings: not given */
	struct buf	 out;
	struct buf	 left;
	unsigned int	 left_count;
};

/* `s` as a YAML scalar, in quotes where it needs them. */
void		 migrate_scalar(struct buf *b, struct slice s);
/* "  - " and the like belong to the caller; [a, b, c]. */
void		 migrate_list_item(struct buf *b, struct slice s, bool first);
/* A comment for a thing without counterpart: "NAME TEXT (FILE:LINE): WHY". */
void		 migrate_left(struct migrate *m, const struct oldconf *c,
		    const char *name, struct slice text, const char *why);

/* The section `origins`. */
enum tool_exit	 migrate_origins(struct migrate *m);
/* The section `sign`. */
enum tool_exit	 migrate_sign(struct migrate *m);
/* The section `policy`. */
enum tool_exit	 migrate_policy(struct migrate *m);

#endif
