/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key records: their tags, the DER in p=, the sizes of keys and records.
 */
#include "dkim/key.h"

#include "base/base64.h"
#include "base/mem.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

/* A good Ed25519 key (RFC 8032 section 7.1, test 1): short, for tables. */
#define ED "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define K "k=ed25519; p=" ED

static const struct {
	const char		*record;
	enum dkim_key_status	 status;
	const char		*problem;	/* NULL: any */
} records[] = {
	{ "v=DKIM1; " K, DKIM_KEY_OK, NULL },
	{ K, DKIM_KEY_OK, NULL },
	{ K ";", DKIM_KEY_OK, NULL },
	{ " v = DKIM1 ; k = ed25519 ; p = 11qYAYKxCrfVS/7TyWQHOg7h cvPapiMlr"
	    "wIaaPcHURo = ", DKIM_KEY_OK, NULL },
	{ "v=DKIM1; n=some note; x=y; " K, DKIM_KEY_OK, NULL },
	{ "v=DKIM1; h=; s=; t=; " K, DKIM_KEY_OK, NULL },
	{ "", DKIM_KEY_FOREIGN, "key syntax error" },
	{ "this is no key", DKIM_KEY_FOREIGN, "key syntax error" },
	{ "v=spf1 -all", DKIM_KEY_FOREIGN, "key version not known" },
	{ "v=DKIM1", DKIM_KEY_FOREIGN, "key record has no p=" },
	{ "v=DKIM2; " K, DKIM_KEY_FOREIGN, "key version not known" },
	{ "v=dkim1; " K, DKIM_KEY_FOREIGN, "key version not known" },
	{ "v=; " K, DKIM_KEY_FOREIGN, "key version not known" },
	{ K "; v=DKIM1", DKIM_KEY_FOREIGN,
	    "key record has v= in the wrong place" },
	{ "v=DKIM1; P=" ED, DKIM_KEY_FOREIGN, "key record has no p=" },
	{ "v=DKIM1; " K "; p=" ED, DKIM_KEY_FOREIGN, "key syntax error" },
	{ "v=DKIM1;; " K, DKIM_KEY_FOREIGN, "key syntax error" },
	{ "v=DKIM1; n=\xc3\xbc; " K, DKIM_KEY_FOREIGN, "key syntax error" },
	{ "v=DKIM1; p=", DKIM_KEY_UNUSABLE, "key revoked" },
	{ "v=DKIM1; p= ;", DKIM_KEY_UNUSABLE, "key revoked" },
	{ "v=DKIM1; k=foo; p=" ED, DKIM_KEY_UNUSABLE, "key type not known" },
	{ "v=DKIM1; k=; p=" ED, DKIM_KEY_UNUSABLE, "key type not known" },
	{ "v=DKIM1; k=ED25519; p=" ED, DKIM_KEY_UNUSABLE,
	    "key type not known" },
	{ "v=DKIM1; k=ed25519; p=%", DKIM_KEY_UNUSABLE, "key syntax error" },
	{ "v=DKIM1; k=ed25519; p=AAAA", DKIM_KEY_UNUSABLE,
	    "key syntax error" },
	{ "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA",
	    DKIM_KEY_UNUSABLE, "key syntax error" },	/* 33 octets */
	{ "v=DKIM1; p=" ED, DKIM_KEY_UNUSABLE, "key syntax error" },
	{ "v=DKIM1; k=rsa; p=" ED, DKIM_KEY_UNUSABLE, "key syntax error" },
};

static void
test_records(void)
{
	struct dkim_key key;
	enum dkim_key_status got;
	const char *problem;
	bool fine;
	size_t i;

	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		problem = "unset";
		got = dkim_key_parse(slice_str(records[i].record), &key,
		    &problem);
		fine = got == records[i].status &&
		    (key.key.pkey != NULL) == (got == DKIM_KEY_OK) &&
		    (problem == NULL) == (got == DKIM_KEY_OK) &&
		    (records[i].problem == NULL || (problem != NULL &&
		    strcmp(problem, records[i].problem) == 0));
		if (!ok(fine, "%s", records[i].record))
			printf("#  got: %d %s\n# want: %d %s\n", (int)got,
			    problem != NULL ? problem : "-",
			    (int)records[i].status,
			    records[i].problem != NULL ?
			    records[i].problem : "-");
		dkim_key_fini(&key);
	}
	got = dkim_key_parse(SLICE("v=DKIM1\0; " K), &key, &problem);
	is_num(got, DKIM_KEY_FOREIGN, "NUL in a record");
	dkim_key_fini(&key);
}

