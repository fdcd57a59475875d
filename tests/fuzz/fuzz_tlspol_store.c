/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the cache file of assay-tlspol.
 *
 * What must hold: whatever is read of it, what is written then is read whole,
 * with as many policies.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "tests/fuzz/fuzz.h"
#include "tlspol/store.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct memory *m = memory_new(1000, 1u << 20),
	    *n = memory_new(1000, 1u << 20);
	struct buf b;
	size_t line;

	(void)store_read_text(m, text, 1100, &line);
	buf_init(&b, LIMIT_TLSPOL_FILE);
	store_write_text(m, 1100, &b);
	if (!store_read_text(n, buf_slice(&b), 1100, &line) ||
	    memory_policies(n) != memory_policies(m))
		abort();
	buf_fini(&b);
	memory_free(m);
	memory_free(n);
	return 0;
}
