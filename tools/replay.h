/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: the command `assay replay`: what another policy would have done
 * with the messages that are in the store.
 */
#ifndef TOOLS_REPLAY_H
#define TOOLS_REPLAY_H

#include "tools/tool.h"

extern const struct tool_command replay_command;

#endif
