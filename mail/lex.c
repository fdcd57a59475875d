/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lex: rules of RFC 5322 section 3.2, RFC 6532 and RFC 2045 section 5.1.
 *
 * Every function reads each octet a bounded number of times and none calls
 * itself, so time is linear and the stack is flat for any input.
 */
#include "mail/lex.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* ---- octets ---- */

/* RFC 2045 section 5.1 */
static bool
is_tspecial(char c)
{
	switch (c) {
	case '(': case ')': case '<': case '>': case '@':
	case ',': case ';': case ':': case '\\': case '"':
	case '/': case '[': case ']': case '?': case '=':
		return true;
	default:
		return false;
	}
}

static bool
is_token(char c)
{
	return ascii_is_vchar(c) && !is_tspecial(c);
}

/* RFC 5322 section 3.2.3 */
static bool
is_atext(char c)
{
	switch (c) {
	case '(': case ')': case '<': case '>': case '[': case ']':
	case ':': case ';': case '@': case '\\': case ',': case '.':
	case '"':
		return false;
	default:
		return ascii_is_vchar(c);
	}
}

/* RFC 5321 section 4.1.2 */
static bool
is_ldh(char c)
{
	return ascii_is_alnum(c) || c == '-';
}

/* ---- characters of UTF-8 ---- */

static bool
changes_what_is_shown(uint32_t code)
{
	return code < 0xa0 || code == 0x61c ||
	    (code >= 0x200e && code <= 0x200f) ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069);
}

bool
lex_utf8_shown(struct cursor *c)
{
	struct cursor start = *c;

	if (!utf8_take(c))
		return false;
	if (!changes_what_is_shown(utf8_code(cursor_since(c, &start))))
		return true;
	*c = start;
	return false;
}

/* ---- white space and comments ---- */

/* A line end with a blank after it: the blank stays. */
static bool
take_fold(struct cursor *c)
{
	struct cursor at = *c;

	(void)cursor_take(&at, '\r');
	if (!cursor_take(&at, '\n') || cursor_at_end(&at) ||
	    !ascii_is_wsp(*at.p))
		return false;
	*c = at;
	return true;
}

bool
lex_fws(struct cursor *c)
{
	while (!cursor_at_end(c)) {
		if (ascii_is_wsp(*c->p))
			c->p++;
		else if (!take_fold(c))
			break;
	}
	return true;
}

/* quoted-pair = "\" (VCHAR / WSP), VCHAR as in RFC 6532 section 3.2. */
static bool
take_quoted_pair(struct cursor *c)
{
	struct cursor at = *c;

	if (!cursor_take(&at, '\\') || cursor_at_end(&at))
		return false;
	if (ascii_is_vchar(*at.p) || ascii_is_wsp(*at.p))
		at.p++;
	else if (!utf8_take(&at))
		return false;
	*c = at;
	return true;
}

/* One octet, character, fold or quoted-pair between parentheses. */
static bool
take_in_comment(struct cursor *c)
{
	if (cursor_is(c, '\\'))
		return take_quoted_pair(c);
	if (ascii_is_vchar(*c->p) || ascii_is_wsp(*c->p)) {
		c->p++;
		return true;
	}
	return take_fold(c) || utf8_take(c);
}

/* RFC 5322 section 3.2.2, with a count instead of recursion. */
static bool
take_comment(struct cursor *c)
{
	struct cursor at = *c;
	unsigned int depth = 0;

	do {
		if (cursor_take(&at, '(')) {
			if (++depth > LIMIT_COMMENT_NESTING)
				return false;
		} else if (cursor_take(&at, ')')) {
			depth--;
		} else if (cursor_at_end(&at) || !take_in_comment(&at)) {
			return false;
		}
	} while (depth > 0);
	*c = at;
	return true;
}

bool
lex_cfws(struct cursor *c)
{
	struct cursor at = *c;

	for (;;) {
		(void)lex_fws(&at);
		if (!cursor_is(&at, '('))
			break;
		if (!take_comment(&at))
			return false;
	}
	*c = at;
	return true;
}

/* ---- words ---- */

/* The longest run of the class, and of UTF-8 when wanted; not empty. */
static bool
take_run(struct cursor *c, cursor_class_fn *in_class, bool utf8,
    struct slice *out)
{
	struct cursor start = *c;

	do {
		(void)cursor_span(c, in_class);
	} while (utf8 && utf8_take(c));
	*out = cursor_since(c, &start);
	return out->len > 0;
}

bool
lex_token(struct cursor *c, struct slice *out)
{
	return take_run(c, is_token, false, out);
}

bool
lex_token_utf8(struct cursor *c, struct slice *out)
{
	return take_run(c, is_token, true, out);
}

/* Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig: the last is no hyphen. */
bool
lex_keyword(struct cursor *c, struct slice *out)
{
	struct cursor at = *c;
	struct slice run = cursor_span(&at, is_ldh);

	while (run.len > 0 && run.ptr[run.len - 1] == '-')
		run.len--;
	if (run.len == 0)
		return false;
	*out = run;
	c->p += run.len;
	return true;
}

bool
lex_atom(struct cursor *c, struct slice *out)
{
	return take_run(c, is_atext, true, out);
}

bool
lex_dot_atom(struct cursor *c, struct slice *out)
{
	struct cursor at = *c, dot;
	struct slice atom;

	if (!lex_atom(&at, &atom))
		return false;
	for (dot = at; cursor_take(&dot, '.') && lex_atom(&dot, &atom);)
		at = dot;
	*out = cursor_since(&at, c);
	*c = at;
	return true;
}

/* ---- quoted-string, RFC 5322 section 3.2.4 ---- */

static bool
is_qtext(char c)
{
	return (ascii_is_vchar(c) && c != '"' && c != '\\') ||
	    ascii_is_wsp(c);
}

static void
add(struct buf *out, struct slice s)
{
	if (out != NULL)
		buf_add(out, s);
}

/* A run, a pair or a fold of the content, added as it reads. */
static bool
take_quoted_part(struct cursor *c, struct buf *out)
{
	struct cursor start = *c;
	struct slice run;

	if (take_run(c, is_qtext, true, &run)) {
		add(out, run);
		return true;
	}
	if (take_quoted_pair(c)) {
		add(out, slice_from(cursor_since(c, &start), 1));
		return true;
	}
	return take_fold(c);
}

bool
lex_quoted_string(struct cursor *c, struct slice *raw, struct buf *out)
{
	struct cursor at = *c;
	size_t had = out != NULL ? out->len : 0;

	if (!cursor_take(&at, '"'))
		return false;
	while (!cursor_take(&at, '"')) {
		if (!take_quoted_part(&at, out)) {
			if (out != NULL)
				buf_cut(out, had);
			return false;
		}
	}
	*raw = cursor_since(&at, c);
	*c = at;
	return true;
}
