/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scrape: the metrics over HTTP, GET /metrics, in a thread of its own.
 *
 * At most LIMIT_METRICS_CLIENTS connections are served at a time; the others
 * wait in the kernel's queue.  One that is idle for LIMIT_METRICS_SECONDS is
 * closed.  All who ask within a second get one text, so that many readers cost
 * as much as one.  Only readers ever wait.
 */
#ifndef METRICS_SCRAPE_H
#define METRICS_SCRAPE_H

#include <stdbool.h>

#include "metrics/exposition.h"

struct scrape;

/* Writes all families.  In the thread of the server. */
typedef void	scrape_write_fn(void *arg, struct exposition *x);

/*
 * Loads the library of the server, before the first scrape_start().  False,
 * with a sentence in `why`.  One thread at a time.
 */
bool		 scrape_load(char *why, size_t why_size);
/*
 * `fd` listens, and is owned from now on, also on failure.  Signals that the
 * caller blocks are blocked in the thread.  NULL: no thread or no memory.
 */
struct scrape	*scrape_start(int fd, scrape_write_fn *write, void *arg);
/* Ends the thread and its connections, at once.  NULL is harmless. */
void		 scrape_stop(struct scrape *s);

#endif
