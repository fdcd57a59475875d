/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message with an ARC chain of a trusted sealer, to be sealed by us, while
 * memory is short: each allocation fails once, ours or OpenSSL's.  The
 * message is deferred, or all is found that there is.  It may go without a
 * seal of ours when OpenSSL has no memory, but never with a bad result.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mail/header.h"
#include "message/arc.h"
#include "tests/dkim/sslfail.h"
#include "tests/message/shortage.h"
#include "tests/tap.h"

#define SCENARIO "tests/data/replay/arc-trusted"

static const char configuration[] =
    "authserv-id: mx.example.org\n"
    "resolver: {zone: %s/" SCENARIO "/zone.yaml}\n"
    "trusted-sealers: lists.example\n"
    "limits: {seal-age: 7d}\n"
    "seal: {domain: example.org, selector: s, file: %s,\n"
    "    when: [{relayed-to: example.net}]}\n"
    "policy: [{name: sealed, action: accept,\n"
    "    when: {arc-sealer: fwd.example.net}},\n"
    "    {name: rest, action: reject}]\n";

static struct arena		*arena;
static struct mail_header	 header;
static struct slice		 body;

static const char *
top(void)
{
	const char *dir = getenv("top_srcdir");

	return dir != NULL ? dir : ".";
}

static bool
write_files(void)
{
	char where[4096], text[16384];

	if (!shortage_folder() || realpath(top(), where) == NULL)
		return false;
	snprintf(text, sizeof(text), configuration, where,
	    shortage_path("k.pem"));
	return shortage_write("assay.yaml", text);
}

static bool
read_message(void)
{
	char path[4096], block[65536];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/" SCENARIO "/message.eml", top());
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	n = fread(block, 1, sizeof(block), f);
	(void)fclose(f);
	arena = arena_new(1 << 20);
	mail_header_init(&header, arena);
	return mail_header_parse(&header, arena_dup(arena,
	    (struct slice){ block, n }), &body);
}

static void
feed(struct message *m)
{
	size_t i;

	message_helo(m, SLICE("fwd.example.net"));
	message_mail(m, &(struct message_envelope){
		.path = SLICE("<bounce@fwd.example.net>"),
		.now = 1780272000 });
	message_recipient(m, SLICE("<bob@example.net>"));
	for (i = 0; i < header.count; i++)
		message_field(m, header.fields[i].name,
		    header.fields[i].value);
	message_header_end(m);
	message_body(m, body);
}

#define UNSEALED SHORTAGE_OWN

static enum shortage_end
end_of(struct message *m)
{
	const struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct message_orders o;

	if (!message_finish(m, &waiting, &o))
		return SHORTAGE_DEFERRED;
	if (o.action != POLICY_ACCEPT ||
	    message_arc(m)->result != AUTH_PASS ||
	    message_arc(m)->oldest_pass != 2 ||
	    message_inserted(&o, SLICE("Authentication-Results")) == NULL)
		return SHORTAGE_WRONG;
	return message_inserted(&o, SLICE("ARC-Seal")) != NULL ?
	    SHORTAGE_DONE : UNSEALED;
}

static const struct shortage_message sealed_mail = {
	"198.51.100.7", feed, end_of
};

int
main(void)
{
	struct dkim_context *dkim;
	struct shortage_found f;
	struct engine *e;

	if (!sslfail_init() || !write_files() || !read_message())
		return EXIT_FAILURE;
	dkim = dkim_context_new();
	e = shortage_engine(dkim);
	if (e == NULL || e->signing == NULL)
		return EXIT_FAILURE;
	ok(shortage_run(&sealed_mail, e) == SHORTAGE_DONE,
	    "sealed, with memory");
	f = shortage_ours(&sealed_mail, e, UNSEALED);
	ok(f.end == SHORTAGE_DONE && f.hits == 0 && f.deferred > 3,
	    "ours: %lu allocations, %lu deferred", f.allocations, f.deferred);
	f = shortage_openssl(&sealed_mail, e);
	ok(f.end == SHORTAGE_DONE && f.hits == 0 && f.deferred > 0,
	    "OpenSSL's: %lu allocations, %lu deferred", f.allocations,
	    f.deferred);
	ok(shortage_run(&sealed_mail, e) == SHORTAGE_DONE, "and again");
	engine_unref(e);
	dkim_context_free(dkim);
	arena_free(arena);
	shortage_remove();
	return tap_done();
}
