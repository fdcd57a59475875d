/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * certificate: OpenSSL's verification with DANE, which Postfix has, too.
 *
 * OpenSSL keeps the records with a connection.  One is made for each record,
 * and never used for anything else: so each record has a verdict of its own.
 */
#include "tools/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/date.h"
#include "base/domain.h"
#include "base/limits.h"
#include "base/mem.h"

#define RECORD_HEAD	3	/* usage, selector, matching type */
#define NAMES_MAX	100	/* shown of a certificate */

struct certificates {
	STACK_OF(X509)	*chain;
};

/* ---- reading ---- */

static struct certificates *
new(const char **problem)
{
	struct certificates *c = mem_alloc(sizeof(*c));

	*problem = "out of memory";
	if (c == NULL)
		return NULL;
	c->chain = sk_X509_new_null();
	if (c->chain != NULL)
		return c;
	mem_free(c);
	return NULL;
}

void
certificates_free(struct certificates *c)
{
	if (c == NULL)
		return;
	sk_X509_pop_free(c->chain, X509_free);
	mem_free(c);
}

size_t
certificates_count(const struct certificates *c)
{
	return (size_t)sk_X509_num(c->chain);
}

/* Takes over the reference. */
static bool
add(struct certificates *c, X509 *x, const char **problem)
{
	if (certificates_count(c) >= LIMIT_TOOL_CERTIFICATES) {
		X509_free(x);
		*problem = "more than 100 certificates";
		return false;
	}
	if (sk_X509_push(c->chain, x) > 0)
		return true;
	X509_free(x);
	return false;
}

/* A pem_password_cb: never asks. */
static int
no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool
read_pem(struct certificates *c, BIO *in, const char **problem)
{
	unsigned long error;
	X509 *x;

	while ((x = PEM_read_bio_X509(in, NULL, no_password, NULL)) != NULL)
		if (!add(c, x, problem))
			return false;
	error = ERR_peek_last_error();
	ERR_clear_error();
	if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
	    ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
		return true;
	*problem = "a certificate in it cannot be read";
	return false;
}

static bool
read_der(struct certificates *c, struct slice text, const char **problem)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	X509 *x = d2i_X509(NULL, &p, (long)text.len);

	ERR_clear_error();
	if (x != NULL && p == (const unsigned char *)text.ptr + text.len)
		return add(c, x, problem);
	X509_free(x);
	*problem = "no certificate";
	return false;
}

struct certificates *
certificates_read(struct slice text, const char **problem)
{
	struct certificates *c;
	bool good = false;
	BIO *in;

	if (text.len > LIMIT_TOOL_PEM) {
		*problem = "more than 1 MB: too large for certificates";
		return NULL;
	}
	c = new(problem);
	if (c == NULL)
		return NULL;
	in = BIO_new_mem_buf(text.len > 0 ? text.ptr : "", (int)text.len);
	if (in != NULL)
		good = read_pem(c, in, problem);
	BIO_free(in);
	if (good && certificates_count(c) == 0)
		good = read_der(c, text, problem);
	if (good)
		return c;
	certificates_free(c);
	return NULL;
}

struct certificates *
certificates_of(X509 *leaf, STACK_OF(X509) *others, const char **problem)
{
	struct certificates *c = new(problem);
	int i, count = others != NULL ? sk_X509_num(others) : 0;
	bool good = c != NULL;
	X509 *x;

	for (i = -1; good && i < count; i++) {
		x = i < 0 ? leaf : sk_X509_value(others, i);
		if (i >= 0 && X509_cmp(x, leaf) == 0)
			continue;
		good = X509_up_ref(x) == 1 && add(c, x, problem);
	}
	if (good)
		return c;
	certificates_free(c);
	return NULL;
}

static X509 *
leaf_of(const struct certificates *c)
{
	return sk_X509_value(c->chain, 0);
}

/* ---- what it says ---- */

static struct slice
name_text(const X509_NAME *name, struct arena *arena)
{
	BIO *out = BIO_new(BIO_s_mem());
	struct slice text = { NULL, 0 };
	char *data = NULL;
	long len;

	if (out == NULL)
		return text;
	if (X509_NAME_print_ex(out, name, 0, XN_FLAG_ONELINE &
	    ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(out, &data);
		if (len > 0)
			text = arena_dup(arena,
			    (struct slice){ data, (size_t)len });
	}
	BIO_free(out);
	return text;
}

static int64_t
time_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void
take_names(const GENERAL_NAMES *names, struct arena *arena,
    struct certificate_facts *out)
{
	struct slice *list = arena_array(arena, NAMES_MAX, sizeof(*list));
	const ASN1_STRING *s;
	int i, kind;

	out->names = list;
	for (i = 0; list != NULL && i < sk_GENERAL_NAME_num(names) &&
	    out->name_count < NAMES_MAX; i++) {
		s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i),
		    &kind);
		if (kind == GEN_DNS)
			list[out->name_count++] = arena_dup(arena,
			    (struct slice){
			    (const char *)ASN1_STRING_get0_data(s),
			    (size_t)ASN1_STRING_length(s) });
	}
}

