/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns, the decision, and which rule covers which. */
#include "policy/policy.h"

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

int
main(void)
{
	test_pattern_parse();
	test_conditions();
	test_unknown_facts();
	test_order();
	test_covers();
	test_names();
	return tap_done();
}
