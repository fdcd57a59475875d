/* SPDX-License-Identifier: BSD-2-Clause */
/* The policies that are shipped: what they decide, and that they agree. */
#include "config/config.h"

#include "base/buf.h"
#include "tests/tap.h"

static char why[1024];

/* A text file of the source tree; owned by the caller. */
static char *
load(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *text = calloc(1, 65536);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".",
	    name);
	f = fopen(path, "rb");
	if (f == NULL || text == NULL ||
	    fread(text, 1, 65535, f) == 0) {
		printf("Bail out! %s cannot be read\n", path);
		exit(1);
	}
	(void)fclose(f);
	return text;
}

static struct config *
read_text(const char *name, const char *text)
{
	struct config *c = config_read_text(slice_str(text), name, why,
	    sizeof(why));

	if (c == NULL) {
		printf("Bail out! %s\n", why);
		exit(1);
	}
	return c;
}

static struct config *
read_shipped(const char *name)
{
	char *text = load(name);
	struct config *c = read_text(name, text);

	free(text);
	return c;
}

/* None of them is about a rule. */
static void
test_warnings(const struct config *c)
{
	char line[512];
	size_t at = 0;
	bool good = true;

	while (config_warning(c, &at, line, sizeof(line))) {
		if (strstr(line, "user is not set") == NULL) {
			printf("# %s\n", line);
			good = false;
		}
	}
	ok(good, "%s: no warnings of rules", c->path);
}

/* ---- what they decide ---- */

#define SET(r) (1u << AUTH_##r)

