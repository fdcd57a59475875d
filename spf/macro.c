/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * macro: RFC 7208 section 7.
 *
 * A text is read item by item: a run of literal octets, or one
 * macro-expand.  The same reader serves the check of the grammar and the
 * expansion, so that both always agree.  A macro is expanded in the order
 * of section 7.3:
 *
 * 1. The value of the letter is looked up.
 * 2. It is split at any of the delimiters ("." when none is given); empty
 *    parts count.
 * 3. With "r" the order of the parts is reversed.
 * 4. With a number N the last N parts are kept; a number above the count of
 *    parts keeps all.
 * 5. The parts are joined with ".".
 * 6. An upper-case letter escapes what is not "unreserved" (RFC 3986).
 *
 * The nibbles of %{i} are written in upper case, as in the explanations of
 * the public test suite; names become lower case afterwards, as in the
 * examples of section 7.4.
 */
#include "spf/macro_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"

/* 7.2: c, r and t are for explanations only. */
#define LETTERS_RECORD	(SPF_MACRO_LETTER('s') | SPF_MACRO_LETTER('l') | \
    SPF_MACRO_LETTER('o') | SPF_MACRO_LETTER('d') | SPF_MACRO_LETTER('i') | \
    SPF_MACRO_LETTER('p') | SPF_MACRO_LETTER('h') | SPF_MACRO_LETTER('v'))
#define LETTERS_TEXT	(LETTERS_RECORD | SPF_MACRO_LETTER('c') | \
    SPF_MACRO_LETTER('r') | SPF_MACRO_LETTER('t'))

#define ALL_PARTS	SIZE_MAX
#define VALUE_MAX	80	/* the longest value that is made here:
				   32 nibbles with dots */

/* A literal, or what is between "%{" and "}". */
struct item {
	struct slice	literal;	/* with letter == 0 */
	char		letter;		/* in lower case */
	bool		escape;
	bool		reverse;
	size_t		parts;
	struct slice	delimiters;
};

/* ---- grammar ---- */

/* macro-literal = %x21-24 / %x26-7E */
static bool
is_macro_literal(char c)
{
	return ascii_is_vchar(c) && c != '%';
}

/* explain-string = *( macro-string / SP ) */
static bool
is_explain_literal(char c)
{
	return is_macro_literal(c) || c == ' ';
}

/* delimiter = "." / "-" / "+" / "," / "/" / "_" / "=" */
static bool
is_delimiter(char c)
{
	const struct slice delimiters = SLICE(".-+,/_=");

	return slice_find(delimiters, c) < delimiters.len;
}

/* *DIGIT: the number must not be zero (7.1); a huge one means all parts. */
static bool
take_parts(struct cursor *c, size_t *out)
{
	struct slice digits = cursor_span(c, ascii_is_digit);
	unsigned long long n;

	*out = ALL_PARTS;
	if (digits.len == 0)
		return true;
	if (slice_number(digits, 1000000, &n))
		*out = (size_t)n;
	return *out > 0;
}

/* macro-letter transformers *delimiter "}" */
static bool
take_macro(struct cursor *c, unsigned int allowed, struct item *out)
{
	char letter;

	if (!cursor_any(c, &letter) || !ascii_is_alpha(letter))
		return false;
	out->letter = ascii_lower(letter);
	out->escape = ascii_is_upper(letter);
	if ((SPF_MACRO_LETTER(out->letter) & allowed) == 0)
		return false;
	if (!take_parts(c, &out->parts))
		return false;
	out->reverse = cursor_take(c, 'r') || cursor_take(c, 'R');
	out->delimiters = cursor_span(c, is_delimiter);
	return cursor_take(c, '}');
}

/* macro-expand; the '%' is taken already. */
static bool
take_macro_expand(struct cursor *c, unsigned int allowed, struct item *out)
{
	char next;

	if (!cursor_any(c, &next))
		return false;
	switch (next) {
	case '{':
		return take_macro(c, allowed, out);
	case '%':
		out->literal = SLICE("%");
		return true;
	case '_':
		out->literal = SLICE(" ");
		return true;
	case '-':
		out->literal = SLICE("%20");
		return true;
	default:
		return false;
	}
}

/* The next item; the cursor is not at the end. */
static bool
take_item(struct cursor *c, cursor_class_fn *literal, unsigned int allowed,
    struct item *out)
{
	memset(out, 0, sizeof(*out));
	if (cursor_take(c, '%'))
		return take_macro_expand(c, allowed, out);
	out->literal = cursor_span(c, literal);
	return out->literal.len > 0;
}

