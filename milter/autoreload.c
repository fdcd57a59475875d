/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoreload: have the files of a configuration changed?
 */
#include "milter/autoreload.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define AGAIN_US	INT64_C(5000000)	/* ours */

struct autoreload_file {
	struct stat	taken;		/* what has been read */
	struct stat	last;		/* what the last look saw */
};

bool
autoreload_begin(struct autoreload *a, const struct config *c)
{
	size_t i;

	autoreload_end(a);
	if (!c->auto_reload || c->file_count == 0)
		return true;
	a->files = mem_array(c->file_count, sizeof(*a->files));
	if (a->files == NULL)
		return false;
	a->count = c->file_count;
	for (i = 0; i < a->count; i++)
		a->files[i].taken = a->files[i].last = c->files[i].seen;
	return true;
}

void
autoreload_end(struct autoreload *a)
{
	mem_free(a->files);
	*a = (struct autoreload){ .files = NULL };
}

/* Looks at all files.  True: none has changed since the look before. */
static bool
look(struct autoreload *a, const struct config *c)
{
	struct autoreload_file *f;
	bool settled = true;
	struct stat now;
	size_t i;

	a->changed = NULL;
	for (i = 0; i < a->count; i++) {
		f = &a->files[i];
		file_look(c->files[i].path, &now);
		if (a->changed == NULL && !file_is_same(&now, &f->taken))
			a->changed = c->files[i].path;
		settled = settled && file_is_same(&now, &f->last);
		f->last = now;
	}
	return settled;
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
	size_t i;

	if (a->count == 0 || !look(a, c))
		return AUTORELOAD_NOTHING;
	if (a->changed == NULL)
		return step_again(a, refused);
	for (i = 0; i < a->count; i++)
		a->files[i].taken = a->files[i].last;
	a->again_us = clock_us() + AGAIN_US;
	return AUTORELOAD_CHANGED;
}
