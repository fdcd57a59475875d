/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket at which the mail server finds us.
 *
 * The descriptor is made here and handed to libmilter, which by itself
 * would take over the socket of a milter that is alive, remove that of its
 * successor, and leave Nagle's algorithm on.
 */
#ifndef MILTER_LISTEN_H
#define MILTER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct listener;

struct listen_options {
	const char	*socket;	/* as in the configuration, checked */
	mode_t		 mode;		/* of a local socket */
	bool		 chown;		/* give a local socket to: */
	uid_t		 uid;
	gid_t		 gid;
};

/*
 * Binds and listens.  A local socket that nobody listens at is replaced;
 * one that answers, or a file of another kind, is an error.  On failure
 * NULL, with a sentence in `why`.
 */
struct listener	*listener_open(const struct listen_options *options,
		    char *why, size_t why_size);
/*
 * What smfi_setconn() is to be given: borrowed.  First "fd:N", a Debian
 * extension; after listener_use_libmilter() the plain spelling.
 */
char		*listener_conn(struct listener *l);
/* libmilter cannot take a descriptor: gives up ours. */
void		 listener_use_libmilter(struct listener *l);
/* True for inet sockets. */
bool		 listener_is_inet(const struct listener *l);
/*
 * Connects to the socket and closes again, without waiting: libmilter's
 * pool then adds a worker when all are busy.  Any thread.
 */
void		 listener_nudge(const struct listener *l);
/* Removes a local socket if it is still ours. */
void		 listener_remove(const struct listener *l);
/* The same, closes and frees: nobody may use it any more. */
void		 listener_close(struct listener *l);

#endif
