/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog: shows the service manager that mail would be served.
 */
#include "milter/watchdog.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "process/notify.h"

#define CHECKS		3	/* in the interval */
#define VERSION		6	/* of the protocol */

static struct listener *listener;
static int64_t interval_us;

/* 0: there is no watchdog, or not for us. */
static int64_t
asked_for(void)
{
	const char *usec = getenv("WATCHDOG_USEC"),
	    *pid = getenv("WATCHDOG_PID");

	if (usec == NULL ||
	    (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoll(usec, NULL, 10);
}

static struct timeval
third(void)
{
	return (struct timeval){
		.tv_sec = (time_t)(interval_us / CHECKS / 1000000),
		.tv_usec = (suseconds_t)(interval_us / CHECKS % 1000000)
	};
}

/* Offers what every mail server offers; an answer of any kind is one. */
static bool
is_answered(int fd)
{
	const uint32_t packet[5] = { htonl(4 * 3 + 1), htonl(VERSION),
		htonl(SMFI_CURR_ACTS), htonl(SMFI_CURR_PROT) };
	unsigned char octets[17], answer[5];
	memcpy(octets, packet, 4);
	octets[4] = SMFIC_OPTNEG;
	memcpy(octets + 5, packet + 1, 12);
	return send(fd, octets, sizeof(octets), MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(octets) &&
	    recv(fd, answer, sizeof(answer), MSG_WAITALL) ==
	    (ssize_t)sizeof(answer) && answer[4] == SMFIC_OPTNEG;
}

static void *
watch(void *arg)
{
	struct timeval wait = third();
	const struct timespec pause_for = { .tv_sec = wait.tv_sec,
		.tv_nsec = wait.tv_usec * 1000L };
	int fd;

	(void)arg;
	for (;;) {
		fd = listener_connect(listener, &wait);
		if (fd >= 0 && is_answered(fd))
			notify_state("WATCHDOG=1");
		if (fd >= 0)
			close(fd);
		(void)nanosleep(&pause_for, NULL);
	}
	return NULL;
}

bool
watchdog_start(struct listener *l)
{
	pthread_t thread;

	interval_us = asked_for();
	listener = l;
	if (interval_us <= 0)
		return true;
	if (pthread_create(&thread, NULL, watch, NULL) != 0)
		return false;
	pthread_detach(thread);
	return true;
}
