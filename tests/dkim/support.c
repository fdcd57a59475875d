/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support: see support.h.  Speed is no aim: each step copies the text.
 */
#include "tests/dkim/support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "mail/address.h"

const struct dkim_options test_options = {
	.max_signatures = LIMIT_DKIM_SIGNATURES,
	.minimum_rsa_bits = 1024,
	.now = TEST_NOW,
};

static void
give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

/* ---- text ---- */

void
text_add(struct text *t, const char *ptr, size_t len)
{
	if (t->cap - t->len <= len) {
		t->cap = (t->cap + len) * 2 + 64;
		t->ptr = realloc(t->ptr, t->cap);
		if (t->ptr == NULL)
			give_up("no memory");
	}
	if (len > 0)
		memcpy(t->ptr + t->len, ptr, len);
	t->len += len;
	t->ptr[t->len] = '\0';
}

void
text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		give_up("no memory");
	va_end(ap);
	text_adds(t, s);
	free(s);
}

void
text_free(struct text *t)
{
	free(t->ptr);
	*t = (struct text){ NULL, 0, 0 };
}

struct slice
text_slice(const struct text *t)
{
	return (struct slice){ t->ptr, t->len };
}

static struct text
text_of(struct slice s)
{
	struct text t = { NULL, 0, 0 };

	text_add(&t, s.ptr, s.len);
	return t;
}

/* ---- files and keys ---- */

static void
data_path(const char *name, char *out, size_t size)
{
	const char *top = getenv("top_srcdir");

	(void)snprintf(out, size, "%s/tests/data/dkim/%s",
	    top != NULL ? top : ".", name);
}

static FILE *
open_file(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		give_up(path);
	return f;
}

struct text
support_read_path(const char *path)
{
	struct text t = { NULL, 0, 0 };
	FILE *f = open_file(path);
	char block[4096];
	size_t n;

	text_add(&t, "", 0);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		text_add(&t, block, n);
	(void)fclose(f);
	return t;
}

struct text
support_read(const char *name)
{
	char path[4096];

	data_path(name, path, sizeof(path));
	return support_read_path(path);
}

EVP_PKEY *
support_pem(const char *name)
{
	EVP_PKEY *key;
	FILE *f;
	char file[256], path[4096];

	(void)snprintf(file, sizeof(file), "keys/%s.pem", name);
	data_path(file, path, sizeof(path));
	f = open_file(path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	(void)fclose(f);
	if (key == NULL)
		give_up(path);
	return key;
}

EVP_PKEY *
support_ed25519(void)
{
	unsigned char seed[32];
	size_t len;
	EVP_PKEY *key = NULL;

	if (base64_decode(SLICE("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="),
	    seed, sizeof(seed), &len))
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
		    seed, len);
	if (key == NULL)
		give_up("no Ed25519 key");
	return key;
}

static void
add_base64(struct text *t, const unsigned char *ptr, size_t len)
{
	char *s = malloc(base64_encoded_len(len) + 1);

	if (s == NULL)
		give_up("no memory");
	base64_encode(ptr, len, s);
	text_adds(t, s);
	free(s);
}

struct text
support_record(EVP_PKEY *key)
{
	struct text t = { NULL, 0, 0 };
	unsigned char raw[32], *der = NULL;
	size_t raw_len = sizeof(raw);
	int len;

	if (EVP_PKEY_get_id(key) == EVP_PKEY_ED25519) {
		if (EVP_PKEY_get_raw_public_key(key, raw, &raw_len) != 1)
			give_up("no raw key");
		text_adds(&t, "v=DKIM1; k=ed25519; p=");
		add_base64(&t, raw, raw_len);
		return t;
	}
	len = i2d_PUBKEY(key, &der);
	if (len <= 0)
		give_up("no DER");
	text_adds(&t, "v=DKIM1; k=rsa; p=");
	add_base64(&t, der, (size_t)len);
	OPENSSL_free(der);
	return t;
}

/* ---- plain canonicalization ---- */

static bool
ends_with(const struct text *t, const char *end)
{
	size_t n = strlen(end);

	return t->len >= n && memcmp(t->ptr + t->len - n, end, n) == 0;
}

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 6376 3.4.4 a: each line without WSP at its end, runs as one SP. */
static struct text
plain_squeeze(struct slice body)
{
	struct text t = { NULL, 0, 0 };
	size_t i;

	text_add(&t, "", 0);
	for (i = 0; i < body.len; i++) {
		bool crlf = body.ptr[i] == '\r' && i + 1 < body.len &&
			    body.ptr[i + 1] == '\n';

		if (crlf && ends_with(&t, " "))
			t.len--;
		if (!is_wsp(body.ptr[i]))
			text_add(&t, &body.ptr[i], 1);
		else if (i == 0 || !is_wsp(body.ptr[i - 1]))
			text_add(&t, " ", 1);
	}
	if (ends_with(&t, " "))
		t.len--;
	return t;
}

