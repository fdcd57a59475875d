/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf: text that grows by doubling, up to its maximum.
 *
 * One octet of `cap` is always kept for the NUL, so cap is at most max + 1.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST	256	/* octets of the first allocation */

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max < SIZE_MAX ? max : SIZE_MAX - 1 };
}

void
buf_fini(struct buf *b)
{
	mem_free(b->ptr);
	*b = (struct buf){ .max = b->max };
}

void
buf_reset(struct buf *b)
{
	b->failed = false;
	buf_cut(b, 0);
}

/* Capacity for `need` octets, NUL included, which is at most max + 1. */
static size_t
next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;

	while (cap < need && cap <= b->max / 2)
		cap *= 2;
	if (cap < need || cap > b->max)
		cap = b->max + 1;
	return cap;
}

/* Makes room for `more` octets and the NUL, or fails the buffer. */
static bool
reserve(struct buf *b, size_t more)
{
	size_t cap;
	char *ptr;

	if (b->failed)
		return false;
	if (more > b->max - b->len) {
		b->failed = true;
		return false;
	}
	if (more < b->cap - b->len)
		return true;
	cap = next_cap(b, b->len + more + 1);
	ptr = mem_resize(b->ptr, cap);
	if (ptr == NULL) {
		b->failed = true;
		return false;
	}
	b->ptr = ptr;
	b->cap = cap;
	b->ptr[b->len] = '\0';
	return true;
}

void
buf_add(struct buf *b, struct slice s)
{
	if (s.len == 0 || !reserve(b, s.len))
		return;
	memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	b->ptr[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, slice_str(s));
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, (struct slice){ &c, 1 });
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		b->len += (size_t)n;
}

void
buf_cut(struct buf *b, size_t len)
{
	if (len > b->len || b->ptr == NULL)
		return;
	b->len = len;
	b->ptr[len] = '\0';
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ buf_cstr(b), b->len };
}

const char *
buf_cstr(const struct buf *b)
{
	return b->ptr != NULL ? b->ptr : "";
}
