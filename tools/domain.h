/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: all that one's own domain publishes for mail, on one page, and what
 * to fix.
 */
#ifndef TOOLS_DOMAIN_H
#define TOOLS_DOMAIN_H

#include "tools/tool.h"

/* assay domain DOMAIN */
extern const struct tool_command domain_command;

#endif
