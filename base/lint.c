/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: see lint.h.
 */
#include "base/lint.h"

#include <stdbool.h>

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

static bool
same(struct slice a, size_t i, struct slice b, size_t j)
{
	return ascii_lower(a.ptr[i]) == ascii_lower(b.ptr[j]);
}

/*
 * Letters to add, drop, change, or swap with the next one, between two words
 * of at most WORD_MAX letters.
 */
static size_t
edits(struct slice a, struct slice b)
{
	size_t table[WORD_MAX + 1][WORD_MAX + 1], i, j, n;

	for (i = 0; i <= a.len; i++) {
		for (j = 0; j <= b.len; j++) {
			if (i == 0 || j == 0) {
				table[i][j] = i + j;
				continue;
			}
			n = least(least(table[i - 1][j], table[i][j - 1]) + 1,
			    table[i - 1][j - 1] + !same(a, i - 1, b, j - 1));
			if (i > 1 && j > 1 && same(a, i - 1, b, j - 2) &&
			    same(a, i - 2, b, j - 1))
				n = least(n, table[i - 2][j - 2] + 1);
			table[i][j] = n;
		}
	}
	return table[a.len][b.len];
}

const char *
lint_nearest(struct slice word, const char *const *words)
{
	const char *best = NULL;
	size_t n, least_edits = 3;
	struct slice other;

	for (; word.len <= WORD_MAX && *words != NULL; words++) {
		other = slice_str(*words);
		if (other.len > WORD_MAX)
			continue;
		n = edits(word, other);
		if (n < least_edits && n <= (other.len < 5 ? 1u : 2u) &&
		    n < other.len) {
			best = *words;
			least_edits = n;
		}
	}
	return best;
}
