/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * warning: what a configuration may say, but hardly means.
 *
 * A few questions on the whole, then some for each rule of the policy and of
 * signing; a rule has at most one warning, the first that fits.  A rule is
 * said never to match only when that is certain.
 */
#include "config/config.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

typedef bool	general_fn(const struct config *c, char *out, size_t size);

static bool
stays_root(const struct config *c, char *out, size_t size)
{
	if (c->user != NULL || geteuid() != 0)
		return false;
	snprintf(out, size, "%s: user is not set: assay-milter keeps running "
	    "as root", c->path);
	return true;
}

static bool
timeout_is_cut(const struct config *c, char *out, size_t size)
{
	const struct resolver_options *o = &c->resolver.options;

	if (o->timeout_ms <= c->limits.deadline_ms)
		return false;
	snprintf(out, size, "%s: resolver.timeout (%u ms) is longer than "
	    "limits.deadline (%u ms), which ends a lookup first", c->path,
	    o->timeout_ms, c->limits.deadline_ms);
	return true;
}

static bool
unsigned_is_idle(const struct config *c, char *out, size_t size)
{
	if (c->unsigned_mail == CONFIG_UNSIGNED_ACCEPT || c->sign_count > 0)
		return false;
	snprintf(out, size, "%s: unsigned is set, but nothing is signed: "
	    "there are no rules in sign", c->path);
	return true;
}

/* "192.0.2.1/24": an address was meant, or another network. */
static bool
has_host_bits(const struct ipnet *net)
{
	struct ipaddr first = ipnet_first(net);

	return !ipaddr_eq(&first, &net->addr);
}

static void
say_network(const struct ipnet *net, char *out, size_t size)
{
	struct ipaddr first = ipnet_first(net);
	char seen[IPADDR_TEXT], meant[IPADDR_TEXT];

	ipaddr_format(&net->addr, seen);
	ipaddr_format(&first, meant);
	snprintf(out, size, "%s/%u is the network %s/%u; write that, or the "
	    "address alone", seen, net->bits, meant, net->bits);
}

static bool
origin_has_host_bits(const struct config *c, char *out, size_t size)
{
	const struct config_origin *o;
	char text[160];
	size_t n, i;

	for (n = 0; n < c->origin_count; n++) {
		o = &c->origins[n];
		for (i = 0; i < o->client_count; i++) {
			if (o->clients[i].is_name ||
			    !has_host_bits(&o->clients[i].net))
				continue;
			say_network(&o->clients[i].net, text, sizeof(text));
			snprintf(out, size, "%s: %s%.*s: %s", c->path,
			    o->line > 0 ? "origin " : "",
			    SLICE_ARG(o->name), text);
			return true;
		}
	}
	return false;
}

static bool
report_is_idle(const struct config *c, char *out, size_t size)
{
	if (c->report.from.len == 0 || c->store != NULL)
		return false;
	snprintf(out, size, "%s: report.from is set, but there is no store to "
	    "make reports from", c->path);
	return true;
}

/* Who receives such reports takes them for forged. */
static bool
report_is_unsigned(const struct config *c, char *out, size_t size)
{
	if (c->report.from.len == 0 || config_report_is_signed(c))
		return false;
	snprintf(out, size, "%s: report.from is %.*s, but no rule of sign has "
	    "its domain: reports are not signed", c->path,
	    SLICE_ARG(c->report.from));
	return true;
}

static general_fn *const general[] = { stays_root, timeout_is_cut,
	unsigned_is_idle, origin_has_host_bits, report_is_idle,
	report_is_unsigned };
#define GENERAL (sizeof(general) / sizeof(general[0]))

/* ---- rules of the policy ---- */

/* "FILE:LINE: rule 'NAME' " */
static size_t
begin(const struct policy_rule *r, char *out, size_t size)
{
	int len = snprintf(out, size, "%s:%u: rule '%.*s' ", r->file, r->line,
	    SLICE_ARG(r->name));

	return len < 0 || (size_t)len >= size ? size : (size_t)len;
}

/* The rule before number `at` that leaves nothing for it. */
static const struct policy_rule *
who_covers(const struct policy *p, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (!p->rules[i].observe &&
		    policy_rule_covers(&p->rules[i], &p->rules[at]))
			return &p->rules[i];
	}
	return NULL;
}

/* The rule before number `at` that is overtaken by it. */
static const struct policy_rule *
who_is_overtaken(const struct policy *p, size_t at)
{
	const struct policy_rule *r = &p->rules[at];
	size_t i;

	if (r->stage != POLICY_STAGE_MAIL || r->observe ||
	    r->action == POLICY_ACCEPT)
		return NULL;
	for (i = 0; i < at; i++) {
		if (!p->rules[i].observe &&
		    p->rules[i].stage != POLICY_STAGE_MAIL)
			return &p->rules[i];
	}
	return NULL;
}

#define BIT(value) (1u << (value))

