/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbox: the messages of a file, which is one message or an mbox of several.
 */
#include "tools/mbox.h"

#include "base/ascii.h"

static const struct slice from_line_start = SLICE_INIT("From ");

/* The next line with its end; false at the end of the text. */
static bool
next_line(struct slice *rest, struct slice *line)
{
	size_t len = slice_find(*rest, '\n');

	if (rest->len == 0)
		return false;
	*line = slice_head(*rest, len + 1);
	*rest = slice_from(*rest, len + 1);
	return true;
}

static bool
is_empty_line(struct slice line)
{
	return slice_eq(line, SLICE("\n")) || slice_eq(line, SLICE("\r\n"));
}

/* ---- the line before a message ---- */

static bool
is_one_of(struct slice word, const char *three_letters)
{
	struct slice names = slice_str(three_letters);

	for (; names.len > 0; names = slice_from(names, 3))
		if (slice_eq_nocase(slice_head(word, 3),
		    slice_head(names, 3)))
			return word.len == 3 ||
			    (word.len == 4 && word.ptr[3] == ',');
	return false;
}

/* "10:00", with anything after it. */
static bool
is_time(struct slice word)
{
	size_t colon = slice_find(word, ':');

	return colon > 0 && colon + 1 < word.len &&
	    ascii_is_digit(word.ptr[colon - 1]) &&
	    ascii_is_digit(word.ptr[colon + 1]);
}

/* "From alice@example.com Mon Nov 23 10:00:01 2026": day, month and time. */
static bool
has_date(struct slice line)
{
	struct slice rest = slice_trim(line), word;
	bool day = false, month = false, time = false, more = true;

	while (more) {
		more = slice_cut(&rest, ' ', &word);
		day = day || is_one_of(word, "MonTueWedThuFriSatSun");
		month = month || is_one_of(word,
		    "JanFebMarAprMayJunJulAugSepOctNovDec");
		time = time || is_time(word);
	}
	return day && month && time;
}

static bool
is_from_line(const struct mbox *m, struct slice line)
{
	return slice_starts(line, from_line_start) &&
	    (!m->dated || has_date(line));
}

/* ---- messages ---- */

/* `m->rest` begins with a message, which ends before the next one's line. */
static struct slice
take_message(struct mbox *m)
{
	struct slice text = m->rest, rest = text, line;
	size_t len = text.len, at, empty = 0;

	while (m->is_mbox && next_line(&rest, &line)) {
		at = (size_t)(line.ptr - text.ptr);
		if (empty > 0 && is_from_line(m, line)) {
			len = at;
			break;
		}
		empty = is_empty_line(line) ? line.len : 0;
	}
	m->rest = slice_from(text, len);
	return slice_head(text, len - empty);
}

bool
mbox_next(struct mbox *m, struct slice *from_line, struct slice *message)
{
	*from_line = SLICE("");
	if (m->rest.ptr == NULL)
		return false;
	if (m->is_mbox) {
		(void)next_line(&m->rest, from_line);
		*from_line = slice_trim(*from_line);
	}
	*message = take_message(m);
	if (m->rest.len == 0)
		m->rest.ptr = NULL;
	return true;
}

static void
pass_over(struct mbox *m)
{
	struct slice rest, line;

	if (slice_starts(m->rest, SLICE("\xEF\xBB\xBF"))) {
		m->mark = MBOX_UTF8;
		m->rest = slice_from(m->rest, 3);
	} else if (slice_starts(m->rest, SLICE("\xFF\xFE")) ||
	    slice_starts(m->rest, SLICE("\xFE\xFF"))) {
		m->mark = MBOX_UTF16;
	}
	for (rest = m->rest; next_line(&rest, &line) &&
	    slice_trim(line).len == 0; m->rest = rest)
		m->blank++;
}

void
mbox_init(struct mbox *m, struct slice file)
{
	struct slice rest, line;
	struct mbox all;

	*m = (struct mbox){ .rest = file.ptr != NULL ? file : SLICE("") };
	pass_over(m);
	rest = m->rest;
	if (next_line(&rest, &line) && slice_starts(line, from_line_start)) {
		m->is_mbox = true;
		m->dated = has_date(line);
	}
	for (all = *m; mbox_next(&all, &line, &rest); )
		m->count++;
}

/* ---- quoted lines ---- */

/* How many ">" are before "From "; 0: it is no quoted line. */
static size_t
quotes(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '>')
		n++;
	return slice_starts(slice_from(line, n), from_line_start) ? n : 0;
}

size_t
mbox_quoted(struct slice body)
{
	struct slice line;
	size_t count = 0;

	while (next_line(&body, &line))
		count += quotes(line) > 0;
	return count;
}

static bool
loses_quote(struct slice line, enum mbox_quoting how)
{
	size_t n = how != MBOX_PLAIN ? quotes(line) : 0;

	return n == 1 || (n > 1 && how == MBOX_RD);
}

void
mbox_unquote(struct slice body, enum mbox_quoting how, bool crlf,
    struct buf *out)
{
	struct slice line;

	while (next_line(&body, &line)) {
		if (loses_quote(line, how))
			line = slice_from(line, 1);
		if (crlf && line.ptr[line.len - 1] == '\n' &&
		    (line.len < 2 || line.ptr[line.len - 2] != '\r')) {
			buf_add(out, slice_head(line, line.len - 1));
			line = SLICE("\r\n");
		}
		buf_add(out, line);
	}
}
