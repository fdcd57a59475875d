/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: what the client is told when a message is refused or deferred.
 *
 * 1. A template is taken apart: code, enhanced code, text.  The same code
 *    checks it when the configuration is read and uses it here, so the two
 *    cannot differ.
 * 2. Without a template, or for what it leaves out, RFC 7372 says the
 *    enhanced code for what the rule matched: 3.2 for SPF, 3.1 for DKIM,
 *    3.4 when several checks failed.  Those codes of class 5 have no sibling
 *    in class 4 but X.7.24; a deferral for another reason is X.7.1 (RFC 3463
 *    3.8).  A fail of DMARC alone is 5.7.1, with that word in the text (RFC
 *    9989 7.2).
 * 3. The text is expanded octet by octet into fixed room.  What a sender
 *    chose (names, an explanation) is text there, never a format, and only
 *    printable ASCII of it is kept (RFC 7208 11.5.1, RFC 5321 4.2).
 */
#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"

/* ---- variables ---- */

#define RESULTS_TEXT 80		/* room for all results with commas */

struct reply_facts {
	const struct policy_decision	*decision;
	const struct policy_facts	*message;
	char				 client[IPADDR_TEXT];
	char				 dkim[RESULTS_TEXT];
	char				 dkim_aligned[RESULTS_TEXT];
};

typedef struct slice	variable_fn(const struct reply_facts *f);

struct variable {
	struct slice	 name;
	variable_fn	*value;		/* empty: not known */
	bool		 at_mail;	/* it may be known there */
};

static struct slice
from_domain(const struct reply_facts *f)
{
	return f->message->from_domain;
}

static struct slice
mailfrom_domain(const struct reply_facts *f)
{
	return f->message->mailfrom_domain;
}

static struct slice
helo(const struct reply_facts *f)
{
	return f->message->helo;
}

static struct slice
client(const struct reply_facts *f)
{
	return f->message->client.family == IPADDR_NONE ? SLICE("") :
	    slice_str(f->client);
}

static struct slice
spf(const struct reply_facts *f)
{
	return slice_str(auth_result_name(f->message->spf));
}

static struct slice
spf_helo(const struct reply_facts *f)
{
	return f->message->spf_helo_checked ?
	    slice_str(auth_result_name(f->message->spf_helo)) : SLICE("");
}

static struct slice
dkim(const struct reply_facts *f)
{
	return slice_str(f->dkim);
}

static struct slice
dkim_aligned(const struct reply_facts *f)
{
	return slice_str(f->dkim_aligned);
}

static struct slice
dmarc(const struct reply_facts *f)
{
	return slice_str(auth_result_name(f->message->dmarc));
}

static struct slice
dmarc_policy(const struct reply_facts *f)
{
	switch (f->message->dmarc_policy) {
	case POLICY_DMARC_NONE:
		return SLICE("none");
	case POLICY_DMARC_QUARANTINE:
		return SLICE("quarantine");
	case POLICY_DMARC_REJECT:
		return SLICE("reject");
	case POLICY_DMARC_NO_RECORD:
		break;
	}
	return SLICE("");
}

static struct slice
yes_no(bool yes)
{
	return yes ? SLICE("yes") : SLICE("no");
}

static struct slice
dmarc_testing(const struct reply_facts *f)
{
	return f->message->dmarc_policy == POLICY_DMARC_NO_RECORD ?
	    SLICE("") : yes_no(f->message->dmarc_testing);
}

static struct slice
from(const struct reply_facts *f)
{
	return slice_str(mail_from_state_name(f->message->from));
}

static struct slice
dnssec(const struct reply_facts *f)
{
	return yes_no(f->message->dnssec);
}

static struct slice
tls(const struct reply_facts *f)
{
	return yes_no(f->message->tls);
}

static struct slice
dkim_partial(const struct reply_facts *f)
{
	return yes_no(f->message->dkim_partial);
}

