/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: looks at each packet of a mail server before libmilter does.
 *
 * libmilter trusts its input: it reads past its array for a macro packet with
 * an odd number of strings.  Anyone who can connect to the socket could end
 * the process with that.
 */
#ifndef MILTER_WIRE_H
#define MILTER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

enum wire_verdict {
	WIRE_GOOD,
	WIRE_MENDED,		/* *len is shorter than it was */
	WIRE_BAD		/* libmilter must not see it */
};

/*
 * Judges the `*len` octets after the command letter.  Commands that are
 * not known here are good: libmilter ends the session by itself.
 */
enum wire_verdict	wire_check(char command, const char *data,
			    size_t *len);

/*
 * True when libmilter calls our functions: known after the first packet
 * that was read.
 */
bool	wire_is_guarded(void);
/*
 * In a callback: the connection has ended, or was given up, where the next
 * packet should have been.  False as well when nothing is guarded.
 */
bool	wire_is_lost(void);
/*
 * In a callback: `fn` is called once, in this thread, when the reply to it
 * has been written or could not be.  Only when wire_is_guarded().  NULL
 * takes it back.
 */
typedef void	wire_replied_fn(void *arg, bool written);
void	wire_await_reply(wire_replied_fn *fn, void *arg);
/* In xxfi_close: the connection has ended, or another session of it follows. */
void	wire_closed(void);
/* False when this libmilter does not let itself be guarded. */
bool	wire_can_guard(void);

/*
 * Two functions of libmilter's that are defined here in their place, as is
 * accept() of the C library's, which counts the connections (drain.h).
 */
char	*mi_rd_cmd(int sd, struct timeval *timeout, char *cmd, size_t *len,
	    char *name);
int	 mi_wr_cmd(int sd, struct timeval *timeout, int cmd, char *buf,
	    size_t len);

#endif
