/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: key records, and the DER in their p=.
 *
 * The first octet chooses: the rest is a whole record, or DER.  What must
 * hold: a key that was taken is one for OpenSSL, too, with as many bits as
 * we counted and within the limits; whatever our DER reader takes OpenSSL
 * takes as well, and uses all of it; a refusal has a reason.  The notes on a
 * record are of places in it, and one that cannot be used has an error.
 */

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "dkim/key.h"
#include "dkim/lint.h"
#include "tests/fuzz/fuzz.h"

/* A lint_fn; `arg` counts errors. */
static void
check_note(void *arg, const struct lint_note *n)
{
	unsigned int *errors = arg;

	must(n->at <= n->record.len && n->len <= n->record.len - n->at);
	must(n->what != NULL);
	*errors += n->weight == LINT_ERROR;
}

static void
check_lint(struct slice record, bool usable)
{
	unsigned int errors = 0;
	struct dns_draft d;

	if (!dns_answer_new(DNS_TYPE_TXT, SLICE("s._domainkey.a.example"), 1,
	    record.len, &d))
		return;
	if (record.len > 0)
		memcpy(d.text, record.ptr, record.len);
	d.records[0].text = (struct slice){ d.text, record.len };
	d.answer->outcome = DNS_FOUND;
	dkim_key_lint(SLICE("s._domainkey.a.example"), d.answer, check_note,
	    &errors);
	must(usable || errors > 0);
	dns_answer_unref(d.answer);
}

static void
check_record(struct slice record)
{
	enum dkim_key_status status;
	struct dkim_key key;
	const char *problem = NULL;

	status = dkim_key_parse(record, &key, &problem);
	must(status != DKIM_KEY_NO_MEMORY);
	must((status == DKIM_KEY_OK) == (problem == NULL));
	must((status == DKIM_KEY_OK) == (key.key.pkey != NULL));
	if (status == DKIM_KEY_OK && key.type == CRYPTO_RSA) {
		must((unsigned int)EVP_PKEY_get_bits(key.key.pkey) == key.bits);
		must(key.bits <= LIMIT_DKIM_RSA_BITS);
	}
	if (status == DKIM_KEY_OK)
		must(record.len <= LIMIT_DKIM_KEY_RECORD);
	check_lint(record, status == DKIM_KEY_OK);
	dkim_key_fini(&key);
}

static void
check_der(struct slice der)
{
	const unsigned char *p;
	struct slice inner;
	unsigned int bits;
	EVP_PKEY *key;

	if (dkim_key_unwrap_rsa(der, &inner, &bits) != NULL)
		return;
	must(bits > 0 && bits <= LIMIT_DKIM_RSA_BITS);
	p = (const unsigned char *)inner.ptr;
	key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)inner.len);
	must(key != NULL && p == (const unsigned char *)inner.ptr +
	    inner.len);
	must((unsigned int)EVP_PKEY_get_bits(key) == bits);
	EVP_PKEY_free(key);
	if (inner.len == der.len)
		return;
	p = (const unsigned char *)der.ptr;
	key = d2i_PUBKEY(NULL, &p, (long)der.len);
	must(key != NULL && EVP_PKEY_get_id(key) == EVP_PKEY_RSA);
	EVP_PKEY_free(key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };

	if (size == 0)
		return 0;
	rest = slice_from(rest, 1);
	if (data[0] == 'd')
		check_der(rest);
	else
		check_record(rest);
	return 0;
}
