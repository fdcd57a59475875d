/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: from a configuration to a running milter, and to its end.
 *
 *  1. As root, if started so: descriptors raised, private keys read, socket
 *     bound and given away, pid file written.
 *  2. Into the background: before any thread exists.  The parent waits for
 *     a word that all is well, so that its exit status is right.
 *  3. libmilter takes the socket, privileges are dropped.
 *  4. Signals, blocked from the first moment, get their threads: one takes
 *     those that ask for something, another one those that end the process,
 *     so that no reload is in their way.  The resolver starts, the service
 *     manager is notified.
 *  5. smfi_main() until SIGTERM: once the messages in progress are finished
 *     and their replies are written, the process cleans up and leaves with
 *     _exit().  libmilter is not asked to stop: its threads may block each
 *     other forever, and there is nothing left for it to do.  No destructor
 *     may run while they do.
 */
#include "milter/daemon.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "message/engine.h"
#include "event/log.h"
#include "process/background.h"
#include "process/confine.h"
#include "metrics/outlet.h"
#include "metrics/vitals.h"
#include "milter/drain.h"
#include "milter/figures.h"
#include "milter/keeper.h"
#include "process/listen.h"
#include "process/notify.h"
#include "milter/wire.h"
#include "process/pidfile.h"
#include "process/privileges.h"
#include "milter/session.h"
#include "milter/statistics.h"
#include "milter/status.h"
#include "milter/watch.h"
#include "milter/watchdog.h"

#define WHY_SIZE	LIMIT_CONFIG_WHY
#define DRAIN_SECONDS	30	/* for messages in progress at SIGTERM */
#define HANDOVER_SECONDS 5	/* before, for connections, when the socket
				   is the service manager's */
#define KEEP_MS		3000	/* and for the database */
#define FLUSH_MS	1000	/* and for a log that is slow */

struct daemon {
	struct config		*config;	/* NULL when all is started */
	struct dkim_context	*dkim;
	struct deferral_table	*deferrals;
	struct sightings	*sightings;
	struct signing		*signing;	/* until an engine has it */
	struct listener		*listener;
	sigset_t		 requests;	/* SIGHUP, SIGUSR1 */
	sigset_t		 ends;		/* SIGTERM, SIGINT */
	enum daemon_exit	 status;	/* of a start that fails */
	atomic_bool		 stopping;
	atomic_flag		 left;		/* a thread is in leave() */
	char			 confinement[128]; /* what is in force */
	char			 why[WHY_SIZE];
	char			 refused[WHY_SIZE]; /* `why` of the last
						       refused reload */
};

bool
daemon_user_exists(const struct config *config, char *why, size_t why_size)
{
	uid_t uid;
	gid_t gid;

	return config->user == NULL ||
	    privileges_find_user(config->user, &uid, &gid, why, why_size);
}

static bool
open_listener(struct daemon *d)
{
	const struct config *c = d->config;
	struct listen_options o = { .socket = c->socket,
		.mode = (mode_t)c->socket_mode };

	if (c->user != NULL && geteuid() == 0) {
		o.chown = true;
		if (!privileges_find_user(c->user, &o.uid, &o.gid,
		    d->why, WHY_SIZE))
			return false;
	}
	d->listener = listener_open(&o, d->why, WHY_SIZE);
	return d->listener != NULL;
}

/* The service manager's socket, if it has passed one. */
static bool
inherit_listener(struct daemon *d)
{
	int count = listener_inherited();

	if (count > 1) {
		snprintf(d->why, WHY_SIZE, "only one socket is allowed, the "
		    "service manager passed %d", count);
		return false;
	}
	if (count < 1)
		return open_listener(d);
	d->listener = listener_inherit(d->config->socket, 0, d->why,
	    WHY_SIZE);
	return d->listener != NULL;
}

/* Of a socket: what is after its kind. */
static const char *
path_of(const char *socket_name)
{
	const char *colon = strchr(socket_name, ':');

	return colon != NULL ? colon + 1 : NULL;
}

