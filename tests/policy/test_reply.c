/* SPDX-License-Identifier: BSD-2-Clause */
/* Templates, default replies, and what foreign text may do there. */
#include "policy/condition.h"

#include "tests/tap.h"

#define SET(r) (1u << AUTH_##r)

/* ---- templates ---- */

static const char variables[] = "unknown variable";
static const char code[] =
    "the code is not three digits, the second 0 to 5";
static const char enhanced[] = "the enhanced code does not look like 5.7.1";
static const char class[] =
    "the enhanced code is not in the class of the code";
static const char percent[] = "a single % is written %%";
static const char printable[] =
    "only printable ASCII may be in a reply";

static void
test_check(void)
{
	static const struct {
		const char		*text;
		enum policy_action	 action;
		const char		*want;	/* NULL: good */
		size_t			 at;
	} rows[] = {
		{ "550 5.7.1 no", POLICY_REJECT, NULL, 0 },
		{ "451 4.7.1 later", POLICY_TEMPFAIL, NULL, 0 },
		{ "421 4.7.0 later", POLICY_TEMPFAIL, NULL, 0 },
		{ "550 no", POLICY_REJECT, NULL, 0 },
		{ "no", POLICY_REJECT, NULL, 0 },
		{ "559 5.0.999 x", POLICY_REJECT, NULL, 0 },
		{ "500 5.7.1  two spaces", POLICY_REJECT, NULL, 0 },
		{ "550 5.7.1 %{from-domain}%{mailfrom-domain}%{helo}"
		  "%{client}%{spf}%{spf-helo}%{rule}%{spf-domain}"
		  "%{spf-explanation}%{dkim}%{dkim-aligned}%{dmarc}"
		  "%{dmarc-policy}%{dmarc-testing}%{from}%{dnssec}%{tls}%%",
		  POLICY_REJECT, NULL, 0 },
		{ "550 5.7.1 no", POLICY_ACCEPT,
		  "only reject and tempfail have a reply", 0 },
		{ "550 5.7.1 no", POLICY_DISCARD,
		  "only reject and tempfail have a reply", 0 },
		{ "451 4.7.1 x", POLICY_REJECT,
		  "the code of a rejection is 5xx", 0 },
		{ "550 5.7.1 x", POLICY_TEMPFAIL,
		  "the code of a deferral is 4xx", 0 },
		{ "250 2.0.0 x", POLICY_REJECT,
		  "the code of a rejection is 5xx", 0 },
		{ "55 x", POLICY_REJECT, code, 0 },
		{ "5500 x", POLICY_REJECT, code, 0 },
		{ "560 x", POLICY_REJECT, code, 0 },
		{ "550", POLICY_REJECT,
		  "the code is followed by a space and a text", 3 },
		{ "550-x", POLICY_REJECT,
		  "the code is followed by a space and a text", 3 },
		{ "550 ", POLICY_REJECT, "there is no text", 4 },
		{ "", POLICY_REJECT, "there is no text", 0 },
		{ "550 5.7.1", POLICY_REJECT,
		  "the enhanced code is followed by a space and a text", 9 },
		{ "550 5.7.1 ", POLICY_REJECT, "there is no text", 10 },
		{ "550 4.7.1 x", POLICY_REJECT, class, 4 },
		{ "451 5.7.1 x", POLICY_TEMPFAIL, class, 4 },
		{ "550 5.7 x", POLICY_REJECT, enhanced, 7 },
		{ "550 5.7.x", POLICY_REJECT, enhanced, 8 },
		{ "550 5.7.1000 x", POLICY_REJECT, enhanced, 12 },
		{ "550 5.07.1 x", POLICY_REJECT, enhanced, 8 },
		{ "550 57.1 x", POLICY_REJECT, enhanced, 5 },
		{ "550 5.7.1 %{x}", POLICY_REJECT, variables, 10 },
		{ "550 5.7.1 a %{helo", POLICY_REJECT, variables, 12 },
		{ "550 5.7.1 %{}", POLICY_REJECT, variables, 10 },
		{ "550 5.7.1 %{Helo}", POLICY_REJECT, variables, 10 },
		{ "550 5.7.1 %", POLICY_REJECT, percent, 10 },
		{ "550 5.7.1 50% off", POLICY_REJECT, percent, 12 },
		{ "550 5.7.1 %%%", POLICY_REJECT, percent, 12 },
		{ "550 5.7.1 a\rb", POLICY_REJECT, printable, 11 },
		{ "550 5.7.1 a\nb", POLICY_REJECT, printable, 11 },
		{ "550 5.7.1 a\tb", POLICY_REJECT, printable, 11 },
		{ "550 5.7.1 \xc3\xa9", POLICY_REJECT, printable, 10 },
		{ "550 5.7.1 \x7f", POLICY_REJECT, printable, 10 },
	};
	const char *problem;
	size_t i, at;
	bool good;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		good = policy_reply_check(slice_str(rows[i].text),
		    rows[i].action, &problem, &at);
		if (rows[i].want == NULL) {
			ok(good, "template '%s'", rows[i].text);
			continue;
		}
		is_str(good ? "good" : problem, rows[i].want, rows[i].text);
		is_num((long long)at, (long long)rows[i].at, "its place");
	}
	ok(!policy_reply_check((struct slice){ "550 a\0b", 7 }, POLICY_REJECT,
	    &problem, &at) && at == 5, "NUL is refused");
}

