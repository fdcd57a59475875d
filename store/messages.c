/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages: the records of a store, one after the other.
 */
#include "store/store_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/limits.h"

struct walking {
	struct store		*s;
	store_message_fn	*fn;
	void			*arg;
	struct store_signature	 signatures[LIMIT_STORE_RESULTS];
	struct slice		 recipients[LIMIT_RECIPIENT_DOMAINS];
};

#define TEXT(field, member) \
	{ field, offsetof(struct store_message, member) }

static const struct {
	enum record_field	field;
	size_t			place;
} texts[] = {
	TEXT(RECORD_ORIGIN, origin),
	TEXT(RECORD_HELO, helo),
	TEXT(RECORD_MAIL_FROM_DOMAIN, mail_from_domain),
	TEXT(RECORD_FROM_DOMAIN, from_domain),
	TEXT(RECORD_FROM, from),
	TEXT(RECORD_AUTH_USER, auth_user),
	TEXT(RECORD_TLS, tls),
	TEXT(RECORD_TLS_VERIFIED, tls_verified),
	TEXT(RECORD_IPREV, iprev),
	TEXT(RECORD_SPF, spf),
	TEXT(RECORD_SPF_HELO, spf_helo),
	TEXT(RECORD_ARC, arc),
	TEXT(RECORD_ARC_SEALERS, arc_sealers),
	TEXT(RECORD_ARC_TRUSTED, arc_trusted),
	TEXT(RECORD_DMARC, dmarc),
	TEXT(RECORD_DMARC_SPF, dmarc_spf),
	TEXT(RECORD_DMARC_DKIM, dmarc_dkim),
	TEXT(RECORD_POLICY_DOMAIN, policy_domain),
	TEXT(RECORD_PUBLISHED, published),
	TEXT(RECORD_TESTING, testing),
	TEXT(RECORD_DISPOSITION, disposition),
	TEXT(RECORD_FORWARDER, forwarder),
	TEXT(RECORD_DNSSEC, dnssec),
	TEXT(RECORD_STAGE, stage),
	TEXT(RECORD_ACTION, action),
	TEXT(RECORD_RULE, rule),
	TEXT(RECORD_WHY, why),
	TEXT(RECORD_TOLD, told),
	TEXT(RECORD_DECIDED, decided)
};

static void
take_client(struct slice octets, struct ipaddr *out)
{
	if (octets.len != 4 && octets.len != 16)
		return;
	out->family = octets.len == 4 ? IPADDR_V4 : IPADDR_V6;
	memcpy(out->bytes, octets.ptr, octets.len);
}

static void
take_signature(struct walking *w, struct store_message *m,
    const struct record_part *part)
{
	struct store_signature *s;

	if (part->field == RECORD_SIGNATURE) {
		if (m->signature_count < LIMIT_STORE_RESULTS)
			w->signatures[m->signature_count++] =
			    (struct store_signature){ .result = part->text };
		return;
	}
	if (m->signature_count == 0)
		return;
	s = &w->signatures[m->signature_count - 1];
	if (part->field == RECORD_SIGNATURE_DOMAIN)
		s->domain = part->text;
	else if (part->field == RECORD_SIGNATURE_SELECTOR)
		s->selector = part->text;
	else if (part->field == RECORD_SIGNATURE_ALIGNED)
		s->aligned = part->text;
}

static void
take_part(struct walking *w, struct store_message *m,
    const struct record_part *part)
{
	size_t i;

	if (part->field == RECORD_CLIENT)
		take_client(part->text, &m->client);
	else if (part->field == RECORD_OURS)
		m->ours = true;
	else if (part->field == RECORD_INCOMPLETE)
		m->incomplete = true;
	else if (part->field == RECORD_RECIPIENT &&
	    m->recipient_count < LIMIT_RECIPIENT_DOMAINS)
		w->recipients[m->recipient_count++] = part->text;
	take_signature(w, m, part);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].field == part->field)
			memcpy((char *)m + texts[i].place, &part->text,
			    sizeof(part->text));
}

/* A db_row_fn. */
static bool
take_message(void *arg, const struct db_value *c)
{
	struct walking *w = arg;
	struct store_message m = { .time = c[0].number,
		.signatures = w->signatures, .recipients = w->recipients };
	struct record_part part;
	struct slice rest = c[1].text;

	if (!record_is_sound(rest)) {
		db_fail(w->s->db, STORE_AWAY, "a row of it is damaged");
		return false;
	}
	while (record_next(&rest, &part))
		take_part(w, &m, &part);
	return w->fn(w->arg, &m);
}

enum store_status
store_messages(struct store *s, int64_t since, store_message_fn *fn,
    void *arg)
{
	struct walking w = { .s = s, .fn = fn, .arg = arg };

	db_query(s->db, "SELECT time, body FROM assay_message "
	    "WHERE day >= $1 AND time >= $2",
	    DB_ARRAY(DB_N(since / DATE_DAY), DB_N(since)), take_message,
	    &w);
	return store_end(s);
}
