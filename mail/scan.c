/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: every domain that some program may read in a From field.
 *
 * A field that is not well formed is read by every mail program in its own
 * way.  All of them need an "@" before a domain to show it.  So this looks at
 * every "@", wherever it is (also in a comment, a quoted string, a display
 * name), and gives up on everything that programs are known to read
 * differently:
 *
 * 1. Control octets: a program may end there.
 * 2. Encoded words (RFC 2047) that have "@" or an angle bracket in what they
 *    encode, or whose charset can hide one: a program may decode first and
 *    parse then.
 * 3. After "@", blanks are passed.  Then a domain must come; outside of angle
 *    brackets in ASCII, since some programs end it where that ends.  A
 *    quotation mark at its end is not part of it ('joe@example.com').
 * 4. After the domain comes the end, or one of <>,;)]" .  A blank or comment
 *    between two parts of a name is passed by some programs and ends the
 *    domain for others, and so is a backslash in it.
 * 5. Brackets, quotation marks and semicolons at the end of a domain are
 *    followed by the end, a comma, a blank or a comment: some programs take
 *    them out, and <<joe@bank.co>m> is of bank.com to them.  A quotation
 *    mark that opens a string there is followed by the end alone, and no
 *    string is left open.
 * 6. In angle brackets nothing is after the domain.  They match, nest only
 *    as in <<joe@bank.example>>, and after an address none are without one:
 *    some programs join what is in all of them, and <joe@bank.co> <m> is of
 *    bank.com to them.  So are <joe@bank.co> <m, x@bank.co>: more of them
 *    come only where a comma (or ";") is right after the address.
 */
#include "mail/scan_internal.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "mail/lex.h"

void
scan_add(struct mail_from *out, struct slice domain)
{
	size_t i;

	for (i = 0; i < out->domain_count; i++) {
		if (slice_eq(out->domains[i], domain))
			return;
	}
	if (i < LIMIT_FROM_DOMAINS)
		out->domains[i] = arena_dup(out->arena, domain);
	if (i == LIMIT_FROM_DOMAINS || out->domains[i].ptr == NULL)
		out->more_domains = true;
	else
		out->domain_count++;
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

/* What makes an address or ends one. */
static bool
is_mark(int c)
{
	return c == '@' || c == '<' || c == '>';
}

/* "=40", which is "@" in the Q encoding, "=3C" or "=3E". */
static bool
q_has_mark(struct slice text)
{
	size_t i;

	for (i = 0; i + 2 < text.len; i++) {
		if (text.ptr[i] == '=' && is_mark(ascii_hex(text.ptr[i + 1]) *
		    16 + ascii_hex(text.ptr[i + 2])))
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
b_has_mark(struct slice text)
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
		if (is_mark((int)(bits >> have & 0xff)))
			return true;
	}
	return false;
}

/*
 * Charsets in which an octet of ASCII that is no part of a letter is that of
 * ASCII.  It is not so in EBCDIC, UTF-7, or what Python knows as charsets,
 * like unicode_escape.
 */
static bool
is_ascii_based(struct slice charset)
{
	static const struct slice begin[] = {
		SLICE_INIT("utf-8"), SLICE_INIT("utf8"),
		SLICE_INIT("us-ascii"), SLICE_INIT("ascii"),
		SLICE_INIT("iso-8859-"), SLICE_INIT("iso8859-"),
		SLICE_INIT("latin1"), SLICE_INIT("windows-125"),
		SLICE_INIT("windows-874"), SLICE_INIT("cp125"),
		SLICE_INIT("koi8-"), SLICE_INIT("gb2312"), SLICE_INIT("gbk"),
		SLICE_INIT("gb18030"), SLICE_INIT("big5"), SLICE_INIT("euc-"),
		SLICE_INIT("shift_jis"), SLICE_INIT("iso-2022-"),
		SLICE_INIT("ks_c_5601"), SLICE_INIT("tis-620"),
		SLICE_INIT("unknown-8bit")
	};
	size_t i;

	for (i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		if (slice_starts_nocase(charset, begin[i]))
			return true;
	}
	return false;
}

/* What is between "=?" and the text: charset, "?", encoding, "?". */
static bool
hides_mark(struct slice charset, struct slice encoding, struct slice text)
{
	if (!is_ascii_based(charset))
		return true;
	if (slice_eq_nocase(encoding, SLICE("q")))
		return q_has_mark(text);
	return b_has_mark(text);
}

/* What no word goes on after. */
static bool
ends_word(char c)
{
	return ascii_is_space(c) || slice_find(SLICE("(),:;<"), c) < 6;
}

/* Is what is at `from` and ends before `to` a word by itself? */
static bool
is_alone(struct slice value, const char *from, const char *to)
{
	return (from == value.ptr || ends_word(from[-1])) &&
	    (to >= value.ptr + value.len || ends_word(*to));
}

/* "=?charset?encoding?text?=", wherever it begins; with `joined` only where
   it is not a word by itself (RFC 2047 section 5). */
static bool
encodes_at(struct slice value, bool joined)
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
			if (hides_mark(charset, encoding, text) &&
			    !(joined && is_alone(value, rest.ptr - 1,
			    text.ptr + text.len + 2)))
				return true;
		}
	}
	return false;
}

