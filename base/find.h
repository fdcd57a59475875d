/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find: a place in a sorted list.
 *
 * bsearch() finds some row that is equal to the key; this finds the first
 * one, so that all that are equal can be visited from there.  Any thread.
 */
#ifndef BASE_FIND_H
#define BASE_FIND_H

#include <stddef.h>

/* As of bsearch(): is the key before the row, equal to it, or after it? */
typedef int (find_compare_fn)(const void *key, const void *row);

/*
 * The index of the first of `count` rows of `size` octets that is not before
 * the key; `count` when all are.
 */
size_t	find_first(const void *key, const void *list, size_t count,
	    size_t size, find_compare_fn *compare);

#endif
