/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tool: what all commands of assay share: options, the configuration that
 * they work by, and how they end.
 *
 * The configuration is read as the daemon reads it, and changed in two
 * places before it is used: no network is trusted, since the message is to be
 * checked, and a zone named on the command line replaces the configured one.
 */
#include "tools/tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "config/config.h"
#include "config/zonefile.h"
#include "message/signing.h"
#include "tools/help.h"

#define OPTIONS_MAX 16
#define WHY_MAX LIMIT_CONFIG_WHY

/* ---- how it ends ---- */

enum tool_exit
tool_fail(enum tool_exit status, const char *text, const char *foreign)
{
	struct text err = { .out = stderr };

	text_say(&err, "assay: %s", text);
	if (foreign != NULL) {
		text_say(&err, ": ");
		text_foreign(&err, slice_str(foreign));
	}
	text_end(&err);
	return status;
}

enum tool_exit
tool_fail_at(enum tool_exit status, const char *path, const char *why)
{
	struct text err = { .out = stderr };

	text_say(&err, "assay: ");
	text_foreign(&err, slice_str(path));
	text_say(&err, ": ");
	text_foreign(&err, slice_str(why));
	text_end(&err);
	return status;
}

enum tool_exit
tool_refuse(enum tool_exit status, const char *why)
{
	struct slice rest = slice_str(why), line;
	struct text err = { .out = stderr };
	bool more;

	do {
		more = slice_cut(&rest, '\n', &line);
		text_say(&err, "assay: ");
		text_foreign(&err, line);
		text_end(&err);
	} while (more);
	return status;
}

enum tool_exit
tool_no_memory(void)
{
	return tool_fail(TOOL_UNAVAILABLE, "out of memory", NULL);
}

/* ---- options ---- */

enum { OPTION_HELP = 256, OPTION_JSON, OPTION_NO_COLOR, OPTION_ZONE,
	OPTION_OWN };

#define OPTIONS_COMMON 4

static void
make_table(struct option table[OPTIONS_MAX], const struct tool_option *own)
{
	size_t n = OPTIONS_COMMON, i;

	table[0] = (struct option){ "json", no_argument, NULL, OPTION_JSON };
	table[1] = (struct option){ "no-color", no_argument, NULL,
		OPTION_NO_COLOR };
	table[2] = (struct option){ "zone", required_argument, NULL,
		OPTION_ZONE };
	table[3] = (struct option){ "help", no_argument, NULL, OPTION_HELP };
	for (i = 0; own[i].name != NULL && n < OPTIONS_MAX - 1; i++)
		table[n++] = (struct option){ own[i].name, own[i].flag != NULL ?
		    no_argument : required_argument, NULL,
		    OPTION_OWN + (int)i };
}

static void
take_own(const struct tool_option *o)
{
	if (o->flag != NULL)
		*o->flag = true;
	else
		*o->value = optarg;
}

/* getopt_long() was not content with `word`; `letter` says why. */
static enum tool_exit
refuse_option(int letter, const char *word, const struct option *table)
{
	const char *names[OPTIONS_MAX] = { NULL };
	size_t i;

	if (letter == ':')
		return tool_fail(TOOL_USAGE, "the value of this option is "
		    "missing", word);
	for (i = 0; table[i].name != NULL; i++)
		names[i] = table[i].name;
	return help_unknown("an option", "--", word, names);
}

static void
take_option(struct tool *t, int option, const struct tool_option *own)
{
	if (option == 'c')
		t->config_path = optarg;
	else if (option == OPTION_JSON)
		t->json = true;
	else if (option == OPTION_NO_COLOR)
		t->no_color = true;
	else if (option == OPTION_ZONE)
		t->zone_path = optarg;
	else
		take_own(&own[option - OPTION_OWN]);
}

bool
tool_options(struct tool *t, int argc, char **argv,
    const struct tool_option *own)
{
	struct option table[OPTIONS_MAX] = { { NULL, 0, NULL, 0 } };
	int option;

	make_table(table, own);
	opterr = 0;	/* getopt_long() would not escape what it prints */
	while ((option = getopt_long(argc, argv, ":c:h", table, NULL)) !=
	    -1) {
		if (option == 'h' || option == OPTION_HELP) {
			help_command(stdout, t->command, own);
			t->ended = TOOL_OK;
			return false;
		}
		if (option == '?' || option == ':') {
			t->ended = refuse_option(option, argv[optind - 1],
			    table);
			return false;
		}
		take_option(t, option, own);
	}
	text_init(&t->text, stdout, t->no_color || t->json);
	json_to_stream(&t->out, stdout);
	return true;
}