static const struct {
	const char		*name;
	struct policy_facts	 facts;
	enum policy_action	 action;
	const char		*rule;	/* NULL: none */
} rows[] = {
	{ "nothing known", { .dkim = SET(NONE) }, POLICY_ACCEPT, NULL },
	{ "no record", { .spf = AUTH_FAIL, .dkim = SET(NONE),
	    .dmarc = AUTH_NONE }, POLICY_ACCEPT, NULL },
	{ "pass", { .spf = AUTH_FAIL, .dkim = SET(PASS), .dmarc = AUTH_PASS,
	    .dmarc_policy = POLICY_DMARC_REJECT }, POLICY_ACCEPT, NULL },
	{ "From absent", { .from = MAIL_FROM_ABSENT, .dkim = SET(PASS),
	    .dmarc = AUTH_PERMERROR }, POLICY_REJECT, "from-unusable" },
	{ "From multiple", { .from = MAIL_FROM_MULTIPLE, .dkim = SET(PASS),
	    .dmarc = AUTH_PERMERROR }, POLICY_REJECT, "from-unusable" },
	{ "From unparsable", { .from = MAIL_FROM_UNPARSABLE,
	    .dkim = SET(PASS), .dmarc = AUTH_PERMERROR }, POLICY_REJECT,
	    "from-unusable" },
	{ "From sloppy, DMARC passes", { .from = MAIL_FROM_SLOPPY,
	    .dkim = SET(PASS), .dmarc = AUTH_PASS,
	    .dmarc_policy = POLICY_DMARC_REJECT }, POLICY_ACCEPT, NULL },
	{ "From sloppy, a signature of its own", { .from = MAIL_FROM_SLOPPY,
	    .dkim = SET(PASS), .dkim_aligned = SET(PASS),
	    .dmarc = AUTH_NONE }, POLICY_ACCEPT, "from-sloppy-signed" },
	{ "From sloppy, nobody answers for it", { .from = MAIL_FROM_SLOPPY,
	    .dkim = SET(PASS), .dkim_aligned = SET(NONE),
	    .dmarc = AUTH_NONE }, POLICY_REJECT, "from-sloppy" },
	{ "From sloppy, fails", { .from = MAIL_FROM_SLOPPY,
	    .dkim = SET(PASS), .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_NONE }, POLICY_REJECT,
	    "from-sloppy" },
	{ "From sloppy, DNS failed", { .from = MAIL_FROM_SLOPPY,
	    .dkim = SET(PASS), .dmarc = AUTH_TEMPERROR }, POLICY_TEMPFAIL,
	    "dns-failed" },
	{ "DNS failed", { .dmarc = AUTH_TEMPERROR, .spf = AUTH_TEMPERROR,
	    .dkim = SET(NONE) }, POLICY_TEMPFAIL, "dns-failed" },
	{ "SPF failed, no record", { .dmarc = AUTH_NONE,
	    .spf = AUTH_TEMPERROR, .dkim = SET(NONE) }, POLICY_ACCEPT,
	    NULL },
	{ "reject, spf fail, no signature", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(NONE) }, POLICY_REJECT, "dmarc-reject" },
	{ "reject, spf fail, broken signature", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(FAIL) }, POLICY_REJECT, "dmarc-reject" },
	{ "reject, spf fail, a signature passes", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(FAIL) | SET(PASS) }, POLICY_QUARANTINE,
	    "dmarc-reject-signed" },
	{ "reject alone", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_SOFTFAIL,
	    .dkim = SET(NONE) }, POLICY_QUARANTINE,
	    "dmarc-reject-doubtful" },
	{ "reject, spf passes for another domain", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_PASS,
	    .dkim = SET(NONE) }, POLICY_QUARANTINE,
	    "dmarc-reject-doubtful" },
	{ "reject in test mode is quarantine", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .dmarc_testing = true,
	    .spf = AUTH_FAIL, .dkim = SET(NONE) }, POLICY_QUARANTINE,
	    "dmarc-reject-doubtful" },
	{ "reject, a trusted sealer answers for it", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(FAIL), .arc = AUTH_PASS, .arc_trusted = true },
	    POLICY_ACCEPT, "trusted-sealer" },
	{ "reject, a stranger's seal", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(FAIL), .arc = AUTH_PASS }, POLICY_REJECT,
	    "dmarc-reject" },
	{ "reject, a known forwarder", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(FAIL), .forwarder = { SLICE_INIT("yes"),
	    SLICE_INIT("alumni") }, .forwarder_count = 2 },
	    POLICY_ACCEPT, "known-forwarder" },
	{ "reject, no forwarder", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(NONE), .forwarder = { SLICE_INIT("no") },
	    .forwarder_count = 1 }, POLICY_REJECT, "dmarc-reject" },
	{ "reject, DNS hides a forwarder", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_REJECT, .spf = AUTH_FAIL,
	    .dkim = SET(NONE), .forwarder = { SLICE_INIT("unknown") },
	    .forwarder_count = 1 }, POLICY_TEMPFAIL, "forwarder-unknown" },
	{ "none, DNS hides a forwarder", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_NONE, .spf = AUTH_FAIL,
	    .dkim = SET(NONE), .forwarder = { SLICE_INIT("unknown") },
	    .forwarder_count = 1 }, POLICY_ACCEPT, NULL },
	{ "From multiple, a trusted sealer", { .from = MAIL_FROM_MULTIPLE,
	    .dkim = SET(PASS), .dmarc = AUTH_PERMERROR, .arc_trusted = true },
	    POLICY_REJECT, "from-unusable" },
	{ "quarantine", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_QUARANTINE, .spf = AUTH_FAIL,
	    .dkim = SET(NONE) }, POLICY_QUARANTINE, "dmarc-quarantine" },
	{ "quarantine in test mode is none", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_QUARANTINE, .dmarc_testing = true,
	    .spf = AUTH_FAIL, .dkim = SET(NONE) }, POLICY_ACCEPT, NULL },
	{ "policy none", { .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_NONE, .spf = AUTH_FAIL,
	    .dkim = SET(NONE) }, POLICY_ACCEPT, NULL },
};

static void
is_rule(const struct policy_rule *r, const char *want, const char *name)
{
	char got[80] = "none";

	if (r != NULL)
		(void)snprintf(got, sizeof(got), "%.*s", SLICE_ARG(r->name));
	is_str(got, want != NULL ? want : "none", name);
}

static void
test_strict(const struct config *c)
{
	struct policy_decision d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		policy_decide(&c->policy, &rows[i].facts, &d);
		is_rule(d.rule, rows[i].rule, rows[i].name);
		ok(d.action == rows[i].action && d.observed == NULL,
		    "strict: %s: %s", rows[i].name,
		    policy_action_name(d.action));
	}
}

static void
test_observe(const struct config *c)
{
	struct policy_decision d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		policy_decide(&c->policy, &rows[i].facts, &d);
		ok(d.action == POLICY_ACCEPT && d.rule == NULL,
		    "observe: %s: accept", rows[i].name);
		is_rule(d.observed, rows[i].rule, "and what would have been");
	}
}

