/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: the records of messages on their way into the store.
 *
 * One thread writes them in batches; who publishes an event only puts it into
 * a bounded queue and never waits.  While the database is away they go to a
 * bounded file and are read in later.  What has to be dropped is counted and
 * logged, once a minute.
 *
 * A process that is killed loses what was not written for LIMIT_STORE_WAIT_MS
 * at most, as long as the database keeps up; no message counts twice.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

struct store_writer;

/* Texts are copied. */
struct store_writer_options {
	const char	*name;		/* of the store: store_name_check() */
	const char	*spool;		/* the path of the file */
	const char	*host;		/* who we are */
	int64_t		 keep;		/* days */
};

/*
 * Starts the thread: with the signals blocked that are not for it.  A
 * database that is away is no reason to fail.  NULL: no memory, no thread.
 */
struct store_writer	*store_writer_start(
			    const struct store_writer_options *options);
/* An event_writer_fn; `arg` is a store_writer. */
void			 store_writer_event(void *arg, const struct event *e);
/*
 * For the end of the process: waits until all is in the database, at most
 * `ms`; what is left then goes into the file.  Nothing is put any more, and
 * the writer stays: its thread may be anywhere.
 */
void			 store_writer_end(struct store_writer *w, int ms);

struct store_writer_figures {
	uint64_t	 stored;	/* records in the database */
	uint64_t	 spilled;	/* put into the file */
	uint64_t	 dropped;	/* lost */
	uint64_t	 waiting;	/* in the queue now */
	uint64_t	 spool_octets;	/* in the file now */
	bool		 away;		/* the database cannot be used now */
	int64_t		 late;		/* days: see store_forget_day() */
};
/* Any thread. */
void			 store_writer_figures(struct store_writer *w,
			    struct store_writer_figures *out);

#endif
