/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assay-tlspol: the command line.
 */
#include <stdio.h>

#include "base/limits.h"
#include "event/log.h"
#include "process/command.h"
#include "tlspol/daemon.h"
#include "tlspol/figures.h"
#include "tlspol/settings.h"

#define DEFAULT_CONFIG ASSAY_SYSCONFDIR "/assay/assay-tlspol.yaml"

static void
warn(const struct settings *s)
{
	const struct outlet_options metrics = figures_outlet(s);
	char text[LIMIT_CONFIG_WHY];

	if (outlet_warning(&metrics, text, sizeof(text)))
		fprintf(stderr, "warning: %s\n", text);
}

int
main(int argc, char **argv)
{
	struct command command = { .program = "assay-tlspol",
		.path = DEFAULT_CONFIG };
	int status = command_read(argc, argv, &command);
	char why[LIMIT_CONFIG_WHY];
	struct settings *s;

	if (status >= 0)
		return status;
	if (command.foreground)
		log_force_stderr();
	s = settings_read(command.path, why, sizeof(why));
	if (s == NULL || !daemon_check(s, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		settings_unref(s);
		return (int)DAEMON_EXIT_CONFIG;
	}
	if (!command.check)
		return (int)daemon_run(s, command.foreground);
	warn(s);
	printf("%s: the configuration is fine\n", s->path);
	settings_unref(s);
	return (int)DAEMON_EXIT_OK;
}
