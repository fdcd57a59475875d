/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading of DKIM-Signature fields: a field that is good, with one tag
 * changed, added or left out in each case.
 */
#include "dkim/signature.h"

#include "base/mem.h"
#include "dkim/bodyhash.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

#define BH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

/* The good field; NULL stands for the tag's default below. */
static const struct {
	const char	*name, *value;
} good[] = {
	{ "v", "1" }, { "a", "rsa-sha256" }, { "d", "example.com" },
	{ "s", "sel" }, { "h", "From:To" }, { "bh", BH }, { "b", "AAAA" },
};

/* " n=value;..." with `tag` given another value, or left out for NULL. */
static struct text
make(const char *tag, const char *value)
{
	struct text t = { NULL, 0, 0 };
	bool seen = false;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (tag == NULL || strcmp(tag, good[i].name) != 0) {
			text_addf(&t, " %s=%s;", good[i].name,
			    good[i].value);
			continue;
		}
		seen = true;
		if (value != NULL)
			text_addf(&t, " %s=%s;", tag, value);
	}
	if (tag != NULL && !seen && value != NULL)
		text_addf(&t, " %s=%s", tag, value);
	return t;
}

struct result {
	bool			 usable;
	struct dkim_signature	 sig;
	struct dkim_request	 request;
};

static struct arena	*arena;

static struct result
parse(struct slice value)
{
	struct result r = { .usable = false };

	arena_reset(arena);
	r.usable = dkim_signature_parse(DKIM_FORM_DKIM, value, TEST_NOW,
	    arena, &r.sig, &r.request);
	return r;
}

#define GOOD NULL, AUTH_NONE
#define NEUTRAL(comment) comment, AUTH_NEUTRAL
#define PERMERROR(comment) comment, AUTH_PERMERROR

