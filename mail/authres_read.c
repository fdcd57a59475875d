/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authres_read: the grammar of RFC 8601 section 2.2, one function for each
 * rule, and the question whether a field claims to be ours (section 5).
 *
 *	authres  = [CFWS] authserv-id [CFWS version] (no-result / 1*resinfo)
 *	resinfo  = [CFWS] ";" method "=" result [reason] *propspec
 *
 * Whether a field claims to be ours:
 *
 * 1. Its authserv-id is read.  Ours: yes.
 * 2. A version other than 1: yes, since we cannot know what it says.
 * 3. The rest is read as well.  No fault in it: no, it is foreign.
 * 4. There is a fault: a more lenient reader may see anything.  Yes if any
 *    token is our id, in comments as well, and also when comments are taken
 *    out and what stood round them is joined.
 *
 * Whether a field is odd, that is, may be another text to a reader who
 * decodes it (RFC 2047), or strips, splits or shows it by Unicode's rules:
 *
 * 1. It has "=?", with which an encoded word begins.
 * 2. It has a control, or 8-bit text that is not UTF-8 or changes how the
 *    text around it is shown.
 * 3. It is not empty and has no authserv-id that can be read.
 * 4. The authserv-id is no name: letters, digits, ".", "-" and "_", or a
 *    domain with U-labels.
 * 5. It cannot be read and has 8-bit text.
 */
#include "mail/authres.h"

#include <limits.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/domain.h"
#include "base/utf8.h"
#include "mail/lex.h"

#define FIRST_ITEMS	4u	/* room in a new array; a power of two */

struct reader {
	struct cursor		 c;
	struct arena		*arena;	/* NULL: nothing is kept */
	struct authres		*out;
	enum authres_status	 status;
};

static bool
fail(struct reader *r, enum authres_status status)
{
	r->status = status;
	return false;
}

static bool
unparsable(struct reader *r)
{
	return fail(r, AUTHRES_UNPARSABLE);
}

static bool
cfws(struct reader *r)
{
	return lex_cfws(&r->c) || unparsable(r);
}

/* [CFWS] c [CFWS] */
static bool
take_sign(struct reader *r, char sign)
{
	if (!cfws(r))
		return false;
	return cursor_take(&r->c, sign) ? cfws(r) : unparsable(r);
}

static bool
take_keyword(struct reader *r, struct slice *out)
{
	return lex_keyword(&r->c, out) || unparsable(r);
}

static bool
is_digit(char c)
{
	return ascii_is_digit(c);
}

/* 1*DIGIT, with a number that is too large as UINT_MAX. */
static bool
take_version(struct cursor *c, unsigned int *out)
{
	struct slice digits = cursor_span(c, is_digit);
	unsigned long long n;

	if (digits.len == 0)
		return false;
	*out = slice_number(digits, UINT_MAX, &n) ? (unsigned int)n : UINT_MAX;
	return true;
}

/* ---- values ---- */

/* value = token / quoted-string; the token may have U-labels (2.5). */
static bool
take_value(struct cursor *c, struct slice *raw)
{
	return lex_token_utf8(c, raw) || lex_quoted_string(c, raw, NULL);
}

/* What is unquoted in practice: all but what ends a value. */
static bool
is_pvalue(char c)
{
	return ascii_is_vchar(c) && c != ';' && c != '(' && c != ')' &&
	    c != '"' && c != '\\';
}

/*
 * pvalue = value / [ [ local-part ] "@" ] domain-name, or a run of octets
 * that are no delimiters.  Nothing at all may be before ";" or the end.
 */
static bool
take_pvalue(struct reader *r, struct slice *raw)
{
	struct cursor start = r->c;

	if (lex_quoted_string(&r->c, raw, NULL) && !cursor_is(&r->c, '@'))
		return true;
	do
		(void)cursor_span(&r->c, is_pvalue);
	while (utf8_take(&r->c));
	*raw = cursor_since(&r->c, &start);
	return raw->len > 0 || cursor_at_end(&r->c) ||
	    cursor_is(&r->c, ';') || unparsable(r);
}

/* A quoted-string and not a quoted local-part with its domain. */
static bool
is_quoted(struct slice raw)
{
	return raw.len >= 2 && raw.ptr[0] == '"' &&
	    raw.ptr[raw.len - 1] == '"';
}

