/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: keys of a TLS policy table.
 *
 * What must hold: the text of a key that was read reads as the same, and is
 * its own text.
 */
#include "tests/fuzz/fuzz.h"
#include "tlspolicy/tlspolicy.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TLSPOLICY_HOP_MAX], second[TLSPOLICY_HOP_MAX];
	struct tlspolicy_hop hop, again;
	struct slice key;

	if (!tlspolicy_key((struct slice){ (const char *)data, size }, &hop))
		return 0;
	must(hop.is_smart || (!hop.is_host && hop.port == 25));
	key = tlspolicy_hop_text(&hop, text);
	must(key.len < TLSPOLICY_HOP_MAX);
	must(tlspolicy_key(key, &again));
	must(domain_eq(&again.domain, &hop.domain));
	must(again.is_host == hop.is_host && again.port == hop.port);
	must(slice_eq(tlspolicy_hop_text(&again, second), key));
	return 0;
}