enum tool_exit
tool_usage(const struct tool *t)
{
	return help_usage(t->command);
}

/* ---- the configuration ---- */

static struct config *
read_config(const struct tool *t)
{
	struct config *c;
	char why[WHY_MAX];

	c = t->config_path != NULL ?
	    config_read(t->config_path, why, sizeof(why)) :
	    config_read_text(SLICE(""), "defaults", why, sizeof(why));
	if (c == NULL)
		(void)tool_refuse(TOOL_CONFIG, why);
	return c;
}

static bool
read_zone(const struct tool *t, struct config *c)
{
	struct dns_zone *zone;
	char why[WHY_MAX];

	if (t->zone_path == NULL)
		return true;
	zone = zonefile_read(t->zone_path, why, sizeof(why));
	if (zone == NULL) {
		(void)tool_refuse(TOOL_CONFIG, why);
		return false;
	}
	dns_zone_free(c->resolver.zone);
	c->resolver.zone = zone;
	c->resolver.options.zone = zone;
	return true;
}

/* The daemon takes what the mail server says of itself. */
static void
set_receiver(struct tool *t, const struct config *c)
{
	t->receiver = c->authserv_id;
	if (t->receiver.len > 0)
		return;
	if (gethostname(t->host, sizeof(t->host) - 1) != 0 ||
	    t->host[0] == '\0')
		memcpy(t->host, "localhost", sizeof("localhost"));
	t->receiver = slice_str(t->host);
}

enum tool_exit
tool_start(struct tool *t)
{
	struct config *c = read_config(t);
	char why[WHY_MAX];

	if (c == NULL)
		return TOOL_CONFIG;
	if (!read_zone(t, c)) {
		config_unref(c);
		return TOOL_CONFIG;
	}
	t->trusted = c->trusted_networks;
	t->trusted_count = c->trusted_network_count;
	if (!t->keeps_origins) {
		c->trusted_network_count = 0;
		c->origin_count = 0;
	}
	set_receiver(t, c);
	t->arena = arena_new(LIMIT_TOOL_MEMORY);
	t->dkim = dkim_context_new();
	if (t->arena == NULL || t->dkim == NULL) {
		config_unref(c);
		return tool_no_memory();
	}
	t->engine = engine_new(c, t->dkim, why, sizeof(why));
	return t->engine != NULL ? TOOL_OK :
	    tool_refuse(TOOL_UNAVAILABLE, why);
}

enum tool_exit
tool_load_keys(struct tool *t)
{
	char why[1024];

	if (!config_has_keys(t->engine->config))
		return TOOL_OK;
	t->engine->signing = signing_load(t->engine->config, why,
	    sizeof(why));
	return t->engine->signing != NULL ? TOOL_OK :
	    tool_refuse(TOOL_CONFIG, why);
}

void
tool_stop(struct tool *t)
{
	engine_unref(t->engine);
	if (t->dkim != NULL)
		dkim_context_free(t->dkim);
	arena_free(t->arena);
}

bool
tool_check_again(tool_check_fn *run, void *arg, struct dns_ledger *ledger)
{
	struct arena *scratch = arena_new(LIMIT_CHECK_MEMORY);
	struct dns_entry *e;

	while (scratch != NULL && run(arg, ledger, scratch) != CHECK_DONE)
		while ((e = dns_ledger_take_new(ledger)) != NULL)
			dns_ledger_answer(e, dns_answer_of(DNS_NOT_ASKED));
	if (scratch == NULL)
		return false;
	arena_free(scratch);
	return true;
}

struct inquiry *
tool_inquire(struct tool *t, inquiry_step_fn *step, void *arg)
{
	static const struct inquiry_waiting waiting;
	struct inquiry *q = inquiry_new(t->engine->resolver, step, arg);

	if (q != NULL)
		(void)inquiry_wait(q, t->engine->config->limits.deadline_ms,
		    &waiting);
	return q;
}

/* ---- files ---- */

enum tool_exit
tool_read_file(const char *path, struct buf *b)
{
	struct file f = { .path = path };

	if (slice_eq(slice_str(path), SLICE("-")))
		f = (struct file){ .fd = STDIN_FILENO };
	buf_init(b, LIMIT_TOOL_MESSAGE);
	switch (file_load(&f, b)) {
	case FILE_READ:
		return TOOL_OK;
	case FILE_LARGE:
		return tool_fail(TOOL_NO_INPUT, "too large", path);
	case FILE_FAILED:
	case FILE_KIND:
	case FILE_REFUSED:
	default:
		return tool_fail(TOOL_NO_INPUT, strerror(errno), path);
	}
}
