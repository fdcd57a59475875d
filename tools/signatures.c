/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signatures: what became of each signature, and why.  The verdicts, and what
 * was found apart from them, are the verifier's.
 */
#include "tools/signatures.h"

#include "base/base64.h"
#include "mail/taglist.h"
#include "tools/answer.h"
#include "tools/doctor.h"

/* Base64 of a SHA-256 value, and NUL. */
#define HASH_TEXT 45
#define NAMES_SHOWN 40		/* of h=, to a human */
#define TAG_SHOWN 40		/* octets of c= and l=, likewise */

static void
find_cures(struct signature_facts *f, const struct dkim_patient *patient)
{
	f->header_differs = f->trace.checked &&
	    f->trace.header == DKIM_TRACE_DIFFERS;
	f->body_differs = f->trace.checked && f->trace.body_known &&
	    f->sig->body_differs;
	if (f->body_differs)
		dkim_doctor_body(patient, f->trace.request, &f->body_cure);
	if (f->header_differs)
		dkim_doctor_header(patient, f->trace.request, f->sig->field,
		    f->answer, &f->header_cure);
}

bool
signatures_read(struct signatures *s, struct tool *t,
    const struct dkim_verifier *verifier,
    const enum dmarc_alignment *alignments,
    const struct mail_header *header, struct slice body,
    const struct dns_ledger *ledger, int64_t now)
{
	struct dkim_effort effort;
	const struct dkim_patient patient = { .ctx = t->dkim,
		.header = header, .body = body, .arena = t->arena,
		.effort = &effort };
	const struct dkim_signature *list;
	struct signature_facts *f;
	size_t i;

	*s = (struct signatures){ .now = now, .header = header };
	dkim_effort_init(&effort);
	list = dkim_verifier_signatures(verifier, &s->count);
	s->list = arena_array(t->arena, s->count + 1, sizeof(*s->list));
	if (s->list == NULL)
		return false;
	for (i = 0; i < s->count; i++) {
		f = &s->list[i];
		f->sig = &list[i];
		f->alignment = alignments[i];
		dkim_verifier_trace(verifier, i, header, ledger, &f->trace);
		if (f->trace.checked)
			f->answer = dns_ledger_peek(ledger,
			    f->trace.request->key_name, DNS_TYPE_TXT);
		find_cures(f, &patient);
	}
	return true;
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
	answer_text(t, DNS_TYPE_TXT, f->trace.request->key_name, f->answer);
	text_end(t);
	if (sig->key_bits == 0)
		return;
	text_item(t, "");
	text_say(t, "%s, %u bits%s\n",
	    f->trace.request->key_type == CRYPTO_RSA ? "RSA" : "Ed25519",
	    sig->key_bits, sig->key_testing ?
	    ", test mode (t=y): counts as no signature for DMARC" : "");
}

static void
text_names(struct text *t, const struct signature_facts *f)
{
	struct slice rest = f->trace.request->h, name;
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
	    "left)\n", f->trace.names, f->trace.absent);
}

static void
text_header(struct text *t, const struct signature_facts *f)
{
	text_item(t, "header");
	switch (f->trace.header) {
	case DKIM_TRACE_UNKNOWN:
		text_style(t, TEXT_DOUBT, "not known: there is no key to "
		    "check it with");
		break;
	case DKIM_TRACE_GOOD:
		text_style(t, TEXT_GOOD, "as it was signed");
		break;
	case DKIM_TRACE_DIFFERS:
		text_style(t, TEXT_BAD, "differs: a signed field was "
		    "changed, or it was signed with another key");
		break;
	}
	text_end(t);
	if (f->header_differs)
		cure_text(t, &f->header_cure);
}

static void
text_body(struct text *t, const struct signature_facts *f)
{
	char hash[HASH_TEXT];

	text_item(t, "body");
	if (!f->trace.body_known) {
		text_style(t, TEXT_DOUBT, "not hashed: out of memory\n");
		return;
	}
	base64_encode(f->trace.body_hash, sizeof(f->trace.body_hash), hash);
	if (f->sig->body_differs)
		text_style(t, TEXT_BAD, "differs: it was changed");
	else
		text_style(t, TEXT_GOOD, "as it was signed");
	text_end(t);
	text_item(t, "");
	text_say(t, "bh=");
	text_value(t, f->trace.request->bh_text);
	text_end(t);
	text_item(t, "");
	text_say(t, "computed %s\n", hash);
	if (f->body_differs)
		cure_text(t, &f->body_cure);
	if (f->sig->unsigned_octets == 0)
		return;
	text_item(t, "");
	text_style(t, TEXT_DOUBT, "%llu octets after l= are not signed\n",
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
	if (f->trace.request->c.len == 0)
		text_say(t, "simple/simple (default)");
	text_foreign(t, slice_head(f->trace.request->c,
	    TAG_SHOWN));
	if (f->trace.request->l.len > 0) {
		text_say(t, ", only the first ");
		text_foreign(t, slice_head(f->trace.request->l, TAG_SHOWN));
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
	text_when(t, "made", f->trace.request->signed_at, s->now);
	text_when(t, "expires", f->trace.request->expires_at, s->now);
	if (!f->trace.checked)
		return;
	text_key(t, f);
	text_names(t, f);
	text_header(t, f);
	text_body(t, f);
	if (f->body_differs && !f->body_cure.found)
		cure_hints_text(t, s->header);
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
	struct slice rest = f->trace.request->h, name;
	bool more = true;

	json_array(j, "signed_fields");
	while (taglist_next(&rest, &more, &name))
		json_slice(j, NULL, name);
	json_array_end(j);
	json_number(j, "absent_fields", (long long)f->trace.absent);
}

static void
json_checked(struct json *j, const struct signature_facts *f)
{
	static const char *const headers[] = {
		[DKIM_TRACE_UNKNOWN] = "unknown",
		[DKIM_TRACE_GOOD] = "good",
		[DKIM_TRACE_DIFFERS] = "differs"
	};
	char hash[HASH_TEXT];

	base64_encode(f->trace.body_hash, sizeof(f->trace.body_hash), hash);
	answer_json(j, "key", DNS_TYPE_TXT, f->trace.request->key_name,
	    f->answer);
	json_number(j, "key_bits", f->sig->key_bits);
	json_bool(j, "key_testing", f->sig->key_testing);
	json_names(j, f);
	json_string(j, "header", headers[f->trace.header]);
	json_string(j, "body", !f->trace.body_known ? "unknown" :
	    f->sig->body_differs ? "differs" : "good");
	json_string(j, "computed_bh", f->trace.body_known ? hash : NULL);
	if (f->header_differs)
		cure_json(j, "header_cure", &f->header_cure);
	else
		json_null(j, "header_cure");
	if (f->body_differs)
		cure_json(j, "body_cure", &f->body_cure);
	else
		json_null(j, "body_cure");
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
	json_slice_or_null(j, "c", f->trace.request->c);
	json_slice_or_null(j, "l", f->trace.request->l);
	json_slice_or_null(j, "bh", f->trace.request->bh_text);
	json_slice_or_null(j, "b", sig->b);
	json_time(j, "t", f->trace.request->signed_at);
	json_time(j, "x", f->trace.request->expires_at);
	if (f->trace.request->signed_at < 0)
		json_null(j, "age");
	else
		json_number(j, "age", now - f->trace.request->signed_at);
	json_string(j, "alignment", dmarc_alignment_name(f->alignment));
	json_bool(j, "dnssec", sig->authenticated);
	json_bool(j, "checked", f->trace.checked);
	if (f->trace.checked)
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
