/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate: assay migrate, which makes an assay.yaml of the configuration of
 * OpenDKIM and OpenDMARC.
 */
#ifndef TOOLS_MIGRATE_H
#define TOOLS_MIGRATE_H

#include "tools/tool.h"

enum tool_exit	migrate_command(struct tool *t, int argc, char **argv);

#endif
