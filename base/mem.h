/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem: the one door to the heap.
 *
 * Every allocation of assay goes through here, so that tests can make the
 * n-th one fail.  A failed allocation returns NULL; it never ends the
 * process.  All functions may be called from any thread.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Zeroed memory, owned by the caller, or NULL.  A size of 0 is one byte. */
void	*mem_alloc(size_t size);
/* count * size bytes, zeroed; NULL as well when the product overflows. */
void	*mem_array(size_t count, size_t size);
/*
 * As realloc(), and a size of 0 is one byte: what is new is not zeroed, the
 * old block stays valid when NULL is returned.
 */
void	*mem_resize(void *ptr, size_t size);
/* Copies len bytes and adds a NUL. */
char	*mem_dup(const char *ptr, size_t len);
void	 mem_free(void *ptr);
/* Overwrites len bytes in a way the compiler keeps, then frees. */
void	 mem_wipe_free(void *ptr, size_t len);

/*
 * How many allocations have failed in this thread since it began.  Who has
 * work done for which memory must not run out asks before and after it:
 * then nothing that was caused by lack of memory counts as a result.
 */
unsigned long	mem_failures(void);

/*
 * For a program of a thousand threads, before it has any: they share as many
 * heaps as there are processors, so that what one thread gives back another
 * can take.  The C library has eight for each.
 */
void	mem_share_heaps(void);

/*
 * For tests: let `after` more allocations succeed, then fail `count` of
 * them (0: switch the injection off).  mem_fail_hits() is how many have
 * failed since.
 */
void		mem_fail_after(unsigned long after, unsigned long count);
unsigned long	mem_fail_hits(void);

#endif