static void
test_flags(void)
{
	static const struct {
		const char *tags;
		bool sha256, email, testing, strict;
	} cases[] = {
		{ "", true, true, false, false },
		{ "h=sha256; ", true, true, false, false },
		{ "h=sha1 : sha256 : foo; ", true, true, false, false },
		{ "h=sha1; ", false, true, false, false },
		{ "h=SHA256; ", false, true, false, false },
		{ "h=; ", false, true, false, false },
		{ "s=*; ", true, true, false, false },
		{ "s=email; ", true, true, false, false },
		{ "s=foo: email; ", true, true, false, false },
		{ "s=tlsrpt; ", true, false, false, false },
		{ "s=; ", true, false, false, false },
		{ "t=y; ", true, true, true, false },
		{ "t=s; ", true, true, false, true },
		{ "t=foo :s: y; ", true, true, true, true },
		{ "t=ys; ", true, true, false, false },
		{ "t=; ", true, true, false, false },
	};
	struct dkim_key key;
	struct text t = { NULL, 0, 0 };
	const char *problem;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.len = 0;
		text_addf(&t, "v=DKIM1; %s" K, cases[i].tags);
		ok(dkim_key_parse(text_slice(&t), &key, &problem) ==
		    DKIM_KEY_OK && key.sha256 == cases[i].sha256 &&
		    key.email == cases[i].email &&
		    key.testing == cases[i].testing &&
		    key.strict == cases[i].strict &&
		    key.type == CRYPTO_ED25519 && key.bits == 256,
		    "flags of %s", t.ptr);
		dkim_key_fini(&key);
	}
	text_free(&t);
}

/* ---- DER ---- */

static void
der_add(struct text *t, unsigned int tag, struct slice content)
{
	char head[5] = { (char)tag };
	size_t n = 2;

	if (content.len < 0x80) {
		head[1] = (char)content.len;
	} else if (content.len < 0x100) {
		head[1] = '\x81';
		head[2] = (char)content.len;
		n = 3;
	} else {
		head[1] = '\x82';
		head[2] = (char)(content.len >> 8);
		head[3] = (char)content.len;
		n = 4;
	}
	text_add(t, head, n);
	text_add(t, content.ptr, content.len);
}

/* A positive INTEGER of `bits` bits: all ones, or a one and zeros and a one
   when `sparse`; `even` clears the last bit. */
static void
der_add_number(struct text *t, size_t bits, bool even)
{
	struct text n = { NULL, 0, 0 };
	size_t i, octets = (bits + 7) / 8;

	if (bits % 8 == 0)
		text_add(&n, "\0", 1);
	for (i = 0; i < octets; i++)
		text_add(&n, "\xff", 1);
	if (bits % 8 != 0)
		n.ptr[0] = (char)((1 << bits % 8) - 1);
	if (even)
		n.ptr[n.len - 1] = (char)(n.ptr[n.len - 1] & ~1);
	der_add(t, 0x02, text_slice(&n));
	text_free(&n);
}

static struct text
der_rsa(size_t modulus_bits, bool modulus_even, size_t exponent_bits,
    bool exponent_even)
{
	struct text numbers = { NULL, 0, 0 }, t = { NULL, 0, 0 };

	der_add_number(&numbers, modulus_bits, modulus_even);
	der_add_number(&numbers, exponent_bits, exponent_even);
	der_add(&t, 0x30, text_slice(&numbers));
	text_free(&numbers);
	return t;
}

/* Octets of an SPKI of 1024 bits before its modulus with its zero. */
#define SPKI_HEAD 28

#define RSA_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

static struct text
der_spki(struct slice algorithm, struct slice key)
{
	struct text inner = { NULL, 0, 0 }, bits = { NULL, 0, 0 };
	struct text t = { NULL, 0, 0 };

	der_add(&inner, 0x30, algorithm);
	text_add(&bits, "\0", 1);
	text_add(&bits, key.ptr, key.len);
	der_add(&inner, 0x03, text_slice(&bits));
	der_add(&t, 0x30, text_slice(&inner));
	text_free(&inner);
	text_free(&bits);
	return t;
}

