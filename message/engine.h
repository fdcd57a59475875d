/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine: a configuration and what was started for it.
 *
 * Immutable and reference-counted.  A reload makes a new engine and swaps
 * the current one; a message keeps the engine that it began with, and the
 * last message of an old engine ends its resolver.
 */
#ifndef MESSAGE_ENGINE_H
#define MESSAGE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "dkim/verify.h"
#include "message/signing.h"
#include "policy/deferral.h"
#include "policy/sightings.h"
#include "resolver/resolver.h"

struct engine {
	struct config		*config;	/* owned reference */
	struct resolver		*resolver;	/* owned reference */
	struct dkim_context	*dkim;		/* borrowed: lives forever */
	/* Set by the maker before anyone else sees the engine: who has been
	   deferred; borrowed, lives forever.  NULL: at-most has no effect. */
	struct deferral_table	*deferrals;
	/* Likewise: the signatures seen.  NULL: replays are not counted. */
	struct sightings	*sightings;
	/* Likewise, but owned.  NULL: nothing is signed. */
	struct signing		*signing;
};

/*
 * The resolver of the current engine is shared when the new one would be the
 * same: its cache and sockets stay warm.
 * Takes over the reference to `config` in any case.  On failure NULL, and
 * `why` says what could not be started.
 */
struct engine	*engine_new(struct config *config, struct dkim_context *dkim,
		    char *why, size_t why_size);
/* The same configuration and keys with a new resolver, for when resolv.conf
   names other nameservers; as engine_new(). */
struct engine	*engine_renew(const struct engine *e, char *why,
		    size_t why_size);
struct engine	*engine_ref(struct engine *e);
/* Not from the resolver's thread.  NULL is harmless. */
void		 engine_unref(struct engine *e);

/* The engine of messages that begin now: a reference owned by the caller. */
struct engine	*engine_current(void);
/* Makes `e` the current one and takes over its reference. */
void		 engine_set_current(struct engine *e);
/* The same, if `old` is the current one still; false, and nothing is taken
   over, when another has taken its place. */
bool		 engine_replace(const struct engine *old, struct engine *e);

#endif
