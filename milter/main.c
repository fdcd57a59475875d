/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay-milter: the command line.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "milter/daemon.h"
#include "milter/log.h"
#include "milter/signing.h"

#define WHY_SIZE	1024
#define CHECK_MS	10000	/* -t: for the look-ups of all keys together */
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

static void
print_key(void *arg, const struct signing_check *c)
{
	char text[WHY_SIZE];

	(void)arg;
	signing_check_text(c, text, sizeof(text));
	printf("%skey %s\n", c->match == DKIM_KEY_MATCHES ||
	    c->name[0] == '\0' ? "" : "warning: ", text);
}

/* The keys can be read; what DNS says of them is told, and no error. */
static bool
check_keys(struct config *c, char *why)
{
	struct signing *s;
	struct resolver *r;

	if (c->sign_count == 0)
		return true;
	s = signing_load(c, why, WHY_SIZE);
	if (s == NULL)
		return false;
	r = resolver_new(&c->resolver.options, why, WHY_SIZE);
	if (r != NULL) {
		signing_preflight(s, r, (int64_t)time(NULL), CHECK_MS,
		    print_key, NULL);
		resolver_free(r);
	}
	signing_free(s);
	return r != NULL;
}

static enum daemon_exit
check_only(struct config *c)
{
	char text[WHY_SIZE];
	size_t at = 0;
	bool good;

	while (config_warning(c, &at, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
	good = daemon_user_exists(c, text, sizeof(text)) &&
	    check_keys(c, text);
	if (good)
		printf("%s: the configuration is fine\n", c->path);
	else
		fprintf(stderr, "%s\n", text);
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
	char why[WHY_SIZE];
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