/* Is the condition there, and does it leave out all of `values`? */
static bool
excludes(unsigned int condition, unsigned int values)
{
	return condition != 0 && (condition & values) == 0;
}

static bool
is_trusted(const struct config *c, const struct ipnet *net)
{
	return ipnet_any_covers(c->trusted_networks,
	    c->trusted_network_count, net);
}

static bool
all_trusted(const struct config *c, const struct policy_rule *r)
{
	size_t i;

	for (i = 0; i < r->client_count; i++) {
		if (!is_trusted(c, &r->client[i]))
			return false;
	}
	return r->client_count > 0;
}

/* Without one domain in From: DMARC is permerror, or temperror when memory
   ran out; nothing is aligned; there is no from-domain. */
static const char *
from_contradicts(const struct policy_rule *r)
{
	if (!excludes(r->from, BIT(MAIL_FROM_OK) | BIT(MAIL_FROM_SLOPPY)))
		return NULL;
	if (r->from_domain_count > 0)
		return "from-domain needs from: ok or sloppy";
	if (excludes(r->dmarc, BIT(AUTH_PERMERROR) | BIT(AUTH_TEMPERROR)))
		return "without one domain in From, dmarc is permerror";
	if (r->dmarc_policy != 0 || r->dmarc_testing != 0)
		return "without one domain in From there is no DMARC record";
	if (excludes(r->dkim_aligned, BIT(AUTH_NONE)))
		return "without one domain in From, dkim-aligned is none";
	return NULL;
}

static const char *
dmarc_contradicts(const struct policy_rule *r)
{
	if ((r->dmarc_policy != 0 || r->dmarc_testing != 0) &&
	    excludes(r->dmarc, BIT(AUTH_PASS) | BIT(AUTH_FAIL) |
	    BIT(AUTH_TEMPERROR)))
		return "with these results of dmarc there is no DMARC record";
	if (excludes(r->dkim, ~BIT(AUTH_NONE)) &&
	    excludes(r->dkim_aligned, BIT(AUTH_NONE)))
		return "with dkim: none, dkim-aligned is none, too";
	return NULL;
}

/* It asks for a list that is not there. */
static const char *
list_is_missing(const struct config *c, const struct policy_rule *r)
{
	if (r->own_domain == BIT(true) && c->own_domain_count == 0 &&
	    c->sign_count == 0)
		return "it asks for own-domain, but there are neither "
		    "own-domains nor domains in sign";
	if (r->enforce_anyway == BIT(true) && c->enforce_anyway_count == 0)
		return "it asks for enforce-anyway, but there is no such "
		    "list";
	return NULL;
}

static bool
is_forwarder(const struct config *c, struct slice name)
{
	size_t i;

	for (i = 0; i < c->forwarder_count; i++) {
		if (slice_eq_nocase(c->forwarders[i].name, name))
			return true;
	}
	return false;
}

/*
 * It asks for forwarders that are not there.  A rule for any of them is no
 * slip: shipped policies have one.
 */
static bool
lacks_forwarder(const struct config *c, const struct policy_rule *r)
{
	const struct slice *name = r->forwarder;
	size_t i;

	for (i = 0; i < r->forwarder_count; i++) {
		if (slice_eq(name[i], SLICE("yes")) ||
		    slice_eq(name[i], SLICE("no")) ||
		    slice_eq(name[i], SLICE("unknown")) ||
		    is_forwarder(c, name[i]))
			return false;
	}
	return r->forwarder_count > 0;
}

/* Why a rule can never match, with any other rules; or NULL. */
static const char *
why_never(const struct config *c, const struct policy_rule *r)
{
	const char *why = from_contradicts(r);

	if (why == NULL)
		why = dmarc_contradicts(r);
	if (why == NULL)
		why = list_is_missing(c, r);
	if (why != NULL)
		return why;
	if (r->spf_helo != 0 && !c->spf.helo)
		return "it asks for spf-helo, but spf.helo is no";
	if (r->iprev != 0 && !c->iprev)
		return "it asks for iprev, but iprev is no";
	if (lacks_forwarder(c, r))
		return "it asks for a forwarder that is not in forwarders";
	if (r->dnssec == BIT(true) &&
	    c->resolver.options.trust_ad == RESOLVER_TRUST_AD_NO)
		return "it asks for dnssec, but resolver.trust-ad is no";
	if (all_trusted(c, r))
		return "its clients are in trusted-networks, whose mail is "
		    "not checked";
	return NULL;
}

static const struct ipnet *
stray_client(const struct policy_rule *r)
{
	size_t i;

	for (i = 0; i < r->client_count; i++) {
		if (has_host_bits(&r->client[i]))
			return &r->client[i];
	}
	return NULL;
}