static void
test_check_length(void)
{
	char text[LIMIT_REPLY_TEXT + 12];
	const char *problem;
	size_t at;

	memset(text, 'x', sizeof(text));
	memcpy(text, "550 5.7.1 ", 10);
	ok(policy_reply_check((struct slice){ text, LIMIT_REPLY_TEXT + 10 },
	    POLICY_REJECT, &problem, &at), "text at the limit");
	ok(!policy_reply_check((struct slice){ text, LIMIT_REPLY_TEXT + 11 },
	    POLICY_REJECT, &problem, &at), "text one past the limit");
	is_str(problem, "the text is too long", "and why");
	is_num((long long)at, LIMIT_REPLY_TEXT + 10, "and where");
}

/* ---- replies ---- */

static struct policy_facts
some_facts(void)
{
	struct policy_facts f = {
		.helo = SLICE("mail.example.com"),
		.mailfrom_domain = SLICE("example.com"),
		.from_domain = SLICE("example.net"),
		.spf = AUTH_FAIL,
		.spf_helo = AUTH_SOFTFAIL,
		.spf_helo_checked = true,
		.dkim = SET(FAIL),
		.spf_domain = SLICE("example.com"),
		.spf_explanation = SLICE("see https://example.com/?a=%{i}")
	};

	if (!ipaddr_parse(SLICE("192.0.2.7"), &f.client))
		abort();
	return f;
}

static const char *
reply_of(const struct policy_rule *r, const struct policy_facts *f)
{
	static char line[LIMIT_REPLY_TEXT + 32];
	struct policy_decision d = { .action = r->action, .rule = r };
	struct policy_reply reply;

	policy_reply(&d, f, &reply);
	(void)snprintf(line, sizeof(line), "%s|%s|%s", reply.code,
	    reply.enhanced, reply.text);
	return line;
}

