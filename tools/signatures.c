/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signatures: what became of each signature, and why.
 *
 * The verdict is the verifier's.  Beside it, for each usable signature that
 * was checked:
 *
 *  1. The tags that the verifier does not report are read.
 *  2. The body is hashed as the signature asks, once for all.
 *  3. The header is hashed, and b= checked against it with the key in the
 *     DNS, also when the body differs: that tells which of both was changed.
 */
#include "tools/signatures.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "dkim/bodyhash.h"
#include "dkim/context_internal.h"
#include "dkim/headerhash.h"
#include "mail/taglist.h"
#include "tools/answer.h"

#define TIME_MAX 999999999999ull	/* RFC 6376 3.5: 12 digits */
/* Base64 of a SHA-256 value, and NUL. */
#define HASH_TEXT 45
#define NAMES_SHOWN 40		/* of h=, to a human */
#define TAG_SHOWN 40		/* octets of c= and l=, likewise */

/* ---- step 1 ---- */

static struct slice
tag_value(const struct taglist *tags, struct slice name)
{
	const struct tag *tag = taglist_find(tags, name);

	return tag != NULL ? tag->value : SLICE("");
}

static int64_t
tag_time(const struct taglist *tags, struct slice name)
{
	unsigned long long n;

	return slice_number(tag_value(tags, name), TIME_MAX, &n) ?
	    (int64_t)n : -1;
}

static void
read_tags(struct signature_facts *f, struct slice value)
{
	struct taglist tags;

	f->signed_at = f->expires_at = -1;
	if (!taglist_parse(slice_head(value, LIMIT_DKIM_FIELD), true, &tags))
		return;
	f->signed_at = tag_time(&tags, SLICE("t"));
	f->expires_at = tag_time(&tags, SLICE("x"));
	f->canonicalization = tag_value(&tags, SLICE("c"));
	f->bh = tag_value(&tags, SLICE("bh"));
	f->length = tag_value(&tags, SLICE("l"));
}

/* How often `name` stands in h= before `rest`, itself included. */
static size_t
times_named(struct slice h, const char *end, struct slice name)
{
	bool more = true;
	struct slice other;
	size_t n = 0;

	while (taglist_next(&h, &more, &other) && other.ptr < end)
		n += slice_eq_nocase(other, name);
	return n;
}

static void
count_names(struct signature_facts *f, const struct mail_header *header)
{
	struct slice rest = f->request.h, name;
	bool more = true;

	while (taglist_next(&rest, &more, &name)) {
		f->names++;
		f->absent += times_named(f->request.h, name.ptr + name.len,
		    name) > mail_header_instances(header, name);
	}
}

/* ---- step 3 ---- */

struct header_check {
	struct dkim_context	*ctx;
	struct headerhash	 hash;
	const struct mail_header *header;
};

static bool
hash_header(struct header_check *c, const struct signature_facts *f,
    unsigned char out[DKIM_SHA256_LEN])
{
	const struct mail_field *own = &c->header->fields[f->sig->field];
	const struct headerhash_input in = {
		.how = f->request.header_canon,
		.h = f->request.h,
		.name = own->name,
		.value = f->request.value,
		.cut = f->request.b_cut,
		.own = own
	};
	struct crypto_hash hash;
	bool good;

	crypto_hash_init(&hash, c->ctx->sha256);
	good = headerhash_compute(&c->hash, &in, &hash, out);
	crypto_hash_fini(&hash);
	return good;
}

/* True when the record holds a key for the signature. */
static bool
try_key(struct header_check *c, struct signature_facts *f,
    struct slice record, const unsigned char hash[DKIM_SHA256_LEN])
{
	enum crypto_status status;
	struct dkim_key key;
	const char *problem;
	bool fits;

