/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine: a configuration and what was started for it.
 */
#include "message/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"

struct counted_engine {
	struct engine	engine;		/* first: what users see */
	atomic_uint	refs;
};

static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct engine *current;

/* The current engine's, if a new one would be the same, or a new one. */
static struct resolver *
find_resolver(const struct resolver_options *options, char *why,
    size_t why_size)
{
	struct engine *e = engine_current();
	struct resolver *r = NULL;

	if (e != NULL && resolver_matches(e->resolver, options))
		r = resolver_ref(e->resolver);
	engine_unref(e);
	return r != NULL ? r : resolver_new(options, why, why_size);
}

struct engine *
engine_renew(const struct engine *e, char *why, size_t why_size)
{
	struct engine *fresh = engine_new(config_ref(e->config), e->dkim,
	    why, why_size);

	if (fresh != NULL) {
		fresh->deferrals = e->deferrals;
		fresh->sightings = e->sightings;
		fresh->signing = signing_ref(e->signing);
	}
	return fresh;
}

struct engine *
engine_new(struct config *config, struct dkim_context *dkim, char *why,
    size_t why_size)
{
	struct counted_engine *c = mem_alloc(sizeof(*c));

	if (c == NULL) {
		snprintf(why, why_size, "no memory");
		config_unref(config);
		return NULL;
	}
	c->engine.config = config;
	c->engine.dkim = dkim;
	c->engine.resolver = find_resolver(&config->resolver.options, why,
	    why_size);
	if (c->engine.resolver == NULL) {
		config_unref(config);
		mem_free(c);
		return NULL;
	}
	atomic_init(&c->refs, 1);
	return &c->engine;
}

static struct counted_engine *
counted(struct engine *e)
{
	return (struct counted_engine *)e;
}

struct engine *
engine_ref(struct engine *e)
{
	if (e != NULL)
		atomic_fetch_add(&counted(e)->refs, 1);
	return e;
}

void
engine_unref(struct engine *e)
{
	if (e == NULL || atomic_fetch_sub(&counted(e)->refs, 1) != 1)
		return;
	/* The resolver borrows the zone from the configuration. */
	resolver_free(e->resolver);
	signing_free(e->signing);
	config_unref(e->config);
	mem_free(e);
}

struct engine *
engine_current(void)
{
	struct engine *e;

	pthread_mutex_lock(&current_lock);
	e = engine_ref(current);
	pthread_mutex_unlock(&current_lock);
	return e;
}

/* Makes `e` current, if `any` or if `old` is.  False: nothing is done. */
static bool
swap(bool any, const struct engine *old, struct engine *e)
{
	struct engine *had = NULL;
	bool swaps;

	pthread_mutex_lock(&current_lock);
	swaps = any || current == old;
	if (swaps) {
		had = current;
		current = e;
	}
	pthread_mutex_unlock(&current_lock);
	engine_unref(had);
	return swaps;
}

bool
engine_replace(const struct engine *old, struct engine *e)
{
	return swap(false, old, e);
}

void
engine_set_current(struct engine *e)
{
	(void)swap(true, NULL, e);
}
