/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: a thread that looks after an engine, its keys and nameservers.
 */
#include "milter/watch.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/log.h"
#include "message/signing.h"
#include "milter/status.h"

#define TEXT_SIZE	1024
#define CASING_LINE_US	INT64_C(60000000)
#define SILENCE_LINE_US	INT64_C(60000000)
#define STEP_SECONDS	1	/* between looks at the clock */

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

/* One line when a server fails or is back, and when none is left. */
static void
log_servers(struct engine *e, struct resolver_server *before, size_t *count)
{
	struct resolver_server now[LIMIT_DNS_SERVERS];
	size_t n = resolver_servers(e->resolver, now), i, failed = 0, had = 0;

	for (i = 0; i < n; i++) {
		failed += now[i].failed;
		had += i < *count && before[i].failed;
		if (*count != n)
			log_line(CONFIG_LOG_INFO, "nameserver %s is in use",
			    now[i].address);
		else if (now[i].failed != before[i].failed)
			log_line(now[i].failed ? CONFIG_LOG_WARNING :
			    CONFIG_LOG_INFO, "nameserver %s %s",
			    now[i].address, now[i].failed ?
			    "does not answer" : "answers again");
		before[i] = now[i];
	}
	if (n > 0 && failed == n && had < n)
		log_line(CONFIG_LOG_ERROR, "no nameserver answers: results "
		    "are temperror until one does");
	else if (n > 0 && failed < n && had == n && *count == n)
		log_line(CONFIG_LOG_INFO, "DNS is back");
	*count = n;
}

/*
 * Answers in other letters than the question's: somebody forges, or the
 * server does not repeat them.  A flood makes no more than a line a minute.
 */
static void
log_casing(struct engine *e, unsigned long long *before, bool *folded,
    int64_t *next)
{
	struct resolver_server now[LIMIT_DNS_SERVERS];
	size_t n = resolver_servers(e->resolver, now), i;
	bool due = clock_us() >= *next;

	for (i = 0; i < n; i++) {
		if (now[i].folds != folded[i])
			log_line(CONFIG_LOG_WARNING, "nameserver %s %s",
			    now[i].address, now[i].folds ? "does not repeat "
			    "the case of names: it is asked by TCP" :
			    "repeats the case of names again");
		folded[i] = now[i].folds;
		if (!due || now[i].mismatches == before[i])
			continue;
		log_line(CONFIG_LOG_WARNING, "nameserver %s: %llu answers "
		    "to a name in other letters were not taken",
		    now[i].address, now[i].mismatches - before[i]);
		before[i] = now[i].mismatches;
		*next = clock_us() + CASING_LINE_US;
	}
}

/*
 * Domains whose name servers are silent, whoever it is that has so many of
 * their names asked.  A line a minute at most.
 */
static void
log_silence(struct engine *e, struct resolver_silence *before, int64_t *next)
{
	struct resolver_silence now;

	if (clock_us() < *next)
		return;
	resolver_silence(e->resolver, &now);
	if (now.marks == before->marks && now.refused == before->refused)
		return;
	log_line(CONFIG_LOG_WARNING, "name servers of %llu domain(s) do not "
	    "answer, the last is %s: %llu questions were not sent",
	    (unsigned long long)now.domains, now.last,
	    (unsigned long long)(now.refused - before->refused));
	*before = now;
	*next = clock_us() + SILENCE_LINE_US;
}

/* The nameservers of resolv.conf are others now: true when an engine with
   those has taken over. */
static bool
follow_resolv_conf(struct engine *e)
{
	const struct resolver_options *o = &e->config->resolver.options;
	char why[TEXT_SIZE];
	struct engine *fresh;

	if (o->nameserver_count > 0 || o->zone != NULL ||
	    resolver_matches(e->resolver, o))
		return false;
	fresh = engine_renew(e, why, sizeof(why));
	if (fresh == NULL) {
		log_line(CONFIG_LOG_ERROR, "the nameservers in resolv.conf "
		    "have changed, but %s", why);
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
	signing_preflight(e->signing, e->resolver, (int64_t)time(NULL),
	    e->config->limits.deadline_ms, *tell, NULL);
	/* Later only a rotation that waits is logged, by whoever signs. */
	*tell = NULL;
	*next = signing_next_check(e->signing, (int64_t)time(NULL));
}

/* Look-ups take their time, and mail need not wait for them. */
static void *
run(void *arg)
{
	struct resolver_server servers[LIMIT_DNS_SERVERS];
	signing_check_fn *tell = log_key;
	struct engine *e = arg;
	unsigned long long mismatches[LIMIT_DNS_SERVERS] = { 0 };
	bool folded[LIMIT_DNS_SERVERS] = { false };
	struct resolver_silence silence = { .marks = 0 };
	int64_t next = 0, next_casing = 0, next_silence = 0;
	size_t count = 0;

	while (is_current(e) && !follow_resolv_conf(e)) {
		log_servers(e, servers, &count);
		log_casing(e, mismatches, folded, &next_casing);
		log_silence(e, &silence, &next_silence);
		check_keys(e, &tell, &next);
		status_refresh();
		sleep(STEP_SECONDS);
	}
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
