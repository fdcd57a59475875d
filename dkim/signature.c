/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signature: what a DKIM-Signature field must look like (RFC 6376 section
 * 3.5), or one of ARC's, in the order of the checks.  The first one that
 * fails gives the verdict; the others are still made, since the report
 * names what could be read of a signature that is refused.
 *
 *  1. The field is within LIMIT_DKIM_FIELD: permerror.
 *  2. Its value is a tag list (3.2): neutral.  UTF-8 may be in it (RFC
 *     8616 section 5).
 *  3. All required tags are there (6.1.1): permerror.
 *  4. The value of each tag has its form: neutral; its meaning fits the
 *     others: permerror.  Algorithms, methods and versions that are not
 *     known: neutral (3.3.4, 3.5, 6.1.1).
 *
 * Tag values are case-sensitive unless their section says otherwise (3.2).
 *
 * Decisions that the RFCs leave open:
 *  - A signature from the future (t=), by more than LIMIT_DKIM_CLOCK_SKEW,
 *    is ignored: neutral.  Section 3.5 allows that.
 *  - An expired one (x=), by more than the same, is a permerror.
 *  - l= that no number of 64 bits holds is larger than any body: permerror.
 */
#include "dkim/signature.h"

#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "base/domain.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "dkim/bodyhash.h"
#include "mail/lex.h"
#include "mail/taglist.h"

/* RFC 6376 section 3.5, the ABNF of t=, x= and l=. */
#define TIME_DIGITS	12
#define LENGTH_DIGITS	76

struct reader {
	struct arena		*arena;
	enum dkim_form		 form;
	struct taglist		 tags;
	struct dkim_signature	*sig;
	struct dkim_request	*out;
	bool			 refused;
};

void
dkim_signature_judge(struct dkim_signature *sig, enum auth_result result,
    const char *comment)
{
	if (result == AUTH_PASS)
		sig->state = DKIM_SUCCESS;
	else if (result == AUTH_TEMPERROR)
		sig->state = DKIM_TEMPFAIL;
	else
		sig->state = DKIM_PERMFAIL;
	sig->result = result;
	sig->comment = comment;
}

/* The first refusal is the verdict. */
static void
refuse(struct reader *r, enum auth_result result, const char *comment)
{
	if (!r->refused)
		dkim_signature_judge(r->sig, result, comment);
	r->refused = true;
}

static void
refuse_syntax(struct reader *r, const char *comment)
{
	refuse(r, AUTH_NEUTRAL, comment);
}

static void
refuse_memory(struct reader *r)
{
	refuse(r, AUTH_TEMPERROR, "out of memory");
}

/* The value of a tag; false when it is absent. */
static bool
get(const struct reader *r, struct slice name, struct slice *value)
{
	const struct tag *tag = taglist_find(&r->tags, name);

	if (tag != NULL)
		*value = tag->value;
	return tag != NULL;
}

/* ---- step 3 ---- */

/* Sets of forms: the field signs a message, or any. */
#define FORM(name)	(1u << DKIM_FORM_##name)
#define MESSAGE_FORMS	(FORM(DKIM) | FORM(ARC_MESSAGE))
#define ALL_FORMS	(MESSAGE_FORMS | FORM(ARC_SEAL))

static void
check_required(struct reader *r)
{
	static const struct {
		unsigned int forms;
		struct slice name;
		const char *comment;
	} required[] = {
		{ FORM(DKIM), SLICE_INIT("v"), "no v= in signature" },
		{ ALL_FORMS, SLICE_INIT("a"), "no a= in signature" },
		{ ALL_FORMS, SLICE_INIT("b"), "no b= in signature" },
		{ MESSAGE_FORMS, SLICE_INIT("bh"), "no bh= in signature" },
		{ ALL_FORMS, SLICE_INIT("d"), "no d= in signature" },
		{ MESSAGE_FORMS, SLICE_INIT("h"), "no h= in signature" },
		{ ALL_FORMS, SLICE_INIT("s"), "no s= in signature" },
	};
	size_t i;

	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if ((required[i].forms & 1u << r->form) != 0 &&
		    taglist_find(&r->tags, required[i].name) == NULL)
			refuse(r, AUTH_PERMERROR, required[i].comment);
	}
}

/* ---- step 4, a function for each tag ---- */

