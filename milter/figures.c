/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: all that the daemon shows of itself.
 */
#include "milter/figures.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "event/event.h"
#include "message/engine.h"
#include "metrics/counters.h"
#include "metrics/lookups.h"
#include "metrics/vitals.h"
#include "milter/drain.h"
#include "milter/keeper.h"
#include "milter/keydates.h"
#include "milter/session.h"

static struct counters *counters;

bool
figures_start(void)
{
	vitals_start();
	counters = counters_new();
	return counters != NULL && event_subscribe(counters_take, counters);
}

static void
write_daemon(struct exposition *x, const struct engine *e)
{
	unsigned int in_hand, connections;
	struct sightings_stats seen;

	vitals_write_daemon(x);
	drain_counts(&in_hand, &connections);
	exposition_value(x, "assay_messages_in_hand", EXPOSITION_GAUGE,
	    "Messages in progress, from MAIL to their last reply.", in_hand);
	exposition_value(x, "assay_connections", EXPOSITION_GAUGE,
	    "Connections of mail servers.", connections);
	exposition_value(x, "assay_workers_busy", EXPOSITION_GAUGE,
	    "Worker threads that check a message or wait for its DNS.",
	    session_busy());
	exposition_value(x, "assay_deferrals_remembered", EXPOSITION_GAUGE,
	    "Remembered deferrals.",
	    (long long)deferral_count(e->deferrals));
	sightings_stats(e->sightings, &seen);
	exposition_value(x, "assay_sightings_remembered", EXPOSITION_GAUGE,
	    "Networks and recipients of signatures that are remembered, for "
	    "rules with replay.", seen.remembered);
	exposition_value(x, "assay_sightings_forgotten", EXPOSITION_COUNTER,
	    "Those that were forgotten early because there was no room.",
	    (long long)seen.forgotten);
}

/* A scrape_write_fn. */
static void
write_all(void *arg, struct exposition *x)
{
	struct engine *e = engine_current();

	(void)arg;
	write_daemon(x, e);
	counters_write(counters, x);
	keeper_write(x);
	lookups_write(x, e->resolver);
	keydates_write(x, e->config, e->signing, (int64_t)time(NULL));
	exposition_value(x, "assay_key_cache_entries", EXPOSITION_GAUGE,
	    "Keys of folders that are kept parsed.",
	    (long long)signing_kept(e->signing));
	vitals_write_process(x);
	engine_unref(e);
}

struct outlet_options
figures_outlet(const struct config *c)
{
	return (struct outlet_options){ .socket = c->metrics,
		.user = c->user, .write = write_all,
		.contents = "the names of your rules and the volume of your "
		    "mail" };
}

void
figures_line(char *out, size_t size)
{
	unsigned int in_hand, connections;
	struct counters_sum sum;

	counters_sum(counters, &sum);
	drain_counts(&in_hand, &connections);
	snprintf(out, size, "%llu messages, %llu with a temperror, %u in "
	    "progress%s%s", (unsigned long long)sum.messages,
	    (unsigned long long)sum.temperrors, in_hand,
	    vitals_last_refused() ? "; the last reload was refused" : "",
	    keeper_is_away() ? "; the store cannot be used" : "");
}
