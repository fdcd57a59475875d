/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns, the decision, and which rule covers which. */
#include "policy/policy.h"

#include <string.h>

#include "tests/tap.h"

/* ---- patterns ---- */

static void
test_pattern_parse(void)
{
	static const struct {
		const char	*text;
		const char	*want;	/* NULL: refused */
		bool		 below;
	} rows[] = {
		{ "example.org", "example.org", false },
		{ "Example.ORG.", "example.org", false },
		{ "*.example.org", "example.org", true },
		{ "*.Example.Org.", "example.org", true },
		{ "localhost", "localhost", false },
		{ "*.org", "org", true },
		{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example", false },
		{ "*.b\xc3\xbc" "cher.example", "xn--bcher-kva.example", true },
		{ "", NULL, false },
		{ "*", NULL, false },
		{ "*.", NULL, false },
		{ "**.example.org", NULL, false },
		{ "*.*.example.org", NULL, false },
		{ "mail*.example.org", NULL, false },
		{ ".example.org", NULL, false },
		{ "a..example.org", NULL, false },
		{ "@example.org", NULL, false },
		{ "a b.example", NULL, false },
		{ "[192.0.2.1]", NULL, false },
		{ "\xff.example", NULL, false },
	};
	struct policy_pattern p;
	bool good;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		good = policy_pattern_parse(slice_str(rows[i].text), &p);
		if (rows[i].want == NULL) {
			ok(!good, "pattern '%s' is refused", rows[i].text);
			continue;
		}
		is_str(good ? p.domain.text : NULL, rows[i].want,
		    rows[i].text);
		ok(p.below == rows[i].below, "'%s': below", rows[i].text);
	}
}

/* ---- rules out of a few words ---- */

#define SET(r) (1u << AUTH_##r)

struct rule_of {
	struct policy_rule	rule;
	struct ipnet		nets[2];
	struct policy_pattern	mailfrom[2], helo[2];
};

static size_t
parse_nets(const char *text, struct ipnet out[2])
{
	struct slice rest = slice_str(text), head;
	size_t n = 0;

	while (rest.len > 0 && n < 2) {
		slice_cut(&rest, ' ', &head);
		if (!ipnet_parse(head, &out[n++]))
			abort();
	}
	return n;
}

static size_t
parse_patterns(const char *text, struct policy_pattern out[2])
{
	struct slice rest = slice_str(text), head;
	size_t n = 0;

	while (rest.len > 0 && n < 2) {
		slice_cut(&rest, ' ', &head);
		if (!policy_pattern_parse(head, &out[n++]))
			abort();
	}
	return n;
}

struct rule_text {
	unsigned int	 spf, spf_helo, dkim;
	const char		*client, *mailfrom, *helo;
};

static void
make_rule(const struct rule_text *t, struct rule_of *out)
{
	struct policy_rule *r = &out->rule;

	memset(out, 0, sizeof(*out));
	r->spf = t->spf;
	r->spf_helo = t->spf_helo;
	r->dkim = t->dkim;
	r->client = out->nets;
	r->client_count = parse_nets(t->client, out->nets);
	r->mailfrom_domain = out->mailfrom;
	r->mailfrom_domain_count = parse_patterns(t->mailfrom, out->mailfrom);
	r->helo = out->helo;
	r->helo_count = parse_patterns(t->helo, out->helo);
}

static struct policy_facts
some_facts(void)
{
	struct policy_facts f = {
		.helo = SLICE("mail.example.com"),
		.mailfrom_domain = SLICE("sub.example.com"),
		.spf = AUTH_FAIL,
		.spf_helo = AUTH_PASS,
		.spf_helo_checked = true,
		.dkim = SET(PASS) | SET(PERMERROR)
	};

	if (!ipaddr_parse(SLICE("192.0.2.7"), &f.client))
		abort();
	return f;
}

/* ---- one rule, the same facts ---- */

static bool
decides(const struct rule_text *t, const struct policy_facts *f)
{
	struct rule_of made;
	struct policy p = { &made.rule, 1 };
	struct policy_decision d;

	make_rule(t, &made);
	made.rule.action = POLICY_REJECT;
	policy_decide(&p, f, &d);
	if (d.rule == NULL)
		return d.action != POLICY_ACCEPT;
	return d.rule == &made.rule && d.action == POLICY_REJECT;
}

