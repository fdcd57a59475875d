/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * taglist: RFC 6376 section 3.2.
 *
 *	tag-list  = tag-spec *( ";" tag-spec ) [ ";" ]
 *	tag-spec  = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
 *	tag-name  = ALPHA *( ALPHA / DIGIT / "_" )
 *	tag-value = [ tval *( 1*(WSP / FWS) tval ) ]
 *	tval      = 1*( %x21-3A / %x3C-7E )
 *
 * Two things are taken more widely than this says, since signers write
 * them and they cannot change a meaning: more than one fold in a row, and
 * white space after the last ";".
 */
#include "mail/taglist.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include "mail/lex.h"

static bool
is_name_octet(char c)
{
	return ascii_is_alnum(c) || c == '_';
}

/* VALCHAR of section 3.2: all that is visible but ";". */
static bool
is_valchar(char c)
{
	return ascii_is_vchar(c) && c != ';';
}

/* NULL when good, else what is wrong. */
static const char *
take_name(struct cursor *c, struct slice *out)
{
	(void)lex_fws(c);
	if (cursor_at_end(c) || cursor_is(c, ';'))
		return "empty tag";
	if (!ascii_is_alpha(*c->p))
		return "tag name does not begin with a letter";
	*out = cursor_span(c, is_name_octet);
	(void)lex_fws(c);
	if (!cursor_take(c, '='))
		return "no \"=\" after a tag name";
	return NULL;
}

static const char *
take_value(struct cursor *c, bool eight_bit, struct tag *tag)
{
	struct cursor start = *c, before;

	do {
		before = *c;
		(void)lex_fws(c);
		(void)cursor_span(c, is_valchar);
		if (eight_bit)
			while (utf8_take(c))
				continue;
	} while (c->p != before.p);
	if (!cursor_at_end(c) && !cursor_is(c, ';'))
		return "octet that a tag value may not have";
	tag->raw_value = cursor_since(c, &start);
	tag->value = slice_trim(tag->raw_value);
	return NULL;
}

static const char *
take_tag(struct cursor *c, bool eight_bit, struct taglist *l)
{
	struct tag tag;
	const char *problem = take_name(c, &tag.name);

	if (problem != NULL)
		return problem;
	if (taglist_find(l, tag.name) != NULL)
		return "tag given twice";
	if (l->count == LIMIT_TAGS)
		return "too many tags";
	problem = take_value(c, eight_bit, &tag);
	if (problem == NULL)
		l->tags[l->count++] = tag;
	return problem;
}

/* True when a ";" is here and another tag after it. */
static bool
take_separator(struct cursor *c)
{
	if (!cursor_take(c, ';'))
		return false;
	(void)lex_fws(c);
	return !cursor_at_end(c);
}

bool
taglist_parse(struct slice text, bool eight_bit, struct taglist *out)
{
	struct cursor c = cursor_of(text);

	out->count = 0;
	do
		out->problem = take_tag(&c, eight_bit, out);
	while (out->problem == NULL && take_separator(&c));
	return out->problem == NULL;
}

const struct tag *
taglist_find(const struct taglist *l, struct slice name)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		if (slice_eq(l->tags[i].name, name))
			return &l->tags[i];
	}
	return NULL;
}

bool
taglist_next(struct slice *rest, bool *more, struct slice *out)
{
	if (!*more)
		return false;
	*more = slice_cut(rest, ':', out);
	*out = slice_trim(*out);
	return true;
}
