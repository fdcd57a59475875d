/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_rows: from what a store holds to what a report of ours says.
 */
#ifndef TOOLS_REPORT_ROWS_H
#define TOOLS_REPORT_ROWS_H

#include "report/verp.h"
#include "report/writer.h"
#include "store/store.h"
#include "tools/tool.h"

/* The head of a report, and the memory that its texts are in. */
struct report_head {
	struct report	report;
	char		id[REPORT_ID];
	char		error[80];	/* or empty */
	char		email[320];
};

/* Who reports and whom to ask: the section report of the configuration, or the
   authserv-id and its postmaster.  Borrowed from `t` and `h`. */
void	report_head_names(struct report_head *h, const struct tool *t);
/* All the rest, borrowed from `p` and `h`. */
void	report_head_fill(struct report_head *h, const struct store_policy *p);
/* Writes a row. */
void	report_row_write(struct report_writer *w, const struct store_row *r);

/* "2026-11-28" as a day since the Epoch. */
bool	report_day_read(const char *text, int64_t *day);

#endif
