/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: output for a human, in colour on a terminal.
 */
#include "tools/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"

#define ITEM_WIDTH 13

/* ECMA-48, Select Graphic Rendition. */
static const char *const codes[] = {
	[TEXT_PLAIN] = "",
	[TEXT_BOLD] = "\033[1m",
	[TEXT_DIM] = "\033[2m",
	[TEXT_GOOD] = "\033[32m",
	[TEXT_BAD] = "\033[31m",
	[TEXT_DOUBT] = "\033[33m"
};

static bool
wants_colour(FILE *out)
{
	struct slice no = slice_str(getenv("NO_COLOR"));
	struct slice term = slice_str(getenv("TERM"));

	return isatty(fileno(out)) == 1 && no.len == 0 && term.len > 0 &&
	    !slice_eq(term, SLICE("dumb"));
}

void
text_init(struct text *t, FILE *out, bool no_color)
{
	t->out = out;
	t->colour = !no_color && wants_colour(out);
	t->begun = false;
}

void
text_say(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
}

void
text_style(struct text *t, enum text_style style, const char *fmt, ...)
{
	bool colour = t->colour && style != TEXT_PLAIN;
	va_list ap;

	if (colour)
		fputs(codes[style], t->out);
	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	if (colour)
		fputs("\033[0m", t->out);
}

void
text_title(struct text *t, const char *title)
{
	if (t->begun)
		text_end(t);
	t->begun = true;
	text_style(t, TEXT_BOLD, "%s", title);
}

void
text_item(struct text *t, const char *name)
{
	text_say(t, "  %-*s", ITEM_WIDTH, name);
}

void
text_indent(struct text *t, unsigned int levels)
{
	for (; levels > 0; levels--)
		text_say(t, "  ");
}

void
text_end(struct text *t)
{
	text_say(t, "\n");
}

void
text_foreign(struct text *t, struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '\\')
			text_say(t, "\\\\");
		else if (ascii_is_printable(c))
			putc(c, t->out);
		else
			text_say(t, "\\x%02x",
			    (unsigned int)(unsigned char)c);
	}
}

size_t
text_width(struct slice s)
{
	size_t i, width = 0;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\\')
			width += 2;
		else
			width += ascii_is_printable(s.ptr[i]) ? 1 : 4;
	}
	return width;
}

void
text_mark(struct text *t, size_t column, size_t width)
{
	while (column-- > 0)
		putc(' ', t->out);
	while (width-- > 0)
		putc('^', t->out);
}

void
text_value(struct text *t, struct slice s)
{
	if (s.len == 0)
		text_style(t, TEXT_DIM, "(none)");
	text_foreign(t, slice_head(s, TEXT_VALUE_MAX));
	if (s.len > TEXT_VALUE_MAX)
		text_style(t, TEXT_DIM, " ... %zu octets more",
		    s.len - TEXT_VALUE_MAX);
}

void
text_result(struct text *t, enum auth_result r)
{
	enum text_style style = TEXT_DOUBT;

	if (r == AUTH_PASS)
		style = TEXT_GOOD;
	else if (r == AUTH_FAIL || r == AUTH_PERMERROR)
		style = TEXT_BAD;
	else if (r == AUTH_NONE || r == AUTH_NEUTRAL)
		style = TEXT_PLAIN;
	text_style(t, style, "%s", auth_result_name(r));
}

void
text_span(int64_t seconds, char out[TEXT_SPAN])
{
	static const struct {
		int64_t		 length;
		const char	*name;
	} units[] = {
		{ 365 * 86400, "year" },
		{ 86400, "day" },
		{ 3600, "hour" },
		{ 60, "minute" },
		{ 1, "second" }
	};
	size_t i = 0;
	int64_t n;

	while (units[i].length > 1 && seconds < units[i].length)
		i++;
	n = seconds / units[i].length;
	snprintf(out, TEXT_SPAN, "%" PRId64 " %s%s", n, units[i].name,
	    n == 1 ? "" : "s");
}

void
text_time(int64_t seconds, char out[TEXT_TIME])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(out, TEXT_TIME, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(out, TEXT_TIME, "%" PRId64, seconds);
}