	fits = dkim_keycache_get(c->ctx->keys, record, &key, &problem) ==
	    DKIM_KEY_OK && key.type == f->request.key_type;
	if (fits) {
		status = crypto_verify(&key.key, hash, f->request.b,
		    f->request.b_len);
		if (status == CRYPTO_GOOD)
			f->header = SIGNATURE_HEADER_GOOD;
		else if (status == CRYPTO_BAD)
			f->header = SIGNATURE_HEADER_DIFFERS;
	}
	dkim_key_fini(&key);
	return fits;
}

static void
check_header(struct header_check *c, struct signature_facts *f)
{
	unsigned char hash[DKIM_SHA256_LEN];
	size_t i, tried = 0;

	if (f->answer == NULL || !hash_header(c, f, hash))
		return;
	for (i = 0; i < f->answer->count &&
	    tried < LIMIT_DKIM_KEY_RECORDS &&
	    f->header != SIGNATURE_HEADER_GOOD; i++)
		tried += try_key(c, f, f->answer->records[i].text, hash);
}

/* ---- all of it ---- */

static void
read_field(struct signature_facts *f, struct tool *t,
    const struct dkim_signature *sig, const struct mail_header *header,
    int64_t now)
{
	struct slice value = header->fields[sig->field].value;
	struct dkim_signature again = { .field = sig->field };

	f->sig = sig;
	read_tags(f, value);
	f->usable = sig->checked && dkim_signature_parse(value, now,
	    t->arena, &again, &f->request);
	if (f->usable)
		count_names(f, header);
}

/* Step 2. */
static bool
hash_bodies(struct signatures *s, struct tool *t, struct slice body)
{
	const struct bodyhash_digest **digests;
	struct signature_facts *f;
	struct bodyhash b;
	size_t i;

	digests = arena_alloc(t->arena, (s->count + 1) * sizeof(*digests));
	if (digests == NULL)
		return false;
	bodyhash_init(&b, t->dkim->sha256, t->arena);
	for (i = 0; i < s->count; i++) {
		f = &s->list[i];
		if (f->usable)
			digests[i] = bodyhash_want(&b,
			    f->request.body_canon, f->request.length);
	}
	bodyhash_add(&b, body);
	bodyhash_end(&b);
	for (i = 0; i < s->count; i++) {
		f = &s->list[i];
		f->body_known = digests[i] != NULL && digests[i]->good;
		if (f->body_known)
			memcpy(f->body_hash, digests[i]->value,
			    sizeof(f->body_hash));
	}
	bodyhash_fini(&b);
	return true;
}

bool
signatures_read(struct signatures *s, struct tool *t,
    const struct dkim_signature *list,
    const enum dmarc_alignment *alignments, size_t count,
    const struct mail_header *header, struct slice body,
    const struct dns_ledger *ledger, int64_t now)
{
	struct header_check check = { .ctx = t->dkim, .header = header };
	struct signature_facts *f;
	size_t i;

	*s = (struct signatures){ .count = count, .now = now };
	s->list = arena_array(t->arena, count + 1, sizeof(*s->list));
	if (s->list == NULL ||
	    !headerhash_init(&check.hash, t->arena, header))
		return false;
	for (i = 0; i < count; i++) {
		f = &s->list[i];
		read_field(f, t, &list[i], header, now);
		f->alignment = alignments[i];
		if (!f->usable)
			continue;
		f->answer = dns_ledger_peek(ledger, f->request.key_name,
		    DNS_TYPE_TXT);
		check_header(&check, f);
	}
	return hash_bodies(s, t, body);
}

/* ---- as text ---- */

static void
text_when(struct text *t, const char *name, int64_t when, int64_t now)
{
	char span[TEXT_SPAN], time[TEXT_TIME];

	if (when < 0)
		return;
	text_time(when, time);
	text_span(when < now ? now - when : when - now, span);
	text_item(t, name);
	text_say(t, when < now ? "%s, %s ago\n" : "%s, in %s\n", time, span);
}

