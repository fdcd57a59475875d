/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket at which the mail server finds us.
 *
 * The descriptor is made here and handed to libmilter, which by itself
 * would take over the socket of a milter that is alive, remove that of its
 * successor, and leave Nagle's algorithm on.
 */
#ifndef PROCESS_LISTEN_H
#define PROCESS_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>
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
 * Binds and listens.  A local socket gets its mode and owner without being
 * looked up by its path again; one without a listener is replaced; one that
 * answers, a file of another kind, or a world-writable folder is an error.
 * On failure NULL, with a sentence in `why`.
 */
struct listener	*listener_open(const struct listen_options *options,
		    char *why, size_t why_size);
/*
 * How many sockets the service manager passed to this process:
 * listener_inherit() takes one of them, by its index from 0, instead of
 * listener_open().  It is never removed.
 */
int		 listener_inherited(void);
struct listener	*listener_inherit(const char *spelling, int index,
		    char *why, size_t why_size);
/* Its descriptor, borrowed; still blocking. */
int		 listener_fd(const struct listener *l);
/* Only processes of this host can connect to a socket of that name. */
bool		 listener_is_private(const char *name);
/*
 * Leaves an inherited socket to the next process: connections wait in it from
 * now on.  False if we opened the socket.
 */
bool		 listener_withdraw(struct listener *l);
/* Is the socket one that strangers can use?  Then a sentence in `text`. */
bool		 listener_warning(const char *name, char *text, size_t size);
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
void		 listener_nudge(struct listener *l);
/*
 * Connects as a mail server does, and waits for that and for each answer at
 * most `limit`.  The caller closes; -1: it is not accepted.  Any thread.
 */
int		 listener_connect(struct listener *l,
		    const struct timeval *limit);
/* Removes a local socket if it is still ours. */
void		 listener_remove(const struct listener *l);
/* The same, closes and frees: it must not be used any more. */
void		 listener_close(struct listener *l);

#endif
