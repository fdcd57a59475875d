/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: see doctor.h.
 */
#include "tools/doctor.h"

#define LINES_SHOWN 6
#define PHRASE_MAX 200

/*
 * "%L" are the lines, "%N" is the number, "%F" the field; the text comes
 * after, in quotes or line by line.
 */
static const struct {
	const char	*name;		/* in JSON */
	const char	*words;
	const char	*plural;	/* when there are more lines than one */
	enum { NO_TEXT, QUOTED, LINES } text;
} kinds[] = {
	[DKIM_EDIT_HEAD] = { "banner", "without the first line",
		"without the first %L lines", LINES },
	[DKIM_EDIT_FOOT] = { "footer", "without the last line",
		"without the last %L lines", LINES },
	[DKIM_EDIT_PART_FOOT] = { "part-footer", "without the last line of "
		"part %N", "without the last %L lines of part %N", LINES },
	[DKIM_EDIT_PART] = { "part-added", "without part %N, which was added",
		NULL, LINES },
	[DKIM_EDIT_WRAPPED] = { "part-wrapped", "with part %N as the whole "
		"body: it was put into a multipart", NULL, NO_TEXT },
	[DKIM_EDIT_PREAMBLE] = { "preamble", "without the text before the "
		"first part", NULL, LINES },
	[DKIM_EDIT_EPILOGUE] = { "epilogue", "without the text after the "
		"last part", NULL, LINES },
	[DKIM_EDIT_FIRST_BLANK] = { "first-blank", "with an empty line on "
		"top, which was removed", NULL, NO_TEXT },
	[DKIM_EDIT_BLANKS] = { "blank-lines", "without empty lines that were "
		"added", NULL, NO_TEXT },
	[DKIM_EDIT_QUOTED_FROM] = { "quoted-from", "with \"From \" at the "
		"start of lines, where \">From \" is now", NULL, NO_TEXT },
	[DKIM_EDIT_UNQUOTED_FROM] = { "unquoted-from", "with \">From \" at "
		"the start of lines, where \"From \" is now", NULL, NO_TEXT },
	[DKIM_EDIT_TRAILING] = { "trailing-blanks", "without blanks at the "
		"ends of lines", NULL, NO_TEXT },
	[DKIM_EDIT_LINE_ENDS] = { "line-ends", "with CRLF for each CR or LF "
		"alone", NULL, NO_TEXT },
	[DKIM_EDIT_DOTS] = { "dots", "with one dot removed at the start of "
		"lines that begin with two", NULL, NO_TEXT },
	[DKIM_EDIT_NO_DOTS] = { "dots-lost", "with one dot added at the start "
		"of lines that begin with one", NULL, NO_TEXT },
	[DKIM_EDIT_BROKEN_LINES] = { "broken-lines", "with split lines joined "
		"again", NULL, NO_TEXT },
	[DKIM_EDIT_WAS_8BIT] = { "was-8bit", "decoded to 8bit: it is now",
		NULL, QUOTED },
	[DKIM_EDIT_WAS_QUOTED] = { "was-quoted-printable", "encoded as "
		"quoted-printable again", NULL, NO_TEXT },
	[DKIM_EDIT_WAS_BASE64] = { "was-base64", "encoded as base64 again",
		NULL, NO_TEXT },
	[DKIM_EDIT_FIELD] = { "field-added", "without the field %F, number "
		"%N of this name", NULL, NO_TEXT },
	[DKIM_EDIT_PREFIX] = { "prefix", "with the %F less its", NULL,
		QUOTED },
	[DKIM_EDIT_SUFFIX] = { "suffix", "with the %F less, at its end,",
		NULL, QUOTED },
	[DKIM_EDIT_MOVED] = { "tag-moved", "with, in the %F, after the "
		"\"Re:\" and not before it,", NULL, QUOTED },
	[DKIM_EDIT_VALUE] = { "value", "with as %F", NULL, QUOTED },
	[DKIM_EDIT_BLANKS_IN] = { "white-space", "with other white space in "
		"the %F", NULL, NO_TEXT },
	[DKIM_EDIT_COMMAS] = { "commas", "with other blanks at the commas of "
		"the %F", NULL, NO_TEXT }
};

