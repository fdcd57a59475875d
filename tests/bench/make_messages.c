/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_messages: writes the benchmark's messages and the zone they need.
 *
 *	make_messages FOLDER COUNT [ATTACKS]
 *
 * FOLDER/<n>.eml, n from 0 to COUNT - 1, is signed for d<n>.bench.example:
 * one of them sent again and again finds everything in the cache, a fresh
 * one finds nothing there.  FOLDER/zone serves all of them (the form is that
 * of dns_responder; "@" stands for d<n>).
 *
 * FOLDER/KIND<n>.eml, n from 0 to ATTACKS - 1, has 3 KB: ten signatures of
 * names whose servers do not answer in time.  The SPF record of the sender
 * leads to nine more of them.  KIND says which they are:
 *
 *	silent	all below attack.example, from f<n>.attack.example
 *	many	each below a domain of its own, from f<n>.spread.example
 *	late	all below tardy.example, from f<n>.tardy.example: they are
 *		answered, 2.5 s later than others
 *	fail	each below a domain of its own, from f<n>.of-fail.example:
 *		SERVFAIL after 1.9 s
 *	mute	likewise: answers are truncated, and none comes by TCP
 *	chain	likewise: a CNAME of ten that lead on, each 2.5 s late
 *
 * FOLDER/large.eml is for SPF records of 16 KB each, of d<n>.large.example and
 * helo.d<n>.large.example: each has nine mx of ten hosts, which do not match.
 *
 * FOLDER/header.eml has a header of nearly 2 MiB, and ten signatures over all
 * of it.  Their body hash and key are right, so that the header is hashed; what
 * is signed is not.
 *
 * The SPF tree: three records deep, nine lookups (3 + 6 includes), and only
 * the last mechanism of the last record passes.  The HELO name has a record
 * of its own, and there is a DMARC policy.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "signed.h"

#define COUNT_MAX	100000
#define SIGNATURES	10	/* of an attack */
#define INCLUDES	9
#define LARGE_MX	9
#define LARGE_HOSTS	10
#define LARGE_ADDRESSES	860	/* 16 KB */
#define HEADER_FIELDS	65	/* 2 MiB, less what all else takes */
#define HEADER_LINES	400	/* of each: 32 KB */

static const char *const records[] = {
	"@.bench.example TXT v=spf1 include:a.@.bench.example "
	"include:b.@.bench.example include:c.@.bench.example -all",
	"a.@.bench.example TXT v=spf1 include:a1.@.bench.example "
	"include:a2.@.bench.example -all",
	"b.@.bench.example TXT v=spf1 include:b1.@.bench.example "
	"include:b2.@.bench.example -all",
	"c.@.bench.example TXT v=spf1 include:c1.@.bench.example "
	"include:c2.@.bench.example -all",
	"a1.@.bench.example TXT v=spf1 ip4:198.51.100.0/26 "
	"ip4:203.0.113.0/25 ip6:2001:db8:a1::/48 -all",
	"a2.@.bench.example TXT v=spf1 ip4:198.51.100.64/26 "
	"ip6:2001:db8:a2::/48 ~all",
	"b1.@.bench.example TXT v=spf1 ip4:198.51.100.128/26 "
	"ip4:203.0.113.128/26 -all",
	"b2.@.bench.example TXT v=spf1 ip4:198.51.100.192/27 "
	"ip6:2001:db8:b2::/48 ?all",
	"c1.@.bench.example TXT v=spf1 ip4:203.0.113.192/26 -all",
	"c2.@.bench.example TXT v=spf1 ip4:198.51.100.224/27 "
	"ip6:2001:db8:c2::/48 ip4:192.0.2.0/24",
	"mail.@.bench.example TXT v=spf1 ip4:192.0.2.0/24 -all",
	"_dmarc.@.bench.example TXT v=DMARC1; p=reject; adkim=s; aspf=s; "
	"rua=mailto:dmarc%40reports.example",
};

/* A name that is not answered in time: before, a letter, between, the label
   of the message, after. */
static const struct kind {
	const char	*name, *sender, *before, *between, *after;
} kinds[] = {
	{ "silent", "attack.example", "silent.", ".", ".attack.example" },
	{ "many", "spread.example", "silent.", "", ".example" },
	{ "late", "tardy.example", "late2500.", ".", ".tardy.example" },
	{ "fail", "of-fail.example", "fail1900.", "", ".example" },
	{ "mute", "of-mute.example", "mute.", "", ".example" },
	{ "chain", "of-chain.example", "late2500.chain10.", "", ".example" },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* 40 octets: 30 in base64. */
static const char a_line[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static FILE *
open_in(const char *folder, const char *name)
{
	char path[4096];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path))
		errx(1, "%s: name too long", folder);
	f = fopen(path, "w");
	if (f == NULL)
		err(1, "%s", path);
	return f;
}

static void
close_written(FILE *f)
{
	if (ferror(f) || fclose(f) != 0)
		err(1, "write");
}

static void
write_attack_record(FILE *f, const struct kind *k)
{
	fprintf(f, "@.%s TXT v=spf1", k->sender);
	for (char c = 'a'; c < 'a' + INCLUDES; c++)
		fprintf(f, " include:%s%c%s@%s", k->before, c, k->between,
		    k->after);
	fprintf(f, " -all\n");
}