struct text
plain_body(struct slice body, enum dkim_canon how)
{
	struct text t = how == DKIM_CANON_RELAXED ?
			    plain_squeeze(body) : text_of(body);

	while (ends_with(&t, "\r\n\r\n"))
		t.len -= 2;
	if (t.len == 2 && ends_with(&t, "\r\n"))
		t.len = 0;
	if (!ends_with(&t, "\r\n") &&
	    (t.len > 0 || how == DKIM_CANON_SIMPLE))
		text_adds(&t, "\r\n");
	return t;
}

struct text
plain_field(struct slice field, enum dkim_canon how)
{
	struct text t = { NULL, 0, 0 };
	size_t colon = slice_find(field, ':'), i;
	char c;

	if (how == DKIM_CANON_SIMPLE)
		return text_of(field);
	for (i = 0; i < field.len; i++) {
		c = field.ptr[i];
		if (i < colon && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == '\r' && i + 1 < field.len &&
		    field.ptr[i + 1] == '\n') {
			i++;
			continue;
		}
		if (is_wsp(c))
			c = ' ';
		if (c == ' ' && (i < colon || ends_with(&t, " ") ||
		    (t.len > 0 && t.len == colon + 1)))
			continue;
		text_add(&t, &c, 1);
	}
	while (ends_with(&t, " "))
		t.len--;
	return t;
}

void
plain_sha256(struct slice s, unsigned char out[32])
{
	if (EVP_Digest(s.len > 0 ? s.ptr : "", s.len, out, NULL,
	    EVP_sha256(), NULL) != 1)
		give_up("no SHA-256");
}

/* ---- plain signing ---- */

struct field {
	struct slice	text;
	bool		taken;
};

static size_t
split_fields(struct slice text, struct field *out, size_t max)
{
	size_t n = 0, i, start = 0;

	for (i = 0; i + 1 < text.len && n < max; i++) {
		if (text.ptr[i] != '\r' || text.ptr[i + 1] != '\n')
			continue;
		if (i + 2 < text.len && is_wsp(text.ptr[i + 2]))
			continue;
		out[n++] = (struct field){ { text.ptr + start, i - start },
		    false };
		start = i + 2;
	}
	return n;
}

static void
add_named(struct text *data, struct slice name, struct field *fields,
    size_t count, enum dkim_canon how)
{
	struct slice one;
	struct text t;

	for (; count > 0; count--) {
		one = slice_head(fields[count - 1].text,
		    slice_find(fields[count - 1].text, ':'));
		if (fields[count - 1].taken ||
		    !slice_eq_nocase(slice_trim(one), name))
			continue;
		fields[count - 1].taken = true;
		t = plain_field(fields[count - 1].text, how);
		text_add(data, t.ptr, t.len);
		text_adds(data, "\r\n");
		text_free(&t);
		return;
	}
}

#define PLAIN_FIELDS 12000

static void
add_selected(struct text *data, const char *h, struct slice fields,
    enum dkim_canon how)
{
	struct field *list = calloc(PLAIN_FIELDS, sizeof(*list));
	struct slice rest = slice_str(h), name;
	size_t count;
	bool more;

	if (list == NULL)
		give_up("no memory");
	count = split_fields(fields, list, PLAIN_FIELDS);
	do {
		more = slice_cut(&rest, ':', &name);
		add_named(data, slice_trim(name), list, count, how);
	} while (more);
	free(list);
}

static void
add_signature(struct text *out, EVP_PKEY *key, struct slice data)
{
	bool rsa = EVP_PKEY_get_id(key) == EVP_PKEY_RSA;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[1024], hash[32];
	size_t len = sizeof(sig);

	plain_sha256(data, hash);
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL,
	    rsa ? EVP_sha256() : NULL, NULL, key) != 1 ||
	    EVP_DigestSign(ctx, sig, &len, rsa ?
	    (const unsigned char *)data.ptr : hash, rsa ? data.len :
	    sizeof(hash)) != 1)
		give_up("cannot sign");
	EVP_MD_CTX_free(ctx);
	add_base64(out, sig, len);
}

