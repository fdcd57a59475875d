/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: key records, and the DER in their p=.
 *
 * The first octet chooses: the rest is a whole record, or DER.  What must
 * hold: a key that was taken is one for OpenSSL, too, with as many bits as
 * we counted and within the limits; whatever our DER reader takes OpenSSL
 * takes as well, and uses all of it; a refusal has a reason.
 */

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "dkim/key.h"
#include "tests/fuzz/fuzz.h"

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
