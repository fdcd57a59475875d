/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: the answer to the client when a message is rejected or deferred.
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
#include "policy/condition.h"

/* ---- variables ---- */

struct reply_facts {
	const struct policy_decision	*decision;
	const struct policy_facts	*message;
};

typedef struct slice	extra_fn(const struct reply_facts *f);

/* A variable that is no condition. */
struct extra {
	const char	*name;
	extra_fn	*value;		/* empty: not known */
	bool		 of_dns;
};

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

static const struct extra extras[] = {
	{ "rule", rule_name, false },
	{ "spf-domain", spf_domain, true },
	{ "spf-explanation", spf_explanation, true }
};
#define EXTRAS (sizeof(extras) / sizeof(extras[0]))

const char *
policy_reply_variable(size_t i)
{
	if (i < POLICY_CONDITIONS)
		return policy_conditions[i].name;
	i -= POLICY_CONDITIONS;
	return i < EXTRAS ? extras[i].name : NULL;
}

/* Of a name; more than all when there is none. */
static size_t
find_variable(struct slice name)
{
	const char *known;
	size_t i;

	for (i = 0; (known = policy_reply_variable(i)) != NULL; i++) {
		if (slice_eq(slice_str(known), name))
			break;
	}
	return i;
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
    const char **variable, const char **problem)
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
		*variable = policy_reply_variable(find_variable(
		    cursor_span(c, is_not_brace)));
		*problem = "unknown variable";
		if (*variable != NULL && cursor_take(c, '}'))
			return true;
	}
	*c = start;
	return false;
}

static bool
is_of_dns(const char *variable)
{
	size_t i = find_variable(slice_str(variable));

	return i < POLICY_CONDITIONS ?
	    policy_conditions[i].known == POLICY_KNOWN_DNS :
	    extras[i - POLICY_CONDITIONS].of_dns;
}

bool
policy_reply_needs_dns(struct slice reply)
{
	struct cursor c = cursor_of(reply);
	const char *variable, *problem;
	struct slice literal;

	while (!cursor_at_end(&c) &&
	    take_piece(&c, &literal, &variable, &problem)) {
		if (variable != NULL && is_of_dns(variable))
			return true;
	}
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
	*problem = "the enhanced code does not look like 5.7.1";
	if (!cursor_take(c, '.') || !take_number(c) ||
	    !cursor_take(c, '.') || !take_number(c))
		return false;
	*out = cursor_since(c, &start);
	*problem = "the enhanced code is followed by a space and a text";
	return cursor_take(c, ' ');
}

/* Only what can be in a line of SMTP, pieces that are known. */
static bool
check_text(struct cursor *c, const char **problem)
{
	const char *variable;
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
	*problem = "only printable ASCII may be in a reply";
	for (; !cursor_at_end(c); c->p++) {
		if (!ascii_is_printable(*c->p))
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
	const char	*enhanced;	/* after the class */
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
		s->text[s->len++] = ascii_is_printable(c) ? c : '?';
	}
}

static void
sink_add_variable(struct sink *s, const char *name,
    const struct reply_facts *f)
{
	size_t i = find_variable(slice_str(name));
	char text[LIMIT_REPLY_TEXT + 1];
	struct slice value;

	if (i < POLICY_CONDITIONS) {
		policy_condition_show(&policy_conditions[i], f->message, text,
		    sizeof(text));
		sink_add(s, slice_str(text));
		return;
	}
	value = extras[i - POLICY_CONDITIONS].value(f);
	sink_add(s, value.len > 0 ? value : SLICE("(none)"));
}

/* Step 3. */
static void
expand(struct slice text, const struct reply_facts *f, char *out)
{
	const char *variable;
	struct sink sink = { out, 0 };
	struct cursor c = cursor_of(text);
	struct slice literal;
	const char *problem;

	while (!cursor_at_end(&c) &&
	    take_piece(&c, &literal, &variable, &problem)) {
		if (variable != NULL)
			sink_add_variable(&sink, variable, f);
		else
			sink_add(&sink, literal);
	}
	out[sink.len] = '\0';
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