static void
test_conditions(void)
{
	static const struct {
		const char		*name;
		struct rule_text	 rule;
		bool			 want;
	} rows[] = {
		{ "no condition", { 0, 0, 0, "", "", "" }, true },
		{ "spf is", { SET(FAIL), 0, 0, "", "", "" }, true },
		{ "spf is one of",
		  { SET(FAIL) | SET(NONE), 0, 0, "", "", "" }, true },
		{ "spf is not",
		  { SET(PASS) | SET(NONE), 0, 0, "", "", "" }, false },
		{ "spf-helo is", { 0, SET(PASS), 0, "", "", "" }, true },
		{ "spf-helo is not, spf is",
		  { 0, SET(FAIL), 0, "", "", "" }, false },
		{ "any signature", { 0, 0, SET(PERMERROR), "", "", "" },
		  true },
		{ "no such signature", { 0, 0, SET(FAIL), "", "", "" },
		  false },
		{ "client", { 0, 0, 0, "192.0.2.0/24", "", "" }, true },
		{ "client, second of two",
		  { 0, 0, 0, "2001:db8::/32 192.0.2.7", "", "" }, true },
		{ "other client", { 0, 0, 0, "192.0.2.8/32", "", "" },
		  false },
		{ "client of the other family",
		  { 0, 0, 0, "::/0", "", "" }, false },
		{ "mailfrom", { 0, 0, 0, "", "sub.example.com", "" }, true },
		{ "mailfrom below", { 0, 0, 0, "", "*.example.com", "" },
		  true },
		{ "mailfrom not below itself",
		  { 0, 0, 0, "", "*.sub.example.com", "" }, false },
		{ "mailfrom above", { 0, 0, 0, "", "example.com", "" },
		  false },
		{ "mailfrom by whole labels",
		  { 0, 0, 0, "", "*.ample.com", "" }, false },
		{ "helo, second of two",
		  { 0, 0, 0, "", "", "example.net *.example.com" }, true },
		{ "other helo", { 0, 0, 0, "", "", "example.com" }, false },
		{ "all of several",
		  { SET(FAIL), SET(PASS), SET(PASS), "192.0.2.7",
		    "*.com", "*.com" }, true },
		{ "all but one of several",
		  { SET(FAIL), SET(PASS), SET(FAIL), "192.0.2.7",
		    "*.com", "*.com" }, false },
	};
	struct policy_facts f = some_facts();
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(decides(&rows[i].rule, &f) == rows[i].want, "%s",
		    rows[i].name);
}

static void
test_unknown_facts(void)
{
	static const struct {
		const char		*name;
		struct rule_text	 rule;
		bool			 want;
	} rows[] = {
		{ "no condition", { 0, 0, 0, "", "", "" }, true },
		{ "client", { 0, 0, 0, "0.0.0.0/0 ::/0", "", "" }, false },
		{ "mailfrom", { 0, 0, 0, "", "*.com", "" }, false },
		{ "helo", { 0, 0, 0, "", "", "*.com" }, false },
		{ "spf-helo none", { 0, SET(NONE), 0, "", "", "" }, false },
		{ "spf none", { SET(NONE), 0, 0, "", "", "" }, true },
		{ "dkim none", { 0, 0, SET(NONE), "", "", "" }, true },
	};
	struct policy_facts f = { .dkim = SET(NONE) };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(decides(&rows[i].rule, &f) == rows[i].want,
		    "nothing known: %s", rows[i].name);
}

/* ---- conditions on the message ---- */

static const struct slice recipients[] = { SLICE_INIT("example.org"),
    SLICE_INIT("lists.example.net") };

/* What is known of a message that fails DMARC. */
static struct policy_facts
message_facts(void)
{
	struct policy_facts f = some_facts();

	f.dkim_aligned = SET(FAIL) | SET(TEMPERROR);
	f.dmarc = AUTH_FAIL;
	f.dmarc_policy = POLICY_DMARC_QUARANTINE;
	f.dmarc_testing = true;
	f.from = MAIL_FROM_OK;
	f.from_domain = SLICE("news.example.com");
	f.recipient_domains = recipients;
	f.recipient_domain_count = 2;
	f.tls = 1u << POLICY_TLS_YES | 1u << POLICY_TLS_1_2;
	f.dkim_doubled = true;
	return f;
}