static struct slice
dkim_doubled(const struct reply_facts *f)
{
	return yes_no(f->message->dkim_doubled);
}

static struct slice
rule_name(const struct reply_facts *f)
{
	return f->decision->rule != NULL ? f->decision->rule->name :
	    SLICE("");
}

static struct slice
spf_domain(const struct reply_facts *f)
{
	return f->message->spf_domain;
}

static struct slice
spf_explanation(const struct reply_facts *f)
{
	return f->message->spf_explanation;
}

static const struct variable variables[] = {
	{ SLICE_INIT("from-domain"), from_domain, false },
	{ SLICE_INIT("mailfrom-domain"), mailfrom_domain, true },
	{ SLICE_INIT("helo"), helo, true },
	{ SLICE_INIT("client"), client, true },
	{ SLICE_INIT("spf"), spf, true },
	{ SLICE_INIT("spf-helo"), spf_helo, true },
	{ SLICE_INIT("dkim"), dkim, false },
	{ SLICE_INIT("dkim-aligned"), dkim_aligned, false },
	{ SLICE_INIT("dmarc"), dmarc, false },
	{ SLICE_INIT("dmarc-policy"), dmarc_policy, false },
	{ SLICE_INIT("dmarc-testing"), dmarc_testing, false },
	{ SLICE_INIT("from"), from, false },
	{ SLICE_INIT("dnssec"), dnssec, false },
	{ SLICE_INIT("tls"), tls, true },
	{ SLICE_INIT("dkim-partial"), dkim_partial, false },
	{ SLICE_INIT("dkim-doubled"), dkim_doubled, false },
	{ SLICE_INIT("rule"), rule_name, true },
	{ SLICE_INIT("spf-domain"), spf_domain, true },
	{ SLICE_INIT("spf-explanation"), spf_explanation, true }
};

static const char unknown_variable[] =
    "unknown variable; known are from-domain, mailfrom-domain, helo, client, "
    "spf, spf-helo, dkim, dkim-aligned, dmarc, dmarc-policy, dmarc-testing, "
    "from, dnssec, tls, dkim-partial, dkim-doubled, rule, spf-domain, "
    "spf-explanation";

/* What is not known has one word, for every variable. */
static struct slice
value_of(const struct variable *v, const struct reply_facts *f)
{
	struct slice value = f->message->at_mail && !v->at_mail ?
	    SLICE("") : v->value(f);

	return value.len > 0 ? value : SLICE("(none)");
}

static const struct variable *
find_variable(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (slice_eq(variables[i].name, name))
			return &variables[i];
	}
	return NULL;
}

/* ---- templates ---- */

static bool
is_digit(char c)
{
	return ascii_is_digit(c);
}

static bool
is_not_percent(char c)
{
	return c != '%';
}

static bool
is_not_brace(char c)
{
	return c != '}';
}

/*
 * Takes the next piece of a text: a variable, or `literal`.  False, with
 * the cursor where it was, for what is neither.
 */
static bool
take_piece(struct cursor *c, struct slice *literal,
    const struct variable **variable, const char **problem)
{
	struct cursor start = *c;

	*variable = NULL;
	*literal = cursor_span(c, is_not_percent);
	if (literal->len > 0)
		return true;
	(void)cursor_take(c, '%');
	*problem = "a single % is written %%";
	if (cursor_take(c, '%')) {
		*literal = SLICE("%");
		return true;
	}
	if (cursor_take(c, '{')) {
		*variable = find_variable(cursor_span(c, is_not_brace));
		*problem = unknown_variable;
		if (*variable != NULL && cursor_take(c, '}'))
			return true;
	}
	*c = start;
	return false;
}

struct template {
	struct slice	code, enhanced;	/* empty: the default */
	struct slice	text;
};

