/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: a thread that looks after an engine, its keys and nameservers.
 */
#include "milter/watch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "event/log.h"
#include "message/signing.h"
#include "metrics/vitals.h"
#include "milter/autoreload.h"
#include "milter/daemon.h"
#include "milter/resolvconf.h"
#include "milter/statistics.h"
#include "milter/status.h"

#define TEXT_SIZE	1024
#define CASING_LINE_US	INT64_C(60000000)
#define SILENCE_LINE_US	INT64_C(60000000)
/* resolv.conf is still checked this often: not every file system reports what
   others do to a file. */
#define LOOK_US		INT64_C(60000000)
#define STEP_MS		1000	/* between looks at the clock */

static void
log_key(void *arg, const struct signing_check *c)
{
	char text[TEXT_SIZE];

	(void)arg;
	signing_check_text(c, text, sizeof(text));
	log_line(c->match == DKIM_KEY_MATCHES || c->name[0] == '\0' ?
	    CONFIG_LOG_INFO : CONFIG_LOG_WARNING, "key %s", text);
}

static bool
is_current(const struct engine *e)
{
	struct engine *current = engine_current();
	bool same = current == e;

	engine_unref(current);
	return same;
}

/* ---- nameservers ---- */

/*
 * What the lines so far have said of a resolver.  A reload that keeps it says
 * none of this again.
 */
struct said {
	struct resolver			*resolver;	/* NULL: no lines yet */
	struct resolver_server		servers[LIMIT_DNS_SERVERS];
	size_t				count;
	unsigned long long		mismatches[LIMIT_DNS_SERVERS];
	bool				folds[LIMIT_DNS_SERVERS];
	int64_t				casing_us;	/* not before */
	struct resolver_silence		silence;
	int64_t				silence_us;
	struct resolver_statistics	statistics;
	int64_t				statistics_us;	/* the last */
};

/* The threads of two engines are there at the same time for a moment. */
static struct said all_said;
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static void
log_back(const struct resolver_server *now)
{
	log_line(CONFIG_LOG_INFO, "nameserver %s answers again", now->address);
}

/* What has happened to it since `before`, even for a moment. */
static void
log_health(const struct resolver_server *now,
    const struct resolver_server *before)
{
	bool fell = now->outages != before->outages;

	if (before->failed && (fell || !now->failed))
		log_back(now);
	if (fell)
		log_line(CONFIG_LOG_WARNING, "nameserver %s does not answer",
		    now->address);
	if (fell && !now->failed)
		log_back(now);
}

/* One line when a server fails or is back, and when none is left. */
static void
log_servers(struct said *said, const struct resolver_server *now, size_t n)
{
	struct resolver_server *before = said->servers;
	size_t i, failed = 0, had = 0;

	for (i = 0; i < n; i++) {
		failed += now[i].failed;
		had += i < said->count && before[i].failed;
		if (said->count != n)
			log_line(CONFIG_LOG_INFO, "nameserver %s is in use",
			    now[i].address);
		log_health(&now[i], &before[i]);
		before[i] = now[i];
	}
	if (n > 0 && failed == n && had < n)
		log_line(CONFIG_LOG_ERROR, "no nameserver answers: results "
		    "are temperror until one does");
	else if (n > 0 && failed < n && had == n && said->count == n)
		log_line(CONFIG_LOG_INFO, "DNS is back");
	said->count = n;
}

/*
 * Answers whose name differs in case from the question: they are forged, or
 * the server does not repeat the case.  At most one line a minute.
 */
static void
log_casing(struct said *said, const struct resolver_server *now, size_t n)
{
	bool due = clock_us() >= said->casing_us;
	size_t i;

	for (i = 0; i < n; i++) {
		if (now[i].folds != said->folds[i])
			log_line(CONFIG_LOG_WARNING, "nameserver %s %s",
			    now[i].address, now[i].folds ? "does not repeat "
			    "the case of names: it is asked by TCP" :
			    "repeats the case of names again");
		said->folds[i] = now[i].folds;
		if (!due || now[i].mismatches == said->mismatches[i])
			continue;
		log_line(CONFIG_LOG_WARNING, "nameserver %s: %llu answers were "
		    "not accepted, since the case of their names differs",
		    now[i].address, now[i].mismatches - said->mismatches[i]);
		said->mismatches[i] = now[i].mismatches;
		said->casing_us = clock_us() + CASING_LINE_US;
	}
}

/*
 * Domains whose name servers are silent.  At most one line a minute.
 */
static void
log_silence(struct engine *e, struct said *said)
{
	struct resolver_silence now, *before = &said->silence;

	if (clock_us() < said->silence_us)
		return;
	resolver_silence(e->resolver, &now);
	if (now.marks == before->marks && now.refused == before->refused)
		return;
	log_line(CONFIG_LOG_WARNING, "name servers of %llu domain(s) do not "
	    "answer, the last is %s: %llu questions were not sent",
	    (unsigned long long)now.domains, now.last,
	    (unsigned long long)(now.refused - before->refused));
	*before = now;
	said->silence_us = clock_us() + SILENCE_LINE_US;
}

