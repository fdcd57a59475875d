/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the lexical rules.
 *
 * Each rule takes from the start of the text or leaves the cursor alone.
 * UTF-8 is compared with a decoder that goes by numbers, and the content of
 * a quoted-string is quoted and read again.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "mail/lex.h"
#include "tests/fuzz/fuzz.h"

#define ROOM	16384u

typedef bool word_fn(struct cursor *c, struct slice *out);

static void
check_word(word_fn *word, struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice out, again;

	if (!word(&c, &out)) {
		must(c.p == text.ptr);
		return;
	}
	must(out.len > 0 && out.ptr == text.ptr && c.p == out.ptr + out.len);
	must(c.p <= c.end);
	c = cursor_of(out);
	must(word(&c, &again) && slice_eq(out, again));
}

/* Octets of the character at the start; 0: none, or ASCII. */
static size_t
decode(struct slice s)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s.ptr;
	uint32_t code;
	size_t len, i;

	if (s.len == 0 || p[0] < 0xc0 || p[0] >= 0xf8)
		return 0;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (s.len < len)
		return 0;
	code = p[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || code >> 11 == 0x1b)
		return 0;
	return len;
}

static void
check_utf8(struct slice text)
{
	bool whole = utf8_is_valid(text), good = true;
	struct cursor c;
	size_t len;

	for (; text.len > 0; text = slice_from(text, len > 0 ? len : 1)) {
		c = cursor_of(text);
		len = decode(text);
		must(utf8_take(&c) == (len > 0));
		must(c.p == text.ptr + len);
		if (len == 0 && ascii_is_8bit(text.ptr[0]))
			good = false;
	}
	must(whole == good);
}

static void
check_quoted(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice raw, content, again;
	struct buf first, second, quoted;
	size_t i;

	buf_init(&first, ROOM);
	buf_init(&second, ROOM);
	buf_init(&quoted, 2 * ROOM + 2);
	if (lex_quoted_string(&c, &raw, &first)) {
		must(raw.len >= 2 && raw.ptr == text.ptr);
		must(raw.ptr[0] == '"' && raw.ptr[raw.len - 1] == '"');
		content = buf_slice(&first);
		buf_addc(&quoted, '"');
		for (i = 0; i < content.len; i++) {
			if (!ascii_is_8bit(content.ptr[i]))
				buf_addc(&quoted, '\\');
			buf_addc(&quoted, content.ptr[i]);
		}
		buf_addc(&quoted, '"');
		c = cursor_of(buf_slice(&quoted));
		must(lex_quoted_string(&c, &again, &second));
		must(cursor_at_end(&c));
		must(slice_eq(buf_slice(&second), content));
	} else {
		must(c.p == text.ptr && first.len == 0);
	}
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&quoted);
}

/* What CFWS takes ends outside of all comments, and CFWS takes it again. */
static void
check_cfws(struct slice text)
{
	struct cursor c = cursor_of(text), inner;
	struct slice taken;
	long depth = 0;
	size_t i;

	if (!lex_cfws(&c)) {
		must(c.p == text.ptr);
		must(slice_find(text, '(') < text.len);
		return;
	}
	taken = (struct slice){ text.ptr, (size_t)(c.p - text.ptr) };
	for (i = 0; i < taken.len; i++) {
		if (taken.ptr[i] == '\\' && depth > 0)
			i++;
		else if (taken.ptr[i] == '(')
			depth++;
		else if (taken.ptr[i] == ')')
			depth--;
		else
			must(depth > 0 || ascii_is_space(taken.ptr[i]));
		must(depth >= 0 && depth <= LIMIT_COMMENT_NESTING);
	}
	must(depth == 0);
	inner = cursor_of(taken);
	must(lex_cfws(&inner) && cursor_at_end(&inner));
	inner = c;
	must(lex_cfws(&inner) && inner.p == c.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct cursor c = cursor_of(text);

	if (size > ROOM)
		return 0;
	must(lex_fws(&c) && c.p <= c.end);
	check_word(lex_token, text);
	check_word(lex_token_utf8, text);
	check_word(lex_keyword, text);
	check_word(lex_atom, text);
	check_word(lex_dot_atom, text);
	check_utf8(text);
	check_quoted(text);
	check_cfws(text);
	return 0;
}
