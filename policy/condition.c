/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition: the table, and what can be done with a row of it.
 *
 * Members of a rule are read by offset with memcpy(): the kind says their
 * type.
 */
#include "policy/condition.h"

#include <stdio.h>
#include <string.h>

#include "base/glob.h"

/* ---- words ---- */

/* Results that SPF (RFC 8601 2.7.2) and DKIM (2.7.1) can have here. */
static const struct policy_word spf_results[] = {
	{ "none", AUTH_NONE },
	{ "pass", AUTH_PASS },
	{ "fail", AUTH_FAIL },
	{ "softfail", AUTH_SOFTFAIL },
	{ "neutral", AUTH_NEUTRAL },
	{ "temperror", AUTH_TEMPERROR },
	{ "permerror", AUTH_PERMERROR },
	{ NULL, 0 }
};
static const struct policy_word dkim_results[] = {
	{ "none", AUTH_NONE },
	{ "pass", AUTH_PASS },
	{ "fail", AUTH_FAIL },
	{ "neutral", AUTH_NEUTRAL },
	{ "policy", AUTH_POLICY },
	{ "temperror", AUTH_TEMPERROR },
	{ "permerror", AUTH_PERMERROR },
	{ NULL, 0 }
};
/* RFC 9989 9.1 */
static const struct policy_word dmarc_results[] = {
	{ "none", AUTH_NONE },
	{ "pass", AUTH_PASS },
	{ "fail", AUTH_FAIL },
	{ "temperror", AUTH_TEMPERROR },
	{ "permerror", AUTH_PERMERROR },
	{ NULL, 0 }
};
/* RFC 8617 10 */
static const struct policy_word arc_results[] = {
	{ "none", AUTH_NONE },
	{ "pass", AUTH_PASS },
	{ "fail", AUTH_FAIL },
	{ NULL, 0 }
};
/* RFC 8601 2.7.3 */
static const struct policy_word iprev_results[] = {
	{ "pass", AUTH_PASS },
	{ "fail", AUTH_FAIL },
	{ "temperror", AUTH_TEMPERROR },
	{ "permerror", AUTH_PERMERROR },
	{ NULL, 0 }
};
static const struct policy_word dmarc_policies[] = {
	{ "none", POLICY_DMARC_NONE },
	{ "quarantine", POLICY_DMARC_QUARANTINE },
	{ "reject", POLICY_DMARC_REJECT },
	{ NULL, 0 }
};
static const struct policy_word from_states[] = {
	{ "ok", MAIL_FROM_OK },
	{ "absent", MAIL_FROM_ABSENT },
	{ "multiple", MAIL_FROM_MULTIPLE },
	{ "unparsable", MAIL_FROM_UNPARSABLE },
	{ "sloppy", MAIL_FROM_SLOPPY },
	{ NULL, 0 }
};
/* The first word of a value is the one that is shown. */
static const struct policy_word tls_words[] = {
	{ "yes", POLICY_TLS_YES },
	{ "no", POLICY_TLS_NONE },
	{ "none", POLICY_TLS_NONE },
	{ "1.0", POLICY_TLS_1_0 },
	{ "1.1", POLICY_TLS_1_1 },
	{ "1.2", POLICY_TLS_1_2 },
	{ "1.3", POLICY_TLS_1_3 },
	{ "verified", POLICY_TLS_VERIFIED },
	{ NULL, 0 }
};
/* Beside the names of forwarders. */
static const struct policy_word forwarder_words[] = {
	{ "yes", 0 },
	{ "no", 1 },
	{ "unknown", 2 },
	{ NULL, 0 }
};
static const struct policy_word yes_no[] = {
	{ "yes", true },
	{ "no", false },
	{ NULL, 0 }
};

/* ---- what was found ---- */

static unsigned int
set_of(unsigned int value)
{
	return 1u << value;
}

static void
find_name(const struct slice *name, struct policy_found *out)
{
	out->names = name;
	out->name_count = 1;
}

static void
get_spf(const struct policy_facts *f, struct policy_found *out)
{
	if (!f->spf_excused ||
	    (f->spf != AUTH_FAIL && f->spf != AUTH_SOFTFAIL))
		out->set = set_of(f->spf);
}

static void
get_spf_helo(const struct policy_facts *f, struct policy_found *out)
{
	out->set = f->spf_helo_checked ? set_of(f->spf_helo) : 0;
}

static void
get_dkim(const struct policy_facts *f, struct policy_found *out)
{
	out->set = f->dkim;
}

