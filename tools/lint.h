/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: notes on a record, kept and shown.
 */
#ifndef TOOLS_LINT_H
#define TOOLS_LINT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/lint.h"
#include "tools/text.h"

struct lint_item;

struct lint_notes {
	struct arena		*arena;
	struct lint_item	*first, **last;
	unsigned int		 errors;
	bool			 cut;	/* memory was short */
};

void	lint_notes_init(struct lint_notes *n, struct arena *arena);
/* A lint_fn; `arg` is struct lint_notes. */
void	lint_notes_add(void *arg, const struct lint_note *note);
/* Each record once, with what is wrong with it below. */
void	lint_notes_text(struct text *t, const struct lint_notes *n);
/* What to fix, most serious first, each with its name and what to publish. */
void	lint_notes_list(struct text *t, const struct lint_notes *n);
/* An array of {"weight", "domain", "record", "at", "part", "what", "name",
   "publish"} */
void	lint_notes_json(struct json *j, const char *key,
	    const struct lint_notes *n);

#endif