#define POLICY(p) (1u << POLICY_DMARC_##p)
#define FROM(s) (1u << MAIL_FROM_##s)
#define NO (1u << false)
#define YES (1u << true)

static bool
rule_decides(struct policy_rule r, const struct policy_facts *f)
{
	struct policy p = { &r, 1 };
	struct policy_decision d;

	policy_decide(&p, f, &d);
	return d.rule != NULL;
}

static const struct {
	const char		*name;
	struct policy_rule	 rule;
	bool			 want;
} message_rows[] = {
	{ "any aligned signature", { .dkim_aligned = SET(TEMPERROR) }, true },
	{ "no such aligned signature", { .dkim_aligned = SET(PASS) },
	  false },
	{ "dmarc is", { .dmarc = SET(FAIL) | SET(NONE) }, true },
	{ "dmarc is not", { .dmarc = SET(PASS) | SET(PERMERROR) }, false },
	{ "policy is", { .dmarc_policy = POLICY(QUARANTINE) }, true },
	{ "policy is not",
	  { .dmarc_policy = POLICY(REJECT) | POLICY(NONE) }, false },
	{ "in test mode", { .dmarc_testing = YES }, true },
	{ "not in test mode", { .dmarc_testing = NO }, false },
	{ "from is", { .from = FROM(OK) }, true },
	{ "from is not",
	  { .from = FROM(ABSENT) | FROM(MULTIPLE) | FROM(UNPARSABLE) },
	  false },
	{ "not authenticated", { .dnssec = NO }, true },
	{ "authenticated", { .dnssec = YES }, false },
	{ "with TLS", { .tls = YES }, true },
	{ "without TLS", { .tls = NO }, false },
	{ "TLS 1.2", { .tls = 1u << POLICY_TLS_1_2 }, true },
	{ "TLS 1.3", { .tls = 1u << POLICY_TLS_1_3 }, false },
	{ "1.3 or 1.2", { .tls = 1u << POLICY_TLS_1_3 | 1u << POLICY_TLS_1_2 },
	  true },
	{ "verified", { .tls = 1u << POLICY_TLS_VERIFIED }, false },
	{ "partial", { .dkim_partial = YES }, false },
	{ "not partial", { .dkim_partial = NO }, true },
	{ "doubled", { .dkim_doubled = YES }, true },
	{ "not doubled", { .dkim_doubled = NO }, false },
	{ "all of several", { .dmarc = SET(FAIL), .spf = SET(FAIL),
	  .dmarc_policy = POLICY(QUARANTINE), .from = FROM(OK) }, true },
	{ "all but one", { .dmarc = SET(FAIL), .spf = SET(PASS),
	  .dmarc_policy = POLICY(QUARANTINE), .from = FROM(OK) }, false },
};

static void
test_message_conditions(void)
{
	struct policy_facts f = message_facts();
	size_t i;

	for (i = 0; i < sizeof(message_rows) / sizeof(message_rows[0]); i++)
		ok(rule_decides(message_rows[i].rule, &f) ==
		    message_rows[i].want, "%s", message_rows[i].name);
	/* Nothing can be said of a record that is not there. */
	f.dmarc_policy = POLICY_DMARC_NO_RECORD;
	f.dmarc_testing = false;
	ok(!rule_decides((struct policy_rule){ .dmarc_policy = POLICY(NONE) |
	    POLICY(QUARANTINE) | POLICY(REJECT) }, &f),
	    "no record: not even policy none");
	ok(!rule_decides((struct policy_rule){ .dmarc_testing = NO | YES },
	    &f), "no record: nor test mode");
}

static void
test_message_domains(void)
{
	static const struct {
		const char	*from, *recipient;
		bool		 want;
	} rows[] = {
		{ "news.example.com", "", true },
		{ "*.example.com", "", true },
		{ "example.com", "", false },
		{ "a.example *.com", "", true },
		{ "", "example.org", true },
		{ "", "*.example.net", true },
		{ "", "example.net *.example.org", false },
		{ "*.com", "example.org", true },
		{ "*.com", "example.com", false },
	};
	struct policy_pattern from[2], recipient[2];
	struct policy_facts f = message_facts();
	struct policy_rule r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = (struct policy_rule){ .from_domain = from,
		    .recipient_domain = recipient };
		r.from_domain_count = parse_patterns(rows[i].from, from);
		r.recipient_domain_count =
		    parse_patterns(rows[i].recipient, recipient);
		ok(rule_decides(r, &f) == rows[i].want, "from '%s', "
		    "recipient '%s'", rows[i].from, rows[i].recipient);
	}
	r = (struct policy_rule){ .from_domain = from,
	    .from_domain_count = parse_patterns("*.com", from) };
	f.from = MAIL_FROM_MULTIPLE;
	ok(!rule_decides(r, &f), "one domain of several is not met");
	f.from = MAIL_FROM_OK;
	f.from_domain = SLICE("");
	ok(!rule_decides(r, &f), "nor is no domain");
	r = (struct policy_rule){ .recipient_domain = recipient,
	    .recipient_domain_count = parse_patterns("*.org", recipient) };
	f.recipient_domain_count = 0;
	ok(!rule_decides(r, &f), "nor are no recipients");
}

