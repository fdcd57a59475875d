/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * destination: from the rua of a policy domain to addresses.
 *
 * 1. The record at the policy domain is asked for: one record, or there is no
 *    destination.
 * 2. Its "mailto:" URIs become addresses; each counts once, up to
 *    LIMIT_DMARC_RUA.
 * 3. A host with the Organizational Domain of the policy domain needs no
 *    consent (RFC 9990 section 4, step 2).
 * 4. Another has consented when there is a record that begins with v=DMARC1
 *    at "<policy domain>._report._dmarc.<host>" (steps 3 to 6).
 * 5. Addresses in its rua replace the one that was asked about (step 7); if
 *    one of them is at another host, no report is sent.
 */
#include "dmarc/destination.h"

#include <string.h>

#include "base/ascii.h"
#include "dmarc/walk_internal.h"

/* ---- mailto ---- */

/* RFC 3986 2.1.  False: it does not fit. */
static bool
percent_decode(struct slice s, char *out, size_t size, size_t *len)
{
	size_t i;

	for (*len = 0, i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '%' && s.len - i > 2 && ascii_hex(s.ptr[i + 1]) >= 0 &&
		    ascii_hex(s.ptr[i + 2]) >= 0) {
			c = (char)(ascii_hex(s.ptr[i + 1]) * 16 +
			    ascii_hex(s.ptr[i + 2]));
			i += 2;
		}
		if (*len == size)
			return false;
		out[(*len)++] = c;
	}
	return true;
}

bool
dmarc_mailto(struct slice uri, struct mail_mailbox *out)
{
	const struct slice scheme = SLICE("mailto:");
	/* A local part, and a host before IDNA has made it short. */
	char room[LIMIT_MAILBOX_LOCAL + 1 + LIMIT_DOMAIN_UTF8];
	struct slice s;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (!slice_starts_nocase(uri, scheme))
		return false;
	s = slice_from(uri, scheme.len);
	s = slice_head(s, slice_find(s, '!'));
	s = slice_head(s, slice_find(s, '?'));
	s = slice_head(s, slice_find(s, '#'));
	if (!percent_decode(s, room, sizeof(room), &len) ||
	    !slice_is_ascii((struct slice){ room, len }))
		return false;
	return mail_mailbox_parse((struct slice){ room, len }, out);
}

/* obs-dmarc-report-size (RFC 7489 section 6.4) in octets; 0: none. */
static uint64_t
report_size(struct slice uri)
{
	static const struct slice units = SLICE_INIT("kmgt");
	struct slice s = slice_from(uri, slice_find(uri, '!'));
	unsigned long long n;
	size_t unit;

	if (s.len < 2)
		return 0;
	s = slice_from(s, 1);
	unit = slice_find(units, ascii_lower(s.ptr[s.len - 1]));
	if (unit < units.len)
		s.len--;
	unit = unit < units.len ? 10 * (unit + 1) : 0;
	return slice_number(s, UINT64_MAX >> unit, &n) ? n << unit : 0;
}

/* ---- destinations ---- */

/* A URI that can be used. */
struct box {
	struct mail_mailbox	mailbox;
	uint64_t		limit;
};

struct asking {
	struct slice			 policy_domain;
	const struct dmarc_walk		*walk;	/* from there */
	struct dns_ledger		*ledger;
	bool				 pending;
	struct dmarc_destinations	*out;
};

static void
add(struct dmarc_destinations *out, const struct box *b,
    enum dmarc_destination_state state, const char *why)
{
	size_t i;

	for (i = 0; i < out->count; i++)
		if (slice_eq(mail_mailbox_slice(&out->items[i].mailbox),
		    mail_mailbox_slice(&b->mailbox)))
			return;
	if (out->count < LIMIT_DMARC_RUA)
		out->items[out->count++] = (struct dmarc_destination){
			b->mailbox, state, why, b->limit };
}

/* The addresses that one host wants instead of another. */
struct instead {
	const struct domain	*host;
	struct box		 boxes[LIMIT_DMARC_RUA];
	size_t			 count;
	bool			 elsewhere;	/* or nothing usable */
	bool			 given;
};

/* Step 5; a dmarc_uri_fn. */
static bool
take_instead(void *arg, struct slice uri)
{
	struct instead *x = arg;
	struct mail_mailbox m;

	x->given = true;
	if (!dmarc_mailto(uri, &m))
		return true;
	if (!domain_eq(&m.host, x->host))
		x->elsewhere = true;
	else if (x->count < LIMIT_DMARC_RUA)
		x->boxes[x->count++] = (struct box){ m, report_size(uri) };
	return !x->elsewhere;
}

/* Step 5. */
static void
agreed(struct asking *a, const struct box *b, struct slice record)
{
	struct instead x = { .host = &b->mailbox.host };
	struct dmarc_record r;
	size_t i;

	if (!dmarc_record_parse(record, &r)) {
		add(a->out, b, DMARC_DESTINATION_REFUSED,
		    "its host has a record that is past a limit");
		return;
	}
	dmarc_record_rua(record, take_instead, &x);
	if (!x.given) {
		add(a->out, b, DMARC_DESTINATION_GOOD, NULL);
		return;
	}
	if (x.elsewhere || x.count == 0)
		add(a->out, b, DMARC_DESTINATION_REFUSED,
		    "its host names an address elsewhere instead");
	for (i = 0; i < x.count && !x.elsewhere; i++)
		add(a->out, &x.boxes[i], DMARC_DESTINATION_GOOD, NULL);
}