/* Before any thread is started: it holds for those that come. */
static bool
confine_process(struct daemon *d)
{
	char socket_folder[PATH_MAX], pid_folder[PATH_MAX],
	    metrics_folder[PATH_MAX], database[PATH_MAX], spool[PATH_MAX];
	const char *const writable[] = { socket_folder, pid_folder,
		metrics_folder, database, spool, NULL };
	const char *metrics = d->config->metrics;

	if (!d->config->confinement)
		return true;
	confine_folder_of(path_of(d->config->socket), socket_folder);
	confine_folder_of(metrics != NULL ? path_of(metrics) : NULL,
	    metrics_folder);
	confine_folder_of(d->config->pid_file, pid_folder);
	keeper_folders(d->config, database, spool);
	if (confine(writable, d->confinement, sizeof(d->confinement)))
		return true;
	snprintf(d->why, WHY_SIZE, "%s", d->confinement);
	return false;
}

/* What a reader of the log wants to know first. */
static void
log_configuration(const struct daemon *d, const struct config *c)
{
	const struct resolver_options *o = &c->resolver.options;
	struct log_record r;
	struct buf text;
	size_t i, k;

	log_record_begin(&r, CONFIG_LOG_INFO, "configuration");
	log_record_text(&r, "file", slice_str(c->path));
	buf_init(&text, LIMIT_LOG_VALUE);
	for (i = 0; i < o->nameserver_count; i++)
		buf_addf(&text, "%s%.*s", i > 0 ? "," : "",
		    SLICE_ARG(o->nameservers[i]));
	log_record_text(&r, "nameservers", o->zone != NULL ? SLICE("zone") :
	    o->nameserver_count == 0 ? SLICE("resolv.conf") :
	    buf_slice(&text));
	buf_reset(&text);
	for (i = 0; i < c->policy.count; i++)
		buf_addf(&text, "%s%.*s", i > 0 ? "," : "",
		    SLICE_ARG(c->policy.rules[i].name));
	log_record_text(&r, "rules", buf_slice(&text));
	buf_reset(&text);
	for (i = 0; i < c->sign_count; i++) {
		for (k = 0; k < c->sign[i].key_count; k++)
			buf_addf(&text, "%s%.*s", text.len > 0 ? "," : "",
			    SLICE_ARG(c->sign[i].keys[k].selector));
		if (c->sign[i].directory.path != NULL)
			buf_addf(&text, "%sof %s", text.len > 0 ? "," : "",
			    c->sign[i].directory.path);
	}
	if (c->seal.given)
		buf_addf(&text, "%s%.*s", text.len > 0 ? "," : "",
		    SLICE_ARG(c->seal.key.selector));
	log_record_text(&r, "selectors", buf_slice(&text));
	log_record_text(&r, "confinement", slice_str(d->confinement));
	log_record_end(&r);
	buf_fini(&text);
}

static bool
write_pid_file(struct daemon *d)
{
	return d->config->pid_file == NULL ||
	    pidfile_write(d->config->pid_file, d->why, WHY_SIZE);
}

static bool
give_to_libmilter(struct daemon *d)
{
	if (!session_register(d->listener)) {
		snprintf(d->why, WHY_SIZE, "libmilter refuses the filter");
		return false;
	}
	if (smfi_setconn(listener_conn(d->listener)) == MI_SUCCESS &&
	    smfi_opensocket(false) == MI_SUCCESS)
		return true;
	/* A libmilter without "fd:N" opens the socket by itself. */
	listener_use_libmilter(d->listener);
	umask((mode_t)~d->config->socket_mode & 0777);
	if (smfi_setconn(listener_conn(d->listener)) == MI_SUCCESS &&
	    smfi_opensocket(true) == MI_SUCCESS)
		return true;
	snprintf(d->why, WHY_SIZE, "libmilter cannot open \"%s\"",
	    d->config->socket);
	return false;
}

