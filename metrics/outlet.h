/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: the socket at which the metrics are read, as the configuration
 * wants it.
 *
 * One thread at a time: the one that starts the daemon, then the one that
 * reloads.
 */
#ifndef METRICS_OUTLET_H
#define METRICS_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "metrics/scrape.h"

/* The strings are borrowed for a call. */
struct outlet_options {
	const char	*socket;	/* as configured, checked; NULL: none */
	const char	*user;		/* who gets it; NULL: stays ours */
	/* What they say, for a warning: "the names of ..." */
	const char	*contents;
	scrape_write_fn	*write;		/* with NULL */
};

/*
 * Loads the library that serves it, as outlet_open() and outlet_prepare() do.
 * False, with a sentence in `why`.
 */
bool	outlet_load(const struct outlet_options *want, char *why,
	    size_t why_size);

/*
 * At the start, still with the rights to make the socket: binds it, if the
 * configuration asks for one.  False, with a sentence in `why`.
 */
bool	outlet_open(const struct outlet_options *want, char *why,
	    size_t why_size);
/* Once there may be threads: serves it. */
bool	outlet_serve(char *why, size_t why_size);

/*
 * A reload: opens and serves the socket of the new configuration, if that
 * is not `now`.  False, with a sentence in `why`, and nothing has changed.
 */
bool	outlet_prepare(const char *now, const struct outlet_options *want,
	    char *why, size_t why_size);
/* What was prepared takes the place of the old one, or is given up. */
void	outlet_commit(void);
void	outlet_cancel(void);

/* The end of the process: removes a local socket. */
void	outlet_remove(void);

/* Who can read them, if that is more than this host: a sentence in `text`. */
bool	outlet_warning(const struct outlet_options *want, char *text,
	    size_t size);

#endif
