/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoreload: have the files of a configuration changed?
 */
#include "milter/autoreload.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"

#define AGAIN_US	INT64_C(5000000)	/* ours */

void
autoreload_begin(struct autoreload *a, const struct config *c)
{
	size_t i;

	for (i = 0; i < c->file_count; i++)
		a->taken[i] = a->last[i] = c->files[i].seen;
}

static enum autoreload_step
step_again(struct autoreload *a, bool refused)
{
	if (!refused || clock_us() < a->again_us)
		return AUTORELOAD_NOTHING;
	a->again_us = clock_us() + AGAIN_US;
	return AUTORELOAD_AGAIN;
}

enum autoreload_step
autoreload_due(struct autoreload *a, const struct config *c, bool refused)
{
	bool changed = false, settled = true;
	struct stat now;
	size_t i;

	if (!c->auto_reload)
		return AUTORELOAD_NOTHING;
	for (i = 0; i < c->file_count; i++) {
		file_look(c->files[i].path, &now);
		changed = changed || !file_is_same(&now, &a->taken[i]);
		settled = settled && file_is_same(&now, &a->last[i]);
		a->last[i] = now;
	}
	if (!settled)
		return AUTORELOAD_NOTHING;
	if (!changed)
		return step_again(a, refused);
	memcpy(a->taken, a->last, sizeof(a->taken));
	a->again_us = clock_us() + AGAIN_US;
	return AUTORELOAD_CHANGED;
}
