/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sections: the parts of a configuration that each daemon has, for the table
 * of its keys.
 */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/schema.h"

extern const struct schema_key	sections_log_keys[];	/* config_log */
extern const struct schema_key	sections_resolver_keys[]; /* config_resolver */

void	sections_set_defaults(struct config_log *log,
	    struct config_resolver *r);
/*
 * Reads the zone that the file names, if it does, which the caller frees.
 * False: `why` says "FILE:LINE:COLUMN: ...".
 */
bool	sections_read_zone(struct config_resolver *r, char *why,
	    size_t why_size);

#endif
