/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: TLSRPT records.
 *
 * What must hold: a record that is taken has URIs, which stand in it; so does
 * the one written anew with them; what does not begin with the version is none.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"
#include "tlspolicy/tlsrpt.h"

static void
check_again(const struct tlsrpt_record *r)
{
	struct tlsrpt_record again;
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "v=TLSRPTv1; x=y; rua=");
	buf_add(&b, r->rua);
	must(buf_failed(&b) || (tlsrpt_record_parse(buf_slice(&b), &again) &&
	    again.found == TLSRPT_FOUND && again.uris == r->uris &&
	    slice_eq(again.rua, r->rua)));
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct tlsrpt_record r;

	if (!tlsrpt_record_parse(text, &r)) {
		must(r.found == TLSRPT_NONE && r.uris == 0);
		return 0;
	}
	must(slice_starts(text, SLICE("v=TLSRPTv1")));
	must((r.found == TLSRPT_FOUND) == (r.problem == NULL));
	if (r.found != TLSRPT_FOUND)
		return 0;
	must(r.uris > 0 && r.rua.ptr > text.ptr &&
	    r.rua.ptr + r.rua.len <= text.ptr + text.len);
	check_again(&r);
	return 0;
}
