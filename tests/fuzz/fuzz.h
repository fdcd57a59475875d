/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: what all fuzz targets have.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What does not hold ends the target, and so is found. */
static inline void
must(bool good)
{
	if (!good)
		abort();
}

#endif
