/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help: what a command is for, its arguments and options, and which word was
 * meant by one that is not known.
 */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

#include <stdio.h>

#include "tools/tool.h"

/* All of one command; `own` are its options, ended by a NULL name. */
void		 help_command(FILE *out, const struct tool_command *c,
		    const struct tool_option *own);
/* One line for each of `list`, which ends with NULL, and where to read more. */
void		 help_list(FILE *out, const struct tool_command *const *list);
/* "usage: assay NAME ..." on stderr. */
enum tool_exit	 help_usage(const struct tool_command *c);
/*
 * "assay: not KIND: "WORD"; did you mean "OTHER"?" on stderr; without one that
 * is near, all of `words`, which ends with NULL.  `front` is what is before
 * each of them and may be before `word`: "--", or "".
 */
enum tool_exit	 help_unknown(const char *kind, const char *front,
		    const char *word, const char *const *words);

#endif
