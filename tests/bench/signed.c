/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signed: makes the benchmark's message and signs it (RFC 6376).
 *
 * 1. The body: words in lines, with the blanks that mail has: two after a
 *    full stop, some at line ends, indented lines, empty lines at the end.
 * 2. Its relaxed form (3.4.4) and the hash of that, bh=.
 * 3. The header fields, and the signature field with b= empty.
 * 4. The fields that h= names, relaxed (3.4.2), then the signature field
 *    without its line end (3.7), signed.
 * 5. All together, the signature field after the trace fields.
 */
#include "signed.h"

#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define SHA256_OCTETS	32
#define BASE64_LINE	64

/* %s is the sender's domain. */
static const char *const trace_fields[] = {
	"Received: from out.%s (out.%s [192.0.2.1])\r\n"
	"\tby relay.example.net with ESMTPS id 4Xq1Yz0Zb5z9sVn\r\n"
	"\tfor <user@example.org>; Mon, 15 Jan 2024 10:00:03 +0000 (UTC)\r\n",
};

static const char *const plain_fields[] = {
	"Received: from work.%s (work.%s [198.51.100.20])\r\n"
	"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
	"\tby out.%s with ESMTPSA id 4Xq1Yy5tQkz9sVm;\r\n"
	"\tMon, 15 Jan 2024 10:00:02 +0000 (UTC)\r\n",
	"Received: from localhost (localhost [127.0.0.1])\r\n"
	"\tby work.%s with ESMTP id 4Xq1Yy1c2Hz9sVk;\r\n"
	"\tMon, 15 Jan 2024 10:00:01 +0000 (UTC)\r\n",
	"X-Originating-Host: work.%s\r\n",
	"Return-Receipt-To: <>\r\n",
	"List-Id: Monthly report <report.%s>\r\n",
	("List-Unsubscribe: <https://www.%s/unsubscribe/a8d1fe>,\r\n"
	" <mailto:report-leave@%s>\r\n"),
	"Precedence: list\r\n",
	"User-Agent: Example Mailer/7.2\r\n",
	"X-Priority: 3\r\n",
};

/* In the order of h=. */
static const char *const signed_fields[] = {
	"From: \"The monthly report\" <sender@%s>\r\n",
	"To: <user@example.org>,\r\n\t\"Another reader\" "
	"<reader@example.org>\r\n",
	"Subject:  All that happened in the last month,  with figures\r\n"
	" and with a look at the next one\r\n",
	"Date: Mon, 15 Jan 2024 10:00:00 +0000\r\n",
	"Message-ID: <20240115100000.4f1c2a@work.%s>\r\n",
	"References: <20231115100000.1b7d90@work.%s>\r\n"
	"\t<20231215100000.77e0c1@work.%s>\r\n",
	"In-Reply-To: <20231215100000.77e0c1@work.%s>\r\n",
	"Reply-To: <sender@%s>\r\n",
	"MIME-Version: 1.0\r\n",
	"Content-Type: text/plain; charset=\"utf-8\"\r\n",
	"Content-Transfer-Encoding: 8bit\r\n",
};

static void
put(struct signed_text *t, const char *ptr, size_t len)
{
	if (len > sizeof(t->ptr) - t->len)
		errx(1, "message text above %zu octets", sizeof(t->ptr));
	memcpy(t->ptr + t->len, ptr, len);
	t->len += len;
}

static void
put_str(struct signed_text *t, const char *s)
{
	put(t, s, strlen(s));
}

/* Each %s of a template is the domain. */
static void
put_template(struct signed_text *t, const char *template, const char *domain)
{
	const char *at;

	while ((at = strstr(template, "%s")) != NULL) {
		put(t, template, (size_t)(at - template));
		put_str(t, domain);
		template = at + 2;
	}
	put_str(t, template);
}

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- the body ---- */

/* Numbers that look arbitrary and are the same in every run. */
static uint32_t
next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void
put_line(struct signed_text *t, uint32_t *state)
{
	static const char *const words[] = { "the", "report", "of", "a",
		"month", "shows", "figures", "and", "what", "they", "mean",
		"for", "readers", "who", "asked", "about", "mail", "servers",
		"in", "production.", "Nothing", "is", "lost,", "yet",
		"\xc3\xbc\x62\x65\x72" };
	size_t width = 40 + next_number(state) % 32, start = t->len;

	if (next_number(state) % 16 == 0)
		put_str(t, "    ");
	while (t->len - start < width) {
		put_str(t, words[next_number(state) % ARRAY_LENGTH(words)]);
		put_str(t, t->ptr[t->len - 1] == '.' ? "  " : " ");
	}
	/* What wrote it left a blank at some line ends. */
	if (next_number(state) % 4 != 0)
		while (t->ptr[t->len - 1] == ' ')
			t->len--;
	put_str(t, "\r\n");
}

static void
make_body(struct signed_text *t)
{
	uint32_t state = 1;

	while (t->len < SIGNED_BODY_OCTETS) {
		put_line(t, &state);
		if (next_number(&state) % 8 == 0)
			put_str(t, "\r\n");
	}
	put_str(t, "\r\n\r\n");
}

/* RFC 6376 3.4.4: blanks at line ends, runs of blanks, empty lines at the
   end. */
static void
relax_body(struct signed_text *out, const struct signed_text *body)
{
	for (size_t i = 0; i < body->len; i++) {
		char c = body->ptr[i];

		if (c == '\r') {
			if (out->len > 0 && out->ptr[out->len - 1] == ' ')
				out->len--;
			put(out, &c, 1);
		} else if (!is_wsp(c)) {
			put(out, &c, 1);
		} else if (out->len == 0 || out->ptr[out->len - 1] != ' ') {
			put(out, " ", 1);
		}
	}
	while (out->len >= 4 &&
	    memcmp(out->ptr + out->len - 4, "\r\n\r\n", 4) == 0)
		out->len -= 2;
}

