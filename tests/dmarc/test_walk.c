/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Tree Walk, and what follows from one and from two of them.
 */
#include "dmarc/walk_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dmarc/world.h"
#include "tests/tap.h"

/* ---- names ---- */

static const struct {
	const char	*start;
	const char	*want;
} names_rows[] = {
	{ "", "" },
	{ "com", "com" },
	{ "example.com", "example.com com" },
	{ "a.b.c.d.e.example.com", "a.b.c.d.e.example.com "
	    "b.c.d.e.example.com c.d.e.example.com d.e.example.com "
	    "e.example.com example.com com" },
	{ "a.b.c.d.e.f.example.com", "a.b.c.d.e.f.example.com "
	    "b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com "
	    "e.f.example.com f.example.com example.com com" },
	{ "a.b.c.d.e.f.g.example.com", "a.b.c.d.e.f.g.example.com "
	    "c.d.e.f.g.example.com d.e.f.g.example.com e.f.g.example.com "
	    "f.g.example.com g.example.com example.com com" },
	/* The example of RFC 9989 section 4.10. */
	{ "a.b.c.d.e.f.g.h.i.j.mail.example.com",
	    "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com "
	    "h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com "
	    "mail.example.com example.com com" },
};

static void
join(const struct slice *names, size_t n, char *text, size_t size)
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%.*s",
		    i > 0 ? " " : "", SLICE_ARG(names[i]));
}

static void
test_names(void)
{
	struct slice names[LIMIT_DMARC_WALK];
	char text[1024], most[DOMAIN_MAX + 1];
	size_t i, n;

	for (i = 0; i < sizeof(names_rows) / sizeof(names_rows[0]); i++) {
		n = dmarc_walk_names(slice_str(names_rows[i].start), names);
		join(names, n, text, sizeof(text));
		is_str(text, names_rows[i].want, names_rows[i].start);
	}
	for (i = 0; i < DOMAIN_MAX; i++)
		most[i] = i % 2 == 0 ? 'a' : '.';
	n = dmarc_walk_names((struct slice){ most, DOMAIN_MAX }, names);
	is_num((long long)n, LIMIT_DMARC_WALK, "127 labels: eight names");
	is_num((long long)names[1].len, 13, "the second one has seven");
}

static void
test_query(void)
{
	char name[DOMAIN_MAX + 2];
	struct domain q;

	memset(name, 'a', sizeof(name));
	ok(dmarc_walk_query(SLICE("example.com"), &q), "a query");
	is_str(q.text, "_dmarc.example.com", "its name");
	ok(dmarc_walk_query((struct slice){ name, 246 }, &q) &&
	    q.len == DOMAIN_MAX, "the longest name");
	ok(!dmarc_walk_query((struct slice){ name, 247 }, &q),
	    "one octet more");
	ok(!dmarc_walk_query((struct slice){ name, sizeof(name) }, &q),
	    "no domain name at all");
	ok(!dmarc_walk_query((struct slice){ NULL, 0 }, &q), "no name");
}

/* How many names are not in the other walk. */
static void
test_own(void)
{
	static const struct {
		const char	*start, *other;
		size_t		 want;
	} rows[] = {
		{ "example.com", "example.com", 0 },
		{ "com", "example.com", 0 },
		{ "a.example.com", "example.com", 1 },
		{ "a.b.example.com", "c.example.com", 2 },
		{ "example.net", "example.com", 2 },
		{ "", "example.com", 0 },
		{ "z.a.b.c.d.e.f.g.com", "a.b.c.d.e.f.g.com", 1 },
	};
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);
	struct dmarc_walk w;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dmarc_walk_read(&w, slice_str(rows[i].other), NULL, l);
		is_num((long long)dmarc_walk_own(slice_str(rows[i].start),
		    &w), (long long)rows[i].want, rows[i].start);
	}
	dns_ledger_free(l);
}

/* ---- walks over a zone ---- */

static void
answer_all(struct dns_ledger *l, const struct dns_zone *z)
{
	struct dns_entry *e;

	while ((e = dns_ledger_take_new(l)) != NULL)
		dns_ledger_answer(e, dns_zone_answer(z, e->name, e->type));
}

