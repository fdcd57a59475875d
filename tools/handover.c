/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover: see handover.h.
 *
 * 1. The program is started with two pipes: its input, and all that it
 *    prints.
 * 2. The message is written and what it prints is read, whichever can be,
 *    until it has ended or the time is over.
 * 3. Its exit status (sysexits.h) says what became of the message.  Only what
 *    is about the message or its recipient is final; a program that is not
 *    there, crashes or cannot write its queue is a fault of this host.
 */
#include "tools/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_MS 10		/* between looks whether it has ended */
#define SAID 200		/* octets kept of what it prints */

struct delivery {
	const struct handover	*h;
	pid_t			 pid;
	int			 input, output;		/* -1: closed */
	size_t			 written;	/* of header and body */
	char			 said[SAID];
	size_t			 said_len;
	int64_t			 end;		/* of clock_us() */
	int			 status;	/* of waitpid() */
};

/* ---- step 1 ---- */

static void
close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int
spawn(struct delivery *d, int input, int output)
{
	const char *argv[] = { d->h->program, "-i", "-f", d->h->sender, "--",
		d->h->recipient, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return error;
	if ((error = posix_spawnattr_init(&attributes)) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	(void)posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigdefault(&attributes, &defaults);
	error = posix_spawn_file_actions_adddup2(&actions, input, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, output, 1);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, output, 2);
	if (error == 0)
		error = posix_spawn(&d->pid, d->h->program, &actions,
		    &attributes, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* An error number. */
static int
start(struct delivery *d)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int error = 0;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl(out[0], F_SETFL, O_NONBLOCK) != 0)
		error = errno;
	if (error == 0)
		error = spawn(d, in[0], out[1]);
	close_end(&in[0]);
	close_end(&out[1]);
	if (error != 0) {
		close_end(&in[1]);
		close_end(&out[0]);
	}
	d->input = in[1];
	d->output = out[0];
	return error;
}

/* ---- step 2 ---- */

static size_t
all_of(const struct delivery *d)
{
	return d->h->header.len + d->h->body.len;
}

/* What is to be written next. */
static struct slice
rest_of(const struct delivery *d)
{
	if (d->written < d->h->header.len)
		return slice_from(d->h->header, d->written);
	return slice_from(d->h->body, d->written - d->h->header.len);
}

static void
write_some(struct delivery *d)
{
	struct slice rest = rest_of(d);
	ssize_t n = write(d->input, rest.ptr, rest.len);

	if (n > 0)
		d->written += (size_t)n;
	if (d->written == all_of(d) ||
	    (n < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&d->input);
}

static void
read_some(struct delivery *d)
{
	char text[512];
	ssize_t n = read(d->output, text, sizeof(text));
	size_t take;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&d->output);
	if (n <= 0)
		return;
	take = SAID - d->said_len < (size_t)n ? SAID - d->said_len : (size_t)n;
	memcpy(d->said + d->said_len, text, take);
	d->said_len += take;
}

/* False: the time is over. */
static bool
serve(struct delivery *d)
{
	struct pollfd fds[2];
	pid_t ended;

	while ((ended = waitpid(d->pid, &d->status, WNOHANG)) != d->pid) {
		if ((ended < 0 && errno != EINTR) || clock_us() >= d->end)
			return false;
		fds[0] = (struct pollfd){ .fd = d->input, .events = POLLOUT };
		fds[1] = (struct pollfd){ .fd = d->output, .events = POLLIN };
		if (poll(fds, 2, LOOK_MS) <= 0)
			continue;
		if (fds[0].revents != 0)
			write_some(d);
		if (fds[1].revents != 0)
			read_some(d);
	}
	return true;
}

/* ---- step 3 ---- */

/* By sysexits.h. */
static enum handover_status
judge(int code)
{
	switch (code) {
	case EX_OK:
		return HANDOVER_TAKEN;
	case EX_NOUSER:
	case EX_NOHOST:
		return HANDOVER_NOBODY;
	case EX_SOFTWARE:
	case EX_OSERR:
	case EX_OSFILE:
	case EX_CANTCREAT:
	case EX_IOERR:
	case EX_TEMPFAIL:
	case EX_NOPERM:
	case EX_CONFIG:
	case 126:	/* of a shell: it cannot be run */
	case 127:	/* it is not there */
		return HANDOVER_LATER;
	default:
		return HANDOVER_REFUSED;
	}
}

/* Adds what it has printed. */
static void
quote(const struct delivery *d, char *why)
{
	size_t len = strlen(why);

	if (d->said_len > 0)
		snprintf(why + len, HANDOVER_WHY - len, ": %.*s",
		    SLICE_ARG(slice_trim((struct slice){ d->said,
		    d->said_len })));
}

static enum handover_status
result_of(const struct delivery *d, char *why)
{
	enum handover_status status;

	if (!WIFEXITED(d->status)) {
		snprintf(why, HANDOVER_WHY, "it was ended by signal %d",
		    WTERMSIG(d->status));
		return HANDOVER_LATER;
	}
	status = judge(WEXITSTATUS(d->status));
	if (status == HANDOVER_TAKEN && d->written < all_of(d)) {
		snprintf(why, HANDOVER_WHY, "it ended before it had read the "
		    "message");
		return HANDOVER_LATER;
	}
	if (status != HANDOVER_TAKEN)
		snprintf(why, HANDOVER_WHY, "exit status %d",
		    WEXITSTATUS(d->status));
	return status;
}

enum handover_status
handover(const struct handover *h, char why[HANDOVER_WHY])
{
	struct delivery d = { .h = h };
	enum handover_status status = HANDOVER_LATER;
	int error = start(&d);

	why[0] = '\0';
	if (error != 0) {
		snprintf(why, HANDOVER_WHY, "%s: %s", h->program,
		    strerror(error));
		return HANDOVER_LATER;
	}
	d.end = clock_us() + INT64_C(1000) * h->timeout_ms;
	if (serve(&d)) {
		if (d.output >= 0)
			read_some(&d);
		status = result_of(&d, why);
	} else {
		(void)kill(-d.pid, SIGKILL);
		(void)waitpid(d.pid, &d.status, 0);
		snprintf(why, HANDOVER_WHY, "it did not end within %u s",
		    h->timeout_ms / 1000);
	}
	if (status != HANDOVER_TAKEN)
		quote(&d, why);
	close_end(&d.input);
	close_end(&d.output);
	return status;
}
