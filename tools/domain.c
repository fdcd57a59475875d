/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: the records of a domain, by the code that checks mail.
 *
 * 1. All questions at once: SPF with all that it includes, the keys of the
 *    selectors, the walk of DMARC and who agrees to get reports, and TLS.
 * 2. The policy of MTA-STS is fetched, and servers are connected to, if asked.
 * 3. One section for each, then what to fix, most serious first.
 */
#include "tools/domain.h"

#include <getopt.h>

#include "base/limits.h"
#include "dkim/key.h"
#include "dkim/lint.h"
#include "dmarc/dmarc.h"
#include "spf/lint.h"
#include "tools/answer.h"
#include "tools/dmarc.h"
#include "tools/lint.h"
#include "tools/reports.h"
#include "tools/tls.h"

#define SELECTORS_MAX	20
#define HTTPS_PORT	443
#define SMTP_PORT	25

struct selector {
	struct slice		 text;		/* borrowed from argv */
	struct domain		 name;		/* of its record */
	const struct dns_answer	*answer;
	/* The first record that has a key which can be used. */
	bool			 has_key, testing;
	bool			 rsa;
	unsigned int		 bits;
};

struct survey {
	/* Options. */
	const char		*selectors_text, *certificate_file;
	const char		*https_port, *smtp_port;
	struct tls_options	 options;

	struct tool		*tool;
	struct domain		 domain;
	struct selector		 selectors[SELECTORS_MAX];
	size_t			 selector_count;
	struct certificates	*certificates;

	struct arena		*spf_memory, *dmarc_memory;
	struct spf_lint_sum	 spf;
	const struct dns_answer	*spf_answer;
	struct mail_from	 from;
	struct dmarc_request	 request;
	struct dmarc_verdict	 verdict;
	struct dmarc_story	*dmarc;
	struct reports		 reports;
	struct tls_story	*tls;
	struct lint_notes	 notes;
};

/* ---- options ---- */

/* "s1,s2" */
static enum tool_exit
read_selectors(struct survey *p)
{
	struct slice rest = slice_str(p->selectors_text), one;
	struct domain label;
	struct selector *s;
	struct buf text;
	bool good;

	while (rest.len > 0) {
		(void)slice_cut(&rest, ',', &one);
		if (p->selector_count == SELECTORS_MAX)
			return tool_fail(TOOL_USAGE, "more than 20 selectors",
			    NULL);
		s = &p->selectors[p->selector_count++];
		s->text = slice_trim(one);
		buf_init(&text, DOMAIN_MAX);
		good = domain_parse(s->text, &label);
		buf_addf(&text, "%s._domainkey", label.text);
		good = good && !buf_failed(&text) && domain_below(
		    buf_slice(&text), domain_slice(&p->domain), &s->name);
		buf_fini(&text);
		if (!good)
			return tool_fail(TOOL_USAGE, "not a selector",
			    p->selectors_text);
	}
	return TOOL_OK;
}

static enum tool_exit
read_certificates(struct survey *p)
{
	const char *problem;
	enum tool_exit status;
	struct buf text;

	if (p->certificate_file == NULL)
		return TOOL_OK;
	status = tool_read_file(p->certificate_file, &text);
	if (status == TOOL_OK) {
		p->certificates = certificates_read(buf_slice(&text),
		    &problem);
		if (p->certificates == NULL)
			status = tool_fail_at(TOOL_NO_INPUT,
			    p->certificate_file, problem);
	}
	p->options.certificates = p->certificates;
	buf_fini(&text);
	return status;
}

/* ---- step 1 ---- */

/* An inquiry_step_fn. */
static bool
ask(void *arg, struct dns_ledger *ledger)
{
	struct survey *p = arg;
	bool done = tls_story_ask(p->tls, ledger);
	size_t i;

	done = spf_lint(&p->domain, ledger, p->spf_memory, NULL, NULL,
	    &p->spf) == CHECK_DONE && done;
	for (i = 0; i < p->selector_count; i++)
		done = dns_ledger_ask(ledger,
		    domain_slice(&p->selectors[i].name), DNS_TYPE_TXT) !=
		    NULL && done;
	if (dmarc_check(&p->request, ledger, p->dmarc_memory, NULL, NULL,
	    &p->verdict) != CHECK_DONE)
		return false;
	return reports_ask(&p->verdict, ledger, &p->reports) && done;
}