/*
 * Writes the content of a value to `out`, at most `size` octets, and
 * returns how many they are.  Quotes and backslashes go, but for those of a
 * quoted local-part, and so do line ends, which only folds in quotes have.
 */
static size_t
unquote(struct slice raw, char *out, size_t size)
{
	bool quoted = is_quoted(raw);
	size_t i, len = 0;
	size_t end = quoted ? raw.len - 1 : raw.len;

	for (i = quoted ? 1 : 0; i < end && len < size; i++) {
		if (raw.ptr[i] == '\r' || raw.ptr[i] == '\n')
			continue;
		if (quoted && raw.ptr[i] == '\\')
			i++;
		out[len++] = raw.ptr[i];
	}
	return len;
}

/* The content of a value, borrowed when that can be. */
static bool
keep_value(struct reader *r, struct slice raw, struct slice *out)
{
	char *text;

	*out = raw;
	if (r->arena == NULL || raw.len == 0 || raw.ptr[0] != '"')
		return true;
	text = arena_alloc(r->arena, raw.len);
	if (text == NULL)
		return fail(r, AUTHRES_LIMIT);
	*out = (struct slice){ text, unquote(raw, text, raw.len) };
	return true;
}

/* ---- results ---- */

/*
 * Room for one more item after `count` of them: an array is full when the
 * count is a power of two, and then it is doubled.  NULL: no memory.
 */
static void *
grow(struct arena *arena, void *items, size_t count, size_t size)
{
	void *fresh;

	if (count > 0 && (count < FIRST_ITEMS || (count & (count - 1)) != 0))
		return items;
	fresh = arena_array(arena, count > 0 ? count * 2 : FIRST_ITEMS, size);
	if (fresh != NULL && count > 0)
		memcpy(fresh, items, count * size);
	return fresh;
}

static bool
keep_property(struct reader *r, struct authres_result *result,
    const struct authres_property *property)
{
	struct authres_property *all;

	if (r->arena == NULL)
		return true;
	all = grow(r->arena, result->properties, result->property_count,
	    sizeof(*all));
	if (all == NULL)
		return fail(r, AUTHRES_LIMIT);
	result->properties = all;
	all[result->property_count++] = *property;
	return true;
}

static bool
keep_result(struct reader *r, const struct authres_result *result)
{
	struct authres *out = r->out;
	struct authres_result *all;

	if (out->result_count == LIMIT_AUTHRES_RESULTS)
		return fail(r, AUTHRES_LIMIT);
	if (r->arena != NULL) {
		all = grow(r->arena, out->results, out->result_count,
		    sizeof(*all));
		if (all == NULL)
			return fail(r, AUTHRES_LIMIT);
		out->results = all;
		all[out->result_count] = *result;
	}
	out->result_count++;
	return true;
}

/* ---- grammar ---- */

/* methodspec = method ["/" version] "=" result, up to the result. */
static bool
take_method(struct reader *r, struct authres_result *result)
{
	if (!take_keyword(r, &result->method) || !cfws(r))
		return false;
	if (cursor_is(&r->c, '/') && (!take_sign(r, '/') ||
	    !(take_version(&r->c, &result->method_version) || unparsable(r))))
		return false;
	return take_sign(r, '=') && take_keyword(r, &result->result);
}

/* propspec, or reasonspec. */
static bool
take_property(struct reader *r, struct authres_result *result)
{
	struct authres_property p = { .ptype = { NULL, 0 } };
	struct slice raw;

	if (!take_keyword(r, &p.property) || !cfws(r))
		return false;
	if (cursor_is(&r->c, '.')) {
		p.ptype = p.property;
		if (!take_sign(r, '.') || !take_keyword(r, &p.property))
			return false;
	}
	if (!take_sign(r, '=') || !take_pvalue(r, &raw) ||
	    !keep_value(r, raw, &p.value))
		return false;
	if (p.ptype.len > 0 || !slice_eq_nocase(p.property, SLICE("reason")))
		return keep_property(r, result, &p);
	result->reason = p.value;
	return true;
}

