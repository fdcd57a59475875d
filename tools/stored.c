/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stored: see stored.h.
 */
#include "tools/stored.h"

#include <time.h>

#define DEFAULT_CONFIG ASSAY_SYSCONFDIR "/assay/assay.yaml"
#define SINCE_MAX 3650u		/* days */

static enum tool_exit
exit_of(enum store_status status)
{
	return status == STORE_NO_MEMORY ? TOOL_UNAVAILABLE : TOOL_NO_INPUT;
}

enum tool_exit
stored_start(struct tool *t)
{
	if (t->config_path == NULL)
		t->config_path = DEFAULT_CONFIG;
	return tool_start(t);
}

enum tool_exit
stored_open_as(const char *name, enum store_mode mode, struct store **out)
{
	enum store_status status;
	char why[300];

	*out = store_open(name, mode, &status, why, sizeof(why));
	return *out != NULL ? TOOL_OK : tool_fail_at(exit_of(status),
	    "the store", why);
}

enum tool_exit
stored_open(struct tool *t, enum store_mode mode, struct store **out)
{
	enum tool_exit started = TOOL_OK;

	*out = NULL;
	if (t->engine == NULL)
		started = stored_start(t);
	if (started != TOOL_OK)
		return started;
	if (t->engine->config->store == NULL)
		return tool_fail_at(TOOL_CONFIG, t->config_path,
		    "it names no store");
	return stored_open_as(t->engine->config->store, mode, out);
}

enum tool_exit
stored_failed(const struct store *s, enum store_status status)
{
	return status == STORE_OK ? TOOL_OK : tool_fail_at(exit_of(status),
	    "the store", store_why(s));
}

static unsigned int
seconds_of(char unit)
{
	switch (unit) {
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

enum tool_exit
stored_since(const char *text, unsigned int days, int64_t *out)
{
	struct slice s = slice_str(text);
	unsigned long long n = days;
	unsigned int unit = 86400;

	if (text != NULL) {
		unit = s.len > 0 ? seconds_of(s.ptr[s.len - 1]) : 0;
		if (unit == 0 || !slice_number(slice_head(s, s.len - 1),
		    SINCE_MAX * 86400 / unit, &n))
			return tool_fail(TOOL_USAGE, "--since needs a number "
			    "with m, h or d, at most 3650d, not", text);
	}
	*out = (int64_t)time(NULL) - (int64_t)(n * unit);
	return TOOL_OK;
}