/* Step 1: "550", the class fitting the action (RFC 5321 4.2.1). */
static bool
take_code(struct cursor *c, enum policy_action action, struct slice *out,
    const char **problem)
{
	struct cursor start = *c;
	struct slice digits = cursor_span(c, is_digit);

	if (digits.len == 0)
		return true;
	*c = start;
	*problem = "the code is not three digits, the second 0 to 5";
	if (digits.len != 3 || digits.ptr[1] > '5')
		return false;
	*problem = action == POLICY_REJECT ?
	    "the code of a rejection is 5xx" : "the code of a deferral is 4xx";
	if (digits.ptr[0] != (action == POLICY_REJECT ? '5' : '4'))
		return false;
	c->p += digits.len;
	*problem = "the code is followed by a space and a text";
	*out = digits;
	return cursor_take(c, ' ');
}

static bool
take_number(struct cursor *c)
{
	struct slice digits = cursor_span(c, is_digit);

	return digits.len > 0 && digits.len <= 3 &&
	    (digits.len == 1 || digits.ptr[0] != '0');
}

/* "5.7.1" in the class of the code (RFC 3463 2, RFC 2034 4). */
static bool
take_enhanced(struct cursor *c, char class, struct slice *out,
    const char **problem)
{
	struct cursor start = *c;

	if (cursor_at_end(c) || !ascii_is_digit(*c->p))
		return true;
	*problem = "the enhanced code is not in the class of the code";
	if (!cursor_take(c, class))
		return false;
	*problem = "the enhanced code is not as 5.7.1";
	if (!cursor_take(c, '.') || !take_number(c) ||
	    !cursor_take(c, '.') || !take_number(c))
		return false;
	*out = cursor_since(c, &start);
	*problem = "the enhanced code is followed by a space and a text";
	return cursor_take(c, ' ');
}

/* Only what can stand in a line of SMTP, pieces that are known. */
static bool
check_text(struct cursor *c, const char **problem)
{
	const struct variable *variable;
	struct slice literal;
	struct cursor ahead = *c;

	*problem = "there is no text";
	if (cursor_at_end(c))
		return false;
	*problem = "the text is too long";
	if (cursor_left(c) > LIMIT_REPLY_TEXT) {
		c->p += LIMIT_REPLY_TEXT;
		return false;
	}
	*problem = "only printable ASCII may stand in a reply";
	for (; !cursor_at_end(c); c->p++) {
		if (!ascii_is_vchar(*c->p) && *c->p != ' ')
			return false;
	}
	for (*c = ahead; !cursor_at_end(c); ) {
		if (!take_piece(c, &literal, &variable, problem))
			return false;
	}
	return true;
}

static bool
take_template(struct cursor *c, enum policy_action action,
    struct template *out, const char **problem)
{
	*out = (struct template){ .text = { NULL, 0 } };
	*problem = "only reject and tempfail have a reply";
	if (action != POLICY_REJECT && action != POLICY_TEMPFAIL)
		return false;
	if (!take_code(c, action, &out->code, problem))
		return false;
	if (out->code.len > 0 && !take_enhanced(c, out->code.ptr[0],
	    &out->enhanced, problem))
		return false;
	out->text = cursor_rest(c);
	return check_text(c, problem);
}

bool
policy_reply_check(struct slice reply, enum policy_action action,
    const char **problem, size_t *at)
{
	struct cursor c = cursor_of(reply);
	struct template t;
	bool good = take_template(&c, action, &t, problem);

	*at = reply.len - cursor_left(&c);
	return good;
}

/* ---- defaults ---- */

struct fallback {
	char		class;
	const char	*enhanced;	/* behind the class */
	const char	*text;
};

static bool
is_failed(enum auth_result r)
{
	return r == AUTH_FAIL || r == AUTH_PERMERROR;
}

/* For a result of SPF; NULL when RFC 7372 has no code for it. */
static const char *
spf_code(enum auth_result r, char class)
{
	if (r == AUTH_FAIL && class == '5')
		return ".7.23";
	if (r == AUTH_PERMERROR || r == AUTH_TEMPERROR)
		return ".7.24";
	return NULL;
}

