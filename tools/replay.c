/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: see replay.h.
 *
 *  1. Facts are made of each record, as far as it has them.
 *  2. What a record does not hold is not guessed: the policy is asked as if
 *     the rules did not ask for it.  When the rule that decides then does ask
 *     for it, the message is one of those that are not known; otherwise no
 *     such rule before it matched, for any value.
 *  3. The result is compared with what the daemon did then.
 *
 * Mail that was not checked, and messages that did not come to a decision,
 * are counted and left out.
 */
#include "tools/replay.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/mem.h"
#include "report/tally.h"
#include "tools/stored.h"

#define SHOWN 50		/* lines of a table in text */
#define DAYS 7			/* default of --since */
#define SEALERS_WHOLE 150	/* a longer list of sealers may be cut */

/* Conditions on what a record may not hold. */
enum {
	NO_PARTIAL, NO_DOUBLED, NO_REPLAY,	/* never holds */
	NO_FORWARDER, NO_SEALER, NO_RECIPIENTS, NO_CLAIMS,
	UNKNOWNS
};
#define NEVER (1u << NO_PARTIAL | 1u << NO_DOUBLED | 1u << NO_REPLAY)

static const char *const condition_names[UNKNOWNS] = {
	"dkim-partial", "dkim-doubled", "replay", "forwarder", "arc-sealer",
	"recipient-domain", "own-domain or enforce-anyway"
};

struct replaying {
	struct tool		*t;
	struct store		*store;
	const struct config	*config;	/* whose domains are ours */
	struct config		*other;		/* has the policy */
	/* The policy without the conditions of each set of unknowns. */
	struct policy		 variants[1u << UNKNOWNS];
	struct tally_table	 rules, domains, unknown;
	uint64_t		 messages, changed, not_known;
	uint64_t		 unchecked, undecided, at_mail;
	int64_t			 first, last;
};

/* ---- step 2 ---- */

static unsigned int
asked_by(const struct policy_rule *r)
{
	unsigned int set = 0;

	set |= r->dkim_partial != 0 ? 1u << NO_PARTIAL : 0;
	set |= r->dkim_doubled != 0 ? 1u << NO_DOUBLED : 0;
	set |= r->replay_count > 0 ? 1u << NO_REPLAY : 0;
	set |= r->forwarder_count > 0 ? 1u << NO_FORWARDER : 0;
	set |= r->arc_sealer_count > 0 ? 1u << NO_SEALER : 0;
	set |= r->recipient_domain_count > 0 ? 1u << NO_RECIPIENTS : 0;
	set |= (r->own_domain | r->enforce_anyway) != 0 ? 1u << NO_CLAIMS : 0;
	return set;
}

static void
forget_conditions(struct policy_rule *r, unsigned int unknown)
{
	if ((unknown & 1u << NO_PARTIAL) != 0)
		r->dkim_partial = 0;
	if ((unknown & 1u << NO_DOUBLED) != 0)
		r->dkim_doubled = 0;
	if ((unknown & 1u << NO_REPLAY) != 0)
		r->replay_count = 0;
	if ((unknown & 1u << NO_FORWARDER) != 0)
		r->forwarder_count = 0;
	if ((unknown & 1u << NO_SEALER) != 0)
		r->arc_sealer_count = 0;
	if ((unknown & 1u << NO_RECIPIENTS) != 0)
		r->recipient_domain_count = 0;
	if ((unknown & 1u << NO_CLAIMS) != 0)
		r->own_domain = r->enforce_anyway = 0;
}

/* Made when it is first wanted.  NULL: no memory. */
static const struct policy *
variant_of(struct replaying *r, unsigned int unknown)
{
	const struct policy *whole = &r->other->observed_policy;
	struct policy *v = &r->variants[unknown];
	size_t i;

	if (v->rules != NULL)
		return v;
	v->rules = arena_array(r->t->arena, whole->count + 1,
	    sizeof(*whole->rules));
	if (v->rules == NULL)
		return NULL;
	v->count = whole->count;
	for (i = 0; i < whole->count; i++) {
		v->rules[i] = whole->rules[i];
		forget_conditions(&v->rules[i], unknown);
	}
	return v;
}

