/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: starts and ends as assay-milter does, with one loop instead of
 * libmilter.
 *
 * 1. As root, if started so: sockets bound and given away, pid file written.
 * 2. Into the background, before any thread exists.
 * 3. Privileges are dropped, the process is confined: it may write to the
 *    folders of its sockets, its pid file and its cache file.
 * 4. Resolver and HTTPS client start, the cache file is read, the service
 *    manager is notified.
 * 5. The loop, until SIGTERM: then waiting questions are answered, the cache
 *    file is written, and the process leaves with _exit(), since its threads
 *    have nothing to finish.
 */
#include "tlspol/daemon.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "event/log.h"
#include "metrics/outlet.h"
#include "metrics/vitals.h"
#include "process/background.h"
#include "process/confine.h"
#include "process/listen.h"
#include "process/notify.h"
#include "process/pidfile.h"
#include "process/privileges.h"
#include "tlspol/figures.h"
#include "tlspol/service.h"

#define WHY_SIZE	LIMIT_CONFIG_WHY
#define FLUSH_MS	1000

struct daemon {
	struct settings	*settings;
	struct listener	*listeners[LIMIT_TLSPOL_SOCKETS];
	size_t		 listener_count;
	struct service	*service;
	sigset_t	 signals, ends;
	int		 signal_fd;
	bool		 stopping;
	char		 confinement[128];	/* what is in force */
	char		 why[WHY_SIZE];
};

bool
daemon_check(const struct settings *s, char *why, size_t why_size)
{
	const struct outlet_options metrics = figures_outlet(s);
	uid_t uid;
	gid_t gid;
	size_t i;

	for (i = 0; i < s->socket_count && !s->remote_clients; i++) {
		if (listener_is_private(s->sockets[i]))
			continue;
		snprintf(why, why_size, "%s: socket is \"%s\", which others "
		    "than this host can reach; allowed: local:PATH, a "
		    "loopback address, or \"remote-clients: yes\"", s->path,
		    s->sockets[i]);
		return false;
	}
	return (s->user == NULL ||
	    privileges_find_user(s->user, &uid, &gid, why, why_size)) &&
	    outlet_load(&metrics, why, why_size);
}

/* ---- start ---- */