static bool
rule_warning(const struct config *c, const struct policy *p, size_t at,
    char *out, size_t size)
{
	static const struct policy_rule everything;
	const struct policy_rule *r = &p->rules[at], *other;
	const char *why = why_never(c, r);
	const struct ipnet *stray = stray_client(r);
	size_t len = begin(r, out, size);
	char text[160];

	if (why != NULL)
		snprintf(out + len, size - len, "can never match: %s", why);
	else if ((other = who_covers(p, at)) != NULL)
		snprintf(out + len, size - len, "can never match: rule "
		    "'%.*s' in line %u decides first",
		    SLICE_ARG(other->name), other->line);
	else if ((other = who_is_overtaken(p, at)) != NULL)
		snprintf(out + len, size - len, "decides at MAIL FROM, "
		    "before the earlier rule '%.*s' in line %u",
		    SLICE_ARG(other->name), other->line);
	else if (at + 1 == p->count && r->action == POLICY_ACCEPT &&
	    policy_rule_covers(r, &everything))
		snprintf(out + len, size - len, "accepts all that is left, "
		    "which is what happens without it");
	else if (stray != NULL) {
		say_network(stray, text, sizeof(text));
		snprintf(out + len, size - len, "has a client of which %s",
		    text);
	} else
		return false;
	return true;
}

/* ---- rules of signing ---- */

/* The key that begins first after `when`, or NULL. */
static const struct config_sign_key *
next_key(const struct config_sign *r, int64_t when)
{
	const struct config_sign_key *k, *next = NULL;
	size_t i;

	for (i = 0; i < r->key_count; i++) {
		k = &r->keys[i];
		if (k->from > when && (next == NULL || k->from < next->from))
			next = k;
	}
	return next;
}

static bool
is_signed_at(const struct config_sign *r, int64_t when)
{
	size_t i;

	for (i = 0; i < r->key_count; i++) {
		if (r->keys[i].from <= when && when < r->keys[i].until)
			return true;
	}
	return false;
}

/* The first moment at which a key ends and no other is there, or INT64_MAX. */
static int64_t
find_gap(const struct config_sign *r)
{
	int64_t start = INT64_MAX;
	size_t i;

	for (i = 0; i < r->key_count; i++) {
		if (r->keys[i].until < start &&
		    !is_signed_at(r, r->keys[i].until))
			start = r->keys[i].until;
	}
	return start;
}

static const char *
put_time(int64_t when, char out[32])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, 32, "%lld", (long long)when);
	return out;
}

static bool
gap_warning(const struct config_sign *r, char *out, size_t size)
{
	const struct config_sign_key *next;
	char from[32], until[32];
	int64_t start = find_gap(r);

	if (start == INT64_MAX)
		return false;
	next = next_key(r, start);
	if (next == NULL)
		snprintf(out, size, "%s:%u: no key of this sign rule signs "
		    "from %s on", r->path, r->line, put_time(start, from));
	else
		snprintf(out, size, "%s:%u: no key of this sign rule signs "
		    "from %s to %s", r->path, r->line, put_time(start, from),
		    put_time(next->from, until));
	return true;
}

/* "example.org" of "mail.example.org". */
static struct slice
last_two_labels(struct slice name)
{
	while (domain_labels(name) > 2)
		name = domain_parent(name);
	return name;
}

/* No Organizational Domain but a public suffix can be above both. */
static bool
identity_warning(const struct config_sign *r, char *out, size_t size)
{
	struct slice mine = last_two_labels(r->identity), domain;
	size_t i;

	for (i = 0; i < r->domain_count && r->identity.len > 0; i++) {
		domain = domain_slice(&r->domains[i].domain);
		if (slice_eq(last_two_labels(domain), mine))
			continue;
		snprintf(out, size, "%s:%u: identity %.*s is not aligned "
		    "with %.*s: such a signature is of no use for DMARC",
		    r->path, r->line, SLICE_ARG(r->identity),
		    SLICE_ARG(domain));
		return true;
	}
	return false;
}

static bool
sign_warning(const struct config *c, size_t at, char *out, size_t size)
{
	const struct config_sign *r = &c->sign[at];

	return identity_warning(r, out, size) ||
	    gap_warning(r, out, size);
}

/* ---- all of them ---- */

static bool
warning(const struct config *c, size_t at, char *out, size_t size)
{
	if (at < GENERAL)
		return general[at](c, out, size);
	at -= GENERAL;
	if (at < c->policy.count)
		return rule_warning(c, &c->policy, at, out, size);
	at -= c->policy.count;
	if (at < c->observed_policy.count)
		return rule_warning(c, &c->observed_policy, at, out, size);
	return sign_warning(c, at - c->observed_policy.count, out, size);
}

bool
config_warning(const struct config *c, size_t *at, char *out,
    size_t out_size)
{
	size_t count = GENERAL + c->policy.count +
	    c->observed_policy.count + c->sign_count;
	bool found = false;

	for (; !found && *at < count; ++*at)
		found = warning(c, *at, out, out_size);
	return found;
}
