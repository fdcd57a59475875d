/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: the reverse-path of RFC 5321 and From of RFC 5322.
 *
 * A reverse-path is read widely, as mail servers do: what counts is which
 * domain it names.  From is read strictly, since a reader's program may see
 * another author in anything that we only guessed at:
 *
 * 1. The field is a list of addresses with "," between them; an element may
 *    be empty (obs-mbox-list, RFC 5322 section 4.4).
 * 2. At the start of an element, all words, dots and CFWS are read.  What
 *    follows them says what they were: "@" a local-part, "<" a display-name,
 *    ":" the name of a group (RFC 6854).
 *    Each of the three has its rule for the order of words and dots.
 * 3. After "@" is a domain, obs-domain included, CFWS taken out.  A
 *    dot at its end is dropped.  A domain-literal is no domain name.
 * 4. ";" ends a group.  Groups do not nest.
 * 5. Anything else makes the field unparsable.
 *
 * Every octet is read once, in one loop: no recursion, linear time.
 *
 * 6. A field that is unparsable so far is scanned for every domain that some
 *    program may show (mail/scan.c).  When that is clear, and one domain, the
 *    field is sloppy.
 * 7. So is a field with syntax that many programs do not know: a source
 *    route, CFWS before or within a domain or a dot after it, a
 *    comment or a quoted string in the address itself, a group.  Of
 *    ceo@bank.example. evil.example they show the first half, and so they do
 *    of <"ceo@bank.example>"@evil.example>.  When there is another domain,
 *    with a dot in it, the field is unparsable.
 */
#include "mail/address.h"

#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/lex.h"
#include "mail/scan_internal.h"

/* ---- reverse-path ---- */

/*
 * Goes to the next `want` that is neither in a quoted string nor after a
 * backslash; false, at the end, when there is none.
 */
static bool
seek_unquoted(struct cursor *c, char want)
{
	bool quoted = false;
	char next;

	for (; !cursor_at_end(c); c->p++) {
		next = *c->p;
		if (next == want && !quoted)
			return true;
		if (next == '"')
			quoted = !quoted;
		else if (next == '\\' && cursor_left(c) > 1)
			c->p++;
	}
	return false;
}

/*
 * What is between the angle brackets, or all of a text without them.
 * False when they do not match or something is after them.
 */
static bool
strip_brackets(struct slice *text)
{
	struct cursor c = cursor_of(*text), inner;
	bool closed;

	if (!cursor_take(&c, '<'))
		return true;
	inner = c;
	closed = seek_unquoted(&c, '>');
	*text = slice_trim(cursor_since(&c, &inner));
	return closed && cursor_left(&c) == 1;
}

/* "@one,@two:" before the mailbox (RFC 5321 section 4.1.2). */
static void
strip_route(struct slice *text)
{
	struct cursor c = cursor_of(*text);

	if (!cursor_is(&c, '@') || !seek_unquoted(&c, ':'))
		return;
	c.p++;
	*text = slice_trim(cursor_rest(&c));
}

void
mail_path_parse(struct slice text, struct mail_path *out)
{
	struct cursor c, start, at;
	bool closed, found = false;

	memset(out, 0, sizeof(*out));
	text = slice_trim(text);
	closed = strip_brackets(&text);
	out->null = closed && text.len == 0;
	strip_route(&text);
	at = start = c = cursor_of(text);
	while (seek_unquoted(&c, '@')) {
		at = c;
		found = true;
		c.p++;
	}
	out->local = text;
	if (!found)
		return;
	out->local = cursor_since(&at, &start);
	at.p++;
	out->domain_text = cursor_rest(&at);
	out->has_domain = closed && domain_parse(out->domain_text,
	    &out->domain);
}

/* ---- From ---- */

/*
 * Text of a domain without CFWS.  The room is two octets more than
 * domain_parse() takes, its last dot not counted: so a text that had to be
 * cut is refused.
 */
struct domain_text {
	char	ptr[LIMIT_DOMAIN_UTF8 + 2];
	size_t	len;
};

struct from_reader {
	struct cursor		 c;
	struct mail_from	*out;
	bool			 in_group;
	bool			 unusual;	/* see step 7 */
	bool			 ambiguous;	/* the same, for certain */
};

/* What was read before "@", "<" or ":", see step 2. */
struct words {
	size_t	words;
	bool	leading_dot;
	bool	local_part;	/* word *("." word) */
	struct cursor	start;	/* where the first of them begins */
};

