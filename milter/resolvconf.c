/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolvconf: inotify on one file and the folders on the way to it.
 *
 * 1. The path is walked name by name, as the kernel does (path_resolution(7)):
 *    each name is noted with its folder, and a link is replaced by where it
 *    leads to.  The walk ends at a name that is not there: it may come.
 * 2. An event about one of these names may have changed where the path leads,
 *    so all of it is walked again.  What is watched and no longer on the way
 *    stays so, but its events mean nothing.
 * 3. A file that is being written is not read: its end counts, not each piece.
 *    A new file in the folder may be empty still, so there is a quiet moment
 *    to wait for, too.
 */
#include "milter/resolvconf.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define IN_FOLDER	(IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | \
			    IN_MOVED_FROM | IN_DELETE)
#define IN_FILE		(IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | \
			    IN_MOVE_SELF)
#define EVENTS		4096	/* octets read at a time */
#define QUIET_MS	100	/* ours */
#define QUIET_TURNS	20	/* then it counts, quiet or not */

/* The name from `at` to `end` of a path without links before it. */
static void
note_name(struct resolvconf *w, const char *path, size_t at, size_t end)
{
	struct resolvconf_name *n = &w->names[w->count];
	char folder[PATH_MAX];

	if (end - at > NAME_MAX)
		return;
	(void)snprintf(folder, sizeof(folder), "%.*s", at > 0 ? (int)at : 1,
	    at > 0 ? path : ".");
	n->folder = inotify_add_watch(w->fd, folder, IN_FOLDER);
	if (n->folder == -1)
		return;
	(void)snprintf(n->name, sizeof(n->name), "%.*s", (int)(end - at),
	    path + at);
	w->count++;
}

/* When that name is a link, it is replaced by its target, and *at is where
   the walk goes on. */
static bool
follow_link(char path[PATH_MAX], size_t *at, size_t end)
{
	char to[PATH_MAX], rest[PATH_MAX];
	ssize_t len;

	(void)snprintf(rest, sizeof(rest), "%s", path + end);
	path[end] = '\0';
	len = readlink(path, to, sizeof(to));
	if (len > 0 && to[0] == '/')
		*at = 0;
	if (len <= 0 || *at + (size_t)len + strlen(rest) >= PATH_MAX) {
		path[end] = rest[0];
		return false;
	}
	memcpy(path + *at, to, (size_t)len);
	(void)snprintf(path + *at + len, PATH_MAX - *at - (size_t)len, "%s",
	    rest);
	return true;
}

/* Step 1.  It ends in a loop of links, too. */
static void
watch_all(struct resolvconf *w)
{
	size_t at = 0, end, steps = RESOLVCONF_NAMES;
	char path[PATH_MAX];

	w->count = 0;
	(void)snprintf(path, sizeof(path), "%s", w->path);
	while (steps > 0) {
		at += strspn(path + at, "/");
		if (path[at] == '\0')
			break;
		end = at + strcspn(path + at, "/");
		note_name(w, path, at, end);
		if (!follow_link(path, &at, end))
			at = end;
		steps--;
	}
	w->file = inotify_add_watch(w->fd, w->path, IN_FILE);
}

void
resolvconf_open(struct resolvconf *w, const char *path)
{
	w->path = path != NULL ? path : "/etc/resolv.conf";
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd != -1)
		watch_all(w);
}

void
resolvconf_close(struct resolvconf *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	w->fd = -1;
}

/* Is it ours?  Without a name it is of a file itself, or (-1) events were
   lost. */
static bool
concerns(const struct resolvconf *w, const struct inotify_event *e)
{
	size_t i;

	if (e->len == 0)
		return e->wd == -1 || (e->wd == w->file &&
		    (e->mask & IN_IGNORED) == 0);
	for (i = 0; i < w->count; i++) {
		if (w->names[i].folder == e->wd &&
		    strcmp(w->names[i].name, e->name) == 0)
			return true;
	}
	return false;
}

/* Takes all events; true when one is ours. */
static bool
take_events(struct resolvconf *w)
{
	_Alignas(struct inotify_event) char events[EVENTS];
	const struct inotify_event *e;
	bool ours = false;
	ssize_t len;
	size_t at;

	while ((len = read(w->fd, events, sizeof(events))) > 0) {
		for (at = 0; at < (size_t)len; at += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(const void *)
			    (events + at);
			ours |= concerns(w, e);
		}
	}
	return ours;
}

static bool
wait_for_event(struct resolvconf *w, int ms)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && take_events(w);
}

bool
resolvconf_wait(struct resolvconf *w, int ms)
{
	int turns = QUIET_TURNS;

	if (w->fd == -1) {
		(void)poll(NULL, 0, ms);
		return true;
	}
	if (!wait_for_event(w, ms))
		return false;
	while (turns-- > 0 && wait_for_event(w, QUIET_MS))
		continue;
	watch_all(w);
	return true;
}
