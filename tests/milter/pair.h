/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pair: a connection between a mail server and a filter.
 */
#ifndef TESTS_MILTER_PAIR_H
#define TESTS_MILTER_PAIR_H

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter/wire.h"

static int mta, filter;

static void
open_pair(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	mta = pair[0];
	filter = pair[1];
}

static void
close_pair(void)
{
	wire_closed();
	close(mta);
	close(filter);
}

#endif
