/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsocket: lines to the local syslog daemon (RFC 3164, /dev/log).
 */
#include "event/logsocket_internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int fd = -1;

static bool
open_socket(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (fd >= 0)
		return true;
	if (strlen(path) >= sizeof(un.sun_path))
		return false;
	memcpy(un.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return true;
	close(fd);
	fd = -1;
	return false;
}

static bool
send_parts(struct iovec *parts)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent;

	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

bool
logsocket_write(const char *path, int priority, struct slice line)
{
	char head[64], when[32];
	time_t now = time(NULL);
	struct iovec parts[2] = {
		{ .iov_base = head },
		{ .iov_base = (void *)(uintptr_t)line.ptr,
		    .iov_len = line.len }
	};
	struct tm tm;
	int tries;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	parts[0].iov_len = (size_t)snprintf(head, sizeof(head),
	    "<%d>%s assay-milter[%ld]: ", priority, when, (long)getpid());
	/* The daemon may have been started anew. */
	for (tries = 0; tries < 2 && open_socket(path); tries++) {
		if (send_parts(parts))
			return true;
		close(fd);
		fd = -1;
	}
	return false;
}