static void
test_templates(void)
{
	static const struct {
		const char		*reply;
		enum policy_action	 action;
		const char		*want;
	} rows[] = {
		{ "554 5.7.0 go away", POLICY_REJECT, "554|5.7.0|go away" },
		{ "554 go away", POLICY_REJECT, "554|5.7.1|go away" },
		{ "go away", POLICY_REJECT, "550|5.7.1|go away" },
		{ "come back", POLICY_TEMPFAIL, "451|4.7.1|come back" },
		{ "421 4.3.2 come back", POLICY_TEMPFAIL,
		  "421|4.3.2|come back" },
		{ "550 5.7.1 %{from-domain} %{mailfrom-domain} %{helo}",
		  POLICY_REJECT,
		  "550|5.7.1|example.net example.com mail.example.com" },
		{ "%{client} %{spf} %{spf-helo} %{rule}", POLICY_REJECT,
		  "550|5.7.1|192.0.2.7 fail softfail my rule" },
		{ "%{dkim} %{dkim-aligned} %{dmarc} %{dmarc-policy}",
		  POLICY_REJECT, "550|5.7.1|pass,fail,permerror none fail "
		  "quarantine" },
		{ "%{dmarc-testing} %{from} %{dnssec} %{tls}", POLICY_REJECT,
		  "550|5.7.1|yes ok no yes" },
		{ "%{dkim-partial} %{dkim-doubled}", POLICY_REJECT,
		  "550|5.7.1|yes no" },
		/* The explanation is text: what looks like a variable or a
		   format in it stays as it is. */
		{ "%{spf-domain}: %{spf-explanation}, 100%%", POLICY_REJECT,
		  "550|5.7.1|example.com: see https://example.com/?a=%{i}, "
		  "100%" },
		/* Never got past the check, but does no harm. */
		{ "999 %{x} %", POLICY_REJECT,
		  "550|5.7.1|refused by local policy" },
		{ "550 5.7.1 no", POLICY_ACCEPT, "||" },
		{ "550 5.7.1 no", POLICY_QUARANTINE, "||" },
	};
	struct policy_facts f = some_facts();
	struct policy_rule r = { .name = SLICE("my rule") };
	size_t i;

	f.dkim = SET(FAIL) | SET(PASS) | SET(PERMERROR);
	f.dkim_aligned = SET(NONE);
	f.dmarc = AUTH_FAIL;
	f.dmarc_policy = POLICY_DMARC_QUARANTINE;
	f.dmarc_testing = true;
	f.tls = 1u << POLICY_TLS_YES;
	f.dkim_partial = true;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r.reply = slice_str(rows[i].reply);
		r.action = rows[i].action;
		is_str(reply_of(&r, &f), rows[i].want, rows[i].reply);
	}
}

static unsigned int
fifty_one(const void *arg, unsigned int seconds)
{
	(void)arg;
	return seconds == LIMIT_SIGHTINGS_S ? 51 : 0;
}

