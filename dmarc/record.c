/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: the grammar of RFC 9989 section 4.8, one function for each rule.
 *
 * 1. The version comes first and must be exact; without it the text is no
 *    DMARC record (4.7).
 * 2. What follows is cut at ";".  A piece that is no tag is an error and
 *    nothing else (4.8).
 * 3. The first tag of a name counts; another of that name is an error.
 * 4. A known tag with a wrong value keeps its default (4.8), but p, sp and
 *    np make the policy of the record bad (4.10.1).  So does no p at all.
 *    Octets outside of dmarc-value make a value wrong, they do not make the
 *    tag disappear: a damaged sp must not become no sp.
 * 5. Unknown tags are ignored (4.7), and so are pct, rf and ri (9.3).
 */
#include "dmarc/dmarc.h"

#include "base/ascii.h"
#include "base/cursor.h"

/* ---- parts ---- */

static void
skip_wsp(struct cursor *c)
{
	(void)cursor_span(c, ascii_is_wsp);
}

/* The *WSP of dmarc-sep; CR and LF are none. */
static struct slice
trim_wsp(struct slice s)
{
	while (s.len > 0 && ascii_is_wsp(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && ascii_is_wsp(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* equals = *WSP "=" *WSP */
static bool
equals(struct cursor *c)
{
	skip_wsp(c);
	if (!cursor_take(c, '='))
		return false;
	skip_wsp(c);
	return true;
}

/*
 * dmarc-version = "v" equals %s"DMARC1"
 * and what has to follow it: the end, or dmarc-sep as far as its ";".
 */
static bool
dmarc_version(struct cursor *c)
{
	const struct slice number = SLICE("DMARC1");

	if (!cursor_word(c, SLICE("v")) || !equals(c) ||
	    !slice_starts(cursor_rest(c), number))
		return false;
	c->p += number.len;
	skip_wsp(c);
	return cursor_at_end(c) || cursor_take(c, ';');
}

/* dmarc-tag = 1*ALPHA equals 1*dmarc-value */
static bool
dmarc_tag(struct slice text, struct slice *name, struct slice *value)
{
	struct cursor c = cursor_of(text);

	*name = cursor_span(&c, ascii_is_alpha);
	if (name->len == 0 || !equals(&c))
		return false;
	*value = cursor_rest(&c);
	return value->len > 0;
}

/* ---- URIs ---- */

static bool
is_scheme_octet(char c)
{
	return ascii_is_alnum(c) || c == '+' || c == '-' || c == '.';
}

/* unreserved and reserved of RFC 3986 2.2, 2.3, without "," and "!". */
static bool
is_uri_octet(char c)
{
	switch (c) {
	case '-': case '.': case '_': case '~':
	case ':': case '/': case '?': case '#': case '[': case ']':
	case '@': case '$': case '&': case '\'': case '(': case ')':
	case '*': case '+': case ';': case '=':
		return true;
	default:
		return ascii_is_alnum(c);
	}
}

/* pct-encoded = "%" HEXDIG HEXDIG, RFC 3986 2.1 */
static bool
pct_encoded(struct cursor *c)
{
	struct slice s = slice_head(cursor_rest(c), 3);

	if (s.len < 3 || s.ptr[0] != '%' || ascii_hex(s.ptr[1]) < 0 ||
	    ascii_hex(s.ptr[2]) < 0)
		return false;
	c->p += s.len;
	return true;
}

/* obs-dmarc-report-size = "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] */
static bool
obs_dmarc_report_size(struct cursor *c)
{
	struct cursor start = *c;

	if (!cursor_take(c, '!') || cursor_span(c, ascii_is_digit).len == 0) {
		*c = start;
		return false;
	}
	if (!cursor_at_end(c) && slice_find(SLICE("kmgt"),
	    ascii_lower(*c->p)) < 4)
		c->p++;
	return true;
}

/*
 * dmarc-uri / obs-dmarc-uri: a scheme, ":", and octets that a URI may have
 * (RFC 3986 3).  How a scheme arranges them is its own affair.
 */
static bool
dmarc_uri(struct slice text)
{
	struct cursor c = cursor_of(text);

	if (cursor_at_end(&c) || !ascii_is_alpha(*c.p))
		return false;
	(void)cursor_span(&c, is_scheme_octet);
	if (!cursor_take(&c, ':') || cursor_at_end(&c) || cursor_is(&c, '!'))
		return false;
	while (cursor_span(&c, is_uri_octet).len > 0 || pct_encoded(&c))
		;
	(void)obs_dmarc_report_size(&c);
	return cursor_at_end(&c);
}

/*
 * dmarc-urilist, each URI for itself: a wrong one leaves the others valid.
 * Adds the wrong ones to `errors`, has `fn` (unless NULL) see the valid ones
 * and returns how many there are.
 */
static size_t
dmarc_urilist(struct slice text, size_t *errors, dmarc_uri_fn *fn, void *arg)
{
	struct slice one;
	size_t valid = 0;
	bool more = true;

	while (more) {
		more = slice_cut(&text, ',', &one);
		one = trim_wsp(one);
		if (!dmarc_uri(one)) {
			(*errors)++;
			continue;
		}
		valid++;
		if (fn != NULL && !fn(arg, one))
			break;
	}
	return valid;
}

/* ---- values: each sets its part of the record, false when wrong ---- */

typedef bool value_fn(struct slice value, struct dmarc_record *r);

const char *
dmarc_policy_name(enum dmarc_policy p)
{
	switch (p) {
	case DMARC_POLICY_NONE:
		return "none";
	case DMARC_POLICY_QUARANTINE:
		return "quarantine";
	case DMARC_POLICY_REJECT:
		return "reject";
	}
	return "none";
}

/* dmarc-request = "none" / "quarantine" / "reject" */
static bool
dmarc_request(struct slice value, enum dmarc_policy *out)
{
	enum dmarc_policy p;

	for (p = DMARC_POLICY_NONE; p <= DMARC_POLICY_REJECT; p++) {
		if (slice_eq_nocase(value, slice_str(dmarc_policy_name(p)))) {
			*out = p;
			return true;
		}
	}
	return false;
}

static bool
value_p(struct slice value, struct dmarc_record *r)
{
	r->has_p = dmarc_request(value, &r->p);
	r->bad_policy |= !r->has_p;
	return r->has_p;
}

static bool
value_sp(struct slice value, struct dmarc_record *r)
{
	r->has_sp = dmarc_request(value, &r->sp);
	r->bad_policy |= !r->has_sp;
	return r->has_sp;
}

static bool
value_np(struct slice value, struct dmarc_record *r)
{
	r->has_np = dmarc_request(value, &r->np);
	r->bad_policy |= !r->has_np;
	return r->has_np;
}

/* One letter of two, in either case. */
static bool
one_of(struct slice value, char no, char yes, bool *out)
{
	char c = value.len == 1 ? ascii_lower(value.ptr[0]) : '\0';

	*out = c == yes;
	return c == yes || c == no;
}

/* dmarc-rors = "r" / "s" */
static bool
value_adkim(struct slice value, struct dmarc_record *r)
{
	return one_of(value, 'r', 's', &r->strict_dkim);
}

static bool
value_aspf(struct slice value, struct dmarc_record *r)
{
	return one_of(value, 'r', 's', &r->strict_spf);
}

/* dmarc-yorn = "y" / "n" */
static bool
value_t(struct slice value, struct dmarc_record *r)
{
	return one_of(value, 'n', 'y', &r->testing);
}

/* dmarc-psd = "y" / "n" / "u" */
static bool
value_psd(struct slice value, struct dmarc_record *r)
{
	if (slice_eq_nocase(value, SLICE("y")))
		r->psd = DMARC_PSD_Y;
	else if (slice_eq_nocase(value, SLICE("n")))
		r->psd = DMARC_PSD_N;
	else
		return slice_eq_nocase(value, SLICE("u"));
	return true;
}

/* The errors of single URIs are counted there: never wrong as a whole. */
static bool
value_rua(struct slice value, struct dmarc_record *r)
{
	r->has_rua = dmarc_urilist(value, &r->errors, NULL, NULL) > 0;
	return true;
}

static bool
value_ruf(struct slice value, struct dmarc_record *r)
{
	(void)dmarc_urilist(value, &r->errors, NULL, NULL);
	return true;
}

/* dmarc-fo: 0, 1, d, s in any order, ":" between, each at most once */
static bool
value_fo(struct slice value, struct dmarc_record *r)
{
	const struct slice letters = SLICE("01ds");
	unsigned int seen = 0, bit;
	struct slice one;
	bool more = true;

	(void)r;
	while (more) {
		more = slice_cut(&value, ':', &one);
		if (one.len != 1)
			return false;
		bit = 1u << slice_find(letters, ascii_lower(one.ptr[0]));
		if (bit == 1u << letters.len || (seen & bit) != 0)
			return false;
		seen |= bit;
	}
	return true;
}

/* Step 1 took the one v that there may be. */
static bool
value_v(struct slice value, struct dmarc_record *r)
{
	(void)value;
	(void)r;
	return false;
}

static const struct tag_rule {
	struct slice	 name;
	value_fn	*read;
} rules[] = {
	{ SLICE_INIT("v"), value_v },
	{ SLICE_INIT("p"), value_p },
	{ SLICE_INIT("sp"), value_sp },
	{ SLICE_INIT("np"), value_np },
	{ SLICE_INIT("adkim"), value_adkim },
	{ SLICE_INIT("aspf"), value_aspf },
	{ SLICE_INIT("psd"), value_psd },
	{ SLICE_INIT("t"), value_t },
	{ SLICE_INIT("rua"), value_rua },
	{ SLICE_INIT("ruf"), value_ruf },
	{ SLICE_INIT("fo"), value_fo },
};

/* ---- the record ---- */

/*
 * Steps 2 to 5 for one piece; `seen` has a bit for each rule.  Names in any
 * case: the ABNF has it so, section 4.7 by way of RFC 6376 does not.
 */
static bool
read_tag(struct slice text, unsigned int *seen, struct dmarc_record *r)
{
	struct slice name, value;
	unsigned int bit;
	size_t i;

	if (!dmarc_tag(text, &name, &value))
		return false;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!slice_eq_nocase(name, rules[i].name))
			continue;
		bit = 1u << i;
		if ((*seen & bit) != 0)
			return false;
		*seen |= bit;
		return rules[i].read(value, r);
	}
	return true;
}

/* False: too many.  Nothing after the last ";" is [dmarc-sep]. */
static bool
read_tags(struct slice text, struct dmarc_record *r)
{
	unsigned int seen = 0;
	struct slice one;
	size_t count = 0;
	bool more = true;

	while (more) {
		more = slice_cut(&text, ';', &one);
		one = trim_wsp(one);
		if (one.len == 0 && !more)
			break;
		if (++count > LIMIT_DMARC_TAGS)
			return false;
		if (!read_tag(one, &seen, r))
			r->errors++;
	}
	return true;
}

bool
dmarc_record_is(struct slice text)
{
	struct cursor c = cursor_of(text);

	return dmarc_version(&c);
}

bool
dmarc_record_parse(struct slice text, struct dmarc_record *out)
{
	struct cursor c = cursor_of(text);

	*out = (struct dmarc_record){ .psd = DMARC_PSD_U };
	if (text.len > LIMIT_DMARC_RECORD || !dmarc_version(&c) ||
	    !read_tags(cursor_rest(&c), out)) {
		*out = (struct dmarc_record){ .psd = DMARC_PSD_U };
		return false;
	}
	out->bad_policy |= !out->has_p;
	return true;
}

void
dmarc_record_rua(struct slice text, dmarc_uri_fn *fn, void *arg)
{
	struct cursor c = cursor_of(text);
	struct slice rest, one, name, value;
	struct dmarc_record r;
	size_t errors = 0;
	bool more = true;

	if (!dmarc_record_parse(text, &r) || !dmarc_version(&c))
		return;
	for (rest = cursor_rest(&c); more;) {
		more = slice_cut(&rest, ';', &one);
		if (!dmarc_tag(trim_wsp(one), &name, &value) ||
		    !slice_eq_nocase(name, SLICE("rua")))
			continue;
		(void)dmarc_urilist(value, &errors, fn, arg);
		return;
	}
}