/* ---- stages ---- */

static void
test_stages(void)
{
	struct policy_facts f = some_facts();
	struct policy_rule rules[3] = {
		{ .action = POLICY_QUARANTINE },
		{ .action = POLICY_REJECT, .spf = SET(FAIL),
		  .stage = POLICY_STAGE_MAIL },
		{ .action = POLICY_TEMPFAIL, .stage = POLICY_STAGE_MAIL }
	};
	struct policy p = { rules, 3 };
	struct policy_decision d;
	bool needs_dns;

	f.at_mail = true;
	policy_decide(&p, &f, &d);
	ok(d.rule == &rules[1], "at MAIL: the first rule for it");
	f.spf = AUTH_PASS;
	policy_decide(&p, &f, &d);
	ok(d.rule == &rules[2], "at MAIL: the next one");
	rules[2].observe = true;
	policy_decide(&p, &f, &d);
	ok(d.rule == NULL && d.action == POLICY_ACCEPT &&
	    d.observed == &rules[2], "at MAIL: only observed");
	f.at_mail = false;
	policy_decide(&p, &f, &d);
	ok(d.rule == &rules[0], "at the end: the first of all");
	rules[0].dkim = SET(POLICY);
	f.spf = AUTH_FAIL;
	policy_decide(&p, &f, &d);
	ok(d.rule == &rules[1], "at the end: rules for MAIL, too");

	ok(policy_has_mail_stage(&p, &needs_dns) && needs_dns,
	    "SPF is needed at MAIL");
	rules[1].spf = 0;
	ok(policy_has_mail_stage(&p, &needs_dns) && !needs_dns,
	    "SPF is not needed at MAIL");
	rules[2].spf_helo = SET(FAIL);
	ok(policy_has_mail_stage(&p, &needs_dns) && needs_dns,
	    "SPF of HELO is needed at MAIL");
	rules[0].spf = SET(FAIL);
	p.count = 1;
	ok(!policy_has_mail_stage(&p, &needs_dns) && !needs_dns,
	    "no rules for MAIL");
}

/* ---- several rules ---- */

static void
test_order(void)
{
	struct rule_text any = { 0, 0, 0, "", "", "" };
	struct rule_text never = { SET(PASS), 0, 0, "", "", "" };
	struct policy_facts f = some_facts();
	struct policy_rule rules[4];
	struct policy p = { rules, 4 };
	struct policy_decision d;
	struct rule_of made;

	make_rule(&any, &made);
	rules[0] = rules[1] = rules[2] = rules[3] = made.rule;
	make_rule(&never, &made);
	rules[0] = made.rule;
	rules[0].action = POLICY_DISCARD;
	rules[1].action = POLICY_TEMPFAIL;
	rules[2].action = POLICY_QUARANTINE;
	rules[3].action = POLICY_REJECT;

	policy_decide(&p, &f, &d);
	ok(d.rule == &rules[1] && d.action == POLICY_TEMPFAIL &&
	    d.observed == NULL, "the first that matches decides");

	rules[0].observe = rules[1].observe = rules[2].observe = true;
	policy_decide(&p, &f, &d);
	ok(d.rule == &rules[3] && d.action == POLICY_REJECT &&
	    d.observed == &rules[1], "an observing rule goes on");

	rules[3].observe = true;
	policy_decide(&p, &f, &d);
	ok(d.rule == NULL && d.action == POLICY_ACCEPT &&
	    d.observed == &rules[1], "only observing rules: accept");

	p.count = 0;
	policy_decide(&p, &f, &d);
	ok(d.rule == NULL && d.action == POLICY_ACCEPT && d.observed == NULL,
	    "no rules: accept");
}