/* Each variable: known, not known, and not known yet at MAIL. */
static void
test_each_variable(void)
{
	static const struct {
		const char *name, *known, *unknown, *at_mail;
	} each[] = {
		{ "from-domain", "example.net", "(none)", "(none)" },
		{ "mailfrom-domain", "example.com", "(none)", "example.com" },
		{ "helo", "mail.example.com", "(none)", "mail.example.com" },
		{ "client", "192.0.2.7", "(none)", "192.0.2.7" },
		{ "recipient-domain", "a.example,b.example", "(none)",
		  "(none)" },
		{ "spf", "fail", "none", "fail" },
		{ "spf-helo", "softfail", "(none)", "softfail" },
		{ "dkim", "pass", "none", "(none)" },
		{ "dkim-aligned", "fail", "none", "(none)" },
		{ "dmarc", "fail", "none", "(none)" },
		{ "dmarc-policy", "reject", "(none)", "(none)" },
		{ "dmarc-testing", "yes", "(none)", "(none)" },
		{ "from", "ok", "absent", "(none)" },
		{ "dnssec", "yes", "no", "(none)" },
		{ "tls", "yes,1.3,verified", "no", "yes,1.3,verified" },
		{ "dkim-partial", "yes", "no", "(none)" },
		{ "dkim-doubled", "yes", "no", "(none)" },
		{ "own-domain", "yes", "(none)", "(none)" },
		{ "enforce-anyway", "yes", "(none)", "(none)" },
		{ "arc", "pass", "none", "(none)" },
		{ "arc-trusted", "yes", "no", "(none)" },
		{ "arc-sealer", "lists.example", "(none)", "(none)" },
		{ "auth-user", "jane", "(none)", "jane" },
		{ "iprev", "fail", "(none)", "fail" },
		{ "replay", "51", "(none)", "(none)" },
		{ "forwarder", "yes,alumni", "(none)", "(none)" },
		{ "rule", "my rule", "(none)", "my rule" },
		{ "spf-domain", "example.com", "(none)", "example.com" },
		{ "spf-explanation", "see https://example.com/?a=%{i}",
		  "(none)", "see https://example.com/?a=%{i}" }
	};
	const struct policy_facts nothing = { .from = MAIL_FROM_ABSENT,
		.tls = 1u << POLICY_TLS_NONE,
		.dkim = SET(NONE), .dkim_aligned = SET(NONE) };
	struct policy_facts f = some_facts(), early;
	struct policy_rule r = { .action = POLICY_REJECT };
	const struct slice recipients[] = { SLICE("a.example"),
		SLICE("b.example") };
	char reply[80], want[120];
	size_t i;

	f.recipient_domains = recipients;
	f.recipient_domain_count = 2;
	f.dkim = SET(PASS);
	f.dkim_aligned = SET(FAIL);
	f.dmarc = AUTH_FAIL;
	f.dmarc_policy = POLICY_DMARC_REJECT;
	f.dmarc_testing = f.dnssec = true;
	f.tls = 1u << POLICY_TLS_YES | 1u << POLICY_TLS_1_3 |
	    1u << POLICY_TLS_VERIFIED;
	f.dkim_partial = f.dkim_doubled = f.arc_trusted = true;
	f.claimed = f.own_domain = f.enforce_anyway = true;
	f.arc = AUTH_PASS;
	f.arc_sealer = SLICE("lists.example");
	f.auth_user = SLICE("jane");
	f.iprev = AUTH_FAIL;
	f.iprev_checked = true;
	f.replay.within = fifty_one;
	f.forwarder[0] = SLICE("yes");
	f.forwarder[1] = SLICE("alumni");
	f.forwarder_count = 2;
	early = f;
	early.at_mail = true;
	for (i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		snprintf(reply, sizeof(reply), "why: %%{%s}", each[i].name);
		r.reply = slice_str(reply);
		r.name = SLICE("my rule");
		snprintf(want, sizeof(want), "550|5.7.1|why: %s",
		    each[i].known);
		is_str(reply_of(&r, &f), want, each[i].name);
		snprintf(want, sizeof(want), "550|5.7.1|why: %s",
		    each[i].at_mail);
		is_str(reply_of(&r, &early), want, "at MAIL");
		r.name = SLICE("");
		snprintf(want, sizeof(want), "550|5.7.1|why: %s",
		    each[i].unknown);
		is_str(reply_of(&r, &nothing), want, "not known");
	}
	is_num((long long)(sizeof(each) / sizeof(each[0])),
	    POLICY_CONDITIONS + 3, "all variables");
}

/* At MAIL there is no message yet. */
static void
test_known_at_mail(void)
{
	struct policy_facts f = some_facts();
	struct policy_rule r = { .action = POLICY_REJECT, .reply = SLICE(
	    "%{client} %{spf} %{dkim} %{dmarc} %{from} %{from-domain} "
	    "%{dnssec} %{recipient-domain} %{tls}") };

	f.at_mail = true;
	f.tls = 1u << POLICY_TLS_NONE;
	is_str(reply_of(&r, &f), "550|5.7.1|192.0.2.7 fail (none) (none) "
	    "(none) (none) (none) (none) no", "not known at MAIL");
	ok(policy_reply_needs_dns(SLICE("%{client}: %{spf-explanation}")) &&
	    policy_reply_needs_dns(SLICE("%{spf-helo}")), "shows SPF");
	ok(!policy_reply_needs_dns(SLICE("550 %{rule} %% spf")),
	    "does not show SPF");
}