static const struct {
	const char		*tag, *value;	/* NULL: left out */
	const char		*comment;	/* NULL: usable */
	enum auth_result	 result;
} cases[] = {
	{ "x_1", "any", GOOD },
	{ "v", NULL, PERMERROR("no v= in signature") },
	{ "v", "", NEUTRAL("signature version not known") },
	{ "v", "2", NEUTRAL("signature version not known") },
	{ "v", "1.0", NEUTRAL("signature version not known") },
	{ "v", "01", NEUTRAL("signature version not known") },
	{ "v", "\r\n 1 \r\n ", GOOD },
	{ "V", "2", GOOD },		/* an unknown tag */

	{ "a", NULL, PERMERROR("no a= in signature") },
	{ "a", "ed25519-sha256", GOOD },
	{ "a", "rsa-sha1", PERMERROR("rsa-sha1 is not accepted") },
	{ "a", "rsa-sha512", NEUTRAL("signature algorithm not known") },
	{ "a", "RSA-SHA256", NEUTRAL("signature algorithm not known") },
	{ "a", "rsa- sha256", NEUTRAL("signature algorithm not known") },
	{ "a", "", NEUTRAL("signature algorithm not known") },

	{ "b", NULL, PERMERROR("no b= in signature") },
	{ "b", "", NEUTRAL("b= is not base64") },
	{ "b", "A", NEUTRAL("b= is not base64") },
	{ "b", "*", NEUTRAL("b= is not base64") },
	{ "b", " A A\r\n A\tA ", GOOD },
	{ "b", "AA\r\n =\t= ", GOOD },
	{ "b", "AAAA\r\n", NEUTRAL(NULL) },	/* CRLF without a blank */

	{ "bh", NULL, PERMERROR("no bh= in signature") },
	{ "bh", "", NEUTRAL("bh= is not base64") },
	{ "bh", "?", NEUTRAL("bh= is not base64") },
	{ "bh", "AAAA", GOOD },		/* cannot match, but is base64 */

	{ "c", "simple", GOOD },
	{ "c", "relaxed", GOOD },
	{ "c", "relaxed/relaxed", GOOD },
	{ "c", "simple/relaxed", GOOD },
	{ "c", "", NEUTRAL("canonicalization not known") },
	{ "c", "relaxed/", NEUTRAL("canonicalization not known") },
	{ "c", "/simple", NEUTRAL("canonicalization not known") },
	{ "c", "relaxed/simple/simple",
	    NEUTRAL("canonicalization not known") },
	{ "c", "nofws/simple", NEUTRAL("canonicalization not known") },
	{ "c", "Relaxed/simple", NEUTRAL("canonicalization not known") },

	{ "d", NULL, PERMERROR("no d= in signature") },
	{ "d", "", NEUTRAL("d= is no domain name") },
	{ "d", "com", NEUTRAL("d= is no domain name") },
	{ "d", "com.", NEUTRAL("d= is no domain name") },
	{ "d", "example.com.", NEUTRAL("d= is no domain name") },
	{ "d", "example..com", NEUTRAL("d= is no domain name") },
	{ "d", ".example.com", NEUTRAL("d= is no domain name") },
	{ "d", "-a.com", NEUTRAL("d= is no domain name") },
	{ "d", "exam ple.com", NEUTRAL("d= is no domain name") },
	{ "d", "example.com(comment)", NEUTRAL("d= is no domain name") },
	{ "d", "[192.0.2.1]", NEUTRAL("d= is no domain name") },
	{ "d", "EXAMPLE.Com", GOOD },
	{ "d", "b\xc3\xbc""cher.example", GOOD },
	{ "d", "b\xc3.example", NEUTRAL(NULL) },

	{ "s", NULL, PERMERROR("no s= in signature") },
	{ "s", "", NEUTRAL("s= is no selector") },
	{ "s", "a.b.c", GOOD },
	{ "s", "2026", GOOD },
	{ "s", "a.", NEUTRAL("s= is no selector") },
	{ "s", "a..b", NEUTRAL("s= is no selector") },
	{ "s", "a b", NEUTRAL("s= is no selector") },
	{ "s", "a\\000.b", NEUTRAL("s= is no selector") },

	{ "h", NULL, PERMERROR("no h= in signature") },
	{ "h", "", NEUTRAL("h= is no list of names") },
	{ "h", "From:", NEUTRAL("h= is no list of names") },
	{ "h", "From::To", NEUTRAL("h= is no list of names") },
	{ "h", "From:a b", NEUTRAL("h= is no list of names") },
	{ "h", "From:\xc3\xbc", NEUTRAL("h= is no list of names") },
	{ "h", "To:Subject", PERMERROR("From is not signed") },
	{ "h", "xFrom:Fromx", PERMERROR("From is not signed") },
	{ "h", "FROM \r\n : \t to", GOOD },
	{ "h", "from:from:x-absent", GOOD },

	{ "i", "@example.com", GOOD },
	{ "i", "joe@example.com", GOOD },
	{ "i", "joe@mail.EXAMPLE.com", GOOD },
	{ "i", "a=40b@example.com", GOOD },
	{ "i", "jo\r\n e@example.com", GOOD },
	{ "i", "", NEUTRAL("i= is no identity") },
	{ "i", "@", NEUTRAL("i= is no identity") },
	{ "i", "example.com", NEUTRAL("i= is no identity") },
	{ "i", "joe@com", NEUTRAL("i= is no identity") },
	{ "i", "joe@example.com.", NEUTRAL("i= is no identity") },
	{ "i", "=00@example.com", NEUTRAL("i= is no identity") },
	{ "i", "=0D=0A@example.com", NEUTRAL("i= is no identity") },
	{ "i", "=FF@example.com", NEUTRAL("i= is no identity") },
	{ "i", "=2b@example.com", NEUTRAL("i= is not quoted-printable") },
	{ "i", "=2@example.com", NEUTRAL("i= is not quoted-printable") },
	{ "i", "joe@example.com=", NEUTRAL("i= is not quoted-printable") },
	{ "i", "joe@example.com=2", NEUTRAL("i= is not quoted-printable") },
	{ "i", "joe@example.net", PERMERROR("i= is outside of d=") },
	{ "i", "@badexample.com", PERMERROR("i= is outside of d=") },
	{ "i", "j\xc3\xb6""e@example.com", GOOD },

	{ "l", "0", GOOD },
	{ "l", "00012", GOOD },
	{ "l", "18446744073709551614", GOOD },
	{ "l", "18446744073709551615",
	    PERMERROR("l= is larger than the body") },
	{ "l", "18446744073709551617",
	    PERMERROR("l= is larger than the body") },
	{ "l", "", NEUTRAL("l= is no number") },
	{ "l", "-1", NEUTRAL("l= is no number") },
	{ "l", "+1", NEUTRAL("l= is no number") },
	{ "l", "1 2", NEUTRAL("l= is no number") },
	{ "l", "0x10", NEUTRAL("l= is no number") },
	{ "l", "0000000000000000000000000000000000000000000000000000000000"
	    "000000000000000001", GOOD },	/* 76 digits */
	{ "l", "0000000000000000000000000000000000000000000000000000000000"
	    "0000000000000000001", NEUTRAL("l= is no number") },

	{ "q", "dns/txt", GOOD },
	{ "q", "foo/bar : dns/txt", GOOD },
	{ "q", "", NEUTRAL("no known query method") },
	{ "q", "dns", NEUTRAL("no known query method") },
	{ "q", "foo/bar", NEUTRAL("no known query method") },

	{ "t", "1780272000", GOOD },
	{ "t", "1780272300", GOOD },	/* now + LIMIT_DKIM_CLOCK_SKEW */
	{ "t", "1780272301", NEUTRAL("signature is from the future") },
	{ "t", "0", GOOD },
	{ "t", "", NEUTRAL("t= is no number") },
	{ "t", "1780272000.5", NEUTRAL("t= is no number") },
	{ "t", "999999999999", NEUTRAL("signature is from the future") },
	{ "t", "0000000000001", NEUTRAL("t= is no number") },

	{ "x", "1780272000", GOOD },
	{ "x", "1780271700", GOOD },	/* now - LIMIT_DKIM_CLOCK_SKEW */
	{ "x", "1780271699", PERMERROR("signature expired") },
	{ "x", "0", PERMERROR("signature expired") },
	{ "x", "999999999999", GOOD },
	{ "x", "1000000000000", NEUTRAL("x= is no number") },
	{ "x", "soon", NEUTRAL("x= is no number") },
	{ "x", "", NEUTRAL("x= is no number") },
	{ "x", "1780271000; t=1780271000", NEUTRAL("x= is not after t=") },
	{ "x", "1780272001; t=1780272000", GOOD },

	{ "z", "From:joe|To:b=3D1", GOOD },
	{ "z", "a;", GOOD },
	{ "z", "a;;", NEUTRAL(NULL) },
	{ "z", "a; z=b", NEUTRAL(NULL) },
	{ "z", "a; b=AAAA", NEUTRAL(NULL) },
	{ "z", "a; 1=b", NEUTRAL(NULL) },
	{ "z", "a; foo", NEUTRAL(NULL) },
	{ "z", "\x01", NEUTRAL(NULL) },
};

