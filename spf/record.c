/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: RFC 7208 section 12, one function for each rule.
 *
 * 1. The text is cut at SP.  Any other white space is part of a term, and
 *    no rule of a term takes anything outside %x21-7E.
 * 2. A term is a modifier when a name with "=" directly after it begins
 *    it, and a directive otherwise (4.6.1).
 * 3. The rest of a term is read by the rule of its name.  A CIDR length is
 *    split off at the end: no domain-spec can end in "/" and digits.
 *
 * 4. What an evaluation needs is kept: no unknown modifier (6), no network
 *    that the client is not in.
 *
 * Known modifiers must be right as such: a bad "exp=" or "redirect=" is no
 * unknown modifier.  What is left out is checked as well.
 */
#include "spf/record_internal.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "spf/macro_internal.h"

#define VERSION SLICE("v=spf1")

bool
spf_record_is(struct slice text)
{
	struct slice rest = slice_from(text, VERSION.len);

	return slice_starts_nocase(text, VERSION) &&
	    (rest.len == 0 || rest.ptr[0] == ' ');
}

/* ---- parts of terms ---- */

/*
 * "/" and digits at the end of `rest`, with a second "/" before it when
 * `two`: taken off.  False when there are none.
 */
static bool
split_cidr(struct slice *rest, bool two, struct slice *digits)
{
	size_t at = rest->len;

	while (at > 0 && ascii_is_digit(rest->ptr[at - 1]))
		at--;
	if (at == rest->len || at == 0 || rest->ptr[at - 1] != '/')
		return false;
	if (two && (at < 2 || rest->ptr[at - 2] != '/'))
		return false;
	*digits = slice_from(*rest, at);
	rest->len = at - (two ? 2 : 1);
	return true;
}

/*
 * ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT)	; 0-32
 * ip6-cidr-length = "/" ("0" / %x31-39 0*2DIGIT)	; 0-128
 */
static bool
cidr_length(struct slice digits, unsigned int max, unsigned char *out)
{
	unsigned long long n;

	if (digits.len > 1 && digits.ptr[0] == '0')
		return false;
	if (!slice_number(digits, max, &n))
		return false;
	*out = (unsigned char)n;
	return true;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ] */
static bool
split_dual_cidr(struct slice *rest, struct spf_term *t)
{
	struct slice digits;

	t->bits4 = 32;
	t->bits6 = 128;
	if (split_cidr(rest, true, &digits) &&
	    !cidr_length(digits, 128, &t->bits6))
		return false;
	return !split_cidr(rest, false, &digits) ||
	    cidr_length(digits, 32, &t->bits4);
}

static bool
domain_spec(struct slice text, struct spf_term *t)
{
	t->domain_spec = text;
	return spf_domain_spec(text, &t->letters);
}

/* ---- mechanisms: what is after the name ---- */

typedef bool rest_fn(struct slice rest, struct spf_term *t);

/* all = "all" */
static bool
nothing(struct slice rest, struct spf_term *t)
{
	(void)t;
	return rest.len == 0;
}

/* include, exists: ":" domain-spec */
static bool
colon_domain(struct slice rest, struct spf_term *t)
{
	return rest.len > 0 && rest.ptr[0] == ':' &&
	    domain_spec(slice_from(rest, 1), t);
}

/* ptr = "ptr" [ ":" domain-spec ] */
static bool
optional_domain(struct slice rest, struct spf_term *t)
{
	return rest.len == 0 || colon_domain(rest, t);
}

/* a, mx: [ ":" domain-spec ] [ dual-cidr-length ] */
static bool
domain_and_cidr(struct slice rest, struct spf_term *t)
{
	return split_dual_cidr(&rest, t) && optional_domain(rest, t);
}

/* ":" address [ cidr-length ]; `digits` is empty when there is no length. */
static bool
colon_network(struct slice rest, struct slice *address, struct slice *digits)
{
	if (rest.len == 0 || rest.ptr[0] != ':')
		return false;
	*address = slice_from(rest, 1);
	*digits = (struct slice){ NULL, 0 };
	(void)split_cidr(address, false, digits);
	return true;
}

