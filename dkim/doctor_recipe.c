/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_recipe: the parts of a body, and how a body may have been written
 * before a mail server or a list rewrote it.
 */
#include "dkim/doctor_internal.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "base/mem.h"
#include "mail/mime.h"

/* ---- parts ---- */

static struct slice
behind_header(struct slice text)
{
	struct slice rest = text, line;

	while (slice_cut(&rest, '\n', &line))
		if (slice_trim(line).len == 0)
			return rest;
	return text;	/* no header: then all of it is text */
}

void
doctor_parts_find(struct slice body, struct slice type,
    struct doctor_parts *out)
{
	struct slice boundary = mime_parameter(type, SLICE("boundary"));
	struct slice rest = body, text;
	struct doctor_part *p;
	bool last = false;
	size_t from;

	out->count = 0;
	if (!slice_starts_nocase(slice_trim(type), SLICE("multipart/")) ||
	    boundary.len == 0 || !mime_next_part(&rest, boundary, &text,
	    &last))
		return;
	from = text.len;
	while (out->count < LIMIT_DOCTOR_PARTS &&
	    mime_next_part(&rest, boundary, &text, &last)) {
		p = &out->list[out->count++];
		*p = (struct doctor_part){ .from = from, .text = text,
			.to = (size_t)(text.ptr - body.ptr) + text.len,
			.body = behind_header(text) };
		from = p->to;
	}
	out->end = body.len - rest.len;
}

/* A line, and those that are folded to it. */
static struct slice
next_field(struct slice *rest)
{
	struct slice from = *rest, line;

	do {
		(void)slice_cut(rest, '\n', &line);
	} while (rest->len > 0 && ascii_is_wsp(rest->ptr[0]));
	return slice_head(from, from.len - rest->len);
}

static bool
is_field(struct slice field, struct slice name)
{
	return slice_starts_nocase(field, name) && field.len > name.len &&
	    field.ptr[name.len] == ':';
}

static struct slice
without_end(struct slice s)
{
	if (s.len > 0 && s.ptr[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.ptr[s.len - 1] == '\r')
		s.len--;
	return s;
}

struct slice
doctor_part_field(struct slice text, struct slice name)
{
	struct slice field;

	while (text.len > 0 && text.ptr[0] != '\r' && text.ptr[0] != '\n') {
		field = next_field(&text);
		if (is_field(field, name))
			return without_end(slice_from(field, name.len + 1));
	}
	return (struct slice){ NULL, 0 };
}

/* ---- transfer encodings ---- */

static void
add_with_crlf(struct slice text, struct buf *out)
{
	struct slice line;
	bool more = text.len > 0;

	while (more) {
		more = slice_cut_line(&text, &line);
		buf_add(out, line);
		if (more)
			buf_adds(out, "\r\n");
		more = more && text.len > 0;
	}
}

void
doctor_decode(struct slice body, struct slice encoding, struct buf *out)
{
	bool base64 = slice_eq_nocase(encoding, SLICE("base64"));
	struct slice text = body;
	char *room;

	if (!base64 && !slice_eq_nocase(encoding,
	    SLICE("quoted-printable"))) {
		add_with_crlf(body, out);
		return;
	}
	room = mem_alloc(body.len + 1);
	if (room == NULL) {
		out->failed = true;
		return;
	}
	if (!base64)
		mime_decode_quoted(body, &text, room);
	else if (base64_decode(body, (unsigned char *)room, body.len,
	    &text.len))
		text.ptr = room;
	add_with_crlf(text, out);
	mem_free(room);
}

/* A part's header, which says 8bit now. */
static void
write_part_header(struct slice header, struct buf *out)
{
	const struct slice encoding = SLICE("Content-Transfer-Encoding");
	struct slice field;

	while (header.len > 0) {
		field = next_field(&header);
		if (is_field(field, SLICE("X-MIME-Autoconverted")))
			continue;
		if (!is_field(field, encoding)) {
			buf_add(out, field);
			continue;
		}
		buf_add(out, slice_head(field, encoding.len));
		buf_adds(out, ": 8bit\r\n");
	}
}

void
doctor_decode_parts(struct slice body, const struct doctor_parts *p,
    struct buf *out)
{
	const struct doctor_part *part;
	struct slice encoding, text;
	size_t i, at = 0;

	for (i = 0; i < p->count; i++) {
		part = &p->list[i];
		encoding = slice_trim(doctor_part_field(part->text,
		    SLICE("Content-Transfer-Encoding")));
		if (!slice_eq_nocase(encoding, SLICE("quoted-printable")) &&
		    !slice_eq_nocase(encoding, SLICE("base64")))
			continue;
		text = part->text;
		buf_add(out, slice_from(slice_head(body,
		    (size_t)(text.ptr - body.ptr)), at));
		write_part_header(slice_head(text, text.len -
		    part->body.len), out);
		/* The last line end is the boundary's. */
		doctor_decode(without_end(part->body), encoding, out);
		buf_adds(out, "\r\n");
		at = part->to;
	}
	buf_add(out, slice_from(body, at));
}

/* ---- recipes ---- */

static void
write_first_blank(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	(void)r;
	buf_adds(out, "\r\n");
	buf_add(out, body);
}

static bool
is_quoted_from(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '>')
		n++;
	return n > 0 && slice_starts(slice_from(line, n), SLICE("From "));
}