static void
block_signals(struct daemon *d)
{
	sigemptyset(&d->ends);
	sigaddset(&d->ends, SIGTERM);
	sigaddset(&d->ends, SIGINT);
	d->signals = d->ends;
	sigaddset(&d->signals, SIGHUP);
	sigaddset(&d->signals, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &d->signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	d->signal_fd = signalfd(-1, &d->signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
open_listener(struct daemon *d, size_t i)
{
	const struct settings *s = d->settings;
	struct listen_options o = { .socket = s->sockets[i],
		.mode = (mode_t)s->socket_mode };

	if (s->user != NULL && geteuid() == 0) {
		o.chown = true;
		if (!privileges_find_user(s->user, &o.uid, &o.gid, d->why,
		    WHY_SIZE))
			return false;
	}
	d->listeners[i] = listener_open(&o, d->why, WHY_SIZE);
	return d->listeners[i] != NULL;
}

/* The service manager's sockets, if it has passed any; else our own. */
static bool
open_listeners(struct daemon *d)
{
	int inherited = listener_inherited();
	size_t i, count = inherited > 0 ? (size_t)inherited :
	    d->settings->socket_count;

	if (count > LIMIT_TLSPOL_SOCKETS) {
		snprintf(d->why, WHY_SIZE, "at most %d sockets are allowed, "
		    "the service manager passed %d", LIMIT_TLSPOL_SOCKETS,
		    inherited);
		return false;
	}
	for (i = 0; i < count; i++) {
		if (inherited > 0)
			d->listeners[i] = listener_inherit("inherited",
			    (int)i, d->why, WHY_SIZE);
		else if (!open_listener(d, i))
			return false;
		if (d->listeners[i] == NULL)
			return false;
		d->listener_count++;
	}
	return true;
}

static bool
write_pid_file(struct daemon *d)
{
	return d->settings->pid_file == NULL ||
	    pidfile_write(d->settings->pid_file, d->why, WHY_SIZE);
}

/* Of a socket: what is after its kind. */
static const char *
path_of(const char *socket_name)
{
	const char *colon = socket_name != NULL ? strchr(socket_name, ':') :
	    NULL;

	return colon != NULL ? colon + 1 : NULL;
}

/* Before any thread is started: it holds for those that come. */
static bool
confine_process(struct daemon *d)
{
	static char folders[LIMIT_TLSPOL_SOCKETS + 3][PATH_MAX];
	const char *writable[LIMIT_TLSPOL_SOCKETS + 4];
	const struct settings *s = d->settings;
	size_t i;

	if (!s->confinement)
		return true;
	for (i = 0; i < s->socket_count; i++)
		confine_folder_of(path_of(s->sockets[i]), folders[i]);
	confine_folder_of(s->pid_file, folders[i]);
	confine_folder_of(s->cache.file, folders[i + 1]);
	confine_folder_of(path_of(s->metrics), folders[i + 2]);
	for (i = 0; i < s->socket_count + 3; i++)
		writable[i] = folders[i];
	writable[i] = NULL;
	if (confine(writable, d->confinement, sizeof(d->confinement)))
		return true;
	snprintf(d->why, WHY_SIZE, "%s", d->confinement);
	return false;
}

static void
log_settings(const struct daemon *d)
{
	const struct settings *s = d->settings;
	struct log_record r;
	size_t i;

	log_record_begin(&r, CONFIG_LOG_INFO, "configuration");
	log_record_text(&r, "file", slice_str(s->path));
	log_record_text(&r, "nameservers", s->resolver.zone != NULL ?
	    SLICE("zone") : s->resolver.options.nameserver_count == 0 ?
	    SLICE("resolv.conf") : s->resolver.options.nameservers[0]);
	log_record_text(&r, "cache-file", s->cache.file != NULL ?
	    slice_str(s->cache.file) : SLICE("none"));
	log_record_text(&r, "confinement", slice_str(d->confinement));
	log_record_end(&r);
	for (i = 0; i < d->listener_count && i < s->socket_count; i++)
		log_line(CONFIG_LOG_INFO, "ready at %s",
		    listener_inherited() > 0 ? "the service manager's socket" :
		    s->sockets[i]);
}

static void	on_signal(void *arg, int fd);

static bool
start_service(struct daemon *d)
{
	size_t i;

	d->service = service_new(d->settings, d->why, WHY_SIZE);
	if (d->service == NULL)
		return false;
	service_load(d->service);
	for (i = 0; i < d->listener_count; i++) {
		if (!service_listen(d->service, d->listeners[i]))
			break;
	}
	if (i == d->listener_count && d->signal_fd >= 0 &&
	    service_watch(d->service, d->signal_fd, on_signal, d))
		return true;
	snprintf(d->why, WHY_SIZE, "no descriptors for the loop");
	return false;
}

static bool
open_outlet(struct daemon *d)
{
	const struct outlet_options metrics = figures_outlet(d->settings);

	return outlet_open(&metrics, d->why, WHY_SIZE);
}

static bool
start(struct daemon *d, bool foreground)
{
	const struct settings *s = d->settings;

	block_signals(d);
	privileges_raise_descriptors();
	if (!open_outlet(d) || !open_listeners(d) || (!foreground &&
	    !background_enter(&d->ends, DAEMON_EXIT_UNAVAILABLE, d->why,
	    WHY_SIZE)) || !write_pid_file(d) ||
	    !privileges_drop(s->user, d->why, WHY_SIZE))
		return false;
	privileges_forbid_new();
	if (!confine_process(d))
		return false;
	if (!log_start()) {
		snprintf(d->why, WHY_SIZE, "no thread for the log");
		return false;
	}
	vitals_start();
	log_configure(s->log.target, s->log.level, s->log.format);
	return start_service(d) && outlet_serve(d->why, WHY_SIZE);
}

/* ---- signals ---- */

static bool
same_start(const struct settings *a, const struct settings *b)
{
	size_t i;

	if (a->socket_count != b->socket_count ||
	    a->socket_mode != b->socket_mode ||
	    a->confinement != b->confinement ||
	    !slice_same_str(a->user, b->user) ||
	    !slice_same_str(a->pid_file, b->pid_file) ||
	    !slice_same_str(a->cache.file, b->cache.file))
		return false;
	for (i = 0; i < a->socket_count; i++) {
		if (!slice_same_str(a->sockets[i], b->sockets[i]))
			return false;
	}
	return true;
}

static bool
prepare_outlet(struct daemon *d, const struct settings *s)
{
	const struct outlet_options metrics = figures_outlet(s);

	return outlet_prepare(d->settings->metrics, &metrics, d->why,
	    WHY_SIZE);
}

/* Who can read the metrics, if those are others. */
static void
warn_of_outlet(const struct settings *s)
{
	const struct outlet_options metrics = figures_outlet(s);
	char text[WHY_SIZE];

	if (outlet_warning(&metrics, text, sizeof(text)))
		log_line(CONFIG_LOG_WARNING, "%s", text);
}

static void
use_settings(struct daemon *d, struct settings *s)
{
	log_configure(s->log.target, s->log.level, s->log.format);
	if (!same_start(d->settings, s))
		log_line(CONFIG_LOG_WARNING, "socket, socket-mode, user, "
		    "pid-file, confinement and the place of cache.file change "
		    "only with a restart");
	settings_unref(d->settings);
	d->settings = s;
	log_settings(d);
	log_line(CONFIG_LOG_INFO, "reloaded %s", s->path);
}

/* All of the new configuration, or none of it. */
static void
reload(struct daemon *d)
{
	struct settings *s;
	bool good;

	notify_reloading();
	s = settings_read(d->settings->path, d->why, WHY_SIZE);
	good = s != NULL && daemon_check(s, d->why, WHY_SIZE) &&
	    prepare_outlet(d, s) &&
	    service_set(d->service, s, d->why, WHY_SIZE);
	vitals_reloaded(good);
	if (good) {
		outlet_commit();
		warn_of_outlet(s);
		use_settings(d, s);
	} else {
		outlet_cancel();
		log_not_reloaded(d->why);
		settings_unref(s);
	}
	notify_state(good ? "READY=1\nSTATUS=Answering" :
	    "READY=1\nSTATUS=Answering; the last reload was refused");
}

static void
stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	notify_state("STOPPING=1");
	log_line(CONFIG_LOG_INFO, "stopping");
	service_stop(d->service);
}

static void
on_signal(void *arg, int fd)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP && !d->stopping)
			reload(d);
		else if (info.ssi_signo == SIGUSR1)
			service_log_statistics(d->service);
		else if (info.ssi_signo == SIGTERM ||
		    info.ssi_signo == SIGINT)
			stop(d);
	}
}

