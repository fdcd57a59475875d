/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml_mend: leaves out what cannot be read.
 *
 *  1. A block begins in a line that is not indented, and goes on to the next
 *     such line.
 *  2. If its value is a list with an item in each line that begins with "-",
 *     all as far indented as the first, the item is what is left out.
 *  3. Else it is the block.
 */
#include "config/yaml_internal.h"

#include <string.h>

/* The line that begins at `at`, with its end. */
static struct slice
line_at(struct slice text, size_t at)
{
	struct slice rest = slice_from(text, at);
	size_t end = slice_find(rest, '\n');

	return slice_head(rest, end < rest.len ? end + 1 : rest.len);
}

static size_t
indent_of(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == ' ')
		n++;
	return n;
}

/* Nothing, or a comment. */
static bool
is_blank(struct slice line)
{
	size_t n = 0;

	while (n < line.len && strchr(" \t\r\n", line.ptr[n]) != NULL &&
	    line.ptr[n] != '\0')
		n++;
	return n == line.len || line.ptr[n] == '#';
}

/* Where what is before it has ended; the end of a list is part of it. */
static bool
begins_at_most(struct slice line, size_t indent)
{
	size_t n = indent_of(line);

	return !is_blank(line) && n <= indent && line.ptr[n] != '\t' &&
	    line.ptr[n] != ']' && line.ptr[n] != '}';
}

static bool
is_item(struct slice line, size_t indent)
{
	size_t n = indent_of(line);

	return n == indent && n < line.len && line.ptr[n] == '-';
}

struct part {
	size_t	begin, end;	/* octets */
};

/* Step 1.  `at` is where the line begins. */
static struct part
block_around(struct slice text, size_t at)
{
	struct part p = { 0, 0 };
	struct slice line;
	size_t i;

	for (i = 0; i < text.len; i += line.len) {
		line = line_at(text, i);
		if (!begins_at_most(line, 0))
			continue;
		if (i > at) {
			p.end = i;
			return p;
		}
		p.begin = i;
	}
	p.end = text.len;
	return p;
}

/* Step 2.  How far are items indented, if the value is a list? */
static bool
items_indent(struct slice text, struct part p, size_t *indent)
{
	struct slice line = line_at(text, p.begin);
	size_t i;

	for (i = p.begin + line.len; i < p.end; i += line.len) {
		line = line_at(text, i);
		if (is_blank(line))
			continue;
		*indent = indent_of(line);
		return is_item(line, *indent);
	}
	return false;
}

static struct part
item_around(struct slice text, struct part block, size_t at)
{
	struct part p = block;
	struct slice line = line_at(text, block.begin);
	bool found = false;
	size_t i, indent;

	if (!items_indent(text, block, &indent))
		return block;
	for (i = block.begin + line.len; i < block.end; i += line.len) {
		line = line_at(text, i);
		if (i <= at && is_item(line, indent)) {
			p.begin = i;
			found = true;
		} else if (i > at && found && begins_at_most(line, indent)) {
			p.end = i;
			return p;
		}
	}
	return found ? p : block;
}

static bool
blank_out(char *text, struct part p)
{
	bool changed = false;
	size_t i;

	for (i = p.begin; i < p.end; i++) {
		if (strchr("\r\n ", text[i]) != NULL && text[i] != '\0')
			continue;
		text[i] = ' ';
		changed = true;
	}
	return changed;
}

/* Where the line begins; of one without text, the last before it. */
static size_t
place_of(struct slice text, size_t number)
{
	size_t i, last = 0, n = 1;
	struct slice line;

	for (i = 0; i < text.len && n <= number; i += line.len, n++) {
		line = line_at(text, i);
		if (!is_blank(line))
			last = i;
	}
	return last;
}

bool
yaml_mend(char *text, size_t len, size_t line)
{
	struct slice s = { text, len };
	size_t at = place_of(s, line);

	return blank_out(text, item_around(s, block_around(s, at), at));
}
