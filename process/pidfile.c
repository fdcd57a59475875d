/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pidfile: the file that says which process the daemon is.
 */
#include "process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/folder_internal.h"

static struct folder folder = { .fd = -1 };
static struct stat made;
/* Stays open: nobody else's file can get the inode of ours. */
static int file = -1;

static int
create(void)
{
	return openat(folder.fd, folder.name, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0644);
}

/* Makes way for a new file: only a plain one is taken away. */
static bool
remove_old(void)
{
	struct stat st;

	if (fstatat(folder.fd, folder.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	return unlinkat(folder.fd, folder.name, 0) == 0;
}

static bool
fill(void)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	return write(file, text, (size_t)len) == len &&
	    fstat(file, &made) == 0;
}

bool
pidfile_write(const char *path, char *why, size_t why_size)
{
	if (!folder_open(&folder, path, why, why_size))
		return false;
	file = create();
	if (file < 0 && errno == EEXIST && remove_old())
		file = create();
	if (file >= 0 && fill())
		return true;
	snprintf(why, why_size, "%s: %s", path, errno == EEXIST ?
	    "exists and is not a plain file" : strerror(errno));
	pidfile_remove();
	return false;
}

void
pidfile_remove(void)
{
	folder_remove(&folder, &made);
	folder_close(&folder);
	if (file >= 0)
		close(file);
	file = -1;
}