static void
test_no_rule(void)
{
	struct policy_decision d = { .action = POLICY_TEMPFAIL };
	struct policy_facts f = { .dkim = SET(NONE) };
	struct policy_reply reply;

	policy_reply(&d, &f, &reply);
	is_str(reply.text, "deferred by local policy, try again later",
	    "no rule");
}

static void
test_defaults(void)
{
	static const char explained[] = "550|5.7.23|SPF does not allow mail "
	    "of example.com from 192.0.2.7; example.com explains: see "
	    "https://example.com/?a=%{i}";
	static const char both[] = "550|5.7.26|neither SPF nor DKIM "
	    "authenticates this message";
	static const char policy5[] = "550|5.7.1|refused by local policy";
	static const char policy4[] =
	    "451|4.7.1|deferred by local policy, try again later";
	static const struct {
		const char		*name;
		enum policy_action	 action;
		unsigned int	 spf, spf_helo, dkim;	/* asked */
		enum auth_result	 found, found_helo;
		unsigned int	 found_dkim;
		const char		*want;
	} rows[] = {
		{ "spf fail", POLICY_REJECT, SET(FAIL), 0, 0,
		  AUTH_FAIL, AUTH_NONE, SET(PASS), explained },
		{ "spf permerror", POLICY_REJECT, SET(PERMERROR), 0, 0,
		  AUTH_PERMERROR, AUTH_NONE, SET(PASS),
		  "550|5.7.24|the SPF record of example.com is in error" },
		{ "spf temperror", POLICY_TEMPFAIL, SET(TEMPERROR), 0, 0,
		  AUTH_TEMPERROR, AUTH_NONE, SET(PASS), "451|4.7.24|the SPF "
		  "record of example.com could not be looked up" },
		{ "spf permerror, deferred", POLICY_TEMPFAIL, SET(PERMERROR),
		  0, 0, AUTH_PERMERROR, AUTH_NONE, SET(PASS),
		  "451|4.7.24|the SPF record of example.com is in error" },
		{ "spf fail, deferred", POLICY_TEMPFAIL, SET(FAIL), 0, 0,
		  AUTH_FAIL, AUTH_NONE, SET(PASS), policy4 },
		{ "spf softfail", POLICY_REJECT, SET(SOFTFAIL), 0, 0,
		  AUTH_SOFTFAIL, AUTH_NONE, SET(PASS), policy5 },
		{ "spf none", POLICY_REJECT, SET(NONE), 0, 0,
		  AUTH_NONE, AUTH_NONE, SET(PASS), policy5 },
		{ "helo fail", POLICY_REJECT, 0, SET(FAIL), 0,
		  AUTH_FAIL, AUTH_FAIL, SET(PASS), "550|5.7.23|SPF does not "
		  "allow the HELO name mail.example.com from 192.0.2.7" },
		{ "helo permerror", POLICY_REJECT, 0, SET(PERMERROR), 0,
		  AUTH_NONE, AUTH_PERMERROR, SET(PASS), "550|5.7.24|the SPF "
		  "record of the HELO name mail.example.com is in error" },
		{ "helo temperror", POLICY_TEMPFAIL, 0, SET(TEMPERROR), 0,
		  AUTH_NONE, AUTH_TEMPERROR, SET(PASS), "451|4.7.24|the SPF "
		  "record of the HELO name mail.example.com could not be "
		  "looked up" },
		{ "mailfrom and helo: one method", POLICY_REJECT, SET(FAIL),
		  SET(FAIL), 0, AUTH_FAIL, AUTH_FAIL, SET(NONE), explained },
		{ "dkim none", POLICY_REJECT, 0, 0, SET(NONE),
		  AUTH_FAIL, AUTH_NONE, SET(NONE),
		  "550|5.7.20|no passing DKIM signature found" },
		{ "dkim fail, another passes", POLICY_REJECT, 0, 0, SET(FAIL),
		  AUTH_FAIL, AUTH_NONE, SET(FAIL) | SET(PASS), policy5 },
		{ "dkim temperror, deferred", POLICY_TEMPFAIL, 0, 0,
		  SET(TEMPERROR), AUTH_FAIL, AUTH_NONE, SET(TEMPERROR),
		  policy4 },
		{ "spf and dkim", POLICY_REJECT, SET(FAIL), 0, SET(NONE),
		  AUTH_FAIL, AUTH_NONE, SET(NONE), both },
		{ "spf permerror and dkim", POLICY_REJECT, SET(PERMERROR), 0,
		  SET(FAIL), AUTH_PERMERROR, AUTH_NONE, SET(FAIL), both },
		{ "helo and dkim", POLICY_REJECT, 0, SET(FAIL), SET(NONE),
		  AUTH_PASS, AUTH_FAIL, SET(NONE), both },
		{ "spf softfail and dkim", POLICY_REJECT, SET(SOFTFAIL), 0,
		  SET(NONE), AUTH_SOFTFAIL, AUTH_NONE, SET(NONE),
		  "550|5.7.20|no passing DKIM signature found" },
		{ "nothing asked", POLICY_REJECT, 0, 0, 0,
		  AUTH_FAIL, AUTH_FAIL, SET(FAIL), policy5 },
	};
	struct policy_facts f = some_facts();
	struct policy_rule r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = (struct policy_rule){ .action = rows[i].action,
		    .spf = rows[i].spf, .spf_helo = rows[i].spf_helo,
		    .dkim = rows[i].dkim };
		f.spf = rows[i].found;
		f.spf_helo = rows[i].found_helo;
		f.dkim = rows[i].found_dkim;
		is_str(reply_of(&r, &f), rows[i].want, rows[i].name);
	}
	f = some_facts();
	f.spf_explanation = SLICE("");
	r = (struct policy_rule){ .action = POLICY_REJECT, .spf = SET(FAIL) };
	is_str(reply_of(&r, &f), "550|5.7.23|SPF does not allow mail of "
	    "example.com from 192.0.2.7", "spf fail without explanation");
}

