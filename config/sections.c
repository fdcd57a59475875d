/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sections: the parts of a configuration that each daemon has.
 */
#include "config/sections.h"

#include "base/limits.h"
#include "config/values.h"
#include "config/zonefile.h"

static const struct schema_word log_targets[] = {
	{ "syslog", CONFIG_LOG_SYSLOG },
	{ "stderr", CONFIG_LOG_STDERR },
	{ NULL, 0 }
};
static const struct schema_word log_levels[] = {
	{ "error", CONFIG_LOG_ERROR },
	{ "warning", CONFIG_LOG_WARNING },
	{ "info", CONFIG_LOG_INFO },
	{ "debug", CONFIG_LOG_DEBUG },
	{ NULL, 0 }
};
static const struct schema_word log_formats[] = {
	{ "text", CONFIG_LOG_TEXT },
	{ "json", CONFIG_LOG_JSON },
	{ NULL, 0 }
};
static const struct schema_word trust_ad[] = {
	{ "auto", RESOLVER_TRUST_AD_AUTO },
	{ "yes", RESOLVER_TRUST_AD_YES },
	{ "no", RESOLVER_TRUST_AD_NO },
	{ NULL, 0 }
};

static const struct schema_word random_case[] = {
	{ "auto", RESOLVER_RANDOM_CASE_AUTO },
	{ "yes", RESOLVER_RANDOM_CASE_YES },
	{ "no", RESOLVER_RANDOM_CASE_NO },
	{ NULL, 0 }
};

#define FIELD(member) .field = offsetof(struct config_log, member)

const struct schema_key sections_log_keys[] = {
	{ .name = "target", .read = schema_word, .table = log_targets,
	  FIELD(target) },
	{ .name = "level", .read = schema_word, .table = log_levels,
	  FIELD(level) },
	{ .name = "format", .read = schema_word, .table = log_formats,
	  FIELD(format) },
	{ .name = NULL }
};

#undef FIELD
#define FIELD(member) .field = offsetof(struct config_resolver, member)
#define COUNT(member) .count = offsetof(struct config_resolver, member)

const struct schema_key sections_resolver_keys[] = {
	{ .name = "nameservers", .read = values_nameservers,
	  FIELD(options.nameservers),
	  COUNT(options.nameserver_count),
	  .min = 1, .max = LIMIT_DNS_SERVERS },
	{ .name = "timeout", .read = schema_duration,
	  FIELD(options.timeout_ms), .min = 100, .max = 60000 },
	{ .name = "tries", .read = schema_number,
	  FIELD(options.tries), .min = 1, .max = 10 },
	{ .name = "trust-ad", .read = schema_word, .table = trust_ad,
	  FIELD(options.trust_ad) },
	{ .name = "random-case", .read = schema_word, .table = random_case,
	  FIELD(options.random_case) },
	{ .name = "cache", .read = schema_size,
	  FIELD(options.cache_bytes),
	  .min = 64u << 10, .max = 4ull << 30 },
	{ .name = "serve-stale", .read = schema_duration,
	  FIELD(options.stale_ms), .min = 0, .max = LIMIT_DNS_STALE_MS },
	{ .name = "statistics", .read = schema_duration,
	  FIELD(statistics_ms), .min = 0, .max = 86400000 },
	{ .name = "zone", .read = values_readable_file,
	  FIELD(zone_path),
	  .table = "the path of a zone file" },
	{ .name = NULL }
};

void
sections_set_defaults(struct config_log *log, struct config_resolver *r)
{
	log->target = CONFIG_LOG_SYSLOG;
	log->level = CONFIG_LOG_INFO;
	log->format = CONFIG_LOG_TEXT;
	r->options.timeout_ms = 3000;
	r->options.tries = 2;
	r->options.trust_ad = RESOLVER_TRUST_AD_AUTO;
	r->options.random_case = RESOLVER_RANDOM_CASE_AUTO;
	r->options.cache_bytes = 64u << 20;
	r->statistics_ms = 3600000;
}

bool
sections_read_zone(struct config_resolver *r, char *why, size_t why_size)
{
	if (r->zone_path == NULL)
		return true;
	r->zone = zonefile_read(r->zone_path, why, why_size);
	r->options.zone = r->zone;
	return r->zone != NULL;
}
