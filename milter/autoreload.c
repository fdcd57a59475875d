/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoreload: have the files of a configuration changed?
 */
#include "milter/autoreload.h"

#include <string.h>

#include "base/file.h"

void
autoreload_begin(struct autoreload *a, const struct config *c)
{
	size_t i;

	for (i = 0; i < c->file_count; i++)
		a->taken[i] = a->last[i] = c->files[i].seen;
}

bool
autoreload_due(struct autoreload *a, const struct config *c)
{
	bool changed = false, settled = true;
	struct stat now;
	size_t i;

	for (i = 0; i < c->file_count && c->auto_reload; i++) {
		file_look(c->files[i].path, &now);
		changed = changed || !file_is_same(&now, &a->taken[i]);
		settled = settled && file_is_same(&now, &a->last[i]);
		a->last[i] = now;
	}
	if (!changed || !settled)
		return false;
	memcpy(a->taken, a->last, sizeof(a->taken));
	return true;
}
