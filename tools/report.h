/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: assay report, which reads the aggregate reports that others send,
 * and shows and looks after those of ours.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "report/tally.h"
#include "tools/tool.h"

extern const struct tool_command report_read_command;
extern const struct tool_command report_send_command;
extern const struct tool_command report_list_command;
extern const struct tool_command report_show_command;
extern const struct tool_command report_bounce_command;
extern const struct tool_command report_suppressed_command;

/*
 * Adds foreign text to the line of `out`, as printable ASCII: white space is a
 * blank, all else "?".
 */
void	report_add_line(char *out, size_t size, struct slice text);

/* The parts of what it shows, for others that have tallies. */
void	report_text_table(struct text *t, const char *title,
	    const struct tally_table *y);
void	report_json_line(struct json *j, const struct tally_line *l);
void	report_json_tally(struct json *j, const char *name, const char *key,
	    const struct tally_table *y);

#endif
