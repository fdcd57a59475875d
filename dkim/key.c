/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key: from the text of a TXT record to a public key (RFC 6376 sections
 * 3.6.1 and 6.1.2).
 *
 *  1. The record is within LIMIT_DKIM_KEY_RECORD and is a tag list.
 *  2. v=, if there, is the first tag and exactly "DKIM1"; else the record is
 *     discarded.
 *  3. p= is there; empty, it says that the key is revoked.
 *  4. k= is rsa (default) or ed25519; a record with another type is ignored.
 *  5. h=, s= and t= become flags; n= and unknown tags are passed over.
 *  6. p= is base64.  For rsa: DER, by section 3.6.1 an RSAPublicKey, by
 *     Appendix C and in practice a SubjectPublicKeyInfo; both are taken.
 *     For ed25519: the bare 32 octets (RFC 8463 section 4.2).
 *
 * DER is unwrapped here and not by OpenSSL, for two reasons: its decoder
 * costs six times as much as the check of a signature, and sizes must be
 * known before arithmetic begins (section 8.13).  Only distinguished
 * encoding is taken: shortest lengths, shortest integers.
 */
#include "dkim/key.h"

#include "base/base64.h"
#include "base/cursor.h"
#include "mail/taglist.h"

/* ---- DER, as far as keys need it (X.690 sections 8 and 10) ---- */

#define DER_INTEGER	0x02
#define DER_BIT_STRING	0x03
#define DER_NULL	0x05
#define DER_OID		0x06
#define DER_SEQUENCE	0x30

/* 1.2.840.113549.1.1.1, rsaEncryption (RFC 3279 section 2.3.1). */
#define OID_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

static bool
der_octet(struct cursor *c, size_t *out)
{
	char octet;

	if (!cursor_any(c, &octet))
		return false;
	*out = (unsigned char)octet;
	return true;
}

/* A definite length in its shortest form; three octets hold any we take. */
static bool
der_length(struct cursor *c, size_t *out)
{
	size_t first, octet, n = 0, i;

	if (!der_octet(c, &first))
		return false;
	*out = first;
	if (first < 0x80)
		return true;
	if (first < 0x81 || first > 0x83)
		return false;
	for (i = 0; i < (first & 0x7f); i++) {
		if (!der_octet(c, &octet) || (i == 0 && octet == 0))
			return false;
		n = n << 8 | octet;
	}
	*out = n;
	return n >= 0x80;
}

/* Takes one element of that tag; `content` is what is in it. */
static bool
der_take(struct cursor *c, size_t tag, struct slice *content)
{
	struct cursor start = *c;
	size_t got, len;

	if (der_octet(c, &got) && got == tag && der_length(c, &len) &&
	    len <= cursor_left(c)) {
		*content = slice_head(cursor_rest(c), len);
		c->p += len;
		return true;
	}
	*c = start;
	return false;
}

/* A positive INTEGER, without the octet that only keeps it positive. */
static bool
der_positive(struct cursor *c, struct slice *magnitude)
{
	struct slice s;

	if (!der_take(c, DER_INTEGER, &s) || s.len == 0)
		return false;
	if ((s.ptr[0] & 0x80) != 0)
		return false;
	if (s.ptr[0] == 0) {
		if (s.len == 1 || (s.ptr[1] & 0x80) == 0)
			return false;
		s = slice_from(s, 1);
	}
	*magnitude = s;
	return true;
}

/* Of a number without leading zero octets. */
static unsigned int
count_bits(struct slice n)
{
	unsigned int bits, top = (unsigned char)n.ptr[0];

	if (n.len > LIMIT_DKIM_KEY_RECORD)
		return LIMIT_DKIM_KEY_RECORD * 8u;
	bits = (unsigned int)(n.len - 1) * 8;
	for (; top != 0; top >>= 1)
		bits++;
	return bits;
}

static bool
is_odd(struct slice n)
{
	return (n.ptr[n.len - 1] & 1) != 0;
}

