/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram: the UDP sockets of c-ares.
 *
 * c-ares opens, closes and sends by them as ever, but what goes by them is
 * not what it sends, and what comes is not what it is shown
 * (standin_internal.h).  So no octets of a stranger upset it: what is no answer
 * is dropped.  1.18 ends all questions of a socket for a packet without octets,
 * and 1.34 for one that it cannot read.  Nor do cookies (RFC 7873) leave, which
 * 1.34 adds to an OPT: when a server has sent one, it drops for two minutes all
 * answers without, and name servers behind one address do not all have cookies
 * (RFC 9018 section 1).
 *
 * When c-ares closes a socket because nothing is in progress on it, the port is
 * parked: the next question of the channel has it again, without the system
 * calls for another one.  It is really closed after DATAGRAM_PORT_US, after
 * DATAGRAM_PORT_QUESTIONS, when something has failed on it, and when something
 * comes that nobody has asked for.
 *
 * With "options use-vc" in resolv.conf 1.34 wants TCP for all.  It gets no
 * socket for it here: land.c takes that step.
 */
#ifndef RESOLVER_DATAGRAM_INTERNAL_H
#define RESOLVER_DATAGRAM_INTERNAL_H

#include <ares.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/slice.h"
#include "resolver/standin_internal.h"

/* That one reading drops: a flood of them does not keep the thread
   from its other sockets (ours). */
#define DATAGRAM_DROPS		64
/* What a socket may hold; the kernel gives what it allows (ours). */
#define DATAGRAM_BUFFER		(4 << 20)
/* A port is not used again when it is older: what an off-path forger finds out
   about it is soon worth nothing (ours). */
#define DATAGRAM_PORT_US	INT64_C(1000000)
/* Nor when so many questions have left from it (ours). */
#define DATAGRAM_PORT_QUESTIONS	16
/* IP has no larger ones. */
#define DATAGRAM_OCTETS		65535

/* Of one server, in one thread. */
struct datagram {
	bool			shows;	/* c-ares has not taken it yet */
	int			error;	/* or this, of a socket */
	unsigned char		shown[STANDIN_LEN];
	bool			wants_tcp;	/* who is called back next */
	size_t			len;
	socklen_t		from_len;
	struct sockaddr_storage	from;	/* the server */
#if ARES_VERSION >= 0x011c00
	ares_dns_record_t	*record;	/* carry.c's */
#endif
	unsigned char		octets[DATAGRAM_OCTETS];
};

struct server_channel;

/* For the sockets of that channel from now on. */
void	datagram_carry(struct server_channel *c);
/*
 * Reads the next answer on its port.  True: c-ares is to be called for it, or
 * for an error of the socket.
 */
bool	datagram_read(struct server_channel *c);
/* c-ares is about to close it: is it parked instead? */
bool	datagram_park(struct server_channel *c, int fd);
/* Really closes what is parked; its socket is counted no more. */
void	datagram_close_parked(struct server_channel *c);
/* What c-ares calls back for; it is there until the next one is read. */
struct slice	datagram_packet(const struct datagram *d);

#endif