static void
test_sizes(void)
{
	static const struct {
		size_t modulus, exponent;
		bool even_n, even_e;
		const char *problem;	/* NULL: good */
	} cases[] = {
		{ 1024, 2, false, false, NULL },
		{ 512, 17, false, false, NULL },
		{ 1023, 17, false, false, NULL },
		{ LIMIT_DKIM_RSA_BITS, 17, false, false, NULL },
		{ LIMIT_DKIM_RSA_BITS + 1, 17, false, false,
		    "RSA key is too long" },
		{ 16384, 17, false, false, "RSA key is too long" },
		{ 1024, LIMIT_DKIM_RSA_EXPONENT_BITS, false, false, NULL },
		{ 1024, LIMIT_DKIM_RSA_EXPONENT_BITS + 1, false, false,
		    "RSA exponent is too large" },
		{ 1024, 1024, false, false, "RSA exponent is too large" },
		{ 1024, 1, false, false, "key syntax error" },
		{ 1024, 17, true, false, "key syntax error" },
		{ 1024, 17, false, true, "key syntax error" },
	};
	struct text der;
	struct slice inner;
	const char *problem;
	unsigned int bits;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		der = der_rsa(cases[i].modulus, cases[i].even_n,
		    cases[i].exponent, cases[i].even_e);
		problem = dkim_key_unwrap_rsa(text_slice(&der), &inner,
		    &bits);
		ok(bits == cases[i].modulus && (problem == NULL) ==
		    (cases[i].problem == NULL) && (problem == NULL ||
		    strcmp(problem, cases[i].problem) == 0),
		    "modulus of %zu bits, exponent of %zu: %s",
		    cases[i].modulus, cases[i].exponent,
		    problem != NULL ? problem : "good");
		text_free(&der);
	}
}

static bool
unwraps(struct slice der, struct slice *inner)
{
	unsigned int bits;

	return dkim_key_unwrap_rsa(der, inner, &bits) == NULL;
}

static void
test_spki(void)
{
	static const struct {
		const char *name;
		struct slice algorithm;
		bool good;
	} cases[] = {
		{ "rsaEncryption, NULL", SLICE_INIT(RSA_OID "\x05\x00"),
		    true },
		{ "rsaEncryption, no parameters", SLICE_INIT(RSA_OID), true },
		{ "parameters that are not NULL",
		    SLICE_INIT(RSA_OID "\x30\x00"), false },
		{ "NULL with content", SLICE_INIT(RSA_OID "\x05\x01x"),
		    false },
		{ "something after NULL",
		    SLICE_INIT(RSA_OID "\x05\x00\x05\x00"), false },
		{ "RSASSA-PSS", SLICE_INIT("\x06\x09\x2a\x86\x48\x86\xf7\x0d"
		    "\x01\x01\x0a\x05\x00"), false },
		{ "a shorter OID", SLICE_INIT("\x06\x08\x2a\x86\x48\x86\xf7"
		    "\x0d\x01\x01\x05\x00"), false },
		{ "no OID", SLICE_INIT("\x05\x00"), false },
		{ "nothing", SLICE_INIT(""), false },
	};
	struct text rsa = der_rsa(1024, false, 17, false), der;
	struct slice inner = { NULL, 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		der = der_spki(cases[i].algorithm, text_slice(&rsa));
		ok(unwraps(text_slice(&der), &inner) == cases[i].good &&
		    (!cases[i].good || slice_eq(inner, text_slice(&rsa))),
		    "SPKI: %s", cases[i].name);
		text_free(&der);
	}
	text_free(&rsa);
}