static void
set_state(struct mail_from *out, enum mail_from_state state,
    const char *problem)
{
	out->state = state;
	out->problem = problem;
}

/* Notes why the field cannot be read; always false. */
static bool
refuse(struct from_reader *r, const char *problem)
{
	set_state(r->out, MAIL_FROM_UNPARSABLE, problem);
	return false;
}

/* Of several faults the first is kept. */
static bool
cfws(struct from_reader *r)
{
	return lex_cfws(&r->c) ||
	    refuse(r, "comment that does not end, nests too deep, or has "
	    "octets that it may not have");
}

/* A word, and whether it may follow in a local-part. */
static bool
take_word(struct from_reader *r, struct words *w, bool *want_word)
{
	struct slice text;

	if (!lex_atom(&r->c, &text) &&
	    !lex_quoted_string(&r->c, &text, NULL))
		return false;
	w->words++;
	if (!*want_word)
		w->local_part = false;
	*want_word = false;
	return true;
}

static bool
take_dot(struct from_reader *r, struct words *w, bool *want_word)
{
	if (!cursor_take(&r->c, '.'))
		return false;
	if (w->words == 0)
		w->leading_dot = true;
	if (*want_word)
		w->local_part = false;
	*want_word = true;
	return true;
}

static bool
take_words(struct from_reader *r, struct words *w)
{
	bool want_word = true;

	*w = (struct words){ .local_part = true };
	if (!cfws(r))
		return false;
	w->start = r->c;
	do {
		if (!cfws(r))
			return false;
	} while (take_word(r, w, &want_word) || take_dot(r, w, &want_word));
	if (want_word)
		w->local_part = false;
	return true;
}

/* phrase, or obs-phrase: begins with a word. */
static bool
is_phrase(const struct words *w)
{
	return w->words > 0 && !w->leading_dot;
}

static void
add_text(struct domain_text *t, struct slice s)
{
	if (s.len > sizeof(t->ptr) - t->len)
		s.len = sizeof(t->ptr) - t->len;
	if (s.len > 0)
		memcpy(t->ptr + t->len, s.ptr, s.len);
	t->len += s.len;
}

/* atom *("." atom) ["."] with CFWS between, after "@". */
static bool
take_domain(struct from_reader *r, struct domain_text *t)
{
	struct slice atom;
	const char *end;

	t->len = 0;
	do {
		end = r->c.p;
		if (!cfws(r))
			return false;
		if (r->c.p > end)
			r->unusual = true;
		if (!lex_atom(&r->c, &atom)) {
			r->unusual = true;
			break;
		}
		add_text(t, atom);
		end = r->c.p;
		if (!cfws(r))
			return false;
		if (!cursor_is(&r->c, '.'))
			return true;
		if (r->c.p > end)
			r->unusual = true;
		r->c.p++;
		add_text(t, SLICE("."));
	} while (true);
	if (cursor_is(&r->c, '['))
		return refuse(r, "address literal instead of a domain");
	return t->len > 0 ? true : refuse(r, "no domain after \"@\"");
}

/* Counts a mailbox and compares its domain with the first one. */
static bool
add_mailbox(struct from_reader *r, const struct domain_text *t)
{
	struct mail_from *out = r->out;
	struct domain domain;

	if (out->mailboxes == LIMIT_FROM_MAILBOXES)
		return refuse(r, "too many addresses");
	if (!domain_parse((struct slice){ t->ptr, t->len }, &domain))
		return refuse(r, "address without a valid domain name");
	out->mailboxes++;
	scan_add(out, domain_slice(&domain));
	if (!out->has_domain) {
		out->has_domain = true;
		out->domain = domain;
	} else if (!domain_eq(&out->domain, &domain)) {
		set_state(out, MAIL_FROM_MULTIPLE, "several domains");
	}
	return true;
}

/* Nothing in it but what everybody reads in the same way. */
static bool
is_plain(struct slice local)
{
	size_t i;

	for (i = 0; i < local.len; i++) {
		if (ascii_is_space(local.ptr[i]) || local.ptr[i] == '"' ||
		    local.ptr[i] == '(')
			return false;
	}
	return true;
}

