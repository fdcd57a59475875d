/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stored: what the commands that read the store have in common.
 */
#ifndef TOOLS_STORED_H
#define TOOLS_STORED_H

#include <stdint.h>

#include "store/store.h"
#include "tools/tool.h"

/*
 * tool_start(), without -c by /etc/assay/assay.yaml.  tool_stop() is due in
 * either case.
 */
enum tool_exit	stored_start(struct tool *t);
/* The store of that configuration; starts if that was not done yet. */
enum tool_exit	stored_open(struct tool *t, enum store_mode mode,
		    struct store **out);
/* One by its name. */
enum tool_exit	stored_open_as(const char *name, enum store_mode mode,
		    struct store **out);
/* "7d", "12h", "30m" before now, in seconds since the Epoch; NULL: `days`. */
enum tool_exit	stored_since(const char *text, unsigned int days,
		    int64_t *out);
/* What went wrong while it was read. */
enum tool_exit	stored_failed(const struct store *s, enum store_status status);

#endif
