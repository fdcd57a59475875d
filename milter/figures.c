/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: all that the daemon shows of itself.
 *
 * Families of the resolver begin with assay_dns_; those that Prometheus'
 * own libraries have for every process with process_.
 */
#include "milter/figures.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "event/event.h"
#include "event/log.h"
#include "message/engine.h"
#include "metrics/counters.h"
#include "milter/drain.h"
#include "milter/keydates.h"
#include "milter/session.h"
#include "resolver/statistics.h"

#define US INT64_C(1000000)

static struct counters *counters;
static int64_t started;			/* seconds since the Epoch */
/* Reloads, those refused, and when a configuration was last taken. */
static atomic_llong taken, refused, taken_at;
static atomic_bool last_refused;

bool
figures_start(void)
{
	started = (int64_t)time(NULL);
	atomic_store(&taken_at, started);
	counters = counters_new();
	return counters != NULL && event_subscribe(counters_take, counters);
}

void
figures_reloaded(bool was_taken)
{
	atomic_fetch_add(was_taken ? &taken : &refused, 1);
	atomic_store(&last_refused, !was_taken);
	if (was_taken)
		atomic_store(&taken_at, (long long)time(NULL));
}

/* A family of one number. */
static void
show(struct exposition *x, const char *name, enum exposition_type type,
    const char *help, long long value)
{
	const struct exposition_family f = { .name = name, .type = type,
		.help = help };

	exposition_family(x, &f);
	exposition_number(x, NULL, 0, value);
}

static void
show_seconds(struct exposition *x, const char *name,
    enum exposition_type type, const char *help, int64_t us)
{
	const struct exposition_family f = { .name = name, .type = type,
		.unit = "seconds", .help = help };

	exposition_family(x, &f);
	exposition_us(x, NULL, 0, us);
}

static void
show_bytes(struct exposition *x, const char *name, const char *help,
    long long value)
{
	const struct exposition_family f = { .name = name,
		.type = EXPOSITION_GAUGE, .unit = "bytes", .help = help };

	exposition_family(x, &f);
	exposition_number(x, NULL, 0, value);
}

/* ---- the resolver ---- */

static void
write_outcomes(struct exposition *x, const struct resolver_stats *s)
{
	static const struct exposition_family f = { "assay_dns_outcomes",
		EXPOSITION_COUNTER, NULL, "Queries to nameservers by outcome; "
		"\"not asked\" are questions that were refused at once." };
	struct exposition_label label = { .name = "outcome" };
	size_t i;

	exposition_family(x, &f);
	for (i = 0; i <= DNS_NOT_ASKED; i++) {
		label.value = slice_str(dns_outcome_name(
		    (enum dns_outcome)i));
		exposition_number(x, &label, 1, (long long)s->outcomes[i]);
	}
}

static void
write_latency(struct exposition *x, const struct resolver_stats *s)
{
	static const struct exposition_family f = {
		"assay_dns_latency_seconds", EXPOSITION_HISTOGRAM, "seconds",
		"How long queries took, from the first question to the "
		"answer." };
	int64_t bounds[RESOLVER_LATENCY_BUCKETS - 1];
	const struct exposition_histogram h = { .bounds_us = bounds,
		.counts = s->latency, .sum_us = (int64_t)s->latency_us,
		.bound_count = RESOLVER_LATENCY_BUCKETS - 1 };
	size_t i;

	for (i = 0; i < h.bound_count; i++)
		bounds[i] = (INT64_C(1) << i) * 1000;
	exposition_family(x, &f);
	exposition_histogram(x, &h);
}

