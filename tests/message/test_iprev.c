/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iprev (RFC 8601 section 3): every result, from zone and client; how many
 * names are looked at, and what is asked.
 */
#include "message/iprev.h"

#include <stdio.h>

#include "base/buf.h"
#include "resolver/zone.h"
#include "tests/tap.h"

#define REVERSE4 "1.2.0.192.in-addr.arpa"
#define REVERSE6 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0." \
	"1.0.0.2.ip6.arpa"

struct row {
	const char	*name;
	const char	*client;
	const char	*zone;		/* "NAME TYPE VALUE", one a line */
	const char	*want;		/* result, names, questions */
};

static const struct row rows[] = {
	{ "leads back", "192.0.2.1", REVERSE4 " PTR Mail.Example.COM\n"
	  "mail.example.com A 192.0.2.1\n", "pass mail.example.com 2" },
	{ "IPv6", "2001:db8::1", REVERSE6 " PTR mail.example.com\n"
	  "mail.example.com AAAA 2001:db8::1\n",
	  "pass mail.example.com 2" },
	{ "IPv6, A alone", "2001:db8::1", REVERSE6 " PTR mail.example.com\n"
	  "mail.example.com A 192.0.2.1\n", "fail 2" },
	{ "another address", "192.0.2.1", REVERSE4 " PTR mail.example.com\n"
	  "mail.example.com A 192.0.2.2\n", "fail 2" },
	{ "one of several addresses", "192.0.2.1",
	  REVERSE4 " PTR mail.example.com\n"
	  "mail.example.com A 192.0.2.2\nmail.example.com A 192.0.2.1\n",
	  "pass mail.example.com 2" },
	{ "no such name in front", "192.0.2.1",
	  REVERSE4 " PTR gone.example.com\n", "fail 2" },
	{ "a name without an address", "192.0.2.1",
	  REVERSE4 " PTR mail.example.com\nmail.example.com TXT x\n",
	  "fail 2" },
	{ "no name", "192.0.2.1", "", "permerror 1" },
	{ "no data", "192.0.2.1", REVERSE4 " TXT x\n", "permerror 1" },
	{ "PTR times out", "192.0.2.1", REVERSE4 " TIMEOUT x\n",
	  "temperror 1" },
	{ "PTR fails", "192.0.2.1", REVERSE4 " RCODE x\n", "temperror 1" },
	{ "the name times out", "192.0.2.1",
	  REVERSE4 " PTR mail.example.com\nmail.example.com TIMEOUT x\n",
	  "temperror 2" },
	{ "one times out, another leads back", "192.0.2.1",
	  REVERSE4 " PTR a.example.com\n" REVERSE4 " PTR b.example.com\n"
	  "a.example.com TIMEOUT x\nb.example.com A 192.0.2.1\n",
	  "pass b.example.com 3" },
	{ "one times out, another leads away", "192.0.2.1",
	  REVERSE4 " PTR a.example.com\n" REVERSE4 " PTR b.example.com\n"
	  "a.example.com TIMEOUT x\nb.example.com A 192.0.2.2\n",
	  "temperror 3" },
	{ "both lead back", "192.0.2.1",
	  REVERSE4 " PTR a.example.com\n" REVERSE4 " PTR b.example.com\n"
	  "a.example.com A 192.0.2.1\nb.example.com A 192.0.2.1\n",
	  "pass a.example.com b.example.com 3" },
	{ "the same twice", "192.0.2.1",
	  REVERSE4 " PTR a.example.com\n" REVERSE4 " PTR a.example.com\n"
	  "a.example.com A 192.0.2.2\n", "fail 2" },
	{ "the root", "192.0.2.1", REVERSE4 " PTR .\n", "fail 1" },
	{ "alias of a name (RFC 2317)", "192.0.2.1",
	  REVERSE4 " CNAME 1.0-31.2.0.192.in-addr.arpa\n"
	  "1.0-31.2.0.192.in-addr.arpa PTR a.example.com\n"
	  "a.example.com CNAME b.example.com\nb.example.com A 192.0.2.1\n",
	  "pass a.example.com 2" },
	{ "no address", "", "", "permerror 0" }
};

static bool
add(struct dns_zone *z, struct slice name, struct slice type,
    struct slice value)
{
	if (slice_eq(type, SLICE("TIMEOUT")))
		return dns_zone_add_outcome(z, name, DNS_TIMEOUT, 0);
	if (slice_eq(type, SLICE("RCODE")))
		return dns_zone_add_outcome(z, name, DNS_SERVER_FAILURE, 2);
	if (slice_eq(type, SLICE("CNAME")))
		return dns_zone_add_cname(z, name, value);
	return dns_zone_add(z, name, slice_eq(type, SLICE("PTR")) ?
	    DNS_TYPE_PTR : slice_eq(type, SLICE("A")) ? DNS_TYPE_A :
	    slice_eq(type, SLICE("AAAA")) ? DNS_TYPE_AAAA : DNS_TYPE_TXT, 0,
	    slice_eq(value, SLICE(".")) ? SLICE("") : value);
}

