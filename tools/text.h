/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: output for a human, in colour on a terminal.
 *
 * Foreign text goes through text_foreign() or text_value() alone: octets
 * that are not printable ASCII leave as \xNN, and a backslash as \\, so that
 * no message can control the terminal or forge a line of output.  Errors
 * of the stream show in ferror(), to be asked once at the end.
 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"
#include "mail/result.h"

struct text {
	FILE	*out;
	bool	 colour;
	bool	 begun;		/* something was said */
};

enum text_style {
	TEXT_PLAIN,
	TEXT_BOLD,
	TEXT_DIM,
	TEXT_GOOD,
	TEXT_BAD,
	TEXT_DOUBT
};

/* Colour: a terminal, and neither `no_color` nor NO_COLOR nor TERM=dumb. */
void	text_init(struct text *t, FILE *out, bool no_color);

/* What we say ourselves: no foreign text among the arguments. */
void	text_say(struct text *t, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	text_style(struct text *t, enum text_style style, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* A heading, after an empty line if it is not the first; no line end. */
void	text_title(struct text *t, const char *title);
/* The beginning of a line of a section: "  name      ". */
void	text_item(struct text *t, const char *name);
/* Two blanks for each level. */
void	text_indent(struct text *t, unsigned int levels);
void	text_end(struct text *t);

void	text_foreign(struct text *t, struct slice s);
/* The same, cut at TEXT_VALUE_MAX octets, and "(none)" when empty. */
#define TEXT_VALUE_MAX 1000
void	text_value(struct text *t, struct slice s);
/* Columns that text_foreign() takes for it. */
size_t	text_width(struct slice s);
/* Marks a part of the line above: blanks, then "^^^^"; no line end. */
void	text_mark(struct text *t, size_t column, size_t width);
/* "pass" and its relatives, in their colour. */
void	text_result(struct text *t, enum auth_result r);

/* "2 days", "1 hour": the largest unit that fits. */
#define TEXT_SPAN 40
void	text_span(int64_t seconds, char out[TEXT_SPAN]);
/* "2026-11-22 10:00:00 UTC"; the number alone where no calendar reaches. */
#define TEXT_TIME 48
void	text_time(int64_t seconds, char out[TEXT_TIME]);

#endif
