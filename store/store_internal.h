/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_internal: what the parts of the store share, and its writing.
 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "store/db_internal.h"
#include "store/record_internal.h"
#include "store/store.h"

struct store {
	struct db	*db;
	uint64_t	 secret[2];	/* of this store: keys of its hashes */
	char		 why[300];
	/* Written to today already (a hash): see correspondents in write.c */
	uint64_t	*known;
	int64_t		 known_day;
};

#define STORE_SECONDS INT64_C(86400)	/* of a day */

/* Notes what is wrong, for store_why(). */
enum store_status	store_note(struct store *s, enum store_status status);
/* Ends single statements or a transaction. */
enum store_status	store_end(struct store *s);

/* Who writes: once for each run, before its records. */
enum store_status	store_run_add(struct store *s, uint64_t run,
			    const char *host, int64_t started);
/*
 * All of them in one transaction, or none; those that are there already count
 * once.  `*added`: how many were new.
 */
enum store_status	store_write(struct store *s,
			    const struct store_record *records, size_t count,
			    size_t *added);

#endif