static void
get_dkim_aligned(const struct policy_facts *f, struct policy_found *out)
{
	out->set = f->dkim_aligned;
}

static void
get_dkim_partial(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->dkim_partial);
}

static void
get_dkim_doubled(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->dkim_doubled);
}

static void
get_arc(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->arc);
}

static void
get_arc_trusted(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->arc_trusted);
}

static void
get_arc_sealer(const struct policy_facts *f, struct policy_found *out)
{
	find_name(&f->arc_sealer, out);
}

static void
get_dmarc(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->dmarc);
}

static void
get_dmarc_policy(const struct policy_facts *f, struct policy_found *out)
{
	if (f->dmarc_policy != POLICY_DMARC_NO_RECORD)
		out->set = set_of(f->dmarc_policy);
}

static void
get_dmarc_testing(const struct policy_facts *f, struct policy_found *out)
{
	if (f->dmarc_policy != POLICY_DMARC_NO_RECORD)
		out->set = set_of(f->dmarc_testing);
}

static void
get_from(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->from);
}

/* Of several domains in From none is the one to go by. */
static void
get_from_domain(const struct policy_facts *f, struct policy_found *out)
{
	if (f->from == MAIL_FROM_OK || f->from == MAIL_FROM_SLOPPY)
		find_name(&f->from_domain, out);
}

/* Of several domains in From any is claimed. */
static void
get_own_domain(const struct policy_facts *f, struct policy_found *out)
{
	if (f->claimed)
		out->set = set_of(f->own_domain);
}

static void
get_enforce_anyway(const struct policy_facts *f, struct policy_found *out)
{
	if (f->claimed)
		out->set = set_of(f->enforce_anyway);
}

static void
get_mailfrom_domain(const struct policy_facts *f, struct policy_found *out)
{
	find_name(&f->mailfrom_domain, out);
}

static void
get_helo(const struct policy_facts *f, struct policy_found *out)
{
	find_name(&f->helo, out);
}

static void
get_recipient_domain(const struct policy_facts *f, struct policy_found *out)
{
	out->names = f->recipient_domains;
	out->name_count = f->recipient_domain_count;
}

static void
get_client(const struct policy_facts *f, struct policy_found *out)
{
	out->client = f->client;
}

static void
get_forwarder(const struct policy_facts *f, struct policy_found *out)
{
	out->names = f->forwarder;
	out->name_count = f->forwarder_count;
}

static void
get_dnssec(const struct policy_facts *f, struct policy_found *out)
{
	out->set = set_of(f->dnssec);
}

static void
get_tls(const struct policy_facts *f, struct policy_found *out)
{
	out->set = f->tls;
}

static void
get_auth_user(const struct policy_facts *f, struct policy_found *out)
{
	find_name(&f->auth_user, out);
}

static void
get_iprev(const struct policy_facts *f, struct policy_found *out)
{
	out->set = f->iprev_checked ? set_of(f->iprev) : 0;
}

static void
get_replay(const struct policy_facts *f, struct policy_found *out)
{
	out->counter = f->replay;
}

/* ---- the table ---- */

/* A row has all that is asked of it, or does not compile. */
#define SET(key, how, when, field, list, getter, line) \
	{ .name = (key), .kind = (how), .known = POLICY_KNOWN_##when, \
	  .member = offsetof(struct policy_rule, field), .words = (list), \
	  .get = (getter), .text = (line) }
#define WORDS(key, when, field, list, getter, line) \
	SET(key, POLICY_WORDS, when, field, list, getter, line)
#define YES_NO(key, when, field, getter, line) \
	SET(key, POLICY_YES_NO, when, field, yes_no, getter, line)
