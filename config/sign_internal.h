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

/* struct config_seal */
schema_read_fn	seal_section;
extern const struct schema_key seal_keys[];

#endif
