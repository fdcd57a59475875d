/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket: stale ones are replaced, living ones and other files are
 * not, and at the end only our own is removed.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "milter/listen.h"
#include "tests/tap.h"

static char folder[128], path[160], name[176];

static bool
exists(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static struct listener *
open_one(mode_t mode, char *why, size_t size)
{
	struct listen_options o = { .socket = name, .mode = mode };

	return listener_open(&o, why, size);
}

static void
test_local(void)
{
	struct listener *first, *second;
	char why[256];
	struct stat st;

	first = open_one(0640, why, sizeof(why));
	ok(first != NULL && exists(), "a socket is made");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640,
	    "with its mode");
	ok(!listener_is_inet(first), "which is not inet");
	second = open_one(0660, why, sizeof(why));
	ok(second == NULL, "a living one is not taken over");
	ok(strstr(why, "another process listens") != NULL, "and told: %s",
	    why);
	listener_nudge(first);
	listener_close(first);
	ok(!exists(), "it is removed at the end");
}

static void
leave_stale_socket(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", path);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0)
		printf("# cannot bind %s\n", path);
	close(fd);
}

static void
test_stale(void)
{
	struct listener *l, *successor;
	char why[256];
	FILE *f;

	leave_stale_socket();
	ok(exists(), "a stale socket lies there");
	l = open_one(0600, why, sizeof(why));
	ok(l != NULL, "it is replaced");
	unlink(path);
	successor = open_one(0600, why, sizeof(why));
	listener_close(l);
	ok(successor != NULL && exists(),
	    "the end of one leaves the socket of another");
	listener_close(successor);
	f = fopen(path, "w");
	fclose(f);
	ok(open_one(0600, why, sizeof(why)) == NULL && exists(),
	    "a file of another kind stays: %s", why);
	unlink(path);
}

/* sun_path has 108 octets, one of them for the NUL. */
static void
test_path_length(void)
{
	struct listen_options o = { .socket = NULL };
	char why[256], long_name[160];
	struct listener *l;

	memset(long_name, 'a', sizeof(long_name));
	snprintf(long_name, sizeof(long_name), "local:%s/", folder);
	long_name[strlen(long_name)] = 'a';
	o.socket = long_name;
	long_name[6 + 108] = '\0';
	ok(listener_open(&o, why, sizeof(why)) == NULL &&
	    strstr(why, "too long") != NULL, "a path of 108 octets");
	long_name[6 + 107] = '\0';
	l = listener_open(&o, why, sizeof(why));
	if (ok(l != NULL, "one of 107"))
		listener_close(l);
}

static void
test_bad(void)
{
	struct listen_options o = { .socket = "local:/nonexistent/x.sock" };
	char why[256];

	ok(listener_open(&o, why, sizeof(why)) == NULL, "no folder: %s", why);
	o.socket = "inet:1@no.such.host.invalid";
	ok(listener_open(&o, why, sizeof(why)) == NULL, "no host: %s", why);
}

static void
test_inet(void)
{
	static const char *const names[] = { "inet:0@127.0.0.1",
		"inet6:0@[::1]" };
	struct listen_options o;
	struct listener *l;
	char why[256];
	size_t i;

	for (i = 0; i < 2; i++) {
		o = (struct listen_options){ .socket = names[i] };
		l = listener_open(&o, why, sizeof(why));
		if (l == NULL && i == 1) {
			skip(names[i], "no IPv6 here");
			continue;
		}
		if (!ok(l != NULL, "%s", names[i]))
			continue;
		ok(listener_is_inet(l), "%s is inet", names[i]);
		listener_nudge(l);
		listener_close(l);
	}
}

int
main(void)
{
	snprintf(folder, sizeof(folder), "/tmp/assay-listen-XXXXXX");
	if (!ok(mkdtemp(folder) != NULL, "a folder for sockets"))
		return tap_done();
	snprintf(path, sizeof(path), "%s/m.sock", folder);
	snprintf(name, sizeof(name), "local:%s", path);
	test_local();
	test_stale();
	test_path_length();
	test_bad();
	test_inet();
	rmdir(folder);
	return tap_done();
}