static const char *
spf_text(const struct policy_facts *f)
{
	if (f->spf == AUTH_PERMERROR)
		return "the SPF record of %{spf-domain} is in error";
	if (f->spf == AUTH_TEMPERROR)
		return "the SPF record of %{spf-domain} could not be looked "
		    "up";
	/* RFC 7208 8.4: say whose words these are. */
	if (f->spf_explanation.len > 0)
		return "SPF does not allow mail of %{spf-domain} from "
		    "%{client}; %{spf-domain} explains: %{spf-explanation}";
	return "SPF does not allow mail of %{spf-domain} from %{client}";
}

static const char *
helo_text(enum auth_result r)
{
	if (r == AUTH_PERMERROR)
		return "the SPF record of the HELO name %{helo} is in error";
	if (r == AUTH_TEMPERROR)
		return "the SPF record of the HELO name %{helo} could not be "
		    "looked up";
	return "SPF does not allow the HELO name %{helo} from %{client}";
}

/* What the rule asked for and what failed. */
struct failures {
	const char	*spf, *spf_helo;	/* codes; NULL: not failed */
	bool		 an_spf;		/* one of them, for good */
	bool		 dkim, dkim_aligned;	/* no signature passed */
	bool		 dmarc;
};

static void
find_failures(const struct policy_rule *r, const struct policy_facts *f,
    char class, struct failures *out)
{
	const unsigned int pass = 1u << AUTH_PASS;

	out->spf = r->spf != 0 ? spf_code(f->spf, class) : NULL;
	out->spf_helo =
	    r->spf_helo != 0 ? spf_code(f->spf_helo, class) : NULL;
	out->an_spf = (out->spf != NULL && is_failed(f->spf)) ||
	    (out->spf_helo != NULL && is_failed(f->spf_helo));
	out->dkim = class == '5' && r->dkim != 0 && (f->dkim & pass) == 0;
	out->dkim_aligned = class == '5' && r->dkim_aligned != 0 &&
	    (f->dkim_aligned & pass) == 0;
	out->dmarc = class == '5' && r->dmarc != 0 && f->dmarc == AUTH_FAIL;
}

/* RFC 5322 3.6 and 3.6.2; no code says more than X.7.1. */
static const char *
from_text(enum mail_from_state state)
{
	switch (state) {
	case MAIL_FROM_OK:
		break;
	case MAIL_FROM_ABSENT:
		return "the message has no From field";
	case MAIL_FROM_MULTIPLE:
		return "the message has several From fields, or several "
		    "domains in From";
	case MAIL_FROM_SLOPPY:
	case MAIL_FROM_UNPARSABLE:
		return "the From field of the message is not a list of "
		    "addresses";
	}
	return NULL;
}

static struct fallback
dkim_fallback(const struct failures *failed, const struct policy_facts *f,
    char class)
{
	if (failed->dkim_aligned && (f->dkim & 1u << AUTH_PASS) != 0)
		return (struct fallback){ class, ".7.22",
		    "no passing DKIM signature of %{from-domain} found" };
	return (struct fallback){ class, ".7.20",
	    "no passing DKIM signature found" };
}

/* The rest: errors, and what no RFC has a code for. */
static const char *
plain_text(const struct policy_rule *r, const struct policy_facts *f,
    char class)
{
	const char *text = r->from != 0 || r->dmarc != 0 ?
	    from_text(f->from) : NULL;

	if (text != NULL)
		return text;
	if (r->dmarc != 0 && f->dmarc == AUTH_TEMPERROR)
		return "DMARC of %{from-domain} could not be checked, since "
		    "DNS gave no answer";
	return class == '5' ? "refused by local policy" :
	    "deferred by local policy, try again later";
}

/* Step 2. */
static struct fallback
choose_default(const struct policy_rule *r, const struct policy_facts *f,
    enum policy_action action)
{
	char class = action == POLICY_REJECT ? '5' : '4';
	struct failures failed;
	bool dkim;