static void
block_signals(struct daemon *d)
{
	sigemptyset(&d->requests);
	sigaddset(&d->requests, SIGHUP);
	sigaddset(&d->requests, SIGUSR1);
	sigemptyset(&d->ends);
	sigaddset(&d->ends, SIGTERM);
	sigaddset(&d->ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &d->requests, NULL);
	pthread_sigmask(SIG_BLOCK, &d->ends, NULL);
}

static void
log_statistics(void)
{
	struct engine *e = engine_current();

	statistics_log(e->resolver);
	engine_unref(e);
}

static void
log_warnings(const struct config *c)
{
	const struct outlet_options metrics = figures_outlet(c);
	char text[WHY_SIZE];
	size_t at = 0;

	while (config_warning(c, &at, text, sizeof(text)))
		log_line(CONFIG_LOG_WARNING, "%s", text);
	if (listener_warning(c->socket, text, sizeof(text)))
		log_line(CONFIG_LOG_WARNING, "%s", text);
	if (outlet_warning(&metrics, text, sizeof(text)))
		log_line(CONFIG_LOG_WARNING, "%s", text);
}

/* As the user who has to read them at a reload.  True also when there is
   nothing to sign. */
static bool
load_keys(struct daemon *d, const struct config *c)
{
	if (!config_has_keys(c))
		return true;
	privileges_hide_memory();
	if (!privileges_borrow(c->user, d->why, WHY_SIZE))
		return false;
	d->signing = signing_load(c, d->why, WHY_SIZE);
	privileges_return();
	return d->signing != NULL;
}

/* Takes over the reference to `c`, and the keys. */
static struct engine *
make_engine(struct daemon *d, struct config *c)
{
	struct engine *e = engine_new(c, d->dkim, d->why, WHY_SIZE);

	if (e != NULL) {
		e->deferrals = d->deferrals;
		e->sightings = d->sightings;
		e->signing = d->signing;
	} else {
		signing_free(d->signing);
	}
	d->signing = NULL;
	return e;
}

static bool
prepare_outlet(struct daemon *d, const struct config *was,
    const struct config *c)
{
	const struct outlet_options metrics = figures_outlet(c);

	return outlet_prepare(was->metrics, &metrics, d->why, WHY_SIZE);
}

static bool
open_outlet(struct daemon *d)
{
	const struct outlet_options metrics = figures_outlet(d->config);

	return outlet_open(&metrics, d->why, WHY_SIZE);
}

static bool
needs_restart(const struct config *was, const struct config *c)
{
	return !slice_same_str(c->socket, was->socket) ||
	    c->socket_mode != was->socket_mode ||
	    !slice_same_str(c->user, was->user) ||
	    !slice_same_str(c->pid_file, was->pid_file) ||
	    !slice_same_str(c->store, was->store) ||
	    !slice_same_str(c->store_spool, was->store_spool) ||
	    c->keep != was->keep || c->confinement != was->confinement;
}

/* An engine with the new configuration, or NULL and `why`. */
static struct engine *
renew(struct daemon *d, const struct config *was)
{
	struct config *c = config_read(was->path, d->why, WHY_SIZE);

	if (c != NULL && config_may_replace(was, c, d->why, WHY_SIZE) &&
	    prepare_outlet(d, was, c) && load_keys(d, c))
		return make_engine(d, c);
	config_unref(c);
	return NULL;
}

static void
refuse(struct daemon *d, bool again)
{
	outlet_cancel();
	if (again && strcmp(d->why, d->refused) == 0)
		return;
	memcpy(d->refused, d->why, sizeof(d->refused));
	vitals_reloaded(false);
	log_not_reloaded(d->why);
}

static void
take_over(struct daemon *d, const struct config *was, struct engine *e)
{
	struct config *c = e->config;

	vitals_reloaded(true);
	outlet_commit();
	log_configure(c->log.target, c->log.level, c->log.format);
	log_warnings(c);
	if (needs_restart(was, c))
		log_line(CONFIG_LOG_WARNING, "socket, socket-mode, user, "
		    "pid-file, store, store-spool, keep and confinement change "
		    "only with a restart");
	engine_set_current(engine_ref(e));
	watch_engine(e);
	log_configuration(d, c);
	log_line(CONFIG_LOG_INFO, "reloaded %s", c->path);
}

