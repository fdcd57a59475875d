/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trusted: the text of a file that is believed.
 */
#include "config/trusted_internal.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/slice.h"

/* The file that is read, and where to complain. */
struct trusted {
	const char	*path;
	char		*why;
	size_t		 why_size;
};

static bool
fail(const struct trusted *t, const char *what)
{
	snprintf(t->why, t->why_size, "%s: %s", t->path, what);
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

/* A file_judge_fn. */
static bool
is_only_ours(void *arg, const struct stat *st)
{
	const struct trusted *t = arg;
	char name[PATH_MAX];
	struct stat folder;

	if ((st->st_mode & S_IWOTH) != 0)
		return fail(t, "it is world-writable; allowed: a mode like "
		    "0644 (chmod o-w)");
	if (!folder_of(t->path, name) || stat(name, &folder) != 0)
		return fail(t, "its folder cannot be looked at");
	if ((folder.st_mode & S_IWOTH) == 0)
		return true;
	if ((folder.st_mode & S_ISVTX) == 0)
		return fail(t, "its folder is world-writable; allowed: a mode "
		    "like 0755 (chmod o-w)");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail(t, "its folder is world-writable, and it belongs "
		    "to neither root nor us");
	return true;
}

bool
trusted_read(const char *path, char *out, size_t size, size_t *len,
    char *why, size_t why_size)
{
	struct trusted t = { path, why, why_size };
	struct file f = { .path = path, .regular = true,
		.judge = is_only_ours, .arg = &t };

	switch (file_read(&f, out, size, len)) {
	case FILE_READ:
		return true;
	case FILE_KIND:
		snprintf(why, why_size, "%s: is %s; allowed: a regular file",
		    path, file_kind(f.mode));
		return false;
	case FILE_REFUSED:
		return false;
	case FILE_LARGE:
		snprintf(why, why_size, "%s: longer than %zu octets", path,
		    size);
		return false;
	case FILE_FAILED:
	default:
		snprintf(why, why_size, "%s: %m", path);
		return false;
	}
}
