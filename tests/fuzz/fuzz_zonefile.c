/* SPDX-License-Identifier: BSD-2-Clause */
/* A zone file, from its text: read, or refused with a place. */
#include <stdlib.h>
#include <string.h>

#include "config/zonefile.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_TYPE_A, DNS_TYPE_AAAA,
	    DNS_TYPE_MX, DNS_TYPE_PTR, DNS_TYPE_TXT, DNS_TYPE_CNAME,
	    DNS_TYPE_TLSA };
	struct slice text = { (const char *)data, size };
	const struct dns_answer *a;
	char why[512] = "";
	struct dns_zone *z;
	size_t i;

	z = zonefile_read_text(text, "fuzz", why, sizeof(why));
	if (z == NULL) {
		if (strncmp(why, "fuzz:", 5) != 0)
			abort();
		return 0;
	}
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		a = dns_zone_answer(z, SLICE("a.example"), types[i]);
		if ((a->outcome == DNS_FOUND) != (a->count > 0))
			abort();
		dns_answer_unref(a);
	}
	dns_zone_free(z);
	return 0;
}