static void
text_key(struct text *t, const struct signature_facts *f)
{
	const struct dkim_signature *sig = f->sig;

	text_item(t, "key");
	answer_text(t, DNS_TYPE_TXT, f->request.key_name, f->answer);
	text_end(t);
	if (sig->key_bits == 0)
		return;
	text_item(t, "");
	text_say(t, "%s, %u bits%s\n",
	    f->request.key_type == CRYPTO_RSA ? "RSA" : "Ed25519",
	    sig->key_bits, sig->key_testing ?
	    ", test mode (t=y): counts as no signature for DMARC" : "");
}

static void
text_names(struct text *t, const struct signature_facts *f)
{
	struct slice rest = f->request.h, name;
	bool more = true, first = true;
	size_t shown = 0;

	text_item(t, "signed");
	while (taglist_next(&rest, &more, &name)) {
		if (shown++ == NAMES_SHOWN) {
			text_say(t, ":...");
			break;
		}
		text_say(t, "%s", first ? "" : ":");
		text_foreign(t, name);
		first = false;
	}
	text_style(t, TEXT_DIM, "  (%zu names, %zu of them with no field "
	    "left)\n", f->names, f->absent);
}

static void
text_header(struct text *t, const struct signature_facts *f)
{
	text_item(t, "header");
	switch (f->header) {
	case SIGNATURE_HEADER_UNKNOWN:
		text_style(t, TEXT_DOUBT, "not known: there is no key to "
		    "check it with");
		break;
	case SIGNATURE_HEADER_GOOD:
		text_style(t, TEXT_GOOD, "as it was signed");
		break;
	case SIGNATURE_HEADER_DIFFERS:
		text_style(t, TEXT_BAD, "differs: a signed field was "
		    "changed, or it was signed with another key");
		break;
	}
	text_end(t);
}

static void
text_body(struct text *t, const struct signature_facts *f)
{
	char hash[HASH_TEXT];

	text_item(t, "body");
	if (!f->body_known) {
		text_style(t, TEXT_DOUBT, "not hashed: out of memory\n");
		return;
	}
	base64_encode(f->body_hash, sizeof(f->body_hash), hash);
	if (f->sig->body_differs)
		text_style(t, TEXT_BAD, "differs: it was changed");
	else
		text_style(t, TEXT_GOOD, "as it was signed");
	text_end(t);
	text_item(t, "");
	text_say(t, "bh=");
	text_value(t, f->bh);
	text_end(t);
	text_item(t, "");
	text_say(t, "computed %s\n", hash);
	if (f->sig->unsigned_octets == 0)
		return;
	text_item(t, "");
	text_style(t, TEXT_DOUBT, "%llu octets behind l= are not signed\n",
	    (unsigned long long)f->sig->unsigned_octets);
}

static void
text_tags(struct text *t, const struct signature_facts *f)
{
	text_item(t, "domain");
	text_value(t, f->sig->d);
	text_say(t, "%s\n", dmarc_is_aligned(f->alignment) ?
	    "  (aligned with From)" : "");
	text_item(t, "selector");
	text_value(t, f->sig->s);
	text_end(t);
	if (f->sig->i.len > 0) {
		text_item(t, "identity");
		text_value(t, f->sig->i);
		text_end(t);
	}
	text_item(t, "method");
	text_value(t, f->sig->a);
	text_say(t, ", ");
	if (f->canonicalization.len == 0)
		text_say(t, "simple/simple (default)");
	text_foreign(t, slice_head(f->canonicalization,
	    TAG_SHOWN));
	if (f->length.len > 0) {
		text_say(t, ", only the first ");
		text_foreign(t, slice_head(f->length, TAG_SHOWN));
		text_say(t, " octets of the body");
	}
	text_end(t);
}

