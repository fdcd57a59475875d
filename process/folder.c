/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folder: the folder of a file that root makes, held by a descriptor.
 */
#include "process/folder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
complain(char *why, size_t why_size, const char *path, const char *what)
{
	snprintf(why, why_size, "%s: %s", path, what);
	return false;
}

/* Sets the name, and writes what is before it. */
static bool
split(struct folder *f, const char *path, char *folder, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t len = slash == NULL ? 0 : slash == path ? 1 :
	    (size_t)(slash - path);

	if (*name == '\0' || strlen(name) >= sizeof(f->name) || len >= size)
		return false;
	memcpy(f->name, name, strlen(name) + 1);
	memcpy(folder, path, len);
	folder[len] = '\0';
	if (len == 0)
		memcpy(folder, ".", 2);
	return true;
}

bool
folder_open(struct folder *f, const char *path, char *why, size_t why_size)
{
	char folder[PATH_MAX];
	struct stat st;

	f->fd = -1;
	if (!split(f, path, folder, sizeof(folder)))
		return complain(why, why_size, path, "not a file's name");
	f->fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		complain(why, why_size, path, strerror(errno));
		folder_close(f);
		return false;
	}
	if ((st.st_mode & (S_IWOTH | S_ISVTX)) != S_IWOTH)
		return true;
	folder_close(f);
	snprintf(why, why_size, "%s: anyone can write to %s and could replace "
	    "the file (chmod o-w)", path, folder);
	return false;
}

void
folder_close(struct folder *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void
folder_remove(const struct folder *f, const struct stat *made)
{
	struct stat st;

	if (f->fd >= 0 &&
	    fstatat(f->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == made->st_dev && st.st_ino == made->st_ino)
		(void)unlinkat(f->fd, f->name, 0);
}
