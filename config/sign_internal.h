/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: the section "sign" of the configuration.
 */
#ifndef CONFIG_SIGN_INTERNAL_H
#define CONFIG_SIGN_INTERNAL_H

#include "config/schema.h"

/* struct config_sign * and count; nothing at all is no rules */
schema_read_fn	sign_rules;
/* The keys of a rule. */
extern const struct schema_key sign_keys[];

/* struct config_seal */
schema_read_fn	seal_section;
extern const struct schema_key seal_keys[];

#endif