static void
test_bounds(const struct config *c)
{
	const struct policy_rule *r;

	for (r = c->policy.rules; r < c->policy.rules + c->policy.count; r++)
		/* The sender can bring about that one himself. */
		ok(slice_eq(r->name, SLICE("forwarder-unknown")) ?
		    r->at_most == 0 :
		    (r->action == POLICY_TEMPFAIL) == (r->at_most == 4 * 3600),
		    "%.*s: what is deferred, for four hours at most",
		    SLICE_ARG(r->name));
}

/* ---- that they agree, and that their examples are good ---- */

/* Without comments, empty lines and "observe". */
static void
put_rules(struct buf *b, const char *text)
{
	struct slice rest = slice_str(text), line, trimmed;

	while (rest.len > 0) {
		slice_cut(&rest, '\n', &line);
		trimmed = slice_trim(line);
		if (trimmed.len == 0 || trimmed.ptr[0] == '#' ||
		    slice_eq(trimmed, SLICE("observe: yes")))
			continue;
		buf_add(b, line);
		buf_addc(b, '\n');
	}
}

static void
test_agree(void)
{
	char *strict = load("etc/policy-strict.yaml");
	char *observe = load("etc/policy-observe.yaml");
	struct buf a, b;

	buf_init(&a, 65536);
	buf_init(&b, 65536);
	put_rules(&a, strict);
	put_rules(&b, observe);
	is_str(buf_cstr(&b), buf_cstr(&a), "the same rules in both");
	buf_fini(&a);
	buf_fini(&b);
	free(strict);
	free(observe);
}

static void
test_examples(void)
{
	char *text = load("etc/policy-strict.yaml"), *line = text;
	struct config *c;
	unsigned int out = 0;

	/* "  # - name" and "  #   key": the "#" goes. */
	while ((line = strstr(line, "\n  # ")) != NULL) {
		line += strlen("\n  # ");
		if ((line[0] == '-' && line[1] == ' ') ||
		    (line[0] == ' ' && line[1] == ' ')) {
			memset(line - 2, ' ', 2);
			memmove(line - 4, line - 2, strlen(line - 2) + 1);
			out++;
		}
	}
	ok(out == 3, "%u lines taken out of comments", out);
	c = read_text("examples", text);
	is_num((long long)c->policy.count, 12, "rules with the examples");
	test_warnings(c);
	config_unref(c);
	free(text);
}

/* ---- pieces to include ---- */

#define CLAIMS .claimed = true

