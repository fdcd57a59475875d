/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A check starts again from its top at every answer, but no record is read
 * twice for that: what was read is kept beside the answer.
 *
 * Two SPF identities and DMARC over one ledger, as a message has them; one
 * answer at a time, with all checks run after each.  What is counted are
 * calls of the parsers, which the linker leads through here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "dmarc/dmarc.h"
#include "resolver/ledger.h"
#include "resolver/zone.h"
#include "spf/record_internal.h"
#include "spf/spf.h"
#include "tests/tap.h"

static unsigned int spf_parses, dmarc_parses;

enum spf_record_status	__real_spf_record_parse(struct slice text,
			    const struct ipaddr *client, struct arena *a,
			    struct spf_record *out);
enum spf_record_status	__wrap_spf_record_parse(struct slice text,
			    const struct ipaddr *client, struct arena *a,
			    struct spf_record *out);
bool	__real_dmarc_record_parse(struct slice text,
	    struct dmarc_record *out);
bool	__wrap_dmarc_record_parse(struct slice text,
	    struct dmarc_record *out);

enum spf_record_status
__wrap_spf_record_parse(struct slice text, const struct ipaddr *client,
    struct arena *a, struct spf_record *out)
{
	spf_parses++;
	return __real_spf_record_parse(text, client, a, out);
}

bool
__wrap_dmarc_record_parse(struct slice text, struct dmarc_record *out)
{
	dmarc_parses++;
	return __real_dmarc_record_parse(text, out);
}

/* ---- a hostile zone ---- */

#define INCLUDES 4
#define MXS 6
#define HOSTS LIMIT_SPF_MX

static void
add(struct dns_zone *z, const char *name, enum dns_type type,
    struct slice value)
{
	if (!dns_zone_add(z, slice_str(name), type, 10, value))
		abort();
}

/* A record of 16 KB: networks of others, then `end`. */
static void
add_spf(struct dns_zone *z, const char *name, const char *end)
{
	struct buf b;
	unsigned int i;

	buf_init(&b, LIMIT_SPF_RECORD);
	buf_adds(&b, "v=spf1");
	for (i = 0; b.len + 20 + strlen(end) < LIMIT_SPF_RECORD &&
	    i < LIMIT_SPF_RECORD_TERMS - 20; i++)
		buf_addf(&b, " ip4:198.51.%u.%u", i / 200 + 10, i % 200 + 10);
	buf_adds(&b, end);
	add(z, name, DNS_TYPE_TXT, buf_slice(&b));
	buf_fini(&b);
}

static void
add_tree(struct dns_zone *z, const char *top)
{
	char name[64], host[128];
	struct buf end;
	unsigned int i, j;

	buf_init(&end, 1024);
	for (i = 0; i < INCLUDES; i++) {
		buf_addf(&end, " include:i%u.%s", i, top);
		(void)snprintf(name, sizeof(name), "i%u.%s", i, top);
		add_spf(z, name, " -all");
	}
	for (i = 0; i < MXS; i++) {
		buf_addf(&end, " mx:m%u.%s", i, top);
		(void)snprintf(name, sizeof(name), "m%u.%s", i, top);
		for (j = 0; j < HOSTS; j++) {
			(void)snprintf(host, sizeof(host), "h%u.%s", j, name);
			add(z, name, DNS_TYPE_MX, slice_str(host));
			add(z, host, DNS_TYPE_A, SLICE("198.51.100.1"));
		}
	}
	buf_adds(&end, " -all");
	add_spf(z, top, end.ptr);
	buf_fini(&end);
}

static struct dns_zone *
make_zone(void)
{
	struct dns_zone *z = dns_zone_new();

	if (z == NULL)
		abort();
	add_tree(z, "helo.example");
	add_tree(z, "mail.example");
	add(z, "_dmarc.a.b.from.example", DNS_TYPE_TXT,
	    SLICE("v=DMARC1; p=none"));
	add(z, "_dmarc.from.example", DNS_TYPE_TXT,
	    SLICE("v=DMARC1; p=reject"));
	add(z, "_dmarc.c.from.example", DNS_TYPE_TXT,
	    SLICE("v=DMARC1; p=reject"));
	return z;
}

/* ---- a message ---- */