static void
test_cases(void)
{
	struct text t;
	struct result r;
	bool fine, usable;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t = make(cases[i].tag, cases[i].value);
		r = parse(text_slice(&t));
		usable = cases[i].result == AUTH_NONE;
		fine = r.usable == usable && (usable ||
		    (r.sig.result == cases[i].result &&
		    r.sig.state == DKIM_PERMFAIL && r.sig.comment != NULL &&
		    (cases[i].comment == NULL ||
		    strcmp(r.sig.comment, cases[i].comment) == 0)));
		if (!ok(fine, "%s=%s", cases[i].tag, cases[i].value != NULL ?
		    cases[i].value : " left out"))
			printf("#  got: %d %s %s\n# want: %d %s %s\n",
			    r.usable, auth_result_name(r.sig.result),
			    r.sig.comment != NULL ? r.sig.comment : "-",
			    usable, auth_result_name(cases[i].result),
			    cases[i].comment != NULL ? cases[i].comment :
			    "any comment");
		text_free(&t);
	}
}

static void
is_slice(struct slice got, const char *want, const char *name)
{
	is_bytes(got.ptr, got.len, want, strlen(want), name);
}

static void
test_fields(void)
{
	struct slice value = SLICE(
	    " v=1; a=ed25519-sha256; c=relaxed; l=17;\r\n"
	    "\tb =\r\n AA AA\r\n ; xb=CCCC; B=DDDD; zb=b=EEEE; q=dns/txt;\r\n"
	    " d=B\xc3\xbc""cher.Example; s=Sel.2026; h= From : b ;"
	    " i=joe=2Bx@mail.b\xc3\xbc""cher.example; bh=" BH ";");
	struct result r = parse(value);

	ok(r.usable, "the field can be used");
	is_slice(r.sig.d, "xn--bcher-kva.example", "d, canonical");
	is_slice(r.sig.d_text, "B\xc3\xbc""cher.Example", "d, as written");
	is_slice(r.sig.s, "sel.2026", "s, canonical");
	is_slice(r.sig.i, "joe+x@mail.b\xc3\xbc""cher.example",
	    "i, decoded");
	is_slice(r.sig.a, "ed25519-sha256", "a");
	is_slice(r.sig.b, "AAAA", "b, without white space");
	is_slice(r.request.b_cut, "\r\n AA AA\r\n ",
	    "what is cut out is the value of b= and the blanks round it");
	is_slice(r.request.key_name,
	    "sel.2026._domainkey.xn--bcher-kva.example", "name of the key");
	is_slice(r.request.h, "From : b", "h");
	ok(r.sig.has_length, "l= is there");
	is_num((long long)r.request.length, 17, "l");
	is_num(r.request.header_canon, DKIM_CANON_RELAXED, "c, header");
	is_num(r.request.body_canon, DKIM_CANON_SIMPLE, "c, body");
	is_num(r.request.key_type, CRYPTO_ED25519, "type of the key");
	ok(r.request.i_below_d, "i= is below d=");
	is_num((long long)r.request.b_len, 3, "octets of b=");
	is_num((long long)r.request.bh_len, 32, "octets of bh=");
}