static const struct {
	const char		*piece;
	const char		*name;
	struct policy_facts	 facts;
	enum policy_action	 action;
	const char		*rule;	/* NULL: none */
} pieces[] = {
	{ "own-domains", "ours, passes", { CLAIMS, .own_domain = true,
	    .dmarc = AUTH_PASS, .dkim = SET(PASS) }, POLICY_ACCEPT, NULL },
	{ "own-domains", "ours, fails", { CLAIMS, .own_domain = true,
	    .dmarc = AUTH_FAIL, .dkim = SET(PASS) }, POLICY_REJECT,
	    "own-domain-forged" },
	{ "own-domains", "ours, no record", { CLAIMS, .own_domain = true,
	    .dmarc = AUTH_NONE, .dkim = SET(NONE),
	    .dkim_aligned = SET(NONE) }, POLICY_REJECT,
	    "own-domain-forged" },
	{ "own-domains", "ours, no record, signed", { CLAIMS,
	    .own_domain = true, .dmarc = AUTH_NONE, .dkim = SET(PASS),
	    .dkim_aligned = SET(PASS) }, POLICY_ACCEPT,
	    "own-domain-signed" },
	{ "own-domains", "ours beside another one", { CLAIMS,
	    .own_domain = true, .from = MAIL_FROM_MULTIPLE,
	    .dmarc = AUTH_PERMERROR, .dkim = SET(PASS) }, POLICY_REJECT,
	    "own-domain-forged" },
	{ "own-domains", "ours, DNS failed", { CLAIMS, .own_domain = true,
	    .dmarc = AUTH_TEMPERROR, .dkim = SET(NONE) }, POLICY_TEMPFAIL,
	    "own-domain-later" },
	{ "own-domains", "not ours", { CLAIMS, .dmarc = AUTH_FAIL,
	    .dkim = SET(NONE) }, POLICY_ACCEPT, NULL },
	{ "own-domains", "no domain", { .from = MAIL_FROM_ABSENT,
	    .own_domain = true, .dmarc = AUTH_PERMERROR,
	    .dkim = SET(NONE) }, POLICY_ACCEPT, NULL },
	{ "enforce-anyway", "a brand, fails", { CLAIMS,
	    .enforce_anyway = true, .dmarc = AUTH_FAIL,
	    .dmarc_policy = POLICY_DMARC_NONE, .dkim = SET(PASS) },
	    POLICY_REJECT, "enforce-anyway" },
	{ "enforce-anyway", "a brand, passes", { CLAIMS,
	    .enforce_anyway = true, .dmarc = AUTH_PASS,
	    .dkim = SET(PASS) }, POLICY_ACCEPT, NULL },
	{ "enforce-anyway", "a brand beside another domain", { CLAIMS,
	    .enforce_anyway = true, .from = MAIL_FROM_MULTIPLE,
	    .dmarc = AUTH_PERMERROR, .dkim = SET(PASS) }, POLICY_REJECT,
	    "enforce-anyway" },
	{ "enforce-anyway", "a brand, DNS failed", { CLAIMS,
	    .enforce_anyway = true, .dmarc = AUTH_TEMPERROR,
	    .dkim = SET(NONE) }, POLICY_TEMPFAIL, "enforce-anyway-later" },
	{ "enforce-anyway", "somebody else", { CLAIMS, .dmarc = AUTH_FAIL,
	    .dkim = SET(NONE) }, POLICY_ACCEPT, NULL },
	{ "reject-weak", "weak, DMARC fails", { CLAIMS, .dmarc = AUTH_FAIL,
	    .dkim = SET(POLICY), .spf = AUTH_PASS }, POLICY_REJECT,
	    "weak-signature" },
	{ "reject-weak", "weak, DMARC passes by SPF", { CLAIMS,
	    .dmarc = AUTH_PASS, .dkim = SET(POLICY), .spf = AUTH_PASS },
	    POLICY_ACCEPT, NULL },
	{ "reject-weak", "weak, no record, nothing else", { CLAIMS,
	    .dmarc = AUTH_NONE, .dkim = SET(POLICY),
	    .dkim_aligned = SET(POLICY), .spf = AUTH_SOFTFAIL },
	    POLICY_REJECT, "weak-signature-alone" },
	{ "reject-weak", "weak, no record, SPF passes", { CLAIMS,
	    .dmarc = AUTH_NONE, .dkim = SET(POLICY),
	    .dkim_aligned = SET(POLICY), .spf = AUTH_PASS }, POLICY_ACCEPT,
	    NULL },
	{ "reject-weak", "weak, no record, signed as well", { CLAIMS,
	    .dmarc = AUTH_NONE, .dkim = SET(POLICY) | SET(PASS),
	    .dkim_aligned = SET(PASS), .spf = AUTH_FAIL }, POLICY_ACCEPT,
	    "weak-but-signed" },
	{ "reject-weak", "a broken signature", { CLAIMS, .dmarc = AUTH_FAIL,
	    .dkim = SET(FAIL), .spf = AUTH_FAIL }, POLICY_ACCEPT, NULL }
};

/* With the lists that it asks for. */
static struct config *
read_piece(const char *name)
{
	char path[80], *text;
	struct config *c;
	struct buf b;

	(void)snprintf(path, sizeof(path), "etc/policy-%s.yaml", name);
	text = load(path);
	buf_init(&b, 65536);
	buf_adds(&b, "own-domains: example.org\n"
	    "enforce-anyway: bank.example\n");
	buf_adds(&b, text);
	c = read_text(path, buf_cstr(&b));
	buf_fini(&b);
	free(text);
	return c;
}

static void
test_piece(size_t i)
{
	struct config *c = read_piece(pieces[i].piece);
	struct policy_decision d;

	policy_decide(&c->policy, &pieces[i].facts, &d);
	is_rule(d.rule, pieces[i].rule, pieces[i].name);
	ok(d.action == pieces[i].action, "%s: %s: %s", pieces[i].piece,
	    pieces[i].name, policy_action_name(d.action));
	test_warnings(c);
	test_bounds(c);
	config_unref(c);
}

int
main(void)
{
	struct config *strict = read_shipped("etc/policy-strict.yaml");
	struct config *observe = read_shipped("etc/policy-observe.yaml");
	size_t i;

	test_warnings(strict);
	test_warnings(observe);
	test_strict(strict);
	test_observe(observe);
	test_bounds(strict);
	test_bounds(observe);
	test_agree();
	test_examples();
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		test_piece(i);
	config_unref(strict);
	config_unref(observe);
	return tap_done();
}