static struct dns_ledger *
new_ledger(void)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);

	if (l == NULL)
		abort();
	return l;
}

static void
read_walk(struct dmarc_walk *w, const char *start,
    const struct dmarc_walk *other, struct dns_ledger *l,
    const struct dns_zone *z)
{
	dmarc_walk_read(w, slice_str(start), other, l);
	answer_all(l, z);
	dmarc_walk_read(w, slice_str(start), other, l);
}

#define R "v=DMARC1; p=none"

/* Examples of RFC 9989 section 4.10.2 and appendix B.4, and others. */
static const struct {
	const char	*name;
	const char	*start;
	const char	*zone;
	const char	*want;
} org_rows[] = {
	{ "4.10.2: the highest one", "a.mail.example.com",
	    "_dmarc.mail.example.com TXT " R "\n"
	    "_dmarc.example.com TXT " R "\n", "example.com" },
	{ "4.10.2: psd=n", "a.mail.example.com",
	    "_dmarc.mail.example.com TXT " R "; psd=n\n"
	    "_dmarc.example.com TXT " R "\n", "mail.example.com" },
	{ "4.10.2: psd=y above", "a.mail.example.com",
	    "_dmarc.com TXT " R "; psd=y\n", "example.com" },
	{ "B.4.3: a bank", "giant.bank.example",
	    "_dmarc.giant.bank.example TXT " R "\n"
	    "_dmarc.bank.example TXT " R "; psd=y\n", "giant.bank.example" },
	{ "B.4.3: another", "mail.mega.bank.example",
	    "_dmarc.giant.bank.example TXT " R "\n"
	    "_dmarc.bank.example TXT " R "; psd=y\n", "mega.bank.example" },
	{ "psd=y at the start", "bank.example",
	    "_dmarc.bank.example TXT " R "; psd=y\n"
	    "_dmarc.example TXT " R "\n", "bank.example" },
	{ "psd=n at the start", "mail.example.com",
	    "_dmarc.mail.example.com TXT " R "; psd=n\n"
	    "_dmarc.example.com TXT " R "; psd=n\n", "mail.example.com" },
	{ "B.4.2: many labels", "a.b.c.d.e.f.g.h.i.j.k.example.com",
	    "_dmarc.example.com TXT " R "\n", "example.com" },
	{ "5.1.8: a record that the walk skips",
	    "mail.a.b.c.d.e.f.g.example.com",
	    "_dmarc.b.c.d.e.f.g.example.com TXT " R "; psd=n\n"
	    "_dmarc.example.com TXT " R "\n", "example.com" },
	{ "psd=y right above what the walk skips",
	    "a.b.c.d.e.f.g.example.com",
	    "_dmarc.c.d.e.f.g.example.com TXT " R "; psd=y\n",
	    "b.c.d.e.f.g.example.com" },
	{ "nothing at all", "x.example.net", "", "x.example.net" },
	{ "two records are none", "a.example.com",
	    "_dmarc.example.com TXT " R "\n_dmarc.example.com TXT " R "\n"
	    "_dmarc.com TXT " R "\n", "com" },
	{ "other records do not count", "a.example.com",
	    "_dmarc.example.com TXT " R "\n"
	    "_dmarc.example.com TXT v=spf1 -all\n"
	    "_dmarc.example.com TXT v=DMARC10\n", "example.com" },
	{ "a record without a policy counts", "a.example.com",
	    "_dmarc.example.com TXT v=DMARC1\n", "example.com" },
	{ "so does one with a bad policy", "a.example.com",
	    "_dmarc.example.com TXT v=DMARC1; p=x; psd=n\n"
	    "_dmarc.com TXT " R "\n", "example.com" },
	{ "psd=u", "a.example.com",
	    "_dmarc.a.example.com TXT " R "; psd=u\n"
	    "_dmarc.example.com TXT " R "; psd=u\n", "example.com" },
	{ "one label", "com", "_dmarc.com TXT " R "; psd=y\n", "com" },
	{ "a record by CNAME", "a.example.com",
	    "_dmarc.example.com CNAME d.example.net\n"
	    "d.example.net TXT " R "\n", "example.com" },
};

