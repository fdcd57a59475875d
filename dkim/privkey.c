/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privkey: private keys once they are in memory.
 *
 * No key is accepted that a verifier would refuse: its key record is made and
 * read back by the verifier's own parser (RFC 6376 section 3.6.1, RFC 8301
 * section 3.2), and what it signs must verify with the key from there.  So a
 * file with inconsistent numbers is noticed when it is loaded, and not by
 * those who get the mail.
 *
 * RSA signatures are checked before they are used, which costs a twentieth of
 * making them.  OpenSSL keeps blinding factors with a key.  When it runs short
 * of memory while it renews them, it continues with factors that do not match:
 * this and the next signatures are wrong, without an error.  A wrong one is
 * made again with a copy of the key, which has its own factors.
 */
#include "dkim/privkey_internal.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/mem.h"
#include "dkim/key.h"

#define MINIMUM_RSA_BITS 1024	/* RFC 8301 section 3.2 */
#define SECURE_MINIMUM	 64	/* octets of its smallest piece */

struct dkim_private_key {
	atomic_uint		 refs;
	enum dkim_key_type	 type;
	unsigned int		 bits;
	EVP_PKEY		*pkey;	/* OpenSSL wipes what it frees */
	struct crypto_key	 public;	/* as read from our record */
};

/* Only where the leak sanitizer is linked in. */
void	__lsan_do_leak_check(void) __attribute__((weak));

/*
 * It says 2 for memory that could not be locked, which is no failure.  The
 * leak sanitizer does not look into this memory, and would report as lost
 * what only a key points to.
 */
static void
make_secure_heap(void)
{
	if (__lsan_do_leak_check == NULL &&
	    CRYPTO_secure_malloc_initialized() == 0)
		(void)CRYPTO_secure_malloc_init(LIMIT_DKIM_SECURE_HEAP,
		    SECURE_MINIMUM);
	ERR_clear_error();
}

void
dkim_private_key_protect(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, make_secure_heap);
}

struct dkim_private_key *
dkim_private_key_ref(struct dkim_private_key *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

void
dkim_private_key_free(struct dkim_private_key *k)
{
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	EVP_PKEY_free(k->pkey);
	crypto_key_fini(&k->public);
	mem_wipe_free(k, sizeof(*k));
}

enum dkim_key_type
dkim_private_key_type(const struct dkim_private_key *k)
{
	return k->type;
}

unsigned int
dkim_private_key_bits(const struct dkim_private_key *k)
{
	return k->bits;
}

struct evp_pkey_st *
dkim_private_key_pkey(const struct dkim_private_key *k)
{
	return k->pkey;
}

/* ---- signing ---- */

static bool
sign_rsa(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *sig,
    size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool done;

	done = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_sign(ctx, sig, len, hash, DKIM_SHA256_LEN) == 1;
	EVP_PKEY_CTX_free(ctx);
	return done;
}

static bool
is_good(const struct dkim_private_key *k, const unsigned char *hash,
    const unsigned char *sig, size_t len)
{
	struct crypto_key public;
	bool good;

	if (!crypto_key_copy(&k->public, &public))
		return false;
	good = crypto_verify(&public, hash, sig, len) == CRYPTO_GOOD;
	crypto_key_fini(&public);
	return good;
}

static bool
sign_rsa_well(const struct dkim_private_key *k, const unsigned char *hash,
    unsigned char *sig, size_t *len)
{
	EVP_PKEY *copy;
	bool good;

	if (sign_rsa(k->pkey, hash, sig, len) && is_good(k, hash, sig, *len))
		return true;
	*len = LIMIT_DKIM_SIG_B;
	copy = EVP_PKEY_dup(k->pkey);
	good = copy != NULL && sign_rsa(copy, hash, sig, len) &&
	    is_good(k, hash, sig, *len);
	EVP_PKEY_free(copy);
	return good;
}

/* RFC 8463 section 3: PureEdDSA over the 32 octets. */
static bool
sign_ed25519(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *sig,
    size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done;

	done = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, len, hash, DKIM_SHA256_LEN) == 1;
	EVP_MD_CTX_free(ctx);
	return done;
}

bool
dkim_private_key_sign(const struct dkim_private_key *k,
    const unsigned char hash[DKIM_SHA256_LEN],
    unsigned char sig[LIMIT_DKIM_SIG_B], size_t *len)
{
	bool done;

	*len = LIMIT_DKIM_SIG_B;
	if (k->type == DKIM_KEY_RSA)
		done = sign_rsa_well(k, hash, sig, len);
	else
		done = sign_ed25519(k->pkey, hash, sig, len);
	ERR_clear_error();
	return done;
}

