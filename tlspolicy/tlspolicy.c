/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlspolicy: from what is known of a domain to the answer.
 *
 *  1. No valid MTA-STS policy, or its mode is not enforce: no policy.  What
 *     DANE there is Postfix finds by itself (smtp_tls_security_level=dane).
 *  2. enforce, for Sendmail: secure.  It has no DANE that could be overridden.
 *  3. enforce, for Postfix, where "secure" would switch DANE off, and MTA-STS
 *     must not override a failing DANE (RFC 8461 section 2):
 *     a. MX secure and a host with usable TLSA: dane, which judges each host.
 *     b. No host with usable TLSA: secure.  So it is when TLSA is there and
 *        unusable: secure is more than the encryption that dane gives then.
 *     c. DNS fails: wait, at most LIMIT_TLSPOLICY_TEMP; then what it said
 *        last, or secure if it never said anything.
 *     d. Not known yet: no policy.
 */
#include "tlspolicy/tlspolicy.h"

#include <stdio.h>

#include "base/ipaddr.h"
#include "base/limits.h"

#define SMTP_PORT	25

static const struct {
	struct slice		 map;
	enum tlspolicy_dialect	 dialect;
} maps[] = {
	{ SLICE_INIT("postfix"), TLSPOLICY_POSTFIX },
	{ SLICE_INIT("QUERY"), TLSPOLICY_POSTFIX },
	{ SLICE_INIT("QUERYwithTLSRPT"), TLSPOLICY_POSTFIX_TLSRPT },
	{ SLICE_INIT("sts"), TLSPOLICY_SENDMAIL }
};

bool
tlspolicy_dialect_parse(struct slice map, enum tlspolicy_dialect *out)
{
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		if (slice_eq_nocase(map, maps[i].map)) {
			*out = maps[i].dialect;
			return true;
		}
	}
	return false;
}

/* Postfix takes the name of a service, too. */
static bool
read_port(struct slice s, uint16_t *out)
{
	unsigned long long number;

	if (slice_eq_nocase(s, SLICE("smtp")))
		number = SMTP_PORT;
	else if (slice_eq_nocase(s, SLICE("submission")))
		number = 587;
	else if (!slice_number(s, UINT16_MAX, &number) || number == 0)
		return false;
	*out = (uint16_t)number;
	return true;
}

bool
tlspolicy_key(struct slice key, struct tlspolicy_hop *out)
{
	struct slice name, behind, rest = key;
	struct ipaddr address;
	bool has_port;

	out->port = SMTP_PORT;
	out->is_host = slice_starts(key, SLICE("["));
	if (out->is_host) {
		rest = slice_from(key, 1);
		if (!slice_cut(&rest, ']', &name))
			return false;
		has_port = slice_cut(&rest, ':', &behind);
		if (behind.len > 0)
			return false;
	} else {
		has_port = slice_cut(&rest, ':', &name);
	}
	out->is_smart = out->is_host || has_port;
	return (!has_port || read_port(rest, &out->port)) &&
	    domain_parse(name, &out->domain) &&
	    domain_labels(domain_slice(&out->domain)) > 1 &&
	    !ipaddr_parse(domain_slice(&out->domain), &address);
}

struct slice
tlspolicy_hop_text(const struct tlspolicy_hop *hop, char *text)
{
	char port[sizeof(":65535")] = "";
	int len;

	if (hop->port != SMTP_PORT)
		snprintf(port, sizeof(port), ":%u", hop->port);
	len = snprintf(text, TLSPOLICY_HOP_MAX, hop->is_host ? "[%s]%s" :
	    "%s%s", hop->domain.text, port);
	return (struct slice){ text, (size_t)len };
}

