/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: lines for the postmaster, to syslog or stderr, as text or JSON.
 *
 * Foreign text never breaks a line: what is not printable ASCII leaves as
 * an escape.  Every function may be called from any thread.
 */
#ifndef EVENT_LOG_H
#define EVENT_LOG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"
#include "config/config.h"

/* Before any configuration is known, lines go to stderr as text. */
void	log_configure(enum config_log_target target,
	    enum config_log_level level, enum config_log_format format);
/* -f: stderr, even if the configuration says otherwise. */
void	log_force_stderr(void);

/*
 * From now on one thread writes, and no caller ever waits for the log
 * (event/logqueue.c).  Before, each line is written by its caller.  After any
 * fork(), with the signals blocked that are not for it.  False: no thread,
 * everything stays as it is.
 */
bool	log_start(void);
/* Waits until all is written, at most `ms`: for the end of the process. */
void	log_flush(int ms);
/* How many lines were lost since the start: the log was slow or away. */
unsigned long	log_lost(void);

/* True when lines of this level are written at all. */
bool	log_wants(enum config_log_level level);
/* One line of prose.  Foreign text in it is escaped as a whole. */
void	log_line(enum config_log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* A configuration that was refused at a reload: a line for each mistake. */
void	log_not_reloaded(const char *why);

/*
 * A line of named values, e.g.  message client=192.0.2.1 spf=pass ...  or
 * {"event":"message","client":"192.0.2.1","spf":"pass"}.  Values are added
 * in order; log_record_end() writes the line and frees.
 */
struct log_record {
	struct buf	out;
	struct json	json;
	bool		is_json;
	enum config_log_level	level;
};
void	log_record_begin(struct log_record *r, enum config_log_level level,
	    const char *event);
/* `key` is ours; the value may be anything. */
void	log_record_text(struct log_record *r, const char *key,
	    struct slice value);
void	log_record_number(struct log_record *r, const char *key,
	    long long value);
/* Milliseconds with one decimal, from microseconds. */
void	log_record_ms(struct log_record *r, const char *key, long long us);
/*
 * A line has become longer than LIMIT_LOG_LINE: back to how it was at the
 * mark, with arrays and objects as they were open then.
 */
struct log_mark {
	size_t	len;
	bool	comma;
};
struct log_mark	log_record_mark(const struct log_record *r);
bool	log_record_is_full(const struct log_record *r);
void	log_record_return(struct log_record *r, const struct log_mark *mark);
void	log_record_end(struct log_record *r);

#endif
