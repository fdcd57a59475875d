/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay-milter: the command line.
 */
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config.h"
#include "milter/daemon.h"
#include "milter/figures.h"
#include "milter/keeper.h"
#include "process/command.h"
#include "process/listen.h"
#include "process/privileges.h"
#include "event/log.h"
#include "message/signing.h"

#define WHY_SIZE	1024
#define CHECK_MS	10000	/* -t: for the lookups of all keys together */
#define DEFAULT_CONFIG ASSAY_SYSCONFDIR "/assay/assay.yaml"

static void
print_key(void *arg, const struct signing_check *c)
{
	char text[WHY_SIZE];

	(void)arg;
	signing_check_text(c, text, sizeof(text));
	printf("%skey %s\n", c->match == DKIM_KEY_MATCHES ||
	    c->name[0] == '\0' ? "" : "warning: ", text);
}

/* A signing_survey_fn. */
static void
print_survey(void *arg, bool bad, const char *text)
{
	(void)arg;
	printf("%s%s\n", bad ? "warning: " : "", text);
}

/* The keys can be read; a problem with their records is reported, but is no
   error. */
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
	if (s != NULL && !signing_survey(s, print_survey, NULL, why,
	    WHY_SIZE)) {
		signing_free(s);
		s = NULL;
	}
	privileges_return();
	if (s == NULL)
		return false;
	r = resolver_new(&c->resolver.options, why, WHY_SIZE);
	if (r != NULL) {
		signing_preflight(s, NULL, r, (int64_t)time(NULL),
		    CHECK_MS, print_key, NULL);
		resolver_free(r);
	}
	signing_free(s);
	return r != NULL;
}

static enum daemon_exit
check_only(struct config *c)
{
	const struct outlet_options metrics = figures_outlet(c);
	char text[WHY_SIZE];
	size_t at = 0;
	bool good;

	while (config_warning(c, &at, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
	if (listener_warning(c->socket, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
	if (outlet_warning(&metrics, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
	good = daemon_user_exists(c, text, sizeof(text)) &&
	    keeper_check(c, text, sizeof(text)) &&
	    outlet_load(&metrics, text, sizeof(text)) &&
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
	struct command command = { .program = "assay-milter",
		.path = DEFAULT_CONFIG };
	int status;
	char why[LIMIT_CONFIG_WHY];
	struct config *c;

	mem_share_heaps();
	status = command_read(argc, argv, &command);
	if (status >= 0)
		return status;
	if (command.foreground)
		log_force_stderr();
	c = config_read(command.path, why, sizeof(why));
	if (c == NULL) {
		fprintf(stderr, "%s\n", why);
		return (int)DAEMON_EXIT_CONFIG;
	}
	return (int)(command.check ? check_only(c) :
	    daemon_run(c, command.foreground));
}
