/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paths: what a message asked, by the name that led there.
 *
 * A path belongs to a name whose TXT record is asked for (a sender's SPF
 * record) and has the other questions of the last message from there.  In
 * bounded memory, under the keyed hash of table.h; the path that was used
 * least recently goes first.  Not thread-safe.
 */
#ifndef RESOLVER_PATHS_INTERNAL_H
#define RESOLVER_PATHS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/ledger.h"
#include "resolver/table_internal.h"

/* A path is given out no more often than that: what it leads to is in the
   cache then, or on its way (ours). */
#define PATHS_AGAIN_US	INT64_C(1000000)

struct paths;
struct path;

/* `max_bytes` for everything in it.  NULL: no memory. */
struct paths	*paths_new(size_t max_bytes);
void		 paths_free(struct paths *p);

/*
 * The questions from `first` on become the path of `root`, instead of
 * the one before: those whose answers are known and may be kept, at most
 * LIMIT_DNS_PATH.  PTR is not among them: it depends on the client.
 */
void	paths_note(struct paths *p, struct slice root,
	    const struct dns_entry *first);

/* The path of a name, if it is time for that; borrowed until the next call
   for `p`. */
const struct path	*paths_find(struct paths *p,
			    const struct table_key *root, int64_t now_us);
/* Its questions one by one: begin with *at = 0; false at the end. */
bool	path_next(const struct path *path, size_t *at, struct table_key *out);

size_t	paths_count(const struct paths *p);
size_t	paths_bytes(const struct paths *p);

#endif