/* `*tail`: what is after the last macro-expand. */
static bool
check(struct slice text, cursor_class_fn *literal, unsigned int allowed,
    unsigned int *letters, struct slice *tail)
{
	struct cursor c = cursor_of(text);
	struct item item;
	bool macro;

	*letters = 0;
	*tail = slice_from(text, text.len);
	while (!cursor_at_end(&c)) {
		macro = cursor_is(&c, '%');
		if (!take_item(&c, literal, allowed, &item))
			return false;
		*tail = macro ? cursor_rest(&c) : item.literal;
		if (item.letter != '\0')
			*letters |= SPF_MACRO_LETTER(item.letter);
	}
	return true;
}

bool
spf_macro_string(struct slice text, unsigned int *letters)
{
	struct slice tail;

	return check(text, is_macro_literal, LETTERS_RECORD, letters, &tail);
}

bool
spf_explain_string(struct slice text, unsigned int *letters)
{
	struct slice tail;

	return check(text, is_explain_literal, LETTERS_TEXT, letters, &tail);
}

/*
 * toplabel = ( *alphanum ALPHA *alphanum ) /
 *            ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
 * that is: letters, digits and hyphens, no hyphen at either end, and not
 * digits alone.
 */
static bool
is_toplabel(struct slice label)
{
	bool digits = true;
	size_t i;

	if (label.len == 0 || label.ptr[0] == '-' ||
	    label.ptr[label.len - 1] == '-')
		return false;
	for (i = 0; i < label.len; i++) {
		if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-')
			return false;
		digits = digits && ascii_is_digit(label.ptr[i]);
	}
	return !digits;
}

/*
 * domain-spec = macro-string domain-end
 * domain-end  = ( "." toplabel [ "." ] ) / macro-expand
 */
bool
spf_domain_spec(struct slice text, unsigned int *letters)
{
	struct slice tail;
	size_t dot;

	if (text.len == 0 || !check(text, is_macro_literal, LETTERS_RECORD,
	    letters, &tail))
		return false;
	if (tail.len == 0)
		return true;
	if (tail.ptr[tail.len - 1] == '.')
		tail.len--;
	dot = slice_find_last(tail, '.');
	return dot < tail.len && is_toplabel(slice_from(tail, dot + 1));
}

/* ---- expansion ---- */

/* Where the text goes.  `full` once something did not fit. */
struct sink {
	char	*ptr;
	size_t	 len;
	size_t	 cap;
	size_t	 work;	/* octets of values handled */
	bool	 full;
};

static void
put(struct sink *k, char c)
{
	if (k->len < k->cap)
		k->ptr[k->len++] = c;
	else
		k->full = true;
}

/* unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~" (7.3) */
static bool
is_unreserved(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

static void
put_value(struct sink *k, char c, bool escape)
{
	static const char hex[] = "0123456789ABCDEF";

	if (!escape || is_unreserved(c)) {
		put(k, c);
		return;
	}
	put(k, '%');
	put(k, hex[(unsigned char)c >> 4]);
	put(k, hex[(unsigned char)c & 15]);
}

static bool
splits(const struct item *item, char c)
{
	if (item->delimiters.len == 0)
		return c == '.';
	return slice_find(item->delimiters, c) < item->delimiters.len;
}

/*
 * Steps 3 and 4: the last parts of the reversed value are the first ones
 * of the value as it is.
 */
static struct slice
kept_parts(struct slice value, const struct item *item)
{
	size_t i, parts = 0;

	if (item->parts == ALL_PARTS)
		return value;
	for (i = 0; item->reverse && i < value.len; i++) {
		if (splits(item, value.ptr[i]) && ++parts == item->parts)
			return slice_head(value, i);
	}
	for (i = value.len; !item->reverse && i > 0; i--) {
		if (splits(item, value.ptr[i - 1]) && ++parts == item->parts)
			return slice_from(value, i);
	}
	return value;
}

/* Steps 5 and 6. */
static void
put_forward(struct sink *k, struct slice value, const struct item *item)
{
	size_t i;

	for (i = 0; i < value.len && !k->full; i++)
		put_value(k, splits(item, value.ptr[i]) ? '.' : value.ptr[i],
		    item->escape);
}

static void
put_reversed(struct sink *k, struct slice value, const struct item *item)
{
	size_t i, start, end = value.len;

	for (;;) {
		start = end;
		while (start > 0 && !splits(item, value.ptr[start - 1]))
			start--;
		for (i = start; i < end && !k->full; i++)
			put_value(k, value.ptr[i], item->escape);
		if (start == 0 || k->full)
			return;
		put(k, '.');
		end = start - 1;
	}
}

/* %{i}: dotted quad, or 32 nibbles with dots between (7.3). */
static struct slice
dotted_address(const struct ipaddr *ip, char out[VALUE_MAX])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, n = 0;

	if (ip->family == IPADDR_V4) {
		ipaddr_format(ip, out);
		return slice_str(out);
	}
	for (i = 0; i < 16; i++) {
		out[n++] = hex[ip->bytes[i] >> 4];
		out[n++] = '.';
		out[n++] = hex[ip->bytes[i] & 15];
		out[n++] = '.';
	}
	return (struct slice){ out, n - 1 };
}

