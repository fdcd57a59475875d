/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overview: the command `assay overview`: what this host saw, by its store.
 */
#ifndef TOOLS_OVERVIEW_H
#define TOOLS_OVERVIEW_H

#include "tools/tool.h"

extern const struct tool_command overview_command;

#endif
