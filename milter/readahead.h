/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * readahead: reads many packets of a mail server at once.
 *
 * A message comes in some fifty small packets, and libmilter asks the kernel
 * about each: is there anything to read?  Here what is there is read as a
 * whole, and the next packets come out of memory.
 *
 * libmilter calls poll() on a connection before it reads a packet
 * (mi_rd_cmd()), and leaves the connection to another thread only when that
 * finds nothing.  So what has been read ahead belongs to one thread, and it
 * is empty when the connection changes threads.  A libmilter that does not
 * call our poll() gets no octet more than it asked for.
 */
#ifndef MILTER_READAHEAD_H
#define MILTER_READAHEAD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define READAHEAD_OCTETS	16384	/* at once (ours) */

/* False when poll() of the C library cannot be found. */
bool	readahead_can(void);
/* A packet of `sd` is about to be read: if libmilter has just asked us about
   it, more than that may be read. */
void	readahead_begin(int sd);
/* As recv() with MSG_DONTWAIT, from `sd` of the last readahead_begin(). */
ssize_t	readahead_recv(int sd, void *to, size_t len);
/* The connection of this thread has ended; what was read of it is dropped. */
void	readahead_end(void);
/* The C library's own. */
int	readahead_real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
