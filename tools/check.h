/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check: all that the daemon would find out about a message in a file.
 */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include "tools/tool.h"

/* assay check [--ip A] [--helo H] [--from S] MESSAGE */
enum tool_exit	check_command(struct tool *t, int argc, char **argv);

#endif
