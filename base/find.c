/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find: see find.h.
 */
#include "base/find.h"

size_t
find_first(const void *key, const void *list, size_t count, size_t size,
    find_compare_fn *compare)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(key, (const char *)list + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
