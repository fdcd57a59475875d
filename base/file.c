/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: the text of a whole file, of a bounded size.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK 16384

void
file_look(const char *path, struct stat *st)
{
	if (stat(path, st) != 0)
		*st = (struct stat){ .st_size = 0 };
}

static bool
is_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    is_time(&a->st_mtim, &b->st_mtim) &&
	    is_time(&a->st_ctim, &b->st_ctim);
}

const char *
file_kind(mode_t mode)
{
	if (S_ISREG(mode))
		return "a regular file";
	if (S_ISDIR(mode))
		return "a folder";
	if (S_ISFIFO(mode))
		return "a FIFO";
	return S_ISSOCK(mode) ? "a socket" : "a device";
}

static enum file_status
judge(struct file *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FILE_FAILED;
	f->mode = st.st_mode;
	if (f->regular && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ENXIO;
		return FILE_KIND;
	}
	if (f->judge != NULL && !f->judge(f->arg, &st))
		return FILE_REFUSED;
	return FILE_READ;
}

/* Opens and judges; `*fd` is -1 when there is nothing to close. */
static enum file_status
begin(struct file *f, int *fd)
{
	/* A FIFO without a writer would wait. */
	int wait = f->regular ? O_NONBLOCK : 0;

	f->mode = 0;
	*fd = f->path == NULL ? f->fd :
	    open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | wait);
	if (*fd >= 0)
		return judge(f, *fd);
	if (errno != ENXIO)
		return FILE_FAILED;
	/* Nothing but a socket has no reader. */
	f->mode = S_IFSOCK;
	return FILE_KIND;
}

static enum file_status
end(const struct file *f, int fd, enum file_status status)
{
	int error = errno;

	if (fd >= 0 && f->path != NULL)
		(void)close(fd);
	errno = error;
	return status;
}

/* Until `size` octets are there, or the end of the file. */
static enum file_status
fill(int fd, char *out, size_t size, size_t *len)
{
	ssize_t n = 1;

	*len = 0;
	while (*len < size && n != 0) {
		n = read(fd, out + *len, size - *len);
		if (n < 0 && errno != EINTR)
			return FILE_FAILED;
		if (n > 0)
			*len += (size_t)n;
	}
	return FILE_READ;
}

enum file_status
file_read(struct file *f, char *out, size_t size, size_t *len)
{
	enum file_status status;
	size_t more = 0;
	char one;
	int fd;

	*len = 0;
	status = begin(f, &fd);
	if (status == FILE_READ)
		status = fill(fd, out, size, len);
	if (status == FILE_READ && *len == size)
		status = fill(fd, &one, 1, &more);
	if (status == FILE_READ && more > 0)
		status = FILE_LARGE;
	return end(f, fd, status);
}

static enum file_status
add(struct buf *b, struct slice piece)
{
	if (piece.len > b->max - b->len)
		return FILE_LARGE;
	buf_add(b, piece);
	if (!buf_failed(b))
		return FILE_READ;
	errno = ENOMEM;
	return FILE_FAILED;
}

enum file_status
file_load(struct file *f, struct buf *b)
{
	enum file_status status;
	char chunk[CHUNK];
	size_t len = sizeof(chunk);
	int fd;

	status = begin(f, &fd);
	while (status == FILE_READ && len > 0) {
		status = fill(fd, chunk, sizeof(chunk), &len);
		if (status == FILE_READ)
			status = add(b, (struct slice){ chunk, len });
	}
	return end(f, fd, status);
}
