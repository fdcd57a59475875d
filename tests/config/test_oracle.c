/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random rules and random facts against an oracle.
 *
 * The oracle is written apart: it knows conditions and facts as words only,
 * from the manual, and shares no table with what it judges.  A policy goes
 * the way of a configuration file, so that reading is judged, too.
 *
 * 1. Rules are drawn, as words, and written as YAML.
 * 2. A message is drawn, as words for each condition; none: not known.
 * 3. The first rule decides all of whose conditions have a word that fits.
 */
#include "config/config.h"

#include <fnmatch.h>

#include "base/buf.h"
#include "policy/condition.h"
#include "tests/tap.h"

#define ROUNDS 2000
#define MESSAGES 25
#define RULES 6
#define WORDS 4		/* of one condition, or known of one message */

static char why[LIMIT_CONFIG_WHY];

/* ---- chance ---- */

static uint32_t chance_state = 20261129;

static unsigned int
chance(unsigned int below)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 17;
	chance_state ^= chance_state << 5;
	return chance_state % below;
}

/* ---- conditions, as the manual has them ---- */

enum fit { SAME, PATTERN, NETWORK, STARS, RATE, FORWARDER };

struct subject {
	const char	*name;
	enum fit	 fit;
	bool		 at_mail;
	bool		 many;		/* several may be true of a message */
	bool		 maybe;		/* it may be unknown */
	const char	*asked[9];	/* in rules */
	const char	*known[9];	/* of messages; NULL: as asked */
};

