/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail of ours while memory is short, with `unsigned: tempfail`: each
 * allocation fails once, ours or OpenSSL's.  The message is signed or it is
 * deferred; it never leaves unsigned, and lack of memory is never taken for
 * something that is wrong with the message.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dkim/sslfail.h"
#include "tests/message/shortage.h"
#include "tests/tap.h"

static const char configuration[] =
    "authserv-id: mx.example.org\n"
    "trusted-networks: [127.0.0.0/8]\n"
    "unsigned: tempfail\n"
    "resolver: {zone: zone.yaml}\n"
    "sign:\n"
    "  - {domains: [example.org], keys: [{selector: s, file: %s}]}\n";

static bool
write_files(void)
{
	char text[1024];

	if (!shortage_folder())
		return false;
	snprintf(text, sizeof(text), configuration, shortage_path("k.pem"));
	return shortage_write("assay.yaml", text) &&
	    shortage_write("zone.yaml", "zonedata: {}\n");
}

static void
feed(struct message *m)
{
	message_helo(m, SLICE("localhost"));
	message_mail(m, &(struct message_envelope){
		.path = SLICE("<joe@example.org>"), .now = 1790000000 });
	message_field(m, SLICE("From"), SLICE(" Joe <joe@example.org>"));
	message_field(m, SLICE("Subject"), SLICE(" one\r\n two"));
	message_field(m, SLICE("Date"), SLICE(" today"));
	message_header_end(m);
	message_body(m, SLICE("Hi.\r\n"));
}

static enum shortage_end
end_of(struct message *m)
{
	const struct inquiry_waiting waiting = { .progress_ms = 0 };
	enum signing_state state;
	struct message_orders o;

	if (!message_finish(m, &waiting, &o))
		return slice_same_str(message_unsigned_why(m, false),
		    signing_problem(SIGNING_FAILED)) ? SHORTAGE_DEFERRED :
		    SHORTAGE_WRONG;
	state = message_results(m)->signing.state;
	if (o.action == POLICY_TEMPFAIL)
		return state == SIGNING_FAILED ? SHORTAGE_DEFERRED :
		    SHORTAGE_WRONG;
	return o.action == POLICY_ACCEPT && state == SIGNING_READY &&
	    message_inserted(&o, SLICE("DKIM-Signature")) != NULL ?
	    SHORTAGE_DONE : SHORTAGE_WRONG;
}

static const struct shortage_message signed_mail = {
	"127.0.0.1", feed, end_of
};

int
main(void)
{
	struct dkim_context *dkim;
	struct shortage_found f;
	struct engine *e;

	if (!sslfail_init() || !write_files())
		return EXIT_FAILURE;
	dkim = dkim_context_new();
	e = shortage_engine(dkim);
	if (e == NULL || e->signing == NULL)
		return EXIT_FAILURE;
	ok(shortage_run(&signed_mail, e) == SHORTAGE_DONE,
	    "signed, with memory");
	f = shortage_ours(&signed_mail, e, SHORTAGE_WRONG);
	ok(f.end == SHORTAGE_DONE && f.hits == 0 && f.deferred > 3,
	    "ours: %lu allocations, %lu deferred", f.allocations, f.deferred);
	f = shortage_openssl(&signed_mail, e);
	/* How many of them it can do without differs between versions. */
	ok(f.end == SHORTAGE_DONE && f.hits == 0 && f.deferred > 0,
	    "OpenSSL's: %lu allocations, %lu deferred", f.allocations,
	    f.deferred);
	ok(shortage_run(&signed_mail, e) == SHORTAGE_DONE, "and again");
	engine_unref(e);
	dkim_context_free(dkim);
	shortage_remove();
	return tap_done();
}
