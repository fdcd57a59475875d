/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: the text of a file that is believed.
 *
 * The open file is judged, not its name, which could change in between.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

static bool
fail(const char *path, const char *what, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s: %s", path, what);
	return false;
}

static bool
is_regular(const char *path, const struct stat *st, char *why,
    size_t why_size)
{
	const char *what = "is a device";

	if (S_ISREG(st->st_mode))
		return true;
	if (S_ISDIR(st->st_mode))
		what = "is a folder";
	else if (S_ISFIFO(st->st_mode))
		what = "is a FIFO";
	else if (S_ISSOCK(st->st_mode))
		what = "is a socket";
	snprintf(why, why_size, "%s: %s; allowed: a regular file", path, what);
	return false;
}

/* Of "/etc/assay/assay.yaml" "/etc/assay"; false when it is too long. */
static bool
folder_of(const char *path, char out[PATH_MAX])
{
	struct slice text = slice_str(path);
	size_t slash = slice_find_last(text, '/');

	if (slash == text.len)
		text = SLICE(".");
	else
		text = slice_head(text, slash > 0 ? slash : 1);
	return snprintf(out, PATH_MAX, "%.*s", SLICE_ARG(text)) < PATH_MAX;
}

static bool
is_only_ours(const char *path, const struct stat *st, char *why,
    size_t why_size)
{
	char name[PATH_MAX];
	struct stat folder;

	if ((st->st_mode & S_IWOTH) != 0)
		return fail(path, "everybody may write it; allowed: a mode "
		    "like 0644 (chmod o-w)", why, why_size);
	if (!folder_of(path, name) || stat(name, &folder) != 0)
		return fail(path, "its folder cannot be looked at", why,
		    why_size);
	if ((folder.st_mode & S_IWOTH) == 0)
		return true;
	if ((folder.st_mode & S_ISVTX) == 0)
		return fail(path, "everybody may write to its folder; "
		    "allowed: a mode like 0755 (chmod o-w)", why, why_size);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail(path, "everybody may write to its folder, and it "
		    "belongs to neither root nor us", why, why_size);
	return true;
}

/* -1 with errno when reading failed. */
static ssize_t
read_all(int fd, char *out, size_t size)
{
	ssize_t got = 1;
	size_t len = 0;

	while (len < size && got != 0) {
		got = read(fd, out + len, size - len);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			len += (size_t)got;
	}
	return (ssize_t)len;
}

ssize_t
file_read(const char *path, char *out, size_t size, char *why,
    size_t why_size)
{
	struct stat st;
	ssize_t len = -1;
	/* A FIFO without a writer would wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, why_size, "%s: %m", path);
	} else if (is_regular(path, &st, why, why_size) &&
	    is_only_ours(path, &st, why, why_size)) {
		len = read_all(fd, out, size);
		if (len < 0)
			snprintf(why, why_size, "%s: %m", path);
	}
	if (fd >= 0)
		close(fd);
	return len;
}
