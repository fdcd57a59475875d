/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket at which the mail server finds us.
 */
#include "process/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "process/folder_internal.h"

#define FIRST_INHERITED	3	/* SD_LISTEN_FDS_START */

struct listener {
	int			 fd;		/* -1: none */
	bool			 given;		/* libmilter closes it */
	bool			 local;
	bool			 inherited;	/* the service manager's */
	struct sockaddr_storage	 addr;		/* under the lock */
	socklen_t		 addr_len;
	struct folder		 folder;	/* of a local socket of ours */
	struct stat		 made;		/* the file in it */
	char			 conn[160];	/* for smfi_setconn() */
	char			 spelling[160];
};

/* One listener in a process; listener_withdraw() changes the address. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool
complain(char *why, size_t why_size, const char *what, const char *text)
{
	snprintf(why, why_size, "%s: %s", what, text);
	return false;
}

/* The path of "local:PATH" or "unix:PATH", else NULL. */
static const char *
local_path(const char *socket_name)
{
	if (strncmp(socket_name, "local:", 6) == 0)
		return socket_name + 6;
	if (strncmp(socket_name, "unix:", 5) == 0)
		return socket_name + 5;
	return NULL;
}

static bool
set_local_address(struct listener *l, const char *path, char *why,
    size_t why_size)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(un.sun_path))
		return complain(why, why_size, path, "path too long");
	memcpy(un.sun_path, path, strlen(path) + 1);
	memcpy(&l->addr, &un, sizeof(un));
	l->addr_len = sizeof(un);
	l->local = true;
	return true;
}