static void
read_v(struct reader *r)
{
	struct slice v;

	if (get(r, SLICE("v"), &v) && !slice_eq(v, SLICE("1")))
		refuse_syntax(r, "signature version not known");
}

static void
read_a(struct reader *r)
{
	struct slice a, token;
	struct cursor c;

	if (!get(r, SLICE("a"), &a))
		return;
	c = cursor_of(a);
	if (lex_token(&c, &token) && cursor_at_end(&c))
		r->sig->a = a;
	if (slice_eq(a, SLICE("rsa-sha256")))		/* 3.3.2 */
		r->out->key_type = CRYPTO_RSA;
	else if (slice_eq(a, SLICE("ed25519-sha256")))	/* RFC 8463 3 */
		r->out->key_type = CRYPTO_ED25519;
	else if (slice_eq(a, SLICE("rsa-sha1")))	/* RFC 8301 3.1 */
		refuse(r, AUTH_PERMERROR, "rsa-sha1 is not accepted");
	else
		refuse_syntax(r, "signature algorithm not known");
}

static bool
canon_named(struct slice name, enum dkim_canon *out)
{
	if (slice_eq(name, SLICE("relaxed")))
		*out = DKIM_CANON_RELAXED;
	else if (slice_eq(name, SLICE("simple")))
		*out = DKIM_CANON_SIMPLE;
	else
		return false;
	return true;
}

/* One name alone is that of the header; the body is then simple. */
static void
read_c(struct reader *r)
{
	struct slice body, header;

	r->out->header_canon = DKIM_CANON_SIMPLE;
	r->out->body_canon = DKIM_CANON_SIMPLE;
	if (!get(r, SLICE("c"), &body))
		return;
	r->out->c = body;
	if (!slice_cut(&body, '/', &header))
		body = SLICE("simple");
	if (!canon_named(header, &r->out->header_canon) ||
	    !canon_named(body, &r->out->body_canon))
		refuse_syntax(r, "canonicalization not known");
}

static void
read_q(struct reader *r)
{
	struct slice rest, method;
	bool more = true;

	if (!get(r, SLICE("q"), &rest))
		return;
	while (taglist_next(&rest, &more, &method)) {
		if (slice_eq(method, SLICE("dns/txt")))
			return;
	}
	refuse_syntax(r, "no known query method");
}

/*
 * A domain-name of RFC 6376 section 3.5 or a selector (3.1): unlike other
 * names it has no dot at its end.
 */
static bool
parse_name(struct slice text, size_t labels, struct domain *out)
{
	if (text.len == 0 || text.ptr[text.len - 1] == '.')
		return false;
	return domain_parse(text, out) &&
	    domain_labels(domain_slice(out)) >= labels;
}

static void
read_d(struct reader *r)
{
	struct domain d;
	struct slice text;

	if (!get(r, SLICE("d"), &text))
		return;
	if (!parse_name(text, 2, &d)) {
		refuse_syntax(r, "d= is no domain name");
		return;
	}
	r->sig->d = arena_dup(r->arena, domain_slice(&d));
	if (r->sig->d.ptr == NULL)
		refuse_memory(r);
	else
		r->sig->d_text = text;
}

static void
read_s(struct reader *r)
{
	struct domain s;
	struct slice text;

	if (!get(r, SLICE("s"), &text))
		return;
	if (!parse_name(text, 1, &s)) {
		refuse_syntax(r, "s= is no selector");
		return;
	}
	r->sig->s = arena_dup(r->arena, domain_slice(&s));
	if (r->sig->s.ptr == NULL)
		refuse_memory(r);
}

/*
 * dkim-quoted-printable (section 2.11): FWS is dropped, "=" and two upper
 * case digits are one octet.  `out` has room for text.len octets.
 */
static bool
decode_qp(struct slice text, char *out, size_t *len)
{
	size_t i;
	int high, low;

	*len = 0;
	for (i = 0; i < text.len; i++) {
		if (ascii_is_space(text.ptr[i]))
			continue;
		if (text.ptr[i] != '=') {
			out[(*len)++] = text.ptr[i];
			continue;
		}
		if (text.len - i < 3)
			return false;
		high = ascii_hex(text.ptr[i + 1]);
		low = ascii_hex(text.ptr[i + 2]);
		if (high < 0 || low < 0 || text.ptr[i + 1] >= 'a' ||
		    text.ptr[i + 2] >= 'a')
			return false;
		out[(*len)++] = (char)(high << 4 | low);
		i += 2;
	}
	return true;
}

