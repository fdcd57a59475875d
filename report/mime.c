/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: the parts of a mail (RFC 2045, RFC 2046), as far as a report may be
 * attached to it.
 *
 * Of a multipart each part is looked at, of a part its content after the
 * transfer encoding was undone.  Text is passed over: an HTML page begins
 * with "<", too.
 */
#include "report/unpack_internal.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/header.h"

#define HEADER_MEMORY (8U << 20)	/* of a mail and the parts around */

struct part {
	struct slice	type;		/* "multipart/mixed" */
	struct slice	boundary;
	struct slice	encoding;
	struct slice	body;
};

/* ---- the header of a part ---- */

/* The value of `name=` in a structured value, with or without quotes. */
static struct slice
parameter(struct slice value, struct slice name)
{
	struct slice piece, key;

	(void)slice_cut(&value, ';', &piece);
	while (value.len > 0) {
		(void)slice_cut(&value, ';', &piece);
		if (!slice_cut(&piece, '=', &key) ||
		    !slice_eq_nocase(slice_trim(key), name))
			continue;
		piece = slice_trim(piece);
		if (piece.len >= 2 && piece.ptr[0] == '"') {
			piece = slice_from(piece, 1);
			(void)slice_cut(&piece, '"', &key);
			return key;
		}
		return piece;
	}
	return (struct slice){ NULL, 0 };
}

static struct slice
field(const struct mail_header *h, struct slice name)
{
	const struct mail_field *f = mail_header_find(h, name, 1);

	return f == NULL ? (struct slice){ NULL, 0 } : slice_trim(f->value);
}

/* False: no memory, or a header that is no mail's. */
static bool
read_part(struct arena *arena, struct slice text, struct part *p)
{
	struct mail_header h;
	struct slice type;

	mail_header_init(&h, arena);
	if (!mail_header_parse(&h, text, &p->body))
		return false;
	type = field(&h, SLICE("Content-Type"));
	p->boundary = parameter(type, SLICE("boundary"));
	p->type = slice_trim(slice_head(type, slice_find(type, ';')));
	p->encoding = field(&h, SLICE("Content-Transfer-Encoding"));
	return true;
}

/* ---- transfer encodings ---- */

static bool
decode_base64(struct slice text, struct slice *out, char *room)
{
	/* What follows the padding is no part of it (RFC 2045 6.8). */
	size_t end = slice_find(text, '=');

	while (end < text.len && (text.ptr[end] == '=' ||
	    ascii_is_space(text.ptr[end])))
		end++;
	out->ptr = room;
	return base64_decode(slice_head(text, end), (unsigned char *)room,
	    text.len, &out->len);
}

static void
decode_quoted_printable(struct slice text, struct slice *out, char *room)
{
	size_t i, n = 0;

	for (i = 0; i < text.len; i++) {
		int high = -1, low = -1;

		if (text.ptr[i] != '=') {
			room[n++] = text.ptr[i];
			continue;
		}
		if (text.len - i > 2) {
			high = ascii_hex(text.ptr[i + 1]);
			low = ascii_hex(text.ptr[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			room[n++] = (char)(16 * high + low);
			i += 2;
		} else		/* a soft line break */
			while (i + 1 < text.len && text.ptr[i] != '\n')
				i++;
	}
	*out = (struct slice){ room, n };
}

static void
unpack_leaf(struct unpack *u, const struct part *p, unsigned int depth)
{
	bool base64 = slice_eq_nocase(p->encoding, SLICE("base64"));
	struct slice content = p->body;
	char *room;

	if (slice_starts_nocase(p->type, SLICE("text/plain")) ||
	    slice_starts_nocase(p->type, SLICE("text/html")) ||
	    p->type.len == 0 || p->body.len == 0)
		return;
	if (!base64 && !slice_eq_nocase(p->encoding,
	    SLICE("quoted-printable"))) {
		unpack_any(u, content, depth + 1);
		return;
	}
	room = mem_alloc(p->body.len);
	if (room == NULL) {
		unpack_trouble(u, REPORT_NO_MEMORY);
		return;
	}
	if (!base64)
		decode_quoted_printable(p->body, &content, room);
	else if (!decode_base64(p->body, &content, room)) {
		unpack_trouble(u, REPORT_NOT_XML);
		content.len = 0;
	}
	unpack_any(u, content, depth + 1);
	mem_free(room);
}

/* ---- multipart ---- */

/* Is this line the boundary?  `*last` for the one that closes. */
static bool
is_boundary(struct slice line, struct slice boundary, bool *last)
{
	line = slice_trim(line);
	if (!slice_starts(line, SLICE("--")) ||
	    !slice_starts(slice_from(line, 2), boundary))
		return false;
	line = slice_from(line, 2 + boundary.len);
	*last = slice_eq(line, SLICE("--"));
	return *last || line.len == 0;
}

/* The next part of `rest`, whose first line is after a boundary. */
static bool
next_part(struct slice *rest, struct slice boundary, struct slice *part,
    bool *last)
{
	struct slice line, from = *rest;

	if (*last || rest->len == 0)
		return false;
	while (rest->len > 0) {
		size_t before = from.len - rest->len;

		(void)slice_cut(rest, '\n', &line);
		if (is_boundary(line, boundary, last)) {
			*part = slice_head(from, before);
			return true;
		}
	}
	/* Cut short: what there is of it. */
	*part = from;
	return true;
}

static void	unpack_part(struct unpack *u, struct slice text,
		    unsigned int depth);

static void
unpack_multipart(struct unpack *u, const struct part *p, unsigned int depth)
{
	struct slice rest = p->body, part;
	bool last = false;

	if (depth == LIMIT_REPORT_MAILS || p->boundary.len == 0 ||
	    !next_part(&rest, p->boundary, &part, &last))
		return;		/* `part` is the preamble */
	while (!u->stopped && next_part(&rest, p->boundary, &part, &last))
		unpack_part(u, part, depth + 1);
}

static void
unpack_part(struct unpack *u, struct slice text, unsigned int depth)
{
	struct arena *arena = arena_new(HEADER_MEMORY);
	struct part p = { .body = { NULL, 0 } };

	if (arena == NULL) {
		unpack_trouble(u, REPORT_NO_MEMORY);
		return;
	}
	if (++u->parts > LIMIT_REPORT_PARTS) {
		unpack_trouble(u, REPORT_TOO_LARGE);
		u->stopped = true;
	} else if (!read_part(arena, text, &p))
		unpack_trouble(u, arena_failed(arena) ? REPORT_NO_MEMORY :
		    REPORT_NOT_A_REPORT);
	else if (slice_starts_nocase(p.type, SLICE("multipart/")))
		unpack_multipart(u, &p, depth);
	else
		unpack_leaf(u, &p, depth);
	arena_free(arena);
}

void
unpack_mail(struct unpack *u, struct slice message, unsigned int depth)
{
	unpack_part(u, message, depth);
}
