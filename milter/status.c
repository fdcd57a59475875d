/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: the line that systemctl status shows.
 */
#include "milter/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "milter/figures.h"
#include "process/notify.h"

#define LINE		256
#define PAUSE_US	INT64_C(5000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static char shown[LINE];
static int64_t shown_us;
static bool ready, stopping;

/* Under the lock, so that an old line never comes after a new one. */
static void
show(const char *words, const char *line)
{
	char state[LINE + 64];

	snprintf(state, sizeof(state), "%sSTATUS=Checking mail: %s", words,
	    line);
	notify_state(state);
	snprintf(shown, sizeof(shown), "%s", line);
	shown_us = clock_us();
}

void
status_ready(void)
{
	char line[LINE];

	figures_line(line, sizeof(line));
	pthread_mutex_lock(&lock);
	ready = true;
	if (!stopping)
		show("READY=1\n", line);
	pthread_mutex_unlock(&lock);
}

void
status_refresh(void)
{
	char line[LINE];

	figures_line(line, sizeof(line));
	pthread_mutex_lock(&lock);
	if (ready && !stopping && clock_us() - shown_us >= PAUSE_US &&
	    strcmp(line, shown) != 0)
		show("", line);
	pthread_mutex_unlock(&lock);
}

void
status_stopping(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_mutex_unlock(&lock);
	notify_state("STOPPING=1\nSTATUS=Finishing the messages in progress");
}
