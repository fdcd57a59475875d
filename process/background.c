/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * background: a pipe from the child to its parent carries one octet.
 */
#include "process/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int parent = -1;		/* pipe to it; -1: none */

static void __attribute__((noreturn))
wait_for_child(int fd, const sigset_t *ends, unsigned char status)
{
	(void)sigprocmask(SIG_UNBLOCK, ends, NULL);
	while (read(fd, &status, 1) < 0 && errno == EINTR)
		continue;
	_exit(status);
}

/* stderr stays until the start is over: errors go there. */
static bool
leave_terminal(void)
{
	int null;

	(void)setsid();
	if (chdir("/") != 0 || (null = open("/dev/null", O_RDWR)) < 0)
		return false;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	return true;
}

bool
background_enter(const sigset_t *ends, unsigned char failed, char *why,
    size_t why_size)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		snprintf(why, why_size, "cannot fork: %s", strerror(errno));
		return false;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0], ends, failed);
	}
	close(fds[0]);
	parent = fds[1];
	if (leave_terminal())
		return true;
	snprintf(why, why_size, "/dev/null: %s", strerror(errno));
	return false;
}

bool
background_tell(unsigned char status)
{
	ssize_t done;

	if (parent < 0)
		return false;
	done = write(parent, &status, 1);
	(void)done;
	close(parent);
	parent = -1;
	return true;
}

void
background_leave_stderr(void)
{
	dup2(STDIN_FILENO, STDERR_FILENO);
}
