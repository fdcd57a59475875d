/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message with an ARC chain of a trusted sealer, to be sealed by us, while
 * memory is short: each allocation fails once, ours or OpenSSL's.  The
 * message is deferred, or all is found that there is.  It may go without a
 * seal of ours when OpenSSL has no memory, but never with a bad result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "dkim/sign.h"
#include "mail/header.h"
#include "message/arc.h"
#include "message/engine.h"
#include "message/message.h"
#include "message/signing.h"
#include "tests/dkim/sslfail.h"
#include "tests/tap.h"

#define MANY 20000
#define SCENARIO "tests/data/replay/arc-trusted"

static const char configuration[] =
    "authserv-id: mx.example.org\n"
    "resolver: {zone: %s/" SCENARIO "/zone.yaml}\n"
    "trusted-sealers: lists.example\n"
    "limits: {seal-age: 7d}\n"
    "seal: {domain: example.org, selector: s, file: %s/k.pem,\n"
    "    when: [{relayed-to: example.net}]}\n"
    "policy: [{name: sealed, action: accept,\n"
    "    when: {arc-sealer: fwd.example.net}},\n"
    "    {name: rest, action: reject}]\n";

static char folder[] = "/tmp/assay-arc-XXXXXX";
static struct arena		*arena;
static struct mail_header	 header;
static struct slice		 body;

static const char *
top(void)
{
	const char *dir = getenv("top_srcdir");

	return dir != NULL ? dir : ".";
}

static const char *
path_of(const char *name)
{
	static char path[sizeof(folder) + 32];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static bool
write_files(void)
{
	struct dkim_private_key *k;
	char where[4096], why[512];
	bool good;
	FILE *f;

	if (mkdtemp(folder) == NULL ||
	    realpath(top(), where) == NULL)
		return false;
	k = dkim_private_key_generate(DKIM_KEY_RSA, 1024);
	good = k != NULL && dkim_private_key_write(k, path_of("k.pem"), why,
	    sizeof(why));
	dkim_private_key_free(k);
	f = fopen(path_of("assay.yaml"), "w");
	if (f == NULL)
		return false;
	fprintf(f, configuration, where, folder);
	return fclose(f) == 0 && good;
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

static struct engine *
make_engine(struct dkim_context *dkim)
{
	struct config *c;
	struct engine *e;
	char why[1024];

	c = config_read(path_of("assay.yaml"), why, sizeof(why));
	e = c == NULL ? NULL : engine_new(c, dkim, why, sizeof(why));
	if (e != NULL)
		e->signing = signing_load(e->config, why, sizeof(why));
	if (e == NULL || e->signing == NULL)
		printf("# %s\n", why);
	return e;
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

enum end { DONE, UNSEALED, DEFERRED, WRONG };

static enum end
end_of(struct message *m)
{
	const struct inquiry_waiting waiting = { .progress_ms = 0 };
	struct message_orders o;

	if (!message_finish(m, &waiting, &o))
		return DEFERRED;
	if (o.action != POLICY_ACCEPT ||
	    message_arc(m)->result != AUTH_PASS ||
	    message_arc(m)->oldest_pass != 2 ||
	    message_inserted(&o, SLICE("Authentication-Results")) == NULL)
		return WRONG;
	return message_inserted(&o, SLICE("ARC-Seal")) != NULL ? DONE :
	    UNSEALED;
}

static enum end
run(struct engine *e)
{
	struct message_client client = { .mta = SLICE("Postfix 3.7.11") };
	struct message *m;
	enum end end = DEFERRED;

	(void)ipaddr_parse(SLICE("198.51.100.7"), &client.address);
	m = message_new(engine_ref(e), &client, SLICE("mx.example.org"));
	if (m != NULL) {
		feed(m);
		end = end_of(m);
	}
	message_free(m);
	return end;
}

static void
test_ours(struct engine *e)
{
	unsigned long n, hits = 1, deferred = 0;
	enum end end = DEFERRED;

	for (n = 0; n < MANY && hits > 0 && end != WRONG &&
	    end != UNSEALED; n++) {
		mem_fail_after(n, 1);
		end = run(e);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		deferred += end == DEFERRED;
	}
	ok(end == DONE && hits == 0 && deferred > 3,
	    "ours: %lu allocations, %lu deferred", n, deferred);
}

static void
test_openssl(struct engine *e)
{
	unsigned long hits = 1, deferred = 0;
	enum end end = DEFERRED;
	long n;

	for (n = 0; n < MANY && hits > 0 && end != WRONG; n++) {
		sslfail_after(n, false);
		end = run(e);
		hits = sslfail_hits();
		sslfail_after(-1, false);
		deferred += end == DEFERRED;
	}
	ok(end == DONE && hits == 0 && deferred > 0,
	    "OpenSSL's: %ld allocations, %lu deferred", n, deferred);
}

int
main(void)
{
	struct dkim_context *dkim;
	struct engine *e;

	if (!sslfail_init() || !write_files() || !read_message())
		return EXIT_FAILURE;
	dkim = dkim_context_new();
	e = make_engine(dkim);
	if (e == NULL || e->signing == NULL)
		return EXIT_FAILURE;
	ok(run(e) == DONE, "sealed, with memory");
	test_ours(e);
	test_openssl(e);
	ok(run(e) == DONE, "and again");
	engine_unref(e);
	dkim_context_free(dkim);
	arena_free(arena);
	(void)unlink(path_of("k.pem"));
	(void)unlink(path_of("assay.yaml"));
	(void)rmdir(folder);
	return tap_done();
}
