/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/find.h"

#include "tests/tap.h"

static int
compare(const void *key, const void *row)
{
	const int *a = key, *b = row;

	return (*a > *b) - (*a < *b);
}

static const int numbers[] = { 1, 3, 3, 3, 5, 8, 8 };

static const struct {
	int	key;
	size_t	count, want;
} cases[] = {
	{ .key = 3, .count = 0, .want = 0 },
	{ .key = 0, .count = 1, .want = 0 },
	{ .key = 1, .count = 1, .want = 0 },
	{ .key = 2, .count = 1, .want = 1 },
	{ .key = 0, .count = 7, .want = 0 },
	{ .key = 1, .count = 7, .want = 0 },
	{ .key = 2, .count = 7, .want = 1 },
	{ .key = 3, .count = 7, .want = 1 },
	{ .key = 3, .count = 2, .want = 1 },
	{ .key = 4, .count = 7, .want = 4 },
	{ .key = 5, .count = 7, .want = 4 },
	{ .key = 8, .count = 7, .want = 5 },
	{ .key = 8, .count = 6, .want = 5 },
	{ .key = 9, .count = 7, .want = 7 }
};

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(find_first(&cases[i].key, numbers, cases[i].count,
		    sizeof(numbers[0]), compare) == cases[i].want,
		    "%d in %zu numbers", cases[i].key, cases[i].count);
	return tap_done();
}
