/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zmem: the memory of zlib, by base/mem.h.
 */
#ifndef REPORT_ZMEM_INTERNAL_H
#define REPORT_ZMEM_INTERNAL_H

#include "base/mem.h"

/* An alloc_func and a free_func. */
static inline void *
zmem_alloc(void *opaque, unsigned int items, unsigned int size)
{
	(void)opaque;
	return mem_array(items, size);
}

static inline void
zmem_free(void *opaque, void *ptr)
{
	(void)opaque;
	mem_free(ptr);
}

#endif
