/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logqueue: log lines on their way to a writer that may be slow.
 *
 * A full syslog socket or a pipe without a reader must not stop mail: one
 * thread writes, all others only put lines into a bounded queue.  What
 * does not fit is lost and counted, and the count is reported as soon as a
 * line has been written again.  Any thread.
 */
#ifndef EVENT_LOGQUEUE_INTERNAL_H
#define EVENT_LOGQUEUE_INTERNAL_H

#include <stdbool.h>

#include "base/slice.h"
#include "config/config.h"

struct logqueue_line {
	enum config_log_target	 target;
	enum config_log_level	 level;
	struct slice		 text;
};

/* Writes a line, however long that takes.  False: it is lost. */
typedef bool	logqueue_write_fn(const struct logqueue_line *line);
/* So many lines were lost; called by the thread that writes. */
typedef void	logqueue_lost_fn(unsigned long count);

/*
 * Starts the thread, once in a process and after any fork().  Signals that
 * are blocked by the caller are blocked in it.  False: no thread.
 */
bool	logqueue_start(logqueue_write_fn *write_line, logqueue_lost_fn *lost);
/* False when there is no thread: the caller writes by itself. */
bool	logqueue_put(const struct logqueue_line *line);
/* One more is lost: for lines that could not be made. */
void	logqueue_count_lost(void);
/* How many were, since the start of the process. */
unsigned long	logqueue_lost(void);
/* Waits until all is written, at most `ms`.  False: something is left. */
bool	logqueue_flush(int ms);

#endif
