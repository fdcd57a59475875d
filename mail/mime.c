/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: see mime.h.
 */
#include "mail/mime.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "mail/header.h"

struct slice
mime_parameter(struct slice value, struct slice name)
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

bool
mime_next_part(struct slice *rest, struct slice boundary, struct slice *part,
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

/* ---- the header of a part ---- */

static struct slice
field(const struct mail_header *h, struct slice name)
{
	const struct mail_field *f = mail_header_find(h, name, 1);

	return f == NULL ? (struct slice){ NULL, 0 } : slice_trim(f->value);
}

bool
mime_part_read(struct arena *arena, struct slice text, struct mime_part *out)
{
	struct mail_header h;

	*out = (struct mime_part){ .body = { NULL, 0 } };
	mail_header_init(&h, arena);
	if (!mail_header_parse(&h, text, &out->body))
		return false;
	out->content_type = field(&h, SLICE("Content-Type"));
	out->boundary = mime_parameter(out->content_type, SLICE("boundary"));
	out->type = slice_trim(slice_head(out->content_type,
	    slice_find(out->content_type, ';')));
	out->encoding = field(&h, SLICE("Content-Transfer-Encoding"));
	return true;
}

/* ---- transfer encodings ---- */

bool
mime_part_is_encoded(const struct mime_part *p)
{
	return slice_eq_nocase(p->encoding, SLICE("base64")) ||
	    slice_eq_nocase(p->encoding, SLICE("quoted-printable"));
}

struct slice
mime_part_decode(const struct mime_part *p, char *room)
{
	struct slice out = p->body;

	if (slice_eq_nocase(p->encoding, SLICE("base64")))
		out = (struct slice){ room, base64_decode_loose(p->body,
		    (unsigned char *)room) };
	else if (mime_part_is_encoded(p))
		mime_decode_quoted(p->body, &out, room);
	return out;
}

void
mime_decode_quoted(struct slice text, struct slice *out, char *room)
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

/* Of RFC 2045 6.7: what is itself, but for blanks at a line's end. */
static bool
is_plain(char c)
{
	return c == ' ' || c == '\t' || (c > ' ' && c <= '~' && c != '=');
}

/* One line without its end. */
static void
encode_line(struct slice line, size_t width, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, column = 0, need;
	unsigned char c;
	bool plain, end;

	for (i = 0; i < line.len; i++) {
		c = (unsigned char)line.ptr[i];
		end = i + 1 == line.len;
		plain = is_plain(line.ptr[i]) &&
		    !(end && ascii_is_wsp(line.ptr[i]));
		need = plain ? 1 : 3;
		if (column + need + (end ? 0 : 1) > width) {
			buf_adds(out, "=\r\n");
			column = 0;
		}
		if (plain) {
			buf_addc(out, line.ptr[i]);
		} else {
			buf_addc(out, '=');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
		column += need;
	}
}

void
mime_encode_quoted(struct slice text, size_t width, struct buf *out)
{
	struct slice line;
	bool more = text.len > 0;

	while (more) {
		more = slice_cut_line(&text, &line);
		encode_line(line, width, out);
		if (more)
			buf_adds(out, "\r\n");
		more = more && text.len > 0;
	}
}
