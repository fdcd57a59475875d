/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shortage: see shortage.h.
 */
#include "tests/message/shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "dkim/sign.h"
#include "message/signing.h"
#include "tests/dkim/sslfail.h"

static char folder[] = "/tmp/assay-short-XXXXXX";

const char *
shortage_path(const char *name)
{
	static char path[sizeof(folder) + 32];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

bool
shortage_folder(void)
{
	struct dkim_private_key *k;
	char why[512];
	bool good;

	if (mkdtemp(folder) == NULL)
		return false;
	k = dkim_private_key_generate(DKIM_KEY_RSA, 1024);
	good = k != NULL && dkim_private_key_write(k, shortage_path("k.pem"),
	    why, sizeof(why));
	dkim_private_key_free(k);
	return good;
}

bool
shortage_write(const char *name, const char *text)
{
	FILE *f = fopen(shortage_path(name), "w");
	bool good = f != NULL && fputs(text, f) >= 0;

	return f != NULL && fclose(f) == 0 && good;
}

struct engine *
shortage_engine(struct dkim_context *dkim)
{
	struct config *c;
	struct engine *e;
	char why[1024];

	c = config_read(shortage_path("assay.yaml"), why, sizeof(why));
	e = c == NULL ? NULL : engine_new(c, dkim, why, sizeof(why));
	if (e != NULL)
		e->signing = signing_load(e->config, why, sizeof(why));
	if (e == NULL || e->signing == NULL)
		printf("# %s\n", why);
	return e;
}

void
shortage_remove(void)
{
	(void)unlink(shortage_path("k.pem"));
	(void)unlink(shortage_path("zone.yaml"));
	(void)unlink(shortage_path("assay.yaml"));
	(void)rmdir(folder);
}

enum shortage_end
shortage_run(const struct shortage_message *s, struct engine *e)
{
	struct message_client client = { .mta = SLICE("Postfix 3.7.11") };
	enum shortage_end end = SHORTAGE_DEFERRED;
	struct message *m;

	(void)ipaddr_parse(slice_str(s->client), &client.address);
	m = message_new(engine_ref(e), &client, SLICE("mx.example.org"));
	if (m != NULL) {
		s->feed(m);
		end = s->end(m);
	}
	message_free(m);
	return end;
}

struct shortage_found
shortage_ours(const struct shortage_message *s, struct engine *e,
    enum shortage_end stop)
{
	struct shortage_found f = { .end = SHORTAGE_DEFERRED, .hits = 1 };

	for (; f.allocations < SHORTAGE_MANY && f.hits > 0 &&
	    f.end != SHORTAGE_WRONG && f.end != stop; f.allocations++) {
		mem_fail_after(f.allocations, 1);
		f.end = shortage_run(s, e);
		f.hits = mem_fail_hits();
		mem_fail_after(0, 0);
		f.deferred += f.end == SHORTAGE_DEFERRED;
	}
	return f;
}

struct shortage_found
shortage_openssl(const struct shortage_message *s, struct engine *e)
{
	struct shortage_found f = { .end = SHORTAGE_DEFERRED, .hits = 1 };

	for (; f.allocations < SHORTAGE_MANY && f.hits > 0 &&
	    f.end != SHORTAGE_WRONG; f.allocations++) {
		sslfail_after((long)f.allocations, false);
		f.end = shortage_run(s, e);
		f.hits = sslfail_hits();
		sslfail_after(-1, false);
		f.deferred += f.end == SHORTAGE_DEFERRED;
	}
	return f;
}
