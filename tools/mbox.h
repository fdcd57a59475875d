/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbox: the messages of a file, which is one message or an mbox of several.
 *
 * A file is an mbox when its first line begins with "From ", after a byte
 * order mark and empty lines.  The next message begins at such a line after
 * an empty one; where the first of these lines has a date, as they should,
 * only lines that have one count.  One empty line before it, and at the end
 * of the file, belongs to the mbox.
 *
 * What is given out is borrowed from the file's text.
 */
#ifndef TOOLS_MBOX_H
#define TOOLS_MBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

/* What is before a message and is no part of it. */
enum mbox_mark { MBOX_NO_MARK, MBOX_UTF8, MBOX_UTF16 };

struct mbox {
	bool		is_mbox;
	enum mbox_mark	mark;		/* MBOX_UTF16: nothing here can read
					   such a file */
	size_t		blank;		/* blank lines passed over */
	size_t		count;		/* messages, one or more */

	/* private */
	struct slice	rest;
	bool		dated;
};

/* One pass over the text, to count. */
void	mbox_init(struct mbox *m, struct slice file);
/*
 * The next message; false when there is no more.  `from_line` is the line of
 * the mbox before it, without its end, and empty in other files.
 */
bool	mbox_next(struct mbox *m, struct slice *from_line,
	    struct slice *message);

/*
 * Lines of a message that begin with "From " would begin the next message: an
 * mbox has ">From " for them.  Some writers quote ">From " in
 * the same way (mboxrd), so that it can be undone, some do not (mboxo), and
 * some quote nothing and count octets (mboxcl2).
 */
enum mbox_quoting {
	MBOX_PLAIN,	/* what is there is what was sent */
	MBOX_RD,	/* one ">" off each line of ">"s and "From " */
	MBOX_O		/* the same, of ">From " alone */
};

/* Lines with ">From ", ">>From " and so on. */
size_t	mbox_quoted(struct slice body);
/*
 * Adds the body to `out`, unquoted, and with LF alone as CRLF if `crlf` is
 * set.  The result is not longer than twice the body and two octets.
 */
void	mbox_unquote(struct slice body, enum mbox_quoting how, bool crlf,
	    struct buf *out);

#endif
