/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: MTA-STS records.
 *
 * What must hold: a record that is taken has an id of letters and digits; so
 * does the one written anew with that id; another field more changes nothing;
 * what does not begin with the version is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "tests/fuzz/fuzz.h"
#include "tlspolicy/sts.h"

static void
check_again(const struct sts_record *r, struct slice text)
{
	struct sts_record again;
	char *longer = malloc(text.len + 16);
	char anew[64];

	(void)snprintf(anew, sizeof(anew), "v=STSv1; id=%s", r->id);
	must(sts_record_parse(slice_str(anew), &again) &&
	    again.found == STS_RECORD_FOUND && strcmp(again.id, r->id) == 0);
	if (longer == NULL)
		return;
	memcpy(longer, text.ptr, text.len);
	memcpy(longer + text.len, ";x=y", 4);
	/* But for a ";" that is there already. */
	must(sts_record_parse((struct slice){ longer, text.len + 4 },
	    &again));
	must(again.found != STS_RECORD_FOUND ||
	    strcmp(again.id, r->id) == 0);
	free(longer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct sts_record r;
	size_t i;

	if (!sts_record_parse(text, &r)) {
		must(r.found == STS_RECORD_NONE && r.id[0] == '\0');
		return 0;
	}
	must(slice_starts(text, SLICE("v=STSv1")));
	must((r.found == STS_RECORD_FOUND) == (r.problem == NULL));
	must((r.found == STS_RECORD_FOUND) == (r.id[0] != '\0'));
	for (i = 0; r.id[i] != '\0'; i++)
		must(i < STS_ID_MAX && ascii_is_alnum(r.id[i]));
	if (r.found == STS_RECORD_FOUND)
		check_again(&r, text);
	return 0;
}