/* ---- step 2, and what to fix ---- */

/* A tool_check_fn. */
static enum check_state
lint_spf(void *arg, struct dns_ledger *ledger, struct arena *scratch)
{
	struct survey *p = arg;

	return spf_lint(&p->domain, ledger, scratch, lint_notes_add,
	    &p->notes, &p->spf);
}

static void
note(struct survey *p, enum lint_weight weight, struct slice name,
    const char *what)
{
	const struct lint_note n = { .weight = weight, .domain = name,
		.what = what };

	lint_notes_add(&p->notes, &n);
}

static void
read_key(struct selector *s)
{
	struct dkim_key key;
	const char *problem;
	size_t i;

	for (i = 0; i < s->answer->count && i < LIMIT_DKIM_KEY_RECORDS &&
	    !s->has_key; i++) {
		s->has_key = dkim_key_parse(s->answer->records[i].text, &key,
		    &problem) == DKIM_KEY_OK;
		s->rsa = key.type == CRYPTO_RSA;
		s->bits = key.bits;
		s->testing = key.testing;
		dkim_key_fini(&key);
	}
}

static void
look_at_key(struct survey *p, struct selector *s, struct dns_ledger *ledger)
{
	s->answer = dns_ledger_ask(ledger, domain_slice(&s->name),
	    DNS_TYPE_TXT);
	if (s->answer == NULL)
		s->answer = dns_answer_of(DNS_NOT_ASKED);
	read_key(s);
	if (dns_outcome_is_known(s->answer->outcome))
		dkim_key_lint(domain_slice(&s->name), s->answer,
		    lint_notes_add, &p->notes);
	else
		note(p, LINT_ERROR, domain_slice(&s->name),
		    "DNS did not answer for the key");
}

static enum tool_exit
look(struct survey *p, struct dns_ledger *ledger)
{
	enum tool_exit status;
	size_t i;

	lint_notes_init(&p->notes, p->tool->arena);
	if (!tool_check_again(lint_spf, p, ledger))
		return tool_no_memory();
	p->spf_answer = dns_ledger_peek(ledger, domain_slice(&p->domain),
	    DNS_TYPE_TXT);
	for (i = 0; i < p->selector_count; i++)
		look_at_key(p, &p->selectors[i], ledger);
	p->dmarc = dmarc_story_new(p->tool, &p->request, ledger);
	if (p->dmarc == NULL)
		return tool_no_memory();
	if (dmarc_story_verdict(p->dmarc)->result == AUTH_TEMPERROR)
		note(p, LINT_ERROR, domain_slice(&p->domain),
		    "DNS did not answer for DMARC");
	dmarc_story_lint(p->dmarc, lint_notes_add, &p->notes);
	(void)reports_ask(dmarc_story_verdict(p->dmarc), ledger,
	    &p->reports);
	reports_lint(&p->reports, lint_notes_add, &p->notes);
	status = tls_story_finish(p->tls, ledger);
	if (status == TOOL_OK)
		tls_story_lint(p->tls, lint_notes_add, &p->notes);
	return status == TOOL_OK && arena_failed(p->tool->arena) ?
	    tool_no_memory() : status;
}

/* ---- step 3 ---- */

static const char *
secure_text(const struct dns_answer *a)
{
	return a != NULL && a->authenticated ? ", DNSSEC" : "";
}

