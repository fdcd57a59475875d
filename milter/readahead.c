/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * readahead: poll() of the whole program, and what it reads for libmilter.
 *
 * 1. libmilter polls a connection that this thread does not know: the C
 *    library answers, and `polled` is that connection.
 * 2. It reads a packet of it (readahead_begin()): the connection is `sd`
 *    from then on, and reads are of READAHEAD_OCTETS.
 * 3. It polls `sd`: what is in memory, or what can be read now, is the
 *    answer.  When there is nothing, the connection is no longer this
 *    thread's.
 * 4. The connection ends (readahead_end()): likewise.
 *
 * Outside of 2 to 4 a descriptor of the same number may belong to any other
 * connection, and nothing is read from it.
 */
#include "milter/readahead.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

typedef int poll_fn(struct pollfd *, nfds_t, int);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static poll_fn *real_poll;

static _Thread_local struct {
	int	 polled;	/* + 1, so that 0 is none, as in `sd` */
	int	 sd;
	char	*bytes;		/* NULL when nothing is left of it */
	size_t	 at, len;
} ahead;

/* ISO C has no cast from an object's pointer to a function's. */
static void
find_real(void)
{
	void *symbol = dlsym(RTLD_NEXT, "poll");

	memcpy(&real_poll, &symbol, sizeof(real_poll));
}

bool
readahead_can(void)
{
	pthread_once(&once, find_real);
	return real_poll != NULL;
}

int
readahead_real_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (readahead_can())
		return real_poll(fds, count, timeout_ms);
	errno = ENOSYS;
	return -1;
}

void
readahead_end(void)
{
	mem_free(ahead.bytes);
	ahead.bytes = NULL;
	ahead.polled = ahead.sd = 0;
}

void
readahead_begin(int sd)
{
	int polled = ahead.polled;

	if (ahead.sd == sd + 1)
		return;
	readahead_end();
	if (polled == sd + 1)
		ahead.sd = polled;
}

/* Reads what is there, as recv(); ENOMEM: no memory for it. */
static ssize_t
fill(int sd)
{
	ssize_t n;
	int error;

	ahead.bytes = mem_resize(NULL, READAHEAD_OCTETS);
	if (ahead.bytes == NULL) {
		errno = ENOMEM;
		return -1;
	}
	n = recv(sd, ahead.bytes, READAHEAD_OCTETS, MSG_DONTWAIT);
	ahead.at = 0;
	ahead.len = n > 0 ? (size_t)n : 0;
	if (n > 0)
		return n;
	error = errno;
	mem_free(ahead.bytes);
	ahead.bytes = NULL;
	errno = error;
	return n;
}

/* What is left goes out; a buffer that is empty takes up memory for each
   message that waits. */
static ssize_t
take(void *to, size_t len)
{
	size_t left = ahead.len - ahead.at, n = len < left ? len : left;

	memcpy(to, ahead.bytes + ahead.at, n);
	ahead.at += n;
	if (n == left) {
		mem_free(ahead.bytes);
		ahead.bytes = NULL;
	}
	return (ssize_t)n;
}

/* Does libmilter ask us, so that we may read more than it wants? */
static bool
is_ours(int sd)
{
	return ahead.sd == sd + 1;
}

ssize_t
readahead_recv(int sd, void *to, size_t len)
{
	ssize_t n;

	if (is_ours(sd) && ahead.bytes != NULL)
		return take(to, len);
	if (is_ours(sd) && len < READAHEAD_OCTETS) {
		n = fill(sd);
		if (n > 0)
			return take(to, len);
		if (n == 0 || errno != ENOMEM)
			return n;
	}
	return recv(sd, to, len, MSG_DONTWAIT);
}

/* The answer to a poll() for one descriptor to read. */
static int
poll_to_read(struct pollfd *fd, int timeout)
{
	int ready;

	if (is_ours(fd->fd) && (ahead.bytes != NULL || fill(fd->fd) > 0)) {
		fd->revents = POLLIN;
		return 1;
	}
	ready = readahead_real_poll(fd, 1, timeout);
	if (ready <= 0 && is_ours(fd->fd))
		readahead_end();
	ahead.polled = fd->fd + 1;
	return ready;
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	/* The C library declares that it reads nothing of these: gcc would
	   warn if we did. */
	struct pollfd *volatile all = fds;

	if (count == 1 && (all->events & POLLIN) != 0)
		return poll_to_read(all, timeout);
	return readahead_real_poll(fds, count, timeout);
}