/* AlgorithmIdentifier: rsaEncryption, its parameters NULL or left out. */
static bool
is_rsa_algorithm(struct slice algorithm)
{
	struct cursor c = cursor_of(algorithm);
	struct slice oid, null;

	if (!der_take(&c, DER_OID, &oid) || !slice_eq(oid, SLICE(OID_RSA)))
		return false;
	if (cursor_at_end(&c))
		return true;
	return der_take(&c, DER_NULL, &null) && null.len == 0 &&
	    cursor_at_end(&c);
}

/* RSAPublicKey ::= SEQUENCE { modulus, publicExponent } */
static const char *
check_rsa(struct slice numbers, unsigned int *bits)
{
	struct cursor c = cursor_of(numbers);
	struct slice n, e;

	if (!der_positive(&c, &n) || !der_positive(&c, &e) ||
	    !cursor_at_end(&c))
		return "key syntax error";
	*bits = count_bits(n);
	if (*bits > LIMIT_DKIM_RSA_BITS)
		return "RSA key is too long";
	if (count_bits(e) > LIMIT_DKIM_RSA_EXPONENT_BITS)
		return "RSA exponent is too large";
	if (!is_odd(n) || !is_odd(e) || count_bits(e) < 2)
		return "key syntax error";
	return NULL;
}

/* SubjectPublicKeyInfo: what its BIT STRING holds. */
static bool
unwrap_spki(struct slice info, struct slice *key)
{
	struct cursor c = cursor_of(info);
	struct slice algorithm, bits;

	if (!der_take(&c, DER_SEQUENCE, &algorithm) ||
	    !is_rsa_algorithm(algorithm) ||
	    !der_take(&c, DER_BIT_STRING, &bits) || !cursor_at_end(&c))
		return false;
	/* The first octet counts unused bits of the last one. */
	if (bits.len == 0 || bits.ptr[0] != 0)
		return false;
	*key = slice_from(bits, 1);
	return true;
}

const char *
dkim_key_unwrap_rsa(struct slice der, struct slice *rsa_public_key,
    unsigned int *bits)
{
	struct cursor c = cursor_of(der), inner;
	struct slice content, key;

	*bits = 0;
	if (!der_take(&c, DER_SEQUENCE, &content) || !cursor_at_end(&c))
		return "key syntax error";
	*rsa_public_key = der;
	if (unwrap_spki(content, &key)) {
		inner = cursor_of(key);
		if (!der_take(&inner, DER_SEQUENCE, &content) ||
		    !cursor_at_end(&inner))
			return "key syntax error";
		*rsa_public_key = key;
	}
	return check_rsa(content, bits);
}

/* ---- the record ---- */

/* True when the colon list of that tag has the word, or the tag is absent
   and `absent` is true. */
static bool
has_word(const struct taglist *tags, struct slice name, struct slice word,
    bool absent)
{
	const struct tag *tag = taglist_find(tags, name);
	struct slice rest, one;
	bool more = true;

	if (tag == NULL)
		return absent;
	rest = tag->value;
	while (taglist_next(&rest, &more, &one)) {
		if (slice_eq(one, word))
			return true;
	}
	return false;
}

static void
read_flags(const struct taglist *tags, struct dkim_key *out)
{
	out->sha256 = has_word(tags, SLICE("h"), SLICE("sha256"), true);
	out->email = has_word(tags, SLICE("s"), SLICE("*"), true) ||
	    has_word(tags, SLICE("s"), SLICE("email"), true);
	out->testing = has_word(tags, SLICE("t"), SLICE("y"), false);
	out->strict = has_word(tags, SLICE("t"), SLICE("s"), false);
}

/* Steps 1 to 3; NULL when it is a key record. */
static const char *
check_record(const struct taglist *tags)
{
	const struct tag *v = taglist_find(tags, SLICE("v"));

	if (v != NULL && v != &tags->tags[0])
		return "key record has v= in the wrong place";
	if (v != NULL && !slice_eq(v->value, SLICE("DKIM1")))
		return "key version not known";
	if (taglist_find(tags, SLICE("p")) == NULL)
		return "key record has no p=";
	return NULL;
}