/* All of the new configuration, or none of it. */
static void
reload(struct daemon *d, bool again)
{
	struct engine *old = engine_current(), *e;

	if (!again)
		notify_reloading();
	e = renew(d, old->config);
	if (e == NULL)
		refuse(d, again);
	else
		take_over(d, old->config, e);
	engine_unref(e);
	engine_unref(old);
	status_ready();
}

/* With the sanitizer of that name: its look at the end. */
void	__lsan_do_leak_check(void) __attribute__((weak));

/* The end of the process, once; a second thread that comes here waits. */
static void __attribute__((noreturn))
leave(struct daemon *d, enum daemon_exit status)
{
	if (atomic_flag_test_and_set(&d->left))
		for (;;)
			pause();
	listener_remove(d->listener);
	outlet_remove();
	keeper_end(KEEP_MS);
	pidfile_remove();
	log_line(CONFIG_LOG_INFO, "stopped");
	log_flush(FLUSH_MS);
	if (__lsan_do_leak_check != NULL)
		__lsan_do_leak_check();
	_exit((int)status);
}

/*
 * A thread, so that the next signal can be taken as well.  With a socket
 * that outlives us new connections wait for our successor, so the ones that
 * are open can still be served to their end.
 */
static void *
stop(void *arg)
{
	struct daemon *d = arg;

	status_stopping();
	log_line(CONFIG_LOG_INFO, "stopping: messages in progress are "
	    "finished first");
	if (listener_withdraw(d->listener))
		drain_wait_for_connections(HANDOVER_SECONDS);
	if (!drain_wait(DRAIN_SECONDS))
		log_line(CONFIG_LOG_WARNING, "stopping with messages in "
		    "progress");
	leave(d, DAEMON_EXIT_OK);
}

static void *
take_ends(void *arg)
{
	struct daemon *d = arg;
	pthread_t stopper;
	int sig;

	for (;;) {
		sig = sigwaitinfo(&d->ends, NULL);
		if (sig < 0)
			continue;
		if (atomic_exchange(&d->stopping, true))
			drain_hurry();
		else if (pthread_create(&stopper, NULL, stop, d) == 0)
			pthread_detach(stopper);
		else
			leave(d, DAEMON_EXIT_UNAVAILABLE);
	}
}

/* The thread that waits for requests. */
static pthread_t requests_thread;
static atomic_bool takes_requests;
/* The next SIGHUP is one of daemon_ask_reload(true). */
static atomic_bool asked_again;

/* To that thread alone: the filter has no call for the whole process. */
void
daemon_ask_reload(bool again)
{
	atomic_store(&asked_again, again);
	if (atomic_load(&takes_requests))
		(void)pthread_kill(requests_thread, SIGHUP);
}

static void *
take_requests(void *arg)
{
	struct daemon *d = arg;
	int sig;

	requests_thread = pthread_self();
	atomic_store(&takes_requests, true);

	while ((sig = sigwaitinfo(&d->requests, NULL)) > 0 ||
	    errno == EINTR) {
		if (sig == SIGHUP && !d->stopping)
			reload(d, atomic_exchange(&asked_again, false));
		else if (sig == SIGUSR1)
			log_statistics();
	}
	return NULL;
}

static bool
start_thread(struct daemon *d, void *(*fn)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, d) != 0) {
		snprintf(d->why, WHY_SIZE, "no thread for signals");
		return false;
	}
	pthread_detach(thread);
	return true;
}

static void
tell_parent(enum daemon_exit status)
{
	if (!background_tell((unsigned char)status))
		return;
	log_flush(FLUSH_MS);
	background_leave_stderr();
}

