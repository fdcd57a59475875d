/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign: the command `assay sign`.
 */
#ifndef TOOLS_SIGN_H
#define TOOLS_SIGN_H

#include "tools/tool.h"

extern const struct tool_command sign_command;

#endif