	find_failures(r, f, class, &failed);
	dkim = failed.dkim || failed.dkim_aligned;
	if (failed.dmarc)
		return (struct fallback){ class,
		    failed.an_spf || dkim ? ".7.26" : ".7.1",
		    "DMARC: not authenticated as mail from %{from-domain}, "
		    "whose policy is %{dmarc-policy}" };
	if (failed.an_spf && dkim)
		return (struct fallback){ class, ".7.26",
		    "neither SPF nor DKIM authenticates this message" };
	if (failed.spf != NULL)
		return (struct fallback){ class, failed.spf, spf_text(f) };
	if (failed.spf_helo != NULL)
		return (struct fallback){ class, failed.spf_helo,
		    helo_text(f->spf_helo) };
	if (dkim)
		return dkim_fallback(&failed, f, class);
	return (struct fallback){ class, ".7.1", plain_text(r, f, class) };
}

/* ---- writing ---- */

struct sink {
	char	*text;
	size_t	 len;
};

static void
sink_add(struct sink *s, struct slice from)
{
	size_t i;
	char c;

	for (i = 0; i < from.len && s->len < LIMIT_REPLY_TEXT; i++) {
		c = from.ptr[i];
		s->text[s->len++] = ascii_is_vchar(c) || c == ' ' ? c : '?';
	}
}

/* Step 3. */
static void
expand(struct slice text, const struct reply_facts *f, char *out)
{
	const struct variable *variable;
	struct sink sink = { out, 0 };
	struct cursor c = cursor_of(text);
	struct slice literal;
	const char *problem;

	while (!cursor_at_end(&c) &&
	    take_piece(&c, &literal, &variable, &problem))
		sink_add(&sink, variable != NULL ? value_of(variable, f) :
		    literal);
	out[sink.len] = '\0';
}

/* "pass,fail" */
static void
put_results(char out[RESULTS_TEXT], unsigned int set)
{
	size_t len = 0;
	unsigned int r;

	out[0] = '\0';
	for (r = 0; r < AUTH_RESULTS; r++) {
		if ((set & 1u << r) != 0 && len < RESULTS_TEXT)
			len += (size_t)snprintf(out + len,
			    RESULTS_TEXT - len, "%s%s", len > 0 ? "," : "",
			    auth_result_name((enum auth_result)r));
	}
}

static void
put_slice(char *out, size_t size, struct slice s)
{
	snprintf(out, size, "%.*s", SLICE_ARG(s));
}

void
policy_reply(const struct policy_decision *d, const struct policy_facts *f,
    struct policy_reply *out)
{
	static const struct policy_rule no_rule;
	const struct policy_rule *r = d->rule != NULL ? d->rule : &no_rule;
	struct reply_facts facts = { .decision = d, .message = f };
	struct cursor c = cursor_of(r->reply);
	struct fallback fallback;
	struct template t = { .text = { NULL, 0 } };
	const char *problem;

	memset(out, 0, sizeof(*out));
	if (d->action != POLICY_REJECT && d->action != POLICY_TEMPFAIL)
		return;
	if (r->reply.len > 0 && !take_template(&c, d->action, &t, &problem))
		t = (struct template){ .text = { NULL, 0 } };
	fallback = choose_default(r, f, d->action);
	ipaddr_format(&f->client, facts.client);
	put_results(facts.dkim, f->dkim);
	put_results(facts.dkim_aligned, f->dkim_aligned);
	put_slice(out->code, sizeof(out->code), t.code.len > 0 ? t.code :
	    d->action == POLICY_REJECT ? SLICE("550") : SLICE("451"));
	if (t.enhanced.len > 0)
		put_slice(out->enhanced, sizeof(out->enhanced), t.enhanced);
	else
		snprintf(out->enhanced, sizeof(out->enhanced), "%c%s",
		    fallback.class, fallback.enhanced);
	expand(t.text.len > 0 ? t.text : slice_str(fallback.text), &facts,
	    out->text);
}