/* A network of `max` bits or less. */
static bool
network_bits(struct slice digits, unsigned int max, struct ipnet *net)
{
	unsigned char bits = (unsigned char)max;

	if (digits.len > 0 && !cidr_length(digits, max, &bits))
		return false;
	net->bits = bits;
	return true;
}

/* ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ] */
static bool
ip4_network(struct slice rest, struct spf_term *t)
{
	struct slice address, digits;

	return colon_network(rest, &address, &digits) &&
	    ipaddr_parse4(address, &t->net.addr) &&
	    network_bits(digits, 32, &t->net);
}

/* ip6 = "ip6" ":" ip6-network [ ip6-cidr-length ] */
static bool
ip6_network(struct slice rest, struct spf_term *t)
{
	struct slice address, digits;

	return colon_network(rest, &address, &digits) &&
	    ipaddr_parse6(address, &t->net.addr) &&
	    network_bits(digits, 128, &t->net);
}

static const struct mechanism {
	struct slice		 name;
	enum spf_term_kind	 kind;
	rest_fn			*rest;
	const char		*want;
} mechanisms[] = {
	{ SLICE_INIT("ip4"), SPF_TERM_IP4, ip4_network,
	    "ip4 takes an IPv4 address or network: ip4:192.0.2.0/24" },
	{ SLICE_INIT("ip6"), SPF_TERM_IP6, ip6_network,
	    "ip6 takes an IPv6 address or network: ip6:2001:db8::/32" },
	{ SLICE_INIT("include"), SPF_TERM_INCLUDE, colon_domain,
	    "include takes a domain: include:example.com" },
	{ SLICE_INIT("a"), SPF_TERM_A, domain_and_cidr,
	    "a takes a domain and prefix lengths: a:example.com/24//64" },
	{ SLICE_INIT("mx"), SPF_TERM_MX, domain_and_cidr,
	    "mx takes a domain and prefix lengths: mx:example.com/24//64" },
	{ SLICE_INIT("all"), SPF_TERM_ALL, nothing, "all takes nothing" },
	{ SLICE_INIT("exists"), SPF_TERM_EXISTS, colon_domain,
	    "exists takes a domain: exists:%{i}.example.com" },
	{ SLICE_INIT("ptr"), SPF_TERM_PTR, optional_domain,
	    "ptr takes a domain: ptr:example.com" },
};

/* ---- terms ---- */

