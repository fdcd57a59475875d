/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heldlog: loaded before assay-milter's own libraries, it stops whoever writes
 * beyond HELD_OCTETS in SQLite's write-ahead log, for ever: in the middle of
 * a long transaction, and at the same place each time.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HELD_OCTETS	(1 << 20)	/* as in test_store.py */

typedef ssize_t write_fn(int, const void *, size_t, off_t);

ssize_t	pwrite64(int, const void *, size_t, off_t);

/* ISO C has no cast from an object to a function. */
static write_fn *
find(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	write_fn *next;

	memcpy(&next, &symbol, sizeof(next));
	return next;
}

static int
is_log(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	return len > 4 && memcmp(path + len - 4, "-wal", 4) == 0;
}

static void
hold(int fd, off_t at)
{
	if (at >= HELD_OCTETS && is_log(fd))
		for (;;)
			(void)pause();
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	hold(fd, at);
	return find("pwrite")(fd, data, len, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off_t at)
{
	hold(fd, at);
	return find("pwrite64")(fd, data, len, at);
}