#define DMARC_TEXT "DMARC: not authenticated as mail from example.net, " \
	"whose policy is reject"

static void
test_message_defaults(void)
{
	static const struct {
		const char		*name;
		struct policy_rule	 rule;
		struct policy_facts	 found;	/* beside some_facts() */
		const char		*want;
	} rows[] = {
		{ "dmarc alone", { .action = POLICY_REJECT,
		    .dmarc = SET(FAIL) }, { .dmarc = AUTH_FAIL },
		  "550|5.7.1|" DMARC_TEXT },
		{ "dmarc and spf", { .action = POLICY_REJECT,
		    .dmarc = SET(FAIL), .spf = SET(FAIL) },
		  { .dmarc = AUTH_FAIL }, "550|5.7.26|" DMARC_TEXT },
		{ "dmarc and dkim", { .action = POLICY_REJECT,
		    .dmarc = SET(FAIL), .dkim = SET(FAIL) },
		  { .dmarc = AUTH_FAIL }, "550|5.7.26|" DMARC_TEXT },
		{ "dmarc fail or none: none", { .action = POLICY_REJECT,
		    .dmarc = SET(FAIL) | SET(NONE) }, { .dmarc = AUTH_NONE },
		  "550|5.7.1|refused by local policy" },
		{ "dmarc fail is deferred", { .action = POLICY_TEMPFAIL,
		    .dmarc = SET(FAIL) }, { .dmarc = AUTH_FAIL },
		  "451|4.7.1|deferred by local policy, try again later" },
		{ "dmarc temperror", { .action = POLICY_TEMPFAIL,
		    .dmarc = SET(TEMPERROR) }, { .dmarc = AUTH_TEMPERROR },
		  "451|4.7.1|DMARC of example.net could not be checked, "
		  "since DNS gave no answer" },
		{ "no aligned signature", { .action = POLICY_REJECT,
		    .dkim_aligned = SET(NONE) }, { .dkim = SET(PASS) },
		  "550|5.7.22|no passing DKIM signature of example.net "
		  "found" },
		{ "no signature at all", { .action = POLICY_REJECT,
		    .dkim_aligned = SET(NONE) }, { .dkim = SET(FAIL) },
		  "550|5.7.20|no passing DKIM signature found" },
		{ "spf and no aligned signature", { .action = POLICY_REJECT,
		    .dkim_aligned = SET(NONE), .spf = SET(FAIL) },
		  { .dkim = SET(PASS) }, "550|5.7.26|neither SPF nor DKIM "
		  "authenticates this message" },
		{ "from absent", { .action = POLICY_REJECT,
		    .from = ~1u }, { .from = MAIL_FROM_ABSENT },
		  "550|5.7.1|the message has no From field" },
		{ "from multiple", { .action = POLICY_REJECT,
		    .from = ~1u }, { .from = MAIL_FROM_MULTIPLE },
		  "550|5.7.1|the message has several From fields, or several "
		  "domains in From" },
		{ "from unparsable", { .action = POLICY_REJECT,
		    .from = ~1u }, { .from = MAIL_FROM_UNPARSABLE },
		  "550|5.7.1|the From field of the message is not a list of "
		  "addresses" },
		{ "dmarc permerror", { .action = POLICY_REJECT,
		    .dmarc = SET(PERMERROR) }, { .dmarc = AUTH_PERMERROR,
		    .from = MAIL_FROM_ABSENT },
		  "550|5.7.1|the message has no From field" },
	};
	struct policy_facts f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f = some_facts();
		f.dkim_aligned = SET(NONE);
		f.dmarc_policy = POLICY_DMARC_REJECT;
		f.dmarc = rows[i].found.dmarc;
		f.from = rows[i].found.from;
		if (rows[i].found.dkim != 0)
			f.dkim = rows[i].found.dkim;
		is_str(reply_of(&rows[i].rule, &f), rows[i].want,
		    rows[i].name);
	}
}