/* Of that name: as many questions as SPF may cause, and as much to read. */
static void
write_large_record(FILE *f, const char *name)
{
	fprintf(f, "%s TXT v=spf1", name);
	for (int i = 0; i < LARGE_MX; i++)
		fprintf(f, " mx:x%d.%s", i, name);
	for (int i = 0; i < LARGE_ADDRESSES; i++)
		fprintf(f, " ip4:203.0.%d.%d", 100 + i / 256, i % 256);
	fprintf(f, " -all\n");
	for (int i = 0; i < LARGE_MX; i++) {
		for (int j = 0; j < LARGE_HOSTS; j++) {
			fprintf(f, "x%d.%s MX y%d.x%d.%s\n", i, name, j, i,
			    name);
			fprintf(f, "y%d.x%d.%s A 198.51.100.%d\n", j, i, name,
			    j);
		}
	}
}

static void
write_zone(const char *folder, EVP_PKEY *key)
{
	FILE *f = open_in(folder, "zone");
	char *p = signed_key_base64(key);

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]);
	    i++)
		fprintf(f, "%s\n", records[i]);
	for (size_t i = 0; i < KINDS; i++)
		write_attack_record(f, &kinds[i]);
	write_large_record(f, "@.large.example");
	write_large_record(f, "helo.@.large.example");
	fprintf(f, SIGNED_SELECTOR "._domainkey.@.bench.example TXT "
	    "v=DKIM1; k=rsa; p=%s\n", p);
	free(p);
	close_written(f);
}

static void
write_message(const char *folder, EVP_PKEY *key, unsigned long n)
{
	char name[64], domain[64];
	struct signed_message *m;
	FILE *f;

	snprintf(name, sizeof(name), "%lu.eml", n);
	snprintf(domain, sizeof(domain), "d%lu.bench.example", n);
	m = signed_message_new(key, domain);
	f = open_in(folder, name);
	fwrite(m->text.ptr, 1, m->text.len, f);
	close_written(f);
	signed_message_free(m);
}

/* 320 octets of base64, folded, for b=. */
static void
write_lines(FILE *f)
{
	for (unsigned int line = 0; line < 8; line++)
		fprintf(f, "\r\n\t%s", a_line);
}

/* Nothing in it needs to verify: the keys are asked for, and not found. */
static void
write_attack(const char *folder, const struct kind *k, unsigned long n)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "%s%lu.eml", k->name, n);
	f = open_in(folder, name);
	for (unsigned int i = 0; i < SIGNATURES; i++) {
		fprintf(f, "DKIM-Signature: v=1; a=rsa-sha256; "
		    "c=relaxed/relaxed;\r\n\td=%ss%u%sf%lu%s; s=s1; "
		    "h=From;\r\n\tbh=%sAAA=;\r\n\tb=", k->before, i,
		    k->between, n, k->after, a_line);
		write_lines(f);
		fprintf(f, "\r\n");
	}
	fprintf(f, "From: a@%sh%sf%lu%s\r\n\r\n.\r\n", k->before,
	    k->between, n, k->after);
	close_written(f);
}

static void
write_large(const char *folder)
{
	FILE *f = open_in(folder, "large.eml");

	fprintf(f, "From: a@large.example\r\n\r\n.\r\n");
	close_written(f);
}

static void
write_header_signature(FILE *f, const char *body_hash)
{
	fprintf(f, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
	    "\td=d0.bench.example; s=" SIGNED_SELECTOR "; h=From");
	for (unsigned int i = 0; i < HEADER_FIELDS; i++)
		fprintf(f, "%sX-Wide", i % 8 == 0 ? ":\r\n\t" : ":");
	fprintf(f, ";\r\n\tbh=%s;\r\n\tb=", body_hash);
	write_lines(f);
	fprintf(f, "%.22s==\r\n", a_line);
}

static void
write_header(const char *folder)
{
	static const char body[] = "Nothing more.\r\n";
	FILE *f = open_in(folder, "header.eml");
	char hash[SIGNED_BODY_HASH];

	signed_body_hash(body, sizeof(body) - 1, hash);
	for (unsigned int i = 0; i < SIGNATURES; i++)
		write_header_signature(f, hash);
	for (unsigned int i = 0; i < HEADER_FIELDS; i++) {
		fprintf(f, "X-Wide:");
		for (unsigned int line = 0; line < HEADER_LINES; line++)
			fprintf(f, " %s %s\r\n", a_line, a_line + 5);
	}
	fprintf(f, "From: a@d0.bench.example\r\n\r\n%s", body);
	close_written(f);
}

static unsigned long
read_count(const char *text)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (*end != '\0' || count > COUNT_MAX)
		errx(64, "%s: a count up to %d", text, COUNT_MAX);
	return count;
}

int
main(int argc, char **argv)
{
	unsigned long count, attacks;
	EVP_PKEY *key;

	if (argc < 3 || argc > 4)
		errx(64, "usage: make_messages FOLDER COUNT [ATTACKS]");
	count = read_count(argv[2]);
	attacks = argc > 3 ? read_count(argv[3]) : 0;
	key = signed_key_new();
	write_zone(argv[1], key);
	write_large(argv[1]);
	write_header(argv[1]);
	for (unsigned long n = 0; n < count; n++)
		write_message(argv[1], key, n);
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned long n = 0; n < attacks; n++)
			write_attack(argv[1], &kinds[i], n);
	EVP_PKEY_free(key);
	return 0;
}
