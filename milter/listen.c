/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket at which the mail server finds us.
 */
#include "milter/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

struct listener {
	int			 fd;		/* -1: none */
	bool			 given;		/* libmilter closes it */
	bool			 local;
	struct sockaddr_storage	 addr;
	socklen_t		 addr_len;
	dev_t			 dev;		/* of a local socket */
	ino_t			 ino;
	char			 conn[160];	/* for smfi_setconn() */
	char			 spelling[160];
};

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
 * Makes way for bind(): removes a local socket that nobody listens at.
 */
static bool
remove_stale(const struct listener *l, const char *path, char *why,
    size_t why_size)
{
	struct stat st;
	int fd, error;

	if (lstat(path, &st) != 0)
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
	if (error != ECONNREFUSED || unlink(path) != 0)
		return complain(why, why_size, path, strerror(errno));
	return true;
}

/* Owner and mode, before anybody can connect: listen() comes later. */
static bool
bind_local(struct listener *l, const struct listen_options *o,
    const char *path, char *why, size_t why_size)
{
	mode_t mask = umask(0177);
	int error = bind(l->fd, address(l), l->addr_len) == 0 ? 0 : errno;
	struct stat st;

	umask(mask);
	if (error != 0)
		return complain(why, why_size, path, strerror(error));
	if ((o->chown && chown(path, o->uid, o->gid) != 0) ||
	    chmod(path, o->mode) != 0 || lstat(path, &st) != 0)
		return complain(why, why_size, path, strerror(errno));
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return true;
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

static bool
open_socket(struct listener *l, const struct listen_options *o, char *why,
    size_t why_size)
{
	const char *path = local_path(o->socket);

	if (path != NULL ? !set_local_address(l, path, why, why_size) ||
	    !remove_stale(l, path, why, why_size) :
	    !set_inet_address(l, o->socket, why, why_size))
		return false;
	l->fd = socket(l->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return complain(why, why_size, o->socket, strerror(errno));
	if (path != NULL ? !bind_local(l, o, path, why, why_size) :
	    !bind_inet(l, o->socket, why, why_size))
		return false;
	if (listen(l->fd, SOMAXCONN) != 0)
		return complain(why, why_size, o->socket, strerror(errno));
	/* Port 0 and the like: what was bound is what is nudged. */
	l->addr_len = sizeof(l->addr);
	return getsockname(l->fd, (struct sockaddr *)&l->addr,
	    &l->addr_len) == 0 ||
	    complain(why, why_size, o->socket, strerror(errno));
}

struct listener *
listener_open(const struct listen_options *options, char *why,
    size_t why_size)
{
	struct listener *l = mem_alloc(sizeof(*l));

	if (l == NULL) {
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	l->fd = -1;
	snprintf(l->spelling, sizeof(l->spelling), "%s", options->socket);
	if (!open_socket(l, options, why, why_size)) {
		listener_close(l);
		return NULL;
	}
	snprintf(l->conn, sizeof(l->conn), "fd:%d", l->fd);
	return l;
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
	const char *path = local_path(l->spelling);

	close(l->fd);
	l->fd = -1;
	if (path != NULL)
		unlink(path);
	memcpy(l->conn, l->spelling, sizeof(l->conn));
}

bool
listener_is_inet(const struct listener *l)
{
	return !l->local;
}

void
listener_nudge(const struct listener *l)
{
	int fd = socket(l->addr.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, address(l), l->addr_len) == 0 ||
	    errno == EINPROGRESS || errno == EAGAIN)
		(void)shutdown(fd, SHUT_RDWR);
	close(fd);
}

void
listener_remove(const struct listener *l)
{
	const char *path = local_path(l->spelling);
	struct stat st;

	if (path != NULL && l->ino != 0 && lstat(path, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(path);
}

void
listener_close(struct listener *l)
{
	listener_remove(l);
	if (l->fd >= 0 && !l->given)
		close(l->fd);
	mem_free(l);
}