static bool
is_name_octet(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static bool
take_name(struct cursor *c, struct slice *out)
{
	struct cursor start = *c;

	if (cursor_at_end(c) || !ascii_is_alpha(*c->p))
		return false;
	while (!cursor_at_end(c) && is_name_octet(*c->p))
		c->p++;
	*out = cursor_since(c, &start);
	return true;
}

/* qualifier = "+" / "-" / "?" / "~" */
static bool
take_qualifier(struct cursor *c, enum auth_result *out)
{
	char next = cursor_at_end(c) ? '\0' : *c->p;

	*out = AUTH_PASS;
	if (next == '-')
		*out = AUTH_FAIL;
	else if (next == '~')
		*out = AUTH_SOFTFAIL;
	else if (next == '?')
		*out = AUTH_NEUTRAL;
	else if (next != '+')
		return false;
	c->p++;
	return true;
}

/* Says what is wrong with the current term: false. */
static bool
wrong(struct spf_record *r, const char *why)
{
	r->why = why;
	return false;
}

/* directive = [ qualifier ] mechanism; the qualifier is taken already. */
static bool
directive(struct slice name, struct slice rest, struct spf_term *t,
    struct spf_record *r)
{
	size_t i;

	for (i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		if (slice_eq_nocase(name, mechanisms[i].name)) {
			t->kind = mechanisms[i].kind;
			return mechanisms[i].rest(rest, t) ||
			    wrong(r, mechanisms[i].want);
		}
	}
	if (slice_eq_nocase(name, SLICE("redirect")) ||
	    slice_eq_nocase(name, SLICE("exp")))
		return wrong(r, "a modifier has \"=\" after its name, and no "
		    "qualifier: redirect=example.com");
	return wrong(r, "there is no such mechanism");
}

/* 6: exp= and redirect= must not appear twice. */
static bool
known_modifier(enum spf_term_kind kind, struct slice value,
    struct spf_term *t, const struct spf_term *before, struct spf_record *r)
{
	if (before != NULL)
		return wrong(r, "this modifier is given twice in the record");
	t->kind = kind;
	return domain_spec(value, t) || wrong(r, "redirect and exp take a "
	    "domain: redirect=example.com");
}

/* modifier = redirect / explanation / unknown-modifier */
static bool
modifier(struct slice name, struct slice value, struct spf_term *t,
    struct spf_record *r)
{
	unsigned int letters;

	if (slice_eq_nocase(name, SLICE("redirect")))
		return known_modifier(SPF_TERM_REDIRECT, value, t,
		    r->redirect, r);
	if (slice_eq_nocase(name, SLICE("exp")))
		return known_modifier(SPF_TERM_EXP, value, t, r->exp, r);
	t->kind = SPF_TERM_UNKNOWN;
	return spf_macro_string(value, &letters) || wrong(r, "the value has a "
	    "wrong macro, or an octet that may not be there");
}

static bool
term(struct spf_term *t, struct spf_record *r)
{
	struct cursor c = cursor_of(t->text);
	bool qualified = take_qualifier(&c, &t->result);
	struct slice name;

	if (!take_name(&c, &name))
		return wrong(r, "a term begins with the name of a mechanism "
		    "or modifier; terms are separated by spaces");
	if (!qualified && cursor_take(&c, '='))
		return modifier(name, cursor_rest(&c), t, r);
	return directive(name, cursor_rest(&c), t, r);
}

static bool
is_needed(const struct spf_term *t, const struct ipaddr *client)
{
	if (t->kind == SPF_TERM_IP4 || t->kind == SPF_TERM_IP6)
		return client == NULL || ipnet_contains(&t->net, client);
	return t->kind != SPF_TERM_UNKNOWN;
}

/* `end` is where the next directive is linked.  False: no memory. */
static bool
keep(const struct spf_term *t, struct arena *a, struct spf_record *r,
    struct spf_term ***end)
{
	struct spf_term *kept = arena_alloc(a, sizeof(*kept));

	if (kept == NULL)
		return false;
	*kept = *t;
	if (t->kind == SPF_TERM_REDIRECT) {
		r->redirect = kept;
	} else if (t->kind == SPF_TERM_EXP) {
		r->exp = kept;
	} else {
		**end = kept;
		*end = &kept->next;
	}
	return true;
}

/* terms = *( 1*SP ( directive / modifier ) ), and *SP at the end */
static enum spf_record_status
terms(struct slice text, const struct ipaddr *client, struct arena *a,
    struct spf_record *r)
{
	struct spf_term t, **end = &r->first;
	struct slice one;
	size_t count = 0;
	bool more = true;

	while (more) {
		more = slice_cut(&text, ' ', &one);
		if (one.len == 0)
			continue;
		if (++count > LIMIT_SPF_RECORD_TERMS)
			return SPF_RECORD_TOO_LONG;
		t = (struct spf_term){ .text = one };
		if (!term(&t, r)) {
			r->fault = one;
			return SPF_RECORD_SYNTAX;
		}
		if (is_needed(&t, client) && !keep(&t, a, r, &end))
			return SPF_RECORD_NO_MEMORY;
	}
	return SPF_RECORD_OK;
}

enum spf_record_status
spf_record_parse(struct slice text, const struct ipaddr *client,
    struct arena *a, struct spf_record *out)
{
	*out = (struct spf_record){ .text = text };
	if (text.len > LIMIT_SPF_RECORD)
		return SPF_RECORD_TOO_LONG;
	return terms(slice_from(text, VERSION.len), client, a, out);
}