/* ---- header fields ---- */

/* RFC 6376 3.4.2: name in lower case, unfolded, runs of blanks as one, none
   at either end of the value. */
static void
relax_field(struct signed_text *out, const char *field, size_t len)
{
	size_t i, value;
	bool blank = false;

	for (i = 0; i < len && field[i] != ':'; i++) {
		char c = field[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		put(out, &c, 1);
	}
	put(out, ":", 1);
	value = out->len;
	for (i++; i < len; i++) {
		char c = field[i];

		if (c == '\r' || c == '\n')
			continue;
		if (is_wsp(c)) {
			blank = true;
			continue;
		}
		if (blank && out->len > value)
			put(out, " ", 1);
		blank = false;
		put(out, &c, 1);
	}
	put(out, "\r\n", 2);
}

static void
put_fields(struct signed_text *t, const char *const *fields, size_t count,
    const char *domain)
{
	for (size_t i = 0; i < count; i++)
		put_template(t, fields[i], domain);
}

static void
relax_signed_fields(struct signed_text *head, const char *domain)
{
	static struct signed_text field;

	for (size_t i = 0; i < ARRAY_LENGTH(signed_fields); i++) {
		field.len = 0;
		put_template(&field, signed_fields[i], domain);
		relax_field(head, field.ptr, field.len);
	}
}

/* ---- the signature ---- */

static void
put_base64(struct signed_text *t, const unsigned char *ptr, size_t len)
{
	unsigned char out[1024];

	if (len > sizeof(out) / 4 * 3 - 3)
		errx(1, "%zu octets to encode", len);
	EVP_EncodeBlock(out, ptr, (int)len);
	put_str(t, (const char *)out);
}

static void
put_folded_base64(struct signed_text *t, const unsigned char *ptr, size_t len)
{
	static struct signed_text all;

	all.len = 0;
	put_base64(&all, ptr, len);
	for (size_t i = 0; i < all.len; i += BASE64_LINE) {
		size_t n = all.len - i < BASE64_LINE ? all.len - i :
		    BASE64_LINE;

		put_str(t, "\r\n\t ");
		put(t, all.ptr + i, n);
	}
}

void
signed_body_hash(const char *body, size_t len, char out[SIGNED_BODY_HASH])
{
	unsigned char hash[SHA256_OCTETS];

	if (EVP_Digest(body, len, hash, NULL, EVP_sha256(), NULL) != 1)
		errx(1, "SHA-256 failed");
	EVP_EncodeBlock((unsigned char *)out, hash, sizeof(hash));
}

/* The field up to and with "b=", without line end. */
static void
begin_signature(struct signed_text *field, const struct signed_text *body,
    const char *domain)
{
	char hash[SIGNED_BODY_HASH];

	signed_body_hash(body->ptr, body->len, hash);
	put_template(field, "DKIM-Signature: v=1; a=rsa-sha256; "
	    "c=relaxed/relaxed; d=%s;\r\n\ts=" SIGNED_SELECTOR
	    "; t=1705312800; i=@%s; q=dns/txt;\r\n\th=", domain);
	for (size_t i = 0; i < ARRAY_LENGTH(signed_fields); i++) {
		if (i > 0)
			put_str(field, i % 6 == 0 ? ":\r\n\t " : ":");
		put(field, signed_fields[i], strcspn(signed_fields[i], ":"));
	}
	put_str(field, ";\r\n\tbh=");
	put_str(field, hash);
	put_str(field, ";\r\n\tb=");
}

static void
sign(struct signed_message *m, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	m->sig_len = sizeof(m->sig);
	if (ctx == NULL ||
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, m->sig, &m->sig_len,
	    (const unsigned char *)m->head.ptr, m->head.len) != 1)
		errx(1, "cannot sign");
	EVP_MD_CTX_free(ctx);
}

struct signed_message *
signed_message_new(EVP_PKEY *key, const char *domain)
{
	static struct signed_text body, field;
	struct signed_message *m = calloc(1, sizeof(*m));

	if (m == NULL)
		err(1, NULL);
	body.len = field.len = 0;
	make_body(&body);
	relax_body(&m->body, &body);
	begin_signature(&field, &m->body, domain);
	relax_signed_fields(&m->head, domain);
	relax_field(&m->head, field.ptr, field.len);
	m->head.len -= 2;
	sign(m, key);
	put_folded_base64(&field, m->sig, m->sig_len);
	put_str(&field, "\r\n");

	put_fields(&m->text, trace_fields, ARRAY_LENGTH(trace_fields), domain);
	put(&m->text, field.ptr, field.len);
	put_fields(&m->text, plain_fields, ARRAY_LENGTH(plain_fields), domain);
	put_fields(&m->text, signed_fields, ARRAY_LENGTH(signed_fields),
	    domain);
	put_str(&m->text, "\r\n");
	put(&m->text, body.ptr, body.len);
	return m;
}

void
signed_message_free(struct signed_message *m)
{
	free(m);
}

/* ---- the key ---- */

EVP_PKEY *
signed_key_new(void)
{
	EVP_PKEY *key = EVP_RSA_gen(SIGNED_RSA_BITS);

	if (key == NULL)
		errx(1, "cannot make a key");
	return key;
}

char *
signed_key_base64(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	char *out;

	if (len <= 0)
		errx(1, "cannot encode the public key");
	out = malloc(((size_t)len + 2) / 3 * 4 + 1);
	if (out == NULL)
		err(1, NULL);
	EVP_EncodeBlock((unsigned char *)out, der, len);
	OPENSSL_free(der);
	return out;
}
