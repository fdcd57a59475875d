/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf: text that grows, up to a hard maximum.
 *
 * Status is sticky: once an addition does not fit or memory is short, the
 * buffer keeps what it has, takes nothing more and buf_failed() is true.
 * Write everything, then ask once.  Not thread-safe.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct buf {
	char	*ptr;		/* always NUL-terminated when not NULL */
	size_t	 len;		/* octets in use, without that NUL */
	size_t	 cap;
	size_t	 max;		/* len never passes this */
	bool	 failed;
};

void	buf_init(struct buf *b, size_t max);
/* Frees; the buffer may be used again after buf_init(). */
void	buf_fini(struct buf *b);
/* Empties and clears the failure; keeps the memory. */
void	buf_reset(struct buf *b);

/* What is added must not lie in the buffer itself. */
void	buf_add(struct buf *b, struct slice s);
void	buf_adds(struct buf *b, const char *s);
void	buf_addc(struct buf *b, char c);
void	buf_addf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Cuts back to `len` octets; nothing happens when there are fewer. */
void	buf_cut(struct buf *b, size_t len);

bool	buf_failed(const struct buf *b);
/* Borrowed, until the next change of the buffer. */
struct slice	buf_slice(const struct buf *b);
/* The text as a C string of ours ("" when empty); borrowed likewise. */
const char	*buf_cstr(const struct buf *b);

#endif