bool
scan_encodes_at(struct slice value)
{
	return encodes_at(value, false);
}

bool
scan_joins_at(struct slice value)
{
	return encodes_at(value, true);
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

static bool
is_closing(char c)
{
	return slice_find(SLICE("<>;)]\"'"), c) < 7;
}

/* Steps 4 to 6; the cursor is right after the domain. */
static bool
is_closed(struct cursor c, bool in_angle, bool in_quotes)
{
	struct slice closing;

	if (in_angle) {
		(void)lex_fws(&c);
		if (!cursor_at_end(&c) && *c.p != '>')
			return false;
	}
	closing = cursor_span(&c, is_closing);
	if (!in_quotes && slice_find(closing, '"') < closing.len)
		return cursor_at_end(&c);
	if (closing.len > 0)
		return cursor_at_end(&c) || ascii_is_space(*c.p) ||
		    *c.p == ',' || *c.p == '(';
	return skip_cfws(&c) && ends_domain(&c);
}

/* The cursor is after "@". */
static bool
scan_domain(struct cursor c, bool in_angle, bool in_quotes,
    struct mail_from *out)
{
	struct domain domain;
	struct slice name;
	bool commented;
	size_t ascii;

	(void)lex_fws(&c);
	commented = cursor_is(&c, '(');
	if (commented)
		(void)skip_cfws(&c);
	name = cursor_span(&c, is_domain_char);
	/* Some programs drop it, and read on. */
	if (cursor_is(&c, '\\'))
		out->more_domains = true;
	if (name.len > 0 && name.ptr[name.len - 1] == '\'')
		name.len--;
	if (!domain_parse(name, &domain)) {
		/* No domain, but a program may show it as one. */
		out->more_domains |= slice_find(name, '.') < name.len;
		return false;
	}
	scan_add(out, domain_slice(&domain));
	/* Some programs end it where ASCII does. */
	for (ascii = 0; ascii < name.len && !ascii_is_8bit(name.ptr[ascii]); )
		ascii++;
	if (!in_angle && ascii < name.len &&
	    domain_parse(slice_head(name, ascii), &domain))
		scan_add(out, domain_slice(&domain));
	if (name.ptr[name.len - 1] == '.' && cursor_is(&c, '('))
		return false;
	return !commented && (in_angle || slice_is_ascii(name)) &&
	    is_closed(c, in_angle, in_quotes);
}

/* ---- all of it ---- */

struct scan {
	unsigned int	count;		/* of "@" */
	unsigned int	depth;		/* of angle brackets */
	bool		angle_has_at;
	bool		goes_on;	/* after an address in them */
	bool		in_quotes;	/* after an odd number of them */
	bool		clear;
};

/* `c` is after "<" or ">" in what follows. */
static void
open_angle(struct scan *s, const struct cursor *c)
{
	if (s->goes_on)
		s->clear = false;
	if (s->depth++ == 0)
		s->angle_has_at = false;
	else if (c->p[-2] != '<')
		s->clear = false;
}

/* Is `c` at a comma, or a semicolon in its place, after blanks? */
static bool
is_at_comma(struct cursor c)
{
	(void)lex_fws(&c);
	return cursor_is(&c, ',') || cursor_is(&c, ';');
}

/* One that was never opened may be the last character. */
static void
close_angle(struct scan *s, const struct cursor *c)
{
	if (s->depth == 0)
		s->clear = s->clear && slice_trim(cursor_rest(c)).len == 0;
	else if ((s->count > 0 && !s->angle_has_at) ||
	    (--s->depth > 0 && !cursor_is(c, '>')))
		s->clear = false;
	else if (s->depth == 0 && s->angle_has_at)
		s->goes_on = s->goes_on || !is_at_comma(*c);
}

static void
scan_at(struct scan *s, const struct cursor *c, struct mail_from *out)
{
	s->count++;
	s->angle_has_at = true;
	if (!scan_domain(*c, s->depth > 0, s->in_quotes, out))
		s->clear = false;
}

bool
scan_domains(struct slice value, struct mail_from *out)
{
	struct scan s = { .clear = !has_control(value) &&
	    !encodes_at(value, false) };
	struct cursor c = cursor_of(value);
	char next;

	while (cursor_any(&c, &next)) {
		if (next == '"')
			s.in_quotes = !s.in_quotes;
		else if (next == '<')
			open_angle(&s, &c);
		else if (next == '>')
			close_angle(&s, &c);
		else if (next == '@' && s.count == LIMIT_FROM_SCANNED)
			return false;
		else if (next == '@')
			scan_at(&s, &c, out);
	}
	/* Open at its end is closed there, unless it has no address. */
	return s.clear && !s.in_quotes && (s.depth == 0 || s.angle_has_at);
}
