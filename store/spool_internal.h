/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool: records that wait in a file while their database is away.
 *
 * Added at the end, taken from the front; when all are taken the file is
 * empty again.  What was taken counts as taken when spool_taken() says so: a
 * process that ends before takes them again, and the database passes over
 * those that it has.  A record that was cut off by the end of a process, or is
 * damaged, ends the file.
 *
 * One process has the file (a lock).  Any thread.
 */
#ifndef STORE_SPOOL_INTERNAL_H
#define STORE_SPOOL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "store/record_internal.h"

struct spool;

/* NULL, with a sentence, when the file cannot be used. */
struct spool	*spool_open(const char *path, size_t max, char *why,
		    size_t why_size);
void		 spool_close(struct spool *s);

/* All of them are on the disk then.  False: none is; it is full, or errno. */
bool	spool_add(struct spool *s, const struct store_record *records,
	    size_t count);
/*
 * The next ones, at most `max`, and no more octets than `text` takes: their
 * bodies lie there.  `*end` is for spool_taken().  0: none are left.
 */
size_t	spool_take(struct spool *s, struct store_record *records, size_t max,
	    struct buf *text, size_t *end);
void	spool_taken(struct spool *s, size_t end);
/* All that waits is given up. */
void	spool_clear(struct spool *s);
/* Octets that wait. */
size_t	spool_size(struct spool *s);

#endif