/* The phrase, without its text; a field is a name of h=, printable. */
static void
make_phrase(const struct dkim_edit *e, struct buf *out)
{
	const char *p = kinds[e->kind].words;

	if (e->lines > 1 && kinds[e->kind].plural != NULL)
		p = kinds[e->kind].plural;
	for (; *p != '\0'; p++) {
		if (*p != '%')
			buf_addc(out, *p);
		else if (*++p == 'L')
			buf_addf(out, "%zu", e->lines);
		else if (*p == 'N')
			buf_addf(out, "%zu", e->number);
		else
			buf_add(out, e->name);
	}
}

static void
text_lines(struct text *t, struct slice text)
{
	struct slice rest = text, line;
	size_t n;

	text_say(t, ":");
	for (n = 0; n < LINES_SHOWN && rest.len > 0; n++) {
		(void)slice_cut_line(&rest, &line);
		text_end(t);
		text_item(t, "");
		text_say(t, "  | ");
		text_foreign(t, slice_head(line, TEXT_VALUE_MAX));
	}
	if (rest.len > 0) {
		text_end(t);
		text_item(t, "");
		text_say(t, "  | ...");
	}
}

static void
text_edit(struct text *t, const struct dkim_edit *e, bool first)
{
	struct buf phrase;

	buf_init(&phrase, PHRASE_MAX + LIMIT_DOCTOR_FIELD);
	make_phrase(e, &phrase);
	text_item(t, "");
	text_style(t, TEXT_GOOD, "%s", first ? "verifies " : "and ");
	text_foreign(t, buf_slice(&phrase));
	if (kinds[e->kind].text == QUOTED) {
		text_say(t, " \"");
		text_value(t, e->text);
		text_say(t, "\"");
	} else if (kinds[e->kind].text == LINES) {
		text_lines(t, e->text);
	}
	text_end(t);
	buf_fini(&phrase);
}

void
cure_text(struct text *t, const struct dkim_cure *cure)
{
	size_t i;

	for (i = 0; i < cure->count && cure->found; i++)
		text_edit(t, &cure->edits[i], i == 0);
	if (cure->found)
		return;
	text_item(t, "");
	text_style(t, TEXT_DOUBT, "%s\n", cure->no_memory ?
	    "it is not known which edit did it: out of memory" : cure->cut ?
	    "no edit was found that explains it; not all were tried, it is too "
	    "large" : "none of the usual edits explains it");
}

void
cure_json(struct json *j, const char *key, const struct dkim_cure *cure)
{
	const struct dkim_edit *e;
	struct buf phrase;
	size_t i;

	json_object(j, key);
	json_bool(j, "found", cure->found);
	json_bool(j, "complete", !cure->cut && !cure->no_memory);
	json_array(j, "edits");
	for (i = 0; i < cure->count && cure->found; i++) {
		e = &cure->edits[i];
		buf_init(&phrase, PHRASE_MAX + LIMIT_DOCTOR_FIELD);
		make_phrase(e, &phrase);
		json_object(j, NULL);
		json_string(j, "edit", kinds[e->kind].name);
		json_slice_or_null(j, "field", e->name);
		json_number(j, "number", (long long)e->number);
		json_number(j, "lines", (long long)e->lines);
		json_slice_or_null(j, "text", e->text);
		json_slice(j, "what", buf_slice(&phrase));
		json_object_end(j);
		buf_fini(&phrase);
	}
	json_array_end(j);
	json_object_end(j);
}

void
cure_hints_text(struct text *t, const struct mail_header *h)
{
	static const struct {
		struct slice	 name;
		const char	*words;
	} hints[] = {
		{ SLICE_INIT("X-Content-Filtered-By"),
		  "parts were removed, which cannot be undone" },
		{ SLICE_INIT("X-MIME-Autoconverted"),
		  "a mail server changed the encoding" }
	};
	const struct mail_field *f;
	size_t i;

	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		f = mail_header_find(h, hints[i].name, 1);
		if (f == NULL)
			continue;
		text_item(t, "hint");
		text_foreign(t, f->name);
		text_say(t, " (");
		text_value(t, slice_trim(f->value));
		text_say(t, "): %s\n", hints[i].words);
	}
}