/* Step 4. */
static bool
read_type(const struct taglist *tags, struct dkim_key *out)
{
	const struct tag *k = taglist_find(tags, SLICE("k"));

	if (k == NULL || slice_eq(k->value, SLICE("rsa")))
		out->type = CRYPTO_RSA;
	else if (slice_eq(k->value, SLICE("ed25519")))
		out->type = CRYPTO_ED25519;
	else
		return false;
	return true;
}

/* Step 6, after base64. */
static enum dkim_key_status
make_key(const unsigned char *ptr, size_t len, struct dkim_key *out,
    const char **problem)
{
	struct slice der = { (const char *)ptr, len }, rsa;
	bool made;

	*problem = "key syntax error";
	if (out->type == CRYPTO_ED25519) {
		if (len != DKIM_ED25519_KEY_LEN)
			return DKIM_KEY_UNUSABLE;
		out->bits = DKIM_ED25519_KEY_LEN * 8;
		made = crypto_key_ed25519(ptr, &out->key);
	} else {
		*problem = dkim_key_unwrap_rsa(der, &rsa, &out->bits);
		if (*problem != NULL)
			return DKIM_KEY_UNUSABLE;
		made = crypto_key_rsa((const unsigned char *)rsa.ptr,
		    rsa.len, &out->key);
	}
	*problem = made ? NULL : "out of memory";
	return made ? DKIM_KEY_OK : DKIM_KEY_NO_MEMORY;
}

enum dkim_key_status
dkim_key_parse(struct slice record, struct dkim_key *out,
    const char **problem)
{
	unsigned char p[LIMIT_DKIM_KEY_RECORD];
	struct taglist tags;
	struct slice text;
	size_t len;

	*out = (struct dkim_key){ .type = CRYPTO_RSA };
	*problem = "key record is too large";
	if (record.len > LIMIT_DKIM_KEY_RECORD)
		return DKIM_KEY_UNUSABLE;
	*problem = "key syntax error";
	if (!taglist_parse(record, false, &tags))
		return DKIM_KEY_FOREIGN;
	*problem = check_record(&tags);
	if (*problem != NULL)
		return DKIM_KEY_FOREIGN;
	read_flags(&tags, out);
	*problem = "key type not known";
	if (!read_type(&tags, out))
		return DKIM_KEY_UNUSABLE;
	text = taglist_find(&tags, SLICE("p"))->value;
	*problem = "key revoked";
	if (text.len == 0)
		return DKIM_KEY_UNUSABLE;
	*problem = "key syntax error";
	if (!base64_decode(text, p, sizeof(p), &len))
		return DKIM_KEY_UNUSABLE;
	return make_key(p, len, out, problem);
}

/* ---- what it may be used for ---- */

const char *
dkim_key_misfit(const struct dkim_key *key, const struct dkim_key_need *need)
{
	if (!key->sha256)
		return "inappropriate hash algorithm";
	if (!key->email)
		return "key is not for mail";
	if (key->type != need->type)
		return "inappropriate key algorithm";
	if (key->type == CRYPTO_RSA && key->bits < need->minimum_rsa_bits)
		return "RSA key is too short";
	if (key->strict && need->subdomain)
		return "key is not for subdomains";
	return NULL;
}

const char *
dkim_key_unknown(const struct dns_answer *answer)
{
	if (answer == NULL)
		return "DNS timeout";
	switch (answer->outcome) {
	case DNS_FOUND:
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		break;
	case DNS_SERVER_FAILURE:
		return "DNS server failure";
	case DNS_TIMEOUT:
		return "DNS timeout";
	case DNS_MALFORMED:
		return "DNS answer malformed";
	case DNS_NOT_ASKED:
		return "DNS lookup not made";
	}
	return NULL;
}

void
dkim_key_fini(struct dkim_key *key)
{
	crypto_key_fini(&key->key);
}