static void
take_addresses(X509 *x, struct arena *arena, struct certificate_facts *out)
{
	STACK_OF(OPENSSL_STRING) *list = X509_get1_email(x);
	struct slice *copy = arena_array(arena, NAMES_MAX, sizeof(*copy));
	int i;

	out->addresses = copy;
	for (i = 0; copy != NULL && i < sk_OPENSSL_STRING_num(list) &&
	    out->address_count < NAMES_MAX; i++)
		copy[out->address_count++] = arena_dup(arena,
		    slice_str(sk_OPENSSL_STRING_value(list, i)));
	X509_email_free(list);
}

bool
certificates_facts(const struct certificates *c, struct arena *arena,
    struct certificate_facts *out)
{
	X509 *x = leaf_of(c);
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name,
	    NULL, NULL);

	*out = (struct certificate_facts){
		.subject = name_text(X509_get_subject_name(x), arena),
		.issuer = name_text(X509_get_issuer_name(x), arena),
		.not_before = time_of(X509_get0_notBefore(x)),
		.not_after = time_of(X509_get0_notAfter(x))
	};
	if (names != NULL)
		take_names(names, arena, out);
	take_addresses(x, arena, out);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return !arena_failed(arena);
}

static void
text_list(struct text *t, const struct slice *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		text_say(t, i > 0 ? ", " : "");
		text_value(t, list[i]);
	}
}

void
certificate_facts_text(struct text *t, const struct certificate_facts *f,
    int64_t now)
{
	char when[TEXT_TIME], span[TEXT_SPAN];
	bool over = f->not_after < now;

	text_item(t, "certificate");
	text_value(t, f->subject);
	text_end(t);
	if (f->name_count + f->address_count > 0) {
		text_item(t, "names");
		text_list(t, f->names, f->name_count);
		text_say(t, f->name_count > 0 && f->address_count > 0 ?
		    ", " : "");
		text_list(t, f->addresses, f->address_count);
		text_end(t);
	}
	text_item(t, "issuer");
	text_value(t, f->issuer);
	text_end(t);
	text_time(f->not_after, when);
	text_span(over ? now - f->not_after : f->not_after - now, span);
	text_item(t, "until");
	text_style(t, over ? TEXT_BAD : f->not_after - now < 7 * DATE_DAY ?
	    TEXT_DOUBT : TEXT_PLAIN, over ? "%s, %s ago" : "%s, in %s", when,
	    span);
	text_end(t);
}

static void
json_list(struct json *j, const char *key, const struct slice *list,
    size_t count)
{
	size_t i;

	json_array(j, key);
	for (i = 0; i < count; i++)
		json_slice(j, NULL, list[i]);
	json_array_end(j);
}

void
certificate_facts_json(struct json *j, const char *key,
    const struct certificate_facts *f)
{
	json_object(j, key);
	json_slice(j, "subject", f->subject);
	json_slice(j, "issuer", f->issuer);
	json_list(j, "names", f->names, f->name_count);
	json_list(j, "addresses", f->addresses, f->address_count);
	json_number(j, "not_before", f->not_before);
	json_number(j, "not_after", f->not_after);
	json_object_end(j);
}

/* ---- the record to publish ---- */

/* Frees what it is given. */
static bool
add_data(unsigned char *der, int len, unsigned int matching, struct buf *out)
{
	const EVP_MD *type = matching == 1 ? EVP_sha256() : EVP_sha512();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	bool good = len > 0;

	if (good && matching == 0)
		buf_add(out, (struct slice){ (char *)der, (size_t)len });
	else if (good)
		good = EVP_Digest(der, (size_t)len, digest, &size, type,
		    NULL) == 1;
	buf_add(out, (struct slice){ (char *)digest, size });
	OPENSSL_free(der);
	return good && !buf_failed(out);
}

bool
certificates_record(const struct certificates *c, size_t index,
    const struct certificate_record *record, struct buf *out)
{
	X509 *x = sk_X509_value(c->chain, (int)index);
	unsigned char *der = NULL;
	int len;

	buf_addc(out, (char)record->usage);
	buf_addc(out, (char)record->selector);
	buf_addc(out, (char)record->matching);
	len = record->selector == 0 ? i2d_X509(x, &der) :
	    i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	return add_data(der, len, record->matching, out);
}

