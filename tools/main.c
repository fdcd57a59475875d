/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay: asks by hand what the daemon asks of each message.
 */
#include <stdio.h>

#include "tools/check.h"
#include "tools/dmarc.h"
#include "tools/keys.h"
#include "tools/migrate.h"
#include "tools/report.h"
#include "tools/spf.h"
#include "tools/tool.h"

static const char usage[] =
    "usage: assay check [--ip ADDRESS] [--helo NAME] [--from SENDER] MESSAGE\n"
    "       assay spf IP SENDER HELO\n"
    "       assay spf DOMAIN\n"
    "       assay dmarc DOMAIN\n"
    "       assay keygen --domain DOMAIN --selector NAME\n"
    "           [--type rsa|ed25519] [--bits N] DIR\n"
    "       assay key-check --domain DOMAIN --selector NAME KEYFILE\n"
    "       assay migrate OPENDKIM.CONF [OPENDMARC.CONF]\n"
    "       assay report read [--html] [--no-names] FILE...\n"
    "       assay help\n"
    "       assay -V\n"
    "options of all: [-c FILE] [--zone FILE] [--json] [--no-color]\n"
    "MESSAGE is a file, or - for the standard input.  See assay(1).\n";

static enum tool_exit
help(struct tool *t, int argc, char **argv)
{
	(void)t;
	(void)argv;
	if (argc > 1) {
		fputs(usage, stderr);
		return TOOL_USAGE;
	}
	fputs(usage, stdout);
	return TOOL_OK;
}

static enum tool_exit
version(struct tool *t, int argc, char **argv)
{
	if (argc > 1)
		return help(t, argc, argv);
	puts("assay " PACKAGE_VERSION);
	return TOOL_OK;
}

static const struct command {
	struct slice	 name;
	enum tool_exit	(*run)(struct tool *t, int argc, char **argv);
} commands[] = {
	{ SLICE_INIT("check"), check_command },
	{ SLICE_INIT("spf"), spf_command },
	{ SLICE_INIT("dmarc"), dmarc_command },
	{ SLICE_INIT("keygen"), keygen_command },
	{ SLICE_INIT("key-check"), key_check_command },
	{ SLICE_INIT("migrate"), migrate_command },
	{ SLICE_INIT("report"), report_command },
	{ SLICE_INIT("help"), help },
	{ SLICE_INIT("--help"), help },
	{ SLICE_INIT("-h"), help },
	{ SLICE_INIT("-V"), version },
	{ SLICE_INIT("--version"), version }
};

static const struct command *
find_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_eq(commands[i].name, slice_str(name)))
			return &commands[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct command *command;
	struct tool t = { .json = false };
	enum tool_exit status;

	command = argc > 1 ? find_command(argv[1]) : NULL;
	if (command == NULL) {
		fputs(usage, stderr);
		return (int)TOOL_USAGE;
	}
	status = command->run(&t, argc - 1, argv + 1);
	tool_stop(&t);
	/* Whoever reads a cut report must not take it for a whole one. */
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		status = tool_fail(TOOL_OUTPUT, "cannot write", NULL);
	return (int)status;
}
