/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hazard: what is looked for.
 *
 * In all text: lines that a server must break, and shorter ones that Sendmail
 * breaks, octets that it must encode when the next one does not offer 8BITMIME,
 * line ends that it repairs.
 *
 * In address lists, what Sendmail 8 does to them after its milters:
 *  1. Elements come out with ", " between them: a comma with a blank before
 *     it, or none after it, or at either end, will not stay.
 *  2. A phrase is quoted when it has one of MustQuoteChars in it.
 *  3. Blanks within angle brackets are dropped.
 *  4. An address without a domain gets that of the server.
 *  5. Lists are folded anew.  That matters to the simple form alone, in
 *     which a list then has to be one line of 78 with ", " already.
 * Commas and marks in quoted strings and comments mean nothing.
 */
#include "dkim/hazard_internal.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "dkim/sign.h"

#define LINE_OCTETS	998	/* RFC 5322 section 2.1.1 */
#define LINE_SENDMAIL	990	/* L= of its mailers that speak SMTP */
#define LINE_FOLDED	78	/* the same; Sendmail folds lists there */

const char *
dkim_hazard_name(enum dkim_hazard h)
{
	switch (h) {
	case DKIM_HAZARD_LONG_LINE:
		return "line over 998 octets";
	case DKIM_HAZARD_SENDMAIL_LINE:
		return "line over 990 octets that Sendmail breaks";
	case DKIM_HAZARD_8BIT:
		return "8-bit text without 8BITMIME";
	case DKIM_HAZARD_BARE_LF:
		return "bare CR or LF";
	case DKIM_HAZARD_ADDRESS:
		return "address list that Sendmail rewrites";
	}
	return "unknown hazard";
}

/* ---- lines ---- */

static bool
has_8bit(struct slice s)
{
	uint64_t any = 0, octets;
	size_t i;

	for (i = 0; s.len - i >= sizeof(octets); i += sizeof(octets)) {
		memcpy(&octets, s.ptr + i, sizeof(octets));
		any |= octets;
	}
	for (; i < s.len; i++)
		any |= (unsigned char)s.ptr[i] & 0x80u;
	return (any & UINT64_C(0x8080808080808080)) != 0;
}

/* A line, or a part of one; `ends`: a LF is after it. */
static void
line_add(struct hazard_text *h, struct slice s, bool ends)
{
	size_t cr = slice_find(s, '\r');

	if ((h->cr && s.len > 0) || (cr < s.len && cr + 1 < s.len))
		h->found |= DKIM_HAZARD_BARE_LF;
	if (s.len > 0)
		h->cr = s.ptr[s.len - 1] == '\r';
	h->line += s.len;
	if (h->line - h->cr > LINE_OCTETS)
		h->found |= DKIM_HAZARD_LONG_LINE;
	if (h->line - h->cr > LINE_SENDMAIL)
		h->found |= DKIM_HAZARD_SENDMAIL_LINE;
	if (!ends)
		return;
	if (!h->cr)
		h->found |= DKIM_HAZARD_BARE_LF;
	h->cr = false;
	h->line = 0;
}

void
hazard_text_add(struct hazard_text *h, struct slice chunk)
{
	struct slice line;
	bool more = chunk.len > 0;

	if ((h->found & DKIM_HAZARD_8BIT) == 0 && has_8bit(chunk))
		h->found |= DKIM_HAZARD_8BIT;
	while (more) {
		more = slice_cut(&chunk, '\n', &line);
		line_add(h, line, more);
	}
}

unsigned int
hazard_text_end(const struct hazard_text *h)
{
	return h->found | (h->cr ? DKIM_HAZARD_BARE_LF : 0u);
}

/* ---- address lists ---- */

/* Fields that Sendmail 8 takes for lists of addresses. */
static bool
is_address_list(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("From"), SLICE_INIT("Sender"),
		SLICE_INIT("Reply-To"), SLICE_INIT("To"), SLICE_INIT("Cc"),
		SLICE_INIT("Resent-From"), SLICE_INIT("Resent-Sender"),
		SLICE_INIT("Resent-Reply-To"), SLICE_INIT("Resent-To"),
		SLICE_INIT("Resent-Cc")
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

/* Where in a list we are. */
struct place {
	bool	quoted;		/* in a quoted string */
	bool	angle;		/* between < and > */
	bool	odd;		/* this element has a mark to be quoted */
	bool	word;		/* it has an octet that is no blank */
	bool	domain;		/* it has "@", or is a group's head or end */
	size_t	depth;		/* of comments */
};

/* Takes an octet of a comment or quoted string; false when in neither. */
static bool
take_hidden(struct place *p, char c)
{
	if (p->quoted) {
		p->quoted = c != '"';
		return true;
	}
	if (c == '"' && p->depth == 0) {
		p->quoted = true;
		return true;
	}
	if (c == '(')
		p->depth++;
	if (p->depth == 0)
		return false;
	if (c == ')')
		p->depth--;
	return true;
}

/* Rule 1, and the part of rule 5 that is about one comma. */
static bool
comma_changes(struct slice list, size_t i, bool relaxed)
{
	struct slice after = slice_from(list, i + 1);

	if (i == 0 || ascii_is_space(list.ptr[i - 1]) || after.len == 0 ||
	    !ascii_is_space(after.ptr[0]))
		return true;
	return !relaxed && (after.ptr[0] != ' ' || after.len == 1 ||
	    ascii_is_space(after.ptr[1]));
}

/* Rule 4, at the end of an element. */
static bool
lacks_domain(const struct place *p)
{
	return p->word && !p->domain;
}

/* An octet outside of comments and quoted strings. */
static bool
octet_changes(struct place *p, struct slice list, size_t i, bool relaxed)
{
	/* MustQuoteChars by default; "," and "()" are seen to elsewhere. */
	static const struct slice marks = SLICE_INIT("@;:\\[].'");
	char c = list.ptr[i];

	if (c == ',') {
		bool lacks = lacks_domain(p);

		*p = (struct place){ .depth = 0 };
		return lacks || comma_changes(list, i, relaxed);
	}
	p->word |= !ascii_is_space(c);
	p->domain |= c == '@' || c == ':' || c == ';';
	if (p->angle) {
		p->angle = c != '>';
		return ascii_is_space(c);
	}
	if (c == '<') {
		p->angle = true;
		return p->odd;
	}
	if (slice_find(marks, c) < marks.len)
		p->odd = true;
	return false;
}

static bool
list_changes(struct slice list, bool relaxed)
{
	struct place p = { .depth = 0 };
	size_t i;

	for (i = 0; i < list.len; i++) {
		if ((p.quoted || p.depth > 0) && list.ptr[i] == '\\') {
			i++;
			continue;
		}
		if (!take_hidden(&p, list.ptr[i]) &&
		    octet_changes(&p, list, i, relaxed))
			return true;
	}
	return lacks_domain(&p);
}

/* ---- fields ---- */

unsigned int
hazard_field(const struct mail_field *field, bool relaxed)
{
	size_t width = field->name.len + 1 + field->value.len;
	struct hazard_text text = { .line = field->name.len + 1 };
	unsigned int found;

	hazard_text_add(&text, field->value);
	found = hazard_text_end(&text);
	if (!is_address_list(field->name))
		return found;
	if (list_changes(slice_trim(field->value), relaxed) ||
	    (!relaxed && (width > LINE_FOLDED ||
	    slice_find(field->value, '\n') < field->value.len)))
		found |= DKIM_HAZARD_ADDRESS;
	return found;
}
