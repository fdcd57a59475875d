/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where aggregate reports go: addresses of URIs, consent of other hosts, what
 * DNS does not say, and every limit at it and one past it.
 */
#include "dmarc/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/dmarc/world.h"
#include "tests/tap.h"

/* ---- addresses ---- */

static const struct {
	const char	*uri;
	const char	*want;		/* NULL: refused */
} mailto_rows[] = {
	{ "mailto:a@example.com", "a@example.com" },
	{ "MAILTO:Dmarc.A+b=c@EXAMPLE.com", "Dmarc.A+b=c@example.com" },
	{ "mailto:a@example.com!10m", "a@example.com" },
	{ "mailto:a@example.com!50k", "a@example.com" },
	{ "mailto:a@example.com?subject=x", "a@example.com" },
	{ "mailto:a@example.com#x", "a@example.com" },
	{ "mailto:%61%2Bb%40example.com", "a+b@example.com" },
	{ "mailto:-f@example.com", "-f@example.com" },
	{ "mailto:a@example.com.", "a@example.com" },
	{ "mailto:", NULL },
	{ "mailto:a", NULL },
	{ "mailto:@example.com", NULL },
	{ "mailto:a@", NULL },
	{ "mailto:a@localhost", NULL },
	{ "mailto:a@[192.0.2.1]", NULL },
	{ "mailto:a@example.com%0D%0ABcc:b@example.net", NULL },
	{ "mailto:a%0D%0ABcc:b@example.net", NULL },
	{ "mailto:a\r\n@example.com", NULL },
	{ "mailto:a@example.com%00", NULL },
	{ "mailto:a%20b@example.com", NULL },
	{ "mailto:%22a%20b%22@example.com", NULL },
	{ "mailto:a%2Cb@example.com", NULL },
	{ "mailto:a@example.net%2Cb@example.com", NULL },
	{ "mailto:%7Cprogram@example.com", NULL },
	{ "mailto:/etc/passwd@example.com", NULL },
	{ "mailto:a%25example.net@example.com", NULL },
	{ "mailto:a%21b@example.com", NULL },
	{ "mailto:a..b@example.com", NULL },
	{ "mailto:.a@example.com", NULL },
	{ "mailto:a.@example.com", NULL },
	{ "mailto:\xc3\xa9@example.com", NULL },
	{ "mailto:a@b%C3%BCcher.example", NULL },
	{ "mailto:a%4@example.com", NULL },
	{ "https://example.com/report", NULL },
	{ "mailto", NULL },
	{ "", NULL },
};

static void
test_mailto(void)
{
	struct mail_mailbox m;
	size_t i;

	for (i = 0; i < sizeof(mailto_rows) / sizeof(mailto_rows[0]); i++) {
		bool got = dmarc_mailto(slice_str(mailto_rows[i].uri), &m);

		if (mailto_rows[i].want == NULL)
			ok(!got && m.len == 0, "refused: row %zu", i);
		else
			is_str(got ? m.text : NULL, mailto_rows[i].want,
			    mailto_rows[i].uri);
	}
}

static void
test_long_local_part(void)
{
	char uri[128];
	struct mail_mailbox m;
	int n;

	n = snprintf(uri, sizeof(uri), "mailto:%0*d@example.com",
	    LIMIT_MAILBOX_LOCAL, 0);
	ok(dmarc_mailto((struct slice){ uri, (size_t)n }, &m),
	    "a local part of 64 octets");
	n = snprintf(uri, sizeof(uri), "mailto:%0*d@example.com",
	    LIMIT_MAILBOX_LOCAL + 1, 0);
	ok(!dmarc_mailto((struct slice){ uri, (size_t)n }, &m),
	    "one more is none");
}

/* ---- destinations ---- */

static void
ask(struct dns_zone *z, const char *domain, struct dmarc_destinations *out,
    size_t *questions)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dns_entry *e;

	while (dmarc_destinations(slice_str(domain), l, out) != CHECK_DONE)
		while ((e = dns_ledger_take_new(l)) != NULL)
			dns_ledger_answer(e, dns_zone_answer(z, e->name,
			    e->type));
	*questions = dns_ledger_count(l);
	dns_ledger_free(l);
}

