/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/silence_internal.h"

#include <stdlib.h>

#include "tests/tap.h"

#define SECOND	INT64_C(1000000)
#define NOW	(1000 * SECOND)

static struct silence *s;

static void
begin(void)
{
	free(s);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
}

/* "%u" of the pattern counts from 0. */
static void
note_many(const char *pattern, unsigned int count, bool answered)
{
	char name[256];
	unsigned int i;

	for (i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(name, sizeof(name), pattern, i);
#pragma GCC diagnostic pop
		if (answered)
			silence_note_answer(s, slice_str(name));
		else
			silence_note(s, slice_str(name), NOW);
	}
}

static bool
counts(const char *name)
{
	return silence_find(s, slice_str(name), NOW) != NULL;
}

/* What `silent` (count of them) makes of a name. */
static const struct {
	const char	*silent;
	unsigned int	 count;
	const char	*name;
	bool		 want;
} marks[] = {
	{ "x%u.attack.example", 7, "new.attack.example", false },
	{ "x%u.attack.example", 8, "new.attack.example", true },
	{ "x%u.attack.example", 8, "a.b.c.d.e.f.g.attack.example", true },
	{ "x%u.attack.example", 8, "attack.example", false },
	{ "x%u.attack.example", 8, "other.example", false },
	{ "x%u.attack.example", 8, "notattack.example", false },
	{ "x%u.attack.example", 8, "_dmarc.attack.example", false },
	{ "x%u.attack.example", 8, "_dmarc.x.attack.example", true },
	{ "x%u.attack.example", 8, "s._domainkey.attack.example", false },
	{ "x%u.attack.example", 999, "s._domainkey.attack.example", false },
	{ "x%u.attack.example", 8, "_domainkey.attack.example", true },
	{ "x%u.attack.example", 8, "s._domainkey.x.attack.example", true },
	{ "s._domainkey.d%u.attack.example", 8,
	    "s._domainkey.d9.attack.example", true },
	/* Keys of its own were silent. */
	{ "s%u._domainkey.attack.example", 8,
	    "s9._domainkey.attack.example", true },
	{ "s%u._domainkey.attack.example", 8, "www.attack.example", false },
	/* One corner of it: no more than that. */
	{ "x%u.old.large.example", 50, "new.old.large.example", true },
	{ "x%u.old.large.example", 50, "www.large.example", false },
	{ "x%u.old.large.example", 50, "_dmarc.large.example", false },
	{ "x%u.old.large.example", 50, "s._domainkey.large.example", false },
	/* No domain of anyone's. */
	{ "x%u.co.uk", 50, "other.co.uk", false },
	{ "www.x%u.com.br", 50, "www.other.com.br", false },
	{ "x%u.bad.co.uk", 50, "new.bad.co.uk", true },
	{ "x%u.example", 50, "other.example", false },
	{ "x%u", 50, "other", false },
	{ "x%u.longer.de", 50, "new.longer.de", true },
	/* Of addresses: a network, and not all networks of the world. */
	{ "1.0.0.%u.in-addr.arpa", 99, "4.3.2.1.in-addr.arpa", false },
	{ "1.0.%u.10.in-addr.arpa", 99, "4.3.2.10.in-addr.arpa", false },
	{ "x%u.1.1.2.10.in-addr.arpa", 99, "5.4.2.10.in-addr.arpa", false },
	{ "x%u.in-addr.arpa", 99, "1.in-addr.arpa", false },
	{ "%u.3.2.10.in-addr.arpa", 8, "99.3.2.10.in-addr.arpa", true },
	{ "%u.3.2.10.in-addr.arpa", 8, "99.4.2.10.in-addr.arpa", false },
	{ "1.0.0.%u.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 99,
	    "1.0.0.2.a.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	    false },
	{ "0.0.1.0.%u.8.b.d.0.1.0.0.2.ip6.arpa", 99,
	    "0.0.1.0.a.9.b.d.0.1.0.0.2.ip6.arpa", false },
	{ "1.0.%u.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 9,
	    "1.0.a.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", true },
	/* Deeper than is looked at. */
	{ "x%u.f.e.d.c.attack.example", 50, "new.attack.example", false }
};

static void
test_marks(void)
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		begin();
		note_many(marks[i].silent, marks[i].count, false);
		ok(counts(marks[i].name) == marks[i].want, "%u of %s: %s",
		    marks[i].count, marks[i].silent, marks[i].name);
	}
}