/* Line by line, each with its end. */
static struct slice
next_line(struct slice *rest)
{
	struct slice from = *rest, line;

	(void)slice_cut(rest, '\n', &line);
	return slice_head(from, from.len - rest->len);
}

/* mboxrd for a width of 0, else mboxo. */
static void
write_unquoted(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	struct slice line;

	while (body.len > 0) {
		line = next_line(&body);
		if (r->width == 0 ? is_quoted_from(line) :
		    slice_starts(line, SLICE(">From ")))
			line = slice_from(line, 1);
		buf_add(out, line);
	}
}

/* `mark` before each line that begins so. */
static void
write_marked(struct slice body, struct slice start, char mark, struct buf *out)
{
	struct slice line;

	while (body.len > 0) {
		line = next_line(&body);
		if (slice_starts(line, start))
			buf_addc(out, mark);
		buf_add(out, line);
	}
}

static void
write_quoted(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	(void)r;
	write_marked(body, SLICE("From "), '>', out);
}

static void
write_trimmed(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	struct slice line, text;

	(void)r;
	while (body.len > 0) {
		line = next_line(&body);
		text = without_end(line);
		while (text.len > 0 && ascii_is_wsp(text.ptr[text.len - 1]))
			text.len--;
		buf_add(out, text);
		buf_add(out, slice_from(line, without_end(line).len));
	}
}

/* CR, LF and CR CR LF become CRLF. */
static void
write_line_ends(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	size_t i, crs = 0;

	(void)r;
	for (i = 0; i < body.len; i++) {
		if (body.ptr[i] == '\r') {
			crs++;
			continue;
		}
		if (body.ptr[i] == '\n') {
			buf_adds(out, "\r\n");
		} else {
			for (; crs > 0; crs--)
				buf_adds(out, "\r\n");
			buf_addc(out, body.ptr[i]);
		}
		crs = 0;
	}
	for (; crs > 0; crs--)
		buf_adds(out, "\r\n");
}

/* Runs of empty lines: one of each for a width of 1; none for 0; for 2 each
   second line goes if it is empty, as in text that was spaced out. */
static void
write_fewer_blanks(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	size_t blanks = 0;
	struct slice line;

	while (body.len > 0) {
		line = next_line(&body);
		if (without_end(line).len > 0)
			blanks = 0;
		else if (r->width == 2 ? blanks++ % 2 == 0 :
		    ++blanks > r->width)
			continue;
		buf_add(out, line);
	}
}

static void
write_fewer_dots(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	struct slice line;

	(void)r;
	while (body.len > 0) {
		line = next_line(&body);
		buf_add(out, slice_starts(line, SLICE("..")) ?
		    slice_from(line, 1) : line);
	}
}

