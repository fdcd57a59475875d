/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signed: OpenSSL's CMS, with all its limits set before it does anything dear.
 *
 * 1. The message is small enough, and its header says that it is signed.
 * 2. OpenSSL reads the MIME parts and the CMS.  It must be signed data, with
 *    few signers and certificates: each costs an operation with its key.
 * 3. Each signature is verified with the certificate that came with it.
 */
#include "tools/signed.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>

#include "base/arena.h"
#include "mail/header.h"

/* Steps of a look, so that the parts are freed in one place. */
struct look {
	BIO			*in, *content;
	CMS_ContentInfo		*cms;
	STACK_OF(X509)		*certificates, *signers;
	struct signed_message	*out;
};

const char *
signed_status_name(enum signed_status s)
{
	static const char *const names[] = {
		[SIGNED_GOOD] = "good",
		[SIGNED_BAD] = "bad",
		[SIGNED_NOT] = "not signed",
		[SIGNED_BROKEN] = "broken",
		[SIGNED_NO_MEMORY] = "out of memory"
	};

	return names[s];
}

static bool
end(struct signed_message *out, enum signed_status status, const char *why)
{
	out->status = status;
	out->why = why;
	return false;
}

/* ---- step 1 ---- */

static bool
contains_nocase(struct slice s, struct slice word)
{
	size_t i;

	for (i = 0; i + word.len <= s.len; i++) {
		if (slice_starts_nocase(slice_from(s, i), word))
			return true;
	}
	return false;
}

/* multipart/signed, or the older opaque form (RFC 8551 3.5). */
static bool
says_signed(struct slice type)
{
	return (contains_nocase(type, SLICE("multipart/signed")) &&
	    contains_nocase(type, SLICE("pkcs7-signature"))) ||
	    (contains_nocase(type, SLICE("pkcs7-mime")) &&
	    !contains_nocase(type, SLICE("enveloped-data")));
}

static bool
is_signed(struct slice message, struct signed_message *out)
{
	const struct mail_field *field;
	struct mail_header header;
	struct arena *arena;
	struct slice body;
	bool found;

	if (message.len > LIMIT_TOOL_SMIME)
		return end(out, SIGNED_BROKEN, "the message is larger than "
		    "5 MB");
	arena = arena_new(LIMIT_TOOL_MEMORY);
	if (arena == NULL)
		return end(out, SIGNED_NO_MEMORY, "out of memory");
	mail_header_init(&header, arena);
	(void)mail_header_parse(&header, message, &body);
	field = mail_header_find(&header, SLICE("Content-Type"), 1);
	found = field != NULL && says_signed(field->value);
	if (arena_failed(arena))
		(void)end(out, SIGNED_NO_MEMORY, "out of memory");
	else if (!found)
		(void)end(out, SIGNED_NOT, "it has no S/MIME signature");
	arena_free(arena);
	return found;
}

/* ---- step 2 ---- */

static bool
read_cms(struct look *l, struct slice message)
{
	l->in = BIO_new_mem_buf(message.ptr, (int)message.len);
	if (l->in == NULL)
		return end(l->out, SIGNED_NO_MEMORY, "out of memory");
	l->cms = SMIME_read_CMS(l->in, &l->content);
	if (l->cms == NULL)
		return end(l->out, SIGNED_BROKEN, "the signature cannot be "
		    "read");
	if (OBJ_obj2nid(CMS_get0_type(l->cms)) != NID_pkcs7_signed)
		return end(l->out, SIGNED_NOT, "it has no S/MIME signature");
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(l->cms)) < 1)
		return end(l->out, SIGNED_BROKEN, "nobody has signed it");
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(l->cms)) >
	    LIMIT_TOOL_SIGNERS)
		return end(l->out, SIGNED_BROKEN, "more than 10 signers");
	l->certificates = CMS_get1_certs(l->cms);
	if (sk_X509_num(l->certificates) > LIMIT_TOOL_CERTIFICATES)
		return end(l->out, SIGNED_BROKEN, "more than 100 "
		    "certificates");
	return true;
}

/* ---- step 3 ---- */

static bool
take_signers(struct look *l)
{
	struct signed_message *out = l->out;
	const char *problem;
	int i;

	l->signers = CMS_get0_signers(l->cms);
	for (i = 0; i < sk_X509_num(l->signers); i++) {
		out->signers[out->count] = certificates_of(
		    sk_X509_value(l->signers, i), l->certificates, &problem);
		if (out->signers[out->count] == NULL)
			return end(out, SIGNED_NO_MEMORY, problem);
		out->count++;
	}
	return true;
}

static bool
verify(struct look *l)
{
	BIO *sink = BIO_new(BIO_s_null());
	int done = 0;

	if (sink != NULL)
		done = CMS_verify(l->cms, NULL, NULL, l->content, sink,
		    CMS_NO_SIGNER_CERT_VERIFY);
	BIO_free(sink);
	if (sink == NULL)
		return end(l->out, SIGNED_NO_MEMORY, "out of memory");
	if (done == 1)
		return take_signers(l);
	return end(l->out, SIGNED_BAD, ERR_GET_REASON(ERR_peek_last_error()) ==
	    CMS_R_SIGNER_CERTIFICATE_NOT_FOUND ? "the certificate of the "
	    "signer is not in it" : "the signature does not match: the text "
	    "was changed, or another key has signed it");
}

void
signed_read(struct slice message, struct signed_message *out)
{
	struct look l = { .out = out };

	*out = (struct signed_message){ .status = SIGNED_GOOD };
	if (is_signed(message, out) && read_cms(&l, message))
		(void)verify(&l);
	sk_X509_free(l.signers);
	sk_X509_pop_free(l.certificates, X509_free);
	CMS_ContentInfo_free(l.cms);
	BIO_free_all(l.content);
	BIO_free(l.in);
	ERR_clear_error();
}

void
signed_fini(struct signed_message *m)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		certificates_free(m->signers[i]);
	m->count = 0;
}