static void
test_organization(void)
{
	struct dns_ledger *l;
	struct dmarc_walk w;
	struct dns_zone *z;
	struct slice got;
	size_t i;

	for (i = 0; i < sizeof(org_rows) / sizeof(org_rows[0]); i++) {
		l = new_ledger();
		z = world_zone(org_rows[i].zone);
		read_walk(&w, org_rows[i].start, NULL, l, z);
		got = dmarc_walk_organization(&w);
		ok(!dmarc_walk_is_open(&w) && !dmarc_walk_has_failed(&w),
		    "%s: known", org_rows[i].name);
		is_bytes(got.ptr, got.len, org_rows[i].want,
		    strlen(org_rows[i].want), org_rows[i].name);
		dns_zone_free(z);
		dns_ledger_free(l);
	}
}

/* Answers beyond the end do not count, whatever they are. */
static void
test_end(void)
{
	struct dns_zone *z = world_zone(
	    "_dmarc.a.example.com TXT " R "; psd=n\n"
	    "_dmarc.example.com SERVFAIL\n");
	struct dns_ledger *l = new_ledger();
	struct dns_entry *e;
	struct dmarc_walk w;

	dmarc_walk_read(&w, SLICE("a.example.com"), NULL, l);
	ok(dmarc_walk_is_open(&w) && w.end == 3, "all is open");
	e = dns_ledger_take_new(l);
	dns_ledger_answer(e, dns_zone_answer(z, e->name, e->type));
	dmarc_walk_read(&w, SLICE("a.example.com"), NULL, l);
	ok(!dmarc_walk_is_open(&w) && w.end == 1, "psd=n ends it");
	answer_all(l, z);
	dmarc_walk_read(&w, SLICE("a.example.com"), NULL, l);
	ok(!dmarc_walk_has_failed(&w), "a failure beyond does not count");
	dns_ledger_free(l);
	dns_zone_free(z);
}

/* ---- alignment, against all that failed lookups may hide ---- */

static const char *const contents[] = { NULL, "v=DMARC1; p=none",
	"v=DMARC1; p=none; psd=n", "v=DMARC1; p=none; psd=y" };

#define NAMES_MAX (2 * LIMIT_DMARC_WALK)
#define FAILED_MAX 4

/* What is at each of some names: index into contents, or -1: failed. */
struct scene {
	struct slice	names[NAMES_MAX];
	int		content[NAMES_MAX];
	size_t		count;
};

static enum dmarc_alignment
align(const char *a, const char *b, const struct scene *s)
{
	struct dns_zone *z = dns_zone_new();
	struct dns_ledger *l = new_ledger();
	enum dmarc_alignment result;
	struct dmarc_walk from, other;
	struct domain q;
	bool good = z != NULL;
	size_t i;

	for (i = 0; good && i < s->count; i++) {
		good = dmarc_walk_query(s->names[i], &q);
		if (s->content[i] < 0)
			good &= dns_zone_add_outcome(z, domain_slice(&q),
			    DNS_SERVER_FAILURE, 2);
		else if (s->content[i] > 0)
			good &= dns_zone_add(z, domain_slice(&q),
			    DNS_TYPE_TXT, 0,
			    slice_str(contents[s->content[i]]));
	}
	if (!good)
		abort();
	read_walk(&from, a, NULL, l, z);
	read_walk(&other, b, &from, l, z);
	result = dmarc_walk_align(&from, &other);
	dns_ledger_free(l);
	dns_zone_free(z);
	return result;
}