static struct slice
or_unknown(struct slice value)
{
	return value.len > 0 ? value : SLICE("unknown");
}

/* Step 1. */
static struct slice
letter_value(const struct spf_macros *m, char letter, char made[VALUE_MAX])
{
	switch (letter) {
	case 's':
		return m->sender;
	case 'l':
		return m->local;
	case 'o':
		return m->sender_domain;
	case 'd':
		return m->domain;
	case 'i':
		return dotted_address(&m->ip, made);
	case 'p':
		return or_unknown(m->client_name);
	case 'v':
		return m->ip.family == IPADDR_V4 ? SLICE("in-addr") :
		    SLICE("ip6");
	case 'h':
		return m->helo;
	case 'c':
		ipaddr_format(&m->ip, made);
		return slice_str(made);
	case 'r':
		return or_unknown(m->receiver);
	default:	/* t */
		(void)snprintf(made, VALUE_MAX, "%lld", (long long)m->now);
		return slice_str(made);
	}
}

static void
put_item(struct sink *k, const struct spf_macros *m, const struct item *item)
{
	char made[VALUE_MAX];
	struct slice value;
	size_t i;

	if (item->letter == '\0') {
		for (i = 0; i < item->literal.len && !k->full; i++)
			put(k, item->literal.ptr[i]);
		return;
	}
	value = letter_value(m, item->letter, made);
	k->work += value.len;
	if (k->work > LIMIT_SPF_EXPANSION)
		k->full = true;
	value = kept_parts(value, item);
	if (item->reverse)
		put_reversed(k, value, item);
	else
		put_forward(k, value, item);
}

static void
expand(struct sink *k, const struct spf_macros *m, struct slice text)
{
	struct cursor c = cursor_of(text);
	struct item item;

	while (!cursor_at_end(&c) && !k->full) {
		if (!take_item(&c, is_explain_literal, LETTERS_TEXT, &item))
			return;
		put_item(k, m, &item);
	}
}

/* 7.3: whole labels are taken off at the left; a last dot is no octet. */
static struct slice
cut_left(struct slice name)
{
	size_t max = DOMAIN_MAX;

	if (name.len > 0 && name.ptr[name.len - 1] == '.')
		max++;
	while (name.len > max)
		name = slice_from(name, slice_find(name, '.') + 1);
	return name;
}

/* Not a part of its caller, whose stack has to stay small: many wait for DNS
   at one time, each in a thread. */
__attribute__((noinline))
static bool
expand_domain(const struct spf_macros *m, struct slice spec,
    struct domain *out)
{
	char room[LIMIT_SPF_EXPANSION];
	struct sink k = { .ptr = room, .cap = sizeof(room) };

	expand(&k, m, spec);
	return !k.full &&
	    domain_parse_dns(cut_left((struct slice){ room, k.len }), out);
}

bool
spf_macro_domain(const struct spf_macros *m, struct slice spec,
    struct domain *out)
{
	return slice_find(spec, '%') < spec.len ?
	    expand_domain(m, spec, out) :
	    domain_parse_dns(cut_left(spec), out);
}

static bool
is_printable(struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (!ascii_is_printable(text.ptr[i]))
			return false;
	}
	return true;
}

bool
spf_macro_text(const struct spf_macros *m, struct slice text, char *out,
    size_t size)
{
	struct sink k = { .ptr = out, .cap = size - 1 };
	bool good;

	expand(&k, m, text);
	good = is_printable((struct slice){ out, k.len });
	out[good ? k.len : 0] = '\0';
	return good;
}
