/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: the socket at which the metrics are read.
 */
#include "metrics/outlet.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "process/listen.h"
#include "process/privileges.h"

#define MODE 0660	/* of a local socket */

struct outlet {
	struct listener	*listener;	/* NULL: none */
	struct scrape	*scrape;
	scrape_write_fn	*write;
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

bool
outlet_load(const struct outlet_options *want, char *why, size_t why_size)
{
	size_t used;

	if (want->socket == NULL)
		return true;
	snprintf(why, why_size, "metrics: ");
	used = strlen(why);
	return scrape_load(why + used, why_size - used);
}

static bool
open_outlet(struct outlet *o, const struct outlet_options *want, char *why,
    size_t why_size)
{
	struct listen_options options = { .socket = want->socket,
		.mode = MODE };
	size_t used;

	o->write = want->write;
	if (want->socket == NULL)
		return true;
	if (!outlet_load(want, why, why_size))
		return false;
	snprintf(why, why_size, "metrics: ");
	used = strlen(why);
	if (want->user != NULL && geteuid() == 0) {
		options.chown = true;
		if (!privileges_find_user(want->user, &options.uid,
		    &options.gid, why + used, why_size - used))
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
		o->scrape = scrape_start(fd, o->write, NULL);
	if (o->scrape == NULL)
		snprintf(why, why_size, "metrics: no thread for them");
	return o->scrape != NULL;
}

bool
outlet_open(const struct outlet_options *want, char *why, size_t why_size)
{
	return open_outlet(&current, want, why, why_size);
}

bool
outlet_serve(char *why, size_t why_size)
{
	return serve(&current, why, why_size);
}

bool
outlet_prepare(const char *now, const struct outlet_options *want, char *why,
    size_t why_size)
{
	prepared = !slice_same_str(now, want->socket);
	if (!prepared)
		return true;
	if (open_outlet(&next, want, why, why_size) &&
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
outlet_warning(const struct outlet_options *want, char *text, size_t size)
{
	if (want->socket == NULL || listener_is_private(want->socket))
		return false;
	snprintf(text, size, "metrics %s: anyone who can reach this port can "
	    "read %s", want->socket, want->contents);
	return true;
}
