/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: the socket at which the metrics are read.
 */
#include "milter/outlet.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "metrics/scrape.h"
#include "milter/figures.h"
#include "process/listen.h"
#include "process/privileges.h"

#define MODE 0660	/* of a local socket */

struct outlet {
	struct listener	*listener;	/* NULL: none */
	struct scrape	*scrape;
};

static struct outlet current, next;
static bool prepared;		/* `next` is to take over */

static void
close_outlet(struct outlet *o)
{
	scrape_stop(o->scrape);
	if (o->listener != NULL)
		listener_close(o->listener);
	*o = (struct outlet){ .listener = NULL };
}

static bool
open_outlet(struct outlet *o, const struct config *c, char *why,
    size_t why_size)
{
	struct listen_options options = { .socket = c->metrics,
		.mode = MODE };
	size_t used;

	if (c->metrics == NULL)
		return true;
	snprintf(why, why_size, "metrics: ");
	used = strlen(why);
	if (c->user != NULL && geteuid() == 0) {
		options.chown = true;
		if (!privileges_find_user(c->user, &options.uid, &options.gid,
		    why + used, why_size - used))
			return false;
	}
	o->listener = listener_open(&options, why + used, why_size - used);
	return o->listener != NULL;
}

static bool
serve(struct outlet *o, char *why, size_t why_size)
{
	int fd;

	if (o->listener == NULL)
		return true;
	fd = fcntl(listener_fd(o->listener), F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		o->scrape = scrape_start(fd, figures_write, NULL);
	if (o->scrape == NULL)
		snprintf(why, why_size, "metrics: no thread for them");
	return o->scrape != NULL;
}

bool
outlet_open(const struct config *c, char *why, size_t why_size)
{
	return open_outlet(&current, c, why, why_size);
}

bool
outlet_serve(char *why, size_t why_size)
{
	return serve(&current, why, why_size);
}

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
outlet_prepare(const struct config *old, const struct config *new,
    char *why, size_t why_size)
{
	prepared = !is_same(old->metrics, new->metrics);
	if (!prepared)
		return true;
	if (open_outlet(&next, new, why, why_size) &&
	    serve(&next, why, why_size))
		return true;
	outlet_cancel();
	return false;
}

void
outlet_commit(void)
{
	if (!prepared)
		return;
	close_outlet(&current);
	current = next;
	next = (struct outlet){ .listener = NULL };
	prepared = false;
}

void
outlet_cancel(void)
{
	close_outlet(&next);
	prepared = false;
}

void
outlet_remove(void)
{
	if (current.listener != NULL)
		listener_remove(current.listener);
}

bool
outlet_warning(const struct config *c, char *text, size_t size)
{
	if (c->metrics == NULL || listener_is_private(c->metrics))
		return false;
	snprintf(text, size, "metrics %s: whoever reaches this port can read "
	    "the names of your rules and how much mail there is", c->metrics);
	return true;
}