/* ---- the whole ---- */

/* With the sanitizer of that name: its look at the end. */
void	__lsan_do_leak_check(void) __attribute__((weak));

static void
close_listeners(struct daemon *d)
{
	size_t i;

	for (i = 0; i < d->listener_count; i++)
		listener_close(d->listeners[i]);
	d->listener_count = 0;
}

static void
tell_parent(enum daemon_exit status)
{
	if (!background_tell((unsigned char)status))
		return;
	log_flush(FLUSH_MS);
	background_leave_stderr();
}

enum daemon_exit
daemon_run(struct settings *s, bool foreground)
{
	/* Static: other threads use it until the process ends. */
	static struct daemon d;

	d.settings = s;
	/* To stderr till the start is over. */
	log_configure(CONFIG_LOG_STDERR, s->log.level, s->log.format);
	if (!start(&d, foreground)) {
		log_line(CONFIG_LOG_ERROR, "%s", d.why);
		log_flush(FLUSH_MS);
		tell_parent(DAEMON_EXIT_UNAVAILABLE);
		close_listeners(&d);
		outlet_remove();
		pidfile_remove();
		return DAEMON_EXIT_UNAVAILABLE;
	}
	log_settings(&d);
	warn_of_outlet(s);
	tell_parent(DAEMON_EXIT_OK);
	notify_state("READY=1\nSTATUS=Answering");
	service_run(d.service);
	close_listeners(&d);
	outlet_remove();
	pidfile_remove();
	log_line(CONFIG_LOG_INFO, "stopped");
	log_flush(FLUSH_MS);
	if (__lsan_do_leak_check != NULL)
		__lsan_do_leak_check();
	_exit((int)DAEMON_EXIT_OK);
}
