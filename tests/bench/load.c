/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: sends messages to a milter as an MTA does, and measures.
 *
 *	load [-1eR] [-a ADDRESS] [-b PAUSE] [-c CONNECTIONS] [-d MS] [-f SENDER]
 *	    [-h HELO] [-m postfix|sendmail] [-N NETWORKS] [-n MESSAGES]
 *	    [-o FIRST] [-p PID] [-r RATE] [-t MS] [-w MESSAGES] [-x TEXT]...
 *	    SOCKET FILE
 *
 *	-a	address of the SMTP client (192.0.2.1)
 *	-N	each connection is of a client of its own in one of so many
 *		networks, 10.0.0.0/24 and on; instead of -a
 *	-e	messages that get another answer are counted, and all is well
 *	-r	messages a second in all, as long as connections are free (as
 *		fast as it goes)
 *	-c, -n	connections at a time, messages in all (1, 1)
 *	-1	a new connection for each message
 *	-m	whose habits (postfix), see mta.h
 *	-t, -d	ms before MAIL, RCPT and DATA each; ms for the data (0, 0)
 *	-f, -h	reverse-path and HELO name
 *	-o	number of the first message: "%n" in SENDER, HELO and FILE
 *		for a message's number, so that each can have names of its own
 *	-w	messages of each connection before those that are measured
 *	-R	HELO, MAIL and RSET instead of a message; FILE is not read
 *	-b	burst: each connection brings one message as far as DATA; PAUSE
 *		ms later all header, bodies and final dots go out at one moment
 *	-x	must be in the Authentication-Results that the filter inserts
 *	-p	the filter's process: its CPU time is measured, too
 *
 * One line is printed, latencies and CPU per message in microseconds, from
 * the first header field sent (burst: from the common moment) to the last
 * reply: messages= wrong= min= median= p95= max= rate= cpu= p99=.  The exit
 * status is 1 when a message got another answer than it should.
 *
 * 1. One thread per connection takes every n-th message.
 * 2. All threads meet when their warm-up is over (burst: when DATA is sent);
 *    clock and CPU time are read while they wait for each other.
 * 3. They send, and note the latency of each message in its own place.
 */
#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mta.h"

#define EXPECTED_MAX	8
#define CONNECTIONS_MAX	1000
#define MESSAGES_MAX	10000000
#define NAME_SIZE	512
#define NETWORKS_MAX	250

struct load {
	struct mta_options	 mta;
	const char		*expected[EXPECTED_MAX];
	unsigned long		 messages, connections, first, warm_up;
	unsigned int		 burst_pause;
	bool			 burst, reconnect, tolerant, reset;
	unsigned long		 networks;	/* 0: one client */
	double			 gap;		/* us between messages */
	double			 start;		/* of the measurement */
	const char		*sender, *helo, *file;
	pid_t			 pid;		/* 0: not measured */
	struct mta_message	*message;	/* NULL: one file for each */
	pthread_barrier_t	 ready, go;
	struct timespec		 burst_start;
	double			*latency;	/* us, of each message */
	unsigned long		 wrong;
	pthread_mutex_t		 lock;		/* wrong */
};

struct worker {
	struct load	*load;
	unsigned long	 index;
	pthread_t	 thread;
	struct mta_options mta;
	char		 client[16];
};