static void
write_more_dots(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	(void)r;
	write_marked(body, SLICE("."), '.', out);
}

/*
 * Postfix breaks a line after 990 octets or so with CRLF and a blank,
 * Sendmail with "!" before it (width 1).
 */
static void
write_whole_lines(struct slice body, const struct doctor_recipe *r,
    struct buf *out)
{
	struct slice line, text;

	while (body.len > 0) {
		line = next_line(&body);
		text = without_end(line);
		if (text.len < 900 || body.len == 0 || body.ptr[0] != ' ' ||
		    (r->width == 1 && text.ptr[text.len - 1] != '!')) {
			buf_add(out, line);
			continue;
		}
		buf_add(out, slice_head(text, text.len - r->width));
		body = slice_from(body, 1);
	}
}

static void
write_as_it_is(struct slice text, const struct doctor_recipe *r,
    struct buf *out)
{
	(void)r;
	buf_add(out, text);
}

static void
write_quoted_printable(struct slice text, const struct doctor_recipe *r,
    struct buf *out)
{
	mime_encode_quoted(text, r->width, out);
}

/* `text` has CRLF; octets of a line come from width / 4 * 3. */
static void
write_base64(struct slice text, const struct doctor_recipe *r,
    struct buf *out)
{
	unsigned char raw[96];
	char line[129];
	size_t n = 0, i;

	for (i = 0; i <= text.len; i++) {
		if (n == r->width / 4 * 3 || (i == text.len && n > 0)) {
			base64_encode(raw, n, line);
			buf_adds(out, line);
			buf_adds(out, "\r\n");
			n = 0;
		}
		if (i < text.len && !(r->lf && text.ptr[i] == '\r'))
			raw[n++] = (unsigned char)text.ptr[i];
	}
}

/* The most usual first.  A base64 line has at most 128 letters. */
const struct doctor_recipe doctor_recipes[] = {
	{ DKIM_EDIT_QUOTED_FROM, write_unquoted, 0, false, false },
	{ DKIM_EDIT_QUOTED_FROM, write_unquoted, 1, false, false },
	{ DKIM_EDIT_LINE_ENDS, write_line_ends, 0, false, false },
	{ DKIM_EDIT_WAS_8BIT, write_as_it_is, 0, false, true },
	{ DKIM_EDIT_WAS_QUOTED, write_quoted_printable, 76, false, true },
	{ DKIM_EDIT_WAS_BASE64, write_base64, 76, false, true },
	{ DKIM_EDIT_WAS_BASE64, write_base64, 76, true, true },
	{ DKIM_EDIT_WAS_QUOTED, write_quoted_printable, 72, false, true },
	{ DKIM_EDIT_WAS_BASE64, write_base64, 72, false, true },
	{ DKIM_EDIT_WAS_BASE64, write_base64, 64, false, true },
	{ DKIM_EDIT_WAS_BASE64, write_base64, 60, false, true },
	{ DKIM_EDIT_FIRST_BLANK, write_first_blank, 0, false, false },
	{ DKIM_EDIT_BLANKS, write_fewer_blanks, 1, false, false },
	{ DKIM_EDIT_BLANKS, write_fewer_blanks, 2, false, false },
	{ DKIM_EDIT_BLANKS, write_fewer_blanks, 0, false, false },
	{ DKIM_EDIT_TRAILING, write_trimmed, 0, false, false },
	{ DKIM_EDIT_BROKEN_LINES, write_whole_lines, 0, false, false },
	{ DKIM_EDIT_BROKEN_LINES, write_whole_lines, 1, false, false },
	{ DKIM_EDIT_DOTS, write_fewer_dots, 0, false, false },
	{ DKIM_EDIT_NO_DOTS, write_more_dots, 0, false, false },
	{ DKIM_EDIT_UNQUOTED_FROM, write_quoted, 0, false, false },
	{ DKIM_EDIT_HEAD, NULL, 0, false, false }
};