/* "inet:PORT@HOST" or "inet6:PORT@HOST" */
static bool
set_inet_address(struct listener *l, const char *name, char *why,
    size_t why_size)
{
	bool v6 = strncmp(name, "inet6:", 6) == 0;
	struct addrinfo hints = { .ai_family = v6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *found;
	const char *port = strchr(name, ':') + 1, *at = strchr(port, '@');
	char service[8], host[128];
	int error;

	if (at == NULL || (size_t)(at - port) >= sizeof(service))
		return complain(why, why_size, name, "no PORT@HOST");
	snprintf(service, sizeof(service), "%.*s", (int)(at - port), port);
	snprintf(host, sizeof(host), "%s", at[1] == '[' ? at + 2 : at + 1);
	host[strcspn(host, "]")] = '\0';
	error = getaddrinfo(host, service, &hints, &found);
	if (error != 0)
		return complain(why, why_size, name, gai_strerror(error));
	memcpy(&l->addr, found->ai_addr, found->ai_addrlen);
	l->addr_len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static const struct sockaddr *
address(const struct listener *l)
{
	return (const struct sockaddr *)&l->addr;
}

/*
 * Makes room for bind(): removes a local socket without a listener.  In the
 * socket's folder.
 */
static bool
remove_stale(const struct listener *l, const char *path, char *why,
    size_t why_size)
{
	struct stat st;
	int fd, error;

	if (fstatat(l->folder.fd, l->folder.name, &st,
	    AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ||
		    complain(why, why_size, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return complain(why, why_size, path,
		    "exists and is not a socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain(why, why_size, path, strerror(errno));
	error = connect(fd, address(l), l->addr_len) == 0 ? 0 : errno;
	close(fd);
	if (error == 0)
		return complain(why, why_size, path,
		    "another process listens at this socket");
	if (error != ECONNREFUSED ||
	    unlinkat(l->folder.fd, l->folder.name, 0) != 0)
		return complain(why, why_size, path, strerror(errno));
	return true;
}

/* bind() has no folder to begin at: the working folder has to be that. */
static bool
bind_in_folder(const struct listener *l)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int here = open(".", O_PATH | O_CLOEXEC), error = 0;

	if (here < 0 || fchdir(l->folder.fd) != 0) {
		error = errno;
	} else {
		memcpy(un.sun_path, l->folder.name,
		    strlen(l->folder.name) + 1);
		if (bind(l->fd, (const struct sockaddr *)&un,
		    sizeof(un)) != 0)
			error = errno;
		if (fchdir(here) != 0 && error == 0)
			error = errno;
	}
	if (here >= 0)
		close(here);
	errno = error;
	return error == 0;
}

/*
 * To its owner.  The file is held by a descriptor and looked at first:
 * anyone who can write to the folder could have replaced it.
 */
static bool
give_away(struct listener *l, const struct listen_options *o)
{
	int fd = openat(l->folder.fd, l->folder.name,
	    O_PATH | O_NOFOLLOW | O_CLOEXEC), error = 0;

	if (fd < 0)
		return false;
	if (fstat(fd, &l->made) != 0)
		error = errno;
	else if (!S_ISSOCK(l->made.st_mode) ||
	    l->made.st_uid != geteuid() || l->made.st_nlink != 1 ||
	    (l->made.st_mode & 0777) != o->mode)
		error = EPERM;
	else if (o->chown && fchownat(fd, "", o->uid, o->gid,
	    AT_EMPTY_PATH) != 0)
		error = errno;
	close(fd);
	errno = error;
	return error == 0;
}

/* Owner and mode, before a client can connect: listen() comes later. */
static bool
bind_local(struct listener *l, const struct listen_options *o,
    const char *path, char *why, size_t why_size)
{
	mode_t mask = umask(~o->mode & 0777);
	bool bound = bind_in_folder(l);
	int error = errno;

	umask(mask);
	errno = error;
	return (bound && give_away(l, o)) ||
	    complain(why, why_size, path, strerror(errno));
}

/*
 * TCP_NODELAY is inherited by what accept() returns; without it each
 * message waits some 40 ms for a delayed acknowledgement.
 */
static bool
bind_inet(struct listener *l, const char *name, char *why, size_t why_size)
{
	int on = 1;

	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
	    || setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) != 0 || bind(l->fd, address(l), l->addr_len) != 0)
		return complain(why, why_size, name, strerror(errno));
	return true;
}

/* A local socket is reached by its whole path, not by what bind() got. */
static bool
open_local(struct listener *l, const struct listen_options *o,
    const char *path, char *why, size_t why_size)
{
	if (!set_local_address(l, path, why, why_size) ||
	    !folder_open(&l->folder, path, why, why_size) ||
	    !remove_stale(l, path, why, why_size))
		return false;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return complain(why, why_size, path, strerror(errno));
	return bind_local(l, o, path, why, why_size);
}

static bool
open_inet(struct listener *l, const char *name, char *why, size_t why_size)
{
	if (!set_inet_address(l, name, why, why_size))
		return false;
	l->fd = socket(l->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return complain(why, why_size, name, strerror(errno));
	if (!bind_inet(l, name, why, why_size))
		return false;
	/* Port 0 and the like: what was bound is what is nudged. */
	l->addr_len = sizeof(l->addr);
	return getsockname(l->fd, (struct sockaddr *)&l->addr,
	    &l->addr_len) == 0 ||
	    complain(why, why_size, name, strerror(errno));
}

static bool
open_socket(struct listener *l, const struct listen_options *o, char *why,
    size_t why_size)
{
	const char *path = local_path(o->socket);

	if (!(path != NULL ? open_local(l, o, path, why, why_size) :
	    open_inet(l, o->socket, why, why_size)))
		return false;
	return listen(l->fd, SOMAXCONN) == 0 ||
	    complain(why, why_size, o->socket, strerror(errno));
}

static struct listener *
make_listener(const char *spelling, char *why, size_t why_size)
{
	struct listener *l = mem_alloc(sizeof(*l));

	if (l == NULL) {
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	l->fd = l->folder.fd = -1;
	snprintf(l->spelling, sizeof(l->spelling), "%s", spelling);
	return l;
}

struct listener *
listener_open(const struct listen_options *options, char *why,
    size_t why_size)
{
	struct listener *l = make_listener(options->socket, why, why_size);

	if (l != NULL && !open_socket(l, options, why, why_size)) {
		listener_close(l);
		return NULL;
	}
	if (l != NULL)
		snprintf(l->conn, sizeof(l->conn), "fd:%d", l->fd);
	return l;
}

/* A stream socket that listens; what else it is is the manager's affair. */
static bool
take_over(struct listener *l, int fd)
{
	int value = 0, on = 1;
	socklen_t len = sizeof(value);

	l->addr_len = sizeof(l->addr);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) != 0 ||
	    value == 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &value,
	    &len) != 0 || value != SOCK_STREAM ||
	    getsockname(fd, (struct sockaddr *)&l->addr, &l->addr_len) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return false;
	l->fd = fd;
	l->local = l->addr.ss_family == AF_UNIX;
	return l->local || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == 0;
}

struct listener *
listener_inherit(const char *spelling, int index, char *why, size_t why_size)
{
	struct listener *l = make_listener(spelling, why, why_size);

	if (l == NULL)
		return NULL;
	if (!take_over(l, FIRST_INHERITED + index)) {
		snprintf(why, why_size, "what the service manager passed is "
		    "not a socket that listens");
		listener_close(l);
		return NULL;
	}
	l->inherited = true;
	snprintf(l->conn, sizeof(l->conn), "fd:%d", l->fd);
	return l;
}

/* sd_listen_fds(3) */
int
listener_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	if (pid == NULL || count == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return (int)strtol(count, NULL, 10);
}

/*
 * libmilter polls and accepts at a number: it is replaced by a private socket
 * that nobody else knows.
 */
bool
listener_withdraw(struct listener *l)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(un);
	int fd;

	if (!l->inherited)
		return false;
	/* libmilter may come to accept() what waited in the old one. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Without a path Linux chooses a name outside of the file system. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&un,
	    sizeof(un.sun_family)) != 0 || listen(fd, SOMAXCONN) != 0 ||
	    getsockname(fd, (struct sockaddr *)&un, &len) != 0 ||
	    dup3(fd, l->fd, O_CLOEXEC) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	pthread_mutex_lock(&lock);
	memcpy(&l->addr, &un, len);
	l->addr_len = len;
	pthread_mutex_unlock(&lock);
	return true;
}

char *
listener_conn(struct listener *l)
{
	l->given = true;
	return l->conn;
}

void
listener_use_libmilter(struct listener *l)
{
	close(l->fd);
	l->fd = -1;
	listener_remove(l);
	memcpy(l->conn, l->spelling, sizeof(l->conn));
}

int
listener_fd(const struct listener *l)
{
	return l->fd;
}

bool
listener_is_inet(const struct listener *l)
{
	return !l->local;
}

/* A socket for the address, which goes to *addr. */
static int
make_peer(struct listener *l, int flags, struct sockaddr_storage *addr,
    socklen_t *len)
{
	pthread_mutex_lock(&lock);
	*addr = l->addr;
	*len = l->addr_len;
	pthread_mutex_unlock(&lock);
	return socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

void
listener_nudge(struct listener *l)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = make_peer(l, SOCK_NONBLOCK, &addr, &len);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&addr, len) == 0 ||
	    errno == EINPROGRESS || errno == EAGAIN)
		(void)shutdown(fd, SHUT_RDWR);
	close(fd);
}

int
listener_connect(struct listener *l, const struct timeval *limit)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = make_peer(l, 0, &addr, &len);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, limit,
	    sizeof(*limit)) == 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
	    limit, sizeof(*limit)) == 0 &&
	    connect(fd, (const struct sockaddr *)&addr, len) == 0)
		return fd;
	close(fd);
	return -1;
}

