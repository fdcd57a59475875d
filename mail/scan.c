/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: every domain that some program may read in a From field.
 *
 * A field that is not well formed is read by every mail program in its own
 * way.  What all of them need to show a domain is an "@" in front of it.  So
 * this looks at every "@", wherever it is (also in a comment, a quoted
 * string, a display name), and gives up on whatever programs are known to
 * read differently:
 *
 * 1. Control octets: a program may end there.
 * 2. Encoded words (RFC 2047) that have "@" in what they encode, or whose
 *    charset can hide one: a program may decode first and parse then.
 * 3. Behind "@", blanks and comments are passed.  Then a domain must come,
 *    with nothing in it that domain_parse() refuses.  A quotation mark at its
 *    end is not of it ('joe@example.com').
 * 4. Behind the domain comes the end, or one of <>,;)]" .  A blank or comment
 *    between two parts of a name is passed by some programs and ends the
 *    domain for others.
 */
#include "mail/scan_internal.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "mail/lex.h"

void
scan_add(struct mail_from *out, const struct domain *domain)
{
	size_t i;

	for (i = 0; i < out->domain_count; i++) {
		if (domain_eq(&out->domains[i], domain))
			return;
	}
	if (out->domain_count == LIMIT_FROM_DOMAINS)
		out->more_domains = true;
	else
		out->domains[out->domain_count++] = *domain;
}

/* ---- step 1 ---- */

/* A line end that is no fold counts, too. */
static bool
has_control(struct slice value)
{
	struct cursor c = cursor_of(value);

	while (!cursor_at_end(&c)) {
		if (lex_fws(&c) && cursor_at_end(&c))
			break;
		if ((unsigned char)*c.p < 0x20 || *c.p == 0x7f)
			return true;
		c.p++;
	}
	return false;
}

/* ---- step 2 ---- */

/* "=40", which is "@" in the Q encoding. */
static bool
q_has_at(struct slice text)
{
	size_t i;

	for (i = 0; i + 2 < text.len; i++) {
		if (text.ptr[i] == '=' && text.ptr[i + 1] == '4' &&
		    text.ptr[i + 2] == '0')
			return true;
	}
	return false;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Programs pass over what is no base64, and so does this. */
static bool
b_has_at(struct slice text)
{
	unsigned int bits = 0, have = 0;
	size_t i;
	int v;

	for (i = 0; i < text.len; i++) {
		v = base64_value(text.ptr[i]);
		if (v < 0)
			continue;
		bits = (bits << 6 | (unsigned int)v) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if ((bits >> have & 0xff) == '@')
			return true;
	}
	return false;
}

/* What is between "=?" and the text: charset, "?", encoding, "?". */
static bool
hides_at(struct slice charset, struct slice encoding, struct slice text)
{
	if (slice_starts_nocase(charset, SLICE("utf-7")) ||
	    slice_starts_nocase(charset, SLICE("unicode-1-1-utf-7")))
		return true;
	if (slice_eq_nocase(encoding, SLICE("q")))
		return q_has_at(text);
	return b_has_at(text);
}

/* "=?charset?encoding?text?=", wherever it begins. */
static bool
encodes_at(struct slice value)
{
	struct slice rest = value, before, charset, encoding, text;

	while (slice_cut(&rest, '=', &before)) {
		if (rest.len == 0 || rest.ptr[0] != '?')
			continue;
		text = slice_from(rest, 1);
		if (slice_cut(&text, '?', &charset) &&
		    slice_cut(&text, '?', &encoding)) {
			/* An octet more does no harm: without its end a
			   program may still decode it. */
			text = slice_head(text, slice_find(text, '?'));
			if (hides_at(charset, encoding, text))
				return true;
		}
	}
	return false;
}

/* ---- steps 3 and 4 ---- */

static bool
is_domain_char(char c)
{
	return ascii_is_8bit(c) || (ascii_is_vchar(c) &&
	    slice_find(SLICE("<>,;:\"()[]\\@"), c) == 12);
}

/* Blanks and comments; false for a comment that does not end. */
static bool
skip_cfws(struct cursor *c)
{
	size_t depth = 0;
	char next;

	while (!cursor_at_end(c)) {
		next = *c->p;
		if (depth == 0 && !ascii_is_space(next) && next != '(')
			return true;
		if (next == '(')
			depth++;
		else if (next == ')')
			depth--;
		else if (next == '\\' && cursor_left(c) > 1)
			c->p++;
		c->p++;
	}
	return depth == 0;
}

static bool
ends_domain(const struct cursor *c)
{
	return cursor_at_end(c) ||
	    slice_find(SLICE("<>,;)]\""), *c->p) < 7;
}

/* The cursor is behind "@". */
static bool
scan_domain(struct cursor c, struct mail_from *out)
{
	struct domain domain;
	struct slice name;

	if (!skip_cfws(&c))
		return false;
	name = cursor_span(&c, is_domain_char);
	if (name.len > 0 && name.ptr[name.len - 1] == '\'')
		name.len--;
	if (!domain_parse(name, &domain))
		return false;
	scan_add(out, &domain);
	return skip_cfws(&c) && ends_domain(&c);
}

bool
scan_domains(struct slice value, struct mail_from *out)
{
	bool clear = !has_control(value) && !encodes_at(value);
	struct cursor c = cursor_of(value);
	unsigned int count = 0;

	for (; !cursor_at_end(&c); c.p++) {
		if (*c.p != '@')
			continue;
		if (++count > LIMIT_FROM_SCANNED)
			return false;
		if (!scan_domain((struct cursor){ c.p + 1, c.end }, out))
			clear = false;
	}
	return clear;
}