struct checks {
	struct spf_request	helo, mail;
	struct spf_verdict	helo_verdict, mail_verdict;
	struct dmarc_request	dmarc;
	struct dmarc_verdict	dmarc_verdict;
	struct arena		*scratch;
};

/* Every check again, as if none had come to its end. */
static bool
run_all(struct checks *c, struct dns_ledger *l)
{
	bool done;

	done = spf_check(&c->helo, l, c->scratch, NULL, NULL,
	    &c->helo_verdict) == CHECK_DONE;
	done &= spf_check(&c->mail, l, c->scratch, NULL, NULL,
	    &c->mail_verdict) == CHECK_DONE;
	done &= dmarc_check(&c->dmarc, l, c->scratch, NULL, NULL,
	    &c->dmarc_verdict) == CHECK_DONE;
	return done;
}

/* Gives one answer; false: none is open. */
static bool
answer_one(struct dns_ledger *l, const struct dns_zone *z)
{
	struct dns_entry *e = dns_ledger_take_new(l);

	if (e == NULL)
		return false;
	dns_ledger_answer(e, dns_zone_answer(z, e->name, e->type));
	return true;
}

static void
init_request(struct spf_request *r, enum spf_identity identity,
    const char *domain)
{
	*r = (struct spf_request){ .identity = identity,
		.helo = slice_str(domain), .local = SLICE("u"),
		.domain = slice_str(domain), .max_void = LIMIT_SPF_VOID };
	(void)ipaddr_parse(SLICE("192.0.2.1"), &r->ip);
}

/* Runs all checks to their end, one answer at a time: how many it took. */
static unsigned int
run_message(struct checks *c, struct dns_ledger *l)
{
	static const struct dmarc_identifier id = { .method = DMARC_DKIM,
		.certainty = DMARC_IS_PASS,
		.domain = SLICE_INIT("c.from.example") };
	struct dns_zone *z = make_zone();
	struct mail_from from;
	unsigned int answers = 0;

	*c = (struct checks){ .scratch = arena_new(LIMIT_CHECK_MEMORY),
		.dmarc = { .from = &from, .identifiers = &id, .count = 1 } };
	mail_from_parse(SLICE("x@a.b.from.example"), c->scratch, &from);
	init_request(&c->helo, SPF_HELO, "helo.example");
	init_request(&c->mail, SPF_MAILFROM, "mail.example");
	spf_parses = dmarc_parses = 0;
	while (!run_all(c, l) && answer_one(l, z))
		answers++;
	ok(c->helo_verdict.result == AUTH_FAIL && c->mail_verdict.result ==
	    AUTH_FAIL && c->dmarc_verdict.result == AUTH_PASS,
	    "%u answers, one at a time, to the verdicts", answers);
	arena_free(c->scratch);
	dns_zone_free(z);
	return answers;
}

static void
test_counts(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct checks c;

	ok(run_message(&c, l) > 140, "a hostile number");
	is_num(spf_parses, 2 * (1 + INCLUDES), "each SPF record once");
	is_num(dmarc_parses, 3, "each DMARC record once");
	ok(2 * (1 + LIMIT_SPF_TERMS) * (LIMIT_SPF_RECORD_TERMS + 10) *
	    sizeof(struct spf_term) < LIMIT_DNS_KEPT,
	    "there is room for the most terms that two checks may read");
	dns_ledger_free(l);
}

/* After it was forgotten: the verdicts are the same. */
static void
test_forgotten(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct checks c;

	(void)run_message(&c, l);
	dns_ledger_forget(l);
	is_num(run_message(&c, l), 0, "no further question");
	is_num(spf_parses, 2 * (1 + INCLUDES), "each SPF record once more");
	is_num(dmarc_parses, 3, "each DMARC record once more");
	dns_ledger_free(l);
}

/* Nothing can be kept: the verdicts are the same. */
static void
test_no_room(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct arena *a = dns_ledger_arena(l);
	struct checks c;

	ok(arena_alloc(a, LIMIT_DNS_KEPT) != NULL, "all that there may be");
	ok(arena_alloc(a, 1) == NULL, "and no octet more");
	(void)run_message(&c, l);
	ok(spf_parses > 2 * (1 + INCLUDES) && dmarc_parses > 3,
	    "without room records are read again");
	dns_ledger_free(l);
}

int
main(void)
{
	test_counts();
	test_forgotten();
	test_no_room();
	return tap_done();
}
