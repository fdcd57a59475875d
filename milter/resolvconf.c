/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolvconf: inotify on one file and two folders.
 *
 * A file that is being written is not read: its end counts, not each piece.
 * A new file in the folder may be empty still, so there is a quiet moment to
 * wait for, too.
 */
#include "milter/resolvconf.h"

#include <poll.h>
#include <stdlib.h>
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

static void
watch_folder_of(int fd, const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);

	if (slash == NULL || len >= sizeof(folder))
		return;
	memcpy(folder, path, len);
	folder[len] = '\0';
	(void)inotify_add_watch(fd, len > 0 ? folder : "/", IN_FOLDER);
}

/* What is watched already stays so; what has gone, inotify has let go. */
static void
watch_all(struct resolvconf *w)
{
	if (realpath(w->path, w->target) == NULL)
		w->target[0] = '\0';
	watch_folder_of(w->fd, w->path);
	watch_folder_of(w->fd, w->target);
	(void)inotify_add_watch(w->fd, w->path, IN_FILE);
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

static bool
is_name_of(const char *name, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && strcmp(slash + 1, name) == 0;
}

/* Is it ours?  Without a name it is of the file itself, or events were
   lost. */
static bool
concerns(const struct resolvconf *w, const struct inotify_event *e)
{
	return e->len == 0 ? (e->mask & IN_IGNORED) == 0 :
	    is_name_of(e->name, w->path) || is_name_of(e->name, w->target);
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