static void
test_answers(void)
{
	begin();
	note_many("x%u.attack.example", SILENCE_CHILDREN, false);
	note_many("y%u.attack.example", 1000, true);
	note_many("x%u.attack.example", 7, false);
	ok(!counts("new.attack.example"), "answers outweigh what was before");
	note_many("x%u.attack.example", 1, false);
	ok(counts("new.attack.example"), "silence is back: marked");
	is_num((long long)s->marks, 1, "counted");
	is_str(s->last, "attack.example", "and named");
	note_many("y%u.attack.example", 1, true);
	ok(counts("new.attack.example"), "one answer does not clear it");
	note_many("attack.example", 1000, true);
	note_many("s%u._domainkey.attack.example", 1000, true);
	ok(counts("new.attack.example"), "nor do those of its own names");
	note_many("y%u.attack.example", SILENCE_MARK - 2, true);
	ok(counts("new.attack.example"), "nor does one less than all");
	note_many("y%u.attack.example", 1, true);
	ok(!counts("new.attack.example"), "as many as make up for it do");
	is_num((long long)s->marked, 0, "none is marked");
}

/* A name server that loses three packets of ten is not the domain's fault. */
static void
test_loss(void)
{
	char name[64];
	unsigned int i, marked = 0;

	begin();
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "x%u.large.example", i);
		if (i % 10 < 3)
			silence_note(s, slice_str(name), NOW);
		else
			silence_note_answer(s, slice_str(name));
		marked += counts("new.large.example");
	}
	is_num(marked, 0, "three of ten are lost: never marked");
}

static void
test_places(void)
{
	struct silent_domain *d;
	unsigned int i, taken = 0;

	begin();
	note_many("x%u.attack.example", 8, false);
	d = silence_find(s, SLICE("new.attack.example"), NOW);
	for (i = 0; i < LIMIT_DNS_SILENT_PLACES; i++)
		taken += silence_take(s, d);
	is_num(taken, LIMIT_DNS_SILENT_PLACES, "all places");
	ok(!silence_take(s, d), "one past it is refused");
	is_num((long long)s->refused, 1, "and counted");
	silence_give_back(d);
	ok(silence_take(s, d), "given back, and taken again");
}

static void
test_time(void)
{
	const struct slice name = SLICE("new.attack.example");
	const int64_t end = NOW + LIMIT_DNS_SILENT_S * SECOND;

	begin();
	note_many("x%u.attack.example", 8, false);
	ok(silence_find(s, name, end - 1) != NULL, "remembered");
	ok(silence_find(s, name, end) == NULL, "forgotten");
	is_num((long long)s->marked, 0, "none is marked");
	silence_note(s, SLICE("x.attack.example"), end + SECOND);
	ok(silence_find(s, name, end + SECOND) == NULL,
	    "and it begins anew");
}

/* More names than there is room for: what is marked stays longest, what has
   places always. */
static void
test_room(void)
{
	struct silent_domain *d;

	begin();
	note_many("x%u.attack.example", 8, false);
	d = silence_find(s, SLICE("new.attack.example"), NOW);
	ok(silence_take(s, d), "a place");
	note_many("d%u.example", 8 * LIMIT_DNS_SILENT_DOMAINS, false);
	ok(s->count <= LIMIT_DNS_SILENT_DOMAINS, "%zu names at most",
	    s->count);
	ok(silence_find(s, SLICE("new.attack.example"), NOW) == d,
	    "a marked one is still there");
	silence_give_back(d);
}

int
main(void)
{
	test_marks();
	test_answers();
	test_loss();
	test_places();
	test_time();
	test_room();
	free(s);
	return tap_done();
}