/* "@" domain, after a local-part. */
static bool
take_at_domain(struct from_reader *r, const struct words *w)
{
	struct slice local = cursor_since(&r->c, &w->start);
	struct domain_text text;

	if (!w->local_part)
		return refuse(r, "not a local part before \"@\"");
	if (!cursor_take(&r->c, '@') || !take_domain(r, &text) ||
	    !add_mailbox(r, &text))
		return false;
	r->out->local = r->out->mailboxes == 1 && is_plain(local) ? local :
	    SLICE("");
	return true;
}

static bool
has_blank(struct slice s)
{
	return slice_find(s, ' ') < s.len || slice_find(s, '\t') < s.len;
}

/* May an encoded word begin in it? */
static bool
has_encoded_word(struct slice s)
{
	struct slice before;

	while (slice_cut(&s, '=', &before))
		if (slice_starts(s, SLICE("?")))
			return true;
	return false;
}

/* A quoted string, a comment, a blank, 8-bit text or an encoded word in an
   address, see step 7. */
static void
note_unusual(struct from_reader *r, const struct cursor *start)
{
	struct slice text = cursor_since(&r->c, start);

	if (slice_find(text, '"') < text.len ||
	    slice_find(text, '(') < text.len || !slice_is_ascii(text) ||
	    has_blank(slice_trim(text)) || has_encoded_word(text))
		r->unusual = true;
}

static bool
is_name_octet(char c)
{
	return ascii_is_alnum(c) || ascii_is_8bit(c) || c == '.' || c == '-' ||
	    c == '_';
}

/* What may be around an address in a text. */
static bool
is_mark_after(char c)
{
	return c == '\'' || c == '>' || c == ')' || c == ',';
}

/* Is what is after each "@" a name by itself? */
static bool
has_whole_names(struct slice text)
{
	struct slice before, name;
	struct cursor c;

	while (slice_cut(&text, '@', &before)) {
		c = cursor_of(text);
		name = cursor_span(&c, is_name_octet);
		if (name.len == 0 || name.ptr[name.len - 1] == '.')
			return false;
		(void)cursor_span(&c, is_mark_after);
		if (!cursor_at_end(&c) && !ascii_is_space(*c.p) &&
		    *c.p != '"')
			return false;
	}
	return true;
}

/* A string with a fold in a display name: some programs end it there, and
   drop what they do not expect in the addresses that they see. */
static void
note_folded(struct from_reader *r, const struct cursor *start)
{
	struct slice text = cursor_since(&r->c, start);

	if (slice_find(text, '"') == text.len ||
	    slice_find(text, '\n') == text.len)
		return;
	r->unusual = true;
	r->ambiguous = r->ambiguous || !has_whole_names(text);
}

/* obs-route (RFC 5322 section 4.4): checked, then of no more use. */
static bool
take_route(struct from_reader *r)
{
	struct domain_text ignored;
	bool any = false;

	if (!cfws(r))
		return false;
	if (!cursor_is(&r->c, '@') && !cursor_is(&r->c, ','))
		return true;
	do {
		if (!cfws(r))
			return false;
		if (!cursor_take(&r->c, '@'))
			continue;
		any = r->unusual = true;
		if (!take_domain(r, &ignored) || !cfws(r))
			return false;
	} while (cursor_take(&r->c, ','));
	return (any && cursor_take(&r->c, ':')) ||
	    refuse(r, "source route that is not well formed");
}

/* angle-addr, from "<" to ">". */
static bool
take_angle(struct from_reader *r)
{
	struct cursor start = r->c;
	struct words w;

	if (!cursor_take(&r->c, '<') || !take_route(r) ||
	    !take_words(r, &w))
		return false;
	if (!cursor_is(&r->c, '@'))
		return refuse(r, "no address between \"<\" and \">\"");
	if (!take_at_domain(r, &w) || !cfws(r))
		return false;
	note_unusual(r, &start);
	return cursor_take(&r->c, '>') || refuse(r, "no \">\" after \"<\"");
}

/* group = display-name ":" [group-list] ";" (RFC 5322 section 3.4) */
static bool
open_group(struct from_reader *r, const struct words *w)
{
	if (r->in_group || !is_phrase(w))
		return refuse(r, "\":\" in the wrong place");
	r->c.p++;
	r->in_group = r->unusual = true;
	return true;
}

