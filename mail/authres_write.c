/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authres_write: the field of RFC 8601 section 2.2, piece by piece.
 *
 * 1. A piece (a result, a comment, a property) is made in a room of fixed
 *    size, which is what a line may hold (RFC 5322 section 2.1.1) less
 *    the TAB before it and the ";" that may follow.  So a piece fits on a
 *    line of its own, or it is not written.
 * 2. A result begins a line; other pieces do when the line would pass 78
 *    octets with them.
 * 3. A value that needs no quotes is written as it is; in a quoted-string
 *    '"' and '\' get a '\', and each octet that may not be written becomes
 *    "?": leaving it out could turn one domain into another.
 *    If it has a ";", "=" gets a '\' as well, so that a mail filter which
 *    looks for "; dmarc=pass" with a pattern, and knows nothing of quotes,
 *    does not find it in what a sender chose.  If it has "=?", with which an
 *    encoded word begins (RFC 2047), "?" gets one: a program that decodes
 *    before it reads would find anything in it.
 * 4. A property whose value is too long is left out: half of an identity
 *    is another identity.  Comments and reasons, which are prose, are cut.
 */
#include "mail/authres.h"

#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/domain.h"
#include "base/utf8.h"
#include "mail/lex.h"

#define LINE_WANTED	78	/* RFC 5322 2.1.1 */
#define LINE_LONGEST	998	/* RFC 5322 2.1.1 */
#define UTF8_LONGEST	4	/* RFC 3629 3 */

static const struct slice field_name = SLICE_INIT("Authentication-Results:");

struct piece {
	char	text[LINE_LONGEST - 2];
	size_t	len;
	bool	full;		/* something did not fit */
};

/* ---- pieces ---- */

static void
add(struct piece *p, struct slice s)
{
	if (s.len > sizeof(p->text) - p->len) {
		p->full = true;
		return;
	}
	if (s.len > 0)
		memcpy(p->text + p->len, s.ptr, s.len);
	p->len += s.len;
}

static void
add_char(struct piece *p, char c)
{
	add(p, (struct slice){ &c, 1 });
}

/* A word of ours, which has to be a Keyword. */
static void
add_keyword(struct authres_writer *w, struct piece *p, const char *word)
{
	struct cursor c = cursor_of(slice_str(word));
	struct slice keyword;

	if (!lex_keyword(&c, &keyword) || !cursor_at_end(&c))
		w->failed = true;
	else
		add(p, keyword);
}

static size_t
room(const struct piece *p)
{
	return sizeof(p->text) - p->len;
}

/* Puts a piece on this line or on the next one. */
static void
put(struct authres_writer *w, const struct piece *p, bool new_line)
{
	if (p->full || w->failed)
		return;
	if (new_line || w->line + 1 + p->len + 1 > LINE_WANTED) {
		buf_adds(&w->out, "\n\t");
		w->line = 0;
	} else {
		buf_addc(&w->out, ' ');
	}
	buf_add(&w->out, (struct slice){ p->text, p->len });
	w->line += 1 + p->len;
}

/* ---- values ---- */

/* True when all of it may be written, in quotes if need be. */
static bool
is_clean(struct slice s, bool utf8)
{
	struct cursor c = cursor_of(s);

	while (!cursor_at_end(&c)) {
		if (ascii_is_printable(*c.p))
			c.p++;
		else if (!utf8 || !lex_utf8_shown(&c))
			return false;
	}
	return true;
}

static bool
is_token(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct slice token;

	return lex_token(&c, &token) && cursor_at_end(&c);
}

static bool
is_label(struct slice s)
{
	size_t i;

	if (s.len == 0 || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
		return false;
	for (i = 0; i < s.len; i++) {
		if (!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '-' &&
		    !ascii_is_8bit(s.ptr[i]))
			return false;
	}
	return true;
}

/* domain-name of RFC 6376 section 3.5, of clean text: two labels or more. */
static bool
is_domain_name(struct slice s)
{
	struct slice label;
	size_t labels = 0;
	bool more;

	do {
		more = slice_cut(&s, '.', &label);
		if (!is_label(label))
			return false;
		labels++;
	} while (more);
	return labels >= 2;
}

static bool
has(struct slice s, char c)
{
	return slice_find(s, c) < s.len;
}

static bool
has_encoded_word(struct slice s)
{
	size_t i;

	/* A value comes after "=". */
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '?' && (i == 0 || s.ptr[i - 1] == '='))
			return true;
	}
	return false;
}

/* [ [ local-part ] "@" ] domain-name, of clean text.  See step 3 for what may
   not be in it. */
static bool
is_identity(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct slice local;

	if (is_domain_name(s))
		return true;
	if (has(s, ';') || has_encoded_word(s))
		return false;
	if (!lex_dot_atom(&c, &local))
		(void)lex_quoted_string(&c, &local, NULL);
	return cursor_take(&c, '@') && is_domain_name(cursor_rest(&c));
}

