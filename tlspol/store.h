/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: the policies in a file, so that they survive a restart: a domain that
 * was protected stays so, even if an attacker can disturb its DNS then.
 *
 * The file is written whole, to a new one that takes its place when it is on
 * the disk.  One that is not whole, or not ours, is set aside.
 */
#ifndef TLSPOL_STORE_H
#define TLSPOL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "tlspol/memory.h"

/* All policies that are valid at that time, as text. */
void	store_write_text(const struct memory *m, int64_t wall,
	    struct buf *out);
/*
 * The reverse.  False: `*line` is the first that is wrong, and what stood
 * before it is in the memory; 0: memory was short.  What has expired is
 * passed over.
 */
bool	store_read_text(struct memory *m, struct slice text, int64_t wall,
	    size_t *line);

enum store_loaded {
	STORE_LOADED,
	STORE_ABSENT,		/* no such file: the first start */
	STORE_BROKEN,		/* renamed to FILE.broken */
	STORE_UNREADABLE	/* left as it is */
};
/* `why` says what is wrong with a file that is broken or unreadable. */
enum store_loaded	store_load(struct memory *m, const char *path,
			    int64_t wall, char *why, size_t why_size);

/*
 * Writes in a thread of its own, and one at a time: false when one is still
 * running, or none can be started.  `text` is taken over.
 */
bool	store_save(const char *path, struct buf *text);
/* Waits for the writing to end.  What became of the last one: NULL is good;
   static otherwise, or strerror()'s. */
const char	*store_finish(void);
/* A writing has ended since store_save(); then store_finish() does not
   wait. */
bool	store_has_ended(void);

#endif
