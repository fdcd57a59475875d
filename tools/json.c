/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: one JSON value (RFC 8259), written as it is told.
 */
#include "tools/json.h"

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/lex.h"

#define REPLACEMENT 0xFFFD	/* Unicode: for what cannot be read */

void
json_init(struct json *j, FILE *out)
{
	j->out = out;
	j->comma = false;
}

/* All in front of a value. */
static void
begin(struct json *j, const char *key)
{
	if (j->comma)
		putc(',', j->out);
	j->comma = true;
	if (key != NULL)
		fprintf(j->out, "\"%s\":", key);
}

void
json_object(struct json *j, const char *key)
{
	begin(j, key);
	putc('{', j->out);
	j->comma = false;
}

void
json_object_end(struct json *j)
{
	putc('}', j->out);
	j->comma = true;
}

void
json_array(struct json *j, const char *key)
{
	begin(j, key);
	putc('[', j->out);
	j->comma = false;
}

void
json_array_end(struct json *j)
{
	putc(']', j->out);
	j->comma = true;
}

/* One character behind ASCII, of well-formed UTF-8 (RFC 3629 section 3). */
static unsigned long
decode(struct slice s)
{
	unsigned long code = (unsigned char)s.ptr[0];
	size_t i;

	code &= s.len == 2 ? 0x1F : s.len == 3 ? 0x0F : 0x07;
	for (i = 1; i < s.len; i++)
		code = code << 6 | ((unsigned char)s.ptr[i] & 0x3F);
	return code;
}

/* RFC 8259 section 7: above the first plane as a surrogate pair. */
static void
escape(struct json *j, unsigned long code)
{
	if (code < 0x10000) {
		fprintf(j->out, "\\u%04lx", code);
		return;
	}
	code -= 0x10000;
	fprintf(j->out, "\\u%04lx\\u%04lx", 0xD800 + (code >> 10),
	    0xDC00 + (code & 0x3FF));
}

static void
write_character(struct json *j, struct cursor *c)
{
	struct cursor start = *c;
	char octet = '\0';

	if (lex_utf8(c)) {
		escape(j, decode(cursor_since(c, &start)));
		return;
	}
	(void)cursor_any(c, &octet);
	if (octet == '"' || octet == '\\')
		fprintf(j->out, "\\%c", octet);
	else if (octet == ' ' || ascii_is_vchar(octet))
		putc(octet, j->out);
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
	putc('"', j->out);
	while (!cursor_at_end(&c))
		write_character(j, &c);
	putc('"', j->out);
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
	begin(j, key);
	fprintf(j->out, "%lld", value);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	fputs(value ? "true" : "false", j->out);
}

void
json_null(struct json *j, const char *key)
{
	begin(j, key);
	fputs("null", j->out);
}