bool
certificate_name(struct slice local, char out[CERTIFICATE_NAME + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t i;

	if (EVP_Digest(local.ptr, local.len, digest, NULL, EVP_sha256(),
	    NULL) != 1)
		return false;
	for (i = 0; i < CERTIFICATE_NAME / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return true;
}

/* ---- judging ---- */

/* What is judged, with what OpenSSL needs for it. */
struct trial {
	SSL_CTX		*context;
	SSL		*dane;		/* never connected */
	X509_STORE	*store;
	X509_STORE_CTX	*check;
};

static void
trial_fini(struct trial *t)
{
	X509_STORE_CTX_free(t->check);
	X509_STORE_free(t->store);
	SSL_free(t->dane);
	SSL_CTX_free(t->context);
	ERR_clear_error();
}

static bool
load_authorities(X509_STORE *store, const char *ca_file)
{
	return ca_file != NULL ?
	    X509_STORE_load_file(store, ca_file) == 1 :
	    X509_STORE_set_default_paths(store) == 1;
}

static bool
trial_init(struct trial *t, const struct certificates *c,
    const struct certificate_judge *judge)
{
	*t = (struct trial){ .store = X509_STORE_new(),
		.check = X509_STORE_CTX_new() };
	if (t->store == NULL || t->check == NULL ||
	    X509_STORE_CTX_init(t->check, t->store, leaf_of(c),
	    c->chain) != 1 ||
	    X509_STORE_CTX_set_default(t->check, judge->purpose ==
	    CERTIFICATE_SERVER ? "ssl_server" : "smime_sign") != 1)
		return false;
	X509_STORE_CTX_set_time(t->check, 0, time(NULL));
	return true;
}

static enum certificate_verdict
run(struct trial *t, const char **why)
{
	int done = X509_verify_cert(t->check);
	int error = X509_STORE_CTX_get_error(t->check);

	if (done == 1)
		return CERTIFICATE_GOOD;
	if (error == X509_V_ERR_OUT_OF_MEM)
		return CERTIFICATE_NO_MEMORY;
	*why = error == X509_V_ERR_HOSTNAME_MISMATCH ?
	    "it has another name" : error == X509_V_ERR_DANE_NO_MATCH ?
	    "no certificate of the chain matches" :
	    X509_verify_cert_error_string(error);
	return CERTIFICATE_BAD;
}

/* A name with its NUL; NULL for none. */
static const char *
name_of(struct slice name, struct domain *out)
{
	return domain_parse_dns(name, out) ? out->text : NULL;
}

/* The record, and names, with the connection that is none. */
static bool
set_record(struct trial *t, struct slice data,
    const struct certificate_judge *judge, bool *usable)
{
	const unsigned char *p = (const unsigned char *)data.ptr;
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(t->check);
	struct domain name;
	const char *other;

	t->context = SSL_CTX_new(TLS_client_method());
	if (t->context == NULL || SSL_CTX_dane_enable(t->context) != 1)
		return false;
	(void)SSL_CTX_dane_set_flags(t->context,
	    DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	t->dane = SSL_new(t->context);
	if (t->dane == NULL ||
	    SSL_dane_enable(t->dane, name_of(judge->names[0], &name)) != 1)
		return false;
	other = name_of(judge->names[1], &name);
	if (other != NULL && SSL_add1_host(t->dane, other) != 1)
		return false;
	SSL_set_hostflags(t->dane, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	*usable = data.len > RECORD_HEAD && SSL_dane_tlsa_add(t->dane, p[0],
	    p[1], p[2], p + RECORD_HEAD, data.len - RECORD_HEAD) > 0;
	X509_STORE_CTX_set0_dane(t->check, SSL_get0_dane(t->dane));
	return X509_VERIFY_PARAM_set1(param, SSL_get0_param(t->dane)) == 1;
}

enum certificate_verdict
certificates_by_record(const struct certificates *c, struct slice data,
    const struct certificate_judge *judge, const char **why)
{
	enum certificate_verdict verdict = CERTIFICATE_NO_MEMORY;
	bool usable = false;
	struct trial t;

	*why = NULL;
	if (trial_init(&t, c, judge) && set_record(&t, data, judge,
	    &usable)) {
		*why = "the record is not usable";
		/* 0 and 1 also need an authority (RFC 6698 2.1.1). */
		if (usable && data.ptr[0] < 2)
			(void)load_authorities(t.store, judge->ca_file);
		verdict = usable ? run(&t, why) : CERTIFICATE_BAD;
	}
	trial_fini(&t);
	return verdict;
}

enum certificate_verdict
certificates_by_authority(const struct certificates *c,
    const struct certificate_judge *judge, const char **why)
{
	enum certificate_verdict verdict = CERTIFICATE_NO_MEMORY;
	X509_VERIFY_PARAM *param;
	struct domain name;
	struct trial t;

	*why = NULL;
	if (trial_init(&t, c, judge)) {
		param = X509_STORE_CTX_get0_param(t.check);
		X509_VERIFY_PARAM_set_hostflags(param,
		    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
		if (judge->names[0].len == 0 || X509_VERIFY_PARAM_set1_host(
		    param, name_of(judge->names[0], &name), 0) == 1) {
			*why = "no authorities are known to this system";
			verdict = load_authorities(t.store, judge->ca_file) ?
			    run(&t, why) : CERTIFICATE_BAD;
		}
	}
	trial_fini(&t);
	return verdict;
}