/* Step 3. */
static enum tlspolicy_answer
by_dane(enum dane_summary dane, const struct tlspolicy_facts *f,
    const char **why)
{
	switch (dane) {
	case DANE_ALL:
	case DANE_SOME:
		*why = "MX secure, TLSA usable: DANE comes before MTA-STS";
		return f->dane_only && dane == DANE_ALL ?
		    TLSPOLICY_DANE_ONLY : TLSPOLICY_DANE;
	case DANE_NONE:
		*why = "MTA-STS enforce, no DANE";
		return TLSPOLICY_SECURE;
	case DANE_FAILED:
		if (f->failing < LIMIT_TLSPOLICY_TEMP) {
			*why = "MTA-STS enforce, but DNS fails to say "
			    "whether there is DANE";
			return TLSPOLICY_TEMP;
		}
		if (f->last_dane == DANE_ALL || f->last_dane == DANE_SOME)
			return by_dane(f->last_dane, f, why);
		*why = "MTA-STS enforce, DNS has failed for too long";
		return TLSPOLICY_SECURE;
	case DANE_UNKNOWN:
		break;
	}
	*why = "MTA-STS enforce, but it is not known yet whether there is "
	    "DANE";
	return TLSPOLICY_NOTFOUND;
}

enum tlspolicy_answer
tlspolicy_decide(const struct tlspolicy_facts *facts,
    enum tlspolicy_dialect dialect, const char **why)
{
	const char *unused;

	if (why == NULL)
		why = &unused;
	if (facts->sts == NULL) {
		*why = "no MTA-STS policy";
		return TLSPOLICY_NOTFOUND;
	}
	if (facts->sts->mode != STS_MODE_ENFORCE) {
		*why = facts->sts->mode == STS_MODE_TESTING ?
		    "MTA-STS testing" : "MTA-STS none";
		return TLSPOLICY_NOTFOUND;
	}
	if (dialect == TLSPOLICY_SENDMAIL) {
		*why = "MTA-STS enforce";
		return TLSPOLICY_SECURE;
	}
	return by_dane(facts->dane, facts, why);
}

/* ---- the words for it ---- */

/* ".example.com" for "*.example.com", as both mail servers have it. */
static void
write_match(const struct sts_policy *sts, struct buf *out)
{
	size_t i;

	for (i = 0; i < sts->mx_count; i++) {
		buf_adds(out, i == 0 ? " match=" : ":");
		buf_add(out, slice_starts(sts->mx[i], SLICE("*.")) ?
		    slice_from(sts->mx[i], 1) : sts->mx[i]);
	}
}

/* Made of what was read: no octet of the policy gets in as it came. */
static void
write_tlsrpt(struct slice domain, const struct sts_policy *sts,
    struct buf *out)
{
	size_t i;

	buf_addf(out, " policy_type=sts policy_domain=%.*s",
	    SLICE_ARG(domain));
	for (i = 0; i < sts->mx_count; i++)
		buf_addf(out, " mx_host_pattern=%.*s", SLICE_ARG(sts->mx[i]));
	buf_addf(out, " { policy_string = version: STSv1 }"
	    " { policy_string = mode: %s }", sts_mode_name(sts->mode));
	for (i = 0; i < sts->mx_count; i++)
		buf_addf(out, " { policy_string = mx: %.*s }",
		    SLICE_ARG(sts->mx[i]));
	buf_addf(out, " { policy_string = max_age: %lu }",
	    (unsigned long)sts->max_age);
}

void
tlspolicy_write(enum tlspolicy_answer answer, enum tlspolicy_dialect dialect,
    struct slice domain, const struct sts_policy *sts, struct buf *out)
{
	switch (answer) {
	case TLSPOLICY_NOTFOUND:
		buf_adds(out, "NOTFOUND ");
		return;
	case TLSPOLICY_DANE:
		buf_adds(out, "OK dane");
		return;
	case TLSPOLICY_DANE_ONLY:
		buf_adds(out, "OK dane-only");
		return;
	case TLSPOLICY_TEMP:
		buf_adds(out, "TEMP DNS fails to say whether the domain has "
		    "DANE");
		return;
	case TLSPOLICY_SECURE:
		buf_adds(out, "OK secure");
		write_match(sts, out);
		buf_adds(out, " servername=hostname");
		if (dialect == TLSPOLICY_POSTFIX_TLSRPT)
			write_tlsrpt(domain, sts, out);
		return;
	}
}