/* One octet taken off or added anywhere, or a length or tag changed. */
static void
test_damage(void)
{
	struct text rsa = der_rsa(1024, false, 17, false), der;
	struct slice inner, s;
	size_t i, taken = 0;

	der = der_spki(SLICE(RSA_OID "\x05\x00"), text_slice(&rsa));
	ok(unwraps(text_slice(&der), &inner), "the whole key is good");
	for (i = 0; i < der.len; i++)
		taken += unwraps(slice_head(text_slice(&der), i), &inner);
	is_num((long long)taken, 0, "no part of it is");
	text_add(&der, "\0", 1);
	ok(!unwraps(text_slice(&der), &inner), "octets after the key");
	der.len--;
	/* All before the modulus is tags, lengths and the algorithm. */
	for (i = 0, taken = 0; i < SPKI_HEAD; i++) {
		der.ptr[i] ^= 0x08;
		taken += unwraps(text_slice(&der), &inner);
		der.ptr[i] ^= 0x08;
	}
	is_num((long long)taken, 0, "no octet of its frame may differ");
	s = (struct slice){ "\x30\x06\x02\x01\x03\x02\x01\x03", 8 };
	ok(unwraps(s, &inner), "tiny numbers are numbers");
	s = (struct slice){ "\x30\x06\x02\x01\x83\x02\x01\x03", 8 };
	ok(!unwraps(s, &inner), "a negative modulus");
	s = (struct slice){ "\x30\x07\x02\x02\x00\x03\x02\x01\x03", 9 };
	ok(!unwraps(s, &inner), "an integer with a zero too many");
	s = (struct slice){ "\x30\x06\x02\x01\x00\x02\x01\x03", 8 };
	ok(!unwraps(s, &inner), "a modulus of 0");
	s = (struct slice){ "\x30\x05\x02\x00\x02\x01\x03", 7 };
	ok(!unwraps(s, &inner), "an integer without octets");
	s = (struct slice){ "\x30\x81\x06\x02\x01\x03\x02\x01\x03", 9 };
	ok(!unwraps(s, &inner), "a length that could be shorter");
	s = (struct slice){ "\x30\x82\x00\x06\x02\x01\x03\x02\x01\x03", 10 };
	ok(!unwraps(s, &inner), "a length with a zero too many");
	s = (struct slice){ "\x30\x80\x02\x01\x03\x02\x01\x03\x00\x00", 10 };
	ok(!unwraps(s, &inner), "an indefinite length");
	s = (struct slice){ "\x30\x84\xff\xff\xff\xff\x02\x01\x03", 9 };
	ok(!unwraps(s, &inner), "a huge length");
	s = (struct slice){ "\x30\x83\xff\xff\xff\x02\x01\x03", 8 };
	ok(!unwraps(s, &inner), "a length past the end");
	s = (struct slice){ "\x30\x09\x02\x01\x03\x02\x01\x03\x02\x01\x03",
	    11 };
	ok(!unwraps(s, &inner), "a third integer");
	text_free(&der);
	text_free(&rsa);
}

/* ---- whole records with RSA keys ---- */

static void
check_rsa(struct slice der, enum dkim_key_status want, unsigned int bits,
    const char *name)
{
	enum dkim_key_status got;
	struct dkim_key key;
	struct text t = { NULL, 0, 0 };
	char *p = malloc(base64_encoded_len(der.len) + 1);
	const char *problem;

	if (p == NULL)
		return;
	base64_encode((const unsigned char *)der.ptr, der.len, p);
	text_addf(&t, "v=DKIM1; p=%s", p);
	got = dkim_key_parse(text_slice(&t), &key, &problem);
	ok(got == want && key.bits == bits, "%s: %s", name,
	    problem != NULL ? problem : "good");
	dkim_key_fini(&key);
	text_free(&t);
	free(p);
}

static void
test_rsa(void)
{
	static const char *names[] = { "rfc8463-test", "rsa1023",
				    "rsa1024-e33", "rsa2048", "rsa8192" };
	struct dkim_key key;
	struct text t;
	EVP_PKEY *pkey;
	const char *problem;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pkey = support_pem(names[i]);
		t = support_record(pkey);
		ok(dkim_key_parse(text_slice(&t), &key, &problem) ==
		    DKIM_KEY_OK && key.type == CRYPTO_RSA && key.bits ==
		    (unsigned int)EVP_PKEY_get_bits(pkey) &&
		    EVP_PKEY_eq(pkey, key.key.pkey) == 1, "%s", names[i]);
		dkim_key_fini(&key);
		text_free(&t);
		EVP_PKEY_free(pkey);
	}
	t = der_rsa(LIMIT_DKIM_RSA_BITS + 1, false, 17, false);
	check_rsa(text_slice(&t), DKIM_KEY_UNUSABLE, LIMIT_DKIM_RSA_BITS + 1,
	    "a bit too many");
	text_free(&t);
	t = der_rsa(1024, false, LIMIT_DKIM_RSA_EXPONENT_BITS + 1, false);
	check_rsa(text_slice(&t), DKIM_KEY_UNUSABLE, 1024,
	    "exponent a bit too long");
	text_free(&t);
	check_rsa(SLICE("\x00\x00\x00"), DKIM_KEY_UNUSABLE, 0, "zeros");
}

