/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: one line for each domain (tlspolicy/saved.h) after a line that
 * names the format, and before one with their number: a file without that is
 * not whole.
 */
#include "tlspol/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tlspolicy/saved.h"

/* ---- text ---- */

static void
write_entry(const struct memory_entry *e, struct buf *out)
{
	struct saved_policy p = { .fetched = e->fetched, .asked = e->asked,
		.dane = e->last_dane, .policy = *e->policy };

	memcpy(p.id, e->id, sizeof(p.id));
	saved_policy_write(e->key, &p, out);
}

void
store_write_text(const struct memory *m, int64_t wall, struct buf *out)
{
	const struct memory_entry *e;
	size_t count = 0;

	buf_adds(out, SAVED_POLICY_HEAD "\n");
	for (e = memory_first_policy(m); e != NULL;
	    e = TAILQ_NEXT(e, round)) {
		if (memory_policy(e, wall) == NULL)
			continue;
		write_entry(e, out);
		count++;
	}
	buf_addf(out, "end %zu\n", count);
}

static void
put_entry(struct memory *m, const struct saved_policy *p)
{
	struct sts_policy *copy = sts_policy_copy(&p->policy);
	struct memory_entry *e = copy != NULL ? memory_get(m, &p->hop) : NULL;

	if (e == NULL) {
		mem_free(copy);
		return;
	}
	e->asked = p->asked;
	e->dane = e->last_dane = p->dane;
	memory_set_policy(m, e, copy, p->id, p->fetched);
}

/* Memory that is short loses the entry, and makes no line wrong. */
static bool
read_entry(struct memory *m, struct slice line, int64_t wall,
    struct arena *arena)
{
	struct saved_policy p;

	arena_reset(arena);
	if (!saved_policy_read(line, wall, arena, &p))
		return p.no_memory;
	if (saved_policy_is_valid(&p, wall))
		put_entry(m, &p);
	return true;
}

static bool
is_end(struct slice line, size_t count)
{
	char want[40];

	snprintf(want, sizeof(want), "end %zu", count);
	return slice_eq(line, slice_str(want));
}

bool
store_read_text(struct memory *m, struct slice text, int64_t wall,
    size_t *number)
{
	struct arena *arena = arena_new(2 * LIMIT_STS_POLICY);
	struct slice rest = text, line;
	bool whole = false, good;

	*number = 1;
	good = arena != NULL && slice_cut(&rest, '\n', &line) &&
	    slice_eq(line, SLICE(SAVED_POLICY_HEAD));
	while (good && !whole) {
		++*number;
		good = slice_cut(&rest, '\n', &line);
		if (!good)
			break;
		whole = is_end(line, *number - 2);
		good = whole || read_entry(m, line, wall, arena);
	}
	if (arena == NULL)
		*number = 0;
	arena_free(arena);
	return good && rest.len == 0;
}

/* ---- the file ---- */

static enum store_loaded
set_aside(const char *path, const char *what, char *why, size_t why_size)
{
	char broken[PATH_MAX];
	int len = snprintf(broken, sizeof(broken), "%s.broken", path);

	if (len > 0 && (size_t)len < sizeof(broken) &&
	    rename(path, broken) == 0) {
		snprintf(why, why_size, "%s: %s; it is %s now", path, what,
		    broken);
		return STORE_BROKEN;
	}
	snprintf(why, why_size, "%s: %s", path, what);
	return STORE_UNREADABLE;
}

static enum store_loaded
read_whole(struct memory *m, const char *path, struct slice text,
    int64_t wall, char *why, size_t why_size)
{
	char what[60];
	size_t line;

	if (store_read_text(m, text, wall, &line))
		return STORE_LOADED;
	if (line == 0) {
		snprintf(why, why_size, "%s: out of memory", path);
		return STORE_UNREADABLE;
	}
	snprintf(what, sizeof(what), "line %zu is wrong", line);
	return set_aside(path, what, why, why_size);
}

enum store_loaded
store_load(struct memory *m, const char *path, int64_t wall, char *why,
    size_t why_size)
{
	struct file f = { .path = path, .regular = true };
	enum store_loaded loaded;
	enum file_status status;
	struct buf b;

	buf_init(&b, LIMIT_TLSPOL_FILE);
	status = file_load(&f, &b);
	if (status == FILE_READ) {
		loaded = read_whole(m, path, buf_slice(&b), wall, why,
		    why_size);
	} else if (status == FILE_LARGE) {
		loaded = set_aside(path, "it is too large", why, why_size);
	} else {
		loaded = errno == ENOENT ? STORE_ABSENT : STORE_UNREADABLE;
		snprintf(why, why_size, "%s: %s", path,
		    status == FILE_KIND ? file_kind(f.mode) :
		    strerror(errno));
	}
	buf_fini(&b);
	return loaded;
}

/* ---- writing ---- */

/* Of the write in progress. */
static struct {
	pthread_t	thread;
	bool		running;	/* to be joined */
	atomic_bool	ended;
	char		path[PATH_MAX];
	struct buf	text;
	int		error;		/* errno; 0: good */
} writing;

static bool
write_all(int fd, struct slice text)
{
	ssize_t done;

	while (text.len > 0) {
		done = write(fd, text.ptr, text.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		text = slice_from(text, (size_t)done);
	}
	return true;
}

/* A new name is on the disk when its folder is. */
static bool
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	bool good;
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash > path ?
	    (int)(slash - path) : 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = fsync(fd) == 0;
	close(fd);
	return good;
}

static bool
replace(const char *path, struct slice text)
{
	char new[PATH_MAX];
	int len = snprintf(new, sizeof(new), "%s.new", path), fd;
	bool good;

	if (len < 0 || (size_t)len >= sizeof(new)) {
		errno = ENAMETOOLONG;
		return false;
	}
	/* Of a writing that was broken off. */
	(void)unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0640);
	if (fd < 0)
		return false;
	good = write_all(fd, text) && fsync(fd) == 0;
	if (close(fd) != 0)
		good = false;
	return good && rename(new, path) == 0 && sync_folder(path);
}

static void *
run(void *arg)
{
	(void)arg;
	errno = 0;
	writing.error = replace(writing.path, buf_slice(&writing.text)) ? 0 :
	    errno != 0 ? errno : EIO;
	buf_fini(&writing.text);
	atomic_store(&writing.ended, true);
	return NULL;
}

bool
store_save(const char *path, struct buf *text)
{
	if (writing.running)
		return false;
	snprintf(writing.path, sizeof(writing.path), "%s", path);
	writing.text = *text;
	buf_init(text, 0);
	atomic_store(&writing.ended, false);
	writing.running = pthread_create(&writing.thread, NULL, run,
	    NULL) == 0;
	if (!writing.running)
		buf_fini(&writing.text);
	return writing.running;
}

const char *
store_finish(void)
{
	if (writing.running)
		(void)pthread_join(writing.thread, NULL);
	writing.running = false;
	return writing.error == 0 ? NULL : strerror(writing.error);
}

bool
store_has_ended(void)
{
	return writing.running && atomic_load(&writing.ended);
}
