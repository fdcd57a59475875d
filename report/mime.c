/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: the parts of a mail (RFC 2045, RFC 2046), as far as a report may be
 * attached to it.
 *
 * Of a multipart each part is looked at, of a part its content after the
 * transfer encoding was undone.  An HTML page is passed over, since it begins
 * with "<", too; so is plain text, unless it begins as a document does that a
 * mail program has called text.
 */
#include "report/unpack_internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include "mail/mime.h"

#define HEADER_MEMORY (8U << 20)	/* of a mail and the parts around */

static void
unpack_content(struct unpack *u, const struct mime_part *p,
    struct slice content, unsigned int depth)
{
	bool is_text = p->type.len == 0 ||
	    slice_eq_nocase(p->type, SLICE("text/plain"));

	if (!is_text || slice_starts(slice_trim(content), SLICE("<?xml ")) ||
	    slice_starts(content, SLICE("\x1f\x8b")) ||
	    slice_starts(content, SLICE("PK\x03\x04")))
		unpack_any(u, content, depth + 1);
}

static void
unpack_leaf(struct unpack *u, const struct mime_part *p, unsigned int depth)
{
	char *room;

	if (slice_eq_nocase(p->type, SLICE("text/html")) || p->body.len == 0)
		return;
	if (!mime_part_is_encoded(p)) {
		unpack_content(u, p, p->body, depth);
		return;
	}
	room = mem_alloc(p->body.len);
	if (room == NULL) {
		unpack_trouble(u, REPORT_NO_MEMORY);
		return;
	}
	unpack_content(u, p, mime_part_decode(p, room), depth);
	mem_free(room);
}

/* ---- multipart ---- */

static void	unpack_part(struct unpack *u, struct slice text,
		    unsigned int depth);

static void
unpack_multipart(struct unpack *u, const struct mime_part *p,
    unsigned int depth)
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
	struct mime_part p = { .body = { NULL, 0 } };

	if (arena == NULL) {
		unpack_trouble(u, REPORT_NO_MEMORY);
		return;
	}
	if (++u->parts > LIMIT_REPORT_PARTS) {
		unpack_trouble(u, REPORT_TOO_LARGE);
		u->stopped = true;
	} else if (!mime_part_read(arena, text, &p))
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
