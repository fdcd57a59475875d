/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: private keys for signing, and whether the DNS knows them.
 */
#ifndef TOOLS_KEYS_H
#define TOOLS_KEYS_H

#include "tools/tool.h"

extern const struct tool_command keygen_command, key_check_command;

#endif