/* What can be read of a field that is refused is reported. */
static void
test_refused_fields(void)
{
	struct result r = parse(SLICE(" v=2; a=rsa-sha256; d=Example.com;"
			    " s=sel; h=to; bh=*; b=AA AA; i=@example.com"));

	is_str(r.sig.comment, "signature version not known",
	    "the first fault is told");
	is_slice(r.sig.d, "example.com", "d of a refused field");
	is_slice(r.sig.s, "sel", "s of a refused field");
	is_slice(r.sig.a, "rsa-sha256", "a of a refused field");
	is_slice(r.sig.b, "AAAA", "b of a refused field");
	is_slice(r.sig.i, "@example.com", "i of a refused field");
	r = parse(SLICE(" v=1; a=(x); d=a\"b.com; s=c d; h=to; bh=*; b=*;"
	    " i==0A@example.com"));
	ok(r.sig.a.len + r.sig.b.len + r.sig.d.len + r.sig.d_text.len +
	    r.sig.s.len + r.sig.i.len == 0,
	    "what does not have its form is not reported");
	r = parse(SLICE(" v=1; a=rsa-sha256\0; d=example.com"));
	ok(!r.usable && r.sig.result == AUTH_NEUTRAL, "NUL in the field");
	r = parse(SLICE(" v=1; s=a\0.b; d=example.com"));
	ok(!r.usable && r.sig.s.len == 0, "NUL in s=");
}

/* ---- limits ---- */

static void
add_repeated(struct text *t, const char *s, size_t n)
{
	for (; n > 0; n--)
		text_adds(t, s);
}

static void
test_value(const char *tag, struct text *value, const char *comment,
    enum auth_result result, const char *name)
{
	struct text t = make(tag, value->ptr);
	struct result r = parse(text_slice(&t));