static const char *
text_of(const struct dmarc_destinations *d)
{
	static char text[8192];
	static const char *const marks[] = { "", "-", "?" };
	size_t i;
	int n;

	n = snprintf(text, sizeof(text), "%s", d->later ? "later" :
	    d->has_record ? "record" : "none");
	for (i = 0; i < d->count; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s%s",
		    marks[d->items[i].state], d->items[i].mailbox.text);
	if (d->unusable > 0)
		snprintf(text + n, sizeof(text) - (size_t)n, " unusable=%zu",
		    d->unusable);
	return text;
}

#define RUA(x) "_dmarc.example.com TXT v=DMARC1; p=none; rua=" x "\n"
#define AGREES "example.com._report._dmarc.y.example TXT "

static const struct {
	const char	*name, *zone, *want;
} rows[] = {
	{ "no record", "example.com EXISTS\n", "none" },
	{ "several records", RUA("mailto:a@example.com")
	    "_dmarc.example.com TXT v=DMARC1; p=none\n", "none" },
	{ "DNS fails", "_dmarc.example.com TIMEOUT\n", "later" },
	{ "no rua", "_dmarc.example.com TXT v=DMARC1; p=none\n", "record" },
	{ "only another scheme", RUA("https://example.com/x"),
	    "record unusable=1" },
	{ "the domain itself", RUA("mailto:a@example.com"),
	    "record a@example.com" },
	{ "below it", RUA("mailto:a@r.example.com"),
	    "record a@r.example.com" },
	{ "all of them, each once", RUA("mailto:a@example.com,mailto:b@"
	    "example.com!10m, mailto:a@Example.com,ftp:x"),
	    "record a@example.com b@example.com unusable=1" },
	{ "of two, one has agreed", RUA("mailto:a@x.example,mailto:b@y.example")
	    AGREES "v=DMARC1\n", "record -a@x.example b@y.example" },
	{ "an organization of its own below", RUA("mailto:a@r.example.com")
	    "_dmarc.r.example.com TXT v=DMARC1; p=none; psd=n\n",
	    "record -a@r.example.com" },
	{ "agreed with more", RUA("mailto:b@y.example")
	    AGREES "v=DMARC1; p=none\n", "record b@y.example" },
	{ "other text is no consent", RUA("mailto:b@y.example")
	    AGREES "x v=DMARC1\n", "record -b@y.example" },
	{ "one among other texts", RUA("mailto:b@y.example")
	    AGREES "x\n" AGREES "v=DMARC1\n", "record b@y.example" },
	{ "DNS does not say", RUA("mailto:b@y.example")
	    "example.com._report._dmarc.y.example SERVFAIL\n",
	    "record ?b@y.example" },
	{ "another address there", RUA("mailto:b@y.example")
	    AGREES "v=DMARC1; rua=mailto:c@y.example\n",
	    "record c@y.example" },
	{ "an address elsewhere", RUA("mailto:b@y.example")
	    AGREES "v=DMARC1; rua=mailto:c@z.example\n",
	    "record -b@y.example" },
	{ "one there and one elsewhere", RUA("mailto:b@y.example")
	    AGREES "v=DMARC1; rua=mailto:c@y.example,mailto:d@z.example\n",
	    "record -b@y.example" },
	{ "a way that we do not know", RUA("mailto:b@y.example")
	    AGREES "v=DMARC1; rua=https://y.example/\n",
	    "record -b@y.example" },
	{ "whose host it is fails", RUA("mailto:a@r.example.com")
	    "_dmarc.r.example.com TIMEOUT\n", "record ?a@r.example.com" },
	{ "nor does that matter elsewhere", RUA("mailto:b@y.example")
	    "_dmarc.y.example TIMEOUT\n" AGREES "v=DMARC1\n",
	    "record b@y.example" },
};

static void
test_destinations(void)
{
	struct dmarc_destinations out;
	size_t i, questions;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_zone *z = world_zone(rows[i].zone);

		ask(z, "example.com", &out, &questions);
		is_str(text_of(&out), rows[i].want, rows[i].name);
		dns_zone_free(z);
	}
}

