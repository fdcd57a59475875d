/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlsa: the record of one's own certificate.
 */
#ifndef TOOLS_TLSA_H
#define TOOLS_TLSA_H

#include "base/buf.h"
#include "tools/tool.h"

/* "3 1 1 0a1b...", as a zone file has it, of the data of a TLSA record. */
void		tlsa_text(struct slice data, struct buf *out);

extern const struct tool_command tlsa_command;

#endif
