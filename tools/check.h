/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check: all that the daemon would find out about a message in a file.
 */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include "tools/tool.h"

extern const struct tool_command check_command;

#endif