/* What a URI asks for as the largest mail (RFC 7489 section 6.4). */
static const struct {
	const char	*uri;
	uint64_t	want;
} sizes[] = {
	{ "mailto:a@example.com", 0 },
	{ "mailto:a@example.com!500", 500 },
	{ "mailto:a@example.com!50k", 50u << 10 },
	{ "mailto:a@example.com!10M", 10u << 20 },
	{ "mailto:a@example.com!2g", UINT64_C(2) << 30 },
	{ "mailto:a@example.com!1t", UINT64_C(1) << 40 },
	{ "mailto:a@example.com!16777215t", UINT64_C(0xffffff) << 40 },
	{ "mailto:a@example.com!16777216t", 0 },
	{ "mailto:a@example.com!0", 0 },
	{ "mailto:b@y.example!3k", 7u << 10 }	/* as its host says instead */
};

static void
test_sizes(void)
{
	struct dmarc_destinations out;
	size_t i, questions;
	char zone[400];

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct dns_zone *z;

		snprintf(zone, sizeof(zone), RUA("%s") AGREES "v=DMARC1; "
		    "rua=mailto:c@y.example!7k\n", sizes[i].uri);
		z = world_zone(zone);
		ask(z, "example.com", &out, &questions);
		ok(out.count == 1 && out.items[0].limit == sizes[i].want,
		    "%s: %llu", sizes[i].uri,
		    (unsigned long long)out.items[0].limit);
		dns_zone_free(z);
	}
}

/* `count` addresses at hosts of their own. */
static void
ask_many(size_t count, const char *uri, struct dmarc_destinations *out,
    size_t *questions)
{
	struct dns_zone *z;
	struct buf b;
	size_t i;

	buf_init(&b, 64u << 20);
	buf_adds(&b, "_dmarc.example.com TXT v=DMARC1; p=none; rua=");
	for (i = 0; i < count; i++)
		buf_addf(&b, "%smailto:a@h%zu.%s", i > 0 ? "," : "", i, uri);
	z = world_zone(buf_cstr(&b));
	ask(z, "example.com", out, questions);
	dns_zone_free(z);
	buf_fini(&b);
}

static void
test_limits(void)
{
	struct dmarc_destinations out;
	size_t questions;

	ask_many(LIMIT_DMARC_RUA, "example.com", &out, &questions);
	ok(out.count == LIMIT_DMARC_RUA, "as many as may be");
	ask_many(LIMIT_DMARC_RUA + 1, "example.com", &out, &questions);
	ok(out.count == LIMIT_DMARC_RUA, "one more is left out");
	ask_many(400, "a.b.c.d.e.f.g.h.example", &out, &questions);
	ok(out.count == LIMIT_DMARC_RUA && questions <= LIMIT_DMARC_WALK +
	    LIMIT_DMARC_RUA * (LIMIT_DMARC_WALK + 1),
	    "400 hosts: %zu questions", questions);
	ask_many(700, "example.com", &out, &questions);
	ok(!out.has_record && out.count == 0,
	    "a record past its limit is none");
}

static void
test_long_name(void)
{
	char domain[256], zone[1024];
	struct dmarc_destinations out;
	struct dns_zone *z;
	size_t questions;

	snprintf(domain, sizeof(domain), "%063d.%063d.%063d.%030d.example", 1,
	    2, 3, 4);
	snprintf(zone, sizeof(zone), "_dmarc.%s TXT v=DMARC1; p=none; "
	    "rua=mailto:a@y.example\n", domain);
	z = world_zone(zone);
	ask(z, domain, &out, &questions);
	ok(out.count == 1 &&
	    out.items[0].state == DMARC_DESTINATION_REFUSED,
	    "a name that is too long to agree at");
	dns_zone_free(z);
}

int
main(void)
{
	test_mailto();
	test_long_local_part();
	test_destinations();
	test_sizes();
	test_limits();
	test_long_name();
	return tap_done();
}
