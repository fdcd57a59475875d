/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_internal: what the parts of the store share, and its writing.
 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "base/buf.h"
#include "base/date.h"
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
	/* Correspondents noted since the last store_forget(). */
	size_t		 noted;
};

/* Ends single statements or a transaction. */
enum store_status	store_end(struct store *s);

/*
 * Brings the tables to this version, or checks that they are of it, and reads
 * what belongs to all of them.  store_end() says what came of it.
 */
void	store_migrate(struct store *s, enum store_mode mode);

/* Who writes: for each run before its records, and again on each day. */
enum store_status	store_run_add(struct store *s, uint64_t run,
			    const char *host, int64_t time);

enum store_again {
	STORE_FIRST,	/* never tried before */
	/* May be there already, even if the messages of their day have been
	   forgotten since: they are not written when that is so. */
	STORE_AGAIN
};
/*
 * All of them in one transaction, or none; those that are there already count
 * once.  `*added`: how many were new.
 */
enum store_status	store_write(struct store *s,
			    const struct store_record *records, size_t count,
			    enum store_again again, size_t *added);

/* Is there so much that is new that store_forget() should not wait? */
bool	store_is_growing(const struct store *s);

/*
 * The labels of a name from right to left, "com.example.mail": so that all
 * names below another come after it.
 */
void	store_reverse(struct slice domain, struct buf *out);

#endif
