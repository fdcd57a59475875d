/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fakens: a nameserver inside the test program, on a free port of loopback,
 * by UDP and TCP.  What it answers is for the test to say.
 */
#ifndef TESTS_RESOLVER_FAKENS_H
#define TESTS_RESOLVER_FAKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tests/resolver/dnsmsg.h"

struct fakens;

struct fakens_question {
	struct fakens		*server;
	char			 name[256];	/* dotted, as sent */
	unsigned int		 type;
	uint16_t		 id;
	unsigned int		 flags;		/* of the header */
	bool			 edns;
	size_t			 options;	/* octets of OPT's data */
	bool			 tcp;
	/* Where the answer goes. */
	int			 fd;
	struct sockaddr_storage	 peer;
	socklen_t		 peer_len;
};

/* Runs in the server's thread.  It answers with fakens_send(), or later
   from any thread with a copy of the question, or never. */
typedef void fakens_script(struct fakens_question *q);

enum fakens_kind {
	FAKENS_BOTH,
	FAKENS_NO_TCP,		/* its TCP port refuses */
	FAKENS_V6		/* on ::1 */
};

/* NULL: no socket. */
struct fakens	*fakens_start(fakens_script *script, enum fakens_kind kind);
void		 fakens_stop(struct fakens *ns);
/* "127.0.0.1:PORT", "[::1]:PORT" */
const char	*fakens_address(const struct fakens *ns);
void		 fakens_send(const struct fakens_question *q,
		    const struct dnsmsg *m);
/* 192.0.2.1, for 300 seconds. */
void		 fakens_send_address(const struct fakens_question *q);
/* Cuts the TCP connection of the question. */
void		 fakens_hang_up(const struct fakens_question *q);

#endif
