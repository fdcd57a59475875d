/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail of ours while memory is short, with `unsigned: tempfail`: each
 * allocation fails once, ours or OpenSSL's.  The message is signed or it is
 * deferred; it never leaves unsigned, and want of memory is never taken for
 * something that is wrong with the message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "dkim/sign.h"
#include "message/engine.h"
#include "message/message.h"
#include "message/signing.h"
#include "tests/dkim/sslfail.h"
#include "tests/tap.h"

#define MANY 20000

static const char configuration[] =
    "authserv-id: mx.example.org\n"
    "trusted-networks: [127.0.0.0/8]\n"
    "unsigned: tempfail\n"
    "resolver: {zone: zone.yaml}\n"
    "sign:\n"
    "  - {domains: [example.org], keys: [{selector: s, file: %s/k.pem}]}\n";

static char folder[] = "/tmp/assay-own-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[sizeof(folder) + 32];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static bool
write_text(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");
	bool good = f != NULL && fputs(text, f) >= 0;

	return f != NULL && fclose(f) == 0 && good;
}

static bool
write_files(void)
{
	struct dkim_private_key *k;
	char text[1024], why[512];
	bool good;

	if (mkdtemp(folder) == NULL)
		return false;
	k = dkim_private_key_generate(DKIM_KEY_RSA, 1024);
	good = k != NULL && dkim_private_key_write(k, path_of("k.pem"), why,
	    sizeof(why));
	dkim_private_key_free(k);
	snprintf(text, sizeof(text), configuration, folder);
	return good && write_text("assay.yaml", text) &&
	    write_text("zone.yaml", "zonedata: {}\n");
}

static void
remove_files(void)
{
	(void)unlink(path_of("k.pem"));
	(void)unlink(path_of("zone.yaml"));
	(void)unlink(path_of("assay.yaml"));
	(void)rmdir(folder);
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
	message_helo(m, SLICE("localhost"));
	message_mail(m, &(struct message_envelope){
		.path = SLICE("<joe@example.org>"), .now = 1790000000 });
	message_field(m, SLICE("From"), SLICE(" Joe <joe@example.org>"));
	message_field(m, SLICE("Subject"), SLICE(" one\r\n two"));
	message_field(m, SLICE("Date"), SLICE(" today"));
	message_header_end(m);
	message_body(m, SLICE("Hi.\r\n"));
}

enum end { SIGNED, DEFERRED, WRONG };

static enum end
end_of(struct message *m)
{
	const struct inquiry_waiting waiting = { .progress_ms = 0 };
	enum signing_state state;
	struct message_orders o;

	if (!message_finish(m, &waiting, &o))
		return DEFERRED;
	state = message_results(m)->signing.state;
	if (o.action == POLICY_TEMPFAIL)
		return state == SIGNING_FAILED ? DEFERRED : WRONG;
	return o.action == POLICY_ACCEPT && state == SIGNING_READY &&
	    message_inserted(&o, SLICE("DKIM-Signature")) != NULL ? SIGNED :
	    WRONG;
}

static enum end
run(struct engine *e)
{
	struct message_client client = { .mta = SLICE("Postfix 3.7.11") };
	struct message *m;
	enum end end = DEFERRED;

	(void)ipaddr_parse(SLICE("127.0.0.1"), &client.address);
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

	for (n = 0; n < MANY && hits > 0 && end != WRONG; n++) {
		mem_fail_after(n, 1);
		end = run(e);
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		deferred += end == DEFERRED;
	}
	ok(end == SIGNED && hits == 0 && deferred > 3,
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
	/* How many of them it can do without differs between versions. */
	ok(end == SIGNED && hits == 0 && deferred > 0,
	    "OpenSSL's: %ld allocations, %lu deferred", n, deferred);
}

int
main(void)
{
	struct dkim_context *dkim;
	struct engine *e;

	if (!sslfail_init() || !write_files())
		return EXIT_FAILURE;
	dkim = dkim_context_new();
	e = make_engine(dkim);
	if (e == NULL || e->signing == NULL)
		return EXIT_FAILURE;
	ok(run(e) == SIGNED, "signed, with memory");
	test_ours(e);
	test_openssl(e);
	ok(run(e) == SIGNED, "and again");
	engine_unref(e);
	dkim_context_free(dkim);
	remove_files();
	return tap_done();
}
