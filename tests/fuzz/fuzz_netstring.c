/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what a socketmap client sends.
 *
 * What must hold: a request that is whole is within the input and the limit,
 * and written anew is what was taken; one that is not whole stays so however
 * it is cut.
 */
#include <string.h>

#include "base/limits.h"
#include "tests/fuzz/fuzz.h"
#include "tlspol/netstring.h"

static void
check_whole(struct slice before, struct slice after, struct slice out)
{
	struct buf b;

	must(out.len <= LIMIT_TLSPOL_REQUEST);
	buf_init(&b, LIMIT_TLSPOL_REQUEST + 16);
	netstring_put(out, &b);
	must(b.len + after.len == before.len);
	must(slice_eq(buf_slice(&b), slice_head(before, b.len)));
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, before, out, part;
	enum netstring_state state;

	do {
		before = rest;
		state = netstring_take(&rest, LIMIT_TLSPOL_REQUEST, &out);
		if (state != NETSTRING_WHOLE)
			break;
		check_whole(before, rest, out);
		part = slice_head(before, before.len - rest.len - 1);
		must(netstring_take(&part, LIMIT_TLSPOL_REQUEST, &out) ==
		    NETSTRING_PART);
	} while (rest.len > 0);
	return 0;
}
