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
 * 1. The word "from", and the word after it: HELO or a name.
 * 2. The comments after that, up to the first word that is none.
 * 3. In each, an address in brackets, or the comment as a whole; and a HELO
 *    name where it is marked as one.
 * 4. Without one in comments, the word itself when it is an address literal
 *    and HELO is elsewhere.
 */
#include "mail/received.h"

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
 * The first bracket of a comment, if it begins a word, since others may be a
 * client's invention, as are "helo=[203.0.113.1]" and "helo=a[203.0.113.1]".
 */
static bool
find_literal(struct slice comment, struct ipaddr *out)
{
	struct slice before, inner;

	if (!slice_cut(&comment, '[', &before) ||
	    !slice_cut(&comment, ']', &inner))
		return false;
	return (before.len == 0 ||
	    ascii_is_space(before.ptr[before.len - 1])) &&
	    read_literal(inner, out);
}

/* The first word after "HELO", or in "helo=". */
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

	/* Nothing is guessed where it is certain. */
	if (received_read_exact(value, out))
		return true;

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

/* ---- the exact form ---- */

/*
 *	exact    = [FWS] "from" FWS (named / unnamed) *comment FWS "by" FWS
 *	named    = word FWS "(" [peer SP] literal [port] [forged] [exim] ")"
 *	unnamed  = literal [port] FWS "(" ["port=" number SP] "helo=" word ")"
 *	peer     = word              ; the name of the client, ident before it,
 *	                             ; without "[" and "=": an address or HELO
 *	                             ; may be seen there
 *	port     = ":" number
 *	forged   = SP "(may be forged)"
 *	exim     = SP "helo=" word [SP "ident=" word]
 *
 * `word` has no blank and no bracket of a comment, so that a client's HELO
 * cannot end one part and begin another.  A further comment with an address
 * in it means that a HELO name could do that: then nothing is read.
 */

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]", with a port after it in Exim. */
static bool
exact_literal(struct cursor *c, struct ipaddr *out)
{
	struct slice word = cursor_span(c, is_word), inner;

	if (word.len == 0 || word.ptr[0] != '[')
		return false;
	word = slice_from(word, 1);
	if (!slice_cut(&word, ']', &inner) || !read_literal(inner, out))
		return false;
	if (word.len == 0)
		return true;
	return word.ptr[0] == ':' && slice_number(slice_from(word, 1),
	    65535, &(unsigned long long){ 0 });
}

/* Takes `key` and the word after it. */
static bool
exact_value(struct cursor *c, struct slice key, struct slice *out)
{
	return cursor_word(c, key) &&
	    (*out = cursor_span(c, is_word)).len > 0;
}

/* Exim: what comes after the address. */
static bool
exact_exim(struct cursor *c, struct received *out)
{
	struct slice ident;

	if (!exact_value(c, SLICE("helo="), &out->helo))
		return false;
	if (!cursor_take(c, ' '))
		return true;
	return exact_value(c, SLICE("ident="), &ident);
}

static bool
is_peer(char c)
{
	return is_word(c) && c != '[' && c != '=';
}

/* The comment of `named`; the cursor is after its "(". */
static bool
exact_peer(struct cursor *c, struct received *out)
{
	if (!cursor_is(c, '[') && (cursor_span(c, is_peer).len == 0 ||
	    !cursor_take(c, ' ')))
		return false;
	if (!exact_literal(c, &out->client))
		return false;
	if (cursor_take(c, ' ') && !cursor_word(c, SLICE("(may be forged)"))
	    && !exact_exim(c, out))
		return false;
	return cursor_take(c, ')');
}

/* The comment of `unnamed`. */
static bool
exact_helo(struct cursor *c, struct received *out)
{
	struct slice port;

	if (exact_value(c, SLICE("port="), &port) && !cursor_take(c, ' '))
		return false;
	return exact_value(c, SLICE("helo="), &out->helo) &&
	    cursor_take(c, ')');
}

/* A blank or a fold, at least one. */
static bool
exact_fws(struct cursor *c)
{
	const char *p = c->p;

	(void)lex_fws(c);
	return c->p > p;
}

static bool
exact_from(struct cursor *c, struct received *out)
{
	struct cursor first = *c;

	out->helo = cursor_span(c, is_word);
	if (out->helo.len == 0 || !exact_fws(c) || !cursor_take(c, '('))
		return false;
	if (exact_peer(c, out))
		return true;
	*c = first;
	return exact_literal(c, &out->client) && exact_fws(c) &&
	    cursor_take(c, '(') && exact_helo(c, out);
}

/* An address in any brackets. */
static bool
has_literal(struct slice comment)
{
	struct slice before, inner;
	struct ipaddr address;

	while (slice_cut(&comment, '[', &before)) {
		inner = slice_head(comment, slice_find(comment, ']'));
		if (read_literal(inner, &address))
			return true;
	}
	return false;
}

/* The comments after the peer's: TLS, login. */
static bool
exact_comments(struct cursor *c)
{
	struct slice comments, comment;
	struct cursor start = *c;

	if (!lex_cfws(c))
		return false;
	comments = cursor_since(c, &start);
	while (next_comment(&comments, &comment)) {
		if (has_literal(comment))
			return false;
	}
	return true;
}

bool
received_read_exact(struct slice value, struct received *out)
{
	struct cursor c = cursor_of(value);

	*out = (struct received){ .helo = { NULL, 0 } };
	(void)lex_fws(&c);
	if (cursor_word(&c, SLICE("from")) && exact_fws(&c) &&
	    exact_from(&c, out) && exact_comments(&c) &&
	    cursor_word(&c, SLICE("by")) && exact_fws(&c))
		return true;
	*out = (struct received){ .helo = { NULL, 0 } };
	return false;
}
