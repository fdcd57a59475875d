/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/lint.h"

#include <string.h>

#include "tests/tap.h"

int
main(void)
{
	static const char *const words[] = { "none", "quarantine", "reject",
		"p", "sp", "a-word-of-more-than-twenty-letters", NULL };
	static const struct {
		const char	*word;
		const char	*want;
	} rows[] = {
		{ "quarantine", "quarantine" },
		{ "Quarantine", "quarantine" },
		{ "quarentine", "quarantine" },
		{ "quarntin", "quarantine" },
		{ "reject ", "reject" },
		{ "rejct", "reject" },
		{ "rejcet", "reject" },
		{ "rjeect", "reject" },
		{ "nnoe", "none" },
		{ "nneo", NULL },
		{ "ps", "sp" },
		{ "rejected", "reject" },
		{ "rejectedd", NULL },
		{ "non", "none" },
		{ "no", NULL },
		{ "ssp", "sp" },
		{ "x", NULL },		/* not "p": nothing of it is left */
		{ "", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaa", NULL },
	};
	const struct slice record = SLICE("v=spf1 foo -all");
	struct lint_note note = { .weight = LINT_HINT };
	const char *got;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = lint_nearest(slice_str(rows[i].word), words);
		is_str(got != NULL ? got : "(none)", rows[i].want != NULL ?
		    rows[i].want : "(none)", rows[i].word);
	}
	lint_note_place(&note, record, slice_head(slice_from(record, 7), 3));
	ok(note.at == 7 && note.len == 3, "the place of a part");
	lint_note_place(&note, record, SLICE(""));
	ok(note.at == 0 && note.len == 0, "no part: all of it");
	is_str(lint_weight_name(LINT_ERROR), "error", "error");
	is_str(lint_weight_name(LINT_WARNING), "warning", "warning");
	is_str(lint_weight_name(LINT_HINT), "hint", "hint");
	return tap_done();
}