/* Nothing in it that could harm a line of a header or of a log. */
static bool
is_harmless(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	}
	return utf8_is_valid(s);
}

/* [local-part] "@" domain-name, the domain d= or below it. */
static void
check_i(struct reader *r, struct slice i)
{
	size_t at = slice_find_last(i, '@');
	struct domain domain;

	if (at == i.len || !is_harmless(i) ||
	    !parse_name(slice_from(i, at + 1), 2, &domain)) {
		refuse_syntax(r, "i= is no identity");
		return;
	}
	r->sig->i = i;
	if (r->sig->d.len == 0)
		return;
	if (!domain_is_at_or_below(domain_slice(&domain), r->sig->d))
		refuse(r, AUTH_PERMERROR, "i= is outside of d=");
	r->out->i_below_d = !slice_eq(domain_slice(&domain), r->sig->d);
}

static void
read_i(struct reader *r)
{
	struct slice text, i = { NULL, 0 };
	char *room;

	if (!get(r, SLICE("i"), &text))
		return;
	room = arena_alloc(r->arena, text.len);
	if (room == NULL) {
		refuse_memory(r);
		return;
	}
	i.ptr = room;
	if (decode_qp(text, room, &i.len))
		check_i(r, i);
	else
		refuse_syntax(r, "i= is not quoted-printable");
}

