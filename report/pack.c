/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack: see pack_internal.h.
 */
#include "report/pack_internal.h"

#include <stdint.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "report/zmem_internal.h"

#define LINE 57			/* octets that make 76 of base64 */
#define GZIP (16 + MAX_WBITS)	/* of deflateInit2(): with its header */
#define MEMORY 8		/* the default of zlib */
/* Of what repeats itself as reports do it takes a third of the time of the
   default, and a tenth more octets at most. */
#define LEVEL 3

struct report_pack {
	z_stream	 z;
	struct buf	*out;
	unsigned char	 line[LINE];
};

/* One line, of what has been compressed so far. */
static void
put_line(struct report_pack *p)
{
	char text[(LINE + 2) / 3 * 4 + 1];
	size_t len = LINE - p->z.avail_out;

	base64_encode(p->line, len, text);
	buf_adds(p->out, text);
	buf_addc(p->out, '\n');
	p->z.next_out = p->line;
	p->z.avail_out = LINE;
}

struct report_pack *
report_pack_new(struct buf *out)
{
	struct report_pack *p = mem_alloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->out = out;
	p->z = (z_stream){ .zalloc = zmem_alloc, .zfree = zmem_free,
		.next_out = p->line, .avail_out = LINE };
	if (deflateInit2(&p->z, LEVEL, Z_DEFLATED, GZIP,
	    MEMORY, Z_DEFAULT_STRATEGY) == Z_OK)
		return p;
	mem_free(p);
	return NULL;
}

bool
report_pack_write(void *arg, const char *ptr, size_t len)
{
	struct report_pack *p = arg;

	p->z.next_in = (z_const Bytef *)(uintptr_t)ptr;
	p->z.avail_in = (uInt)len;
	while (p->z.avail_in > 0 && !buf_failed(p->out)) {
		(void)deflate(&p->z, Z_NO_FLUSH);
		if (p->z.avail_out == 0)
			put_line(p);
	}
	/* What was not taken is not ours any more. */
	p->z.avail_in = 0;
	return !buf_failed(p->out);
}

bool
report_pack_end(struct report_pack *p)
{
	bool good;

	while (!buf_failed(p->out) &&
	    deflate(&p->z, Z_FINISH) != Z_STREAM_END)
		put_line(p);
	if (p->z.avail_out < LINE)
		put_line(p);
	good = !buf_failed(p->out);
	(void)deflateEnd(&p->z);
	mem_free(p);
	return good;
}
