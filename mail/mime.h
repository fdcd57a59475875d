/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: the parts of a body and their transfer encodings (RFC 2045, RFC
 * 2046), leniently: what cannot be read is passed over.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/*
 * The value of `name=` in a structured value, with or without quotes; empty
 * if there is none.  A part of `value`.
 */
struct slice	mime_parameter(struct slice value, struct slice name);
/*
 * The next part of `rest`, whose first line is after a boundary; of a whole
 * body it is the preamble.  `*last` is false at first, and true once the part
 * was ended by the boundary that closes.  A body that is cut short ends its
 * last part.  False: there is no more; `rest` is then the epilogue.
 */
bool		mime_next_part(struct slice *rest, struct slice boundary,
		    struct slice *part, bool *last);

/* What the header of a part says of it, or that of a message. */
struct mime_part {
	struct slice	content_type;	/* with its parameters */
	struct slice	type;		/* "multipart/mixed"; empty: not told */
	struct slice	boundary;
	struct slice	encoding;
	struct slice	body;		/* of the part's text */
};

/* False: no memory, which shows in arena_failed(), or a header past a limit. */
bool		mime_part_read(struct arena *arena, struct slice text,
		    struct mime_part *out);
/* Has its body a transfer encoding that changes it? */
bool		mime_part_is_encoded(const struct mime_part *p);
/*
 * Its body without the transfer encoding, in `room`, which has body.len octets,
 * or where it was.  Base64 is read as base64_decode_loose() does.
 */
struct slice	mime_part_decode(const struct mime_part *p, char *room);

/* Undoes quoted-printable; `room` has text.len octets, `*out` is there. */
void		mime_decode_quoted(struct slice text, struct slice *out,
		    char *room);
/*
 * Encodes lines of text as quoted-printable, with at most `width` columns,
 * which is 5 or more; line ends become CRLF.
 */
void		mime_encode_quoted(struct slice text, size_t width,
		    struct buf *out);

#endif
