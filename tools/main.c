/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay: asks by hand what the daemon asks of each message.
 *
 * A command has one word or two ("report read"); its help is made of its row
 * and of its options, so `assay help COMMAND` and `assay COMMAND --help` are
 * the same.
 */
#include <stdio.h>
#include <string.h>

#include "tools/check.h"
#include "tools/dmarc.h"
#include "tools/domain.h"
#include "tools/help.h"
#include "tools/keys.h"
#include "tools/migrate.h"
#include "tools/overview.h"
#include "tools/replay.h"
#include "tools/report.h"
#include "tools/sign.h"
#include "tools/smimea.h"
#include "tools/spf.h"
#include "tools/tls.h"
#include "tools/tlsa.h"
#include "tools/tool.h"

static const struct tool_command *const commands[] = {
	&check_command,
	&spf_command,
	&dmarc_command,
	&keygen_command,
	&key_check_command,
	&sign_command,
	&domain_command,
	&tls_command,
	&tlsa_command,
	&smimea_command,
	&migrate_command,
	&report_read_command,
	&report_send_command,
	&report_show_command,
	&report_list_command,
	&report_bounce_command,
	&report_suppressed_command,
	&replay_command,
	&overview_command,
	NULL
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool
is_one_of(const char *word, const char *a, const char *b, const char *c)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0 ||
	    strcmp(word, c) == 0;
}

static bool
asks_for_help(const char *word)
{
	return is_one_of(word, "help", "--help", "-h");
}

/* The words of a command's name. */
struct name {
	struct slice	first, second;	/* second: may be empty */
};

static struct name
name_of(const struct tool_command *c)
{
	struct name n = { .second = slice_str(c->name) };

	slice_cut(&n.second, ' ', &n.first);
	return n;
}

/* ---- words that are no command ---- */

/* The second words of a command that needs one, or all first words. */
static enum tool_exit
refuse(const char *first, const char *word)
{
	const char *words[COMMANDS + 1] = { NULL };
	char kind[64] = "a command";
	static char copies[COMMANDS][32];
	struct slice one;
	struct name n;
	size_t i, count = 0;

	for (i = 0; commands[i] != NULL; i++) {
		n = name_of(commands[i]);
		if (first != NULL && !slice_eq(n.first, slice_str(first)))
			continue;
		one = first != NULL ? n.second : n.first;
		snprintf(copies[i], sizeof(copies[i]), "%.*s",
		    SLICE_ARG(one));
		if (count == 0 || strcmp(words[count - 1], copies[i]) != 0)
			words[count++] = copies[i];
	}
	if (first == NULL)
		words[count] = "help";
	else
		snprintf(kind, sizeof(kind), "a command of %s", first);
	return help_unknown(kind, "", word, words);
}

/* `assay report` by itself, or with a word that it does not know. */
static enum tool_exit
second_word(const char *first, const char *word, bool help)
{
	const struct tool_command *list[COMMANDS] = { NULL };
	size_t i, count = 0;

	for (i = 0; commands[i] != NULL; i++)
		if (slice_eq(name_of(commands[i]).first, slice_str(first)))
			list[count++] = commands[i];
	if (word != NULL && !asks_for_help(word))
		return refuse(first, word);
	help_list(help || word != NULL ? stdout : stderr, list);
	return help || word != NULL ? TOOL_OK : TOOL_USAGE;
}

/* ---- words that are ---- */

/* A command, or only the first word of some: `*first` is true. */
static const struct tool_command *
find(int argc, char **argv, bool *first)
{
	struct name n;
	size_t i;

	*first = false;
	for (i = 0; commands[i] != NULL; i++) {
		n = name_of(commands[i]);
		if (!slice_eq(n.first, slice_str(argv[0])))
			continue;
		*first = true;
		if (n.second.len == 0 || (argc > 1 &&
		    slice_eq(n.second, slice_str(argv[1]))))
			return commands[i];
	}
	return NULL;
}

/* `argv` begins with the command's name. */
static enum tool_exit
run(struct tool *t, int argc, char **argv, bool help)
{
	static char option[] = "--help";
	char *asked[] = { argv[0], option, NULL };
	bool first;
	int words;

	t->command = find(argc, argv, &first);
	if (t->command == NULL)
		return first ? second_word(argv[0], argv[1], help) :
		    refuse(NULL, argv[0]);
	words = name_of(t->command).second.len > 0 ? 2 : 1;
	if (!help)
		return t->command->run(t, argc - words + 1,
		    argv + words - 1);
	if (argc > words)
		return help_usage(t->command);
	return t->command->run(t, 2, asked);
}

static enum tool_exit
version(int argc)
{
	if (argc > 2)
		return tool_fail(TOOL_USAGE, "usage: assay -V", NULL);
	puts("assay " PACKAGE_VERSION);
	return TOOL_OK;
}

static enum tool_exit
start(struct tool *t, int argc, char **argv)
{
	bool help;

	if (argc < 2) {
		help_list(stderr, commands);
		return TOOL_USAGE;
	}
	if (is_one_of(argv[1], "-V", "--version", "version"))
		return version(argc);
	help = asks_for_help(argv[1]);
	if (help && (argc == 2 || asks_for_help(argv[2]))) {
		help_list(stdout, commands);
		return TOOL_OK;
	}
	return run(t, argc - 1 - help, argv + 1 + help, help);
}

int
main(int argc, char **argv)
{
	struct tool t = { .json = false };
	enum tool_exit status;

	status = start(&t, argc, argv);
	tool_stop(&t);
	/* A truncated report must not look like a complete one. */
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		status = tool_fail(TOOL_OUTPUT, "cannot write", NULL);
	return (int)status;
}
