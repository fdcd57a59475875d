/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool: memory for a library that takes and gives back many small blocks, all
 * of them in one thread.
 *
 * The threads of the daemon share few heaps (mem_share_heaps()), and what is
 * beyond the few blocks that the C library keeps for each thread costs a lock
 * that others hold.  Here what a thread gives back waits for its next request,
 * POOL_KEPT_MAX octets of it at most.  A block may be given back by another
 * thread than the one that took it.
 *
 * Injected failures (mem.h) do not happen here.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/sanitizer.h"

/* Larger blocks go to the heap (ours). */
#define POOL_BLOCK_MAX	1024u
/* Of one thread (ours).  The address sanitizer has to see what is given
   back. */
#define POOL_KEPT_MAX	(SANITIZER_ADDRESS ? (size_t)0 : (size_t)4 << 20)

/* As malloc(), realloc() and free(). */
void	*pool_alloc(size_t size);
void	*pool_resize(void *ptr, size_t size);
void	 pool_free(void *ptr);

/* Octets that this thread keeps. */
size_t	pool_kept(void);
/* Gives them to the heap, before the thread ends or when it has no more use
   for the library. */
void	pool_leave(void);

#endif
