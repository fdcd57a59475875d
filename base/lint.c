/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: see lint.h.
 */
#include "base/lint.h"

#include "base/ascii.h"

#define WORD_MAX 20	/* letters of a word that is compared */

const char *
lint_weight_name(enum lint_weight w)
{
	switch (w) {
	case LINT_ERROR:
		return "error";
	case LINT_WARNING:
		return "warning";
	case LINT_HINT:
		break;
	}
	return "hint";
}

void
lint_note_place(struct lint_note *note, struct slice record,
    struct slice part)
{
	note->record = record;
	note->at = part.len > 0 ? (size_t)(part.ptr - record.ptr) : 0;
	note->len = part.len;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Letters to add, drop or change between two words of at most WORD_MAX
 * letters: one row of the table at a time.
 */
static size_t
edits(struct slice a, struct slice b)
{
	size_t row[WORD_MAX + 1], i, j, corner, above;

	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			above = row[j];
			row[j] = least(least(row[j], row[j - 1]) + 1, corner +
			    (ascii_lower(a.ptr[i - 1]) !=
			    ascii_lower(b.ptr[j - 1])));
			corner = above;
		}
	}
	return row[b.len];
}

const char *
lint_nearest(struct slice word, const char *const *words)
{
	const char *best = NULL;
	size_t n, least_edits = 3;
	struct slice other;

	for (; word.len <= WORD_MAX && *words != NULL; words++) {
		other = slice_str(*words);
		n = edits(word, other);
		if (n < least_edits && n <= (other.len < 5 ? 1u : 2u) &&
		    n < other.len) {
			best = *words;
			least_edits = n;
		}
	}
	return best;
}