/* ---- the key record ---- */

static void
add_base64(struct buf *out, const unsigned char *ptr, size_t len)
{
	size_t size = base64_encoded_len(len);
	char *text = mem_alloc(size + 1);

	if (text == NULL) {
		out->failed = true;
		return;
	}
	base64_encode(ptr, len, text);
	buf_add(out, (struct slice){ text, size });
	mem_free(text);
}

/* The 32 octets (RFC 8463 section 4.2). */
static void
add_ed25519(EVP_PKEY *pkey, struct buf *out)
{
	unsigned char raw[DKIM_ED25519_KEY_LEN];
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(pkey, raw, &len) == 1)
		add_base64(out, raw, len);
	else
		out->failed = true;
}

/* SubjectPublicKeyInfo, which all verifiers take (RFC 6376 Appendix C). */
static void
add_rsa(EVP_PKEY *pkey, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	if (len > 0)
		add_base64(out, der, (size_t)len);
	else
		out->failed = true;
	OPENSSL_free(der);
}

bool
dkim_private_key_record(const struct dkim_private_key *k, struct buf *out)
{
	if (k->type == DKIM_KEY_RSA) {
		buf_adds(out, "v=DKIM1; k=rsa; p=");
		add_rsa(k->pkey, out);
	} else {
		buf_adds(out, "v=DKIM1; k=ed25519; p=");
		add_ed25519(k->pkey, out);
	}
	ERR_clear_error();
	return !buf_failed(out);
}

/* What the verifier makes of our own record. */
static enum dkim_key_status
read_back(const struct dkim_private_key *k, struct dkim_key *out,
    const char **problem)
{
	enum dkim_key_status status = DKIM_KEY_NO_MEMORY;
	struct buf record;

	*out = (struct dkim_key){ .type = CRYPTO_RSA };
	*problem = "out of memory";
	buf_init(&record, LIMIT_DKIM_KEY_RECORD);
	if (dkim_private_key_record(k, &record))
		status = dkim_key_parse(buf_slice(&record), out, problem);
	buf_fini(&record);
	return status;
}

/* ---- what may become a key ---- */

static bool __attribute__((format(printf, 3, 4)))
complain(char *why, size_t why_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, why_size, fmt, ap);
	va_end(ap);
	return false;
}

/* Type and size, before the key does any arithmetic. */
static bool
check_size(struct dkim_private_key *k, char *why, size_t why_size)
{
	const char *name = EVP_PKEY_get0_type_name(k->pkey);
	int id = EVP_PKEY_get_base_id(k->pkey);

	k->bits = (unsigned int)EVP_PKEY_get_bits(k->pkey);
	k->type = id == EVP_PKEY_RSA ? DKIM_KEY_RSA : DKIM_KEY_ED25519;
	if (id == EVP_PKEY_ED25519) {
		k->bits = DKIM_ED25519_KEY_LEN * 8;
		return true;
	}
	if (id != EVP_PKEY_RSA)
		return complain(why, why_size, "this is a key of type %s, and "
		    "DKIM signs with RSA or Ed25519: make one with assay "
		    "keygen", name != NULL ? name : "unknown");
	if (k->bits < MINIMUM_RSA_BITS)
		return complain(why, why_size, "the RSA key has %u bits, and "
		    "no verifier takes less than %u: make one of 2048 with "
		    "assay keygen", k->bits, MINIMUM_RSA_BITS);
	if (k->bits > LIMIT_DKIM_RSA_BITS)
		return complain(why, why_size, "the RSA key has %u bits, and "
		    "%u is the most that is used: make one of 2048 with assay "
		    "keygen", k->bits, LIMIT_DKIM_RSA_BITS);
	return true;
}

/* Sets `public`, signs something and verifies it. */
static bool
check_parts(struct dkim_private_key *k, char *why, size_t why_size)
{
	static const unsigned char hash[DKIM_SHA256_LEN] = { 1, 2, 3 };
	unsigned char sig[LIMIT_DKIM_SIG_B];
	enum dkim_key_status read;
	struct dkim_key public;
	const char *problem;
	size_t len;

	read = read_back(k, &public, &problem);
	k->public = public.key;
	if (read == DKIM_KEY_NO_MEMORY)
		return complain(why, why_size, "out of memory");
	if (read != DKIM_KEY_OK)
		return complain(why, why_size, "verifiers will not take this "
		    "key (%s): make one with assay keygen", problem);
	if (!dkim_private_key_sign(k, hash, sig, &len) ||
	    !is_good(k, hash, sig, len))
		return complain(why, why_size, "the key is broken, what it "
		    "signs does not verify: take the file from a backup, or "
		    "make a new key with assay keygen");
	return true;
}

