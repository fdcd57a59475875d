/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: the section "sign" of the configuration.
 */
#ifndef CONFIG_SIGN_INTERNAL_H
#define CONFIG_SIGN_INTERNAL_H

#include "config/config.h"
#include "config/schema.h"

/* struct config_sign * and count; nothing at all is no rules */
schema_read_fn	sign_rules;
/* The keys of a rule, and those of them that have defaults. */
extern const struct schema_key sign_keys[];
extern const struct schema_key sign_default_keys[];
/* When all files are read: rules take the defaults.  False: no memory. */
bool		sign_complete(struct schema *s, struct config *c);
/* Of "keys" that are in a folder. */
extern const struct schema_key sign_directory_keys[];

/* Do the selectors of the rule's keys and `domain` fit into the DNS together?
   False: a message at `at` says that they do not. */
bool		sign_check_key_name(struct schema *s,
		    const struct yaml_node *at, const struct config_sign *r,
		    struct slice domain);

#endif