static void
write_servers(struct exposition *x, const struct resolver_statistics *now)
{
	static const struct exposition_family f = { "assay_dns_server_up",
		EXPOSITION_GAUGE, NULL, "1 when the nameserver answers." },
	    forged = { "assay_dns_mismatches", EXPOSITION_COUNTER, NULL,
		"Answers to a name in other letters, which were not taken." };
	struct exposition_label label = { .name = "server" };
	size_t i;

	exposition_family(x, &f);
	for (i = 0; i < now->server_count; i++) {
		label.value = slice_str(now->servers[i].address);
		exposition_number(x, &label, 1, !now->servers[i].failed);
	}
	exposition_family(x, &forged);
	for (i = 0; i < now->server_count; i++) {
		label.value = slice_str(now->servers[i].address);
		exposition_number(x, &label, 1,
		    (long long)now->servers[i].mismatches);
	}
}

static void
write_resolver(struct exposition *x, struct resolver *r)
{
	struct resolver_statistics now;
	const struct resolver_stats *s = &now.totals;

	resolver_statistics(r, &now);
	show(x, "assay_dns_questions", EXPOSITION_COUNTER,
	    "Questions to the resolver.", (long long)s->asked);
	show(x, "assay_dns_zone_answers", EXPOSITION_COUNTER,
	    "Questions answered from the zone file.",
	    (long long)s->zone_answers);
	show(x, "assay_dns_cache_hits", EXPOSITION_COUNTER,
	    "Questions answered from the cache.", (long long)s->cache_hits);
	show(x, "assay_dns_coalesced", EXPOSITION_COUNTER,
	    "Questions that joined a query under way.",
	    (long long)s->coalesced);
	show(x, "assay_dns_queries", EXPOSITION_COUNTER,
	    "Queries to nameservers, each counted once.",
	    (long long)s->queries);
	show(x, "assay_dns_retries", EXPOSITION_COUNTER,
	    "Queries that were sent again.", (long long)s->retries);
	show(x, "assay_dns_cancelled", EXPOSITION_COUNTER,
	    "Questions that were taken back.", (long long)s->cancelled);
	write_outcomes(x, s);
	write_latency(x, s);
	show(x, "assay_dns_cache_entries", EXPOSITION_GAUGE,
	    "Answers in the cache.", (long long)s->cache_entries);
	show_bytes(x, "assay_dns_cache_bytes", "Memory of the cache.",
	    (long long)s->cache_bytes);
	show(x, "assay_dns_in_flight", EXPOSITION_GAUGE,
	    "Queries under way.", (long long)s->in_flight);
	show(x, "assay_dns_waiting", EXPOSITION_GAUGE,
	    "Queries that wait for their place.", (long long)s->waiting);
	write_servers(x, &now);
}

/* ---- the daemon ---- */

static void
write_reloads(struct exposition *x)
{
	static const struct exposition_family f = { "assay_reloads",
		EXPOSITION_COUNTER, NULL, "Reloads of the configuration, by "
		"whether it was taken or refused." };
	struct exposition_label label = { "result", SLICE("taken") };

	exposition_family(x, &f);
	exposition_number(x, &label, 1, atomic_load(&taken));
	label.value = SLICE("refused");
	exposition_number(x, &label, 1, atomic_load(&refused));
	show(x, "assay_last_reload_successful", EXPOSITION_GAUGE,
	    "0 when the last reload was refused.",
	    !atomic_load(&last_refused));
	show_seconds(x, "assay_last_reload_success_timestamp_seconds",
	    EXPOSITION_GAUGE, "When the configuration in force was read.",
	    atomic_load(&taken_at) * US);
}