/* ftext of RFC 5322 section 3.6.8, without ";", which ends the tag. */
static bool
is_field_name(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!ascii_is_vchar(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

static void
read_h(struct reader *r)
{
	struct slice rest, name;
	size_t count = 0;
	bool more = true, from = false;

	if (!get(r, SLICE("h"), &rest))
		return;
	r->out->h = rest;
	while (taglist_next(&rest, &more, &name)) {
		if (++count > LIMIT_DKIM_H_NAMES) {
			refuse(r, AUTH_PERMERROR, "too many names in h=");
			return;
		}
		if (!is_field_name(name)) {
			refuse_syntax(r, "h= is no list of names");
			return;
		}
		from = from || slice_eq_nocase(name, SLICE("from"));
	}
	if (!from)				/* 5.4, 6.1.1 */
		refuse(r, AUTH_PERMERROR, "From is not signed");
}

/* base64 in memory of the arena; NULL, with the refusal, on failure. */
static unsigned char *
read_base64(struct reader *r, struct slice text, const char *comment,
    size_t *len)
{
	unsigned char *out = arena_alloc(r->arena, text.len);

	if (out == NULL) {
		refuse_memory(r);
		return NULL;
	}
	if (!base64_decode(text, out, text.len, len) || *len == 0) {
		refuse_syntax(r, comment);
		return NULL;
	}
	return out;
}

static void
read_b(struct reader *r)
{
	const struct tag *tag = taglist_find(&r->tags, SLICE("b"));
	char *text;

	if (tag == NULL)
		return;
	r->out->b_cut = tag->raw_value;
	r->out->b = read_base64(r, tag->value, "b= is not base64",
	    &r->out->b_len);
	if (r->out->b == NULL)
		return;
	if (r->out->b_len > LIMIT_DKIM_SIG_B) {
		refuse(r, AUTH_PERMERROR, "b= is too long");
		return;
	}
	text = arena_alloc(r->arena, base64_encoded_len(r->out->b_len) + 1);
	if (text == NULL) {
		refuse_memory(r);
		return;
	}
	base64_encode(r->out->b, r->out->b_len, text);
	r->sig->b = slice_str(text);
}

static void
read_bh(struct reader *r)
{
	struct slice text;

	if (!get(r, SLICE("bh"), &text))
		return;
	r->out->bh_text = text;
	r->out->bh = read_base64(r, text, "bh= is not base64",
	    &r->out->bh_len);
}

static void
read_l(struct reader *r)
{
	struct slice text;
	struct cursor c;
	unsigned long long length;

	r->out->length = BODYHASH_ALL;
	if (!get(r, SLICE("l"), &text))
		return;
	r->out->l = text;
	r->sig->has_length = true;
	c = cursor_of(text);
	if (cursor_span(&c, ascii_is_digit).len != text.len ||
	    text.len == 0 || text.len > LENGTH_DIGITS)
		refuse_syntax(r, "l= is no number");
	else if (!slice_number(text, BODYHASH_ALL - 1, &length))
		refuse(r, AUTH_PERMERROR, "l= is larger than the body");
	else
		r->out->length = length;
}

/* t= and x=: false when absent or no number. */
static bool
read_time(struct reader *r, struct slice name, const char *comment,
    int64_t *out)
{
	struct slice text;
	unsigned long long n;

	if (!get(r, name, &text))
		return false;
	if (text.len > TIME_DIGITS || !slice_number(text, INT64_MAX, &n)) {
		refuse_syntax(r, comment);
		return false;
	}
	*out = (int64_t)n;
	return true;
}

static void
read_times(struct reader *r, int64_t now)
{
	int64_t t = 0, x = 0;
	bool has_t, has_x;

	has_t = read_time(r, SLICE("t"), "t= is no number", &t);
	has_x = r->form != DKIM_FORM_ARC_SEAL &&
	    read_time(r, SLICE("x"), "x= is no number", &x);
	if (has_t)
		r->out->signed_at = t;
	if (has_x)
		r->out->expires_at = x;
	if (has_t && has_x && x <= t)
		refuse_syntax(r, "x= is not after t=");
	if (has_x && x < now - LIMIT_DKIM_CLOCK_SKEW)
		refuse(r, AUTH_PERMERROR, "signature expired");
	if (has_t && t > now + LIMIT_DKIM_CLOCK_SKEW)
		refuse_syntax(r, "signature is from the future");
}

/* Section 3.6.2.1: the name under which the key is found. */
static void
make_key_name(struct reader *r)
{
	static const char infix[] = "._domainkey.";
	struct slice s = r->sig->s, d = r->sig->d;
	size_t len = s.len + sizeof(infix) - 1 + d.len;
	char *name;

	if (len > DOMAIN_MAX) {
		refuse(r, AUTH_PERMERROR, "name of the key is too long");
		return;
	}
	name = arena_alloc(r->arena, len);
	if (name == NULL) {
		refuse_memory(r);
		return;
	}
	memcpy(name, s.ptr, s.len);
	memcpy(name + s.len, infix, sizeof(infix) - 1);
	memcpy(name + s.len + sizeof(infix) - 1, d.ptr, d.len);
	r->out->key_name = (struct slice){ name, len };
}

/* Step 4.  A form that has a tag not leaves it unread. */
static void
read_tags(struct reader *r, int64_t now)
{
	static const struct {
		unsigned int forms;
		void (*read)(struct reader *r);
	} tags[] = {
		{ FORM(DKIM), read_v },
		{ ALL_FORMS, read_a },
		{ MESSAGE_FORMS, read_c },
		{ MESSAGE_FORMS, read_q },
		{ ALL_FORMS, read_d },
		{ ALL_FORMS, read_s },
		{ FORM(DKIM), read_i },
		{ MESSAGE_FORMS, read_h },
		{ ALL_FORMS, read_b },
		{ MESSAGE_FORMS, read_bh },
		{ MESSAGE_FORMS, read_l }
	};
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if ((tags[i].forms & 1u << r->form) != 0)
			tags[i].read(r);
	read_times(r, now);
}

bool
dkim_signature_parse(enum dkim_form form, struct slice value, int64_t now,
    struct arena *arena, struct dkim_signature *sig,
    struct dkim_request *out)
{
	struct reader r = { .form = form, .arena = arena, .sig = sig,
		.out = out };

	*out = (struct dkim_request){ .value = value, .signed_at = -1,
		.expires_at = -1, .length = BODYHASH_ALL };
	if (value.len > LIMIT_DKIM_FIELD) {		/* step 1 */
		refuse(&r, AUTH_PERMERROR, "signature field is too large");
		return false;
	}
	if (!taglist_parse(value, true, &r.tags)) {	/* step 2 */
		refuse_syntax(&r, r.tags.problem);
		return false;
	}
	check_required(&r);				/* step 3 */
	read_tags(&r, now);				/* step 4 */
	if (!r.refused)
		make_key_name(&r);
	return !r.refused;
}
