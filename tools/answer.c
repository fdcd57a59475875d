/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer: one lookup and what DNS said to it, in words.
 */
#include "tools/answer.h"

#define RECORDS_SHOWN 10	/* of an answer, to a human */
#define TLSA_SHOWN (3 + 64)	/* octets: a SHA-512 digest is whole */

static enum dns_outcome
outcome_of(const struct dns_answer *answer)
{
	return answer != NULL ? answer->outcome : DNS_NOT_ASKED;
}

/* Names of MX and PTR records: the root is "". */
static void
text_name(struct text *t, struct slice name)
{
	if (name.len == 0)
		text_say(t, ".");
	text_foreign(t, name);
}

/* In the form of a zone (RFC 6698 2.2). */
static void
text_tlsa(struct text *t, struct slice data)
{
	size_t i;

	for (i = 0; i < data.len && i < TLSA_SHOWN; i++) {
		if (i < 3)
			text_say(t, "%u ", (unsigned char)data.ptr[i]);
		else
			text_say(t, "%02x", (unsigned char)data.ptr[i]);
	}
	if (i < data.len)
		text_say(t, " and %zu more octets", data.len - i);
}

void
answer_record_text(struct text *t, enum dns_type type,
    const struct dns_record *r)
{
	char address[IPADDR_TEXT];

	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		ipaddr_format(&r->addr, address);
		text_say(t, "%s", address);
		return;
	case DNS_TYPE_MX:
		text_say(t, "%u ", r->preference);
		text_name(t, r->text);
		return;
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
		text_name(t, r->text);
		return;
	case DNS_TYPE_TLSA:
	case DNS_TYPE_SMIMEA:
		text_tlsa(t, r->text);
		return;
	case DNS_TYPE_TXT:
		text_say(t, "\"");
		text_value(t, r->text);
		text_say(t, "\"");
		return;
	}
}

static void
text_end_of(struct text *t, const struct dns_answer *answer)
{
	if (outcome_of(answer) == DNS_SERVER_FAILURE && answer->rcode != 0)
		text_say(t, " (RCODE %u)", answer->rcode);
	if (dns_outcome_is_known(outcome_of(answer)))
		text_style(t, TEXT_DIM, " (TTL %lu%s)",
		    (unsigned long)answer->ttl,
		    answer->authenticated ? ", DNSSEC" : "");
}

static void
text_outcome(struct text *t, const struct dns_answer *answer)
{
	enum dns_outcome outcome = outcome_of(answer);

	text_style(t, dns_outcome_is_known(outcome) ? TEXT_PLAIN : TEXT_DOUBT,
	    "%s", dns_outcome_name(outcome));
}

static void
text_question(struct text *t, enum dns_type type, struct slice name)
{
	text_say(t, "%s ", dns_type_name(type));
	text_foreign(t, name);
	text_say(t, ": ");
}

void
answer_text(struct text *t, enum dns_type type, struct slice name,
    const struct dns_answer *answer)
{
	size_t i;

	text_question(t, type, name);
	if (outcome_of(answer) != DNS_FOUND)
		text_outcome(t, answer);
	for (i = 0; answer != NULL && i < answer->count; i++) {
		if (i == RECORDS_SHOWN) {
			text_say(t, " and %zu more", answer->count - i);
			break;
		}
		if (i > 0)
			text_say(t, ", ");
		answer_record_text(t, type, &answer->records[i]);
	}
	text_end_of(t, answer);
}

void
answer_text_short(struct text *t, enum dns_type type, struct slice name,
    const struct dns_answer *answer)
{
	text_question(t, type, name);
	text_outcome(t, answer);
	text_end_of(t, answer);
}

static void
json_tlsa(struct json *j, struct slice data)
{
	static const char *const names[] = { "usage", "selector",
	    "matching-type" };
	struct buf hex;
	size_t i;

	json_object(j, NULL);
	buf_init(&hex, 2 * data.len);
	for (i = 0; i < data.len; i++) {
		if (i < 3)
			json_number(j, names[i], (unsigned char)data.ptr[i]);
		else
			buf_addf(&hex, "%02x", (unsigned char)data.ptr[i]);
	}
	json_slice(j, "data", buf_slice(&hex));
	json_object_end(j);
	buf_fini(&hex);
}

static void
json_record(struct json *j, enum dns_type type, const struct dns_record *r)
{
	char address[IPADDR_TEXT];

	if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		ipaddr_format(&r->addr, address);
		json_string(j, NULL, address);
		return;
	}
	if (type == DNS_TYPE_TLSA || type == DNS_TYPE_SMIMEA) {
		json_tlsa(j, r->text);
		return;
	}
	if (type != DNS_TYPE_MX) {
		json_slice(j, NULL, r->text);
		return;
	}
	json_object(j, NULL);
	json_number(j, "preference", r->preference);
	json_slice(j, "name", r->text);
	json_object_end(j);
}

void
answer_json(struct json *j, const char *key, enum dns_type type,
    struct slice name, const struct dns_answer *answer)
{
	size_t i;

	json_object(j, key);
	json_string(j, "type", dns_type_name(type));
	json_slice(j, "name", name);
	json_string(j, "outcome", dns_outcome_name(outcome_of(answer)));
	json_number(j, "rcode", answer != NULL ? answer->rcode : 0);
	json_number(j, "ttl", answer != NULL ? answer->ttl : 0);
	json_bool(j, "dnssec", answer != NULL && answer->authenticated);
	json_array(j, "records");
	for (i = 0; answer != NULL && i < answer->count; i++)
		json_record(j, type, &answer->records[i]);
	json_array_end(j);
	json_object_end(j);
}
