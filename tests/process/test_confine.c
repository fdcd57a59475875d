/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Confinement: in a process of its own, since there is no way back from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/confine.h"
#include "tests/tap.h"

static char folder[64], inside[128], outside[128], what[256];

static void *
nothing(void *arg)
{
	return arg;
}

static void
check_calls(void)
{
	char *const arguments[] = { NULL };
	pthread_t thread;

	ok(execve("/bin/true", arguments, arguments) != 0,
	    "no program is executed");
	ok(fork() < 0, "no process is made");
	ok(socket(AF_NETLINK, SOCK_RAW, 0) < 0, "no netlink socket");
	ok(socket(AF_INET, SOCK_DGRAM, 0) >= 0, "a UDP socket");
	ok(socket(AF_UNIX, SOCK_STREAM, 0) >= 0, "a local socket");
	ok(pthread_create(&thread, NULL, nothing, NULL) == 0 &&
	    pthread_join(thread, NULL) == 0, "a thread");
	ok(setuid(0) != 0 && errno == ENOSYS, "no other user");
}

static void
check_files(void)
{
	ok(open(inside, O_WRONLY | O_CREAT, 0600) >= 0 &&
	    unlink(inside) == 0, "a file in the folder that was named");
	ok(open("/dev/null", O_RDONLY) >= 0, "reading");
	if (strstr(what, "Landlock") == NULL)
		skip("a file elsewhere", "no Landlock here");
	else
		ok(open(outside, O_WRONLY | O_CREAT, 0600) < 0,
		    "no file elsewhere");
}

int
main(void)
{
	const char *writable[] = { folder, "/nonexistent", NULL };
	bool done;

	snprintf(folder, sizeof(folder), "/tmp/assay-confine-XXXXXX");
	if (!ok(mkdtemp(folder) != NULL, "a folder"))
		return tap_done();
	snprintf(inside, sizeof(inside), "%s/x", folder);
	snprintf(outside, sizeof(outside), "%s-x", folder);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	done = confine(writable, what, sizeof(what));
	ok(done, "in force: %s", what);
	if (strstr(what, "seccomp") == NULL)
		skip("calls", what);
	else
		check_calls();
	check_files();
	if (strstr(what, "Landlock") == NULL)
		rmdir(folder);
	return tap_done();
}