/* "<policy domain>._report._dmarc.<host>"; false: too long. */
static bool
consent_name(struct slice domain, const struct domain *host,
    struct domain *out)
{
	const struct slice middle = SLICE("._report._dmarc.");

	if (domain.len + middle.len + host->len > DOMAIN_MAX)
		return false;
	memcpy(out->text, domain.ptr, domain.len);
	memcpy(out->text + domain.len, middle.ptr, middle.len);
	memcpy(out->text + domain.len + middle.len, host->text, host->len);
	out->len = domain.len + middle.len + host->len;
	out->text[out->len] = '\0';
	return true;
}

/* Step 4. */
static void
ask_consent(struct asking *a, const struct box *b)
{
	const struct dns_answer *answer;
	struct slice record;
	struct domain name;
	size_t count;

	if (!consent_name(a->policy_domain, &b->mailbox.host, &name)) {
		add(a->out, b, DMARC_DESTINATION_REFUSED,
		    "the name that its host would agree at is too long");
		return;
	}
	answer = dns_ledger_ask(a->ledger, domain_slice(&name), DNS_TYPE_TXT);
	if (answer == NULL) {
		a->pending = true;
		return;
	}
	record = dmarc_walk_record(answer, &count);
	if (count > 0)
		agreed(a, b, record);
	else if (dns_outcome_is_known(answer->outcome))
		add(a->out, b, DMARC_DESTINATION_REFUSED,
		    "its host has not agreed to reports about the domain");
	else
		add(a->out, b, DMARC_DESTINATION_LATER,
		    "DNS did not answer whether its host has agreed");
}

/* Step 3. */
static enum dmarc_alignment
compare(struct asking *a, const struct domain *host)
{
	struct dmarc_walk walk;

	if (slice_eq(domain_slice(host), a->policy_domain))
		return DMARC_ALIGNED_STRICT;
	dmarc_walk_read(&walk, domain_slice(host), a->walk, a->ledger);
	if (dmarc_walk_is_open(&walk) || dmarc_walk_is_open(a->walk)) {
		a->pending = true;
		return DMARC_NOT_KNOWN;
	}
	return dmarc_walk_align(a->walk, &walk);
}

/* Steps 3 to 5. */
static void
judge(struct asking *a, const struct box *b)
{
	enum dmarc_alignment same = compare(a, &b->mailbox.host);

	if (dmarc_is_aligned(same))
		add(a->out, b, DMARC_DESTINATION_GOOD, NULL);
	else if (same == DMARC_NOT_ALIGNED)
		ask_consent(a, b);
	else
		add(a->out, b, DMARC_DESTINATION_LATER,
		    "DNS does not say whose its host is");
}

struct boxes {
	struct box	items[LIMIT_DMARC_RUA];
	size_t		count, unusable;
};

/* Step 2; a dmarc_uri_fn. */
static bool
take_uri(void *arg, struct slice uri)
{
	struct boxes *b = arg;
	struct box *new = &b->items[b->count];
	size_t i;

	if (!dmarc_mailto(uri, &new->mailbox)) {
		b->unusable++;
		return true;
	}
	new->limit = report_size(uri);
	for (i = 0; i < b->count; i++)
		if (slice_eq(mail_mailbox_slice(&b->items[i].mailbox),
		    mail_mailbox_slice(&new->mailbox)))
			return true;
	b->count++;
	return b->count < LIMIT_DMARC_RUA;
}

/* Every name of the walk is asked for anyway. */
static void
find_organization(struct asking *a)
{
	if (dmarc_walk_is_open(a->walk))
		a->pending = true;
	else if (!dmarc_walk_has_failed(a->walk))
		(void)domain_parse(dmarc_walk_organization(a->walk),
		    &a->out->organization);
}

enum check_state
dmarc_destinations(struct slice policy_domain, struct dns_ledger *ledger,
    struct dmarc_destinations *out)
{
	struct dmarc_walk walk;
	struct asking a = { .policy_domain = policy_domain, .walk = &walk,
		.ledger = ledger, .out = out };
	const struct dmarc_place *place = &walk.places[0];
	struct boxes boxes = { .count = 0 };
	size_t count, i;

	memset(out, 0, sizeof(*out));
	dmarc_walk_read(&walk, policy_domain, NULL, ledger);
	if (walk.count == 0 || place->found == DMARC_FOUND_TOO_LONG)
		return CHECK_DONE;
	if (place->found == DMARC_FOUND_OPEN)
		return CHECK_PENDING;
	out->later = place->found == DMARC_FOUND_FAILED;
	out->has_record = place->found == DMARC_FOUND_RECORD;
	if (!out->has_record)
		return CHECK_DONE;
	find_organization(&a);
	dmarc_record_rua(dmarc_walk_record(place->answer, &count), take_uri,
	    &boxes);
	out->unusable = boxes.unusable;
	for (i = 0; i < boxes.count; i++)
		judge(&a, &boxes.items[i]);
	return a.pending ? CHECK_PENDING : CHECK_DONE;
}
