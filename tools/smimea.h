/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smimea: what DNS says of the certificate of a person (RFC 8162).
 */
#ifndef TOOLS_SMIMEA_H
#define TOOLS_SMIMEA_H

#include "tools/tool.h"

/* assay smimea ADDRESS */
extern const struct tool_command smimea_command;

#endif
