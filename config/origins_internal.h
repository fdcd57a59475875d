/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * origins: the section "origins" of the configuration.
 */
#ifndef CONFIG_ORIGINS_INTERNAL_H
#define CONFIG_ORIGINS_INTERNAL_H

#include "config/config.h"
#include "config/schema.h"

/* struct config_origin * and count; an empty list: no mail is ours */
schema_read_fn	origins_list;
/* The keys of an origin. */
extern const struct schema_key origins_keys[];

/*
 * After all keys: without `origins` its short form is made into three
 * (authenticated, daemon-name ORIGINATING, trusted-networks); with both an
 * error at `root`'s key trusted-networks.
 */
bool	origins_complete(struct schema *s, const struct yaml_node *root,
	    struct config *c);

#endif
