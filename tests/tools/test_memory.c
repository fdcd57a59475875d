/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every allocation of a command fails once: it ends with a status that is
 * defined, and whatever it took is given back (the leak sanitizer looks).
 */
#include "tools/check.h"
#include "tools/dmarc.h"
#include "tools/keys.h"
#include "tools/sign.h"
#include "tools/spf.h"

#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include "base/mem.h"
#include "dkim/sign.h"
#include "tests/tap.h"

#define ARGUMENTS 10
#define ROUNDS 20000

static char config[600], zone[600], message[600], mailbox[600], list[600];
static char folder[600], made[700], key_file[700], sign_config[700];

static const struct {
	const char	*name;
	const struct tool_command *command;
	const char	*argv[ARGUMENTS];
	enum tool_exit	 want;
} cases[] = {
	{ "check", &check_command, { "assay", "-c", config, "--zone", zone,
	  message }, TOOL_OK },
	{ "check --json", &check_command, { "assay", "--json", "--zone", zone,
	  message }, TOOL_OK },
	{ "check of mail from a list", &check_command, { "assay", "--zone",
	  zone, list }, TOOL_OK },
	{ "check of an mbox", &check_command, { "assay", "--zone", zone,
	  mailbox }, TOOL_OK },
	{ "spf", &spf_command, { "assay", "--zone", zone, "192.0.2.99",
	  "a@football.example.com", "mail.football.example.com" },
	  TOOL_REFUSED },
	{ "dmarc", &dmarc_command, { "assay", "--zone", zone,
	  "a.football.example.com" }, TOOL_OK },
	{ "keygen", &keygen_command, { "assay", "--domain", "example.org",
	  "--selector", "test-memory-made", "--type", "ed25519", folder },
	  TOOL_OK },
	{ "key-check", &key_check_command, { "assay", "--zone", zone,
	  "--domain", "football.example.com", "--selector", "test",
	  key_file }, TOOL_REFUSED },
	{ "sign", &sign_command, { "assay", "-c", sign_config, "--zone", zone,
	  message }, TOOL_OK },
	{ "sign --json", &sign_command, { "assay", "-c", sign_config, "--json",
	  "--zone", zone, message }, TOOL_OK }
};

static bool
is_defined(enum tool_exit status)
{
	return status == TOOL_OK || status == TOOL_REFUSED ||
	    status == TOOL_NO_INPUT || status == TOOL_UNAVAILABLE ||
	    status == TOOL_CANNOT_CREATE || status == TOOL_TEMPORARY ||
	    status == TOOL_CONFIG;
}

static enum tool_exit
run_starved(size_t i, unsigned long after, unsigned long *hits)
{
	struct tool t = { .command = cases[i].command };
	enum tool_exit status;
	char *argv[ARGUMENTS + 1];
	int argc = 0;

	for (; argc < ARGUMENTS && cases[i].argv[argc] != NULL; argc++) {
		argv[argc] = mem_dup(cases[i].argv[argc],
		    strlen(cases[i].argv[argc]));
		if (argv[argc] == NULL)
			exit(EXIT_FAILURE);
	}
	argv[argc] = NULL;
	optind = 0;
	mem_fail_after(after, 1);
	status = cases[i].command->run(&t, argc, argv);
	tool_stop(&t);
	*hits = mem_fail_hits();
	mem_fail_after(0, 0);
	while (argc > 0)
		mem_free(argv[--argc]);
	return status;
}

/* What the commands say is for other tests: out of sight for now. */
static int
hide(int fd, const char *name)
{
	int saved = dup(fd), null = open(name, O_WRONLY);

	fflush(NULL);
	if (saved < 0 || null < 0 || dup2(null, fd) < 0)
		exit(EXIT_FAILURE);
	close(null);
	return saved;
}

static void
show(int fd, int saved)
{
	fflush(NULL);
	if (dup2(saved, fd) < 0)
		exit(EXIT_FAILURE);
	close(saved);
}

static void
starve(size_t i)
{
	int out = hide(STDOUT_FILENO, "/dev/null");
	int err = hide(STDERR_FILENO, "/dev/null");
	unsigned long n, hits = 1;
	enum tool_exit status = TOOL_OK;
	bool good = true;

	for (n = 0; good && hits > 0 && n < ROUNDS; n++) {
		unlink(made);
		status = run_starved(i, n, &hits);
		good = is_defined(status);
	}
	show(STDOUT_FILENO, out);
	show(STDERR_FILENO, err);
	ok(good && hits == 0 && n > 1, "%s: %lu allocations failed",
	    cases[i].name, n);
	is_num(status, cases[i].want, cases[i].name);
}

/* A key that only we can read, as no file of an archive is. */
static void
make_key(void)
{
	struct dkim_private_key *k = dkim_private_key_generate(
	    DKIM_KEY_ED25519, 0);
	char why[256];

	unlink(key_file);
	if (k == NULL || !dkim_private_key_write(k, key_file, why,
	    sizeof(why)))
		exit(EXIT_FAILURE);
	dkim_private_key_free(k);
}

/* It signs the message with that key. */
static void
write_config(void)
{
	FILE *f = fopen(sign_config, "w");

	if (f == NULL || fprintf(f, "authserv-id: a.example\nsign:\n"
	    "- domains: football.example.com\n  keys: [{selector: new, file: "
	    "test-memory-key.pem}]\n") < 0 || fclose(f) != 0)
		exit(EXIT_FAILURE);
}

int
main(void)
{
	const char *top = getenv("top_srcdir");
	const char *build = getenv("top_builddir");
	const char *data = "tests/data/tools";
	size_t i;

	if (top == NULL)
		top = ".";
	snprintf(folder, sizeof(folder), "%s/tests/tools",
	    build != NULL ? build : ".");
	snprintf(made, sizeof(made), "%s/test-memory-made.pem", folder);
	snprintf(key_file, sizeof(key_file), "%s/test-memory-key.pem",
	    folder);
	make_key();
	snprintf(sign_config, sizeof(sign_config), "%s/test-memory-sign.yaml",
	    folder);
	write_config();
	snprintf(config, sizeof(config), "%s/%s/assay.yaml", top, data);
	snprintf(zone, sizeof(zone), "%s/%s/zone.yaml", top, data);
	snprintf(message, sizeof(message), "%s/%s/message.eml", top, data);
	snprintf(list, sizeof(list), "%s/%s/list.eml", top, data);
	snprintf(mailbox, sizeof(mailbox), "%s/tests/data/cases/"
	    "check-mbox-escaped-from/message.eml", top);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		starve(i);
	unlink(made);
	unlink(key_file);
	unlink(sign_config);
	return tap_done();
}