static void
test_foreign_text(void)
{
	static const char raw[] = "a\r\nb\0c\x7f\xc3\xa9 d\te";
	struct policy_facts f = some_facts();
	struct policy_rule r = { .action = POLICY_REJECT,
	    .reply = SLICE("%{spf-explanation}") };

	f.spf_explanation = (struct slice){ raw, sizeof(raw) - 1 };
	is_str(reply_of(&r, &f), "550|5.7.1|a??b?c??? d?e",
	    "only printable ASCII gets out");
}

static void
test_cut(void)
{
	static char long_text[LIMIT_REPLY_TEXT + 10];
	struct policy_facts f = some_facts();
	struct policy_rule r = { .action = POLICY_REJECT,
	    .reply = SLICE("ab%{spf-explanation}%%") };
	struct policy_decision d = { .action = POLICY_REJECT, .rule = &r };
	struct policy_reply reply;
	size_t len;

	memset(long_text, 'y', sizeof(long_text));
	for (len = LIMIT_REPLY_TEXT - 4; len < sizeof(long_text); len++) {
		f.spf_explanation = (struct slice){ long_text, len };
		policy_reply(&d, &f, &reply);
		is_num((long long)strlen(reply.text), len + 3 <
		    LIMIT_REPLY_TEXT ? (long long)len + 3 : LIMIT_REPLY_TEXT,
		    "length of the text");
		ok((reply.text[strlen(reply.text) - 1] == '%') ==
		    (len + 3 <= LIMIT_REPLY_TEXT), "what is cut off");
	}
}

int
main(void)
{
	test_check();
	test_check_length();
	test_templates();
	test_each_variable();
	test_known_at_mail();
	test_no_rule();
	test_defaults();
	test_message_defaults();
	test_foreign_text();
	test_cut();
	return tap_done();
}
