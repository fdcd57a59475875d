/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay tls: the story of one domain.
 */
#include <getopt.h>

#include "base/limits.h"
#include "tools/lint.h"
#include "tools/tls.h"

#define HTTPS_PORT	443
#define SMTP_PORT	25
#define CACHE_FILE	"/var/lib/assay-tlspol/policies"

struct asked {
	struct tls_options	 options;
	const char		*https_port, *smtp_port;
	struct domain		 domain;
};

/* An inquiry_step_fn. */
static bool
ask(void *arg, struct dns_ledger *ledger)
{
	return tls_story_ask(arg, ledger);
}

static enum tool_exit
tell(struct tool *t, const struct tls_story *s)
{
	struct lint_notes notes;

	lint_notes_init(&notes, t->arena);
	tls_story_lint(s, lint_notes_add, &notes);
	if (t->json) {
		json_object(&t->out, NULL);
		json_string(&t->out, "command", "tls");
		tls_story_json(&t->out, "tls", s);
		lint_notes_json(&t->out, "notes", &notes);
		json_object_end(&t->out);
		text_end(&t->text);
	} else {
		tls_story_text(&t->text, s);
		lint_notes_list(&t->text, &notes);
	}
	return notes.errors > 0 ? TOOL_REFUSED : TOOL_OK;
}

static enum tool_exit
look_up(struct tool *t, const struct asked *a)
{
	enum tool_exit status = tool_start(t);
	struct inquiry *inquiry;
	struct tls_story *s;

	if (status != TOOL_OK)
		return status;
	s = tls_story_new(t, &a->domain, &a->options);
	if (s == NULL)
		return tool_no_memory();
	inquiry = tool_inquire(t, ask, s);
	status = inquiry == NULL ? tool_no_memory() :
	    tls_story_finish(s, inquiry_ledger(inquiry));
	if (status == TOOL_OK)
		status = tell(t, s);
	tls_story_free(s);
	inquiry_free(inquiry);
	return status;
}

bool
tls_read_port(const char *text, unsigned int otherwise, unsigned int *out)
{
	unsigned long long number = otherwise;

	if (text != NULL && (!slice_number(slice_str(text), 65535,
	    &number) || number == 0))
		return tool_fail(TOOL_USAGE, "not a port", text) == TOOL_OK;
	*out = (unsigned int)number;
	return true;
}

static enum tool_exit
tls_run(struct tool *t, int argc, char **argv)
{
	struct asked a = { .options = { .cache_file = CACHE_FILE } };
	const struct tool_option own[] = {
		{ .name = "connect", .flag = &a.options.connect,
		  .what = "check the certificate of each server" },
		{ .name = "policy", .value = &a.options.policy_file,
		  .argument = "FILE",
		  .what = "this MTA-STS policy instead of the published one" },
		{ .name = "cache", .value = &a.options.cache_file,
		  .argument = "FILE", .what = "what assay-tlspol remembers" },
		{ .name = "ca-file", .value = &a.options.ca_file,
		  .argument = "FILE",
		  .what = "authorities instead of the system's" },
		{ .name = "port", .value = &a.smtp_port, .argument = "N",
		  .what = "of the mail servers (default 25)" },
		{ .name = "https-port", .value = &a.https_port,
		  .argument = "N", .what = "of the policy host (default "
		  "443)" },
		{ .name = "allow-private",
		  .flag = &a.options.allow_private,
		  .what = "also connect to private addresses" },
		{ .name = NULL }
	};

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind + 1 != argc)
		return tool_usage(t);
	if (!domain_parse(slice_str(argv[optind]), &a.domain))
		return tool_fail(TOOL_USAGE, "not a domain name",
		    argv[optind]);
	if (!tls_read_port(a.https_port, HTTPS_PORT,
	    &a.options.https_port) ||
	    !tls_read_port(a.smtp_port, SMTP_PORT, &a.options.smtp_port))
		return TOOL_USAGE;
	return look_up(t, &a);
}

const struct tool_command tls_command = {
	.name = "tls",
	.run = tls_run,
	.synopsis = "[--connect] DOMAIN",
	.what = "Explains DANE and MTA-STS of a domain, and what senders do",
	.example = "assay tls example.org\nassay tls --connect example.org"
};
