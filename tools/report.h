/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: assay report, which reads the aggregate reports that others send.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "tools/tool.h"

enum tool_exit	report_command(struct tool *t, int argc, char **argv);

#endif
