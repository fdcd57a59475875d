/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sigwait: keeps SIGHUP, SIGTERM and SIGINT from libmilter.
 *
 * A thread of libmilter's waits for these three with sigwait() and stops
 * the milter at each of them, SIGHUP as well, at once and with messages in
 * hand.  The definition here takes the place of the C library's for the
 * whole program: it waits for what is left of the set, and libmilter learns
 * of the end by smfi_stop() alone.  Our own signals are taken with
 * sigwaitinfo(), see daemon.c.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>

int
sigwait(const sigset_t *restrict set, int *restrict sig)
{
	sigset_t rest = *set;
	int got;

	sigdelset(&rest, SIGHUP);
	sigdelset(&rest, SIGTERM);
	sigdelset(&rest, SIGINT);
	do
		got = sigwaitinfo(&rest, NULL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	*sig = got;
	return 0;
}
