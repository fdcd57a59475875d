/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a message cut into header and body.
 *
 * Fields are counted a second time in the plain way, and a message made of
 * the fields must come apart into the same ones.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "mail/header.h"
#include "tests/fuzz/fuzz.h"

#define ROOM	4096u

static void
check_field(const struct mail_header *h, const struct mail_field *f)
{
	const struct mail_field *other;
	unsigned int n = 0;
	size_t i;

	for (other = h->fields; other <= f; other++)
		n += slice_eq_nocase(other->name, f->name);
	must(f->instance == n);
	must(mail_header_find(h, f->name, n) == f);
	for (; other < h->fields + h->count; other++)
		n += slice_eq_nocase(other->name, f->name);
	must(mail_header_instances(h, f->name) == n);
	must(mail_header_find(h, f->name, n + 1) == NULL);

	must(f->name.len > 0 && !ascii_is_wsp(f->name.ptr[f->name.len - 1]));
	must(slice_find(f->name, ':') == f->name.len);
	for (i = 0; i < f->value.len; i++) {
		if (f->value.ptr[i] != '\n')
			continue;
		must(i > 0 && f->value.ptr[i - 1] == '\r');
		must(i + 1 < f->value.len &&
		    ascii_is_wsp(f->value.ptr[i + 1]));
	}
}

static void
check_again(const struct mail_header *h, struct slice body,
    struct arena *arena)
{
	struct mail_header again;
	struct slice rest;
	struct buf b;
	size_t i;

	buf_init(&b, 8 * ROOM);
	for (i = 0; i < h->count; i++) {
		buf_add(&b, h->fields[i].name);
		buf_adds(&b, ":");
		buf_add(&b, h->fields[i].value);
		buf_adds(&b, "\r\n");
	}
	buf_adds(&b, "\r\n");
	buf_add(&b, body);
	must(!buf_failed(&b));
	mail_header_init(&again, arena);
	must(mail_header_parse(&again, buf_slice(&b), &rest));
	must(slice_eq(rest, body) && again.count == h->count &&
	    again.bytes == h->bytes);
	for (i = 0; i < h->count; i++) {
		must(slice_eq(again.fields[i].name, h->fields[i].name));
		must(slice_eq(again.fields[i].value, h->fields[i].value));
	}
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size }, body;
	struct mail_header h;
	struct arena *arena;
	size_t i;

	if (size > ROOM)
		return 0;
	arena = arena_new(1024 * ROOM);
	must(arena != NULL);
	mail_header_init(&h, arena);
	must(mail_header_parse(&h, text, &body) && !h.overflow);
	must(body.len <= text.len &&
	    slice_eq(body, slice_from(text, text.len - body.len)));
	for (i = 0; i < h.count; i++)
		check_field(&h, &h.fields[i]);
	check_again(&h, body, arena);
	arena_free(arena);
	return 0;
}
