/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support: see support.h.
 */
#include "tests/arc/support.h"

#include <stdio.h>
#include <stdlib.h>

const struct arc_options arc_test_options = {
	.minimum_rsa_bits = 1024,
	.now = TEST_NOW
};

static void
path_of(const char *name, char *out, size_t size)
{
	const char *top = getenv("top_srcdir");

	(void)snprintf(out, size, "%s/tests/data/arc/%s",
	    top != NULL ? top : ".", name);
}

struct text
arc_read(const char *name)
{
	char path[4096];

	path_of(name, path, sizeof(path));
	return support_read_path(path);
}

struct dns_zone *
arc_zone(void)
{
	char path[4096];

	path_of("keys.txt", path, sizeof(path));
	return support_zone_path(path);
}

static void
answer_all(struct arc_run *r, const struct dns_zone *zone)
{
	struct dns_entry *e;

	while (zone != NULL && (e = dns_ledger_take_new(r->ledger)) != NULL)
		dns_ledger_answer(e, dns_zone_answer(zone, e->name,
		    e->type));
}

bool
arc_run_message(struct arc_run *r, struct dkim_context *ctx,
    const struct arc_options *options, const struct dns_zone *zone,
    struct slice message, size_t chunk)
{
	struct slice body;

	*r = (struct arc_run){ .arena = arena_new(LIMIT_MESSAGE_MEMORY) };
	if (r->arena == NULL)
		return false;
	r->ledger = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	r->dkim = dkim_verifier_new(ctx, &test_options, r->arena);
	r->validator = arc_validator_new(ctx, options, r->arena);
	if (r->ledger == NULL || r->dkim == NULL || r->validator == NULL)
		return false;
	mail_header_init(&r->header, r->arena);
	(void)mail_header_parse(&r->header, message, &body);
	dkim_verifier_header_end(r->dkim, &r->header, NULL);
	arc_validator_header(r->validator, &r->header,
	    dkim_verifier_hashes(r->dkim));
	(void)arc_validator_ask(r->validator, r->ledger);
	answer_all(r, zone);
	for (; body.len > 0; body = slice_from(body, chunk))
		dkim_verifier_body(r->dkim, slice_head(body, chunk));
	dkim_verifier_finish(r->dkim, &r->header, r->ledger);
	arc_validator_finish(r->validator, r->ledger);
	r->verdict = arc_validator_verdict(r->validator);
	return true;
}

void
arc_run_fini(struct arc_run *r)
{
	dkim_verifier_fini(r->dkim);
	dns_ledger_free(r->ledger);
	arena_free(r->arena);
}
