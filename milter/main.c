/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay-milter: the command line.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/config.h"
#include "milter/daemon.h"
#include "milter/log.h"

#define DEFAULT_CONFIG ASSAY_SYSCONFDIR "/assay/assay.yaml"

static enum daemon_exit
usage(void)
{
	fputs("usage: assay-milter [-c FILE] [-f] [-t] [-V]\n"
	    "  -c FILE  the configuration (default " DEFAULT_CONFIG ")\n"
	    "  -f       stay in the foreground, log to stderr\n"
	    "  -t       check the configuration and exit\n"
	    "  -V       print the version and exit\n", stderr);
	return DAEMON_EXIT_USAGE;
}

static enum daemon_exit
check_only(struct config *c)
{
	char text[1024];
	size_t at = 0;
	bool good;

	while (config_warning(c, &at, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
	good = daemon_user_exists(c, text, sizeof(text));
	if (good)
		printf("%s: the configuration is fine\n", c->path);
	else
		fprintf(stderr, "%s: %s\n", c->path, text);
	config_unref(c);
	return good ? DAEMON_EXIT_OK : DAEMON_EXIT_CONFIG;
}

int
main(int argc, char **argv)
{
	const char *path = DEFAULT_CONFIG;
	char absolute[PATH_MAX];
	bool foreground = false, check = false;
	struct config *c;
	char why[1024];
	int option;

	while ((option = getopt(argc, argv, "c:ftV")) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'f':
			foreground = true;
			break;
		case 't':
			check = true;
			break;
		case 'V':
			puts("assay-milter " PACKAGE_VERSION);
			return (int)DAEMON_EXIT_OK;
		default:
			return (int)usage();
		}
	}
	if (optind != argc)
		return (int)usage();
	if (foreground)
		log_force_stderr();
	/* In the background "/" is the working folder; a reload needs it. */
	else if (!check && realpath(path, absolute) != NULL)
		path = absolute;
	c = config_read(path, why, sizeof(why));
	if (c == NULL) {
		fprintf(stderr, "%s\n", why);
		return (int)DAEMON_EXIT_CONFIG;
	}
	return (int)(check ? check_only(c) : daemon_run(c, foreground));
}
