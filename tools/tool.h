/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tool: what all commands of assay share: options, the configuration that
 * they work by, and how they end.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/ipaddr.h"
#include "base/json.h"
#include "base/slice.h"
#include "dkim/verify.h"
#include "message/engine.h"
#include "message/inquiry.h"
#include "tools/text.h"

/* By sysexits.h, where it has a word. */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_REFUSED = 1,	/* would be, or deferred; a key differs */
	TOOL_USAGE = 64,
	TOOL_NO_INPUT = 66,
	TOOL_UNAVAILABLE = 69,	/* no memory, no resolver */
	TOOL_CANNOT_CREATE = 73,
	TOOL_OUTPUT = 74,
	TOOL_TEMPORARY = 75,	/* DNS did not answer */
	TOOL_CONFIG = 78
};

struct tool;

/* A command: a row of the table in tools/main.c.  All texts are ours. */
struct tool_command {
	const char	*name;		/* one word, or two: "report read" */
	/* argv[0] is the last word of the name. */
	enum tool_exit	(*run)(struct tool *t, int argc, char **argv);
	const char	*synopsis;	/* after the name; a line for each
					   form, ended by LF but the last;
					   one that begins with a blank goes
					   on with the form before it */
	const char	*what;		/* "Checks a message", no full stop */
	const char	*example;	/* lines of a shell */
};

struct tool {
	const struct tool_command *command;
	/* When tool_options() returned false: how the command ends. */
	enum tool_exit		 ended;

	/* Options that every command takes. */
	const char		*config_path;	/* NULL: all defaults */
	const char		*zone_path;	/* NULL: as configured */
	bool			 json;
	bool			 no_color;

	struct text		 text;
	struct json		 out;
	/* Where a message comes from counts, as in the daemon. */
	bool			 keeps_origins;

	/* From tool_start() on. */
	struct arena		*arena;
	struct dkim_context	*dkim;
	/* Without keeps_origins its configuration trusts no network: what is
	   asked about is checked.  The networks that it did trust are here. */
	struct engine		*engine;
	const struct ipnet	*trusted;
	size_t			 trusted_count;
	struct slice		 receiver;	/* authserv-id */
	char			 host[256];
};

/* An option of one command: "--name VALUE", or "--name" with a flag. */
struct tool_option {
	const char	 *name;
	const char	**value;
	bool		 *flag;		/* instead of a value */
	const char	 *argument;	/* "ADDRESS", of a value */
	const char	 *what;		/* for its help, no full stop */
};

/*
 * Reads the options in argv[1] and on; the first argument after them is
 * argv[optind].  `own` ends with a NULL name.  False: the command is over,
 * with the status t->ended, since --help was answered, or an option is none of
 * them, which was reported on stderr.
 */
bool		 tool_options(struct tool *t, int argc, char **argv,
		    const struct tool_option *own);
/*
 * Reads the configuration and the zone, starts the resolver.  On failure it
 * says why on stderr.  tool_stop() is due in either case.
 */
enum tool_exit	 tool_start(struct tool *t);
void		 tool_stop(struct tool *t);
/* After tool_start(): the keys of the configuration, if it has any. */
enum tool_exit	 tool_load_keys(struct tool *t);

/* The usage of the command on stderr; returns TOOL_USAGE. */
enum tool_exit	 tool_usage(const struct tool *t);
/* "assay: TEXT[: FOREIGN]" on stderr; returns `status`. */
enum tool_exit	 tool_fail(enum tool_exit status, const char *text,
		    const char *foreign);
/* "assay: LINE" for each line of what the configuration, a zone file or the
   keys have wrong. */
enum tool_exit	 tool_refuse(enum tool_exit status, const char *why);
/* "assay: FOREIGN: FOREIGN", a path and what is wrong with it. */
enum tool_exit	 tool_fail_at(enum tool_exit status, const char *path,
		    const char *why);
enum tool_exit	 tool_no_memory(void);

/*
 * Puts questions until `step` is content, within the deadline of the
 * configuration; no answer by then is a time-out.  The caller frees what it
 * gets (inquiry_free()); NULL: no memory.
 */
struct inquiry	*tool_inquire(struct tool *t, inquiry_step_fn *step,
		    void *arg);

/*
 * Runs a check again over the answers that it had, which brings the steps of
 * its trace: `run` is called until it is done; other questions are
 * answered with DNS_NOT_ASKED.  False: no memory.
 */
typedef enum check_state	tool_check_fn(void *arg,
				    struct dns_ledger *ledger,
				    struct arena *scratch);
bool		 tool_check_again(tool_check_fn *run, void *arg,
		    struct dns_ledger *ledger);

/* All of a file, or of stdin for "-".  `b` is initialised by this. */
enum tool_exit	 tool_read_file(const char *path, struct buf *b);

#endif
