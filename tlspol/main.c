/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay-tlspol: the command line.
 */
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "event/log.h"
#include "tlspol/daemon.h"
#include "tlspol/settings.h"

#define DEFAULT_CONFIG ASSAY_SYSCONFDIR "/assay/assay-tlspol.yaml"

static const char usage[] =
    "usage: assay-tlspol [-c FILE] [-f] [-t] [-V]\n"
    "  -c FILE        the configuration (default " DEFAULT_CONFIG ")\n"
    "  -f             stay in the foreground, log to stderr\n"
    "  -t             check the configuration and exit\n"
    "  -V, --version  print the version and exit\n"
    "  --help         print this and exit\n";

struct options {
	const char	*path;
	bool		 foreground;
	bool		 check;
};

/* What the command ends with there and then; -1: go on. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "c:ftV", long_options,
	    NULL)) != -1) {
		switch (letter) {
		case 'c':
			o->path = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 't':
			o->check = true;
			break;
		case 'V':
			puts("assay-tlspol " PACKAGE_VERSION);
			return (int)DAEMON_EXIT_OK;
		case 'h':
			fputs(usage, stdout);
			return (int)DAEMON_EXIT_OK;
		default:
			fputs(usage, stderr);
			return (int)DAEMON_EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fputs(usage, stderr);
	return (int)DAEMON_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct options o = { .path = DEFAULT_CONFIG };
	char absolute[PATH_MAX], why[LIMIT_CONFIG_WHY];
	int status = read_options(argc, argv, &o);
	struct settings *s;

	if (status >= 0)
		return status;
	if (o.foreground)
		log_force_stderr();
	/* In the background "/" is the working folder; a reload needs it. */
	else if (!o.check && realpath(o.path, absolute) != NULL)
		o.path = absolute;
	s = settings_read(o.path, why, sizeof(why));
	if (s == NULL || !daemon_check(s, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		settings_unref(s);
		return (int)DAEMON_EXIT_CONFIG;
	}
	if (!o.check)
		return (int)daemon_run(s, o.foreground);
	printf("%s: the configuration is fine\n", s->path);
	settings_unref(s);
	return (int)DAEMON_EXIT_OK;
}
