/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules: the section "policy" of the configuration.
 */
#ifndef CONFIG_RULES_INTERNAL_H
#define CONFIG_RULES_INTERNAL_H

#include "config/schema.h"

/* struct policy_rule * and count; nothing at all is no rules */
schema_read_fn	rules_policy;
/* The keys of a rule. */
extern const struct schema_key rules_keys[];

#endif