/* ---- covers ---- */

static void
test_covers(void)
{
	static const struct {
		const char		*name;
		struct rule_text	 a, b;
		bool			 want;
	} rows[] = {
		{ "all, all", { 0, 0, 0, "", "", "" },
		  { 0, 0, 0, "", "", "" }, true },
		{ "all, some", { 0, 0, 0, "", "", "" },
		  { SET(FAIL), 0, 0, "192.0.2.1", "a.example", "" }, true },
		{ "some, all", { SET(FAIL), 0, 0, "", "", "" },
		  { 0, 0, 0, "", "", "" }, false },
		{ "more results, fewer",
		  { SET(FAIL) | SET(NONE), 0, 0, "", "", "" },
		  { SET(FAIL), 0, 0, "", "", "" }, true },
		{ "fewer results, more", { 0, 0, SET(FAIL), "", "", "" },
		  { 0, 0, SET(FAIL) | SET(NONE), "", "", "" }, false },
		{ "spf, spf-helo", { SET(FAIL), 0, 0, "", "", "" },
		  { 0, SET(FAIL), 0, "", "", "" }, false },
		{ "wider network", { 0, 0, 0, "192.0.2.0/24", "", "" },
		  { 0, 0, 0, "192.0.2.128/25 192.0.2.1", "", "" }, true },
		{ "narrower network", { 0, 0, 0, "192.0.2.0/25", "", "" },
		  { 0, 0, 0, "192.0.2.0/24", "", "" }, false },
		{ "one network outside", { 0, 0, 0, "192.0.2.0/24", "", "" },
		  { 0, 0, 0, "192.0.2.0/25 192.0.3.0/25", "", "" }, false },
		{ "network, no condition", { 0, 0, 0, "0.0.0.0/0", "", "" },
		  { 0, 0, 0, "", "", "" }, false },
		{ "below, name", { 0, 0, 0, "", "*.example", "" },
		  { 0, 0, 0, "", "a.example", "" }, true },
		{ "below, itself", { 0, 0, 0, "", "*.example", "" },
		  { 0, 0, 0, "", "example", "" }, false },
		{ "below, further below", { 0, 0, 0, "", "*.example", "" },
		  { 0, 0, 0, "", "*.a.example *.example", "" }, true },
		{ "further below, below", { 0, 0, 0, "", "", "*.a.example" },
		  { 0, 0, 0, "", "", "*.example" }, false },
		{ "name, below it", { 0, 0, 0, "", "", "example" },
		  { 0, 0, 0, "", "", "*.example" }, false },
		{ "two names, the second",
		  { 0, 0, 0, "", "", "a.example b.example" },
		  { 0, 0, 0, "", "", "b.example" }, true },
		{ "name, no condition", { 0, 0, 0, "", "", "a.example" },
		  { 0, 0, 0, "", "", "" }, false },
	};
	struct rule_of a, b;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_rule(&rows[i].a, &a);
		make_rule(&rows[i].b, &b);
		ok(policy_rule_covers(&a.rule, &b.rule) == rows[i].want,
		    "covers: %s", rows[i].name);
	}
}

