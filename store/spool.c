/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool: records that wait in a file while their database is away.
 *
 * The file begins with a magic number and the place of the first record that
 * waits.  A record is its head and its body; numbers are in the order of the
 * machine, whose file it is.
 */
#include "store/spool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#define MAGIC UINT64_C(0x31304c4f4f505341)	/* "ASPOOL01" */
#define EFTYPE_OURS EINVAL	/* not a file that we made */

struct start {
	uint64_t	magic, first;
};

struct head {
	uint64_t	check;		/* of all that follows */
	uint64_t	run, seq;
	int64_t		time;
	uint64_t	len;		/* of the body */
};

struct spool {
	pthread_mutex_t	 lock;
	int		 fd;
	size_t		 max;
	/* Under the lock. */
	size_t		 first, end;	/* of what waits */
};

static const uint64_t check_key[2] = { MAGIC, ~MAGIC };

static uint64_t
check_of(const struct head *h, struct slice body)
{
	struct slice rest = { (const char *)&h->run,
		sizeof(*h) - sizeof(h->check) };

	return hash_with(check_key, body, hash_with(check_key, rest, 0));
}

static bool
read_all(int fd, void *out, size_t len, size_t at)
{
	ssize_t n;
	size_t done = 0;

	while (done < len) {
		n = pread(fd, (char *)out + done, len - done,
		    (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool
write_all(int fd, const void *data, size_t len, size_t at)
{
	ssize_t n;
	size_t done = 0;

	while (done < len) {
		n = pwrite(fd, (const char *)data + done, len - done,
		    (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Adds the body of the record at `at` to `text`. */
static bool
read_record(const struct spool *s, size_t at, struct head *h,
    struct buf *text)
{
	char body[LIMIT_STORE_RECORD];
	struct slice octets;

	if (s->end - at < sizeof(*h) || !read_all(s->fd, h, sizeof(*h), at) ||
	    h->len > sizeof(body) || h->len > s->end - at - sizeof(*h) ||
	    !read_all(s->fd, body, (size_t)h->len, at + sizeof(*h)))
		return false;
	octets = (struct slice){ body, (size_t)h->len };
	if (check_of(h, octets) != h->check)
		return false;
	buf_add(text, octets);
	return true;
}

/* ---- opening ---- */

/* Up to the first record that is not whole; cuts off the rest. */
static bool
find_end(struct spool *s)
{
	struct head h;
	struct buf text;
	size_t at = s->first;

	buf_init(&text, LIMIT_STORE_RECORD);
	while (buf_reset(&text), read_record(s, at, &h, &text))
		at += sizeof(h) + (size_t)h.len;
	buf_fini(&text);
	s->end = at;
	return ftruncate(s->fd, (off_t)at) == 0;
}

static bool
make_empty(struct spool *s)
{
	const struct start start = { .magic = MAGIC, .first = sizeof(start) };

	s->first = s->end = sizeof(start);
	return ftruncate(s->fd, 0) == 0 &&
	    write_all(s->fd, &start, sizeof(start), 0);
}

static bool
read_file(struct spool *s)
{
	struct start start;
	struct stat st;

	if (fstat(s->fd, &st) != 0)
		return false;
	s->end = (size_t)st.st_size;
	if (s->end < sizeof(start))
		return make_empty(s);
	if (!read_all(s->fd, &start, sizeof(start), 0))
		return false;
	if (start.magic != MAGIC) {
		errno = EFTYPE_OURS;
		return false;
	}
	if (start.first < sizeof(start) || start.first > s->end)
		return make_empty(s);
	s->first = (size_t)start.first;
	return find_end(s);
}

static bool
open_file(struct spool *s, const char *path)
{
	struct stat st;

	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK, 0600);
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EFTYPE_OURS;
		return false;
	}
	return flock(s->fd, LOCK_EX | LOCK_NB) == 0 && read_file(s);
}

struct spool *
spool_open(const char *path, size_t max, char *why, size_t why_size)
{
	struct spool *s = mem_alloc(sizeof(*s));

	snprintf(why, why_size, "no memory");
	if (s == NULL)
		return NULL;
	s->max = max;
	pthread_mutex_init(&s->lock, NULL);
	if (open_file(s, path))
		return s;
	snprintf(why, why_size, "%s: %s", path, errno == EWOULDBLOCK ?
	    "another process uses it" : errno == EFTYPE_OURS ?
	    "this is no file of ours" : strerror(errno));
	spool_close(s);
	return NULL;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

/* ---- adding and taking ---- */

static bool
append(struct spool *s, const struct store_record *r, size_t *at)
{
	struct head h = { .run = r->run, .seq = r->seq, .time = r->time,
		.len = r->body.len };

	if (s->max - *at < sizeof(h) ||
	    s->max - *at - sizeof(h) < r->body.len) {
		errno = ENOSPC;
		return false;
	}
	h.check = check_of(&h, r->body);
	if (!write_all(s->fd, &h, sizeof(h), *at) ||
	    !write_all(s->fd, r->body.ptr, r->body.len, *at + sizeof(h)))
		return false;
	*at += sizeof(h) + r->body.len;
	return true;
}

bool
spool_add(struct spool *s, const struct store_record *records, size_t count)
{
	bool done = true;
	size_t at, i;

	pthread_mutex_lock(&s->lock);
	at = s->end;
	for (i = 0; i < count && done; i++)
		done = append(s, &records[i], &at);
	done = done && fdatasync(s->fd) == 0;
	if (done)
		s->end = at;
	else
		(void)!ftruncate(s->fd, (off_t)s->end);
	pthread_mutex_unlock(&s->lock);
	return done;
}

size_t
spool_take(struct spool *s, struct store_record *records, size_t max,
    struct buf *text, size_t *end)
{
	size_t n = 0, i, at;
	struct head h;

	buf_reset(text);
	pthread_mutex_lock(&s->lock);
	for (at = s->first; n < max && at < s->end &&
	    text->max - text->len >= LIMIT_STORE_RECORD; n++) {
		if (!read_record(s, at, &h, text) || buf_failed(text))
			break;
		at += sizeof(h) + (size_t)h.len;
		records[n] = (struct store_record){ .run = h.run,
		    .seq = h.seq, .time = h.time,
		    .body.len = (size_t)h.len };
	}
	pthread_mutex_unlock(&s->lock);
	*end = at;
	/* The buffer has its place now. */
	for (i = 0, at = 0; i < n; at += records[i++].body.len)
		records[i].body.ptr = buf_slice(text).ptr + at;
	return n;
}

void
spool_taken(struct spool *s, size_t end)
{
	const struct start start = { .magic = MAGIC, .first = end };

	pthread_mutex_lock(&s->lock);
	s->first = end;
	if (s->first == s->end)
		(void)make_empty(s);
	else
		(void)write_all(s->fd, &start, sizeof(start), 0);
	pthread_mutex_unlock(&s->lock);
}

void
spool_clear(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	(void)make_empty(s);
	pthread_mutex_unlock(&s->lock);
}

size_t
spool_size(struct spool *s)
{
	size_t size;

	pthread_mutex_lock(&s->lock);
	size = s->end - s->first;
	pthread_mutex_unlock(&s->lock);
	return size;
}
