/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate: assay migrate, which makes an assay.yaml of the configuration of
 * OpenDKIM and OpenDMARC.
 */
#ifndef TOOLS_MIGRATE_H
#define TOOLS_MIGRATE_H

#include "tools/tool.h"

extern const struct tool_command migrate_command;

#endif