/* ---- step 1 ---- */

static enum auth_result
result_of(struct slice word)
{
	enum auth_result result = AUTH_NONE;

	(void)auth_result_parse(word, &result);
	return result;
}

static enum policy_dmarc
policy_of(struct slice word)
{
	if (slice_eq(word, SLICE("reject")))
		return POLICY_DMARC_REJECT;
	if (slice_eq(word, SLICE("quarantine")))
		return POLICY_DMARC_QUARANTINE;
	return slice_eq(word, SLICE("none")) ? POLICY_DMARC_NONE :
	    POLICY_DMARC_NO_RECORD;
}

static enum mail_from_state
from_of(struct slice word)
{
	static const enum mail_from_state states[] = { MAIL_FROM_ABSENT,
		MAIL_FROM_MULTIPLE, MAIL_FROM_UNPARSABLE, MAIL_FROM_SLOPPY };
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_eq(word, slice_str(mail_from_state_name(states[i]))))
			return states[i];
	return MAIL_FROM_OK;
}

static unsigned int
tls_of(const struct store_message *m)
{
	static const struct {
		const char		*name;
		enum policy_tls		 version;
	} versions[] = { { "TLSv1", POLICY_TLS_1_0 },
		{ "TLSv1.1", POLICY_TLS_1_1 }, { "TLSv1.2", POLICY_TLS_1_2 },
		{ "TLSv1.3", POLICY_TLS_1_3 } };
	unsigned int set = 1u << (m->tls.len > 0 ? POLICY_TLS_YES :
	    POLICY_TLS_NONE);
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (slice_eq(m->tls, slice_str(versions[i].name)))
			set |= 1u << versions[i].version;
	if (slice_eq(m->tls_verified, SLICE("yes")))
		set |= 1u << POLICY_TLS_VERIFIED;
	return set;
}

static void
take_signatures(const struct store_message *m, struct policy_facts *f)
{
	const struct store_signature *s;
	size_t i;

	for (i = 0; i < m->signature_count; i++) {
		s = &m->signatures[i];
		f->dkim |= 1u << result_of(s->result);
		if (slice_eq(s->aligned, SLICE("strict")) ||
		    slice_eq(s->aligned, SLICE("relaxed")))
			f->dkim_aligned |= 1u << result_of(s->result);
		else if (slice_eq(s->aligned, SLICE("unknown")))
			f->dkim_aligned |= 1u << AUTH_TEMPERROR;
	}
	if (f->dkim == 0)
		f->dkim = 1u << AUTH_NONE;
	if (f->dkim_aligned == 0)
		f->dkim_aligned = 1u << AUTH_NONE;
}

/* The last of "a.example,b.example". */
static struct slice
last_sealer(struct slice list)
{
	size_t comma = slice_find_last(list, ',');

	return comma < list.len ? slice_from(list, comma + 1) : list;
}

static void
take_forwarder(const struct store_message *m, struct policy_facts *f)
{
	if (m->forwarder.len == 0)
		return;
	if (slice_eq(m->forwarder, SLICE("unknown"))) {
		f->forwarder[0] = SLICE("unknown");
		f->forwarder_count = 1;
		return;
	}
	f->spf_excused = true;
	f->forwarder[0] = SLICE("yes");
	f->forwarder[1] = m->forwarder;
	f->forwarder_count = 2;
}