/* After the ";" and CFWS, up to the next ";" or the end. */
static bool
take_resinfo(struct reader *r)
{
	struct authres_result result = { .method_version = 1 };

	if (!take_method(r, &result))
		return false;
	for (;;) {
		if (!cfws(r))
			return false;
		if (cursor_at_end(&r->c) || cursor_is(&r->c, ';'))
			return keep_result(r, &result);
		if (!take_property(r, &result))
			return false;
	}
}

/* A ";" with another result after it; one at the end is passed. */
static bool
take_separator(struct reader *r)
{
	return cursor_is(&r->c, ';') && take_sign(r, ';') &&
	    !cursor_at_end(&r->c);
}

/* no-result = ";" "none", after the ";" and CFWS. */
static bool
take_none(struct reader *r)
{
	struct cursor start = r->c;
	struct slice word;

	if (lex_keyword(&r->c, &word) &&
	    slice_eq_nocase(word, SLICE("none")) && lex_cfws(&r->c)) {
		(void)take_separator(r);
		if (cursor_at_end(&r->c))
			return true;
	}
	r->c = start;
	return false;
}

/* authserv-id as it is, and the version. */
static bool
take_head(struct reader *r, struct slice *id)
{
	if (!cfws(r))
		return false;
	if (!take_value(&r->c, id))
		return unparsable(r);
	if (!cfws(r))
		return false;
	if (take_version(&r->c, &r->out->version) && !cfws(r))
		return false;
	return r->out->version == 1 || fail(r, AUTHRES_VERSION);
}

/* All that is after the head. */
static bool
take_results(struct reader *r)
{
	if (!take_separator(r))
		return unparsable(r);
	if (take_none(r))
		return true;
	do {
		if (!take_resinfo(r))
			return false;
	} while (take_separator(r));
	return (r->status == AUTHRES_OK && cursor_at_end(&r->c)) ||
	    unparsable(r);
}

static struct reader
reader_of(struct slice value, struct arena *arena, struct authres *out)
{
	*out = (struct authres){ .version = 1 };
	return (struct reader){
		.c = cursor_of(value),
		.arena = arena,
		.out = out,
		.status = AUTHRES_OK,
	};
}

enum authres_status
authres_read(struct slice value, struct arena *arena, struct authres *out)
{
	struct reader r = reader_of(value, arena, out);
	struct slice id;

	if (value.len > LIMIT_AUTHRES_READ)
		return AUTHRES_LIMIT;
	if (!take_head(&r, &id) && r.status != AUTHRES_VERSION)
		return r.status;
	if (!keep_value(&r, id, &out->authserv_id))
		return r.status;
	if (r.status == AUTHRES_OK && !take_results(&r))
		out->result_count = 0;
	return r.status;
}

/* ---- is it ours? ---- */

/*
 * Our id, and what it is compared with.  A name longer than this room, or
 * cut by it, is neither a domain name nor an id that the writer takes.
 */
struct own {
	struct slice	id;
	struct domain	domain;
	bool		has_domain;
	unsigned int	conversions;	/* of U-labels so far */
	char		token[LIMIT_DOMAIN_UTF8 + 2];
	size_t		len;
};

/* Is it ours for a reader who drops what is not ASCII? */
static bool
is_own_in_ascii(const struct own *own, struct slice token)
{
	size_t i, n = 0;

	for (i = 0; i < token.len; i++) {
		if (ascii_is_8bit(token.ptr[i]))
			continue;
		if (n == own->id.len || ascii_lower(token.ptr[i]) !=
		    ascii_lower(own->id.ptr[n]))
			return false;
		n++;
	}
	return n > 0 && n == own->id.len;
}

/* Is `token` our id?  Past the bound on conversions all are taken for it. */
static bool
is_own(struct own *own, struct slice token)
{
	struct domain domain;

	if (slice_eq_nocase(token, own->id))
		return true;
	if (!own->has_domain)
		return false;
	if (slice_is_ascii(token)) {
		if (token.len > 0 && token.ptr[token.len - 1] == '.')
			token.len--;
		return slice_eq_nocase(token, domain_slice(&own->domain));
	}
	if (is_own_in_ascii(own, token))
		return true;
	if (++own->conversions > LIMIT_AUTHRES_IDN)
		return true;
	return domain_parse(token, &domain) && domain_eq(&domain, &own->domain);
}

