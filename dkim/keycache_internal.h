/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache: keys that were parsed before, by the text of their record.
 *
 * Bounded: LIMIT_DKIM_KEY_CACHE keys, the least recently used one makes
 * room; records above LIMIT_DKIM_KEY_CACHED are parsed each time.  It does
 * not know names or TTLs: whether a record is still in the DNS is for the
 * resolver to say, and the same text is always the same key.
 *
 * Thread-safe.
 */
#ifndef DKIM_KEYCACHE_INTERNAL_H
#define DKIM_KEYCACHE_INTERNAL_H

#include "base/slice.h"
#include "dkim/key.h"

struct dkim_keycache;

/* NULL: no memory. */
struct dkim_keycache	*dkim_keycache_new(void);
void			 dkim_keycache_free(struct dkim_keycache *c);

/*
 * dkim_key_parse(), from memory when it can be.  The caller gets a copy of
 * its own, and calls dkim_key_fini().
 */
enum dkim_key_status	dkim_keycache_get(struct dkim_keycache *c,
			    struct slice record, struct dkim_key *out,
			    const char **problem);

/* Keys held now, and those in the fullest bucket. */
size_t	dkim_keycache_count(struct dkim_keycache *c);
size_t	dkim_keycache_longest(struct dkim_keycache *c);

#endif
