/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: canonicalization of bodies and fields, against the plain
 * implementation of tests/dkim/support.c.
 *
 * The first octet chooses method and kind, the second one begins a row of
 * pieces into which the body is cut.  What must hold: the text is the plain
 * one's, however it was cut.
 */

#include "tests/dkim/support.h"
#include "tests/fuzz/fuzz.h"

static void
collect(void *arg, const char *ptr, size_t len)
{
	text_add(arg, ptr, len);
}

/* Pieces of 1 to 64 octets in an order that `seed` fixes; 0: one piece. */
static void
add_pieces(struct dkim_canon_body *c, struct slice body, unsigned int seed)
{
	size_t n;

	while (body.len > 0) {
		seed = seed * 1103515245u + 12345u;
		n = seed >> 16 & 63;
		dkim_canon_body_add(c, slice_head(body, n));
		body = slice_from(body, n);
	}
}

static void
check_body(enum dkim_canon how, struct slice body, unsigned int seed)
{
	struct text want = plain_body(body, how);
	struct text got = { NULL, 0, 0 };
	struct dkim_sink sink;
	struct dkim_canon_body c;

	dkim_sink_init(&sink, collect, &got);
	dkim_canon_body_init(&c, how, &sink);
	if (seed == 0)
		dkim_canon_body_add(&c, body);
	else
		add_pieces(&c, body, seed);
	dkim_canon_body_end(&c);
	must(slice_eq(text_slice(&got), text_slice(&want)));
	text_free(&want);
	text_free(&got);
}

/* A field of a name without colon; the plain one sees it as a whole. */
static void
check_field(enum dkim_canon how, struct slice value)
{
	struct text field = { NULL, 0, 0 }, want;
	struct text got = { NULL, 0, 0 };
	struct dkim_sink sink;

	text_adds(&field, "X-Field:");
	text_add(&field, value.ptr, value.len);
	want = plain_field(text_slice(&field), how);
	dkim_sink_init(&sink, collect, &got);
	dkim_canon_field(how, SLICE("X-Field"), value,
	    (struct slice){ NULL, 0 }, &sink);
	dkim_sink_flush(&sink);
	must(slice_eq(text_slice(&got), text_slice(&want)));
	text_free(&field);
	text_free(&want);
	text_free(&got);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	enum dkim_canon how;

	if (size < 2)
		return 0;
	how = (data[0] & 1) != 0 ? DKIM_CANON_RELAXED : DKIM_CANON_SIMPLE;
	if ((data[0] & 2) != 0)
		check_field(how, slice_from(text, 2));
	else
		check_body(how, slice_from(text, 2), data[1]);
	return 0;
}
