/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtas: many mail servers at one milter, some of which die, and a count of
 * what became of each message.
 *
 *	mtas CONNECTIONS SECONDS PAUSE SOCKET FOLDER COUNT
 *
 * For so many seconds each connection sends messages FOLDER/<n>.eml, n below
 * COUNT, one after the other, with pauses of up to PAUSE ms, and is closed
 * after some of them for a new one.  One of ten connections is given up: it
 * ends after a command chosen at random, or in the middle of it.
 * Those have the reverse-path gone@..., all others sender@..., so that a log
 * tells them apart.
 *
 * At the end one line is printed:
 *
 *	accepted	messages that the filter accepted, with the field
 *	bare		accepted without it
 *	other		answered otherwise
 *	lost		no answer: the filter hung up
 *	silent		no answer in a minute
 *	gone		given up
 *	refused		connections that could not be made
 *	longest		ms from the first header field to the answer
 */
#include <err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../bench/mta.h"

#define CONNECTIONS_MAX	10000
#define MESSAGES_EACH	20	/* at most, of one connection */
#define GIVEN_UP	10	/* one of so many */
#define COMMANDS	40	/* of a message, and some more */
#define REFUSED_MS	100	/* until a connection is tried again */

enum count { ACCEPTED, BARE, OTHER, LOST, SILENT, GONE, REFUSED, COUNTS };

static const char *const names[COUNTS] = { "accepted", "bare", "other", "lost",
	"silent", "gone", "refused" };

static atomic_ulong counts[COUNTS];
static atomic_ulong longest;
static struct mta_message **messages;
static unsigned long message_count;
static const char *socket_name;
static unsigned long pause_max;
static struct timespec end;

struct worker {
	pthread_t		 thread;
	unsigned int		 random;
	jmp_buf			 lost;
	struct mta_options	 mta;
	bool			 is_open;	/* the session */
};

static unsigned long
ms_between(struct timespec a, struct timespec b)
{
	double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e6;

	return ms < 0 ? 0 : (unsigned long)ms;
}

static struct timespec
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t;
}

static unsigned long
choose(struct worker *w, unsigned long below)
{
	return (unsigned long)rand_r(&w->random) % below;
}

static void
pause_ms(unsigned long ms)
{
	struct timespec t = { (time_t)(ms / 1000),
		(long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static void
count(enum count which)
{
	atomic_fetch_add(&counts[which], 1);
}

static void
note_latency(unsigned long ms)
{
	unsigned long most = atomic_load(&longest);

	while (ms > most &&
	    !atomic_compare_exchange_weak(&longest, &most, ms))
		continue;
}

/* One message; in a session that will be given up it is not counted. */
static void
send_message(struct worker *w, struct mta_session *s, bool leaves)
{
	unsigned long number = choose(w, message_count);
	struct timespec start;
	char sender[128];
	bool found;

	snprintf(sender, sizeof(sender), "%s@d%lu.bench.example",
	    leaves ? "gone" : "sender", number);
	mta_envelope(s, sender);
	found = mta_data(s, messages[number], &start);
	note_latency(ms_between(start, now()));
	if (leaves)
		return;
	count(!mta_accepted(s) ? OTHER : found ? ACCEPTED : BARE);
}

static void
run_session(struct worker *w, unsigned long left)
{
	bool leaves = choose(w, GIVEN_UP) == 0;
	struct mta_session *s;

	w->mta.leave = leaves ? 1 + (unsigned int)choose(w, COMMANDS) : 0;
	w->is_open = false;
	s = mta_open(&w->mta);
	w->is_open = true;
	mta_hello(s, "mail.d0.bench.example");
	do {
		send_message(w, s, leaves);
		pause_ms(choose(w, pause_max + 1));
	} while (--left > 0 && ms_between(now(), end) > 0);
	mta_close(s);
}

static void
count_end(struct worker *w, int how)
{
	if (how == MTA_LEFT)
		count(GONE);
	else if (how == MTA_SILENT)
		count(SILENT);
	else
		count(w->is_open ? LOST : REFUSED);
}

static void *
run_worker(void *arg)
{
	struct worker *w = arg;
	int how;

	pause_ms(choose(w, pause_max + 1));
	while (ms_between(now(), end) > 0) {
		how = setjmp(w->lost);
		if (how == 0) {
			run_session(w, 1 + choose(w, MESSAGES_EACH));
			continue;
		}
		count_end(w, how);
		mta_abandon();
		if (!w->is_open)
			pause_ms(REFUSED_MS);
	}
	return NULL;
}

static unsigned long
number(const char *text, unsigned long max)
{
	char *stop;
	unsigned long n = strtoul(text, &stop, 10);

	if (*text < '0' || *text > '9' || *stop != '\0' || n > max)
		errx(64, "%s: a number up to %lu expected", text, max);
	return n;
}

static void
read_messages(const char *folder)
{
	char path[512];

	messages = calloc(message_count, sizeof(*messages));
	if (messages == NULL)
		err(1, NULL);
	for (unsigned long i = 0; i < message_count; i++) {
		snprintf(path, sizeof(path), "%s/%lu.eml", folder, i);
		messages[i] = mta_message_read(path);
	}
}

static void
report(void)
{
	for (int i = 0; i < COUNTS; i++)
		printf("%s=%lu ", names[i], atomic_load(&counts[i]));
	printf("longest=%lu\n", atomic_load(&longest));
}

int
main(int argc, char **argv)
{
	struct worker *workers;
	unsigned long connections;

	if (argc != 7)
		errx(64, "usage: see the head of mtas.c");
	connections = number(argv[1], CONNECTIONS_MAX);
	pause_max = number(argv[3], 60000);
	socket_name = argv[4];
	message_count = number(argv[6], 100000);
	workers = calloc(connections, sizeof(*workers));
	if (connections == 0 || message_count == 0 || workers == NULL)
		errx(64, "no connections or no messages");
	read_messages(argv[5]);
	end = now();
	end.tv_sec += (time_t)number(argv[2], 86400);
	for (unsigned long i = 0; i < connections; i++) {
		struct worker *w = &workers[i];

		w->random = (unsigned int)i + 1;
		w->mta = (struct mta_options){ .socket = socket_name,
			.client = "192.0.2.1", .lost = &w->lost,
			.kind = i % 2 == 0 ? MTA_POSTFIX : MTA_SENDMAIL };
		if (pthread_create(&w->thread, NULL, run_worker, w) != 0)
			errx(1, "no thread");
	}
	for (unsigned long i = 0; i < connections; i++)
		pthread_join(workers[i].thread, NULL);
	report();
	return 0;
}