/* One character inside a quoted-string; `special` get a backslash. */
static void
add_quoted_char(struct piece *p, struct cursor *c, struct slice special,
    bool utf8)
{
	struct cursor start = *c;
	char next;

	if (utf8 && lex_utf8_shown(c)) {
		add(p, cursor_since(c, &start));
		return;
	}
	(void)cursor_any(c, &next);
	if (has(special, next))
		add_char(p, '\\');
	add_char(p, ascii_is_printable(next) ? next : '?');
}

/* All of it, or, with `cut`, as much as has room. */
static void
add_quoted(struct piece *p, struct slice s, bool utf8, bool cut)
{
	struct slice special = has_encoded_word(s) ? SLICE("\"\\=?") :
	    has(s, ';') ? SLICE("\"\\=") : SLICE("\"\\");
	struct cursor c = cursor_of(s);

	add_char(p, '"');
	while (!cursor_at_end(&c) && !p->full &&
	    !(cut && room(p) < UTF8_LONGEST + 1))
		add_quoted_char(p, &c, special, utf8);
	add_char(p, '"');
}

static void
add_value(struct piece *p, struct slice s, bool utf8)
{
	if (is_token(s) || (is_clean(s, utf8) && is_identity(s)))
		add(p, s);
	else
		add_quoted(p, s, utf8, false);
}

/* ---- the field ---- */

/*
 * authserv-id = value.  What cannot be written as it is must be a domain
 * with U-labels, and is written with A-labels (RFC 8601 section 2.5).
 */
static void
add_authserv_id(struct authres_writer *w, struct piece *p, struct slice id)
{
	struct domain domain;

	if (!is_clean(id, w->utf8) && domain_parse(id, &domain))
		id = domain_slice(&domain);
	if (id.len == 0 || !is_clean(id, w->utf8))
		w->failed = true;
	else if (is_token(id) || is_domain_name(id))
		add(p, id);
	else
		add_quoted(p, id, w->utf8, false);
}

void
authres_write_begin(struct authres_writer *w, struct slice authserv_id,
    bool utf8)
{
	struct piece p = { .len = 0 };

	*w = (struct authres_writer){ .line = field_name.len, .utf8 = utf8 };
	buf_init(&w->out, LIMIT_AUTHRES_WRITE);
	add_authserv_id(w, &p, authserv_id);
	if (p.full || w->line + 1 + p.len + 1 > LINE_LONGEST)
		w->failed = true;
	if (w->failed)
		return;
	buf_addc(&w->out, ' ');
	buf_add(&w->out, (struct slice){ p.text, p.len });
	w->line += 1 + p.len;
}

void
authres_write_result(struct authres_writer *w, const char *method,
    const char *result)
{
	struct piece p = { .len = 0 };

	add_keyword(w, &p, method);
	add_char(&p, '=');
	add_keyword(w, &p, result);
	if (p.full)
		w->failed = true;
	buf_addc(&w->out, ';');
	put(w, &p, true);
	w->results++;
	w->properties = false;
}

void
authres_write_comment(struct authres_writer *w, const char *text)
{
	struct slice s = slice_str(text);
	struct piece p = { .len = 0 };
	size_t i;

	if (w->sealed)
		return;
	add_char(&p, '(');
	for (i = 0; i < s.len && room(&p) > 1; i++) {
		if (ascii_is_printable(s.ptr[i]) && s.ptr[i] != '(' &&
		    s.ptr[i] != ')' && s.ptr[i] != '\\')
			add_char(&p, s.ptr[i]);
	}
	add_char(&p, ')');
	put(w, &p, false);
}

void
authres_write_reason(struct authres_writer *w, struct slice text)
{
	struct piece p = { .len = 0 };

	if (w->results == 0 || w->properties)
		w->failed = true;
	add(&p, SLICE("reason="));
	add_quoted(&p, text, w->utf8, true);
	put(w, &p, false);
}

void
authres_write_property(struct authres_writer *w, const char *ptype,
    const char *property, struct slice value)
{
	struct piece p = { .len = 0 };

	if (w->results == 0)
		w->failed = true;
	add_keyword(w, &p, ptype);
	add_char(&p, '.');
	add_keyword(w, &p, property);
	add_char(&p, '=');
	add_value(&p, value, w->utf8);
	put(w, &p, false);
	w->properties = true;
}

bool
authres_write_end(struct authres_writer *w, struct slice *value)
{
	struct piece none = { .len = 0 };

	if (w->results == 0) {
		add(&none, SLICE("none"));
		buf_addc(&w->out, ';');
		w->line++;
		put(w, &none, false);
	}
	*value = buf_slice(&w->out);
	return !w->failed && !buf_failed(&w->out);
}

void
authres_write_fini(struct authres_writer *w)
{
	buf_fini(&w->out);
}