/* The end of a token that was gathered, which may be empty. */
static bool
end_token(struct own *own)
{
	struct slice token = { own->token, own->len };

	own->len = 0;
	return token.len > 0 && token.len < sizeof(own->token) &&
	    is_own(own, token);
}

static void
add_to_token(struct own *own, char c)
{
	if (own->len < sizeof(own->token))
		own->token[own->len++] = c;
}

/* What names are made of, and any other octet of our id. */
static bool
in_token(const struct own *own, char c)
{
	return ascii_is_alnum(c) || c == '.' || c == '-' || c == '_' ||
	    ascii_is_8bit(c) || slice_find(own->id, c) < own->id.len;
}

/*
 * Step 4.  A backslash counts as not there.  With `join`, neither does a
 * comment, closed or not.
 */
static bool
has_own_token(struct own *own, struct slice text, bool join)
{
	size_t i, depth = 0;
	char c;

	own->len = 0;
	for (i = 0; i < text.len; i++) {
		c = text.ptr[i];
		if (c == '\\')
			continue;
		if (join && c == '(')
			depth++;
		else if (join && c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && in_token(own, c))
			add_to_token(own, c);
		else if (depth == 0 && end_token(own))
			return true;
	}
	return end_token(own);
}

/* Steps 1 to 3: true when the answer is in `*claims`. */
static bool
claims_by_grammar(struct own *own, struct slice value, bool *claims)
{
	struct authres ignored;
	struct reader r = reader_of(slice_head(value, LIMIT_AUTHRES_READ),
	    NULL, &ignored);
	struct slice id;

	if (!take_head(&r, &id) && r.status != AUTHRES_VERSION)
		return false;
	own->len = unquote(id, own->token, sizeof(own->token));
	*claims = end_token(own) || r.status == AUTHRES_VERSION;
	if (*claims)
		return true;
	if (value.len > LIMIT_AUTHRES_READ)
		return cursor_is(&r.c, ';');
	return take_results(&r);
}

bool
authres_claims(struct slice value, struct slice authserv_id)
{
	struct own own = { .id = authserv_id };
	bool claims;

	own.has_domain = domain_parse(authserv_id, &own.domain);
	if (claims_by_grammar(&own, value, &claims))
		return claims;
	return value.len > LIMIT_AUTHRES_READ ||
	    has_own_token(&own, value, false) ||
	    has_own_token(&own, value, true);
}

/* ---- is it odd? ---- */

static bool
begins_encoded_word(const struct cursor *c)
{
	return slice_starts(cursor_rest(c), SLICE("=?"));
}

/* Steps 1 and 2. */
static bool
has_odd_text(struct slice value)
{
	struct cursor c = cursor_of(value);

	for (;;) {
		(void)lex_fws(&c);
		if (cursor_at_end(&c))
			return false;
		if (begins_encoded_word(&c))
			return true;
		if (ascii_is_vchar(*c.p))
			c.p++;
		else if (!lex_utf8_shown(&c))
			return true;
	}
}

/* Step 4, of an id without quotes. */
static bool
is_name(struct slice id)
{
	struct domain domain;
	size_t i;

	if (!slice_is_ascii(id))
		return domain_parse(id, &domain);
	for (i = 0; i < id.len; i++) {
		if (!ascii_is_alnum(id.ptr[i]) &&
		    slice_find(SLICE(".-_"), id.ptr[i]) == 3)
			return false;
	}
	return id.len > 0;
}

bool
authres_is_odd(struct slice value)
{
	char room[LIMIT_DOMAIN_UTF8 + 2];
	struct authres ignored;
	struct reader r = reader_of(slice_head(value, LIMIT_AUTHRES_READ),
	    NULL, &ignored);
	struct slice id;
	size_t len;

	if (slice_trim(value).len == 0)
		return false;
	if (has_odd_text(value))
		return true;
	if (!take_head(&r, &id) && r.status != AUTHRES_VERSION)
		return true;
	len = unquote(id, room, sizeof(room));
	if (!is_name((struct slice){ room, len }))
		return true;
	return !slice_is_ascii(value) && !take_results(&r);
}