/* What is between two commas; the beginning of a group, too. */
static bool
take_element(struct from_reader *r)
{
	struct cursor start;
	struct words w;

	start = r->c;
	if (!cfws(r))
		return false;
	if (cursor_at_end(&r->c) || cursor_is(&r->c, ','))
		note_unusual(r, &start);	/* a comment alone */
	start = r->c;
	if (!take_words(r, &w))
		return false;
	if (cursor_is(&r->c, ':') &&
	    (!open_group(r, &w) || !take_words(r, &w)))
		return false;
	if (cursor_is(&r->c, '@')) {
		if (!take_at_domain(r, &w))
			return false;
		note_unusual(r, &start);
		return cfws(r);
	}
	if (w.words == 0 && !w.leading_dot)
		return !cursor_is(&r->c, '<') || (take_angle(r) && cfws(r));
	if (!is_phrase(&w) || !cursor_is(&r->c, '<'))
		return refuse(r, "text that is no address");
	note_folded(r, &start);
	return take_angle(r) && cfws(r);
}

/* The whole field, steps 1 to 5. */
static bool
take_list(struct from_reader *r)
{
	size_t before = r->out->mailboxes;

	do {
		if (!take_element(r))
			return false;
		if (!r->in_group || !cursor_take(&r->c, ';'))
			continue;
		r->in_group = false;
		if (!cfws(r))
			return false;
	} while (cursor_take(&r->c, ','));
	if (!cursor_at_end(&r->c))
		return refuse(r, "text that is no address");
	if (r->in_group)
		return refuse(r, "group that does not end");
	return r->out->mailboxes > before || refuse(r, "no address in it");
}

/* Step 6, of the first field. */
static void
read_tolerantly(struct slice value, struct mail_from *out)
{
	if (!scan_domains(value, out) || out->domain_count != 1)
		return;
	out->state = MAIL_FROM_SLOPPY;
	out->has_domain = true;
	(void)domain_parse(out->domains[0], &out->domain);
}

/* Step 7, of a field that is well formed. */
static bool
is_ambiguous(struct slice value, struct mail_from *out)
{
	struct mail_from seen = { .arena = out->arena };
	size_t i, before = out->domain_count;

	if (scan_encodes_at(value))
		return true;
	(void)scan_domains(value, &seen);
	for (i = 0; i < seen.domain_count; i++) {
		if (domain_labels(seen.domains[i]) > 1)
			scan_add(out, seen.domains[i]);
	}
	return out->domain_count > before || out->more_domains ||
	    seen.more_domains;
}

/* Adds one field to what is known; a field that cannot be read leaves no
   domain of its own. */
static void
read_field(struct slice value, struct mail_from *out)
{
	struct from_reader r = { .c = cursor_of(value), .out = out };
	bool had_domain = out->has_domain;

	if (out->fields++ == 0)
		set_state(out, MAIL_FROM_OK, NULL);
	if (!take_list(&r)) {
		out->has_domain = had_domain;
		read_tolerantly(value, out);
	} else if (out->state == MAIL_FROM_OK && (r.ambiguous ||
	    scan_joins_at(value) ||
	    (r.unusual && is_ambiguous(value, out)))) {
		out->has_domain = had_domain;
		(void)refuse(&r, "syntax in which programs see several "
		    "domains");
	}
	if (out->fields > 1)
		set_state(out, MAIL_FROM_MULTIPLE, "several From fields");
	if (out->state != MAIL_FROM_OK)
		out->local = SLICE("");
}

static void
clear(struct mail_from *out, struct arena *arena)
{
	memset(out, 0, sizeof(*out));
	out->arena = arena;
	set_state(out, MAIL_FROM_ABSENT, "no From field");
}

void
mail_from_parse(struct slice value, struct arena *arena,
    struct mail_from *out)
{
	clear(out, arena);
	read_field(value, out);
}

void
mail_from_read(const struct mail_header *h, struct mail_from *out)
{
	size_t i;

	clear(out, h->arena);
	for (i = 0; i < h->count; i++) {
		if (slice_eq_nocase(h->fields[i].name, SLICE("From")))
			read_field(h->fields[i].value, out);
	}
	if (h->overflow && out->fields < 2) {
		set_state(out, MAIL_FROM_UNPARSABLE,
		    "header too large to be read in full");
		out->has_domain = false;
	}
}

const char *
mail_from_state_name(enum mail_from_state s)
{
	switch (s) {
	case MAIL_FROM_OK:
		return "ok";
	case MAIL_FROM_ABSENT:
		return "absent";
	case MAIL_FROM_MULTIPLE:
		return "multiple";
	case MAIL_FROM_SLOPPY:
		return "sloppy";
	case MAIL_FROM_UNPARSABLE:
		break;
	}
	return "unparsable";
}