static bool
settle_in(struct daemon *d, bool foreground)
{
	/* One that comes during the start waits for its thread. */
	block_signals(d);
	privileges_raise_descriptors();
	if (!keeper_check(d->config, d->why, WHY_SIZE) ||
	    !load_keys(d, d->config)) {
		d->status = DAEMON_EXIT_CONFIG;
		return false;
	}
	/* The mail server's socket last: where it accepts, all is there. */
	if (!open_outlet(d) ||
	    !inherit_listener(d) || (!foreground &&
	    !background_enter(&d->ends, DAEMON_EXIT_UNAVAILABLE, d->why,
	    WHY_SIZE)) ||
	    !write_pid_file(d) || !give_to_libmilter(d) ||
	    !privileges_drop(d->config->user, d->why, WHY_SIZE))
		return false;
	privileges_forbid_new();
	if (!confine_process(d))
		return false;
	if (d->signing != NULL)
		privileges_hide_memory();
	return true;
}

/* What all engines share. */
static bool
make_common(struct daemon *d)
{
	if (!log_start()) {
		snprintf(d->why, WHY_SIZE, "no thread for the log");
		return false;
	}
	d->dkim = dkim_context_new();
	if (d->dkim == NULL) {
		snprintf(d->why, WHY_SIZE, "OpenSSL cannot be used");
		return false;
	}
	d->deferrals = deferral_new();
	d->sightings = sightings_new();
	if (d->deferrals == NULL || d->sightings == NULL ||
	    !figures_start() || !keeper_start(d->config)) {
		snprintf(d->why, WHY_SIZE, "no memory");
		return false;
	}
	return true;
}

static bool
start_engine(struct daemon *d)
{
	struct engine *e;

	e = make_engine(d, d->config);
	d->config = e != NULL ? e->config : NULL;
	if (e == NULL)
		return false;
	log_configure(e->config->log.target, e->config->log.level,
	    e->config->log.format);
	log_configuration(d, e->config);
	log_line(CONFIG_LOG_INFO, "ready at %s", e->config->socket);
	engine_set_current(engine_ref(e));
	watch_engine(e);
	engine_unref(e);
	/* From here on a reload may free this configuration. */
	d->config = NULL;
	return true;
}

static bool
start(struct daemon *d, bool foreground)
{
	if (!settle_in(d, foreground) || !make_common(d) || !start_engine(d))
		return false;
	if (!outlet_serve(d->why, WHY_SIZE))
		return false;
	if (!watchdog_start(d->listener)) {
		snprintf(d->why, WHY_SIZE, "no thread for the watchdog");
		return false;
	}
	return start_thread(d, take_requests) && start_thread(d, take_ends);
}

enum daemon_exit
daemon_run(struct config *config, bool foreground)
{
	/* Static: other threads use it until the process ends. */
	static struct daemon d = { .left = ATOMIC_FLAG_INIT };
	int status;

	d.config = config;
	d.status = DAEMON_EXIT_UNAVAILABLE;
	/* To stderr till the start is over. */
	log_configure(CONFIG_LOG_STDERR, config->log.level,
	    config->log.format);
	log_warnings(config);
	if (!wire_can_guard())
		log_line(CONFIG_LOG_WARNING, "this libmilter cannot be "
		    "guarded: anyone who can connect to the socket can end "
		    "the process");
	if (!start(&d, foreground)) {
		log_line(CONFIG_LOG_ERROR, "%s", d.why);
		log_flush(FLUSH_MS);
		tell_parent(d.status);
		if (d.listener != NULL)
			listener_close(d.listener);
		outlet_remove();
		pidfile_remove();
		return d.status;
	}
	tell_parent(DAEMON_EXIT_OK);
	status_ready();
	status = smfi_main();
	/* libmilter calls it a failure when it is stopped at a bad moment. */
	leave(&d, status == MI_SUCCESS || d.stopping ? DAEMON_EXIT_OK :
	    DAEMON_EXIT_UNAVAILABLE);
}
