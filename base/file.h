/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: the text of a whole file, of a bounded size.
 *
 * What was opened is judged, not its name, which could change in between.
 * Any thread.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"

enum file_status {
	FILE_READ,		/* to its end */
	FILE_FAILED,		/* see errno */
	FILE_KIND,		/* no regular file: see `mode`, and errno */
	FILE_REFUSED,		/* by `judge` */
	FILE_LARGE		/* there is more than fits */
};

typedef bool	file_judge_fn(void *arg, const struct stat *st);

struct file {
	const char	*path;		/* NULL: `fd`, which stays open */
	int		 fd;
	/* No folder, device, FIFO or socket; none of them is waited for. */
	bool		 regular;
	/* Asked before the first octet is read; may be NULL. */
	file_judge_fn	*judge;
	void		*arg;
	/* Set by the functions below, once the file is open. */
	mode_t		 mode;
};

/*
 * Reads up to `size` octets into `out`, and says in `*len` how many there
 * are; after FILE_LARGE they are the first `size`.
 */
enum file_status	file_read(struct file *f, char *out, size_t size,
			    size_t *len);
/* Adds all of the file to a buffer, whose maximum is the limit. */
enum file_status	file_load(struct file *f, struct buf *b);

/* stat(); a file that is not there is all zero. */
void		 file_look(const char *path, struct stat *st);
/* Are these the same file, unchanged? */
bool		 file_is_same(const struct stat *a, const struct stat *b);

/* "a folder", "a device" ..., for a message. */
const char	*file_kind(mode_t mode);

#endif
