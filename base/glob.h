/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glob: patterns in which "*" is any text, none as well.
 *
 * Case of ASCII letters does not matter.  Costs at most the product of both
 * lengths, so a caller must bound patterns and texts that others have made.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

bool	glob_matches(struct slice pattern, struct slice text);

#endif