static void
test_record_limit(size_t octets, enum dkim_key_status want)
{
	struct dkim_key key;
	struct text t = { NULL, 0, 0 };
	const char *problem;

	text_adds(&t, K "; n=");
	while (t.len < octets)
		text_adds(&t, "x");
	is_num(dkim_key_parse(text_slice(&t), &key, &problem), want,
	    "size of a record");
	dkim_key_fini(&key);
	text_free(&t);
}

/* RFC 6376 section 6.1.2 steps 6 to 8: the first that fails is reported. */
static const struct {
	const char		*name;
	struct dkim_key		 key;
	struct dkim_key_need	 need;
	const char		*want;		/* NULL: it fits */
} fits[] = {
	{ .name = "RSA, at the limit",
	    .key = { .type = CRYPTO_RSA, .bits = 1024, .sha256 = true,
	    .email = true }, .need = { CRYPTO_RSA, 1024, true } },
	{ .name = "RSA, one bit below",
	    .key = { .type = CRYPTO_RSA, .bits = 1023, .sha256 = true,
	    .email = true }, .need = { CRYPTO_RSA, 1024, false },
	    .want = "RSA key is too short" },
	{ .name = "Ed25519 has no such limit",
	    .key = { .type = CRYPTO_ED25519, .bits = 256, .sha256 = true,
	    .email = true }, .need = { CRYPTO_ED25519, 4096, false } },
	{ .name = "another type",
	    .key = { .type = CRYPTO_ED25519, .bits = 256, .sha256 = true,
	    .email = true }, .need = { CRYPTO_RSA, 1024, false },
	    .want = "inappropriate key algorithm" },
	{ .name = "h= without sha256",
	    .key = { .type = CRYPTO_RSA, .bits = 2048, .email = true },
	    .need = { CRYPTO_RSA, 1024, false },
	    .want = "inappropriate hash algorithm" },
	{ .name = "s= without email",
	    .key = { .type = CRYPTO_RSA, .bits = 2048, .sha256 = true },
	    .need = { CRYPTO_RSA, 1024, false },
	    .want = "key is not for mail" },
	{ .name = "t=s, i= is d=",
	    .key = { .type = CRYPTO_RSA, .bits = 2048, .sha256 = true,
	    .email = true, .strict = true },
	    .need = { CRYPTO_RSA, 1024, false } },
	{ .name = "t=s, i= is below d=",
	    .key = { .type = CRYPTO_RSA, .bits = 2048, .sha256 = true,
	    .email = true, .strict = true },
	    .need = { CRYPTO_RSA, 1024, true },
	    .want = "key is not for subdomains" },
	{ .name = "t=y says nothing here",
	    .key = { .type = CRYPTO_RSA, .bits = 2048, .sha256 = true,
	    .email = true, .testing = true },
	    .need = { CRYPTO_RSA, 1024, false } },
};

static void
test_fits(void)
{
	const char *got;
	size_t i;

	for (i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		got = dkim_key_misfit(&fits[i].key, &fits[i].need);
		is_str(got != NULL ? got : "-", fits[i].want != NULL ?
		    fits[i].want : "-", fits[i].name);
	}
}

static void
test_unknown(void)
{
	static const struct {
		const char		*name;
		enum dns_outcome	 outcome;
		const char		*want;
	} outcomes[] = {
		{ "found", DNS_FOUND, "-" },
		{ "no data", DNS_NO_DATA, "-" },
		{ "no name", DNS_NO_NAME, "-" },
		{ "timeout", DNS_TIMEOUT, "DNS timeout" },
		{ "failure", DNS_SERVER_FAILURE, "DNS server failure" },
		{ "malformed", DNS_MALFORMED, "DNS answer malformed" },
		{ "not asked", DNS_NOT_ASKED, "DNS lookup not made" },
	};
	struct dns_answer answer = { .count = 0 };
	const char *got;
	size_t i;

	is_str(dkim_key_unknown(NULL), "DNS timeout", "no answer yet");
	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		answer.outcome = outcomes[i].outcome;
		got = dkim_key_unknown(&answer);
		is_str(got != NULL ? got : "-", outcomes[i].want,
		    outcomes[i].name);
	}
}

int
main(void)
{
	test_records();
	test_flags();
	test_sizes();
	test_spki();
	test_damage();
	test_rsa();
	test_record_limit(LIMIT_DKIM_KEY_RECORD, DKIM_KEY_OK);
	test_record_limit(LIMIT_DKIM_KEY_RECORD + 1, DKIM_KEY_UNUSABLE);
	test_fits();
	test_unknown();
	return tap_done();
}
