/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: see json.h.
 */
#include "base/json.h"

#include <inttypes.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/utf8.h"

#define REPLACEMENT 0xFFFD	/* Unicode: for what cannot be read */

static void
put_to_buf(void *sink, struct slice text)
{
	buf_add(sink, text);
}

static void
put_to_stream(void *sink, struct slice text)
{
	(void)fwrite(text.ptr, 1, text.len, sink);
}

void
json_to_buf(struct json *j, struct buf *b)
{
	*j = (struct json){ .put = put_to_buf, .sink = b };
}

void
json_to_stream(struct json *j, FILE *f)
{
	*j = (struct json){ .put = put_to_stream, .sink = f };
}

static void
put(struct json *j, const char *text)
{
	j->put(j->sink, slice_str(text));
}

/* Everything before a value. */
static void
begin(struct json *j, const char *key)
{
	if (j->comma)
		put(j, ",");
	j->comma = true;
	if (key == NULL)
		return;
	put(j, "\"");
	put(j, key);
	put(j, "\":");
}

void
json_object(struct json *j, const char *key)
{
	begin(j, key);
	put(j, "{");
	j->comma = false;
}

void
json_object_end(struct json *j)
{
	put(j, "}");
	j->comma = true;
}

void
json_array(struct json *j, const char *key)
{
	begin(j, key);
	put(j, "[");
	j->comma = false;
}

void
json_array_end(struct json *j)
{
	put(j, "]");
	j->comma = true;
}

/* RFC 8259 section 7: above the first plane as a surrogate pair. */
static void
escape(struct json *j, uint32_t code)
{
	char text[16];

	if (code < 0x10000) {
		snprintf(text, sizeof(text), "\\u%04" PRIx32, code);
	} else {
		code -= 0x10000;
		snprintf(text, sizeof(text), "\\u%04" PRIx32 "\\u%04" PRIx32,
		    0xD800 + (code >> 10 & 0x3FF), 0xDC00 + (code & 0x3FF));
	}
	put(j, text);
}

/* Neither a quote nor a backslash, nor anything that is not printable. */
static bool
is_plain(char c)
{
	return ascii_is_printable(c) && c != '"' && c != '\\';
}

static void
put_character(struct json *j, struct cursor *c)
{
	struct cursor start = *c;
	char octet = '\0';

	while (!cursor_at_end(c) && is_plain(*c->p))
		c->p++;
	if (c->p > start.p) {
		j->put(j->sink, cursor_since(c, &start));
		return;
	}
	if (utf8_take(c)) {
		escape(j, utf8_code(cursor_since(c, &start)));
		return;
	}
	(void)cursor_any(c, &octet);
	if (octet == '"' || octet == '\\')
		put(j, octet == '"' ? "\\\"" : "\\\\");
	else if (ascii_is_8bit(octet))
		escape(j, REPLACEMENT);
	else
		escape(j, (unsigned char)octet);
}

void
json_slice(struct json *j, const char *key, struct slice value)
{
	struct cursor c = cursor_of(value);

	begin(j, key);
	put(j, "\"");
	while (!cursor_at_end(&c))
		put_character(j, &c);
	put(j, "\"");
}

void
json_string(struct json *j, const char *key, const char *value)
{
	if (value == NULL)
		json_null(j, key);
	else
		json_slice(j, key, slice_str(value));
}

void
json_slice_or_null(struct json *j, const char *key, struct slice value)
{
	if (value.len == 0)
		json_null(j, key);
	else
		json_slice(j, key, value);
}

void
json_number(struct json *j, const char *key, long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	begin(j, key);
	put(j, text);
}

void
json_tenths(struct json *j, const char *key, long long tenths)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%lld", tenths / 10, tenths % 10);
	begin(j, key);
	put(j, text);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	put(j, value ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	begin(j, key);
	put(j, "null");
}