static void
take_names(const struct replaying *r, const struct store_message *m,
    struct domain *helo, struct policy_facts *f)
{
	f->client = m->client;
	if (domain_parse(m->helo, helo))
		f->helo = domain_slice(helo);
	f->mailfrom_domain = m->mail_from_domain;
	f->from_domain = m->from_domain;
	f->from = from_of(m->from);
	f->claimed = m->from_domain.len > 0;
	f->own_domain = f->claimed &&
	    config_is_own_domain(r->config, m->from_domain);
	f->enforce_anyway = f->claimed &&
	    config_is_enforced(r->config, m->from_domain);
	f->recipient_domains = m->recipients;
	f->recipient_domain_count = m->recipient_count;
	f->auth_user = m->auth_user;
	f->tls = tls_of(m);
}

static void
take_results(const struct store_message *m, struct policy_facts *f)
{
	f->spf = result_of(m->spf);
	f->spf_helo_checked = m->spf_helo.len > 0;
	f->spf_helo = result_of(m->spf_helo);
	f->iprev_checked = m->iprev.len > 0;
	f->iprev = result_of(m->iprev);
	f->dmarc = result_of(m->dmarc);
	f->dmarc_policy = policy_of(m->published);
	f->dmarc_testing = slice_eq(m->testing, SLICE("y"));
	f->dnssec = slice_eq(m->dnssec, SLICE("yes"));
	f->arc = result_of(m->arc);
	f->arc_trusted = m->arc_trusted.len > 0;
	if (f->arc == AUTH_PASS)
		f->arc_sealer = last_sealer(m->arc_sealers);
	take_signatures(m, f);
	take_forwarder(m, f);
}

/* Which of them this record does not hold. */
static unsigned int
unknown_of(const struct store_message *m, const struct policy_facts *f)
{
	unsigned int set = NEVER;

	if (f->forwarder_count == 0)
		set |= 1u << NO_FORWARDER;
	if (m->arc_sealers.len >= SEALERS_WHOLE)
		set |= 1u << NO_SEALER;
	if (m->incomplete)
		set |= 1u << NO_RECIPIENTS;
	/* Further domains of such a From are not in it. */
	if (f->from == MAIL_FROM_MULTIPLE || f->from == MAIL_FROM_UNPARSABLE)
		set |= 1u << NO_CLAIMS;
	return set;
}

/* ---- step 3 ---- */

