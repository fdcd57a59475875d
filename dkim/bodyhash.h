/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodyhash: all hashes of one body, in one pass and in constant memory.
 *
 * The body is brought into canonical form once for each method that is
 * asked for, and hashed once for each pair of method and length.  Used by
 * verifying and signing.
 */
#ifndef DKIM_BODYHASH_H
#define DKIM_BODYHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dkim/canon.h"
#include "dkim/crypto.h"

/* The whole body, however long: no l=. */
#define BODYHASH_ALL UINT64_MAX

struct bodyhash_digest {
	uint64_t		 length;	/* octets to hash at most */
	struct crypto_hash	 hash;
	bool			 good;		/* `value` is set */
	unsigned char		 value[DKIM_SHA256_LEN];
	struct bodyhash_digest	*next;
};

/* One method of canonicalization and the digests that use it. */
struct bodyhash_stream {
	struct dkim_sink	*sink;		/* NULL: the body has ended */
	struct dkim_canon_body	 canon;
	uint64_t		 total;		/* canonical octets so far */
	struct bodyhash_digest	*digests;
};

struct bodyhash {
	struct evp_md_st	*md;		/* borrowed */
	struct arena		*arena;		/* borrowed */
	struct bodyhash_stream	*streams[DKIM_CANONS];	/* NULL: not asked */
};

void	bodyhash_init(struct bodyhash *b, struct evp_md_st *md,
	    struct arena *arena);
/* Frees what is not the arena's; harmless when repeated. */
void	bodyhash_fini(struct bodyhash *b);

/*
 * Wants the hash of the first `length` octets of the canonical body.  The
 * same wish gives the same digest again.  The arena's; NULL: no memory.
 */
const struct bodyhash_digest	*bodyhash_want(struct bodyhash *b,
				    enum dkim_canon how, uint64_t length);
void	bodyhash_add(struct bodyhash *b, struct slice chunk);
/* Sets `good` and `value` of all digests; harmless when repeated. */
void	bodyhash_end(struct bodyhash *b);
/* Octets of the canonical body: all of them once bodyhash_end() was called.
   0 for a method that was not wanted. */
uint64_t	bodyhash_total(const struct bodyhash *b, enum dkim_canon how);

#endif