/* A narrower rule is covered by the wider one, and not the reverse. */
static void
test_covers_all(void)
{
	static const struct {
		const char		*name;
		struct policy_rule	 wide, narrow;
	} rows[] = {
		{ "dkim-aligned", { .dkim_aligned = SET(FAIL) | SET(NONE) },
		  { .dkim_aligned = SET(FAIL) } },
		{ "dmarc", { .dmarc = 0 }, { .dmarc = SET(FAIL) } },
		{ "dmarc-policy",
		  { .dmarc_policy = POLICY(REJECT) | POLICY(NONE) },
		  { .dmarc_policy = POLICY(REJECT) } },
		{ "dmarc-testing", { .dmarc_testing = 0 },
		  { .dmarc_testing = NO } },
		{ "from", { .from = FROM(ABSENT) | FROM(MULTIPLE) },
		  { .from = FROM(MULTIPLE) } },
		{ "dnssec", { .dnssec = NO | YES }, { .dnssec = YES } },
		{ "tls", { .tls = 0 }, { .tls = NO } },
		{ "dkim-partial", { .dkim_partial = NO | YES },
		  { .dkim_partial = YES } },
		{ "dkim-doubled", { .dkim_doubled = 0 },
		  { .dkim_doubled = NO } },
		{ "stage", { .stage = POLICY_STAGE_MAIL },
		  { .stage = POLICY_STAGE_END } },
	};
	struct policy_pattern wide[2], narrow[2];
	struct policy_rule a, b;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ok(policy_rule_covers(&rows[i].wide, &rows[i].narrow),
		    "%s: covers", rows[i].name);
		ok(!policy_rule_covers(&rows[i].narrow, &rows[i].wide),
		    "%s: is covered", rows[i].name);
	}
	parse_patterns("*.example", wide);
	parse_patterns("a.example", narrow);
	a = (struct policy_rule){ .from_domain = wide,
	    .from_domain_count = 1 };
	b = (struct policy_rule){ .from_domain = narrow,
	    .from_domain_count = 1 };
	ok(policy_rule_covers(&a, &b) && !policy_rule_covers(&b, &a),
	    "from-domain");
	a = (struct policy_rule){ .recipient_domain = wide,
	    .recipient_domain_count = 1 };
	ok(!policy_rule_covers(&a, &b), "recipient-domain, from-domain");
	b = (struct policy_rule){ .recipient_domain = narrow,
	    .recipient_domain_count = 1 };
	ok(policy_rule_covers(&a, &b) && !policy_rule_covers(&b, &a),
	    "recipient-domain");
}

static void
test_names(void)
{
	static const char *const names[POLICY_ACTIONS] = { "accept", "reject",
	    "tempfail", "quarantine", "discard" };
	unsigned int i;

	for (i = 0; i < POLICY_ACTIONS; i++)
		is_str(policy_action_name((enum policy_action)i), names[i],
		    "name of an action");
}

/* Beside the policy that rules: as that one would, had it these rules. */
static void
test_observe(void)
{
	static const struct policy_rule rules[] = {
		{ .name = SLICE_INIT("end"), .action = POLICY_QUARANTINE,
		  .dmarc = SET(FAIL) },
		{ .name = SLICE_INIT("mail"), .action = POLICY_REJECT,
		  .spf = SET(FAIL), .stage = POLICY_STAGE_MAIL },
		{ .name = SLICE_INIT("well"), .action = POLICY_ACCEPT,
		  .spf = SET(PASS), .stage = POLICY_STAGE_MAIL },
	};
	static const struct {
		const char		*name;
		bool			 at_mail;
		enum auth_result	 spf, dmarc;
		enum policy_action	 action;
		int			 rule;	/* -1: none */
	} rows[] = {
		{ "at the end", false, AUTH_NONE, AUTH_FAIL,
		  POLICY_QUARANTINE, 0 },
		{ "refused at MAIL already", false, AUTH_FAIL, AUTH_FAIL,
		  POLICY_REJECT, 1 },
		{ "accepted at MAIL is not decided", false, AUTH_PASS,
		  AUTH_FAIL, POLICY_QUARANTINE, 0 },
		{ "accepted at the end", false, AUTH_PASS, AUTH_PASS,
		  POLICY_ACCEPT, 2 },
		{ "no rule", false, AUTH_NONE, AUTH_NONE, POLICY_ACCEPT, -1 },
		{ "at MAIL, refused", true, AUTH_FAIL, AUTH_NONE,
		  POLICY_REJECT, 1 },
		{ "at MAIL, not known", true, AUTH_PASS, AUTH_NONE,
		  POLICY_ACCEPT, -1 },
	};
	struct policy_rule own[3];
	const struct policy p = { .rules = own, .count = 3 };
	struct policy_facts f = { .from = MAIL_FROM_OK };
	struct policy_decision d;
	size_t i;

	memcpy(own, rules, sizeof(own));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f.at_mail = rows[i].at_mail;
		f.spf = rows[i].spf;
		f.dmarc = rows[i].dmarc;
		policy_observe(&p, &f, &d);
		ok(d.action == rows[i].action && (d.rule == NULL ?
		    rows[i].rule < 0 : d.rule == &own[rows[i].rule]),
		    "observed: %s", rows[i].name);
	}
}

int
main(void)
{
	test_pattern_parse();
	test_conditions();
	test_unknown_facts();
	test_message_conditions();
	test_message_domains();
	test_stages();
	test_order();
	test_covers();
	test_covers_all();
	test_names();
	test_observe();
	return tap_done();
}
