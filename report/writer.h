/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: a DMARC aggregate report as XML (RFC 9990 section 3.1).
 *
 * It goes out row by row, so that memory does not grow with it.  Text may be
 * of senders: what XML cannot hold becomes U+FFFD.
 */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include <stdbool.h>

#include "report/aggregate.h"

struct report_writer;

/* Takes the next octets; borrowed for the call.  False: it cannot. */
typedef bool	report_write_fn(void *arg, const char *ptr, size_t len);

/*
 * Begins with all of `r` but its rows; empty elements are left out.  `error`
 * is a sentence for the reader, or empty.  NULL: no memory.
 */
struct report_writer	*report_writer_new(const struct report *r,
			    struct slice error, report_write_fn *out,
			    void *arg);
/* One row; `next` of it, and selectors that are empty, do not count. */
void			 report_writer_row(struct report_writer *w,
			    const struct report_row *row);
/* Ends it and frees.  False: something was not written. */
bool			 report_writer_end(struct report_writer *w);

#endif