static double
microseconds(struct timespec t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
clock_us(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		err(1, "clock");
	return microseconds(t);
}

/* ---- names ---- */

static void
expand(const char *pattern, unsigned long number, char out[NAME_SIZE])
{
	const char *at = strstr(pattern, "%n");
	int len;

	if (at == NULL)
		len = snprintf(out, NAME_SIZE, "%s", pattern);
	else
		len = snprintf(out, NAME_SIZE, "%.*s%lu%s",
		    (int)(at - pattern), pattern, number, at + 2);
	if (len < 0 || len >= NAME_SIZE)
		errx(64, "%s: too long", pattern);
}

/* ---- the connections ---- */

static struct mta_session *
begin_session(const struct worker *w, unsigned long number)
{
	struct mta_session *s = mta_open(&w->mta);
	char helo[NAME_SIZE];

	expand(w->load->helo, number, helo);
	mta_hello(s, helo);
	return s;
}

/* The common moment of a burst comes between envelope and data. */
static void
wait_for_burst(struct load *l)
{
	pthread_barrier_wait(&l->ready);
	pthread_barrier_wait(&l->go);
}

/* Returns the latency. */
static double
reset_session(const struct load *l, struct mta_session *s,
    unsigned long number)
{
	double start = clock_us(CLOCK_MONOTONIC);
	char helo[NAME_SIZE], sender[NAME_SIZE];

	expand(l->helo, number, helo);
	expand(l->sender, number, sender);
	mta_reset(s, helo, sender);
	return clock_us(CLOCK_MONOTONIC) - start;
}

static double
send_message(struct load *l, struct mta_session *s, unsigned long number)
{
	struct mta_message *own = NULL, *m = l->message;
	char name[NAME_SIZE];
	struct timespec start;
	bool good;
	double end;

	if (m == NULL) {
		expand(l->file, number, name);
		m = own = mta_message_read(name);
	}
	expand(l->sender, number, name);
	mta_envelope(s, name);
	if (l->burst)
		wait_for_burst(l);
	good = mta_data(s, m, &start);
	end = clock_us(CLOCK_MONOTONIC);
	if (!good) {
		pthread_mutex_lock(&l->lock);
		l->wrong++;
		pthread_mutex_unlock(&l->lock);
	}
	if (own != NULL)
		mta_message_free(own);
	return end - microseconds(l->burst ? l->burst_start : start);
}

static void
sleep_until(double us)
{
	struct timespec t = { (time_t)(us / 1e6), 0 };

	t.tv_nsec = (long)((us - (double)t.tv_sec * 1e6) * 1e3);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		continue;
}

static void *
run_worker(void *arg)
{
	const struct worker *w = arg;
	struct load *l = w->load;
	struct mta_session *s = NULL;

	if (!l->reconnect)
		s = begin_session(w, l->first + w->index);
	for (unsigned long i = 0; i < l->warm_up; i++)
		(void)send_message(l, s, l->first);
	if (!l->burst)
		wait_for_burst(l);
	for (unsigned long i = w->index; i < l->messages;
	    i += l->connections) {
		if (l->gap > 0)
			sleep_until(l->start + (double)i * l->gap);
		if (l->reconnect)
			s = begin_session(w, l->first + i);
		l->latency[i] = l->reset ?
		    reset_session(l, s, l->first + i) :
		    send_message(l, s, l->first + i);
		if (l->reconnect)
			mta_close(s);
	}
	if (!l->reconnect)
		mta_close(s);
	return NULL;
}

/* ---- all of them ---- */

static int
compare(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static void
report(struct load *l, double elapsed, double cpu)
{
	unsigned long n = l->messages;
	double *v = l->latency;

	qsort(v, n, sizeof(*v), compare);
	printf("messages=%lu wrong=%lu min=%.0f median=%.0f p95=%.0f "
	    "max=%.0f rate=%.0f cpu=%.1f p99=%.0f\n", n, l->wrong, v[0],
	    v[n / 2], v[(n * 95 - 1) / 100], v[n - 1],
	    (double)n / (elapsed / 1e6), cpu / (double)n,
	    v[(n * 99 - 1) / 100]);
}

static void
begin_worker(struct worker *w, struct load *l, unsigned long index)
{
	*w = (struct worker){ .load = l, .index = index, .mta = l->mta };
	if (l->networks == 0)
		return;
	(void)snprintf(w->client, sizeof(w->client), "10.0.%u.%u",
	    (unsigned int)(index % l->networks),
	    (unsigned int)(1 + index / l->networks % 250));
	w->mta.client = w->client;
}

static void
run(struct load *l)
{
	struct worker *workers = calloc(l->connections, sizeof(*workers));
	const struct timespec pause = { l->burst_pause / 1000,
		(long)(l->burst_pause % 1000) * 1000000 };
	clockid_t filter = CLOCK_PROCESS_CPUTIME_ID;
	double start, cpu;

	if (workers == NULL)
		err(1, NULL);
	if (l->pid != 0 && clock_getcpuclockid(l->pid, &filter) != 0)
		errx(1, "no process %ld", (long)l->pid);
	for (unsigned long i = 0; i < l->connections; i++) {
		begin_worker(&workers[i], l, i);
		if (pthread_create(&workers[i].thread, NULL, run_worker,
		    &workers[i]) != 0)
			errx(1, "no thread");
	}
	pthread_barrier_wait(&l->ready);
	if (l->burst)
		nanosleep(&pause, NULL);
	cpu = clock_us(filter);
	clock_gettime(CLOCK_MONOTONIC, &l->burst_start);
	l->start = start = microseconds(l->burst_start);
	pthread_barrier_wait(&l->go);
	for (unsigned long i = 0; i < l->connections; i++)
		pthread_join(workers[i].thread, NULL);
	report(l, clock_us(CLOCK_MONOTONIC) - start,
	    l->pid != 0 ? clock_us(filter) - cpu : 0);
	free(workers);
}

/* ---- options ---- */

static unsigned long
number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > max)
		errx(64, "%s: a number up to %lu expected", text, max);
	return n;
}

