/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay-milter: the command line.
 */
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "milter/daemon.h"
#include "milter/outlet.h"
#include "process/listen.h"
#include "process/privileges.h"
#include "event/log.h"
#include "message/signing.h"

#define WHY_SIZE	1024
#define CHECK_MS	10000	/* -t: for the look-ups of all keys together */
#define DEFAULT_CONFIG ASSAY_SYSCONFDIR "/assay/assay.yaml"

static const char usage[] =
    "usage: assay-milter [-c FILE] [-f] [-t] [-V]\n"
    "  -c FILE        the configuration (default " DEFAULT_CONFIG ")\n"
    "  -f             stay in the foreground, log to stderr\n"
    "  -t             check the configuration and exit\n"
    "  -V, --version  print the version and exit\n"
    "  --help         print this and exit\n";

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

	if (!config_has_keys(c))
		return true;
	if (!privileges_borrow(c->user, why, WHY_SIZE))
		return false;
	s = signing_load(c, why, WHY_SIZE);
	privileges_return();
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
	if (listener_warning(c->socket, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
	if (outlet_warning(c, text, sizeof(text)))
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
			puts("assay-milter " PACKAGE_VERSION);
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
	struct config *c;

	if (status >= 0)
		return status;
	if (o.foreground)
		log_force_stderr();
	/* In the background "/" is the working folder; a reload needs it. */
	else if (!o.check && realpath(o.path, absolute) != NULL)
		o.path = absolute;
	c = config_read(o.path, why, sizeof(why));
	if (c == NULL) {
		fprintf(stderr, "%s\n", why);
		return (int)DAEMON_EXIT_CONFIG;
	}
	return (int)(o.check ? check_only(c) :
	    daemon_run(c, o.foreground));
}
