/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: any message is signed and verified again.
 *
 * The first octet chooses the canonicalization and how the body is cut; the
 * rest is the message.  What must hold: our own verifier passes what we
 * signed, unless the two new fields made the header too large for it; the
 * same message gives the same hazards however it is cut.
 */

#include "dkim/sign.h"
#include "resolver/zone.h"
#include "tests/dkim/signing.h"
#include "tests/fuzz/fuzz.h"

static struct dkim_context	*ctx;
static struct dns_zone		*zone;
static struct dkim_sign_key	 key;

static void
start(void)
{
	struct dkim_private_key *k =
	    dkim_private_key_generate(DKIM_KEY_ED25519, 0);

	ctx = dkim_context_new();
	zone = dns_zone_new();
	must(k != NULL && ctx != NULL && zone != NULL);
	must(signing_publish(zone, k, SLICE("s"), SLICE("example.org")));
	key = (struct dkim_sign_key){ SLICE("s"), k };
}

static void
verify(const struct signing_result *r)
{
	struct run run;

	must(run_message(&run, ctx, &test_options, zone,
	    text_slice(&r->message), 5));
	must(run.count > 0);
	must(run.signatures[0].result == AUTH_PASS || run.header.overflow);
	run_fini(&run);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = { (const char *)data, size };
	struct dkim_sign_options o = {
		.domain = SLICE("example.org"),
		.keys = &key,
		.key_count = 1,
		.now = TEST_NOW,
	};
	struct signing_result whole, cut;

	if (ctx == NULL)
		start();
	if (size == 0)
		return 0;
	o.relaxed_header = (data[0] & 1) != 0;
	o.relaxed_body = (data[0] & 2) != 0;
	message = slice_from(message, 1);
	if (signing_run(&whole, ctx, &o, message, SIZE_MAX)) {
		verify(&whole);
		must(signing_run(&cut, ctx, &o, message,
		    1 + (data[0] >> 2)));
		must(cut.hazards == whole.hazards);
		must(slice_eq(text_slice(&cut.fields),
		    text_slice(&whole.fields)));
		signing_fini(&cut);
	}
	signing_fini(&whole);
	return 0;
}
