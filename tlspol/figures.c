/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: one table for the log and for Prometheus.
 */
#include "tlspol/figures.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "event/log.h"
#include "metrics/exposition.h"
#include "metrics/lookups.h"
#include "metrics/vitals.h"

#define AT(member) offsetof(struct figures, member)

/* Samples of a family are together; its first row has the help. */
static const struct row {
	const char			*key;		/* in the log */
	size_t				 at;
	struct exposition_family	 family;
	struct exposition_label		 label;		/* NULL: none */
} rows[] = {
	{ "connections", AT(connections), { "assay_tlspol_connections",
		EXPOSITION_COUNTER, NULL, "Connections of mail servers." },
		{ .name = NULL } },
	{ "connections-open", AT(open), { "assay_tlspol_connections_open",
		EXPOSITION_GAUGE, NULL, "Connections that are open." },
		{ .name = NULL } },
	{ "connections-crowded", AT(crowded), {
		"assay_tlspol_connections_crowded", EXPOSITION_COUNTER, NULL,
		"Connections that were closed to make room for another." },
		{ .name = NULL } },
	{ "requests", AT(requests), { "assay_tlspol_requests",
		EXPOSITION_COUNTER, NULL, "Requests of mail servers." },
		{ .name = NULL } },
	{ "requests-bad", AT(bad), { "assay_tlspol_requests_bad",
		EXPOSITION_COUNTER, NULL, "Connections closed because the "
		"client sent something else." }, { .name = NULL } },
	{ "domains", AT(domains), { "assay_tlspol_domains",
		EXPOSITION_GAUGE, NULL, "Domains that are remembered." },
		{ .name = NULL } },
	{ "policies", AT(policies), { "assay_tlspol_policies",
		EXPOSITION_GAUGE, NULL, "Remembered domains with a policy." },
		{ .name = NULL } },
	{ "octets", AT(octets), { "assay_tlspol_memory_bytes",
		EXPOSITION_GAUGE, "bytes", "Memory that they take." },
		{ .name = NULL } },
	{ "from-memory", AT(from_memory), { "assay_tlspol_from_memory",
		EXPOSITION_COUNTER, NULL, "Requests answered from memory." },
		{ .name = NULL } },
	{ "waited", AT(waited), { "assay_tlspol_waited",
		EXPOSITION_COUNTER, NULL, "Requests that waited for a "
		"lookup." }, { .name = NULL } },
	{ "late", AT(late), { "assay_tlspol_late", EXPOSITION_COUNTER, NULL,
		"Requests that were answered before their lookup ended." },
		{ .name = NULL } },
	{ "notfound", AT(notfound), { "assay_tlspol_answers",
		EXPOSITION_COUNTER, NULL, "Answers by kind." },
		{ "answer", SLICE_INIT("notfound") } },
	{ "secure", AT(secure), { "assay_tlspol_answers",
		EXPOSITION_COUNTER, NULL, NULL },
		{ "answer", SLICE_INIT("secure") } },
	{ "dane", AT(dane), { "assay_tlspol_answers",
		EXPOSITION_COUNTER, NULL, NULL },
		{ "answer", SLICE_INIT("dane") } },
	{ "temp", AT(temp), { "assay_tlspol_answers",
		EXPOSITION_COUNTER, NULL, NULL },
		{ "answer", SLICE_INIT("temp") } },
	{ "lookups", AT(lookups), { "assay_tlspol_lookups",
		EXPOSITION_COUNTER, NULL, "Lookups of domains." },
		{ .name = NULL } },
	{ "lookups-open", AT(lookups_open), { "assay_tlspol_lookups_open",
		EXPOSITION_GAUGE, NULL, "Lookups in progress." },
		{ .name = NULL } },
	{ "lookups-refused", AT(lookups_refused), {
		"assay_tlspol_lookups_refused", EXPOSITION_COUNTER, NULL,
		"Lookups not started: too many were in progress." },
		{ .name = NULL } },
	{ "fetches", AT(fetches), { "assay_tlspol_fetches",
		EXPOSITION_COUNTER, NULL, "Policies that were requested by "
		"HTTPS." }, { .name = NULL } },
	{ "fetch-failures", AT(fetch_failures), {
		"assay_tlspol_fetch_failures", EXPOSITION_COUNTER, NULL,
		"Policies that could not be fetched or read." },
		{ .name = NULL } },
	{ "dns-failures", AT(dns_failures), { "assay_tlspol_dns_failures",
		EXPOSITION_COUNTER, NULL, "Lookups in which DNS did not "
		"answer." }, { .name = NULL } }
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static struct figures shown;
static struct resolver *shown_resolver;

static uint64_t
value_of(const struct figures *f, const struct row *row)
{
	uint64_t value;

	memcpy(&value, (const char *)f + row->at, sizeof(value));
	return value;
}

void
figures_show(const struct figures *f, struct resolver *r)
{
	struct resolver *old = NULL;

	(void)pthread_mutex_lock(&lock);
	shown = *f;
	if (r != shown_resolver) {
		old = shown_resolver;
		shown_resolver = resolver_ref(r);
	}
	(void)pthread_mutex_unlock(&lock);
	resolver_free(old);
}

void
figures_log(const struct figures *f)
{
	struct log_record r;
	size_t i;

	log_record_begin(&r, CONFIG_LOG_INFO, "statistics");
	for (i = 0; i < ROWS; i++)
		log_record_number(&r, rows[i].key,
		    (long long)value_of(f, &rows[i]));
	log_record_end(&r);
}

/* A scrape_write_fn. */
static void
write_all(void *arg, struct exposition *x)
{
	struct resolver *r = NULL;
	struct figures now;
	size_t i;

	(void)arg;
	(void)pthread_mutex_lock(&lock);
	now = shown;
	if (shown_resolver != NULL)
		r = resolver_ref(shown_resolver);
	(void)pthread_mutex_unlock(&lock);
	vitals_write_daemon(x);
	for (i = 0; i < ROWS; i++) {
		if (rows[i].family.help != NULL)
			exposition_family(x, &rows[i].family);
		exposition_number(x, &rows[i].label,
		    rows[i].label.name != NULL ? 1 : 0,
		    (long long)value_of(&now, &rows[i]));
	}
	if (r != NULL)
		lookups_write(x, r);
	resolver_free(r);
	vitals_write_process(x);
}

struct outlet_options
figures_outlet(const struct settings *s)
{
	return (struct outlet_options){ .socket = s->metrics,
		.user = s->user, .write = write_all,
		.contents = "how much mail there is" };
}
