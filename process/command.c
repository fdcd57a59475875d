/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command: see command.h.
 */
#include "process/command.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/lint.h"

static void
print_usage(FILE *out, const char *program, const char *path)
{
	fprintf(out, "usage: %s [-c FILE] [-f] [-t] [-V]\n"
	    "  -c FILE        the configuration (default %s)\n"
	    "  -f             stay in the foreground, log to stderr\n"
	    "  -t             check the configuration and exit\n"
	    "  -V, --version  print the version and exit\n"
	    "  --help         print this and exit\n", program, path);
}

/* What getopt_long() did not like; it says nothing itself. */
static void
print_problem(const char *program, char *const *argv)
{
	static const char *const words[] = { "help", "version", NULL };
	const char *word = argv[optind - 1], *meant;

	if (optopt == 'c') {
		fprintf(stderr, "%s: -c needs a file\n", program);
	} else if (optopt != 0 && isprint(optopt) &&
	    word[0] == '-' && word[1] != '-') {
		fprintf(stderr, "%s: not an option: \"-%c\"\n", program,
		    optopt);
	} else {
		meant = word[0] == '-' && word[1] == '-' ?
		    lint_nearest(slice_str(word + 2), words) : NULL;
		fprintf(stderr, "%s: not an option: \"%s\"%s%s%s\n", program,
		    word, meant != NULL ? "; did you mean \"--" : "",
		    meant != NULL ? meant : "", meant != NULL ? "\"?" : "");
	}
}

/* The same as command_read(), without the path. */
static int
read_options(int argc, char **argv, struct command *c)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	const char *standard = c->path;
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, "c:ftV", long_options,
	    NULL)) != -1) {
		switch (letter) {
		case 'c':
			c->path = optarg;
			break;
		case 'f':
			c->foreground = true;
			break;
		case 't':
			c->check = true;
			break;
		case 'V':
			printf("%s " PACKAGE_VERSION "\n", c->program);
			return (int)DAEMON_EXIT_OK;
		case 'h':
			print_usage(stdout, c->program, standard);
			return (int)DAEMON_EXIT_OK;
		default:
			print_problem(c->program, argv);
			print_usage(stderr, c->program, standard);
			return (int)DAEMON_EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "%s: unexpected argument: \"%s\"\n", c->program,
	    argv[optind]);
	print_usage(stderr, c->program, standard);
	return (int)DAEMON_EXIT_USAGE;
}

int
command_read(int argc, char **argv, struct command *c)
{
	int status = read_options(argc, argv, c);

	if (status < 0 && !c->foreground && !c->check &&
	    realpath(c->path, c->absolute) != NULL)
		c->path = c->absolute;
	return status;
}
