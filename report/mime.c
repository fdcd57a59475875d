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
#include "mail/mime.h"

#define HEADER_MEMORY (8U << 20)	/* of a mail and the parts around */

struct part {
	struct slice	type;		/* "multipart/mixed" */
	struct slice	boundary;
	struct slice	encoding;
	struct slice	body;
};

/* ---- the header of a part ---- */

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
	p->boundary = mime_parameter(type, SLICE("boundary"));
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
		mime_decode_quoted(p->body, &content, room);
	else if (!decode_base64(p->body, &content, room)) {
		unpack_trouble(u, REPORT_NOT_XML);
		content.len = 0;
	}
	unpack_any(u, content, depth + 1);
	mem_free(room);
}

/* ---- multipart ---- */

static void	unpack_part(struct unpack *u, struct slice text,
		    unsigned int depth);

static void
unpack_multipart(struct unpack *u, const struct part *p, unsigned int depth)
{
	struct slice rest = p->body, part;
	bool last = false;

	if (depth == LIMIT_REPORT_MAILS || p->boundary.len == 0 ||
	    !mime_next_part(&rest, p->boundary, &part, &last))
		return;		/* `part` is the preamble */
	while (!u->stopped && mime_next_part(&rest, p->boundary, &part, &last))
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