static void
text_spf(struct text *t, const struct survey *p)
{
	text_title(t, "SPF\n");
	text_item(t, "record");
	if (p->spf.record.len > 0) {
		text_say(t, "\"");
		text_value(t, p->spf.record);
		text_say(t, "\"%s\n", secure_text(p->spf_answer));
		text_item(t, "lookups");
		text_say(t, "%u of %u, %u of %u void, records %u deep\n",
		    p->spf.terms, LIMIT_SPF_TERMS, p->spf.voids,
		    LIMIT_SPF_VOID, p->spf.depth);
	} else {
		text_style(t, TEXT_BAD, "none\n");
	}
}

static void
text_keys(struct text *t, const struct survey *p)
{
	const struct selector *s;
	size_t i;

	if (p->selector_count > 0)
		text_title(t, "DKIM\n");
	for (i = 0; i < p->selector_count; i++) {
		s = &p->selectors[i];
		text_indent(t, 1);
		text_foreign(t, s->text);
		text_say(t, ": ");
		if (s->has_key)
			text_say(t, "%s, %u bits%s%s\n", s->rsa ?
			    "RSA" : "Ed25519", s->bits,
			    s->testing ? ", test mode" : "",
			    secure_text(s->answer));
		else
			text_style(t, TEXT_BAD, "no usable key (%s)\n",
			    dns_outcome_name(s->answer->outcome));
	}
}

static void
page_text(struct text *t, const struct survey *p)
{
	text_spf(t, p);
	text_keys(t, p);
	dmarc_story_text(t, p->dmarc);
	reports_text(t, &p->reports);
	tls_story_text(t, p->tls);
	lint_notes_list(t, &p->notes);
	if (p->notes.first == NULL) {
		text_title(t, "To fix: ");
		text_style(t, TEXT_GOOD, "nothing\n");
	}
}

static void
json_spf(struct json *j, const struct survey *p)
{
	json_object(j, "spf");
	json_slice_or_null(j, "record", p->spf.record);
	json_number(j, "lookups", p->spf.terms);
	json_number(j, "lookup_limit", LIMIT_SPF_TERMS);
	json_number(j, "voids", p->spf.voids);
	json_number(j, "void_limit", LIMIT_SPF_VOID);
	json_number(j, "depth", p->spf.depth);
	json_bool(j, "dnssec", p->spf_answer != NULL &&
	    p->spf_answer->authenticated);
	json_object_end(j);
}