	if (comment == NULL)
		ok(r.usable, "%s", name);
	else
		ok(!r.usable && r.sig.result == result && r.sig.comment !=
		    NULL && strcmp(r.sig.comment, comment) == 0, "%s", name);
	text_free(&t);
	text_free(value);
}

static void
test_h_limit(size_t names, const char *comment)
{
	struct text v = { NULL, 0, 0 };

	text_adds(&v, "from");
	add_repeated(&v, ":a", names - 1);
	test_value("h", &v, comment, AUTH_PERMERROR, "names in h=");
}

static void
test_b_limit(size_t octets, const char *comment)
{
	struct text v = { NULL, 0, 0 };

	add_repeated(&v, "AAAA", octets / 3);
	if (octets % 3 == 1)
		text_adds(&v, "AA==");
	if (octets % 3 == 2)
		text_adds(&v, "AAA=");
	test_value("b", &v, comment, AUTH_PERMERROR, "octets of b=");
}

static void
test_tag_limit(size_t tags, const char *comment)
{
	struct text v = { NULL, 0, 0 };
	size_t i;

	/* The good field has seven, and z= is the eighth. */
	text_adds(&v, "x");
	for (i = 8; i < tags; i++)
		text_addf(&v, "; x%zu=", i);
	test_value("z", &v, comment, AUTH_NEUTRAL, "number of tags");
}

static void
test_field_limit(size_t octets, const char *comment)
{
	struct text t = make("z", ""), v = { NULL, 0, 0 };
	size_t n = octets - t.len;

	text_free(&t);
	text_adds(&v, "");
	add_repeated(&v, "x", n);
	test_value("z", &v, comment, AUTH_PERMERROR, "size of the field");
}

static void
test_name_limit(size_t octets, const char *comment)
{
	struct text s = { NULL, 0, 0 };
	size_t n = octets - strlen("._domainkey.example.com");

	for (; n > 63; n -= 2)
		text_adds(&s, "a.");
	add_repeated(&s, "b", n);
	test_value("s", &s, comment, AUTH_PERMERROR, "name of the key");
}

static void
test_limits(void)
{
	test_h_limit(LIMIT_DKIM_H_NAMES, NULL);
	test_h_limit(LIMIT_DKIM_H_NAMES + 1, "too many names in h=");
	test_b_limit(LIMIT_DKIM_SIG_B, NULL);
	test_b_limit(LIMIT_DKIM_SIG_B + 1, "b= is too long");
	test_tag_limit(LIMIT_TAGS, NULL);
	test_tag_limit(LIMIT_TAGS + 1, "too many tags");
	test_field_limit(LIMIT_DKIM_FIELD, NULL);
	test_field_limit(LIMIT_DKIM_FIELD + 1,
	    "signature field is too large");
	test_name_limit(DOMAIN_MAX, NULL);
	test_name_limit(DOMAIN_MAX + 1, "name of the key is too long");
}

static void
test_memory(void)
{
	struct text t = make("i", "joe@example.com");
	struct arena *small;
	struct dkim_signature sig;
	struct dkim_request request;
	size_t max;
	bool fine = true, usable = false;

	for (max = 0; max < 4096 && !usable; max += 4) {
		small = arena_new(max);
		if (small == NULL)
			break;
		sig = (struct dkim_signature){ .field = 0 };
		usable = dkim_signature_parse(DKIM_FORM_DKIM,
		    text_slice(&t), TEST_NOW, small, &sig, &request);
		if (!usable && (sig.result != AUTH_TEMPERROR ||
		    sig.state != DKIM_TEMPFAIL))
			fine = false;
		arena_free(small);
	}
	ok(fine && usable && max > 64, "no memory is a temperror");
	text_free(&t);
}

int
main(void)
{
	arena = arena_new(1 << 20);
	if (arena == NULL)
		return EXIT_FAILURE;
	test_cases();
	test_fields();
	test_refused_fields();
	test_limits();
	test_memory();
	arena_free(arena);
	return tap_done();
}