static void
text_signature(struct text *t, const struct signatures *s, size_t i)
{
	const struct signature_facts *f = &s->list[i];

	text_title(t, "DKIM signature ");
	text_style(t, TEXT_BOLD, "%zu of %zu: ", i + 1, s->count);
	text_result(t, f->sig->result);
	text_end(t);
	if (f->sig->comment != NULL) {
		text_item(t, "because");
		text_say(t, "%s\n", f->sig->comment);
	}
	text_tags(t, f);
	text_when(t, "made", f->signed_at, s->now);
	text_when(t, "expires", f->expires_at, s->now);
	if (!f->usable)
		return;
	text_key(t, f);
	text_names(t, f);
	text_header(t, f);
	text_body(t, f);
}

void
signatures_text(struct text *t, const struct signatures *s)
{
	size_t i;

	if (s->count == 0) {
		text_title(t, "DKIM: ");
		text_result(t, AUTH_NONE);
		text_say(t, "\n  the message has no signature\n");
	}
	for (i = 0; i < s->count; i++)
		text_signature(t, s, i);
}

/* ---- as JSON ---- */

static void
json_time(struct json *j, const char *key, int64_t when)
{
	if (when < 0)
		json_null(j, key);
	else
		json_number(j, key, when);
}

static void
json_names(struct json *j, const struct signature_facts *f)
{
	struct slice rest = f->request.h, name;
	bool more = true;

	json_array(j, "signed_fields");
	while (taglist_next(&rest, &more, &name))
		json_slice(j, NULL, name);
	json_array_end(j);
	json_number(j, "absent_fields", (long long)f->absent);
}

static void
json_checked(struct json *j, const struct signature_facts *f)
{
	static const char *const headers[] = {
		[SIGNATURE_HEADER_UNKNOWN] = "unknown",
		[SIGNATURE_HEADER_GOOD] = "good",
		[SIGNATURE_HEADER_DIFFERS] = "differs"
	};
	char hash[HASH_TEXT];

	base64_encode(f->body_hash, sizeof(f->body_hash), hash);
	answer_json(j, "key", DNS_TYPE_TXT, f->request.key_name, f->answer);
	json_number(j, "key_bits", f->sig->key_bits);
	json_bool(j, "key_testing", f->sig->key_testing);
	json_names(j, f);
	json_string(j, "header", headers[f->header]);
	json_string(j, "body", !f->body_known ? "unknown" :
	    f->sig->body_differs ? "differs" : "good");
	json_string(j, "computed_bh", f->body_known ? hash : NULL);
	json_number(j, "unsigned_octets",
	    (long long)f->sig->unsigned_octets);
}

static void
json_signature(struct json *j, const struct signature_facts *f, int64_t now)
{
	const struct dkim_signature *sig = f->sig;

	json_object(j, NULL);
	json_string(j, "result", auth_result_name(sig->result));
	json_string(j, "comment", sig->comment);
	json_slice_or_null(j, "d", sig->d);
	json_slice_or_null(j, "s", sig->s);
	json_slice_or_null(j, "i", sig->i);
	json_slice_or_null(j, "a", sig->a);
	json_slice_or_null(j, "c", f->canonicalization);
	json_slice_or_null(j, "l", f->length);
	json_slice_or_null(j, "bh", f->bh);
	json_slice_or_null(j, "b", sig->b);
	json_time(j, "t", f->signed_at);
	json_time(j, "x", f->expires_at);
	if (f->signed_at < 0)
		json_null(j, "age");
	else
		json_number(j, "age", now - f->signed_at);
	json_string(j, "alignment", dmarc_alignment_name(f->alignment));
	json_bool(j, "dnssec", sig->authenticated);
	json_bool(j, "checked", f->usable);
	if (f->usable)
		json_checked(j, f);
	json_object_end(j);
}

void
signatures_json(struct json *j, const char *key, const struct signatures *s)
{
	size_t i;

	json_array(j, key);
	for (i = 0; i < s->count; i++)
		json_signature(j, &s->list[i], s->now);
	json_array_end(j);
}