/* All ways in which the failed ones may have been answered. */
static enum dmarc_alignment
align_by_trying(const char *a, const char *b, const struct scene *s)
{
	size_t failed[FAILED_MAX], n = 0, i, way, ways = 1, rest;
	struct scene t = *s;
	bool yes = false, no = false;

	for (i = 0; i < s->count; i++) {
		if (s->content[i] < 0) {
			failed[n++] = i;
			ways *= 4;
		}
	}
	for (way = 0; way < ways && !(yes && no); way++) {
		for (i = 0, rest = way; i < n; i++, rest /= 4)
			t.content[failed[i]] = (int)(rest % 4);
		if (align(a, b, &t) == DMARC_ALIGNED_RELAXED)
			yes = true;
		else
			no = true;
	}
	if (yes && no)
		return DMARC_NOT_KNOWN;
	return yes ? DMARC_ALIGNED_RELAXED : DMARC_NOT_ALIGNED;
}

static void
random_scene(const char *a, const char *b, uint32_t *seed, struct scene *s)
{
	struct slice more[LIMIT_DMARC_WALK];
	size_t i, j, n, failed = 0;
	uint32_t dice;

	s->count = dmarc_walk_names(slice_str(a), s->names);
	n = dmarc_walk_names(slice_str(b), more);
	for (i = 0; i < n; i++) {
		for (j = 0; j < s->count; j++) {
			if (slice_eq(more[i], s->names[j]))
				break;
		}
		if (j == s->count)
			s->names[s->count++] = more[i];
	}
	for (i = 0; i < s->count; i++) {
		dice = world_random(seed) % 12;
		s->content[i] = dice < 4 ? (int)dice : 0;
		if (dice > 8 && failed < FAILED_MAX) {
			s->content[i] = -1;
			failed++;
		}
	}
}

/* `exact`: never in doubt without need. */
static const struct {
	const char	*a, *b;
	bool		 exact;
} pairs[] = {
	{ "example.com", "bounce.example.com", true },
	{ "bounce.example.com", "example.com", true },
	{ "a.example.com", "b.example.com", true },
	{ "a.example.com", "a.b.example.com", true },
	{ "a.b.example.com", "c.b.example.com", true },
	{ "example.com", "example.net", true },
	{ "a.com", "b.com", true },
	{ "com", "example.com", true },
	{ "a.b.c.d.e.com", "z.b.c.d.e.com", true },
	/* Above seven labels a name can lie between two that are walked. */
	{ "a.b.c.d.e.f.g.com", "z.b.c.d.e.f.g.com", false },
	{ "a.b.c.d.e.f.g.com", "z.a.b.c.d.e.f.g.com", false },
	{ "a.b.c.d.e.f.g.h.com", "z.b.c.d.e.f.g.h.com", false },
	{ "b.c.d.e.f.g.h.com", "z.y.c.d.e.f.g.h.com", false },
	{ "c.d.e.f.g.h.com", "z.y.c.d.e.f.g.h.com", false },
};

static void
test_alignment(void)
{
	unsigned int seen[DMARC_NOT_KNOWN + 1] = { 0 };
	enum dmarc_alignment got, want;
	size_t i, round, wrong, doubts;
	struct scene s;
	uint32_t seed = 9989;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		wrong = doubts = 0;
		for (round = 0; round < 150; round++) {
			random_scene(pairs[i].a, pairs[i].b, &seed, &s);
			got = align(pairs[i].a, pairs[i].b, &s);
			want = align_by_trying(pairs[i].a, pairs[i].b, &s);
			seen[got]++;
			if (got != want && got == DMARC_NOT_KNOWN)
				doubts++;
			else if (got != want)
				wrong++;
		}
		is_num((long long)wrong, 0, "never certain without reason");
		if (pairs[i].exact)
			is_num((long long)doubts, 0, "never without need in "
			    "doubt");
	}
	ok(seen[DMARC_NOT_ALIGNED] > 50 && seen[DMARC_ALIGNED_RELAXED] > 50 &&
	    seen[DMARC_NOT_KNOWN] > 50,
	    "each answer was seen: no %u, yes %u, not known %u",
	    seen[DMARC_NOT_ALIGNED], seen[DMARC_ALIGNED_RELAXED],
	    seen[DMARC_NOT_KNOWN]);
}

int
main(void)
{
	test_names();
	test_query();
	test_own();
	test_organization();
	test_end();
	test_alignment();
	return tap_done();
}
