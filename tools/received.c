/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * received: whom a Received field says a message came from.
 *
 *	from HELO (NAME [192.0.2.1])		Postfix, Sendmail, Gmail
 *	from HELO (NAME [IPv6:2001:db8::1])	the same
 *	from NAME ([192.0.2.1] helo=HELO)	Exim
 *	from [192.0.2.1] (helo=HELO)		Exim, no name known
 *	from NAME (HELO HELO) (192.0.2.1)	qmail
 *	from HELO (192.0.2.1) by ...		Exchange
 *
 * 1. The word "from", and the word behind it: HELO or a name.
 * 2. The comments behind that, up to the first word that is none.
 * 3. In each, an address in brackets, or the comment as a whole; and a HELO
 *    name where it is marked as one.
 * 4. Without one in comments, the word itself when it is an address literal
 *    and HELO stands elsewhere.
 */
#include "tools/received.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/lex.h"

static bool
is_word(char c)
{
	return (ascii_is_vchar(c) && c != '(' && c != ')' && c != ';') ||
	    ascii_is_8bit(c);
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]"; `s` is without the brackets. */
static bool
read_literal(struct slice s, struct ipaddr *out)
{
	if (slice_starts_nocase(s, SLICE("IPv6:")))
		s = slice_from(s, 5);
	return ipaddr_parse(s, out);
}

/*
 * The first bracket of a comment, since a later one may be a client's
 * invention, as is "helo=[203.0.113.1]".
 */
static bool
find_literal(struct slice comment, struct ipaddr *out)
{
	struct slice before, inner;

	if (!slice_cut(&comment, '[', &before) ||
	    !slice_cut(&comment, ']', &inner))
		return false;
	return (before.len == 0 || before.ptr[before.len - 1] != '=') &&
	    read_literal(inner, out);
}

/* The first word behind "HELO", or in "helo=". */
static void
find_helo(struct slice comment, struct slice *helo)
{
	struct cursor c = cursor_of(comment);
	struct slice word;
	bool next = false;
	char other;

	while (helo->len == 0 && !cursor_at_end(&c)) {
		word = cursor_span(&c, is_word);
		if (word.len == 0)
			(void)cursor_any(&c, &other);
		else if (next)
			*helo = word;
		else if (slice_starts_nocase(word, SLICE("helo=")))
			*helo = slice_from(word, 5);
		else
			next = slice_eq_nocase(word, SLICE("HELO"));
	}
}

/* Step 3. */
static void
read_comment(struct slice comment, struct received *out)
{
	struct ipaddr address;

	if (out->client.family == IPADDR_NONE &&
	    (find_literal(comment, &address) ||
	    ipaddr_parse(slice_trim(comment), &address)))
		out->client = address;
	find_helo(comment, &out->helo);
}

/* Takes the next of well-formed comments, without its own brackets. */
static bool
next_comment(struct slice *rest, struct slice *comment)
{
	size_t depth = 1, i;
	struct slice blank;

	if (!slice_cut(rest, '(', &blank))
		return false;
	for (i = 0; i < rest->len && depth > 0; i++) {
		if (rest->ptr[i] == '\\')
			i++;
		else if (rest->ptr[i] == '(')
			depth++;
		else if (rest->ptr[i] == ')')
			depth--;
	}
	*comment = slice_head(*rest, i > 0 ? i - 1 : 0);
	*rest = slice_from(*rest, i);
	return true;
}

/* Step 4: only Exim's, since a client may say an address literal as HELO. */
static void
read_name(struct slice name, struct received *out)
{
	struct ipaddr address;

	if (out->helo.len > 0 && out->client.family == IPADDR_NONE &&
	    name.len > 2 && name.ptr[0] == '[' &&
	    name.ptr[name.len - 1] == ']' && read_literal(slice_from(
	    slice_head(name, name.len - 1), 1), &address))
		out->client = address;
	if (out->helo.len == 0)
		out->helo = name;
}

bool
received_read(struct slice value, struct received *out)
{
	struct cursor c = cursor_of(value), start;
	struct slice name, comments, comment;

	*out = (struct received){ .helo = { NULL, 0 } };
	(void)lex_fws(&c);
	if (!cursor_word(&c, SLICE("from")) || cursor_at_end(&c) ||
	    !ascii_is_space(*c.p))
		return false;
	(void)lex_fws(&c);
	name = cursor_span(&c, is_word);
	start = c;
	if (!lex_cfws(&c))
		return false;
	comments = cursor_since(&c, &start);
	while (next_comment(&comments, &comment))
		read_comment(comment, out);
	read_name(name, out);
	return out->client.family != IPADDR_NONE;
}