/* "name: " and `tags` with both marks replaced. */
static struct text
fill_in(const char *tags, const char *bh, struct slice b)
{
	const char *p = strstr(tags, "{bh}"), *q = strstr(tags, "{b}");
	struct text t = { NULL, 0, 0 };

	if (p == NULL || q == NULL || q < p)
		give_up("no marks in the tags");
	text_adds(&t, "DKIM-Signature: ");
	text_add(&t, tags, (size_t)(p - tags));
	text_adds(&t, bh);
	text_add(&t, p + 4, (size_t)(q - p) - 4);
	text_add(&t, b.ptr, b.len);
	text_adds(&t, q + 3);
	return t;
}

struct text
plain_sign(const struct plain_request *r, struct slice fields,
    struct slice body)
{
	struct text data = { NULL, 0, 0 }, b = { NULL, 0, 0 }, t, canon;
	struct text bh = { NULL, 0, 0 };
	unsigned char hash[32];

	canon = plain_body(body, r->body);
	if (r->length < canon.len)
		canon.len = (size_t)r->length;
	plain_sha256(text_slice(&canon), hash);
	text_free(&canon);
	add_base64(&bh, hash, sizeof(hash));

	add_selected(&data, r->h, fields, r->header);
	t = fill_in(r->tags, bh.ptr, (struct slice){ "", 0 });
	canon = plain_field(text_slice(&t), r->header);
	text_add(&data, canon.ptr, canon.len);
	text_free(&canon);
	text_free(&t);
	add_signature(&b, r->key, text_slice(&data));
	t = fill_in(r->tags, bh.ptr, text_slice(&b));
	text_adds(&t, "\r\n");
	text_free(&data);
	text_free(&b);
	text_free(&bh);
	return t;
}

/* ---- the verifier ---- */

struct dns_zone *
support_zone_path(const char *path)
{
	struct dns_zone *zone = dns_zone_new();
	struct text t = support_read_path(path);
	struct slice rest = text_slice(&t), line, name;

	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_cut(&line, '\t', &name))
			continue;
		if (zone == NULL ||
		    !dns_zone_add(zone, name, DNS_TYPE_TXT, 0, line))
			give_up("a key does not fit into the zone");
	}
	text_free(&t);
	return zone;
}

struct dns_zone *
support_zone(void)
{
	char path[4096];

	data_path("keys.txt", path, sizeof(path));
	return support_zone_path(path);
}

void
answer_txt(struct dns_entry *e, struct slice record)
{
	struct dns_draft draft;

	if (!dns_answer_new(DNS_TYPE_TXT, e->name, 1, record.len, &draft))
		return;
	if (record.len > 0)
		memcpy(draft.text, record.ptr, record.len);
	draft.records[0].text = (struct slice){ draft.text, record.len };
	draft.answer->outcome = DNS_FOUND;
	dns_ledger_answer(e, draft.answer);
}

void
run_answer(struct run *r, const struct dns_zone *zone)
{
	struct dns_entry *e;

	while ((e = dns_ledger_take_new(r->ledger)) != NULL)
		dns_ledger_answer(e, dns_zone_answer(zone, e->name, e->type));
}

static void
run_header(struct run *r, const struct dns_zone *zone)
{
	struct mail_from from;
	size_t i;

	for (i = 0; i < r->header.count; i++)
		r->starved |= !dkim_verifier_field(r->verifier,
		    &r->header.fields[i], i);
	(void)dkim_verifier_ask(r->verifier, r->ledger);
	mail_from_read(&r->header, &from);
	dkim_verifier_header_end(r->verifier, &r->header,
	    from.has_domain ? &from.domain : NULL);
	(void)dkim_verifier_ask(r->verifier, r->ledger);
	if (zone != NULL)
		run_answer(r, zone);
}

bool
run_message(struct run *r, struct dkim_context *ctx,
    const struct dkim_options *options, const struct dns_zone *zone,
    struct slice message, size_t chunk)
{
	struct slice body;

	*r = (struct run){ .arena = arena_new(LIMIT_MESSAGE_MEMORY) };
	if (r->arena == NULL)
		return false;
	r->ledger = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	r->verifier = dkim_verifier_new(ctx, options, r->arena);
	if (r->ledger == NULL || r->verifier == NULL)
		return false;
	mail_header_init(&r->header, r->arena);
	(void)mail_header_parse(&r->header, message, &body);
	run_header(r, zone);
	while (body.len > 0) {
		dkim_verifier_body(r->verifier, slice_head(body, chunk));
		body = slice_from(body, chunk);
	}
	dkim_verifier_finish(r->verifier, &r->header, r->ledger);
	r->signatures = dkim_verifier_signatures(r->verifier, &r->count);
	return true;
}

void
run_fini(struct run *r)
{
	dkim_verifier_fini(r->verifier);
	dns_ledger_free(r->ledger);
	arena_free(r->arena);
}