static void
write_daemon(struct exposition *x, const struct engine *e)
{
	static const struct exposition_family build = { "assay_build",
		EXPOSITION_INFO, NULL, "The version that runs." };
	const struct exposition_label version = { "version",
		SLICE(PACKAGE_VERSION) };
	unsigned int in_hand, connections;
	struct sightings_stats seen;

	exposition_family(x, &build);
	exposition_number(x, &version, 1, 1);
	drain_counts(&in_hand, &connections);
	show(x, "assay_messages_in_hand", EXPOSITION_GAUGE,
	    "Messages from MAIL to the reply that ends them.", in_hand);
	show(x, "assay_connections", EXPOSITION_GAUGE,
	    "Connections of mail servers.", connections);
	show(x, "assay_workers_busy", EXPOSITION_GAUGE,
	    "Worker threads that judge a message, or wait for its DNS.",
	    session_busy());
	show(x, "assay_deferrals_remembered", EXPOSITION_GAUGE,
	    "Senders whose time of deferral is remembered.",
	    (long long)deferral_count(e->deferrals));
	sightings_stats(e->sightings, &seen);
	show(x, "assay_sightings_remembered", EXPOSITION_GAUGE,
	    "Networks and recipients of signatures that are remembered, for "
	    "rules with replay.", seen.remembered);
	show(x, "assay_sightings_forgotten", EXPOSITION_COUNTER,
	    "Those of them that were forgotten before their time, for want of "
	    "room.", (long long)seen.forgotten);
	show(x, "assay_log_lines_lost", EXPOSITION_COUNTER,
	    "Lines that the log was too slow for.", (long long)log_lost());
	write_reloads(x);
}

/* ---- the process ---- */

/* Number `field`, from 1, of /proc/self/stat, proc(5); 0: not known. */
static long long
stat_field(unsigned int field)
{
	struct file f = { .path = "/proc/self/stat" };
	struct buf text;
	struct slice rest, word;
	long long value = 0;

	buf_init(&text, 4096);
	if (file_load(&f, &text) == FILE_READ) {
		/* The name of the program, field 2, may hold anything. */
		rest = buf_slice(&text);
		rest = slice_from(rest, slice_find_last(rest, ')'));
		for (; field > 2 && rest.len > 0; field--)
			slice_cut(&rest, ' ', &word);
		value = strtoll(rest.len > 0 ? rest.ptr : "0", NULL, 10);
	}
	buf_fini(&text);
	return value;
}

/* 0: not known. */
static long long
count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	long long count = -3;	/* ".", "..", and the folder itself */

	if (folder == NULL)
		return 0;
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static int64_t
cpu_us(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) != 0)
		return 0;
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * US +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void
write_process(struct exposition *x)
{
	struct rlimit limit = { .rlim_cur = 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	show_seconds(x, "process_cpu_seconds", EXPOSITION_COUNTER,
	    "Processor time, of user and system.", cpu_us());
	show_seconds(x, "process_start_time_seconds", EXPOSITION_GAUGE,
	    "When the process began.", started * US);
	show_bytes(x, "process_resident_memory_bytes", "Resident memory.",
	    stat_field(24) * sysconf(_SC_PAGESIZE));
	show(x, "process_open_fds", EXPOSITION_GAUGE,
	    "Descriptors that are open, sockets among them.",
	    count_descriptors());
	show(x, "process_max_fds", EXPOSITION_GAUGE,
	    "How many there may be.", (long long)limit.rlim_cur);
	show(x, "process_threads", EXPOSITION_GAUGE,
	    "Threads, those of the milter library among them.",
	    stat_field(20));
}

/* ---- all of it ---- */

void
figures_write(void *arg, struct exposition *x)
{
	struct engine *e = engine_current();

	(void)arg;
	write_daemon(x, e);
	counters_write(counters, x);
	write_resolver(x, e->resolver);
	keydates_write(x, e->config, (int64_t)time(NULL));
	write_process(x);
	engine_unref(e);
}

void
figures_line(char *out, size_t size)
{
	unsigned int in_hand, connections;
	struct counters_sum sum;

	counters_sum(counters, &sum);
	drain_counts(&in_hand, &connections);
	snprintf(out, size, "%llu messages, %llu with a temperror, %u in hand"
	    "%s", (unsigned long long)sum.messages,
	    (unsigned long long)sum.temperrors, in_hand,
	    atomic_load(&last_refused) ? "; the last reload was refused" : "");
}
