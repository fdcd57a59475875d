/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal: the section "seal" of the configuration.
 */
#ifndef CONFIG_SEAL_INTERNAL_H
#define CONFIG_SEAL_INTERNAL_H

#include "config/schema.h"

/* struct config_seal */
schema_read_fn	seal_section;
extern const struct schema_key seal_keys[];

#endif