static const struct subject subjects[] = {
	{ .name = "spf", .at_mail = true, .asked = { "none", "pass", "fail",
	  "softfail", "neutral", "temperror", "permerror" } },
	{ .name = "spf-helo", .at_mail = true, .maybe = true, .asked = {
	  "none", "pass", "fail", "softfail", "neutral", "temperror",
	  "permerror" } },
	{ .name = "dkim", .many = true, .asked = { "none", "pass", "fail",
	  "neutral", "policy", "temperror", "permerror" } },
	{ .name = "dkim-aligned", .many = true, .asked = { "none", "pass",
	  "fail", "neutral", "policy", "temperror", "permerror" } },
	{ .name = "dmarc", .asked = { "none", "pass", "fail", "temperror",
	  "permerror" } },
	{ .name = "dmarc-policy", .maybe = true, .asked = { "none",
	  "quarantine", "reject" } },
	{ .name = "dmarc-testing", .asked = { "yes", "no" } },
	{ .name = "from", .asked = { "ok", "absent", "multiple",
	  "unparsable", "sloppy" } },
	{ .name = "from-domain", .fit = PATTERN, .maybe = true,
	  .asked = { "a.example", "*.a.example", "*.example", "b.test" },
	  .known = { "a.example", "x.a.example", "xa.example", "b.test",
	  "test" } },
	{ .name = "mailfrom-domain", .fit = PATTERN, .maybe = true,
	  .at_mail = true,
	  .asked = { "c.example", "*.c.example", "*.test" },
	  .known = { "c.example", "y.c.example", "yc.example", "d.test" } },
	{ .name = "helo", .fit = PATTERN, .maybe = true, .at_mail = true,
	  .asked = { "mx.example", "*.mx.example" },
	  .known = { "mx.example", "1.mx.example", "amx.example" } },
	{ .name = "recipient-domain", .fit = PATTERN, .many = true,
	  .maybe = true, .asked = { "l.example", "*.l.example" },
	  .known = { "l.example", "z.l.example", "o.example" } },
	{ .name = "client", .fit = NETWORK, .maybe = true, .at_mail = true,
	  .asked = { "192.0.2.0/24", "192.0.2.7", "'2001:db8::/32'",
	  "0.0.0.0/0" },
	  .known = { "192.0.2.7", "192.0.2.8", "198.51.100.1",
	  "2001:db8::1", "2001:db9::1" } },
	{ .name = "dnssec", .asked = { "yes", "no" } },
	{ .name = "tls", .at_mail = true, .many = true, .asked = { "yes",
	  "none", "1.2", "1.3", "verified" } },
	{ .name = "dkim-partial", .asked = { "yes", "no" } },
	{ .name = "dkim-doubled", .asked = { "yes", "no" } },
	{ .name = "own-domain", .asked = { "yes", "no" } },
	{ .name = "enforce-anyway", .asked = { "yes", "no" } },
	{ .name = "arc", .asked = { "none", "pass", "fail" } },
	{ .name = "arc-trusted", .asked = { "yes", "no" } },
	{ .name = "arc-sealer", .fit = PATTERN, .maybe = true,
	  .asked = { "s.example", "*.s.example" },
	  .known = { "s.example", "w.s.example", "ws.example" } },
	{ .name = "auth-user", .fit = STARS, .maybe = true, .at_mail = true,
	  .asked = { "jane", "ja*", "*e@x.example" },
	  .known = { "jane", "jack", "joe@x.example", "JANE" } },
	{ .name = "replay", .fit = RATE, .maybe = true,
	  .asked = { "50/1h", "50/1d", "3/60s", "1000/7d" },
	  .known = { "1/1", "4/4", "51/51", "51/60", "1001/1001" } },
	{ .name = "iprev", .at_mail = true, .maybe = true, .asked = {
	  "pass", "fail", "temperror", "permerror" } },
	{ .name = "forwarder", .fit = FORWARDER, .maybe = true,
	  .asked = { "yes", "no", "unknown", "alumni", "Club", "club-2" },
	  .known = { "alumni", "no", "unknown", "club" } },
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

/* Some words, without those that are not there. */
struct some {
	const char	*word[WORDS];
	unsigned int	 count;
};

static const char *
draw(const char *const words[9])
{
	unsigned int n = 0;

	while (n < 9 && words[n] != NULL)
		n++;
	return words[chance(n)];
}

static void
draw_some(const char *const words[9], unsigned int count, struct some *out)
{
	for (out->count = 0; out->count < count; out->count++)
		out->word[out->count] = draw(words);
}

/* ---- 1. rules ---- */

struct rule {
	struct some	 when[SUBJECTS];	/* count 0: not asked */
	const char	*action;
	bool		 observe, at_mail;
};

static void
draw_rule(struct rule *r)
{
	static const char *const early[9] = { "accept", "reject",
		"tempfail" };
	static const char *const late[9] = { "accept", "reject", "tempfail",
		"quarantine", "discard" };
	unsigned int n, i;

	*r = (struct rule){ .observe = chance(6) == 0,
		.at_mail = chance(3) == 0 };
	r->action = draw(r->at_mail ? early : late);
	for (n = chance(4); n > 0; n--) {
		i = chance(SUBJECTS);
		if (r->at_mail && !subjects[i].at_mail)
			continue;
		draw_some(subjects[i].asked, strcmp(subjects[i].asked[0],
		    "yes") == 0 ? 1 : 1 + chance(3), &r->when[i]);
	}
}

static void
write_condition(struct buf *b, const char *name, const struct some *words,
    bool first)
{
	unsigned int i;

	buf_addf(b, "%s%s: ", first ? "" : ", ", name);
	if (words->count > 1)
		buf_addc(b, '[');
	for (i = 0; i < words->count; i++)
		buf_addf(b, words->word[i][0] == '*' ? "%s\"%s\"" : "%s%s",
		    i == 0 ? "" : ", ", words->word[i]);
	if (words->count > 1)
		buf_addc(b, ']');
}

static void
write_rule(struct buf *b, const struct rule *r)
{
	bool first = true;
	size_t i;

	buf_addf(b, "- {action: %s", r->action);
	if (r->observe)
		buf_adds(b, ", observe: yes");
	if (r->at_mail)
		buf_adds(b, ", stage: mail");
	for (i = 0; i < SUBJECTS; i++) {
		if (r->when[i].count == 0)
			continue;
		if (first)
			buf_adds(b, ", when: {");
		write_condition(b, subjects[i].name, &r->when[i], first);
		first = false;
	}
	buf_adds(b, first ? "}\n" : "}}\n");
}

/* ---- 2. messages ---- */

struct message {
	struct some	known[SUBJECTS];
};

static size_t
subject(const char *name)
{
	size_t i = 0;

	while (strcmp(subjects[i].name, name) != 0)
		i++;
	return i;
}

static const char *
only(const struct message *m, const char *name)
{
	const struct some *s = &m->known[subject(name)];

	return s->count > 0 ? s->word[0] : "";
}

static void
draw_message(struct message *m)
{
	const struct subject *s;
	unsigned int count;
	size_t i;

	for (i = 0; i < SUBJECTS; i++) {
		s = &subjects[i];
		count = s->many ? 1 + chance(3) : 1;
		if (s->maybe && chance(4) == 0)
			count = 0;
		draw_some(s->known[0] != NULL ? s->known : s->asked, count,
		    &m->known[i]);
	}
}

/* What the manual says of facts that hang on others, and of MAIL FROM. */
static void
forget(const struct message *m, bool at_mail, struct message *out)
{
	const char *from = only(m, "from");
	size_t i;

	*out = *m;
	if (only(m, "dmarc-policy")[0] == '\0')
		out->known[subject("dmarc-testing")].count = 0;
	if (strcmp(from, "ok") != 0 && strcmp(from, "sloppy") != 0)
		out->known[subject("from-domain")].count = 0;
	for (i = 0; i < SUBJECTS && at_mail; i++)
		if (!subjects[i].at_mail)
			out->known[i].count = 0;
}

/* ---- 3. the oracle ---- */

/* "IN AN HOUR/IN ALL" is known; "COUNT/TIME" is asked. */
static bool
rate_fits(const char *asked, const char *known)
{
	bool hour = strstr(asked, "/1h") != NULL ||
	    strstr(asked, "/60s") != NULL;

	return atoi(hour ? known : strchr(known, '/') + 1) > atoi(asked);
}

static bool
fits(enum fit fit, const char *asked, const char *known)
{
	size_t a = strlen(asked), k = strlen(known);

	if (fit == RATE)
		return rate_fits(asked, known);
	if (fit == FORWARDER && strcmp(asked, "yes") == 0)
		return strcmp(known, "no") != 0 &&
		    strcmp(known, "unknown") != 0;
	if (fit == STARS || fit == FORWARDER)
		return fnmatch(asked, known, FNM_CASEFOLD) == 0;
	if (fit == PATTERN && asked[0] == '*')
		return k > a - 1 && strcmp(known + k - (a - 1), asked + 1) ==
		    0;
	if (fit != NETWORK)
		return strcmp(asked, known) == 0;
	/* The few networks there are, by what their text begins with. */
	if (strcmp(asked, "192.0.2.0/24") == 0)
		return strncmp(known, "192.0.2.", 8) == 0;
	if (strcmp(asked, "0.0.0.0/0") == 0)
		return strchr(known, ':') == NULL;
	if (asked[0] == '\'')
		return strncmp(known, "2001:db8:", 9) == 0;
	return strcmp(asked, known) == 0;
}

static bool
is_met(enum fit fit, const struct some *asked, const struct some *known)
{
	unsigned int a, k;

	for (a = 0; a < asked->count; a++)
		for (k = 0; k < known->count; k++)
			if (fits(fit, asked->word[a], known->word[k]))
				return true;
	return asked->count == 0;
}

static bool
rule_fits(const struct rule *r, const struct message *known, bool at_mail)
{
	size_t i;

	if (at_mail && !r->at_mail)
		return false;
	for (i = 0; i < SUBJECTS; i++)
		if (!is_met(subjects[i].fit, &r->when[i], &known->known[i]))
			return false;
	return true;
}

struct verdict {
	const char	*action;
	int		 rule, observed;	/* -1: none */
};

static struct verdict
judge(const struct rule *rules, int count, const struct message *m,
    bool at_mail)
{
	struct verdict v = { "accept", -1, -1 };
	struct message known;
	int i;

	forget(m, at_mail, &known);
	for (i = 0; i < count; i++) {
		if (!rule_fits(&rules[i], &known, at_mail))
			continue;
		if (!rules[i].observe) {
			v.action = rules[i].action;
			v.rule = i;
			break;
		}
		if (v.observed < 0)
			v.observed = i;
	}
	return v;
}

/* ---- the same message as facts ---- */

static enum auth_result
result(const char *word)
{
	static const char *const words[] = { [AUTH_NONE] = "none",
		[AUTH_PASS] = "pass", [AUTH_FAIL] = "fail",
		[AUTH_SOFTFAIL] = "softfail", [AUTH_NEUTRAL] = "neutral",
		[AUTH_POLICY] = "policy", [AUTH_TEMPERROR] = "temperror",
		[AUTH_PERMERROR] = "permerror" };
	unsigned int i = 0;

	while (strcmp(words[i], word) != 0)
		i++;
	return (enum auth_result)i;
}

static unsigned int
results(const struct some *s)
{
	unsigned int set = 0, i;

	for (i = 0; i < s->count; i++)
		set |= 1u << result(s->word[i]);
	return set;
}

static enum mail_from_state
from_state(const char *word)
{
	return strcmp(word, "ok") == 0 ? MAIL_FROM_OK :
	    strcmp(word, "absent") == 0 ? MAIL_FROM_ABSENT :
	    strcmp(word, "multiple") == 0 ? MAIL_FROM_MULTIPLE :
	    strcmp(word, "sloppy") == 0 ? MAIL_FROM_SLOPPY :
	    MAIL_FROM_UNPARSABLE;
}

static enum policy_dmarc
dmarc_policy(const char *word)
{
	return word[0] == '\0' ? POLICY_DMARC_NO_RECORD :
	    word[0] == 'n' ? POLICY_DMARC_NONE :
	    word[0] == 'q' ? POLICY_DMARC_QUARANTINE : POLICY_DMARC_REJECT;
}

static bool
yes(const struct message *m, const char *name)
{
	return strcmp(only(m, name), "yes") == 0;
}

/* A policy_count_fn. */
static unsigned int
within(const void *arg, unsigned int seconds)
{
	const char *known = arg;

	return (unsigned int)atoi(seconds <= 3600 ? known :
	    strchr(known, '/') + 1);
}

static unsigned int
tls(const struct some *known)
{
	unsigned int set = 0, i;

	for (i = 0; i < known->count; i++)
		set |= 1u << (strcmp(known->word[i], "yes") == 0 ?
		    POLICY_TLS_YES : strcmp(known->word[i], "1.2") == 0 ?
		    POLICY_TLS_1_2 : strcmp(known->word[i], "1.3") == 0 ?
		    POLICY_TLS_1_3 : strcmp(known->word[i], "none") == 0 ?
		    POLICY_TLS_NONE : POLICY_TLS_VERIFIED);
	return set;
}

static void
make_facts(const struct message *m, struct slice recipients[WORDS],
    struct policy_facts *f)
{
	const struct some *to = &m->known[subject("recipient-domain")];
	const char *helo = only(m, "spf-helo");
	const char *iprev = only(m, "iprev");
	const char *forwarder = only(m, "forwarder");
	unsigned int i;

	*f = (struct policy_facts){
		.spf = result(only(m, "spf")),
		.spf_helo = result(helo[0] != '\0' ? helo : "pass"),
		.spf_helo_checked = helo[0] != '\0',
		.dkim = results(&m->known[subject("dkim")]),
		.dkim_aligned = results(&m->known[subject("dkim-aligned")]),
		.dmarc = result(only(m, "dmarc")),
		.dmarc_policy = dmarc_policy(only(m, "dmarc-policy")),
		.dmarc_testing = yes(m, "dmarc-testing"),
		.from = from_state(only(m, "from")),
		.from_domain = slice_str(only(m, "from-domain")),
		.mailfrom_domain = slice_str(only(m, "mailfrom-domain")),
		.helo = slice_str(only(m, "helo")),
		.recipient_domains = recipients,
		.recipient_domain_count = to->count,
		.dnssec = yes(m, "dnssec"),
		.tls = tls(&m->known[subject("tls")]),
		.dkim_partial = yes(m, "dkim-partial"),
		.dkim_doubled = yes(m, "dkim-doubled"),
		.claimed = true, .own_domain = yes(m, "own-domain"),
		.enforce_anyway = yes(m, "enforce-anyway"),
		.arc = result(only(m, "arc")),
		.arc_trusted = yes(m, "arc-trusted"),
		.arc_sealer = slice_str(only(m, "arc-sealer")),
		.auth_user = slice_str(only(m, "auth-user")),
		.replay = { .within = only(m, "replay")[0] != '\0' ? within :
		    NULL, .arg = only(m, "replay") },
		.iprev = result(iprev[0] != '\0' ? iprev : "pass"),
		.iprev_checked = iprev[0] != '\0' };
	ipaddr_parse(slice_str(only(m, "client")), &f->client);
	if (forwarder[0] != '\0')
		f->forwarder[f->forwarder_count++] = slice_str(forwarder);
	if (fits(FORWARDER, "yes", forwarder) && forwarder[0] != '\0')
		f->forwarder[f->forwarder_count++] = SLICE("yes");
	for (i = 0; i < to->count; i++)
		recipients[i] = slice_str(to->word[i]);
}

/* ---- one against the other ---- */

static int
number_of(const struct policy *p, const struct policy_rule *r)
{
	return r == NULL ? -1 : (int)(r - p->rules);
}

static bool
agree(const struct policy *p, const struct rule *rules,
    const struct message *m, bool at_mail)
{
	struct verdict want = judge(rules, (int)p->count, m, at_mail);
	struct slice recipients[WORDS];
	struct policy_decision got;
	struct policy_facts f;

	make_facts(m, recipients, &f);
	f.at_mail = at_mail;
	policy_decide(p, &f, &got);
	return number_of(p, got.rule) == want.rule &&
	    number_of(p, got.observed) == want.observed &&
	    strcmp(policy_action_name(got.action), want.action) == 0;
}

/* Whatever the covered rule matches, the covering one does. */
static bool
covers_are_so(const struct policy *p, const struct rule *rules,
    const struct message *m, unsigned int *seen)
{
	struct message known;
	size_t a, b;

	forget(m, false, &known);
	for (a = 0; a < p->count; a++) {
		for (b = 0; b < p->count; b++) {
			if (!policy_rule_covers(&p->rules[a], &p->rules[b]) ||
			    !rule_fits(&rules[b], &known, false))
				continue;
			++*seen;
			if (!rule_fits(&rules[a], &known, false))
				return false;
		}
	}
	return true;
}

struct tally {
	unsigned int	decisions, wrong, covers, wrong_covers, decided;
};

static void
play(const struct policy *p, const struct rule *rules, struct tally *t)
{
	struct message m;
	unsigned int i;

	for (i = 0; i < MESSAGES; i++) {
		draw_message(&m);
		t->decisions += 2;
		t->wrong += !agree(p, rules, &m, false);
		t->wrong += !agree(p, rules, &m, true);
		t->decided += judge(rules, (int)p->count, &m, false).rule >= 0;
		t->wrong_covers += !covers_are_so(p, rules, &m, &t->covers);
	}
}

static void
one_round(struct tally *t)
{
	struct rule rules[RULES];
	unsigned int count = 1 + chance(RULES), i;
	struct config *c;
	struct buf b;
	unsigned int before = t->wrong + t->wrong_covers;

	buf_init(&b, LIMIT_YAML_BYTES);
	buf_adds(&b, "policy:\n");
	for (i = 0; i < count; i++) {
		draw_rule(&rules[i]);
		write_rule(&b, &rules[i]);
	}
	c = config_read_text(buf_slice(&b), "t.yaml", why, sizeof(why));
	if (c == NULL || c->policy.count != count) {
		t->wrong++;
		printf("# not read: %s\n", why);
	} else {
		play(&c->policy, rules, t);
	}
	if (t->wrong + t->wrong_covers > before)
		printf("# %s\n", buf_cstr(&b));
	config_unref(c);
	buf_fini(&b);
}

int
main(void)
{
	struct tally t = { .wrong = 0 };
	unsigned int i;

	is_num((long long)SUBJECTS, POLICY_CONDITIONS,
	    "the oracle knows all conditions");
	for (i = 0; i < ROUNDS; i++)
		one_round(&t);
	is_num(t.wrong, 0, "decisions that differ from the oracle's");
	is_num(t.wrong_covers, 0, "rules said to cover that do not");
	ok(t.decided * 5 > t.decisions / 2 && t.covers > 1000,
	    "%u decisions, %u by a rule; %u covered matches", t.decisions,
	    t.decided, t.covers);
	return tap_done();
}
