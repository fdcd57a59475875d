/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: assay report, which reads the aggregate reports that others send.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "tools/tool.h"

extern const struct tool_command report_read_command;
extern const struct tool_command report_show_command;

#endif
