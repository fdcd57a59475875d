/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: tag lists and colon lists.
 *
 * The tags found, with "=" and ";" put back, must be the text without the
 * white space round its names; and each change that the grammar forbids
 * must be noticed.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "mail/lex.h"
#include "mail/taglist.h"
#include "tests/fuzz/fuzz.h"

#define ROOM	16384u

static void
check_tag(const struct taglist *l, const struct tag *t, bool eight_bit)
{
	size_t i;

	must(t->name.len > 0 && ascii_is_alpha(t->name.ptr[0]));
	must(taglist_find(l, t->name) == t);
	must(slice_eq(slice_trim(t->raw_value), t->value));
	must(slice_find(t->raw_value, ';') == t->raw_value.len);
	must(utf8_is_valid(t->raw_value));
	for (i = 0; i < t->raw_value.len; i++)
		must(ascii_is_vchar(t->raw_value.ptr[i]) ||
		    ascii_is_space(t->raw_value.ptr[i]) ||
		    (eight_bit && ascii_is_8bit(t->raw_value.ptr[i])));
}

/* Takes what is wanted from the text, with white space before it. */
static void
expect(struct cursor *c, struct slice want)
{
	(void)lex_fws(c);
	must(slice_starts(cursor_rest(c), want));
	c->p += want.len;
}

static void
check_list(const struct taglist *l, struct slice text, bool eight_bit)
{
	struct cursor c = cursor_of(text);
	size_t i;

	must(l->count > 0 && l->count <= LIMIT_TAGS && l->problem == NULL);
	for (i = 0; i < l->count; i++) {
		check_tag(l, &l->tags[i], eight_bit);
		if (i > 0)
			expect(&c, SLICE(";"));
		expect(&c, l->tags[i].name);
		expect(&c, SLICE("="));
		must(c.p == l->tags[i].raw_value.ptr);
		c.p += l->tags[i].raw_value.len;
	}
	(void)lex_fws(&c);
	if (cursor_take(&c, ';'))
		(void)lex_fws(&c);
	must(cursor_at_end(&c));
}

static void
must_fail(struct slice text, const char *before, const char *after,
    bool eight_bit)
{
	struct taglist l;
	struct buf b;

	buf_init(&b, 2 * ROOM);
	buf_adds(&b, before);
	buf_add(&b, text);
	buf_adds(&b, after);
	must(!taglist_parse(buf_slice(&b), eight_bit, &l));
	must(l.problem != NULL);
	buf_fini(&b);
}

static void
check_elements(struct slice text)
{
	struct slice rest = text, element;
	bool more = true;
	size_t n = 0, colons = 0, i;

	while (taglist_next(&rest, &more, &element)) {
		must(slice_find(element, ':') == element.len);
		must(slice_eq(slice_trim(element), element));
		n++;
	}
	for (i = 0; i < text.len; i++)
		colons += text.ptr[i] == ':';
	must(n == colons + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct taglist l;
	bool eight_bit;

	if (size > ROOM)
		return 0;
	check_elements(text);
	for (eight_bit = false;; eight_bit = true) {
		if (taglist_parse(text, eight_bit, &l)) {
			check_list(&l, text, eight_bit);
			must_fail(text, ";", "", eight_bit);
			must_fail(text, "", ";;", eight_bit);
			must_fail(text, "", ";zz=1;zz=2", eight_bit);
			must_fail(text, "", "\x01", eight_bit);
			must_fail(text, "", "\n", eight_bit);
		} else {
			must(l.problem != NULL);
		}
		if (eight_bit)
			return 0;
	}
}
