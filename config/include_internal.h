/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * include: a configuration in several files.
 */
#ifndef CONFIG_INCLUDE_INTERNAL_H
#define CONFIG_INCLUDE_INTERNAL_H

#include "config/config_internal.h"
#include "config/schema.h"

/* `include` and `observe-policy`: a path or a list of paths. */
schema_read_fn	include_files, include_observed;

/* The root of one more file, NULL for an empty one: which lists it has. */
void	include_note_given(struct config *c, const struct yaml_node *root);
/* Notes its keys; false: a mistake, one of them is in an earlier file. */
bool	include_take_keys(struct schema *s, const struct yaml_node *root,
	    struct config_owned *o);
/*
 * Adds a file to config.files.  Before it is read, so that a change meanwhile
 * is seen.  `path` is of the configuration's arena.  False: no memory.
 */
bool	include_note_file(struct config *c, const char *path);
/*
 * With auto-reload, adds the files that keys name, when all keys are known
 * and before the first of these files is read.  False: no memory.
 */
bool	include_note_named_files(struct schema *s, struct config *c);

#endif
