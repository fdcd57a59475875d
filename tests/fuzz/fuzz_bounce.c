/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: delivery status notifications.
 *
 * Text is bounded, what is no notice says nothing, and a tag in the address
 * that the mail was sent to comes first.
 */

#include "report/bounce.h"
#include "tests/fuzz/fuzz.h"

#define ADDRESS "b+0000000000000001-0000000000000002@x"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	struct arena *arena = arena_new(64U << 10);
	struct bounce b;

	if (arena == NULL)
		return 0;
	if (bounce_read(input, SLICE(ADDRESS), arena, &b)) {
		must(b.tag_count >= 1 && b.tag_count <= LIMIT_BOUNCE_TAGS);
		must(b.tags[0].policy == 1 && b.tags[0].hash == 2);
		must(b.status.len <= LIMIT_BOUNCE_TEXT);
		must(b.diagnostic.len <= LIMIT_BOUNCE_TEXT);
		must(b.final_recipient.len <= LIMIT_BOUNCE_TEXT);
		must(b.kind >= BOUNCE_DELAYED || (b.status.len == 0 &&
		    b.diagnostic.len == 0));
	}
	arena_free(arena);
	return 0;
}