static void
json_keys(struct json *j, const struct survey *p)
{
	const struct selector *s;
	size_t i;

	json_array(j, "keys");
	for (i = 0; i < p->selector_count; i++) {
		s = &p->selectors[i];
		json_object(j, NULL);
		json_slice(j, "selector", s->text);
		json_bool(j, "usable", s->has_key);
		json_string(j, "type", !s->has_key ? NULL :
		    s->rsa ? "rsa" : "ed25519");
		json_number(j, "bits", s->bits);
		json_bool(j, "testing", s->testing);
		answer_json(j, "lookup", DNS_TYPE_TXT,
		    domain_slice(&s->name), s->answer);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
page_json(struct json *j, const struct survey *p)
{
	json_object(j, NULL);
	json_string(j, "command", "domain");
	json_slice(j, "domain", domain_slice(&p->domain));
	json_spf(j, p);
	json_keys(j, p);
	dmarc_story_json(j, "dmarc", p->dmarc);
	reports_json(j, "reports", &p->reports);
	tls_story_json(j, "tls", p->tls);
	json_number(j, "errors", p->notes.errors);
	lint_notes_json(j, "notes", &p->notes);
	json_object_end(j);
}

static bool
is_known(const struct dns_answer *a)
{
	return a != NULL && dns_outcome_is_known(a->outcome);
}

/* A record may exist although DNS did not answer: cron should try again. */
static enum tool_exit
sum_up(const struct survey *p)
{
	bool known = is_known(p->spf_answer) &&
	    p->tls->dane.mx != DANE_MX_FAILED &&
	    is_known(p->tls->record_answer) &&
	    is_known(p->tls->report_answer) &&
	    dmarc_story_verdict(p->dmarc)->result != AUTH_TEMPERROR;
	size_t i;

	for (i = 0; i < p->selector_count; i++)
		known = known && is_known(p->selectors[i].answer);
	return !known ? TOOL_TEMPORARY : p->notes.errors > 0 ?
	    TOOL_REFUSED : TOOL_OK;
}

static enum tool_exit
tell(const struct survey *p)
{
	struct tool *t = p->tool;

	if (t->json) {
		page_json(&t->out, p);
		text_end(&t->text);
	} else {
		page_text(&t->text, p);
	}
	return sum_up(p);
}

static enum tool_exit
look_up(struct survey *p)
{
	enum tool_exit status = tool_start(p->tool);
	struct inquiry *inquiry;

	if (status != TOOL_OK)
		return status;
	p->spf_memory = arena_new(LIMIT_CHECK_MEMORY);
	p->dmarc_memory = arena_new(LIMIT_CHECK_MEMORY);
	p->tls = tls_story_new(p->tool, &p->domain, &p->options);
	if (p->spf_memory == NULL || p->dmarc_memory == NULL ||
	    p->tls == NULL)
		return tool_no_memory();
	inquiry = tool_inquire(p->tool, ask, p);
	status = inquiry == NULL ? tool_no_memory() :
	    look(p, inquiry_ledger(inquiry));
	if (status == TOOL_OK)
		status = tell(p);
	inquiry_free(inquiry);
	return status;
}

static enum tool_exit
read_and_look_up(struct survey *p, const char *name)
{
	enum tool_exit status;

	if (!domain_parse(slice_str(name), &p->domain))
		return tool_fail(TOOL_USAGE, "not a domain name", name);
	p->from = (struct mail_from){ .state = MAIL_FROM_OK,
		.has_domain = true, .domain = p->domain };
	p->request.from = &p->from;
	if (!tls_read_port(p->https_port, HTTPS_PORT,
	    &p->options.https_port) || !tls_read_port(p->smtp_port,
	    SMTP_PORT, &p->options.smtp_port))
		return TOOL_USAGE;
	status = read_selectors(p);
	if (status == TOOL_OK)
		status = read_certificates(p);
	if (status == TOOL_OK)
		status = look_up(p);
	tls_story_free(p->tls);
	certificates_free(p->certificates);
	arena_free(p->spf_memory);
	arena_free(p->dmarc_memory);
	return status;
}

static enum tool_exit
domain_run(struct tool *t, int argc, char **argv)
{
	struct survey p = { .tool = t };
	const struct tool_option own[] = {
		{ .name = "selectors", .value = &p.selectors_text,
		  .argument = "S1,S2",
		  .what = "of the keys to check" },
		{ .name = "connect", .flag = &p.options.connect,
		  .what = "check the certificate of each server" },
		{ .name = "cert", .value = &p.certificate_file,
		  .argument = "FILE",
		  .what = "this certificate instead of the servers'" },
		{ .name = "policy", .value = &p.options.policy_file,
		  .argument = "FILE",
		  .what = "this MTA-STS policy instead of the published one" },
		{ .name = "ca-file", .value = &p.options.ca_file,
		  .argument = "FILE",
		  .what = "authorities instead of the system's" },
		{ .name = "port", .value = &p.smtp_port, .argument = "N",
		  .what = "of the mail servers (default 25)" },
		{ .name = "https-port", .value = &p.https_port,
		  .argument = "N", .what = "of the policy host (default "
		  "443)" },
		{ .name = "allow-private",
		  .flag = &p.options.allow_private,
		  .what = "also connect to private addresses" },
		{ .name = NULL }
	};

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	return optind + 1 == argc ? read_and_look_up(&p, argv[optind]) :
	    tool_usage(t);
}

const struct tool_command domain_command = {
	.name = "domain",
	.run = domain_run,
	.synopsis = "[--selectors S1,S2] [--connect | --cert FILE] DOMAIN",
	.what = "Checks all that a domain publishes for mail; what to fix",
	.example = "assay domain --selectors s2026,e2026 example.org\n"
	    "assay domain --connect --json example.org"
};
