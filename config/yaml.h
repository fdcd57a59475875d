/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml: a file as a tree of nodes that know their place.
 *
 * Stricter than YAML on purpose: one document; no anchors, aliases or tags;
 * no duplicate or non-scalar keys; LIMIT_YAML_BYTES, LIMIT_YAML_DEPTH,
 * LIMIT_YAML_NODES.  The only module that includes libyaml, which has taken
 * names like yaml_free() for itself.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum yaml_kind {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING
};

struct yaml_node {
	enum yaml_kind		 kind;
	unsigned int		 line, column;	/* from 1 */
	struct slice		 text;		/* scalar; NUL after it */
	bool			 quoted;	/* scalar in quotes or block */
	bool			 faulty;	/* it, or what is missing in it,
						   is a mistake that has been
						   reported */
	struct yaml_node	*key;		/* of a mapping's child */
	struct yaml_node	*child;		/* first of sequence, mapping */
	struct yaml_node	*next;
};

struct yaml_tree;

/*
 * Reads a file that is believed (config/file.h).  NULL: it cannot be opened
 * or read, is too large, or memory is short, and `why` says "FILE: ...".
 *
 * Mistakes have a line "FILE:LINE:COLUMN: ..." each in `why`, up to
 * LIMIT_CONFIG_MISTAKES, and are counted; the tree has what can be read all
 * the same, for the mistakes in that to be found as well.
 */
struct yaml_tree	*yaml_tree_read_file(const char *path, char *why,
			    size_t why_size);
/* The same for text in memory that is called `name` in messages. */
struct yaml_tree	*yaml_tree_read_text(struct slice text,
			    const char *name, char *why, size_t why_size);
unsigned int		 yaml_tree_mistakes(const struct yaml_tree *t);
void			 yaml_tree_free(struct yaml_tree *t);
/* NULL for an empty file. */
const struct yaml_node	*yaml_tree_root(const struct yaml_tree *t);

#endif