static void	count_one(struct tally_table *table, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

static void
count_one(struct tally_table *table, const char *fmt, ...)
{
	char key[4 * LIMIT_RULE_NAME + DOMAIN_MAX + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	tally_count(table, slice_str(key), LIMIT_REPLAY_LINES);
}

static void
count_unknown(struct replaying *r, const struct policy_rule *rule,
    unsigned int asked)
{
	struct buf names;
	size_t i;

	r->not_known++;
	buf_init(&names, 300);
	for (i = 0; i < UNKNOWNS; i++)
		if ((asked & 1u << i) != 0)
			buf_addf(&names, "%s%s", names.len > 0 ? ", " : "",
			    condition_names[i]);
	count_one(&r->unknown, "%.*s\t%s", SLICE_ARG(rule->name),
	    buf_cstr(&names));
	buf_fini(&names);
}

static void
compare(struct replaying *r, const struct store_message *m,
    const struct policy_decision *d)
{
	struct slice was = m->decided.len > 0 ? m->decided : m->action;
	struct slice rule = d->rule != NULL ? d->rule->name :
	    SLICE("(none)");
	struct slice old = m->rule.len > 0 ? m->rule : SLICE("(none)");
	const char *now = policy_action_name(d->action);

	if (slice_eq(was, slice_str(now)))
		return;
	r->changed++;
	count_one(&r->rules, "%.*s\t%s\t%.*s\t%.*s", SLICE_ARG(was), now,
	    SLICE_ARG(rule), SLICE_ARG(old));
	count_one(&r->domains, "%.*s\t%s\t%.*s", SLICE_ARG(was), now,
	    SLICE_ARG(m->from_domain.len > 0 ? m->from_domain :
	    SLICE("(none)")));
}

static void
judge(struct replaying *r, const struct store_message *m)
{
	struct policy_facts f = { .at_mail = m->stage.len > 0 };
	const struct policy_rule *rule;
	struct policy_decision d;
	const struct policy *p;
	struct domain helo;
	unsigned int unknown;

	take_names(r, m, &helo, &f);
	take_results(m, &f);
	unknown = unknown_of(m, &f);
	p = variant_of(r, unknown);
	if (p == NULL)
		return;
	policy_observe(p, &f, &d);
	if (f.at_mail && d.rule == NULL) {
		r->at_mail++;
		return;
	}
	rule = d.rule != NULL ? &r->other->observed_policy.rules[
	    d.rule - p->rules] : NULL;
	if (rule != NULL && (asked_by(rule) & unknown) != 0)
		count_unknown(r, rule, asked_by(rule) & unknown);
	else
		compare(r, m, &d);
}

static bool
is_decided(const struct store_message *m)
{
	return !slice_eq(m->action, SLICE("none")) || m->decided.len > 0;
}

/* A store_message_fn. */
static bool
take_message(void *arg, const struct store_message *m)
{
	struct replaying *r = arg;

	if (r->first == 0 || m->time < r->first)
		r->first = m->time;
	if (m->time > r->last)
		r->last = m->time;
	r->messages++;
	if (slice_eq(m->why, SLICE("not checked")))
		r->unchecked++;
	else if (!is_decided(m))
		r->undecided++;
	else
		judge(r, m);
	return !arena_failed(r->t->arena);
}

/* ---- what is shown ---- */

static void
show_table(struct text *t, const char *title, const struct tally_table *y)
{
	size_t i;

	if (y->count == 0)
		return;
	text_title(t, title);
	text_end(t);
	for (i = 0; i < y->count && i < SHOWN; i++) {
		struct slice rest = y->lines[i].key, part;
		bool first = true, more;

		text_say(t, "  %10" PRIu64 " ", y->lines[i].messages);
		do {
			more = slice_cut(&rest, '\t', &part);
			text_say(t, first ? " " : ", ");
			text_foreign(t, part);
			first = false;
		} while (more);
		text_end(t);
	}
	if (i < y->count) {
		text_say(t, "  and %zu more", y->count - i);
		text_end(t);
	}
}

static void
show_count(struct text *t, uint64_t n, const char *what)
{
	if (n == 0)
		return;
	text_say(t, "  %10" PRIu64 "  %s", n, what);
	text_end(t);
}

static void
show_text(struct replaying *r)
{
	char first[TEXT_TIME], last[TEXT_TIME];
	struct text *t = &r->t->text;

	text_time(r->first, first);
	text_time(r->last, last);
	text_say(t, "%" PRIu64 " messages", r->messages);
	if (r->messages > 0)
		text_say(t, ", %s to %s", first, last);
	text_end(t);
	text_say(t, "  %10" PRIu64 "  would be treated differently",
	    r->changed);
	text_end(t);
	show_count(t, r->not_known, "cannot be known, since records do not "
	    "have what a rule needs");
	show_count(t, r->at_mail, "cannot be known, since they were refused "
	    "before DATA");
	show_count(t, r->unchecked, "were left out: mail that is not checked");
	show_count(t, r->undecided, "were left out: they were not completed");
	show_table(t, "By rule: was, would be, rule, rule that decided",
	    &r->rules);
	show_table(t, "By domain: was, would be, domain in From", &r->domains);
	show_table(t, "Not known: rule, what it asks for", &r->unknown);
}

static void
json_table(struct json *j, const char *name, const struct tally_table *y,
    const char *const *keys)
{
	size_t i, k;

	json_array(j, name);
	for (i = 0; i < y->count; i++) {
		struct slice rest = y->lines[i].key, part;
		bool more = true;

		json_object(j, NULL);
		json_number(j, "messages", (long long)y->lines[i].messages);
		for (k = 0; keys[k] != NULL && more; k++) {
			more = slice_cut(&rest, '\t', &part);
			json_slice(j, keys[k], part);
		}
		json_object_end(j);
	}
	json_array_end(j);
}

static void
show_json(struct replaying *r)
{
	static const char *const rules[] = { "was", "would_be", "rule",
		"decided_by", NULL };
	static const char *const domains[] = { "was", "would_be", "domain",
		NULL };
	static const char *const unknown[] = { "rule", "asks_for", NULL };
	struct json *j = &r->t->out;

	json_object(j, NULL);
	json_number(j, "messages", (long long)r->messages);
	json_number(j, "first", r->first);
	json_number(j, "last", r->last);
	json_number(j, "changed", (long long)r->changed);
	json_number(j, "not_known", (long long)r->not_known);
	json_number(j, "refused_before_data", (long long)r->at_mail);
	json_number(j, "not_checked", (long long)r->unchecked);
	json_number(j, "not_ended", (long long)r->undecided);
	json_table(j, "by_rule", &r->rules, rules);
	json_table(j, "by_domain", &r->domains, domains);
	json_table(j, "not_known_by_rule", &r->unknown, unknown);
	json_object_end(j);
	puts("");
}

/* ---- the command ---- */

static enum tool_exit
read_policy(struct replaying *r, const char *path)
{
	char whole[PATH_MAX], why[LIMIT_CONFIG_WHY];

	if (realpath(path, whole) == NULL)
		return tool_fail_at(TOOL_NO_INPUT, path, strerror(errno));
	r->other = config_read_policy(whole, why, sizeof(why));
	if (r->other != NULL)
		return TOOL_OK;
	return tool_refuse(TOOL_CONFIG, why);
}

static enum tool_exit
replay(struct replaying *r, int64_t since)
{
	enum store_status status;

	r->rules.arena = r->domains.arena = r->unknown.arena = r->t->arena;
	r->config = r->t->engine->config;
	status = store_messages(r->store, since, take_message, r);
	if (arena_failed(r->t->arena))
		return tool_no_memory();
	if (status != STORE_OK)
		return stored_failed(r->store, status);
	tally_sort(&r->rules);
	tally_sort(&r->domains);
	tally_sort(&r->unknown);
	if (r->t->json)
		show_json(r);
	else
		show_text(r);
	return TOOL_OK;
}

static enum tool_exit
run(struct tool *t, int argc, char **argv)
{
	const char *policy = NULL, *since = NULL;
	const struct tool_option options[] = {
		{ .name = "policy", .value = &policy, .argument = "FILE",
		  .what = "the policy to try, a file as for observe-policy" },
		{ .name = "since", .value = &since, .argument = "TIME",
		  .what = "only messages of this time: 7d (default), 12h, "
		  "30m" },
		{ .name = NULL }
	};
	struct replaying *r;
	enum tool_exit status;
	int64_t begin = 0;

	if (!tool_options(t, argc, argv, options))
		return t->ended;
	if (policy == NULL || optind < argc)
		return tool_usage(t);
	r = mem_alloc(sizeof(*r));
	if (r == NULL)
		return tool_no_memory();
	r->t = t;
	status = stored_since(since, DAYS, &begin);
	if (status == TOOL_OK)
		status = read_policy(r, policy);
	if (status == TOOL_OK)
		status = stored_open(t, STORE_READ, &r->store);
	if (status == TOOL_OK)
		status = replay(r, begin);
	store_close(r->store);
	config_unref(r->other);
	mem_free(r);
	return status;
}

const struct tool_command replay_command = {
	.name = "replay",
	.run = run,
	.synopsis = "--policy FILE [--since TIME]",
	.what = "Shows what another policy would have done with stored mail",
	.example = "assay replay --policy strict.yaml --since 7d"
};
