/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the "from" part of a Received field.
 *
 * What it finds is in the field, and is in its "from" part: the same
 * is found whatever is put after, and nothing when the word in front goes.
 */

#include "base/buf.h"
#include "mail/received.h"
#include "tests/fuzz/fuzz.h"

#define ROOM	(1u << 20)

static bool
read_between(const char *before, struct slice text, const char *after,
    struct ipaddr *out)
{
	struct received r;
	struct buf b;
	bool good;

	buf_init(&b, 2 * ROOM);
	buf_adds(&b, before);
	buf_add(&b, text);
	buf_adds(&b, after);
	must(!buf_failed(&b));
	good = received_read(buf_slice(&b), &r);
	*out = r.client;
	buf_fini(&b);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct ipaddr again;
	struct received r, exact;

	if (size > ROOM)
		return 0;
	must(received_read(text, &r) == (r.client.family != IPADDR_NONE));
	must(r.helo.len == 0 || (r.helo.ptr >= text.ptr &&
	    r.helo.ptr + r.helo.len <= text.ptr + text.len));
	if (r.client.family == IPADDR_NONE)
		return 0;
	must(read_between("\r\n ", text, "", &again) &&
	    ipaddr_eq(&again, &r.client));
	must(read_between("", text, " by x ([192.0.2.255])", &again) &&
	    ipaddr_eq(&again, &r.client));
	must(!read_between("x", text, "", &again));
	/* The exact form is one of those that are read. */
	if (received_read_exact(text, &exact))
		must(ipaddr_eq(&exact.client, &r.client) &&
		    slice_eq(exact.helo, r.helo));
	return 0;
}