#define LIST(key, item, when, field, getter, line) \
	{ .name = (key), .kind = (item), .known = POLICY_KNOWN_##when, \
	  .member = offsetof(struct policy_rule, field), \
	  .count = offsetof(struct policy_rule, field##_count), \
	  .get = (getter), .text = (line) }
#define NETWORKS(key, when, field, getter, line) \
	LIST(key, POLICY_NETWORKS, when, field, getter, line)
#define DOMAINS(key, when, field, getter, line) \
	LIST(key, POLICY_DOMAINS, when, field, getter, line)

#define TEXTS(key, when, field, getter, line) \
	LIST(key, POLICY_TEXTS, when, field, getter, line)
#define RATES(key, when, field, getter, line) \
	LIST(key, POLICY_RATES, when, field, getter, line)

const struct policy_condition policy_conditions[] = {
	WORDS("spf", DNS, spf, spf_results, get_spf,
	    "the result of SPF for the envelope sender"),
	WORDS("spf-helo", DNS, spf_helo, spf_results, get_spf_helo,
	    "the result of SPF for the HELO name"),
	WORDS("dkim", END, dkim, dkim_results, get_dkim,
	    "the result of any signature"),
	WORDS("dkim-aligned", END, dkim_aligned, dkim_results,
	    get_dkim_aligned, "the result of any signature of a domain that "
	    "is aligned with the one in From"),
	WORDS("dmarc", END, dmarc, dmarc_results, get_dmarc,
	    "the result of DMARC"),
	WORDS("dmarc-policy", END, dmarc_policy, dmarc_policies,
	    get_dmarc_policy, "the policy of the DMARC record"),
	YES_NO("dmarc-testing", END, dmarc_testing, get_dmarc_testing,
	    "whether the DMARC record is in test mode"),
	WORDS("from", END, from, from_states, get_from, "the state of From"),
	DOMAINS("from-domain", END, from_domain, get_from_domain,
	    "the domain in From"),
	DOMAINS("mailfrom-domain", MAIL, mailfrom_domain,
	    get_mailfrom_domain, "the domain of the envelope sender"),
	DOMAINS("helo", MAIL, helo, get_helo, "the HELO name"),
	NETWORKS("client", MAIL, client, get_client,
	    "the address of the client"),
	DOMAINS("recipient-domain", END, recipient_domain,
	    get_recipient_domain, "the domain of any of the recipients"),
	YES_NO("dnssec", END, dnssec, get_dnssec,
	    "whether the check that passed used DNSSEC-authenticated data"),
	WORDS("tls", MAIL, tls, tls_words, get_tls, "whether the client used "
	    "TLS, which version, and whether its certificate is good"),
	YES_NO("dkim-partial", END, dkim_partial, get_dkim_partial,
	    "whether a signature verifies that leaves part of the body "
	    "unsigned"),
	YES_NO("dkim-doubled", END, dkim_doubled, get_dkim_doubled,
	    "whether a signature verifies but a second field is unsigned"),
	YES_NO("own-domain", END, own_domain, get_own_domain,
	    "whether a domain in From is one of ours"),
	YES_NO("enforce-anyway", END, enforce_anyway, get_enforce_anyway,
	    "whether a domain in From is in the list enforce-anyway"),
	WORDS("arc", END, arc, arc_results, get_arc, "the result of the ARC "
	    "chain"),
	YES_NO("arc-trusted", END, arc_trusted, get_arc_trusted,
	    "whether a trusted sealer reports that the domain in From passed "
	    "DMARC"),
	DOMAINS("arc-sealer", END, arc_sealer, get_arc_sealer,
	    "the domain of the last seal of an ARC chain that passes"),
	TEXTS("auth-user", MAIL, auth_user, get_auth_user,
	    "the user who has authenticated (SMTP AUTH)"),
	WORDS("iprev", DNS, iprev, iprev_results, get_iprev,
	    "whether a host name of the client's address resolves back to it"),
	RATES("replay", END, replay, get_replay, "from how many networks, or "
	    "for how many recipients, a signature has come"),
	{ .name = "forwarder", .kind = POLICY_TEXTS,
	  .known = POLICY_KNOWN_END,
	  .member = offsetof(struct policy_rule, forwarder),
	  .count = offsetof(struct policy_rule, forwarder_count),
	  .words = forwarder_words, .get = get_forwarder,
	  .text = "whether it is from a known forwarder, or from which" },
	{ .name = NULL }
};

_Static_assert(sizeof(policy_conditions) / sizeof(policy_conditions[0]) ==
    POLICY_CONDITIONS + 1, "POLICY_CONDITIONS is the number of rows");

const struct policy_condition *
policy_condition_find(struct slice name)
{
	const struct policy_condition *c;

	for (c = policy_conditions; c->name != NULL; c++) {
		if (slice_eq(slice_str(c->name), name))
			return c;
	}
	return NULL;
}

/* ---- members of a rule ---- */

static unsigned int
rule_set(const struct policy_condition *c, const struct policy_rule *r)
{
	unsigned int set;

	memcpy(&set, (const char *)r + c->member, sizeof(set));
	return set;
}

static size_t
rule_count(const struct policy_condition *c, const struct policy_rule *r)
{
	size_t count;

	memcpy(&count, (const char *)r + c->count, sizeof(count));
	return count;
}

static const struct ipnet *
rule_nets(const struct policy_condition *c, const struct policy_rule *r)
{
	const struct ipnet *nets;

	memcpy(&nets, (const char *)r + c->member, sizeof(nets));
	return nets;
}

static const struct policy_pattern *
rule_patterns(const struct policy_condition *c, const struct policy_rule *r)
{
	const struct policy_pattern *patterns;

	memcpy(&patterns, (const char *)r + c->member, sizeof(patterns));
	return patterns;
}

static const struct slice *
rule_texts(const struct policy_condition *c, const struct policy_rule *r)
{
	const struct slice *texts;

	memcpy(&texts, (const char *)r + c->member, sizeof(texts));
	return texts;
}

static const struct policy_rate *
rule_rates(const struct policy_condition *c, const struct policy_rule *r)
{
	const struct policy_rate *rates;

	memcpy(&rates, (const char *)r + c->member, sizeof(rates));
	return rates;
}

bool
policy_condition_asked(const struct policy_condition *c,
    const struct policy_rule *r)
{
	switch (c->kind) {
	case POLICY_WORDS:
	case POLICY_YES_NO:
		return rule_set(c, r) != 0;
	case POLICY_NETWORKS:
	case POLICY_DOMAINS:
	case POLICY_TEXTS:
	case POLICY_RATES:
		break;
	}
	return rule_count(c, r) > 0;
}

/* ---- does it match? ---- */

static struct policy_found
found_of(const struct policy_condition *c, const struct policy_facts *f)
{
	struct policy_found found = { .set = 0 };

	if (!f->at_mail || c->known != POLICY_KNOWN_END)
		c->get(f, &found);
	return found;
}

static bool
net_matches(const struct policy_condition *c, const struct policy_rule *r,
    const struct ipaddr *client)
{
	return ipnet_any_contains(rule_nets(c, r), rule_count(c, r), client);
}

static bool
name_matches(const struct policy_condition *c, const struct policy_rule *r,
    struct slice name)
{
	return policy_pattern_find(rule_patterns(c, r), rule_count(c, r),
	    name) != NULL;
}

static bool
any_name_matches(const struct policy_condition *c,
    const struct policy_rule *r, const struct policy_found *found)
{
	size_t i;

	for (i = 0; i < found->name_count; i++) {
		if (name_matches(c, r, found->names[i]))
			return true;
	}
	return false;
}

static bool
text_matches(const struct policy_condition *c, const struct policy_rule *r,
    struct slice text)
{
	const struct slice *patterns = rule_texts(c, r);
	size_t i;

	for (i = 0; i < rule_count(c, r) && text.len > 0; i++) {
		if (glob_matches(patterns[i], text))
			return true;
	}
	return false;
}

static bool
rate_is_exceeded(const struct policy_condition *c,
    const struct policy_rule *r, const struct policy_counter *counter)
{
	const struct policy_rate *rates = rule_rates(c, r);
	size_t i;

	for (i = 0; i < rule_count(c, r) && counter->within != NULL; i++) {
		if (counter->within(counter->arg, rates[i].seconds) >
		    rates[i].count)
			return true;
	}
	return false;
}

static bool
any_text_matches(const struct policy_condition *c,
    const struct policy_rule *r, const struct policy_found *found)
{
	size_t i;

	for (i = 0; i < found->name_count; i++) {
		if (text_matches(c, r, found->names[i]))
			return true;
	}
	return false;
}

bool
policy_condition_matches(const struct policy_condition *c,
    const struct policy_rule *r, const struct policy_facts *f)
{
	struct policy_found found;

	if (!policy_condition_asked(c, r))
		return true;
	found = found_of(c, f);
	switch (c->kind) {
	case POLICY_WORDS:
	case POLICY_YES_NO:
		break;
	case POLICY_NETWORKS:
		return net_matches(c, r, &found.client);
	case POLICY_DOMAINS:
		return any_name_matches(c, r, &found);
	case POLICY_TEXTS:
		return any_text_matches(c, r, &found);
	case POLICY_RATES:
		return rate_is_exceeded(c, r, &found.counter);
	}
	return (rule_set(c, r) & found.set) != 0;
}

/* ---- does one cover another? ---- */

static bool
net_is_covered(const struct policy_condition *c, const struct policy_rule *a,
    const struct ipnet *net)
{
	return ipnet_any_covers(rule_nets(c, a), rule_count(c, a), net);
}

static bool
nets_cover(const struct policy_condition *c, const struct policy_rule *a,
    const struct policy_rule *b)
{
	const struct ipnet *nets = rule_nets(c, b);
	size_t i;

	for (i = 0; i < rule_count(c, b); i++) {
		if (!net_is_covered(c, a, &nets[i]))
			return false;
	}
	return true;
}

static bool
pattern_is_covered(const struct policy_condition *c,
    const struct policy_rule *a, const struct policy_pattern *p)
{
	const struct policy_pattern *patterns = rule_patterns(c, a);
	size_t i;

	for (i = 0; i < rule_count(c, a); i++) {
		if (policy_pattern_covers(&patterns[i], p))
			return true;
	}
	return false;
}

static bool
patterns_cover(const struct policy_condition *c, const struct policy_rule *a,
    const struct policy_rule *b)
{
	const struct policy_pattern *patterns = rule_patterns(c, b);
	size_t i;

	for (i = 0; i < rule_count(c, b); i++) {
		if (!pattern_is_covered(c, a, &patterns[i]))
			return false;
	}
	return true;
}

/* A pattern that matches another one as text matches all that it does: what
   is "*" there can only be a part of "*" here. */
static bool
texts_cover(const struct policy_condition *c, const struct policy_rule *a,
    const struct policy_rule *b)
{
	const struct slice *texts = rule_texts(c, b);
	size_t i;

	for (i = 0; i < rule_count(c, b); i++) {
		if (!text_matches(c, a, texts[i]))
			return false;
	}
	return true;
}

/* What is more than so many is more than fewer, in a longer time, too. */
static bool
rate_is_covered(const struct policy_condition *c, const struct policy_rule *a,
    const struct policy_rate *rate)
{
	const struct policy_rate *rates = rule_rates(c, a);
	size_t i;

	for (i = 0; i < rule_count(c, a); i++) {
		if (rates[i].count <= rate->count &&
		    rates[i].seconds >= rate->seconds)
			return true;
	}
	return false;
}

static bool
rates_cover(const struct policy_condition *c, const struct policy_rule *a,
    const struct policy_rule *b)
{
	const struct policy_rate *rates = rule_rates(c, b);
	size_t i;

	for (i = 0; i < rule_count(c, b); i++) {
		if (!rate_is_covered(c, a, &rates[i]))
			return false;
	}
	return true;
}

bool
policy_condition_covers(const struct policy_condition *c,
    const struct policy_rule *a, const struct policy_rule *b)
{
	if (!policy_condition_asked(c, a))
		return true;
	if (!policy_condition_asked(c, b))
		return false;
	switch (c->kind) {
	case POLICY_WORDS:
	case POLICY_YES_NO:
		break;
	case POLICY_NETWORKS:
		return nets_cover(c, a, b);
	case POLICY_DOMAINS:
		return patterns_cover(c, a, b);
	case POLICY_TEXTS:
		return texts_cover(c, a, b);
	case POLICY_RATES:
		return rates_cover(c, a, b);
	}
	return (rule_set(c, b) & ~rule_set(c, a)) == 0;
}

/* ---- as text ---- */

static void
show(char *out, size_t size, struct slice text)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%.*s", len > 0 ? "," : "",
	    SLICE_ARG(text));
}