struct dkim_private_key *
dkim_private_key_adopt(struct evp_pkey_st *pkey, char *why, size_t why_size)
{
	struct dkim_private_key *k = mem_alloc(sizeof(*k));

	if (k == NULL) {
		EVP_PKEY_free(pkey);
		(void)complain(why, why_size, "out of memory");
		return NULL;
	}
	atomic_init(&k->refs, 1);
	k->pkey = pkey;
	if (!check_size(k, why, why_size) || !check_parts(k, why, why_size)) {
		dkim_private_key_free(k);
		k = NULL;
	}
	ERR_clear_error();
	return k;
}

struct dkim_private_key *
dkim_private_key_generate(enum dkim_key_type type, unsigned int bits)
{
	EVP_PKEY *pkey;
	char why[256];

	dkim_private_key_protect();
	if (type == DKIM_KEY_ED25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else if (bits >= MINIMUM_RSA_BITS && bits <= LIMIT_DKIM_RSA_BITS)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	else
		return NULL;
	ERR_clear_error();
	if (pkey == NULL)
		return NULL;
	return dkim_private_key_adopt(pkey, why, sizeof(why));
}

/* ---- the record in the DNS ---- */

/* One record: RFC 6376 section 6.1.2 steps 4 to 8, without the signature. */
static enum dkim_key_match
examine_record(const struct dkim_private_key *k, struct slice record,
    const char **problem)
{
	const struct dkim_key_need need = {
		.type = k->type == DKIM_KEY_RSA ? CRYPTO_RSA : CRYPTO_ED25519,
		.minimum_rsa_bits = MINIMUM_RSA_BITS };
	enum dkim_key_match match = DKIM_KEY_DIFFERS;
	enum dkim_key_status status;
	struct dkim_key key;

	status = dkim_key_parse(record, &key, problem);
	if (status == DKIM_KEY_FOREIGN) {
		match = DKIM_KEY_ABSENT;
	} else if (status == DKIM_KEY_NO_MEMORY) {
		match = DKIM_KEY_UNKNOWN;
	} else if (status == DKIM_KEY_OK) {
		*problem = dkim_key_misfit(&key, &need);
		if (*problem == NULL && EVP_PKEY_eq(k->pkey,
		    key.key.pkey) != 1)
			*problem = "the record has another key";
		if (*problem == NULL)
			match = DKIM_KEY_MATCHES;
	}
	dkim_key_fini(&key);
	ERR_clear_error();
	return match;
}

/* As the verifier does, several records are tried in turn. */
static enum dkim_key_match
examine_records(const struct dkim_private_key *k,
    const struct dns_answer *answer, const char **problem)
{
	enum dkim_key_match best = DKIM_KEY_ABSENT, match;
	const char *one = NULL;
	size_t i, tried = 0;

	*problem = "there is no key record at this name";
	for (i = 0; i < answer->count && tried < LIMIT_DKIM_KEY_RECORDS &&
	    best != DKIM_KEY_MATCHES; i++) {
		match = examine_record(k, answer->records[i].text, &one);
		if (match == DKIM_KEY_ABSENT)
			continue;
		if (tried == 0 || match != DKIM_KEY_DIFFERS) {
			best = match;
			*problem = one;
		}
		tried++;
	}
	return best;
}

enum dkim_key_match
dkim_private_key_examine(const struct dkim_private_key *k,
    const struct dns_answer *answer, const char **problem)
{
	enum dkim_key_match match;

	*problem = dkim_key_unknown(answer);
	if (*problem != NULL)
		return DKIM_KEY_UNKNOWN;
	/* Of an answer without records there is none to examine. */
	match = examine_records(k, answer, problem);
	if (match == DKIM_KEY_MATCHES)
		*problem = NULL;
	return match;
}

enum dkim_key_match
dkim_private_key_compare(const struct dkim_private_key *k,
    const struct dns_answer *answer)
{
	const char *problem;

	return dkim_private_key_examine(k, answer, &problem);
}
