/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack_internal: octets as gzip (RFC 1952) in lines of base64, as they come,
 * so that memory grows only with what comes out.  The same octets always
 * become the same text.
 */
#ifndef REPORT_PACK_INTERNAL_H
#define REPORT_PACK_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct report_pack;

/* The text is added to `out`, whose maximum is the limit.  NULL: no memory. */
struct report_pack	*report_pack_new(struct buf *out);
/* A report_write_fn; `arg` is a report_pack.  False: `out` has failed. */
bool			 report_pack_write(void *arg, const char *ptr,
			    size_t len);
/* The rest, and frees.  False: `out` has failed. */
bool			 report_pack_end(struct report_pack *p);

#endif