void
listener_remove(const struct listener *l)
{
	folder_remove(&l->folder, &l->made);
}

void
listener_close(struct listener *l)
{
	listener_remove(l);
	folder_close(&l->folder);
	if (l->fd >= 0 && !l->given)
		close(l->fd);
	mem_free(l);
}

/* ---- who can connect ---- */

static bool
is_loopback(const struct sockaddr_storage *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (addr->ss_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	memcpy(&v6, addr, sizeof(v6));
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

bool
listener_is_private(const char *name)
{
	struct listener l = { .fd = -1 };
	char why[256];

	return local_path(name) != NULL ||
	    (set_inet_address(&l, name, why, sizeof(why)) &&
	    is_loopback(&l.addr));
}

bool
listener_warning(const char *name, char *text, size_t size)
{
	struct listener l = { .fd = -1 };
	char why[256];
	const char *who;

	if (local_path(name) != NULL)
		return false;
	if (set_inet_address(&l, name, why, sizeof(why)))
		who = is_loopback(&l.addr) ? "every user of this host" :
		    "EVERYONE WHO CAN REACH THIS PORT";
	else
		who = "anyone who can reach this port";
	snprintf(text, size, "socket %s: %s can connect, have mail signed with "
	    "your keys and see its results; a local socket is safe", name, who);
	return true;
}