static enum mta_kind
kind(const char *text)
{
	if (strcmp(text, "postfix") == 0)
		return MTA_POSTFIX;
	if (strcmp(text, "sendmail") == 0)
		return MTA_SENDMAIL;
	errx(64, "%s: postfix or sendmail expected", text);
}

static void
expect(struct load *l, const char *text)
{
	if (l->mta.expected_count == EXPECTED_MAX)
		errx(64, "more than %d times -x", EXPECTED_MAX);
	l->expected[l->mta.expected_count++] = text;
}

static bool
take_option(struct load *l, int option, const char *arg)
{
	switch (option) {
	case '1':
		l->reconnect = true;
		return true;
	case 'a':
		l->mta.client = arg;
		return true;
	case 'b':
		l->burst = true;
		l->burst_pause = (unsigned int)number(arg, 60000);
		return true;
	case 'c':
		l->connections = number(arg, CONNECTIONS_MAX);
		return true;
	case 'd':
		l->mta.data_gap = (unsigned int)number(arg, 60000);
		return true;
	case 'e':
		l->tolerant = true;
		return true;
	case 'f':
		l->sender = arg;
		return true;
	case 'h':
		l->helo = arg;
		return true;
	case 'm':
		l->mta.kind = kind(arg);
		return true;
	case 'N':
		l->networks = number(arg, NETWORKS_MAX);
		return true;
	case 'n':
		l->messages = number(arg, MESSAGES_MAX);
		return true;
	case 'o':
		l->first = number(arg, MESSAGES_MAX);
		return true;
	case 'p':
		l->pid = (pid_t)number(arg, 1ul << 30);
		return true;
	case 'R':
		l->reset = true;
		return true;
	case 'r':
		l->gap = 1e6 / (double)number(arg, 1000000);
		return true;
	case 't':
		l->mta.command_gap = (unsigned int)number(arg, 60000);
		return true;
	case 'w':
		l->warm_up = number(arg, MESSAGES_MAX);
		return true;
	case 'x':
		expect(l, arg);
		return true;
	default:
		return false;
	}
}

static void
check_options(const struct load *l)
{
	if (l->messages == 0 || l->connections == 0 ||
	    l->connections > l->messages)
		errx(64, "at least one message for each connection");
	if (l->burst && l->connections != l->messages)
		errx(64, "-b: one connection for each message");
	if (l->warm_up > 0 && (l->burst || l->reconnect || l->reset))
		errx(64, "-w: not with -b, -R or -1");
	if (l->reset && l->burst)
		errx(64, "-R: not with -b");
}

int
main(int argc, char **argv)
{
	static struct load l = { .messages = 1, .connections = 1,
		.sender = "sender@example.com", .helo = "mail.example.com",
		.mta.client = "192.0.2.1", .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned int parties;
	int option;

	while ((option = getopt(argc, argv,
	    "1a:b:c:d:ef:h:m:N:n:o:p:Rr:t:w:x:")) != -1)
		if (!take_option(&l, option, optarg))
			errx(64, "usage: see the head of load.c");
	if (argc - optind != 2)
		errx(64, "SOCKET and FILE expected");
	check_options(&l);
	l.mta.socket = argv[optind];
	l.mta.expected = l.expected;
	l.file = argv[optind + 1];
	if (!l.reset && strstr(l.file, "%n") == NULL)
		l.message = mta_message_read(l.file);
	l.latency = calloc(l.messages, sizeof(*l.latency));
	parties = (unsigned int)l.connections + 1;
	if (l.latency == NULL ||
	    pthread_barrier_init(&l.ready, NULL, parties) != 0 ||
	    pthread_barrier_init(&l.go, NULL, parties) != 0)
		err(1, NULL);
	run(&l);
	if (l.message != NULL)
		mta_message_free(l.message);
	free(l.latency);
	return l.wrong == 0 || l.tolerant ? 0 : 1;
}