static void
show_words(const struct policy_condition *c, unsigned int set, char *out,
    size_t size)
{
	const struct policy_word *w;

	for (w = c->words; w->word != NULL; w++) {
		if ((set & set_of(w->value)) != 0)
			show(out, size, slice_str(w->word));
		set &= ~set_of(w->value);
	}
}

static void
show_names(const struct policy_found *found, char *out, size_t size)
{
	size_t i;

	for (i = 0; i < found->name_count; i++) {
		if (found->names[i].len > 0)
			show(out, size, found->names[i]);
	}
}

static void
show_counter(const struct policy_counter *counter, char *out, size_t size)
{
	if (counter->within != NULL)
		snprintf(out, size, "%u", counter->within(counter->arg,
		    LIMIT_SIGHTINGS_S));
}

void
policy_condition_show(const struct policy_condition *c,
    const struct policy_facts *f, char *out, size_t size)
{
	struct policy_found found = found_of(c, f);
	char client[IPADDR_TEXT];

	out[0] = '\0';
	switch (c->kind) {
	case POLICY_WORDS:
	case POLICY_YES_NO:
		show_words(c, found.set, out, size);
		break;
	case POLICY_NETWORKS:
		ipaddr_format(&found.client, client);
		if (found.client.family != IPADDR_NONE)
			show(out, size, slice_str(client));
		break;
	case POLICY_DOMAINS:
	case POLICY_TEXTS:
		show_names(&found, out, size);
		break;
	case POLICY_RATES:
		show_counter(&found.counter, out, size);
		break;
	}
	if (out[0] == '\0')
		show(out, size, SLICE("(none)"));
}
