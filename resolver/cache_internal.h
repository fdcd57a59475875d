/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache: answers for as long as they may be used, in bounded memory.
 *
 * Found answers are kept for their TTL, "no data" and "no such name" for
 * theirs (RFC 2308 section 5), failures for LIMIT_DNS_FAILURE_TTL (RFC 9520
 * section 3.2), DNS_NOT_ASKED and a TTL of 0 not at all.  The answer that
 * was used least recently goes first.  Not thread-safe.
 */
#ifndef RESOLVER_CACHE_INTERNAL_H
#define RESOLVER_CACHE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/dns.h"
#include "resolver/table_internal.h"

/* What is worth being renewed: in all of its life it was asked for so often
   (ours). */
#define CACHE_OFTEN	4

struct cache;

/* `max_bytes` for everything in it, its table too.  NULL: no memory. */
struct cache	*cache_new(size_t max_bytes);
void		 cache_free(struct cache *c);
/* Answers are kept that much longer than they hold, for cache_stale(). */
void		 cache_set_stale(struct cache *c, int64_t us);

/*
 * A reference to the answer that holds at `now_us`, or NULL.  It may be
 * "no such name" of another type, or of a name above: its `name` and `type`
 * then are not those of the key.
 * `due` (may be NULL) becomes true when an entry is asked for in its last
 * tenth, has been asked for CACHE_OFTEN times, and is not being renewed.
 */
const struct dns_answer	*cache_get(struct cache *c,
			    const struct table_key *key, int64_t now_us,
			    bool *due);
/* The entry that cache_get() said is due is being renewed; it is not due any
   more, whatever comes of that. */
void	cache_note_renewal(struct cache *c, const struct table_key *key,
	    int64_t now_us);
/* The same without a trace: would there be an answer? */
bool	cache_holds(struct cache *c, const struct table_key *key,
	    int64_t now_us);
/*
 * Keeps a reference of its own to the answer, if it may be kept.  A failure
 * does not take the place of an answer that still holds.
 * `by_cname`: a CNAME led to it, so "no such name" says nothing of the
 * names below the one that was asked.
 */
void	cache_put(struct cache *c, const struct dns_answer *answer,
	    bool by_cname, int64_t now_us);

/*
 * The servers have failed to answer `key`: a reference to what they said last
 * (RFC 8767), if it is kept still.  It holds for LIMIT_DNS_STALE_TTL.  NULL:
 * there is none, or no memory.
 */
const struct dns_answer	*cache_stale(struct cache *c,
			    const struct table_key *key, int64_t now_us);

size_t	cache_entries(const struct cache *c);
/* Octets in use; after cache_put() above the maximum only by the empty
   table of a cache that has no room even for that. */
size_t	cache_bytes(const struct cache *c);

#endif
