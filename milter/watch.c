/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: a thread that looks after the keys of an engine.
 */
#include "milter/watch.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "event/log.h"
#include "message/signing.h"

#define TEXT_SIZE	1024
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

/* A thread: look-ups take their time, and mail need not wait for them. */
static void *
run(void *arg)
{
	signing_check_fn *tell = log_key;
	struct engine *e = arg;
	int64_t next;

	do {
		signing_preflight(e->signing, e->resolver,
		    (int64_t)time(NULL), e->config->limits.deadline_ms, tell,
		    NULL);
		/* Later only a rotation that waits is logged, by whoever
		   signs. */
		tell = NULL;
		next = signing_next_check(e->signing, (int64_t)time(NULL));
		while (is_current(e) && (int64_t)time(NULL) < next)
			sleep(STEP_SECONDS);
	} while (is_current(e));
	engine_unref(e);
	return NULL;
}

void
watch_keys(struct engine *e)
{
	pthread_t thread;

	if (e->signing == NULL)
		return;
	if (pthread_create(&thread, NULL, run, engine_ref(e)) == 0)
		pthread_detach(thread);
	else
		engine_unref(e);
}
