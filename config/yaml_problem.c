/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml_problem: from what libyaml says to what is to be written.
 */
#include "config/yaml_internal.h"

#include <stdio.h>
#include <string.h>

/* The first that fits counts. */
static const struct advice {
	char		 at;		/* 0: any */
	const char	*problem;	/* a part of it; NULL: any */
	const char	*context;	/* likewise */
	bool		 begins;	/* the place is where the context is */
	bool		 from;		/* ", which begins at LINE:COLUMN" */
	const char	*text;
} advices[] = {
	{ '\t', NULL, NULL, false, false,
	  "a tab; indent with spaces" },
	{ 0, "tab", NULL, false, false,
	  "a tab; indent with spaces" },
	{ '%', "any token", NULL, false, false,
	  "text that begins with \"%\" needs quotes" },
	{ '@', "any token", NULL, false, false,
	  "text that begins with \"@\" needs quotes" },
	{ '`', "any token", NULL, false, false,
	  "text that begins with \"`\" needs quotes" },
	{ 0, NULL, "an alias", true, false,
	  "text that begins with \"*\" needs quotes, as in "
	  "\"*.example.org\"" },
	{ 0, NULL, "an anchor", true, false,
	  "text that begins with \"&\" needs quotes" },
	{ 0, NULL, "flow sequence", false, true,
	  "\",\" or \"]\" is missing before this, in the list" },
	{ 0, NULL, "flow mapping", false, true,
	  "\",\" or \"}\" is missing before this, in the mapping" },
	{ ':', NULL, "flow node", false, false,
	  "text that begins with \":\" needs quotes, as in \"::1\"" },
	{ 0, NULL, "flow node", false, false,
	  "a value is missing before this; a list ends with \"]\", a mapping "
	  "with \"}\"" },
	{ ':', NULL, "plain scalar", true, false,
	  "text that ends with \":\" needs quotes, as in \"2001:db8::\"" },
	{ 0, "escape", "quoted scalar", false, false,
	  "no such escape; in \"...\" a backslash begins one, in '...' it is "
	  "itself" },
	{ 0, NULL, "quoted scalar", true, false,
	  "this text begins with a quote and does not end with one" },
	{ 0, NULL, "simple key", true, false,
	  "\": \" is missing; a key is written \"key: value\"" },
	{ 0, NULL, "block collection", false, true,
	  "this is indented neither as a part of the item before it nor as "
	  "a new item (\"- \") of the list" },
	{ 0, NULL, "block", false, true,
	  "this does not fit here: keys that belong together are indented "
	  "alike, and nothing follows quotes; see the mapping" },
	{ 0, "mapping values", NULL, false, false,
	  "\": \" has no place here: keys that belong together are indented "
	  "alike, a space follows \"-\", and text with \": \" in it needs "
	  "quotes" },
	{ 0, NULL, NULL, false, false, NULL }
};

static bool
has(const char *text, const char *part)
{
	return part == NULL || (text != NULL && strstr(text, part) != NULL);
}

static const struct advice *
advice_on(const struct yaml_problem *p)
{
	const struct advice *a = advices;

	while (a->text != NULL && ((a->at != 0 && a->at != p->at) ||
	    !has(p->problem, a->problem) || !has(p->context, a->context)))
		a++;
	return a;
}

void
yaml_problem_explain(const struct yaml_problem *p, size_t *line,
    size_t *column, char *out, size_t out_size)
{
	const struct advice *a = advice_on(p);

	*line = a->begins ? p->context_line : p->line;
	*column = a->begins ? p->context_column : p->column;
	if (a->from)
		snprintf(out, out_size, "%s that begins at %zu:%zu", a->text,
		    p->context_line, p->context_column);
	else
		snprintf(out, out_size, "%s",
		    a->text != NULL ? a->text : p->problem);
}

static const struct lookalike {
	struct slice	 octets;
	bool		 first;		/* counts at the beginning alone */
	const char	*text;
} lookalikes[] = {
	{ SLICE_INIT("\xc2\xa0"), false,
	  "a no-break space; write an ordinary one" },
	{ SLICE_INIT("\xe2\x80\x8b"), false,
	  "a zero-width space; remove it" },
	{ SLICE_INIT("\xe2\x80\x9c"), true,
	  "a typographic quote; write \" or '" },
	{ SLICE_INIT("\xe2\x80\x9d"), true,
	  "a typographic quote; write \" or '" },
	{ SLICE_INIT("\xe2\x80\x9e"), true,
	  "a typographic quote; write \" or '" },
	{ SLICE_INIT("\xe2\x80\x98"), true,
	  "a typographic quote; write \" or '" },
	{ SLICE_INIT("\xe2\x80\x99"), true,
	  "a typographic quote; write \" or '" }
};

const char *
yaml_lookalike(struct slice text, size_t *at)
{
	size_t i, k;

	*at = 0;
	for (i = 0; i < text.len; i++) {
		for (k = 0; k < sizeof(lookalikes) / sizeof(lookalikes[0]);
		    k++) {
			if ((i == 0 || !lookalikes[k].first) &&
			    slice_starts(slice_from(text, i),
			    lookalikes[k].octets))
				return lookalikes[k].text;
		}
		*at += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	}
	return NULL;
}
