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

#include "process/listen.h"
#include "process/pidfile.h"
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

/* ---- in a folder of someone else's ---- */

static void
test_folder(void)
{
	static const struct {
		const char	*name;
		mode_t		 mode;
		bool		 good;
	} modes[] = {
		{ .name = "of one user", .mode = 0700, .good = true },
		{ .name = "of a group", .mode = 0770, .good = true },
		{ .name = "of everybody, sticky", .mode = 01777, .good = true },
		{ .name = "of everybody", .mode = 0777, .good = false },
		{ .name = "write only", .mode = 0702, .good = false },
	};
	struct listener *l;
	char why[256];
	size_t i;
	bool good;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		(void)chmod(folder, modes[i].mode);
		l = open_one(0600, why, sizeof(why));
		ok((l != NULL) == modes[i].good, "socket in a folder %s",
		    modes[i].name);
		if (l != NULL)
			listener_close(l);
		else
			ok(strstr(why, folder) != NULL, "named: %s", why);
		good = pidfile_write(path, why, sizeof(why));
		ok(good == modes[i].good, "pid file in a folder %s",
		    modes[i].name);
		pidfile_remove();
	}
	(void)chmod(folder, 0755);
}

static void
test_owner(void)
{
	struct listen_options o = { .socket = name, .mode = 0660,
		.chown = true, .uid = 65534, .gid = 65534 };
	struct listener *l;
	char why[256];
	struct stat st;

	if (geteuid() != 0) {
		skip("the socket is given away", "not root");
		return;
	}
	l = listener_open(&o, why, sizeof(why));
	if (!ok(l != NULL, "a socket for somebody: %s", why))
		return;
	ok(lstat(path, &st) == 0 && st.st_uid == 65534 &&
	    st.st_gid == 65534 && (st.st_mode & 0777) == 0660,
	    "with its owner and mode");
	listener_close(l);
}

/* A link instead of a file: what it leads to is left alone. */
static void
test_links(void)
{
	char target[176], why[256];
	struct stat st;

	snprintf(target, sizeof(target), "%s/target", folder);
	fclose(fopen(target, "w"));
	(void)chmod(target, 0600);
	ok(symlink(target, path) == 0, "a link in the socket's place");
	ok(open_one(0666, why, sizeof(why)) == NULL, "no socket: %s", why);
	ok(!pidfile_write(path, why, sizeof(why)), "no pid file: %s", why);
	ok(stat(target, &st) == 0 && (st.st_mode & 0777) == 0600 &&
	    st.st_size == 0, "its target is as it was");
	unlink(path);
	ok(symlink("/nonexistent", path) == 0 &&
	    !pidfile_write(path, why, sizeof(why)), "a link to nowhere");
	unlink(path);
	unlink(target);
}

static void
test_pidfile(void)
{
	char why[256], text[32] = "";
	struct stat st;
	FILE *f = fopen(path, "w");

	fputs("999999 of before\n", f);
	fclose(f);
	ok(pidfile_write(path, why, sizeof(why)), "an old one is replaced");
	f = fopen(path, "r");
	ok(fgets(text, sizeof(text), f) != NULL && strtol(text, NULL, 10) ==
	    getpid(), "it has our id: %s", text);
	fclose(f);
	pidfile_remove();
	ok(lstat(path, &st) != 0, "it is removed");
	ok(pidfile_write(path, why, sizeof(why)) && unlink(path) == 0,
	    "written again");
	f = fopen(path, "w");
	fclose(f);
	pidfile_remove();
	ok(exists(), "the one of a successor is left alone");
	unlink(path);
}

static void
test_inherit(void)
{
	struct listener *l;
	char why[256], pid[24];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	is_num(listener_inherited(), 0, "a socket of another process");
	setenv("LISTEN_PID", pid, 1);
	is_num(listener_inherited(), 1, "a socket of ours");
	unsetenv("LISTEN_FDS");
	is_num(listener_inherited(), 0, "no socket");
	l = listener_inherit(name, 0, why, sizeof(why));
	ok(l == NULL, "what is not a socket: %s", why);
}

static void
test_warning(void)
{
	static const struct {
		const char	*socket;
		const char	*who;	/* NULL: no warning */
	} sockets[] = {
		{ .socket = "local:/run/x" },
		{ .socket = "unix:/run/x" },
		{ .socket = "inet:1@127.0.0.1", .who = "every user" },
		{ .socket = "inet:1@127.1.2.3", .who = "every user" },
		{ .socket = "inet6:1@[::1]", .who = "every user" },
		{ .socket = "inet:1@0.0.0.0", .who = "EVERYONE" },
		{ .socket = "inet:1@192.0.2.1", .who = "EVERYONE" },
		{ .socket = "inet6:1@[::]", .who = "EVERYONE" },
		{ .socket = "inet6:1@[2001:db8::1]", .who = "EVERYONE" },
		{ .socket = "inet:1@no.such.host.invalid", .who = "anyone" },
	};
	char text[512];
	size_t i;
	bool got;

	for (i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		got = listener_warning(sockets[i].socket, text, sizeof(text));
		ok(got == (sockets[i].who != NULL), "warning for %s",
		    sockets[i].socket);
		if (got)
			ok(strstr(text, sockets[i].who) != NULL, "%s", text);
		ok(listener_is_private(sockets[i].socket) == (!got ||
		    strcmp(sockets[i].who, "every user") == 0),
		    "of this host alone: %s", sockets[i].socket);
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
	test_folder();
	test_owner();
	test_links();
	test_pidfile();
	test_inherit();
	test_warning();
	rmdir(folder);
	return tap_done();
}