static struct dns_zone *
make_zone(struct slice text)
{
	struct dns_zone *z = dns_zone_new();
	struct slice line, name, type;

	while (text.len > 0) {
		slice_cut(&text, '\n', &line);
		slice_cut(&line, ' ', &name);
		slice_cut(&line, ' ', &type);
		if (!add(z, name, type, line))
			ok(false, "zone: %.*s", SLICE_ARG(name));
	}
	return z;
}

/* Until all is answered, as an inquiry does. */
static void
run(const struct dns_zone *z, const struct ipaddr *client,
    struct dns_ledger *ledger, struct message_iprev *out)
{
	struct dns_entry *e;
	unsigned int rounds = 0;

	while (!iprev_check(client, ledger, out) && rounds++ < 10)
		while ((e = dns_ledger_take_new(ledger)) != NULL)
			dns_ledger_answer(e, dns_zone_answer(z, e->name,
			    e->type));
	ok(out->done && rounds <= 2, "in two rounds");
}

static void
describe(const struct message_iprev *f, const struct dns_ledger *ledger,
    struct buf *out)
{
	size_t i;

	buf_adds(out, auth_result_name(f->result));
	for (i = 0; i < f->name_count; i++)
		buf_addf(out, " %.*s", SLICE_ARG(f->names[i]));
	buf_addf(out, " %zu", dns_ledger_count(ledger));
}

static void
test_row(const struct row *r)
{
	struct dns_zone *z = make_zone(slice_str(r->zone));
	struct dns_ledger *ledger = dns_ledger_new(LIMIT_IPREV_QUESTIONS);
	struct ipaddr client = { .family = IPADDR_NONE };
	struct message_iprev found;
	struct buf got;

	ipaddr_parse(slice_str(r->client), &client);
	buf_init(&got, 4096);
	run(z, &client, ledger, &found);
	describe(&found, ledger, &got);
	is_str(buf_cstr(&got), r->want, r->name);
	ok((found.problem == NULL) == (found.result == AUTH_PASS),
	    "a reason, if it does not pass");
	buf_fini(&got);
	dns_ledger_free(ledger);
	dns_zone_free(z);
}

/*
 * `count` names, of which the last leads back: found when it is among the
 * first LIMIT_IPREV_NAMES, and no more than these are asked for.
 */
static void
test_many(size_t count, enum auth_result want)
{
	struct dns_zone *z = dns_zone_new();
	struct dns_ledger *ledger = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	const struct ipaddr client = { IPADDR_V4, { 192, 0, 2, 1 } };
	struct message_iprev found;
	char name[40];
	size_t i;

	for (i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "h%zu.example.com", i);
		dns_zone_add(z, SLICE(REVERSE4), DNS_TYPE_PTR, 0,
		    slice_str(name));
	}
	dns_zone_add(z, slice_str(name), DNS_TYPE_A, 0, SLICE("192.0.2.1"));
	run(z, &client, ledger, &found);
	is_num((long long)found.result, (long long)want, "its result");
	is_num((long long)found.given, (long long)count, "names given");
	ok(dns_ledger_count(ledger) <= LIMIT_IPREV_QUESTIONS,
	    "%zu names, %zu questions", count, dns_ledger_count(ledger));
	dns_ledger_free(ledger);
	dns_zone_free(z);
}

/* All of them may be asked for, and no other check goes short. */
static void
test_room(void)
{
	struct dns_ledger *ledger = dns_ledger_new(LIMIT_IPREV_QUESTIONS);
	char name[40];
	size_t i;

	for (i = 0; i < LIMIT_IPREV_QUESTIONS; i++) {
		snprintf(name, sizeof(name), "h%zu.example.com", i);
		ok(dns_ledger_ask(ledger, slice_str(name), DNS_TYPE_A) ==
		    NULL, "question %zu", i + 1);
	}
	dns_ledger_free(ledger);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&rows[i]);
	test_many(LIMIT_IPREV_NAMES, AUTH_PASS);
	test_many(LIMIT_IPREV_NAMES + 1, AUTH_FAIL);
	test_many(LIMIT_DNS_RECORDS, AUTH_FAIL);
	test_room();
	return tap_done();
}
