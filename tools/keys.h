/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: private keys for signing, and whether the DNS knows them.
 */
#ifndef TOOLS_KEYS_H
#define TOOLS_KEYS_H

#include "tools/tool.h"

/* assay keygen --domain D --selector S [--type T] [--bits N] DIR */
enum tool_exit	keygen_command(struct tool *t, int argc, char **argv);
/* assay key-check --domain D --selector S KEYFILE */
enum tool_exit	key_check_command(struct tool *t, int argc, char **argv);

#endif