static void
log_statistics(struct engine *e, struct said *said)
{
	int64_t step = (int64_t)e->config->resolver.statistics_ms * 1000;

	if (step == 0 || clock_us() - said->statistics_us < step)
		return;
	statistics_log_since(e->resolver, &said->statistics);
	said->statistics_us = clock_us();
}

static void
begin_anew(struct said *said, struct resolver *r)
{
	resolver_free(said->resolver);
	*said = (struct said){ .resolver = resolver_ref(r),
		.statistics_us = clock_us() };
}

static void
log_news(struct engine *e)
{
	struct resolver_server now[LIMIT_DNS_SERVERS];
	struct said *said = &all_said;
	size_t n;

	(void)pthread_mutex_lock(&said_lock);
	if (is_current(e)) {
		if (said->resolver != e->resolver)
			begin_anew(said, e->resolver);
		n = resolver_servers(e->resolver, now);
		log_servers(said, now, n);
		log_casing(said, now, n);
		log_silence(e, said);
		log_statistics(e, said);
	}
	(void)pthread_mutex_unlock(&said_lock);
}

/* What is said once, until all is well again. */
static void
log_problem(bool *said, const char *problem)
{
	if (!*said)
		log_line(CONFIG_LOG_ERROR, "%s", problem);
	*said = true;
}

/*
 * The nameservers of resolv.conf are others now: true when an engine with
 * those has taken over.  Programs take the file away before they write a new
 * one; while it names no server those in use stay.
 */
static bool
follow_resolv_conf(struct engine *e, bool *said)
{
	const struct resolver_options *o = &e->config->resolver.options;
	char why[TEXT_SIZE], text[2 * TEXT_SIZE];
	struct engine *fresh;

	if (resolver_matches(e->resolver, o)) {
		*said = false;
		return false;
	}
	if (resolver_conf_is_empty(o)) {
		log_problem(said, "resolv.conf names no nameserver any more: "
		    "those in use stay until the next reload");
		return false;
	}
	fresh = engine_renew(e, why, sizeof(why));
	if (fresh == NULL) {
		snprintf(text, sizeof(text), "the nameservers in resolv.conf "
		    "have changed, but %s", why);
		log_problem(said, text);
		return false;
	}
	log_line(CONFIG_LOG_INFO, "the nameservers in resolv.conf have "
	    "changed");
	if (engine_replace(e, engine_ref(fresh)))
		watch_engine(fresh);
	else
		engine_unref(fresh);	/* a reload was faster */
	engine_unref(fresh);
	return true;
}

/* ---- the thread ---- */

static void
check_keys(struct engine *e, signing_check_fn **tell, int64_t *next)
{
	if (e->signing == NULL || (int64_t)time(NULL) < *next)
		return;
	signing_preflight(e->signing, NULL, e->resolver,
	    (int64_t)time(NULL), e->config->limits.deadline_ms, *tell, NULL);
	/* Later only a rotation that waits is logged, where mail is signed. */
	*tell = NULL;
	*next = signing_next_check(e->signing, (int64_t)time(NULL));
}

/* What is looked at in each step. */
static void
follow_files(struct engine *e, struct autoreload *files)
{
	switch (autoreload_due(files, e->config,
	    vitals_last_refused())) {
	case AUTORELOAD_CHANGED:
		log_line(CONFIG_LOG_INFO, "a file of the configuration has "
		    "changed: %s", files->changed);
		daemon_ask_reload(false);
		break;
	case AUTORELOAD_AGAIN:
		daemon_ask_reload(true);
		break;
	case AUTORELOAD_NOTHING:
		break;
	}
	if (e->signing == NULL)
		return;
	signing_follow(e->signing);
	signing_look_up(e->signing, e->resolver, (int64_t)time(NULL),
	    e->config->limits.deadline_ms, log_key, NULL);
}

/* Does it ask whom resolv.conf names? */
static bool
follows_file(const struct engine *e)
{
	const struct resolver_options *o = &e->config->resolver.options;

	return o->nameserver_count == 0 && o->zone == NULL;
}

/* Until the engine is not the current one any more. */
static void
look_after(struct engine *e)
{
	struct autoreload files = { .files = NULL };
	signing_check_fn *tell = log_key;
	struct resolvconf file = { .fd = -1 };
	bool changed = true, follows = follows_file(e), said = false;
	int64_t next = 0, look_us = 0;

	if (!autoreload_begin(&files, e->config))
		log_line(CONFIG_LOG_ERROR, "no memory to look after the files "
		    "of the configuration");
	if (follows)
		resolvconf_open(&file, e->config->resolver.options.resolv_conf);
	while (is_current(e)) {
		if (changed || clock_us() >= look_us) {
			if (follows && follow_resolv_conf(e, &said))
				break;
			look_us = clock_us() + LOOK_US;
		}
		log_news(e);
		check_keys(e, &tell, &next);
		follow_files(e, &files);
		status_refresh();
		changed = resolvconf_wait(&file, STEP_MS);
	}
	resolvconf_close(&file);
	autoreload_end(&files);
}

/* Lookups take their time, and mail need not wait for them. */
static void *
run(void *arg)
{
	struct engine *e = arg;

	look_after(e);
	engine_unref(e);
	return NULL;
}

void
watch_engine(struct engine *e)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, engine_ref(e)) == 0)
		pthread_detach(thread);
	else
		engine_unref(e);
}
