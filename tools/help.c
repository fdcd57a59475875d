/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help: see help.h.
 */
#include "tools/help.h"

#include <string.h>

#include "base/lint.h"

#define COLUMN 20	/* where the text on an option or a command begins */

static const struct tool_option common[] = {
	{ .name = "zone", .argument = "FILE",
	  .what = "DNS answers from this file, and from nowhere else" },
	{ .name = "json", .what = "print JSON" },
	{ .name = "no-color", .what = "no colour, even on a terminal" },
	{ .name = "help", .what = "print this" },
	{ .name = NULL }
};

static void
print_item(FILE *out, const char *name, const char *argument,
    const char *what)
{
	int width = fprintf(out, "  %s%s%s", name,
	    argument != NULL ? " " : "", argument != NULL ? argument : "");

	if (width < COLUMN - 1)
		fprintf(out, "%*s%s\n", COLUMN - width, "", what);
	else
		fprintf(out, "\n%*s%s\n", COLUMN, "", what);
}

static void
print_options(FILE *out, const struct tool_option *o)
{
	char name[64];

	for (; o->name != NULL; o++) {
		snprintf(name, sizeof(name), "--%s", o->name);
		print_item(out, name, o->argument, o->what);
	}
}

/* Each line of `text` after `front`. */
static void
print_lines(FILE *out, const char *front, const char *text)
{
	struct slice rest = slice_str(text), line;

	while (rest.len > 0) {
		slice_cut(&rest, '\n', &line);
		fprintf(out, "%s%.*s\n", front, SLICE_ARG(line));
	}
}

static void
print_usage(FILE *out, const struct tool_command *c)
{
	struct slice rest = slice_str(c->synopsis), line;
	const char *front = "usage:";

	do {
		slice_cut(&rest, '\n', &line);
		if (slice_starts(line, SLICE(" ")))
			fprintf(out, "       %.*s\n", SLICE_ARG(line));
		else
			fprintf(out, "%s assay %s %.*s\n", front, c->name,
			    SLICE_ARG(line));
		front = "      ";
	} while (rest.len > 0);
}

void
help_command(FILE *out, const struct tool_command *c,
    const struct tool_option *own)
{
	print_usage(out, c);
	fprintf(out, "\n%s.\n", c->what);
	if (own->name != NULL) {
		fputs("\noptions:\n", out);
		print_options(out, own);
	}
	fputs("\noptions of all commands:\n", out);
	print_item(out, "-c", "FILE", "the configuration (assay.yaml(5))");
	print_options(out, common);
	fputs("\nexamples:\n", out);
	print_lines(out, "  ", c->example);
	fputs("\nSee assay(1).\n", out);
}

void
help_list(FILE *out, const struct tool_command *const *list)
{
	fputs("usage: assay COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
	for (; *list != NULL; list++)
		print_item(out, (*list)->name, NULL, (*list)->what);
	print_item(out, "help", "[COMMAND]", "Explains a command");
	print_item(out, "-V", NULL, "Prints the version");
	fputs("\nSee assay(1).\n", out);
}

enum tool_exit
help_usage(const struct tool_command *c)
{
	print_usage(stderr, c);
	fprintf(stderr, "Try: assay help %s\n", c->name);
	return TOOL_USAGE;
}

enum tool_exit
help_unknown(const char *kind, const char *front, const char *word,
    const char *const *words)
{
	struct text err = { .out = stderr };
	struct slice bare = slice_str(word);
	const char *meant, *comma = "; there are: ";

	if (slice_starts(bare, slice_str(front)))
		bare = slice_from(bare, strlen(front));
	meant = lint_nearest(bare, words);
	text_say(&err, "assay: not %s: \"", kind);
	text_foreign(&err, slice_str(word));
	text_say(&err, "\"");
	if (meant != NULL) {
		text_say(&err, "; did you mean \"%s%s\"?", front, meant);
	} else {
		for (; *words != NULL; words++) {
			text_say(&err, "%s%s%s", comma, front, *words);
			comma = ", ";
		}
	}
	text_end(&err);
	return TOOL_USAGE;
}
