/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: what reports or our own store say, as one HTML page.
 *
 * The page is whole by itself: no script, nothing is fetched, and a policy in
 * it (Content-Security-Policy) forbids both.  It follows the reader's choice
 * of a light or a dark page and fits a telephone.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/buf.h"
#include "report/tally.h"

#define PAGE_LINES 200		/* of a table; the rest is one line */
#define PAGE_MAX (4u << 20)

struct page {
	const char	*title;		/* ours */
	struct slice	 about;		/* below it: anyone's text */
	/* Of the table of tallies.reporters; NULL: who reported. */
	const char	*last_title, *last_key;
};

/* `t` is sorted.  Errors show in buf_failed(). */
void	page_write(struct buf *b, const struct page *page,
	    const struct tallies *t);

#endif
